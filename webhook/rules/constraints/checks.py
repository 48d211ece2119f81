"""What rows are made of: the checks of a value, and the rows themselves.

A check is called with the value at the row's path, which is never null, and with its location. It
returns the findings; what is of a wrong type it ignores, since the schema says so (wrong-type).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from webhook.graph.finding import Finding, Operation
from webhook.graph.model import ComponentSpec, Predictor
from webhook.graph.path import ROOT, Path, Segment
from webhook.graph.text import join_words
from webhook.rules._format import quote_value
from webhook.rules._suggest import unknown_value_finding
from webhook.rules.constraints.formats import Format

SUBJECTS = (
    *("deployment", "predictor", "explainer", "node", "component"),
    *("pod", "container", "init container", "probe", "hook", "metric"),
)
"""What a path starts at: spec of the object, a predictor, its explainer, a node of its graph, a
componentSpec, its pod's spec, a container of any pod, an init container that does not stay (it is
a container, too), a probe or lifecycle hook of a container that stays (a field of it).
"metric" is a metric of an autoscaler as it is rendered (autoscaling/v2)."""


class PodSubject(NamedTuple):
    """The pod of a componentSpec, and the predictor that it belongs to."""

    component: ComponentSpec
    predictor: Predictor


class Metric(NamedTuple):
    """A metric of an autoscaler: the component it is of, and the way back into the document.

    number  its place among those that are rendered
    trace   returns where a place in the list of rendered metrics comes from
    """

    component: ComponentSpec
    predictor: Predictor
    number: int
    trace: Callable[[Iterable[Segment]], Path]


Steps = tuple["Steps", Any, Segment] | None
"""How the walk came to a value: the steps to what holds it, that, and the field or index in it.
None where the path starts."""


class Location:
    """A position on the walk. Created on demand; most values need none."""

    __slots__ = ("_note_look", "_origin", "_steps")

    def __init__(
        self, steps: Steps, origin: tuple[str, Any, Any], note_look: Callable[[], None]
    ) -> None:
        """Initialise with the position, and a callback for checks that read its surroundings.

        origin  the subject, the object, and its predictor
        """
        self._steps = steps
        self._origin = origin
        self._note_look = note_look

    @property
    def subject(self) -> Any:
        """What the row's path starts at: a PodSubject, or the view of a container, a node, …."""
        self._note_look()
        subject, thing, predictor = self._origin
        return PodSubject(thing, predictor) if subject in ("component", "pod") else thing

    @property
    def segment(self) -> Segment:
        """The field or index of the value; "" where the path starts."""
        return "" if self._steps is None else self._steps[2]

    @property
    def holder_segment(self) -> Segment:
        """The field or index of what holds the value; "" where its holder is not below the path."""
        steps = self._steps and self._steps[0]
        return "" if steps is None else steps[2]

    @property
    def holder(self) -> Any:
        """The value one step up; an empty mapping where the path starts."""
        if self._steps is None:
            return {}
        if self._steps[0] is None:
            self._note_look()
        return self._steps[1]

    def beside(self, *below: Segment) -> Path:
        """Return the place of something beside this one: below what holds it."""
        return self._place(self._steps and self._steps[0], below)

    def at(self, *below: Segment) -> Path:
        """Return the place in the document, or one below it."""
        return self._place(self._steps, below)

    def _place(self, steps: Steps, below: tuple[Segment, ...]) -> Path:
        segments = list(reversed(below))
        while steps is not None:
            segments.append(steps[2])
            steps = steps[0]
        segments.reverse()
        subject, thing, _ = self._origin
        if isinstance(thing, Metric):
            return thing.trace((thing.number, *segments))
        path: Path = ROOT if subject == "deployment" else thing.path
        return path.join((*_PREFIXES.get(subject, ()), *segments))


_PREFIXES: Mapping[str, tuple[str, ...]] = {
    "deployment": ("spec",), "explainer": ("explainer",), "pod": ("spec",)
}  # fmt: skip
"""The path from an object to the mapping of a subject."""


Check = Callable[[Any, Location], Iterable[Finding]]


@dataclass(frozen=True, slots=True)
class ValueCheck:
    """A check that a value passes or fails wherever it is.

    accepts  whether there is nothing to report; checked first, since nearly all values pass
    report   the check of a value that is not accepted
    words    all texts that are accepted, for editors; empty: there is no such list
    """

    accepts: Callable[[Any], bool]
    report: Check
    words: tuple[str, ...] = ()

    def __call__(self, value: Any, location: Location) -> Iterable[Finding]:
        """Return what is wrong with the value."""
        return () if self.accepts(value) else self.report(value, location)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: the checks that hold at a path.

    path  fields with dots between them; "[]" means each item of a list
    """

    subject: str
    path: str
    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class ConstraintRule:
    """The rows of one rule, with its page (in the form of `webhook.rules.docs`)."""

    id: str
    page: str
    rows: tuple[Row, ...]
    action: Literal["deny", "warn"] = "deny"
    since: str = "0.1.0"


def row(subject: str, path: str, *checks: Check) -> Row:
    """Return a row."""
    return Row(subject, path, checks)


def rows(subject: str, paths: Iterable[str], *checks: Check) -> tuple[Row, ...]:
    """Return a row for each of several paths at which the same holds."""
    return tuple(Row(subject, path, checks) for path in paths)


def components_below(subject: Any, holder: str) -> Sequence[ComponentSpec]:
    """Return the components whose pods have the annotations of a subject.

    holder  what the subject is: "deployment", "predictor", "component"
    """
    return (subject.component,) if holder == "component" else subject.components


# ── one value ──────────────────────────────────────────────────────────────────────────────────


def matches(
    form: Format, what: str = "", *, optional: bool = False, remediation: str = ""
) -> Check:
    """Check the format of a text. optional: an empty text is absent."""
    noun = what or form.name

    def accepts(value: Any) -> bool:
        return type(value) is not str or (optional and not value) or form.accepts(value)

    def report(value: Any, location: Location) -> Iterable[Finding]:
        shown = f" {quote_value(value)}" if value else ""
        message = f"invalid {noun}{shown}: {form.explain(value)}"
        return (Finding(location.at(), message, remediation or form.advise(value)),)

    return ValueCheck(accepts, report)


def one_of(*words: str, what: str, empty: bool = False) -> Check:
    """Check that a text is one of some words. empty: an empty text is absent."""

    def accepts(value: Any) -> bool:
        return type(value) is not str or value in words or (empty and not value)

    def report(value: Any, location: Location) -> Iterable[Finding]:
        return (unknown_value_finding(location.at(), what, value, words),)

    return ValueCheck(accepts, report, (*words, "") if empty else words)


def in_range(
    minimum: int | None, maximum: int | None = None, unit: str = "", *, remediation: str = ""
) -> Check:
    """Check that an integer lies between two others, both included."""
    if maximum is None:
        expected = f"at least {minimum}{unit}"
    else:
        expected = f"between {minimum} and {maximum}{unit}"

    def accepts(value: Any) -> bool:
        return type(value) is not int or (
            (minimum is None or value >= minimum) and (maximum is None or value <= maximum)
        )

    def report(value: Any, location: Location) -> Iterable[Finding]:
        message = f"{location.segment} must be {expected}{_got(value, unit)}"
        return (Finding(location.at(), message, remediation),)

    return ValueCheck(accepts, report)


def _got(value: int, unit: str) -> str:
    return f", got {value}{unit}"


def at_most(count: int, what: str) -> Check:
    """Check the length of a list."""

    def check(value: Any, location: Location) -> Iterable[Finding]:
        if type(value) is not list or len(value) <= count:
            return ()
        message = f"{count} {what} at most, has {len(value)}"
        return (Finding(location.at(), message, "remove some"),)

    return check


def max_bytes(count: int) -> Check:
    """Check the length of a text in bytes."""

    def check(value: Any, location: Location) -> Iterable[Finding]:
        if type(value) is not str:
            return ()
        size = len(value.encode(errors="surrogatepass"))
        if size <= count:
            return ()
        return (Finding(location.at(), f"{count} bytes at most, has {size}", "shorten it"),)

    return check


def forbidden(message: str, remediation: str) -> Check:
    """Report whatever is here; the fix removes it."""

    def check(_: Any, location: Location) -> Iterable[Finding]:
        remove: Operation = {"op": "remove", "path": location.at().pointer}
        return (Finding(location.at(), message, remediation, (remove,)),)

    return check


# ── several fields of a mapping ────────────────────────────────────────────────────────────────


_EMPTY: tuple[Any, ...] = ("", [])


def is_set(value: Any) -> bool:
    """Return whether a field is there for Kubernetes: not null, and not an empty text or list."""
    return value is not None and value is not False and value not in _EMPTY


def not_empty(*fields: str) -> Check:
    """Check that fields which the schema requires do not hold an empty text or list."""

    def check(value: Any, location: Location) -> Iterable[Finding]:
        if type(value) is not dict:
            return ()
        return [
            Finding(location.at(field), f"{field} is empty", f"set {field}")
            for field in fields
            if value.get(field) in _EMPTY
        ]

    return check


def required(*fields: str, why: str = "") -> Check:
    """Check that fields are there and not empty, which the schema does not require."""
    reason = f" {why}" if why else ""

    def check(value: Any, location: Location) -> Iterable[Finding]:
        if type(value) is not dict:
            return ()
        return [
            Finding(location.at(field), f"{field} is required{reason}", f"add {field}")
            for field in fields
            if value.get(field) in (None, "", [])
        ]

    return check


def exactly_one(*fields: str) -> Check:
    """Check that one of some fields is set."""

    def check(value: Any, location: Location) -> Iterable[Finding]:
        if type(value) is not dict or not _known(value, fields):
            return ()
        present = [field for field in fields if is_set(value.get(field))]
        if len(present) == 1:
            return ()
        if present:
            return (_excluding(location, present),)
        return (Finding(location.at(), f"one of {join_words(fields)} is required"),)

    return check


def _known(value: Mapping[str, Any], fields: tuple[str, ...]) -> bool:
    """Return whether nothing of a wrong type is in fields: of that wrong-type speaks."""
    return not any(type(value.get(field)) in (int, float) for field in fields)


def at_most_one(*fields: str) -> Check:
    """Check that no two of some fields are set."""

    def check(value: Any, location: Location) -> Iterable[Finding]:
        if type(value) is not dict:
            return ()
        present = [field for field in fields if is_set(value.get(field))]
        return (_excluding(location, present),) if len(present) > 1 else ()

    return check


def _excluding(location: Location, present: list[str]) -> Finding:
    return Finding(
        location.at(present[1]),
        f"{join_words(present)} exclude each other",
        f"keep only one of {join_words(present)}",
    )


def needs(field: str, *others: str) -> Check:
    """Check that where `field` is set, `others` are, too."""

    def check(value: Any, location: Location) -> Iterable[Finding]:
        if type(value) is not dict or not is_set(value.get(field)):
            return ()
        return [
            Finding(location.at(other), f"{other} is required with {field}", f"add {other}")
            for other in others
            if value.get(other) in (None, "")
        ]

    return check


# ── the items of a list ────────────────────────────────────────────────────────────────────────


def unique(*fields: str, what: str) -> Check:
    """Check that no two items of a list agree in all of `fields`; without any, that none recur."""

    def check(value: Any, location: Location) -> Iterable[Finding]:
        if type(value) is not list or len(value) < 2:
            return ()
        seen: dict[Any, int] = {}
        findings = []
        for index, item in enumerate(value):
            key = _item_key(item, fields)
            if key is None:
                continue
            first = seen.setdefault(key, index)
            if first != index:
                below = (fields[0],) if len(fields) == 1 else ()
                named = quote_value(" and ".join(map(str, key)))
                findings.append(
                    Finding(
                        location.at(index, *below),
                        f"duplicate {what} {named} (first at index {first})",
                        "keep only one",
                    )
                )
        return findings

    return check


def _item_key(item: Any, fields: tuple[str, ...]) -> tuple[Any, ...] | None:
    if not fields:
        return (item,) if type(item) in (str, int) else None
    if type(item) is not dict:
        return None
    key = tuple(item.get(field) for field in fields)
    # What is empty is reported as such.
    return key if all(type(part) is int or (type(part) is str and part) for part in key) else None


def each_key(form: Format, what: str = "") -> Check:
    """Check the keys of a mapping."""
    noun = what or form.name

    def check(value: Any, location: Location) -> Iterable[Finding]:
        if type(value) is not dict:
            return ()
        return [
            _invalid(location.at(key), noun, form, key) for key in value if not form.accepts(key)
        ]

    return check


def each_value(form: Format, what: str = "") -> Check:
    """Check the texts that are the values of a mapping, or the items of a list."""
    noun = what or form.name

    def check(value: Any, location: Location) -> Iterable[Finding]:
        if type(value) is dict:
            pairs: Iterable[tuple[Segment, Any]] = value.items()
        else:
            pairs = enumerate(value) if type(value) is list else ()
        return [
            _invalid(location.at(key), noun, form, text)
            for key, text in pairs
            if type(text) is str and not form.accepts(text)
        ]

    return check


def _invalid(path: Path, noun: str, form: Format, text: str) -> Finding:
    message = f"invalid {noun} {quote_value(text)}: {form.explain(text)}"
    return Finding(path, message, form.advise(text))
