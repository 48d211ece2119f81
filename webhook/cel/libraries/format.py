"""Named formats: format.dns1123Label().validate(text) (Kubernetes 1.31).

Source: k8s.io/apiserver pkg/cel/library/format.go; k8s.io/apimachinery pkg/util/validation;
go-openapi/strfmt for uuid, byte, date and datetime. The texts are the API server's.
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

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_LABEL_1035 = "[a-z]([-a-z0-9]*[a-z0-9])?"
_NAME = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_UUID = re.compile(r"(?i)[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}")
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


@dataclass(frozen=True, slots=True)
class Format:
    """A format by its name."""

    CEL_NAME: ClassVar[str] = "kubernetes.NamedFormat"
    STRICT_EQUALITY: ClassVar[bool] = True
    name: str


def _pattern_check(
    pattern: str, max_length: int, message: str, *examples: str
) -> Callable[[str], list[str]]:
    """Return a check with the API server's words: messages of policies quote them."""
    compiled = re.compile(pattern)
    shown = " or ".join(f"'{example}', " for example in examples)
    too_long = f"must be no more than {max_length} bytes"
    mismatch = f"{message} (e.g. {shown}regex used for validation is '{pattern}')"

    def faults(text: str) -> list[str]:
        found = [too_long] if len(text.encode()) > max_length else []
        return found if compiled.fullmatch(text) else [*found, mismatch]

    return faults


def _prefix_check(check: Callable[[str], list[str]]) -> Callable[[str], list[str]]:
    """Return the check of a prefix: a dash at its end is not the end of the name."""
    return lambda text: check(text[:-1] + "a" if text.endswith("-") and len(text) > 1 else text)


_check_dns1123_label = _pattern_check(
    _LABEL,
    63,
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and "
    "must start and end with an alphanumeric character",
    "my-name",
    "123-abc",
)
_check_dns1123_subdomain = _pattern_check(
    _SUBDOMAIN,
    253,
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
    "'.', and must start and end with an alphanumeric character",
    "example.com",
)
_check_dns1035_label = _pattern_check(
    _LABEL_1035,
    63,
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an "
    "alphabetic character, and end with an alphanumeric character",
    "my-name",
    "abc-123",
)
_NAME_FAULT = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    "alphanumeric character"
)
_NAME_EXAMPLES = ("MyName", "my.name", "123-abc")
_check_name_part = _pattern_check(_NAME, 63, f"name part {_NAME_FAULT}", *_NAME_EXAMPLES)
_check_label_value = _pattern_check(
    f"({_NAME})?",
    63,
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or "
    "'.', and must start and end with an alphanumeric character",
    "MyValue",
    "my_value",
    "12345",
)
_check_too_many_slashes = _pattern_check(
    _NAME, 2**31, f"a valid label key {_NAME_FAULT}", *_NAME_EXAMPLES
)


def _check_qualified_name(text: str) -> list[str]:
    if text.count("/") > 1:
        hint = " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        return [fault + hint for fault in _check_too_many_slashes(text)]
    prefix, slash, name = text.rpartition("/")
    problems: list[str] = []
    if slash:
        faults = _check_dns1123_subdomain(prefix) if prefix else ["must be non-empty"]
        problems += [f"prefix part {fault}" for fault in faults]
    if not name:
        problems.append("name part must be non-empty")
    faults = _check_name_part(name)
    return [
        *problems,
        *(fault if fault.startswith("name part") else f"name part {fault}" for fault in faults),
    ]


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


def _uri_faults(text: str) -> list[str]:
    if url.is_url(text):
        return []
    reason = "invalid URI for request" if text else "empty url"
    return [f'parse "{text}": {reason}']


FORMATS: dict[str, Callable[[str], list[str]]] = {
    "dns1123Label": _check_dns1123_label,
    "dns1123Subdomain": _check_dns1123_subdomain,
    "dns1035Label": _check_dns1035_label,
    "qualifiedName": _check_qualified_name,
    "dns1123LabelPrefix": _prefix_check(_check_dns1123_label),
    "dns1123SubdomainPrefix": _prefix_check(_check_dns1123_subdomain),
    "dns1035LabelPrefix": _prefix_check(_check_dns1035_label),
    "labelValue": _check_label_value,
    "uri": _uri_faults,
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
