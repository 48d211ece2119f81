"""Named formats: format.dns1123Label().validate(text) (Kubernetes 1.31).

Source: k8s.io/apiserver pkg/cel/library/format.go; k8s.io/apimachinery pkg/util/validation;
go-openapi/strfmt for uuid, byte, date and datetime. The texts of the answers are ours.
"""

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from webhook.policy.cel.libraries import url
from webhook.policy.cel.signatures import Library
from webhook.policy.cel.times import read_timestamp
from webhook.policy.cel.values import NONE, EvaluationError, Optional, no_overload

_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_DNS1123_LABEL = re.compile(_LABEL)
_DNS1123_SUBDOMAIN = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_DNS1035_LABEL = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_QUALIFIED = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_UUID = re.compile(r"(?i)[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}")
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


@dataclass(frozen=True, slots=True)
class Format:
    """A format by its name."""

    CEL_NAME: ClassVar[str] = "kubernetes.NamedFormat"
    name: str


def _pattern(pattern: re.Pattern[str], most: int, rule: str) -> Callable[[str], list[str]]:
    def faults(text: str) -> list[str]:
        found = [f"must be no more than {most} characters"] if len(text) > most else []
        return found if pattern.fullmatch(text) else [*found, rule]

    return faults


def _prefix(faults: Callable[[str], list[str]]) -> Callable[[str], list[str]]:
    """Return the check of a prefix: a dash at its end is not the end of the name."""
    return lambda text: faults(text[:-1] + "a" if text.endswith("-") and len(text) > 1 else text)


_label = _pattern(
    _DNS1123_LABEL,
    63,
    "must consist of lower case letters, digits or '-', and start and end with a letter or digit",
)
_subdomain = _pattern(
    _DNS1123_SUBDOMAIN,
    253,
    "must consist of lower case letters, digits, '-' or '.', and start and end with a letter or "
    "digit",
)
_label_1035 = _pattern(
    _DNS1035_LABEL,
    63,
    "must consist of lower case letters, digits or '-', start with a letter, and end with a "
    "letter or digit",
)


def _qualified(text: str) -> list[str]:
    prefix, slash, name = text.rpartition("/")
    found: list[str] = []
    if slash:
        found += (
            [f"prefix part {fault}" for fault in _subdomain(prefix)]
            if prefix
            else ["prefix part must not be empty"]
        )
    if not name:
        found.append("name part must not be empty")
    if len(name) > 63:
        found.append("name part must be no more than 63 characters")
    if name and not _QUALIFIED.fullmatch(name):
        found.append(
            "name part must consist of letters, digits, '-', '_' or '.', and start and end with "
            "a letter or digit"
        )
    return found


def _label_value(text: str) -> list[str]:
    found = ["must be no more than 63 characters"] if len(text) > 63 else []
    if text and not _QUALIFIED.fullmatch(text):
        found.append(
            "must be empty or consist of letters, digits, '-', '_' or '.', and start and end "
            "with a letter or digit"
        )
    return found


def _base64(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _timestamp(text: str) -> bool:
    try:
        read_timestamp(text)
    except EvaluationError:
        return False
    return True


def _plain(holds: Callable[[str], bool], fault: str) -> Callable[[str], list[str]]:
    return lambda text: [] if holds(text) else [fault]


FORMATS: dict[str, Callable[[str], list[str]]] = {
    "dns1123Label": _label,
    "dns1123Subdomain": _subdomain,
    "dns1035Label": _label_1035,
    "qualifiedName": _qualified,
    "dns1123LabelPrefix": _prefix(_label),
    "dns1123SubdomainPrefix": _prefix(_subdomain),
    "dns1035LabelPrefix": _prefix(_label_1035),
    "labelValue": _label_value,
    "uri": _plain(url.is_url, "is no absolute URL"),
    "uuid": _plain(lambda text: bool(_UUID.fullmatch(text)), "does not match the UUID format"),
    "byte": _plain(_base64, "invalid base64"),
    "date": _plain(
        lambda text: bool(_DATE.fullmatch(text)) and _timestamp(f"{text}T00:00:00Z"), "invalid date"
    ),
    "datetime": _plain(_timestamp, "invalid datetime"),
}


def validate(format_: Any, text: Any) -> Optional:
    """Return what is wrong with a text, as an optional list: none where nothing is."""
    if type(format_) is not Format or type(text) is not str:
        raise no_overload("validate", format_, text)
    faults = FORMATS[format_.name](text)
    return Optional(faults, present=True) if faults else NONE


def named(name: Any) -> Optional:
    """Return the format of a name, none where there is no such."""
    if type(name) is not str:
        raise no_overload("format.named", name)
    return Optional(Format(name), present=True) if name in FORMATS else NONE


def _constant(name: str) -> Callable[[], Format]:
    return lambda: Format(name)


_F = "kubernetes.NamedFormat"

FORMAT = Library(
    "format",
    31,
    {
        "format.named": (f"format.named(string) -> optional<{_F}>",),
        "validate": (f"{_F}.validate(string) -> optional<list<string>>",),
        **{f"format.{name}": (f"format.{name}() -> {_F}",) for name in FORMATS},
    },
    {
        "format.named": named,
        "validate": validate,
        **{f"format.{name}": _constant(name) for name in FORMATS},
    },
)
