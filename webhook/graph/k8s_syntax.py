"""The syntax of values in Kubernetes: quantities, names, keys.

Here: the syntax of single values as the API server of 1.36 checks it (its answers are the tables in
tests/rules/test_pod_templates.py). Not here: values that depend on each other, which rules check;
DNS labels (`names`).

Source, where none is named: k8s.io/apimachinery pkg/util/validation/validation.go.
"""

import re
from functools import lru_cache
from typing import Any

from webhook.graph.text import join_words
from webhook.graph.well_known import HUGE_PAGES_PREFIX, KUBERNETES_PREFIX, NATIVE_RESOURCES

MAX_SUBDOMAIN_LENGTH = 253
MAX_NAME_LENGTH = 63
MAX_PORT_NAME_LENGTH = 15
"""Characters: of a DNS subdomain (RFC 1123), of the name part of a key, of a port (RFC 6335)."""

MAX_ANNOTATIONS_SIZE = 256 * 1024
"""Bytes of all keys and values (TotalAnnotationSizeLimitB)."""

NANO = 10**9
"""Parts of one in which amounts are counted: Kubernetes rounds up what is smaller."""

_LABEL = "[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\Z")
_NAME = re.compile(r"[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?\Z")
_PORT_NAME = re.compile(r"(?!.*--)(?=.*[a-z])[a-z0-9](?:[-a-z0-9]*[a-z0-9])?\Z")
_STRICT_ENV_VAR_NAME = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*\Z")
_RELAXED_ENV_VAR_NAME = re.compile(r"[ -<>-~]+\Z")
_CONFIG_MAP_KEY = re.compile(r"[-._a-zA-Z0-9]+\Z")
_HTTP_HEADER_NAME = re.compile(r"[-A-Za-z0-9]+\Z")
_QUANTITY = re.compile(
    r"(?P<sign>[+-]?)(?P<whole>[0-9]*)(?:\.(?P<part>[0-9]*))?"
    r"(?P<suffix>[numkMGTPE]|[KMGTPE]i|[eE](?P<exponent>[+-]?[0-9]{1,18}))?\Z"
)
_POWERS_OF_TEN = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15}
_POWERS_OF_TEN["E"] = 18
POWERS_OF_TWO = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_MAX_REMEMBERED_LENGTH = 60
"""Characters of a quantity that is remembered. Nothing real comes near: 2^63 has 19 digits."""
MAX_QUANTITY_DIGITS = 1000
"""The most digits of a quantity, and the largest exponent: its amount is counted out. The API
server has no such bound: 1e2147483647 in a pod keeps it busy for minutes."""
_MAX_INT64 = (1 << 63) - 1
MAX_COUNT = _MAX_INT64 // 1000 * NANO
"""The most whole things, in billionths: the API server looks for parts in thousandths of 64 bits,
and of a larger amount it sees another one (ValidateResourceQuantityValue)."""
_MAX_BINARY = _MAX_INT64 * NANO
"""An amount with a binary suffix ends here, as ParseQuantity's."""


def is_quantity(value: Any) -> bool:
    """Return whether the API server reads `value` as a quantity: "500m", "1.5Gi", 2, 0.1.

    Source: k8s.io/apimachinery pkg/api/resource/quantity.go. Unusual forms that it accepts are
    accepted here too: "1.", ".5Gi", "+1", "1e3", blanks around it; but not what exceeds
    `MAX_QUANTITY_DIGITS`.
    """
    return parse_quantity(value) is not None


def explain_invalid_quantity(text: str) -> str:
    """Return why `text` is not a quantity, where it looks like one; "" otherwise."""
    match = _match_quantity(text)
    if match is None:
        return ""
    if _count_digits(match) > MAX_QUANTITY_DIGITS:
        return f"{MAX_QUANTITY_DIGITS} digits at most, has {_count_digits(match)}"
    return f"its exponent must be between -{MAX_QUANTITY_DIGITS} and {MAX_QUANTITY_DIGITS}"


def parse_quantity(value: Any) -> int | None:
    """Return the amount of a quantity in billionths (`NANO`); None if `value` is not a quantity.

    Source: ParseQuantity.
    """
    if type(value) is str:
        if len(value) <= _MAX_REMEMBERED_LENGTH:
            return _parse_quantity(value)
        return _count_billionths(value)
    if type(value) is int:
        return value * NANO
    return _parse_quantity(repr(value)) if type(value) is float else None


def is_page_multiple(amount: int, name: str) -> bool:
    """Return whether an amount in billionths is one of whole huge pages.

    name  that of the resource: "hugepages-2Mi"; of "hugepages-x" there are none
    Source: IsHugePageResourceValueDivisible.
    """
    page = parse_quantity(name.removeprefix(HUGE_PAGES_PREFIX))
    if page is None or page % NANO or not 0 < page <= MAX_COUNT:
        return False
    rounded_up = -(-amount // NANO) * NANO
    return rounded_up <= _MAX_INT64 * NANO and not rounded_up % page


def _match_quantity(text: str) -> re.Match[str] | None:
    # Blanks only: a line end or a tab reaches the API server as an escape, which it does not read.
    text = text.strip(" ")
    return _QUANTITY.match(text) if text else None


def _count_digits(match: re.Match[str]) -> int:
    return len(match["whole"]) + len(match["part"] or "")


# Here and below: the same few dozen values are in all manifests, and what is remembered of one
# costs a tenth. Only short ones are kept, to bound the memory.
@lru_cache(maxsize=1024)
def _parse_quantity(text: str) -> int | None:
    return _count_billionths(text)


def _count_billionths(text: str) -> int | None:
    match = _match_quantity(text)
    if match is None or _count_digits(match) > MAX_QUANTITY_DIGITS:
        return None
    exponent = int(match["exponent"] or 0)
    if abs(exponent) > MAX_QUANTITY_DIGITS:
        return None
    fraction = match["part"] or ""
    suffix = match["suffix"] or ""
    if suffix in ("Pi", "Ei") and not match["whole"] + fraction:
        return None  # ParseQuantity takes a suffix alone, if it is not one of the largest
    exponent += _POWERS_OF_TEN.get(suffix, 0) + 9 - len(fraction)
    amount: int = int(match["whole"] + fraction or "0")
    if suffix in POWERS_OF_TWO:
        amount <<= POWERS_OF_TWO[suffix]
    if exponent >= 0:
        amount *= 10**exponent
    else:
        # Rounded up, away from zero: whoever asks for something gets something.
        amount = -(-amount // 10**-exponent)
    if suffix in POWERS_OF_TWO:
        amount = min(amount, _MAX_BINARY)
    return -amount if match["sign"] == "-" else amount


def is_subdomain(name: str) -> bool:
    """Return whether `name` is a DNS subdomain (RFC 1123): what most objects can be called."""
    return len(name) <= MAX_SUBDOMAIN_LENGTH and _is_subdomain(name)


@lru_cache(maxsize=1024)
def _is_subdomain(name: str) -> bool:
    return _SUBDOMAIN.match(name) is not None


def is_qualified_name(key: str) -> bool:
    """Return whether `key` is a valid label key: "app", "example.com/app" (IsQualifiedName)."""
    return len(key) <= MAX_SUBDOMAIN_LENGTH + 1 + MAX_NAME_LENGTH and _is_qualified_name(key)


@lru_cache(maxsize=1024)
def _is_qualified_name(key: str) -> bool:
    prefix, slash, name = key.rpartition("/")
    if slash and not is_subdomain(prefix):
        return False
    return len(name) <= MAX_NAME_LENGTH and _NAME.match(name) is not None


def is_annotation_key(key: str) -> bool:
    """Return whether `key` can be the key of an annotation: that of a label, upper case or not.

    Source: k8s.io/apimachinery pkg/api/validation/objectmeta.go.
    """
    return is_qualified_name(key.lower())


def is_label_value(value: str) -> bool:
    """Return whether `value` can be the value of a label; it may be empty."""
    return len(value) <= MAX_NAME_LENGTH and _is_label_value(value)


@lru_cache(maxsize=1024)
def _is_label_value(value: str) -> bool:
    return value == "" or _NAME.match(value) is not None


def is_container_resource(name: str) -> bool:
    """Return whether a container can ask for a resource of this name.

    Sources: validateContainerResourceName, IsExtendedResourceName: a quota calls a device
    "requests." and its name, which has to be a key as well.
    """
    if name in NATIVE_RESOURCES:
        return True
    if "/" not in name:
        return name.startswith(HUGE_PAGES_PREFIX) and is_qualified_name(name)
    if KUBERNETES_PREFIX in name:
        return is_qualified_name(name)
    return (
        not name.startswith("requests.")
        and is_qualified_name(name)
        and is_qualified_name(f"requests.{name}")
    )


def is_port_name(name: str) -> bool:
    """Return whether `name` can be the name of a port (an IANA service name, RFC 6335)."""
    return len(name) <= MAX_PORT_NAME_LENGTH and _is_port_name(name)


@lru_cache(maxsize=1024)
def _is_port_name(name: str) -> bool:
    return _PORT_NAME.match(name) is not None


def is_env_var_name(name: str) -> bool:
    """Return whether `name` can be an environment variable's: printable ASCII but "=".

    Source: IsRelaxedEnvVarName, in force by default since Kubernetes 1.32.
    """
    return _RELAXED_ENV_VAR_NAME.match(name) is not None


def is_strict_env_var_name(name: str) -> bool:
    """Return whether Kubernetes before 1.32 took `name` as an environment variable's, too."""
    return _STRICT_ENV_VAR_NAME.match(name) is not None and not _has_parent_dir_prefix(name)


def is_config_map_key(key: str) -> bool:
    """Return whether `key` can be a key in a ConfigMap or Secret (IsConfigMapKey)."""
    return len(key) <= MAX_SUBDOMAIN_LENGTH and _is_config_map_key(key)


@lru_cache(maxsize=1024)
def _is_config_map_key(key: str) -> bool:
    return not _has_parent_dir_prefix(key) and _CONFIG_MAP_KEY.match(key) is not None


def is_http_header_name(name: str) -> bool:
    """Return whether `name` can be the name of an HTTP header in a probe."""
    return _HTTP_HEADER_NAME.match(name) is not None


def _has_parent_dir_prefix(name: str) -> bool:
    """Return whether a file of this name would lead out of its folder (hasChDirPrefix)."""
    return name == "." or name.startswith("..")


def count_bytes(text: str) -> int:
    """Return the size of a text in UTF-8."""
    return len(text) if text.isascii() else len(text.encode(errors="surrogatepass"))


def explain_invalid(name: str, allowed_chars: str, max_length: int) -> str:
    """Return why `name` is not valid: 'it is empty', '"_" is not allowed'.

    allowed_chars  the inside of a character class: "-A-Za-z0-9_."
    max_length     the most characters
    """
    if not name:
        return "it is empty"
    invalid_chars = sorted(set(re.findall(f"[^{allowed_chars}]", name)))
    if invalid_chars:
        return f"{_describe_chars(invalid_chars)} not allowed"
    if len(name) > max_length:
        return f"{max_length} characters at most, has {len(name)}"
    if not name[0].isalnum() or not name[-1].isalnum():
        return "it must start and end with a letter or digit"
    return "letters or digits must stand on both sides of each dot"


def explain_blanks(text: str) -> str:
    """Return 'spaces and line breaks are not allowed', with the blanks that a text has."""
    return f"{_describe_chars(sorted(filter(str.isspace, set(text))))} not allowed"


_PLURALS = {" ": "spaces", "\t": "tabs", **dict.fromkeys("\n\r", "line breaks")}


def _describe_chars(invalid_chars: list[str]) -> str:
    words = dict.fromkeys(map(_describe_char, invalid_chars))
    plurals = [word for word in words if word.endswith("s")]
    others = [word for word in words if not word.endswith("s")][:3]
    verb = "is" if len(others) == 1 and not plurals else "are"
    return f"{join_words([*plurals, *others])} {verb}"


def _describe_char(char: str) -> str:
    """Return how a character is called: '"_"', "U+00A0" (a blank that looks like a space)."""
    if char in _PLURALS:
        return _PLURALS[char]
    if char.isupper():
        return "upper-case letters"
    if char.isprintable():
        return f'"{char}"'
    return "control characters" if char < "\x80" else f"U+{ord(char):04X}"
