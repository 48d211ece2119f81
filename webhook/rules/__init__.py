"""What may be wrong with a graph: one file per rule, and the folder is the list.

A rule is a module of this package. Its name is its id (`traffic_not_100` is traffic-not-100) and
reads after "allow …". It has

* a docstring: a title, then the sections Why, Fix, Bad and Good (see `webhook.rules.page`);
* ACTION, what is done by default: "deny", "warn" or "audit"; SINCE, the first version with it;
* `check(deployment)`: a generator of findings. It may also ask, by name, for `facts`, and for
  `old`, the view of the object before an update (the rule then runs on updates only). Its
  keyword-only parameters, each with a default, are the rule's settings;
* NEEDS, where it is about something that most deployments do not have: a frozenset of signs
  (`webhook.graph.signs`), which are names of fields, mostly. The rule is run only where one of
  them is there, so it must find nothing where none is; tests/rules/test_needs.py holds that.
  Name what the rule cannot do without, and leave it out where every deployment has that;
* GIVES_WAY = True if a finding of another rule at the same place makes it superfluous.

A rule says what is wrong and where. Who it is, how severe it is and what the general remedy is,
is stamped on its findings by `decisions`.
"""

import inspect
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any, Literal, cast

from webhook.graph.finding import Finding

Action = Literal["deny", "warn", "audit", "ignore"]
Check = Callable[..., Iterator[Finding]]

_NO_RULES = frozenset({"page"})
_OFFERED = ("facts", "old")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule as the engine and the documentation see it.

    check          the generator of findings
    wants          what `check` takes beside the deployment: "facts", "old"
    needs          the signs of which one must be there for it to run; empty: it always runs
    parameters     its settings with their defaults
    docstring      the prose, see `webhook.rules.page`
    """

    id: str
    action: Action
    since: str
    gives_way: bool
    check: Check
    wants: tuple[str, ...]
    needs: frozenset[str]
    parameters: Mapping[str, Any]
    docstring: str


@cache
def all_rules() -> tuple[Rule, ...]:
    """Return every rule, by id in alphabetical order."""
    names = sorted(
        module.name
        for module in pkgutil.iter_modules(__path__)
        if module.name not in _NO_RULES and not module.name.startswith("_")
    )
    return tuple(_load(name) for name in names)


def _load(name: str) -> Rule:
    module = import_module(f"{__name__}.{name}")
    signature = inspect.signature(module.check).parameters.values()
    return Rule(
        id=name.replace("_", "-"),
        action=cast("Action", module.ACTION),
        since=module.SINCE,
        gives_way=getattr(module, "GIVES_WAY", False),
        check=module.check,
        wants=tuple(p.name for p in signature if p.name in _OFFERED),
        needs=getattr(module, "NEEDS", frozenset()),
        parameters={p.name: p.default for p in signature if p.kind is p.KEYWORD_ONLY},
        docstring=module.__doc__ or "",
    )
