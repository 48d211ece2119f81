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

from webhook.graph.kubernetes import (
    NANO,
    amount,
    is_key_of_data,
    is_port_name,
    is_strict_variable,
    is_subdomain,
)
from webhook.graph.model import Container

Part = Literal["ports", "probes", "env", "envFrom", "resources", "volumeMounts", "words", "image"]
"""Parts of a container; words: the fields that take one of a few."""

_SET_BY_SELDON = ("PREDICTI", "PREDICTOR_", "SELDON_", "MLSERVER_")
"""How all names of variables begin that Seldon sets itself (overridden-variable)."""

_NAME = itemgetter("name")

_LONGEST_VARIABLE = 100
"""Characters of a name of a variable that is called usual: longer ones are not remembered."""

_PULL = (None, "Always", "IfNotPresent", "Never")
_MOUNT = frozenset({"name", "mountPath", "readOnly"})
_LEAST = {"cpu": 0, "memory": 2**20 * NANO}
"""The resources that are called usual, and the least that is: below a mebibyte is tiny-memory."""

_LONGEST_PAIR = 40
"""Characters of a request and its limit that are remembered together."""

_LAST_PORT = 65535


def unusual_parts(raw: Mapping[str, Any]) -> list[Part]:
    """Return the parts of one container that need a closer look."""
    found: list[Part] = []
    for part, is_usual in _JUDGES.items():
        if part in raw and not is_usual(raw[part]) and raw[part] is not None:
            found.append(part)
    if "lifecycle" in raw or not _has_usual_probes(raw):
        found.append("probes")
    if "volumeDevices" in raw and "volumeMounts" not in found:
        found.append("volumeMounts")
    image = raw.get("image")
    if type(image) is not str or not image or image != image.strip():
        found.append("image")
    pull = raw.get("imagePullPolicy")
    if (
        pull not in _PULL
        or "terminationMessagePolicy" in raw
        or "restartPolicy" in raw
        or "restartPolicyRules" in raw
        or "resizePolicy" in raw
    ):
        found.append("words")
    return found


def _ports(ports: Any) -> bool:
    if type(ports) is not list:
        return False
    numbers, names = set(), set()
    for port in ports:
        if type(port) is not dict or "hostPort" in port or port.get("protocol", "TCP") != "TCP":
            return False
        number, name = port.get("containerPort"), port.get("name")
        if type(number) is not int or not 0 < number <= _LAST_PORT:
            return False
        if name is not None:
            if type(name) is not str or not is_port_name(name) or name in names:
                return False
            names.add(name)
        if number in numbers:
            return False
        numbers.add(number)
    return True


def _has_usual_probes(raw: Mapping[str, Any]) -> bool:
    return (
        ("livenessProbe" not in raw or _is_usual_probe(raw["livenessProbe"]))
        and ("readinessProbe" not in raw or _is_usual_probe(raw["readinessProbe"]))
        and ("startupProbe" not in raw or _is_usual_probe(raw["startupProbe"]))
    )


def _is_usual_probe(probe: Any) -> bool:
    if type(probe) is not dict:
        return probe is None
    handler = None
    for field, value in probe.items():
        if type(value) is dict:
            if handler is not None or not _is_usual_handler(field, value):
                return False
            handler = field
        elif type(value) is not int or value < 0:
            return False
    if handler is None or "terminationGracePeriodSeconds" in probe:
        return False
    successes: int = probe.get("successThreshold", 1)
    return successes <= 1


def _is_usual_handler(field: str, value: dict[str, Any]) -> bool:
    if field == "httpGet":
        if "httpHeaders" in value or value.get("scheme", "HTTP") not in ("HTTP", "HTTPS"):
            return False
    elif field == "exec":
        return bool(value.get("command"))
    elif field not in ("tcpSocket", "grpc"):
        return False
    port = value.get("port")
    if type(port) is int:
        return 0 < port <= _LAST_PORT
    return type(port) is str and is_port_name(port)


def _env(env: Any) -> bool:
    if type(env) is not list:
        return False
    try:
        names = list(map(_NAME, env))
        if names and max(map(len, names)) > _LONGEST_VARIABLE:
            return False
        if not all(map(_is_plain, names)):
            return False
    except (KeyError, TypeError):  # no mapping, or without a name, or its name is no text
        return False
    for variable in env:
        if "valueFrom" in variable and not _has_usual_source(variable):
            return False
    return True


def _has_usual_source(variable: Mapping[str, Any]) -> bool:
    source = variable["valueFrom"]
    if type(source) is not dict or len(source) != 1 or "value" in variable:
        return False
    reference = source.get("secretKeyRef") or source.get("configMapKeyRef")
    if type(reference) is not dict:
        return False
    name, key = reference.get("name"), reference.get("key")
    if type(name) is not str or type(key) is not str:
        return False
    return is_subdomain(name) and is_key_of_data(key)


@lru_cache(maxsize=4096)
def _is_plain(name: str) -> bool:
    """Tell whether a variable of this name is nobody's but the author's."""
    return is_strict_variable(name) and not name.startswith(_SET_BY_SELDON)


def _env_from(sources: Any) -> bool:
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


def _resources(resources: Any) -> bool:
    if type(resources) is not dict or "claims" in resources:
        return False
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    if type(limits) is not dict or type(requests) is not dict:
        return False
    for name in limits | requests:
        if name not in _LEAST:
            return False
        # What stands on one side only is compared with itself.
        limit = limits[name] if name in limits else requests[name]
        request = requests.get(name, limit)
        if type(limit) is type(request) is str and len(limit) + len(request) <= _LONGEST_PAIR:
            if not _is_usual_pair(name, request, limit):
                return False
        elif not _is_usual_pair.__wrapped__(name, request, limit):
            return False
    return True


@lru_cache(maxsize=1024)
def _is_usual_pair(name: str, request: Any, limit: Any) -> bool:
    """Tell whether both are amounts, not too small, and the request not over the limit."""
    asked, most = amount(request), amount(limit)
    return asked is not None and most is not None and _LEAST[name] <= asked <= most


def _volume_mounts(mounts: Any) -> bool:
    if type(mounts) is not list:
        return False
    paths = set()
    for mount in mounts:
        if type(mount) is not dict or not mount.keys() <= _MOUNT:
            return False
        path = mount.get("mountPath")
        if type(path) is not str or not path or path in paths:
            return False
        paths.add(path)
    return True


_JUDGES: Mapping[Part, Callable[[Any], bool]] = {
    "ports": _ports,
    "env": _env,
    "envFrom": _env_from,
    "resources": _resources,
    "volumeMounts": _volume_mounts,
}


def group(containers: Iterable[Container]) -> Mapping[str, tuple[Container, ...]]:
    """Return, for each part, the containers in which it needs a closer look."""
    found: dict[str, list[Container]] = {}
    for container in containers:
        for part in unusual_parts(container.raw):
            found.setdefault(part, []).append(container)
    return {part: tuple(found[part]) for part in found} if found else _NONE


_NONE: Mapping[str, tuple[Container, ...]] = {}
