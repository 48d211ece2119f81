"""webhook/rules/index.json: what the engine knows of each rule before it imports it."""

import inspect
import json
import pkgutil
from importlib import import_module
from typing import Any, get_args

from tools.generators import notice
from webhook import rules
from webhook.rules import Subject, to_setting_name
from webhook.rules.constraints.walk import load_rules

SOURCE = "webhook/rules/"
_INPUTS = ("deployment", "predictor", "component", "facts", "routing", "old")


def files() -> dict[str, str]:
    """Return the index by its path; one line for each rule, by id in alphabetical order."""
    lines = [f'"$comment": {json.dumps(notice(SOURCE))}']
    lines += [
        f"{json.dumps(name)}: {json.dumps(entry)}"
        for name, entry in sorted(_rule_entries().items())
    ]
    return {f"webhook/rules/{rules.INDEX_FILENAME}": "{" + ",\n".join(lines) + "}\n"}


def _rule_entries() -> dict[str, dict[str, Any]]:
    found = (
        (group.name, module.name)
        for group in pkgutil.iter_modules(rules.__path__)
        if group.ispkg and group.name != "constraints"
        for module in pkgutil.iter_modules([f"{rules.__path__[0]}/{group.name}"])
    )
    modules = {
        name.replace("_", "-"): _rule_entry(group, name)
        for group, name in found
        if not name.startswith("_")
    }
    table = {
        rule.id: {
            "group": "constraints",
            "action": rule.action,
            "subject": "deployment",
            "in_table": True,
        }
        for rule in load_rules().values()
    }
    if twice := modules.keys() & table.keys():
        raise ValueError(f"a file and rows of the table: {', '.join(sorted(twice))}")
    return modules | table


def _rule_entry(group: str, name: str) -> dict[str, Any]:
    module = import_module(f"{rules.__name__}.{group}.{name}")
    signature = inspect.signature(module.check).parameters
    subject, *others = signature
    if subject not in get_args(Subject):
        raise ValueError(f"{module.__name__}: a rule cannot look at {subject}")
    if late := [p for p in _INPUTS if p in signature and _is_keyword_only(signature[p])]:
        raise ValueError(f"{module.__name__}: {', '.join(late)} must be positional")
    entry = {
        "group": group,
        "action": module.ACTION,
        "subject": subject,
        "fields": sorted(getattr(module, "FIELDS", ())),
        "local": getattr(module, "LOCAL", False),
        "words": sorted(getattr(module, "WORDS", ())),
        "bound": getattr(module, "BOUND", False),
        "supersedable": getattr(module, "SUPERSEDABLE", False),
        "inputs": [each for each in others if each in _INPUTS],
        "parameters": {
            to_setting_name(each.name): each.default
            for each in signature.values()
            if _is_keyword_only(each)
        },
    }
    return {key: value for key, value in entry.items() if value}


def _is_keyword_only(parameter: inspect.Parameter) -> bool:
    return parameter.kind is inspect.Parameter.KEYWORD_ONLY
