"""Semantic versions (Kubernetes 1.33).

Source: k8s.io/apiserver pkg/cel/library/semverlib.go; semver.org 2.0.0, chapter 11 for the order.
"""

import re
from dataclasses import dataclass, field
from typing import Any, ClassVar

from webhook.cel.signatures import Library
from webhook.cel.values import MAX_INT64, MAX_UINT64, EvaluationError, no_overload

_NUMBER = r"(0|[1-9]\d*)"
_VERSION = re.compile(
    rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-([0-9A-Za-z.-]+))?(?:\+([0-9A-Za-z.-]+))?", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Semver:
    """A version. Build metadata (behind "+") is kept and has no part in the order."""

    CEL_NAME: ClassVar[str] = "kubernetes.Semver"
    STRICT_EQUALITY: ClassVar[bool] = True
    UNHASHABLE: ClassVar[bool] = True
    numbers: tuple[int, int, int]
    prerelease: tuple[str, ...] = ()
    build: str = field(default="", compare=False)

    @property
    def sort_key(self) -> tuple[Any, ...]:
        """What versions are compared by: a prerelease comes before its release."""
        return self.numbers, not self.prerelease, tuple(map(_prerelease_sort_key, self.prerelease))


def _prerelease_sort_key(word: str) -> tuple[int, int, str]:
    return (0, int(word), "") if word.isdigit() else (1, 0, word)


def parse_semver(text: Any, normalize: Any = False) -> Semver:  # noqa: FBT002 — CEL's own argument
    """Return the Semver of a text; normalize: v1, 1.2 and 01.2.3 are taken too."""
    if type(text) is not str or type(normalize) is not bool:
        raise no_overload("semver", text, normalize)
    match = _VERSION.fullmatch(_normalize(text) if normalize else text)
    if match is None or len(text) > 256:
        raise EvaluationError(f'"{text[:60]}" is not a semantic version')
    prerelease = tuple(match[4].split(".")) if match[4] else ()
    builds = match[5].split(".") if match[5] else []
    numeric_with_zero = any(
        word.isdigit() and len(word) > 1 and word[0] == "0" for word in prerelease
    )
    if "" in prerelease or "" in builds or numeric_with_zero:
        raise EvaluationError(f'"{text[:60]}" is not a semantic version')
    numbers = int(match[1]), int(match[2]), int(match[3])
    numeric = [int(word) for word in prerelease if word.isdigit()]
    if max(*numbers, *numeric) > MAX_UINT64:
        raise EvaluationError(f'"{text[:60]}" has a number larger than 64 bits')
    return Semver(numbers, prerelease, match[5] or "")


def _normalize(text: str) -> str:
    parts = text.removeprefix("v").split(".", 2)
    for number, part in enumerate(parts):
        if len(part) > 1:
            rest = part.lstrip("0")
            parts[number] = rest if rest[:1].isascii() and rest[:1].isdigit() else "0" + rest
    if len(parts) < 3 and ("+" in parts[-1] or "-" in parts[-1]):
        raise EvaluationError("short version cannot contain PreRelease/Build meta data")
    return ".".join([*parts, "0", "0"][: max(3, len(parts))])


def is_semver(text: Any, normalize: Any = False) -> bool:  # noqa: FBT002 — as above
    """Return whether a text is a semantic version."""
    if type(text) is not str or type(normalize) is not bool:
        raise no_overload("isSemver", text, normalize)
    try:
        parse_semver(text, normalize)
    except EvaluationError:
        return False
    return True


def compare(name: str, left: Any, right: Any) -> int:
    """Return -1, 0 or 1."""
    if type(left) is not Semver or type(right) is not Semver:
        raise no_overload(name, left, right)
    return (left.sort_key > right.sort_key) - (left.sort_key < right.sort_key)


def _number_getter(name: str, index: int) -> Any:
    def number(value: Any) -> int:
        if type(value) is not Semver:
            raise no_overload(name, value)
        number = value.numbers[index]
        return number if number <= MAX_INT64 else number - 2**64  # as an int of Go holds it

    return number


_S = "kubernetes.Semver"

SEMVER = Library(
    "semver",
    33,
    {
        "semver": (f"semver(string) -> {_S}", f"semver(string, bool) -> {_S}"),
        "isSemver": ("isSemver(string) -> bool", "isSemver(string, bool) -> bool"),
        "isGreaterThan": (f"{_S}.isGreaterThan({_S}) -> bool",),
        "isLessThan": (f"{_S}.isLessThan({_S}) -> bool",),
        "compareTo": (f"{_S}.compareTo({_S}) -> int",),
        "major": (f"{_S}.major() -> int",),
        "minor": (f"{_S}.minor() -> int",),
        "patch": (f"{_S}.patch() -> int",),
    },
    {
        "semver": parse_semver,
        "isSemver": is_semver,
        "isGreaterThan": lambda left, right: compare("isGreaterThan", left, right) > 0,
        "isLessThan": lambda left, right: compare("isLessThan", left, right) < 0,
        "compareTo": lambda left, right: compare("compareTo", left, right),
        "major": _number_getter("major", 0),
        "minor": _number_getter("minor", 1),
        "patch": _number_getter("patch", 2),
    },
    receiver_type=Semver,
)
