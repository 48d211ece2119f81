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

from webhook.cel.libraries import url
from webhook.cel.signatures import Library
from webhook.cel.time_values import parse_timestamp
from webhook.cel.values import ABSENT, EvaluationError, OptionalValue, no_overload

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


def _pattern_check(
    pattern: re.Pattern[str], max_length: int, message: str
) -> Callable[[str], list[str]]:
    def faults(text: str) -> list[str]:
        found = [f"must be no more than {max_length} characters"] if len(text) > max_length else []
        return found if pattern.fullmatch(text) else [*found, message]

    return faults


def _prefix_check(check: Callable[[str], list[str]]) -> Callable[[str], list[str]]:
    """Return the check of a prefix: a dash at its end is not the end of the name."""
    return lambda text: check(text[:-1] + "a" if text.endswith("-") and len(text) > 1 else text)


_check_dns1123_label = _pattern_check(
    _DNS1123_LABEL,
    63,
    "must consist of lower case letters, digits or '-', and start and end with a letter or digit",
)
_check_dns1123_subdomain = _pattern_check(
    _DNS1123_SUBDOMAIN,
    253,
    "must consist of lower case letters, digits, '-' or '.', and start and end with a letter or "
    "digit",
)
_check_dns1035_label = _pattern_check(
    _DNS1035_LABEL,
    63,
    "must consist of lower case letters, digits or '-', start with a letter, and end with a "
    "letter or digit",
)


def _check_qualified_name(text: str) -> list[str]:
    prefix, slash, name = text.rpartition("/")
    problems: list[str] = []
    if slash:
        problems += (
            [f"prefix part {fault}" for fault in _check_dns1123_subdomain(prefix)]
            if prefix
            else ["prefix part must not be empty"]
        )
    if not name:
        problems.append("name part must not be empty")
    if len(name) > 63:
        problems.append("name part must be no more than 63 characters")
    if name and not _QUALIFIED.fullmatch(name):
        problems.append(
            "name part must consist of letters, digits, '-', '_' or '.', and start and end with "
            "a letter or digit"
        )
    return problems


def _check_label_value(text: str) -> list[str]:
    problems = ["must be no more than 63 characters"] if len(text) > 63 else []
    if text and not _QUALIFIED.fullmatch(text):
        problems.append(
            "must be empty or consist of letters, digits, '-', '_' or '.', and start and end "
            "with a letter or digit"
        )
    return problems


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _is_timestamp(text: str) -> bool:
    try:
        parse_timestamp(text)
    except EvaluationError:
        return False
    return True


def _predicate_check(is_valid: Callable[[str], bool], message: str) -> Callable[[str], list[str]]:
    return lambda text: [] if is_valid(text) else [message]


FORMATS: dict[str, Callable[[str], list[str]]] = {
    "dns1123Label": _check_dns1123_label,
    "dns1123Subdomain": _check_dns1123_subdomain,
    "dns1035Label": _check_dns1035_label,
    "qualifiedName": _check_qualified_name,
    "dns1123LabelPrefix": _prefix_check(_check_dns1123_label),
    "dns1123SubdomainPrefix": _prefix_check(_check_dns1123_subdomain),
    "dns1035LabelPrefix": _prefix_check(_check_dns1035_label),
    "labelValue": _check_label_value,
    "uri": _predicate_check(url.is_url, "is no absolute URL"),
    "uuid": _predicate_check(
        lambda text: bool(_UUID.fullmatch(text)), "does not match the UUID format"
    ),
    "byte": _predicate_check(_is_base64, "invalid base64"),
    "date": _predicate_check(
        lambda text: bool(_DATE.fullmatch(text)) and _is_timestamp(f"{text}T00:00:00Z"),
        "invalid date",
    ),
    "datetime": _predicate_check(_is_timestamp, "invalid datetime"),
}


def validate(format_: Any, text: Any) -> OptionalValue:
    """Return what is wrong with a text, as an optional list: none where nothing is."""
    if type(format_) is not Format or type(text) is not str:
        raise no_overload("validate", format_, text)
    problems = FORMATS[format_.name](text)
    return OptionalValue(problems, present=True) if problems else ABSENT


def get_format(name: Any) -> OptionalValue:
    """Return the format of a name, none where there is no such."""
    if type(name) is not str:
        raise no_overload("format.named", name)
    return OptionalValue(Format(name), present=True) if name in FORMATS else ABSENT


def _format_factory(name: str) -> Callable[[], Format]:
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
        "format.named": get_format,
        "validate": validate,
        **{f"format.{name}": _format_factory(name) for name in FORMATS},
    },
)
