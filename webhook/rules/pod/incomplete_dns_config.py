"""Name resolution of a pod cannot be set up

Why: entries for /etc/hosts have an IP address and host names; dnsConfig names at most three servers
by address, and at least one if dnsPolicy is None. The API server refuses a Deployment with anything
else.

Fix: Write addresses as IP addresses without leading zeros, and names as DNS names.

Bad:
    hostAliases:
    - ip: models.example
      hostnames:
      - models

Good:
    hostAliases:
    - ip: 10.0.0.7
      hostnames:
      - models
"""

from collections.abc import Iterator, Mapping
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Any

from webhook.graph.finding import Finding
from webhook.graph.k8s_syntax import is_subdomain
from webhook.graph.model import SeldonDeployment, get_list, get_mapping, get_str, iter_mappings
from webhook.graph.path import Path
from webhook.rules._format import quote_value

ACTION = "deny"
SINCE = "0.1.0"
TRIGGERS = frozenset({"hostAliases", "dnsConfig", "dnsPolicy"})

_MAX_NAMESERVERS, _MAX_SEARCHES, _MAX_SEARCH_CHARACTERS = 3, 32, 2048
"""What the C library of Linux reads, says Kubernetes (MaxDNSNameservers and others)."""


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each such setting (sources: ValidateHostAliases, validatePodDNSConfig)."""
    for component in deployment.components:
        pod, path = component.pod, component.path / "spec"
        if "hostAliases" in pod:
            for index, alias in iter_mappings(pod, "hostAliases"):
                yield from _check_host_alias(path / "hostAliases" / index, alias)
        if "dnsConfig" in pod:
            yield from _check_dns_config(path / "dnsConfig", get_mapping(pod, "dnsConfig"))
        config = get_mapping(pod, "dnsConfig")
        if pod.get("dnsPolicy") == "None" and not get_list(config, "nameservers"):
            item_path = path.join(("dnsConfig", "nameservers"))
            yield Finding(item_path, "dnsPolicy is None, and dnsConfig names no server")


def _check_host_alias(path: Path, alias: Mapping[str, Any]) -> Iterator[Finding]:
    address = alias.get("ip")
    if type(address) is str and not _is_address(address):
        yield Finding(path / "ip", f"{quote_value(address)} is no IP address")
    for index, name in enumerate(get_list(alias, "hostnames")):
        if type(name) is str and not is_subdomain(name):
            yield Finding(path / "hostnames" / index, f"{quote_value(name)} is no DNS name")


def _check_dns_config(path: Path, config: Mapping[str, Any]) -> Iterator[Finding]:
    servers, searches = get_list(config, "nameservers"), get_list(config, "searches")
    if len(servers) > _MAX_NAMESERVERS:
        message = f"there are {len(servers)} name servers, more than {_MAX_NAMESERVERS}"
        yield Finding(path / "nameservers", message)
    for index, address in enumerate(servers):
        if type(address) is str and not _is_address(address):
            yield Finding(path / "nameservers" / index, f"{quote_value(address)} is no IP address")
    texts = [name for name in searches if type(name) is str]
    if len(searches) > _MAX_SEARCHES or len(" ".join(texts)) > _MAX_SEARCH_CHARACTERS:
        maximum = f"{_MAX_SEARCHES} domains or {_MAX_SEARCH_CHARACTERS} characters"
        message = f"the search list has more than {maximum}"
        yield Finding(path / "searches", message)
    for index, name in enumerate(searches):
        if type(name) is str and name != "." and not _is_domain(name):
            yield Finding(path / "searches" / index, f"{quote_value(name)} is no domain")
    for index, option in iter_mappings(config, "options"):
        if not get_str(option, "name") and option.get("name") in (None, ""):
            yield Finding(path / "options" / index / "name", "the option has no name")


def _is_address(address: str) -> bool:
    """Tell whether Kubernetes takes the address in pods: no IPv4 inside of IPv6, no zone."""
    try:
        if ":" not in address:
            IPv4Address(address)
            return True
        return "%" not in address and IPv6Address(address).ipv4_mapped is None
    except AddressValueError:
        return False


def _is_domain(name: str) -> bool:
    # With "_", as in names of services (RelaxedDNSSearchValidation, by default since 1.33).
    return is_subdomain(name.removesuffix(".").replace("_", "x"))
