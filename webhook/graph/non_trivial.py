"""Containers at one look: which parts are written as usual, so that nothing can be wrong in them.

Thirty rules look into ports, probes, variables and resources, and find nothing in nearly all of
them. One pass here tells which parts need a closer look; the rules look at those only. A part that
is called usual here has none of the faults of these rules; one that is not may be right all the
same. Not here: what is wrong, which is for rules.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from operator import itemgetter
from typing import Any, Literal

from webhook.graph.k8s_syntax import (
    NANO,
    is_config_map_key,
    is_port_name,
    is_strict_env_var_name,
    is_subdomain,
    parse_quantity,
)
from webhook.graph.model import Container

Part = Literal["ports", "probes", "env", "envFrom", "resources", "volumeMounts", "words", "image"]
"""Parts of a container; words: the fields that take one of a few."""

_SELDON_ENV_PREFIXES = ("PREDICTI", "PREDICTOR_", "SELDON_", "MLSERVER_")
"""How all names of variables begin that Seldon sets itself (env-overrides-seldon-variable)."""

_NAME = itemgetter("name")

_MAX_ENV_VAR_NAME_LENGTH = 100
"""Characters of a name of a variable that is called usual: longer ones are not remembered."""

_PULL_POLICIES = (None, "Always", "IfNotPresent", "Never")
_TRIVIAL_MOUNT_FIELDS = frozenset({"name", "mountPath", "readOnly"})
_MIN_AMOUNTS = {"cpu": 0, "memory": 2**20 * NANO}
"""The resources that are called usual, and the least that is: below it,
memory is memory-below-one-mebibyte's."""

_MAX_CACHED_PAIR_LENGTH = 40
"""Characters of a request and its limit that are remembered together."""

_MAX_PORT = 65535


def non_trivial_parts(raw: Mapping[str, Any]) -> list[Part]:
    """Return the parts of one container that need a closer look."""
    parts: list[Part] = []
    for part, is_trivial in _TRIVIALITY_CHECKS.items():
        if part in raw and not is_trivial(raw[part]) and raw[part] is not None:
            parts.append(part)
    if "lifecycle" in raw or not _are_probes_trivial(raw):
        parts.append("probes")
    if "volumeDevices" in raw and "volumeMounts" not in parts:
        parts.append("volumeMounts")
    image = raw.get("image")
    if type(image) is not str or not image or image != image.strip():
        parts.append("image")
    pull_policy = raw.get("imagePullPolicy")
    if (
        pull_policy not in _PULL_POLICIES
        or "terminationMessagePolicy" in raw
        or "restartPolicy" in raw
        or "restartPolicyRules" in raw
        or "resizePolicy" in raw
    ):
        parts.append("words")
    return parts


def _are_ports_trivial(ports: Any) -> bool:
    if type(ports) is not list:
        return False
    numbers, names = set(), set()
    for port in ports:
        if type(port) is not dict or "hostPort" in port or port.get("protocol", "TCP") != "TCP":
            return False
        number, name = port.get("containerPort"), port.get("name")
        if type(number) is not int or not 0 < number <= _MAX_PORT:
            return False
        if name is not None:
            if type(name) is not str or not is_port_name(name) or name in names:
                return False
            names.add(name)
        if number in numbers:
            return False
        numbers.add(number)
    return True


def _are_probes_trivial(raw: Mapping[str, Any]) -> bool:
    return (
        ("livenessProbe" not in raw or _is_probe_trivial(raw["livenessProbe"]))
        and ("readinessProbe" not in raw or _is_probe_trivial(raw["readinessProbe"]))
        and ("startupProbe" not in raw or _is_probe_trivial(raw["startupProbe"]))
    )


def _is_probe_trivial(probe: Any) -> bool:
    if type(probe) is not dict:
        return probe is None
    handler = None
    for field, value in probe.items():
        if type(value) is dict:
            if handler is not None or not _is_handler_trivial(field, value):
                return False
            handler = field
        elif type(value) is not int or value < 0:
            return False
    if handler is None or "terminationGracePeriodSeconds" in probe:
        return False
    success_threshold: int = probe.get("successThreshold", 1)
    return success_threshold <= 1


def _is_handler_trivial(field: str, value: dict[str, Any]) -> bool:
    if field == "httpGet":
        if "httpHeaders" in value or value.get("scheme", "HTTP") not in ("HTTP", "HTTPS"):
            return False
    elif field == "exec":
        return bool(value.get("command"))
    elif field not in ("tcpSocket", "grpc"):
        return False
    port = value.get("port")
    if type(port) is int:
        return 0 < port <= _MAX_PORT
    return type(port) is str and is_port_name(port)


def _is_env_trivial(env: Any) -> bool:
    if type(env) is not list:
        return False
    try:
        names = list(map(_NAME, env))
        if names and max(map(len, names)) > _MAX_ENV_VAR_NAME_LENGTH:
            return False
        if not all(map(_is_user_env_var_name, names)):
            return False
    except (KeyError, TypeError):  # no mapping, or without a name, or its name is no text
        return False
    for variable in env:
        if "valueFrom" in variable and not _is_env_source_trivial(variable):
            return False
    return True


def _is_env_source_trivial(variable: Mapping[str, Any]) -> bool:
    source = variable["valueFrom"]
    if type(source) is not dict or len(source) != 1 or "value" in variable:
        return False
    reference = source.get("secretKeyRef") or source.get("configMapKeyRef")
    if type(reference) is not dict:
        return False
    name, key = reference.get("name"), reference.get("key")
    if type(name) is not str or type(key) is not str:
        return False
    return is_subdomain(name) and is_config_map_key(key)


@lru_cache(maxsize=4096)
def _is_user_env_var_name(name: str) -> bool:
    """Return whether a variable of this name is nobody's but the author's."""
    return is_strict_env_var_name(name) and not name.startswith(_SELDON_ENV_PREFIXES)


def _is_env_from_trivial(sources: Any) -> bool:
    if type(sources) is not list:
        return False
    for source in sources:
        if type(source) is not dict or len(source) != 1:
            return False
        reference = source.get("secretRef") or source.get("configMapRef")
        if type(reference) is not dict:
            return False
        name = reference.get("name")
        if type(name) is not str or not is_subdomain(name):
            return False
    return True


def _are_resources_trivial(resources: Any) -> bool:
    if type(resources) is not dict or "claims" in resources:
        return False
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    if type(limits) is not dict or type(requests) is not dict:
        return False
    for name in limits | requests:
        if name not in _MIN_AMOUNTS:
            return False
        # What stands on one side only is compared with itself.
        limit = limits[name] if name in limits else requests[name]
        request = requests.get(name, limit)
        if (
            type(limit) is type(request) is str
            and len(limit) + len(request) <= _MAX_CACHED_PAIR_LENGTH
        ):
            if not _is_resource_pair_trivial(name, request, limit):
                return False
        elif not _is_resource_pair_trivial.__wrapped__(name, request, limit):
            return False
    return True


@lru_cache(maxsize=1024)
def _is_resource_pair_trivial(name: str, request: Any, limit: Any) -> bool:
    """Return whether both are amounts, not too small, and the request not over the limit."""
    request_amount, limit_amount = parse_quantity(request), parse_quantity(limit)
    return (
        request_amount is not None
        and limit_amount is not None
        and _MIN_AMOUNTS[name] <= request_amount <= limit_amount
    )


def _are_volume_mounts_trivial(mounts: Any) -> bool:
    if type(mounts) is not list:
        return False
    paths = set()
    for mount in mounts:
        if type(mount) is not dict or not mount.keys() <= _TRIVIAL_MOUNT_FIELDS:
            return False
        path = mount.get("mountPath")
        if type(path) is not str or not path or path in paths:
            return False
        paths.add(path)
    return True


_TRIVIALITY_CHECKS: Mapping[Part, Callable[[Any], bool]] = {
    "ports": _are_ports_trivial,
    "env": _is_env_trivial,
    "envFrom": _is_env_from_trivial,
    "resources": _are_resources_trivial,
    "volumeMounts": _are_volume_mounts_trivial,
}


def group_by_part(containers: Iterable[Container]) -> Mapping[str, tuple[Container, ...]]:
    """Return, for each part, the containers in which it needs a closer look."""
    by_part: dict[str, list[Container]] = {}
    for container in containers:
        for part in non_trivial_parts(container.raw):
            by_part.setdefault(part, []).append(container)
    return {part: tuple(by_part[part]) for part in by_part} if by_part else _NO_CONTAINERS


_NO_CONTAINERS: Mapping[str, tuple[Container, ...]] = {}
