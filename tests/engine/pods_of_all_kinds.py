"""Documents whose pods keep, or depart from, the Pod Security Standards in every way we know of."""

import json
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from tests.documents_of import minimal
from tests.soundness import bases
from tests.soundness.judging import FACTS
from webhook.engine.evaluate import evaluate
from webhook.settings.model import Settings, read_settings

STANDARDS = (
    ("baseline", "latest"),
    ("baseline", "v1.33"),  # nothing about probes yet
    ("restricted", "latest"),
    ("restricted", "v1.24"),  # nothing that spares Windows yet
)
DRAWN = 600
SEED = 2026


def enforcing_settings(**keys: Any) -> Settings:
    """Settings in the mode `enforce`."""
    section = {"podSecurity": {"mode": "enforce"}, **keys}
    document = {"apiVersion": "graphgate.io/v1alpha1", "kind": "Settings", **section}
    return read_settings(document, allow_root_default=True)


PROFILES = {"default": enforcing_settings(), "hardened": enforcing_settings(profile="hardened")}
CHOICES = {
    **PROFILES,
    "image's user": enforcing_settings(profile="hardened", defaults={"runAsUser": None}),
    "root": enforcing_settings(defaults={"runAsUser": 0}),
    "containers": enforcing_settings(profile="hardened", defaults={"scope": "container"}),
}


# --- documents

SERVER = {"name": "classifier", "implementation": "SKLEARN_SERVER", "modelUri": "gs://models/iris"}
EXPLAINER: dict[str, Any] = {"type": "AnchorTabular", "modelUri": "gs://models/explainer"}
OPT_OUT = {"graphgate.io/security-defaults": "disabled"}
UNCONFINED = {"container.apparmor.security.beta.kubernetes.io/classifier": "unconfined"}

Change = Callable[[dict[str, Any]], object]


def predictor(**fields: Any) -> Change:
    return lambda document: document["spec"]["predictors"][0].update(fields)


def _spec(document: dict[str, Any]) -> dict[str, Any]:
    """The pod's spec; a shape without one gets a pod that nobody looks at."""
    components = document["spec"]["predictors"][0].get("componentSpecs") or [{}]
    spec: dict[str, Any] = components[0].get("spec", {})
    return spec


def pod(**fields: Any) -> Change:
    return lambda document: _spec(document).update(fields)


def pod_context(**fields: Any) -> Change:
    return lambda document: _spec(document).setdefault("securityContext", {}).update(fields)


def container(**fields: Any) -> Change:
    def change(document: dict[str, Any]) -> None:
        for each in _spec(document).get("containers", ()):
            each.update(deepcopy(fields))

    return change


def container_context(**fields: Any) -> Change:
    def change(document: dict[str, Any]) -> None:
        for each in _spec(document).get("containers", ()):
            each.setdefault("securityContext", {}).update(deepcopy(fields))

    return change


def explainer_context(**fields: Any) -> Change:
    written = {"name": "explainer", "image": "registry.example/e:1", "securityContext": fields}
    return predictor(explainer={**EXPLAINER, "containerSpec": written})


def annotated_spec(document: dict[str, Any]) -> None:
    document["spec"]["annotations"] = dict(UNCONFINED)


def opted_out(document: dict[str, Any]) -> None:
    document["metadata"]["annotations"] = dict(OPT_OUT)


def separate_orchestrator(document: dict[str, Any]) -> None:
    document["spec"].setdefault("annotations", {})["seldon.io/engine-separate-pod"] = "true"


def init(document: dict[str, Any]) -> None:
    _spec(document)["initContainers"] = [{"name": "first", "image": "registry.example/first:1"}]


def sysctl(name: str, value: str) -> Change:
    return pod_context(sysctls=[{"name": name, "value": value}])


def volume(**source: Any) -> Change:
    return pod(volumes=[{"name": "more", **source}])


SHAPES: tuple[Change, ...] = (
    lambda document: None,
    init,
    separate_orchestrator,
    predictor(explainer=EXPLAINER),
    predictor(graph=SERVER),
    predictor(graph=SERVER, componentSpecs=[]),
    predictor(graph={**SERVER, "implementation": "TENSORFLOW_SERVER"}, componentSpecs=[]),
    predictor(
        graph=SERVER,
        componentSpecs=[
            {"spec": {"containers": [{"name": "other", "image": "registry.example/o:1"}]}}
        ],
    ),
)
"""Pods that an author wrote, wrote in part, or did not write."""

PLAIN_HTTP = {"path": "/live", "port": 9000}

CHANGES: tuple[Change, ...] = (
    pod_context(runAsUser=1000),
    pod_context(runAsUser=1000, runAsNonRoot=True),
    pod_context(runAsUser=0),
    pod_context(runAsNonRoot=False),
    pod_context(runAsNonRoot=True),
    pod_context(seccompProfile={"type": "RuntimeDefault"}),
    pod_context(seccompProfile={"type": "Unconfined"}),
    pod_context(seccompProfile={"type": "Localhost", "localhostProfile": "a.json"}),
    pod_context(appArmorProfile={"type": "Unconfined"}),
    pod_context(appArmorProfile={"type": "RuntimeDefault"}),
    pod_context(seLinuxOptions={"type": "container_engine_t"}),
    pod_context(seLinuxOptions={"type": "spc_t", "user": "u", "role": "r"}),
    pod_context(fsGroup=2000, supplementalGroups=[5]),
    sysctl("net.ipv4.tcp_rmem", "4096 131072 6291456"),
    sysctl("net.ipv4.tcp_slow_start_after_idle", "0"),
    sysctl("net.ipv4.ip_local_reserved_ports", "80"),
    sysctl("kernel.msgmax", "65536"),
    pod(hostNetwork=True),
    pod(hostPID=True),
    pod(hostIPC=True),
    pod(hostUsers=False),
    volume(hostPath={"path": "/"}),
    volume(nfs={"server": "files.example.com", "path": "/"}),
    volume(emptyDir={}),
    volume(),
    volume(projected={"sources": []}),
    container(livenessProbe={"httpGet": {**PLAIN_HTTP, "host": "127.0.0.1"}}),
    container(livenessProbe={"httpGet": PLAIN_HTTP}),
    container(lifecycle={"preStop": {"tcpSocket": {"port": 9000, "host": "h.example.com"}}}),
    container(ports=[{"name": "http", "containerPort": 9000, "hostPort": 9000}]),
    container_context(privileged=True),
    container_context(allowPrivilegeEscalation=True),
    container_context(allowPrivilegeEscalation=False),
    container_context(capabilities={"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]}),
    container_context(capabilities={"add": ["SYS_TIME"]}),
    container_context(capabilities={"add": ["CHOWN"]}),
    container_context(capabilities={"drop": ["NET_RAW"]}),
    container_context(runAsUser=0),
    container_context(runAsUser=5, runAsNonRoot=True),
    container_context(runAsNonRoot=False),
    container_context(procMount="Default"),
    container_context(seccompProfile={"type": "RuntimeDefault"}),
    container_context(seLinuxOptions={"level": "s0:c1,c2"}),
    container_context(windowsOptions={"hostProcess": False}),
    explainer_context(),
    explainer_context(privileged=True),
    explainer_context(runAsUser=0),
    explainer_context(runAsNonRoot=False),
    predictor(annotations=UNCONFINED),
    annotated_spec,
    opted_out,
    predictor(annotations=OPT_OUT),
)


@dataclass(frozen=True, slots=True)
class Case:
    """A document, what the operator chose, and the standard of the namespace it goes to."""

    name: str
    document: dict[str, Any]
    choice: str
    standard: tuple[str, str]

    def __str__(self) -> str:
        return f"{self.name} ({self.choice}, {':'.join(self.standard)})"


def example_cases() -> Iterator[Case]:
    """Yield every document of the project that is admitted where nothing is enforced."""
    for name, document in bases.written():
        written = document.get("metadata")
        metadata = written if type(written) is dict else {}
        there = {**document, "metadata": {**metadata, "namespace": "n"}}
        if not evaluate(there, PROFILES["default"], replace(FACTS, namespaces={})).denied:
            yield Case(name, document, "default", ("baseline", "latest"))
            yield Case(name, document, "default", ("restricted", "latest"))
            yield Case(name, document, "hardened", ("restricted", "latest"))


def generated_cases() -> Iterator[Case]:
    """Yield every shape under every choice, every change by itself, and several by lot."""
    for shape in SHAPES:
        for choice in CHOICES:
            for standard in STANDARDS:
                yield changed_case((shape,), choice, standard)
    for change in CHANGES:
        for choice in PROFILES:
            for standard in STANDARDS:
                yield changed_case((change,), choice, standard)
    random = Random(SEED)
    for _ in range(DRAWN):
        changes = random.choice(SHAPES), *random.sample(CHANGES, random.randint(1, 3))
        yield changed_case(changes, random.choice([*CHOICES]), random.choice(STANDARDS))


def changed_case(changes: Sequence[Change], choice: str, standard: tuple[str, str]) -> Case:
    """Return the case of the minimal document with these changes."""
    document = minimal()
    for change in changes:
        change(document)
    return Case(json.dumps(document["spec"]), document, choice, standard)
