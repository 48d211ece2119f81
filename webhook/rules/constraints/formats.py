"""The formats of values that rows require, each with messages for violations.

Source, where none is named: k8s.io/apimachinery pkg/util/validation/validation.go.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from webhook.graph.k8s_syntax import (
    MAX_NAME_LENGTH,
    MAX_SUBDOMAIN_LENGTH,
    explain_invalid,
    is_annotation_key,
    is_config_map_key,
    is_label_value,
    is_qualified_name,
    is_subdomain,
)
from webhook.graph.names import MAX_LABEL_LENGTH, is_dns_label
from webhook.rules._format import quote_value


@dataclass(frozen=True, slots=True)
class Format:
    """What a text must look like.

    name     how it is called in messages: "DNS label"
    accepts  returns whether a text has the format
    explain  returns why a text has not: '"_" is not allowed'
    advice   how to write it: 'use only lower-case letters, digits and "-"'
    """

    name: str
    accepts: Callable[[str], bool]
    explain: Callable[[str], str]
    advice: str = ""

    def advise(self, text: str) -> str:
        """Return what to do about a text that has not the format."""
        if not text:
            return "set it, or remove the field"
        length = _MAX_LENGTH.match(self.explain(text))
        return f"shorten it to {length[1]} characters" if length else self.advice


_MAX_LENGTH = re.compile(r"([0-9]+) characters at most")


def explain_characters(allowed: str, max_length: int) -> Callable[[str], str]:
    """Return what says why a text of some characters is not accepted (`explain_invalid`)."""
    return partial(explain_invalid, allowed_chars=allowed, max_length=max_length)


def _explain_key(key: str) -> str:
    prefix, slash, name = key.rpartition("/")
    if slash and not is_subdomain(prefix):
        return f"{quote_value(prefix)} before the slash is not a DNS subdomain"
    reason = explain_characters("-A-Za-z0-9_.", MAX_NAME_LENGTH)(name)
    return f"the part after the slash: {reason}" if slash else reason


def _has_parent_step(path: str) -> bool:
    return ".." in path.split("/")


def _explain_relative_path(path: str) -> str:
    if path.startswith("/"):
        return 'it must be relative, without the leading "/"'
    if _has_parent_step(path):
        return '".." is not allowed'
    return 'it must not start with ".."'


def _is_ip_address(address: str) -> bool:
    # No IPv4 inside of IPv6, no zone, no leading zeros: strict since Kubernetes 1.33.
    try:
        if ":" not in address:
            IPv4Address(address)
            return True
        return "%" not in address and IPv6Address(address).ipv4_mapped is None
    except AddressValueError:
        return False


_SEARCH_LABEL = "_?[a-z0-9](?:[-_a-z0-9]*[a-z0-9])?"
_SEARCH_DOMAIN = re.compile(rf"{_SEARCH_LABEL}(?:\.{_SEARCH_LABEL})*\Z")


def _is_search_domain(name: str) -> bool:
    # With "_", as in names of services (RelaxedDNSSearchValidation, by default since 1.33; source:
    # IsDNS1123SubdomainWithUnderscore).
    bare = name.removesuffix(".")
    is_short = len(bare) <= MAX_SUBDOMAIN_LENGTH
    return name == "." or (is_short and _SEARCH_DOMAIN.match(bare) is not None)


def _explain_search_domain(name: str) -> str:
    if any(label.endswith("_") for label in name.split(".")):
        return 'it must not end with "_", nor a part before a dot'
    return explain_characters("-._a-z0-9", MAX_SUBDOMAIN_LENGTH)(name)


_KEY_ADVICE = 'use letters, digits, "-", "_" and ".", perhaps after a domain and "/"'
DNS_LABEL = Format(
    "DNS label",
    is_dns_label,
    explain_characters("-a-z0-9", MAX_LABEL_LENGTH),
    'use only lower-case letters, digits and "-"',
)
DNS_SUBDOMAIN = Format(
    "DNS subdomain",
    is_subdomain,
    explain_characters("-.a-z0-9", MAX_SUBDOMAIN_LENGTH),
    'use only lower-case letters, digits, "-" and "."',
)
QUALIFIED_NAME = Format("label key", is_qualified_name, _explain_key, _KEY_ADVICE)
ANNOTATION_KEY = Format("annotation key", is_annotation_key, _explain_key, _KEY_ADVICE)
LABEL_VALUE = Format(
    "label value",
    is_label_value,
    explain_characters("-A-Za-z0-9_.", MAX_NAME_LENGTH),
    'use only letters, digits, "-", "_" and "."',
)
OBJECT_KEY = Format(
    "key",
    is_config_map_key,
    explain_characters("-._A-Za-z0-9", MAX_SUBDOMAIN_LENGTH),
    'use only letters, digits, "-", "_" and "."',
)
RELATIVE_PATH = Format(
    "path",
    lambda path: not path.startswith("/") and not _has_parent_step(path),
    _explain_relative_path,
)
"""A path below a folder (validateLocalDescendingPath)."""
FILE_PATH = Format(
    "path",
    lambda path: not path.startswith(("/", "..")) and not _has_parent_step(path),
    _explain_relative_path,
)
"""The same, and no name that Kubernetes keeps for itself (ValidateLocalNonReservedPath)."""
PATH_WITHOUT_PARENT = Format(
    "path", lambda path: not _has_parent_step(path), lambda _: '".." is not allowed'
)
ABSOLUTE_PATH = Format(
    "path", lambda path: path.startswith("/"), lambda _: 'it must start with "/"'
)
IP_ADDRESS = Format(
    "IP address",
    _is_ip_address,
    lambda _: "an IPv4 or IPv6 address is expected, like 10.0.0.7",
    "use a plain IPv4 or IPv6 address, without leading zeros",
)
SEARCH_DOMAIN = Format(
    "DNS search domain",
    _is_search_domain,
    _explain_search_domain,
    "use a valid DNS name",
)
DRIVER_NAME = Format(
    "CSI driver name",
    lambda name: len(name) <= MAX_NAME_LENGTH and is_subdomain(name.lower()),
    explain_characters("-.A-Za-z0-9", MAX_NAME_LENGTH),
    "use the name of an installed CSI driver",
)
"""Of a CSI driver (ValidateCSIDriverName)."""
PATH_SEGMENT = Format(
    "name",
    lambda name: name not in (".", "..") and "/" not in name and "%" not in name,
    lambda name: f'"{name if name in (".", "..") else "/" if "/" in name else "%"}" is not allowed',
    'use a name without "/" and "%"',
)
"""What may be one step of a path (IsValidPathSegmentName)."""

_ISCSI_QUALIFIED_NAME = re.compile(
    r"iqn\.[0-9]{4}-[0-9]{2}\.([A-Za-z0-9.-]+)(:[^,;*&$|\t\n\f\r ]+)\Z"
)
_ISCSI_EUI = re.compile(r"eui.[A-Za-z0-9]{16}\Z")
_ISCSI_NAA = re.compile(r"naa.[A-Za-z0-9]{32}\Z")


def _is_iscsi_name(name: str) -> bool:
    if name.startswith("iqn"):
        return _ISCSI_QUALIFIED_NAME.search(name) is not None
    return (_ISCSI_EUI.match(name) or _ISCSI_NAA.match(name)) is not None


ISCSI_NAME = Format(
    "iSCSI name",
    _is_iscsi_name,
    lambda _: "expected iqn.<year>-<month>.<domain>:<name>, eui.<16 digits> or naa.<32 digits>",
)
"""Source: validateISCSIVolumeSource."""
