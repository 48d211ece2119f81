"""Tests of policies as they are written: from a PolicyTest object to its cases.

    apiVersion: graphgate.io/v1alpha1
    kind: PolicyTest
    namespaces:
      prod: {labels: {stage: production}}
    object: {apiVersion: machinelearning.seldon.io/v1, kind: SeldonDeployment, …}
    cases:
    - name: an image without a digest is refused
      set: {"spec.predictors[0].componentSpecs[0].spec.containers[0].image": "r.io/model:1"}
      expect:
      - rule: images-pinned-by-digest/0
        path: spec.predictors[0].componentSpecs[0].spec.containers[0].image

Here: reading. Not here: running (`trials`), reports (`trial_report`).
"""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from webhook.graph.facts import Facts, Namespace
from webhook.graph.path import ROOT, Path
from webhook.graph.words import nearest_word
from webhook.policy.places import read_place
from webhook.policy.policy import Problem
from webhook.policy.request import Request, request_of
from webhook.policy.sources import Source

API_VERSION = "graphgate.io/v1alpha1"
KIND = "PolicyTest"

_OPERATIONS = ("CREATE", "UPDATE", "DELETE")
_ACTIONS = ("deny", "warn", "audit")
_FILE = ("apiVersion", "kind", "metadata", "namespaces", "object", "now", "cases")
_CASE = (
    "name",
    "operation",
    "namespace",
    "user",
    "groups",
    "object",
    "set",
    "remove",
    "oldObject",
    "setOld",
    "removeOld",
    "expect",
    "failures",
    "mutated",
    "removed",
)
_EXPECTED = ("rule", "action", "path", "fact")


class Unreadable(Exception):  # noqa: N818 — named by the fault, as all of ours
    """A test file that cannot be used, with the place of what is wrong."""

    def __init__(self, path: Path, fact: str) -> None:
        super().__init__(fact)
        self.path = path
        self.fact = fact


@dataclass(frozen=True, slots=True)
class Expected:
    """One finding that a case expects; None: whatever it is.

    rule   "policy/NAME/N"
    """

    rule: str
    action: str = "deny"
    path: str | None = None
    fact: str | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One case.

    expect    the findings, all of them, in any order
    failures  the rules that fail, all of them
    mutated   the object after the mutating policies; None: not looked at
    """

    name: str
    line: int
    request: Request
    facts: Facts
    expect: tuple[Expected, ...] = ()
    failures: tuple[str, ...] = ()
    mutated: Any = None


@dataclass(frozen=True, slots=True)
class Suite:
    """The cases of one file. `now`: the time for exceptions, "" where none is needed."""

    file: str
    cases: tuple[Case, ...]
    now: str = ""


def is_suite(source: Source) -> bool:
    """Tell whether an object is a PolicyTest."""
    value = source.value
    return isinstance(value, dict) and value.get("kind") == KIND


def read_suite(source: Source) -> Suite | Problem:
    """Return the cases of a PolicyTest, or what keeps it from being read."""
    try:
        return _suite(source)
    except Unreadable as error:
        return Problem(source.file, *source.position(error.path), KIND, error.fact)


def _suite(source: Source) -> Suite:
    raw = source.value
    _known(raw, _FILE, ROOT)
    if raw.get("apiVersion") != API_VERSION:
        raise Unreadable(ROOT / "apiVersion", f"apiVersion is not {API_VERSION}")
    facts = Facts(namespaces=dict(_namespaces(raw.get("namespaces"))))
    cases = raw.get("cases")
    if not isinstance(cases, list) or not cases:
        raise Unreadable(ROOT / "cases", "cases is no list, or an empty one")
    made = []
    for index, case in enumerate(cases):
        here = ROOT / "cases" / index
        if not isinstance(case, dict):
            raise Unreadable(here, "a case is a mapping with a name")
        _known(case, _CASE, here)
        line, _ = source.position(here)
        made.append(_case(case, here, line, raw.get("object"), facts))
    now = raw.get("now")
    return Suite(source.file, tuple(made), now if isinstance(now, str) else "")


def _namespaces(raw: Any) -> Iterator[tuple[str, Namespace]]:
    if raw is None:
        return
    if not isinstance(raw, dict):
        raise Unreadable(ROOT / "namespaces", "namespaces is no mapping")
    for name, written in raw.items():
        known = written or {}
        if not isinstance(known, dict):
            raise Unreadable(ROOT / "namespaces" / name, f"the namespace {name} is no mapping")
        _known(known, ("labels", "annotations"), ROOT / "namespaces" / name)
        yield name, Namespace(known.get("labels") or {}, known.get("annotations") or {})


def _case(raw: dict[str, Any], here: Path, line: int, shared: Any, facts: Facts) -> Case:
    name = raw.get("name")
    if not isinstance(name, str) or not name:
        raise Unreadable(here / "name", "a case has a name")
    operation = raw.get("operation", "CREATE")
    if operation not in _OPERATIONS:
        raise Unreadable(here / "operation", f"operation is not {' or '.join(_OPERATIONS)}")
    base = raw.get("object", shared)
    if not isinstance(base, dict):
        raise Unreadable(here, "neither the case nor the file has an object")
    new = changed(base, raw.get("set"), raw.get("remove"), here, ("set", "remove"))
    old = raw.get("oldObject", base)
    if operation == "CREATE":
        old = None
    else:
        old = changed(old, raw.get("setOld"), raw.get("removeOld"), here, ("setOld", "removeOld"))
    request = request_of(
        new,
        operation,
        old,
        namespace=raw.get("namespace"),
        user=str(raw.get("user") or ""),
        groups=tuple(raw.get("groups") or ()),
    )
    mutated = None
    if "mutated" in raw or "removed" in raw:
        mutated = changed(new, raw.get("mutated"), raw.get("removed"), here, ("mutated", "removed"))
    expected = raw.get("expect") or []
    if not isinstance(expected, list):
        raise Unreadable(here / "expect", "expect is no list of findings")
    return Case(
        name,
        line,
        request,
        facts,
        tuple(_expected(item, here / "expect" / n) for n, item in enumerate(expected)),
        tuple(_rule(word) for word in raw.get("failures") or ()),
        mutated,
    )


def _expected(raw: Any, here: Path) -> Expected:
    if not isinstance(raw, dict) or not isinstance(raw.get("rule"), str):
        raise Unreadable(here, "an expected finding has a rule: NAME/0")
    _known(raw, _EXPECTED, here)
    action = raw.get("action", "deny")
    if action not in _ACTIONS:
        raise Unreadable(here / "action", f"action is not {' or '.join(_ACTIONS)}")
    return Expected(_rule(raw["rule"]), action, raw.get("path"), raw.get("fact"))


def _rule(word: Any) -> str:
    return word if str(word).startswith("policy/") else f"policy/{word}"


def changed(
    base: Any, sets: Any, removes: Any, here: Path, names: tuple[str, str] = ("set", "remove")
) -> Any:
    """Return a copy of `base` with values set and removed, by paths.

    A path may go through mappings that are not there yet, and one element past a list's end.
    """
    if not sets and not removes:
        return base
    value = copy.deepcopy(base)
    for text, wanted in (sets or {}).items():
        _set(value, _place(text, value, here / names[0]), copy.deepcopy(wanted))
    for text in removes or ():
        _remove(value, _place(text, value, here / names[1]))
    return value


def _place(text: Any, value: Any, here: Path) -> Path:
    place = read_place(text, value) if isinstance(text, str) else None
    if not place:
        raise Unreadable(here, f"{text} is no path such as spec.predictors[0].name")
    return place


def _set(value: Any, place: Path, wanted: Any) -> None:
    here = value
    for segment, following in pairwise(place):
        if isinstance(here, dict):
            below = here.setdefault(segment, [] if isinstance(following, int) else {})
        elif isinstance(here, list) and isinstance(segment, int):
            if segment == len(here):
                here.append([] if isinstance(following, int) else {})
            if segment > len(here) - 1:
                raise Unreadable(ROOT, f"{place} is past the end of a list")
            below = here[segment]
        else:
            raise Unreadable(ROOT, f"{place} goes through something that is no mapping or list")
        here = below
    last: Any = place[-1]
    if isinstance(here, list) and isinstance(last, int) and last == len(here):
        here.append(wanted)
    elif isinstance(here, (dict, list)) and (isinstance(here, dict) or isinstance(last, int)):
        here[last] = wanted
    else:
        raise Unreadable(ROOT, f"{place} ends in something that is no mapping or list")


def _remove(value: Any, place: Path) -> None:
    here = value
    try:
        for segment in place[:-1]:
            here = here[segment]
        del here[place[-1]]
    except (KeyError, IndexError, TypeError):
        raise Unreadable(ROOT, f"{place} is not there to be removed") from None


def _known(raw: Mapping[str, Any], known: tuple[str, ...], here: Path) -> None:
    for key in raw:
        if key not in known:
            near = nearest_word(str(key), known)
            hint = f'did you mean "{near}"?' if near else f"known are {', '.join(known)}"
            raise Unreadable(here / str(key), f'unknown field "{key}"; {hint}')
