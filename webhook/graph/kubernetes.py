"""What Kubernetes takes as a value: quantities, names, keys.

Here: the syntax of single values, as the API server of 1.36 judges it (its answers are the tables
in tests/rules/test_pod_templates.py). Not here: what values mean together, which is for rules; DNS
labels (`words`).

Source, where none is named: k8s.io/apimachinery pkg/util/validation/validation.go.
"""

import re
from functools import lru_cache
from typing import Any

LONGEST_SUBDOMAIN = 253
LONGEST_NAME = 63
LONGEST_PORT_NAME = 15
"""Characters: of a DNS subdomain (RFC 1123), of the name part of a key, of a port (RFC 6335)."""

NANO = 10**9
"""Parts of one in which amounts are counted: Kubernetes rounds up what is smaller."""

_LABEL = "[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\Z")
_NAME = re.compile(r"[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?\Z")
_PORT_NAME = re.compile(r"(?!.*--)(?=.*[a-z])[a-z0-9](?:[-a-z0-9]*[a-z0-9])?\Z")
_STRICT_VARIABLE = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*\Z")
_RELAXED_VARIABLE = re.compile(r"[ -<>-~]+\Z")
_KEY_OF_DATA = re.compile(r"[-._a-zA-Z0-9]+\Z")
_HEADER = re.compile(r"[-A-Za-z0-9]+\Z")
_QUANTITY = re.compile(
    r"(?P<sign>[+-]?)(?P<whole>[0-9]*)(?:\.(?P<part>[0-9]*))?"
    r"(?P<suffix>[numkMGTPE]|[KMGTPE]i|[eE](?P<exponent>[+-]?[0-9]{1,18}))?\Z"
)
_POWERS_OF_TEN = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15}
_POWERS_OF_TEN["E"] = 18
_POWERS_OF_TWO = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_LONGEST_COUNTED = 60
"""Characters of a quantity whose amount is counted, and its largest exponent. Nothing real comes
near (2^63 has 19 digits), and nobody shall have us count 10^1000000."""


def is_quantity(value: Any) -> bool:
    """Tell whether the API server reads `value` as a quantity: "500m", "1.5Gi", 2, 0.1.

    Source: k8s.io/apimachinery pkg/api/resource/quantity.go. What it reads though nobody would
    write it, is read here too: "1.", ".5Gi", "+1", "1e3", blanks around it.
    """
    if type(value) is str:
        return _is_quantity(value) if len(value) <= _LONGEST_COUNTED else _reads(value)
    return type(value) in (int, float)


def amount(value: Any) -> int | None:
    """Return the amount of a quantity in billionths (`NANO`); None if there is none or no end."""
    if type(value) is str:
        return _amount(value) if len(value) <= _LONGEST_COUNTED else None
    if type(value) is int:
        return value * NANO if abs(value) < 10**_LONGEST_COUNTED else None
    return _amount(repr(value)) if type(value) is float else None


def _reads(text: str) -> bool:
    # Blanks only: a line end or a tab reaches the API server as an escape, which it does not read.
    text = text.strip(" ")
    return text != "" and _QUANTITY.match(text) is not None


# Here and below: the same few dozen values stand in all manifests, and what is remembered of one
# costs a tenth. Only short ones are kept, so that nobody fills the memory.
@lru_cache(maxsize=1024)
def _is_quantity(text: str) -> bool:
    return _reads(text)


@lru_cache(maxsize=1024)
def _amount(text: str) -> int | None:
    stripped = text.strip(" ")
    match = _QUANTITY.match(stripped) if stripped else None
    if match is None:
        return None
    part = match["part"] or ""
    digits = int((match["whole"] + part) or "0")
    suffix = match["suffix"] or ""
    if match["exponent"] is not None:
        power = int(match["exponent"])
        if abs(power) > _LONGEST_COUNTED:
            return None
    else:
        power = _POWERS_OF_TEN.get(suffix, 0)
    power += 9 - len(part)
    digits <<= _POWERS_OF_TWO.get(suffix, 0)
    # Rounded up, away from zero: whoever asks for something gets something.
    size: int = digits * 10**power if power >= 0 else -(-digits // 10**-power)
    return -size if match["sign"] == "-" else size


def is_subdomain(name: str) -> bool:
    """Tell whether `name` is a DNS subdomain (RFC 1123): what most objects can be called."""
    return len(name) <= LONGEST_SUBDOMAIN and _is_subdomain(name)


@lru_cache(maxsize=1024)
def _is_subdomain(name: str) -> bool:
    return _SUBDOMAIN.match(name) is not None


def is_key(key: str) -> bool:
    """Tell whether `key` can be the key of a label: "app", "example.com/app" (IsQualifiedName)."""
    return len(key) <= LONGEST_SUBDOMAIN + 1 + LONGEST_NAME and _is_key(key)


@lru_cache(maxsize=1024)
def _is_key(key: str) -> bool:
    prefix, slash, name = key.rpartition("/")
    if slash and not is_subdomain(prefix):
        return False
    return len(name) <= LONGEST_NAME and _NAME.match(name) is not None


def is_annotation_key(key: str) -> bool:
    """Tell whether `key` can be the key of an annotation: that of a label, upper case or not.

    Source: k8s.io/apimachinery pkg/api/validation/objectmeta.go.
    """
    return is_key(key.lower())


def is_label_value(value: str) -> bool:
    """Tell whether `value` can be the value of a label; it may be empty."""
    return len(value) <= LONGEST_NAME and _is_label_value(value)


@lru_cache(maxsize=1024)
def _is_label_value(value: str) -> bool:
    return value == "" or _NAME.match(value) is not None


def is_port_name(name: str) -> bool:
    """Tell whether `name` can be the name of a port (an IANA service name, RFC 6335)."""
    return len(name) <= LONGEST_PORT_NAME and _is_port_name(name)


@lru_cache(maxsize=1024)
def _is_port_name(name: str) -> bool:
    return _PORT_NAME.match(name) is not None


def is_variable(name: str) -> bool:
    """Tell whether `name` can be an environment variable's: printable ASCII but "=".

    Source: IsRelaxedEnvVarName, in force by default since Kubernetes 1.32.
    """
    return _RELAXED_VARIABLE.match(name) is not None


def is_strict_variable(name: str) -> bool:
    """Tell whether Kubernetes before 1.32 took `name` as an environment variable's, too."""
    return _STRICT_VARIABLE.match(name) is not None and not _leads_up(name)


def is_key_of_data(key: str) -> bool:
    """Tell whether `key` can be a key in a ConfigMap or Secret (IsConfigMapKey)."""
    return len(key) <= LONGEST_SUBDOMAIN and _is_key_of_data(key)


@lru_cache(maxsize=1024)
def _is_key_of_data(key: str) -> bool:
    return not _leads_up(key) and _KEY_OF_DATA.match(key) is not None


def is_header(name: str) -> bool:
    """Tell whether `name` can be the name of an HTTP header in a probe."""
    return _HEADER.match(name) is not None


def _leads_up(name: str) -> bool:
    """Tell whether a file of this name would lead out of its folder (hasChDirPrefix)."""
    return name == "." or name.startswith("..")


def why_not(name: str, allowed: str, longest: int) -> str:
    """Say what keeps `name` from being one: 'is empty', 'has the character " "'.

    `allowed` is the inside of a character class: "-A-Za-z0-9_."; `longest` the most characters.
    """
    if not name:
        return "is empty"
    strange = sorted(set(re.findall(f"[^{allowed}]", name)))
    if strange:
        shown = ", ".join(f'"{c}"' for c in strange[:3])
        return f"has the character{'s' * (len(strange) > 1)} {shown}"
    if len(name) > longest:
        return f"has {len(name)} characters, more than {longest}"
    if not name[0].isalnum():
        return f'starts with "{name[0]}"'
    return f'ends with "{name[-1]}"'
