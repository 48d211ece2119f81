"""What an API server's "no" means for one object of ours. Pure.

Belongs here: reading its sentence. Does not belong here: what is done then (`carry_out`).
"""

import re
from typing import Any

from webhook.graph.path import Path, Segment
from webhook.workloads.render import Rendered

_UNDECLARED = re.compile(r"(?m)^\s*(?:.*?: )?\.(\S.*?): field not declared in schema$")
"""failed to create typed patch object (ns/name; apps/v1, Kind=Deployment): errors:
  .spec.template.spec.containers[name="c"].imag: field not declared in schema"""

_STEP = re.compile(r'\.?([A-Za-z0-9_$-]+)|\[((?:\w+="(?:[^"\\]|\\.)*"|\w+=[^,\]]+|,)+)\]|\[(\d+)\]')
_PAIR = re.compile(r'(\w+)=(?:"((?:[^"\\]|\\.)*)"|([^,\]]+))')
_PLACE = re.compile(r"\b((?:spec|metadata)(?:\.[A-Za-z][\w-]*|\[\d+\])+)")

PASSING = frozenset({408, 409, 429})
"""Answers that say nothing about the object: too slow, somebody else was faster, too busy."""


def passes(status: int, message: str) -> bool:
    """Tell whether the same request may succeed in a moment, whatever the object is."""
    if "failed to create typed patch object" in message:
        return False  # said with status 500
    return status in PASSING or status >= 500


def ends_with_namespace(status: int, message: str) -> bool:
    """Tell whether nothing can be made because the namespace is being deleted."""
    return status == 403 and "because it is being terminated" in message


def undeclared(message: str) -> list[str]:
    """Return the places of fields that the cluster's Kubernetes does not know."""
    return [match[1] for match in _UNDECLARED.finditer(message)]


def without(obj: Any, places: list[str]) -> Any:
    """Return the object without what stands at `places`, as the API server spells them.

    'spec.template.spec.containers[name="c"].imag'; a place that is not found changes nothing.
    """
    for place in places:
        obj = _without(obj, list(_steps(place)))
    return obj


def quote(rendered: Rendered, message: str) -> str:
    """Return the API server's sentence, led by the place in the document that it speaks of.

    spec.predictors[0].replicas: Deployment iris-main-0-m: … spec.replicas: Invalid value: -1: …
    """
    said = f"{rendered.kind} {rendered.name}: {message}"
    found = _PLACE.search(message)
    if found is None:
        return f"{rendered.trace(())}: {said}"
    steps = [step for step in _steps(found[1]) if not isinstance(step, dict)]
    return f"{rendered.trace(Path(steps))}: {said}"


def _steps(place: str) -> list[Segment | dict[str, str]]:
    steps: list[Segment | dict[str, str]] = []
    for name, keys, index in _STEP.findall(place):
        if keys:
            steps.append({key: text or bare for key, text, bare in _PAIR.findall(keys)})
        else:
            steps.append(int(index) if index else name)
    return steps


def _without(here: Any, steps: list[Segment | dict[str, str]]) -> Any:
    step, *below = steps
    if isinstance(step, str):
        if not isinstance(here, dict) or step not in here:
            return here
        if not below:
            return {key: value for key, value in here.items() if key != step}
        return {**here, step: _without(here[step], below)}
    if not isinstance(here, list) or not below:
        return here
    return [
        _without(item, below) if _is_meant(index, item, step) else item
        for index, item in enumerate(here)
    ]


def _is_meant(index: int, item: Any, step: int | dict[str, str]) -> bool:
    if isinstance(step, int):
        return index == step
    return isinstance(item, dict) and all(str(item.get(k, v)) == v for k, v in step.items())
