"""Changes that a schema does not tell of.

Names that are injected, templates that were not filled in, images, ports by name, metrics,
annotations that Kubernetes reads, sizes.
"""

from copy import deepcopy
from random import Random
from typing import Any

from tests.soundness.mutate import Change, all_locations
from tools.soundness.injecting import append_item, mappings

_INJECTED_NAMES = (
    *("seldon-container-engine", "seldon-podinfo", "podinfo", "tfserving", "istio-proxy"),
    *("model-initializer", "model-provision-location", "classifier-model-initializer"),
    *("classifier-provision-location", "http", "grpc", "metrics", "executor", "engine", "rest"),
)
_INJECTED_PORTS = (5000, 5001, 6000, 6001, 7000, 8000, 8080, 8082, 8888, 9000, 9500, 5005)
_INJECTED_VARIABLES = (
    *("PREDICTIVE_UNIT_SERVICE_PORT", "PREDICTIVE_UNIT_HTTP_SERVICE_PORT", "PREDICTOR_ID"),
    *("SELDON_DEPLOYMENT_ID", "PREDICTIVE_UNIT_PARAMETERS", "ENGINE_PREDICTOR", "KAFKA_BROKER"),
)
_INJECTED_PATHS = ("/etc/podinfo", "/mnt/models", "/mnt", "/etc", "/")
_TEMPLATES = ("${X}", "{{ .Values.x }}", "<% x %>", "<x>", "$(X)", "%X%", "@x@", "#{x}")
_IMAGES = (
    *(
        "r/MyTeam/X:1",
        "https://r/x:1",
        "image:model:latest",
        "a b",
        " a:1",
        "a:1 ",
        "A",
        "a:",
        ":1",
    ),
    *("a@sha256:", "a@sha256:" + "0" * 64, "a:1@sha256:" + "0" * 64, "r.example:5000/a", "a/b/c:1"),
    *("a" * 256, "a:" + "b" * 128, "a:" + "b" * 129, "a//b", "a/", "-a", "a_b", "a__b", "a..b"),
    *("r.example:99999/a", "r.example:x/a", "localhost/a", "[::1]:5000/a", "", "a:-1", "a\n"),
)
_PORT_NAMES = (
    "http",
    "grpc",
    "metrics",
    "rest",
    "HTTP",
    "http-web",
    "9000",
    "a" * 15,
    "a" * 16,
    "",
)
_PORTS = (*_PORT_NAMES, *_INJECTED_PORTS, 0, 65_535, 65_536, -1, "80%")
_ANNOTATIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("controller.kubernetes.io/pod-deletion-cost", ("1", "-1", "x", "", "01", "+1", "2147483648")),
    (
        "seccomp.security.alpha.kubernetes.io/pod",
        ("runtime/default", "unconfined", "localhost/a", "localhost/../a", "localhost/", "x", ""),
    ),
    (
        "container.seccomp.security.alpha.kubernetes.io/{}",
        ("runtime/default", "docker/default", "unconfined", "localhost/a", "../x", "x", ""),
    ),
    (
        "container.apparmor.security.beta.kubernetes.io/{}",
        ("runtime/default", "unconfined", "localhost/a", "localhost/", "x", ""),
    ),
    (
        "scheduler.alpha.kubernetes.io/tolerations",
        ("[]", "{}", "x", "", '[{"key":"a"}]', '[{"key":"a b"}]', '[{"operator":"x"}]', "[1]"),
    ),
    ("scheduler.alpha.kubernetes.io/affinity", ("{}", "x", "")),
    ("kubernetes.io/config.mirror", ("x", "")),
    ("kubernetes.io/config.source", ("api", "file")),
    ("kubernetes.io/psp", ("x",)),
    ("kubernetes.io/limit-ranger", ("x",)),
    ("kubectl.kubernetes.io/default-container", ("x", "")),
    ("pod.beta.kubernetes.io/init-containers", ("[]", "x")),
    ("security.alpha.kubernetes.io/sysctls", ("a=b", "x")),
    ("cluster-autoscaler.kubernetes.io/safe-to-evict", ("true", "x")),
    ("deployment.kubernetes.io/revision", ("1", "x")),
    ("service.beta.kubernetes.io/load-balancer-source-ranges", ("10.0.0.0/8", "x", "")),
    ("service.kubernetes.io/topology-mode", ("Auto", "x")),
    ("service.kubernetes.io/topology-aware-hints", ("Auto", "")),
    ("seldon.io/headless-svc", ("true", "false", "x")),
    ("seldon.io/svc-name", ("a", "A", "a.b", "a" * 64, "1a", "")),
    ("seldon.io/engine-separate-pod", ("true", "false")),
    ("seldon.io/no-engine", ("true", "True")),
    ("seldon.io/istio-gateway", ("a/b", "x y", "istio-system/gateway", "gateways/public")),
    ("seldon.io/istio-host", ("a.example", "A.example", "-a.example", "a" * 64, "*.a", "*", "")),
    ("seldon.io/istio-retries", ("3", "0", "-1", "2147483648", "x")),
    ("seldon.io/istio-retries-timeout", ("2", "0", "-1", "9999999999", "x")),
    ("seldon.io/rest-timeout", ("1", "x", "")),
    ("prometheus.io/port", ("x", "9000")),
)


def injected_name(document: dict[str, Any], random: Random) -> bool:
    """Call a container, volume, port, node or predictor as something that is added later."""
    named = [p for p in all_locations(document) if p.key == "name" and type(p.value) is str]
    if not named:
        return False
    location = random.choice(named)
    new = random.choice(_INJECTED_NAMES)
    if random.random() < 0.6:
        for other in named:
            if other.value == location.value and other is not location:
                other.container[other.key] = new
    location.container[location.key] = new
    return True


def injected_port(document: dict[str, Any], random: Random) -> bool:
    """Write ports that are injected, or names of ports, into a container."""
    container = _container(document, random)
    if container is None:
        return False
    for _ in range(random.choice((1, 1, 2))):
        port: dict[str, Any] = {"containerPort": random.choice(_INJECTED_PORTS)}
        if random.random() < 0.5:
            port["name"] = random.choice(_PORT_NAMES)
        if random.random() < 0.2:
            port["protocol"] = random.choice(("TCP", "UDP", "SCTP"))
        if random.random() < 0.2:
            port["hostPort"] = random.choice((port["containerPort"], 80, 0))
        append_item(container, "ports", port)
    return True


def injected_variable(document: dict[str, Any], random: Random) -> bool:
    """Write a variable that is injected, or read one."""
    container = _container(document, random)
    if container is None:
        return False
    name = random.choice(_INJECTED_VARIABLES)
    entry: dict[str, Any] = {"name": random.choice((name, "A"))}
    entry["value"] = random.choice(("x", f"$({name})", "", "[]"))
    append_item(container, "env", entry)
    return True


def injected_mount(document: dict[str, Any], random: Random) -> bool:
    """Mount a volume where something is mounted already."""
    pod = _pod(document, random)
    if pod is None or not (containers := mappings(pod, "containers")):
        return False
    name = random.choice(("extra", *_INJECTED_NAMES))
    if random.random() < 0.8:
        append_item(pod, "volumes", {"name": name, "emptyDir": {}})
    mount = {"name": name, "mountPath": random.choice(_INJECTED_PATHS)}
    append_item(random.choice(containers), "volumeMounts", mount)
    return True


def template(document: dict[str, Any], random: Random) -> bool:
    """Leave a template in place of a text."""
    found = [p for p in all_locations(document) if type(p.value) is str and len(p.path) > 1]
    if not found:
        return False
    location = random.choice(found)
    text = random.choice(_TEMPLATES)
    location.container[location.key] = random.choice((text, location.value + text))
    return True


def image(document: dict[str, Any], random: Random) -> bool:
    """Write an odd image."""
    places = [
        p
        for p in all_locations(document)
        if p.key in ("image", "storageInitializerImage", "reference")
    ]
    if not places or random.random() < 0.3:
        container = _container(document, random)
        if container is None:
            return False
        container["image"] = random.choice(_IMAGES)
    else:
        location = random.choice(places)
        location.container[location.key] = random.choice(_IMAGES)
    return True


def port_reference(document: dict[str, Any], random: Random) -> bool:
    """Let a probe or hook call a port, by name or number."""
    container = _container(document, random)
    if container is None:
        return False
    port = random.choice(_PORTS)
    handler: dict[str, Any] = random.choice(
        ({"tcpSocket": {"port": port}}, {"httpGet": {"port": port}}, {"grpc": {"port": port}})
    )
    if random.random() < 0.75:
        probes = ("readinessProbe", "livenessProbe", "startupProbe")
        container[random.choice(probes)] = handler
    elif type(container.setdefault("lifecycle", {})) is dict and "grpc" not in handler:
        container["lifecycle"][random.choice(("preStop", "postStart"))] = handler
    return True


def annotation(document: dict[str, Any], random: Random) -> bool:
    """Write an annotation that Kubernetes or Seldon reads, for the pods or the object."""
    predictor = _predictor(document, random)
    if predictor is None:
        return False
    key, values = random.choice(_ANNOTATIONS)
    names = [
        *(c["name"] for c in _containers(predictor) if type(c.get("name")) is str),
        *("seldon-container-engine", "nobody", "classifier"),
    ]
    components = mappings(predictor, "componentSpecs")
    holders = [document.get("metadata"), document.get("spec"), predictor]
    holders += [c.setdefault("metadata", {}) for c in components]
    holder = random.choice([h for h in holders if type(h) is dict])
    if type(holder.setdefault("annotations", {})) is not dict:
        return False
    holder["annotations"][key.format(random.choice(names))] = random.choice(values)
    return True


def size(document: dict[str, Any], random: Random) -> bool:
    """Make a name long, or the metadata large."""
    named = [
        p
        for p in all_locations(document)
        if p.key in ("name", "generateName") and type(p.value) is str
    ]
    if named and random.random() < 0.7:
        location = random.choice(named)
        length = random.choice((15, 16, 30, 45, 50, 52, 55, 57, 58, 60, 61, 63, 64, 100, 253))
        old, new = location.value, ("a" * length)
        for other in named:
            if other.value == old:
                other.container[other.key] = new
        return True
    predictor = _predictor(document, random)
    holders = [document.get("metadata"), document.get("spec"), predictor]
    holder = random.choice([h for h in holders if type(h) is dict])
    length = random.choice((250_000, 262_000, 262_140, 262_145, 300_000))
    if type(holder.setdefault("annotations", {})) is dict:
        holder["annotations"]["a"] = "b" * length
    return True


def sidecar(document: dict[str, Any], random: Random) -> bool:
    """Add a container or an init container, perhaps with a name or port that is there."""
    pod = _pod(document, random)
    if pod is None:
        return False
    names = [c["name"] for c in mappings(pod, "containers") if type(c.get("name")) is str]
    added: dict[str, Any] = {
        "name": random.choice(("extra", *names)),
        "image": "registry.example/extra:1",
    }
    if random.random() < 0.5:
        added["ports"] = [{"containerPort": random.choice(_INJECTED_PORTS)}]
    if random.random() < 0.3:
        amount = random.choice(("1", "100m", "4Gi"))
        added["resources"] = {"requests": {"cpu": amount}, "limits": {"memory": "1Gi"}}
    append_item(pod, random.choice(("containers", "initContainers")), added)
    return True


def twin(document: dict[str, Any], random: Random) -> bool:
    """Add a second predictor, a copy or nearly one."""
    spec = document.get("spec")
    predictor = _predictor(document, random)
    if predictor is None or type(spec) is not dict or "traffic" in predictor:
        return False
    copy = deepcopy(predictor)
    copy["name"] = random.choice(("second", predictor.get("name"), "main", "a" * 40))
    share = random.choice((0, 50, 90))
    predictor["traffic"], copy["traffic"] = share, 100 - share
    spec["predictors"].append(copy)
    return True


def _predictor(document: dict[str, Any], random: Random) -> dict[str, Any] | None:
    found = mappings(document.get("spec"), "predictors")
    return random.choice(found) if found else None


def _pod(document: dict[str, Any], random: Random) -> dict[str, Any] | None:
    predictor = _predictor(document, random)
    components = mappings(predictor, "componentSpecs")
    pods = [c["spec"] for c in components if type(c.get("spec")) is dict]
    return random.choice(pods) if pods else None


def _containers(predictor: dict[str, Any] | None) -> list[dict[str, Any]]:
    return [
        container
        for component in mappings(predictor, "componentSpecs")
        for field in ("containers", "initContainers")
        for container in mappings(component.get("spec"), field)
    ]


def _container(document: dict[str, Any], random: Random) -> dict[str, Any] | None:
    predictor = _predictor(document, random)
    found = _containers(predictor)
    explainer = (predictor or {}).get("explainer")
    if type(explainer) is dict and random.random() < 0.5:
        inner = explainer.setdefault("containerSpec", {})
        return inner if type(inner) is dict else None
    return random.choice(found) if found else None


KINDS: dict[str, Change] = {
    change.__name__.replace("_", "-"): change
    for change in (
        *(injected_name, injected_port, injected_variable, injected_mount, template, image),
        *(port_reference, annotation, size, sidecar, twin),
    )
}
"""Every kind of change here, by name."""
