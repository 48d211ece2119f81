"""webhook/rules/index.json: what the engine knows of each rule before it imports it."""

import inspect
import json
import pkgutil
from importlib import import_module
from typing import Any

from tools.generators import notice
from webhook import rules

SOURCE = "webhook/rules/"
_NO_RULES = frozenset({"page"})
_OFFERED = ("facts", "old")


def files() -> dict[str, str]:
    """Return the index by its path; one line for each rule, by id in alphabetical order."""
    lines = [f'"$comment": {json.dumps(notice(SOURCE))}']
    lines += [f"{json.dumps(name)}: {json.dumps(told)}" for name, told in sorted(_told().items())]
    return {f"webhook/rules/{rules.INDEX}": "{" + ",\n".join(lines) + "}\n"}


def _told() -> dict[str, dict[str, Any]]:
    found = (module.name for module in pkgutil.iter_modules(rules.__path__))
    return {
        name.replace("_", "-"): _of(name)
        for name in found
        if name not in _NO_RULES and not name.startswith("_")
    }


def _of(name: str) -> dict[str, Any]:
    module = import_module(f"{rules.__name__}.{name}")
    signature = inspect.signature(module.check).parameters
    told = {
        "action": module.ACTION,
        "givesWay": getattr(module, "GIVES_WAY", False),
        "wants": [each for each in signature if each in _OFFERED],
        "needs": sorted(getattr(module, "NEEDS", ())),
        "parameters": {
            each.name: each.default
            for each in signature.values()
            if each.kind is inspect.Parameter.KEYWORD_ONLY and each.name not in _OFFERED
        },
    }
    return {key: value for key, value in told.items() if value}
