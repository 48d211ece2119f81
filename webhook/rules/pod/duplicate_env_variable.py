"""Duplicate environment variable

Why: a container gets the last of several variables of one name. The others are lost, unless the
value of a later one refers to them, like $(PATH). Whoever updates the container with a server-side
apply may lose another one.

Fix: Keep only one, or rename one of them.

Bad:
    env:
    - name: LOG_LEVEL
      value: info
    - name: LOG_LEVEL
      value: debug

Good:
    env:
    - name: LOG_LEVEL
      value: debug
"""

from collections.abc import Iterator, Mapping, Sequence
from operator import methodcaller
from typing import Any

from webhook.graph.finding import Finding
from webhook.graph.model import Container, get_list, get_str
from webhook.rules._format import quote_value

ACTION = "warn"
SINCE = "0.1.0"
FIELDS = frozenset({"env"})
LOCAL = True

_get_name = methodcaller("get", "name")


def check(container: Container) -> Iterator[Finding]:
    """Yield each variable that hides one of its name (source: warningsForPodSpecAndMeta)."""
    env = get_list(container.raw, "env")
    if _are_names_unique(env):
        return
    before: dict[str, int] = {}
    for index, variable in enumerate(env):
        name = variable.get("name") if type(variable) is dict else None
        if not name or type(name) is not str:
            continue
        if name in before and (lost := _explain_loss(name, env[before[name]], variable)):
            shown = f"{quote_value(name)} (also at index {before[name]})"
            message = f"duplicate environment variable {shown}: {lost}"
            yield Finding(container.path / "env" / index / "name", message, "keep only one")
        before[name] = index


def _explain_loss(name: str, earlier: Mapping[str, Any], later: Mapping[str, Any]) -> str:
    """Return what becomes of the earlier one; "" if the later one extends it."""
    value, reference = get_str(later, "value"), f"$({name})"
    if later.get("valueFrom") or value == reference or reference not in value:
        return "the last one wins"
    return "a server-side apply keeps only the last" if earlier.get("valueFrom") else ""


def _are_names_unique(env: Sequence[Any]) -> bool:
    """Return whether surely no name is there twice; asked in C: there are many."""
    try:
        return len(set(map(_get_name, env))) == len(env)
    except (AttributeError, TypeError):  # not a mapping, or a name that is not a string
        return False
