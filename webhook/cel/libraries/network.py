"""IP addresses and CIDR ranges (Kubernetes 1.30).

Source: k8s.io/apiserver pkg/cel/library/ip.go and cidr.go, Go's net/netip. Zones ("%eth0") and
IPv4 addresses mapped into IPv6 ("::ffff:1.2.3.4") are refused there, and so here.
"""

import ipaddress
from dataclasses import dataclass
from typing import Any, ClassVar

from webhook.cel.signatures import Library
from webhook.cel.values import EvaluationError, Function, no_overload

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class IP:
    """An address."""

    CEL_NAME: ClassVar[str] = "net.IP"
    STRICT_EQUALITY: ClassVar[bool] = True
    HAS_TEXT: ClassVar[bool] = True
    address: _Address

    def __str__(self) -> str:
        return str(self.address)


@dataclass(frozen=True, slots=True)
class CIDR:
    """An address with the length of its network's prefix."""

    CEL_NAME: ClassVar[str] = "net.CIDR"
    STRICT_EQUALITY: ClassVar[bool] = True
    HAS_TEXT: ClassVar[bool] = True
    address: _Address
    prefix_length: int

    def __str__(self) -> str:
        return f"{self.address}/{self.prefix_length}"

    @property
    def network(self) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
        """The addresses of the range."""
        return ipaddress.ip_network((self.address, self.prefix_length), strict=False)


def parse_ip(text: Any) -> IP:
    """Return the IP of a text."""
    if type(text) is not str:
        raise no_overload("ip", text)
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise EvaluationError(f'"{text[:60]}" is not an IP address') from None
    if "%" in text:
        raise EvaluationError(f'IP address "{text[:60]}" with zone value is not allowed')
    if address.version == 6 and address.ipv4_mapped is not None:
        raise EvaluationError(f'IPv4-mapped IPv6 address "{text[:60]}" is not allowed')
    return IP(address)


def parse_cidr(text: Any) -> CIDR:
    """Return the CIDR of a text."""
    if type(text) is not str:
        raise no_overload("cidr", text)
    address_text, slash, length = text.rpartition("/")
    plain = length.isascii() and length.isdigit() and (length == "0" or length[0] != "0")
    if not slash or not plain or len(length) > 3:
        raise EvaluationError(f'"{text[:60]}" is not a CIDR such as "10.0.0.0/8"')
    address = parse_ip(address_text).address
    if int(length) > address.max_prefixlen:
        raise EvaluationError(
            f'"{text[:60]}" has a prefix of more than {address.max_prefixlen} bits'
        )
    return CIDR(address, int(length))


def is_ip(text: Any) -> bool:
    """Return whether a text is an IP address."""
    if type(text) is not str:
        raise no_overload("isIP", text)
    return _can_parse(parse_ip, text)


def is_cidr(text: Any) -> bool:
    """Return whether a text is a CIDR range."""
    if type(text) is not str:
        raise no_overload("isCIDR", text)
    return _can_parse(parse_cidr, text)


def _can_parse(parse: Function, text: Any) -> bool:
    try:
        parse(text)
    except EvaluationError:
        return False
    return True


def is_canonical(text: Any) -> bool:
    """Return whether an address is written in its shortest form."""
    return bool(str(parse_ip(text)) == text)


def address_of(value: Any) -> IP:
    """Return the address of a CIDR: `range.ip()`."""
    return IP(_require_cidr("ip", value).address)


def contains_ip(range_: Any, other: Any) -> bool:
    """Return whether a range contains an address."""
    if type(other) is str:
        other = parse_ip(other)
    if type(range_) is not CIDR or type(other) is not IP:
        raise no_overload("containsIP", range_, other)
    return other.address.version == range_.address.version and other.address in range_.network


def contains_cidr(range_: Any, other: Any) -> bool:
    """Return whether a range contains another one."""
    if type(other) is str:
        other = parse_cidr(other)
    if type(range_) is not CIDR or type(other) is not CIDR:
        raise no_overload("containsCIDR", range_, other)
    return (
        other.address.version == range_.address.version
        and range_.prefix_length <= other.prefix_length
        and other.address in range_.network
    )


def _require_address(name: str, value: Any) -> _Address:
    if type(value) is not IP:
        raise no_overload(name, value)
    return value.address


def _is_link_local_multicast(value: Any) -> bool:
    address = _require_address("isLinkLocalMulticast", value)
    if address.version == 4:
        return address in ipaddress.ip_network("224.0.0.0/24")
    # ff?2: the low four bits of the second byte are the scope, 2 is link-local.
    return address.packed[0] == 0xFF and address.packed[1] & 0x0F == 2


def _is_global_unicast(value: Any) -> bool:
    address = _require_address("isGlobalUnicast", value)
    return not (
        address.is_unspecified
        or address.is_loopback
        or address.is_multicast
        or address.is_link_local
        or str(address) == "255.255.255.255"
    )


def _require_cidr(name: str, value: Any) -> CIDR:
    if type(value) is not CIDR:
        raise no_overload(name, value)
    return value


def _masked(value: Any) -> CIDR:
    range_ = _require_cidr("masked", value)
    return CIDR(range_.network.network_address, range_.prefix_length)


NETWORK = Library(
    "ip and cidr",
    30,
    {
        "ip": ("ip(string) -> net.IP", "net.CIDR.ip() -> net.IP"),
        "isIP": ("isIP(string) -> bool",),
        "ip.isCanonical": ("ip.isCanonical(string) -> bool",),
        "family": ("net.IP.family() -> int",),
        "isUnspecified": ("net.IP.isUnspecified() -> bool",),
        "isLoopback": ("net.IP.isLoopback() -> bool",),
        "isLinkLocalMulticast": ("net.IP.isLinkLocalMulticast() -> bool",),
        "isLinkLocalUnicast": ("net.IP.isLinkLocalUnicast() -> bool",),
        "isGlobalUnicast": ("net.IP.isGlobalUnicast() -> bool",),
        "cidr": ("cidr(string) -> net.CIDR",),
        "isCIDR": ("isCIDR(string) -> bool",),
        "containsIP": (
            "net.CIDR.containsIP(string) -> bool",
            "net.CIDR.containsIP(net.IP) -> bool",
        ),
        "containsCIDR": (
            "net.CIDR.containsCIDR(string) -> bool",
            "net.CIDR.containsCIDR(net.CIDR) -> bool",
        ),
        "prefixLength": ("net.CIDR.prefixLength() -> int",),
        "masked": ("net.CIDR.masked() -> net.CIDR",),
    },
    {
        "ip": parse_ip,
        ".ip": address_of,
        "isIP": is_ip,
        "ip.isCanonical": is_canonical,
        "family": lambda value: _require_address("family", value).version,
        "isUnspecified": lambda value: _require_address("isUnspecified", value).is_unspecified,
        "isLoopback": lambda value: _require_address("isLoopback", value).is_loopback,
        "isLinkLocalMulticast": _is_link_local_multicast,
        "isLinkLocalUnicast": lambda value: (
            _require_address("isLinkLocalUnicast", value).is_link_local
        ),
        "isGlobalUnicast": _is_global_unicast,
        "cidr": parse_cidr,
        "isCIDR": is_cidr,
        "containsIP": contains_ip,
        "containsCIDR": contains_cidr,
        "prefixLength": lambda value: _require_cidr("prefixLength", value).prefix_length,
        "masked": _masked,
    },
    hidden={"string": ("string(net.IP) -> string", "string(net.CIDR) -> string")},
    type_names=("net.IP", "net.CIDR"),
)
