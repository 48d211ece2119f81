"""What attacks do through a real API server: to the reconciler, and to a webhook with policies.

A control plane of its own (etcd and kube-apiserver, on loopback) holds what an author could store.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from functools import partial
from typing import Any

import yaml

from tests.documents_of import minimal
from tools.attack.confined import MEBIBYTE, ROOT, Confined, chart_limit, confined
from tools.attack.families import container, deployment, pod, predictor
from tools.attack.result import Result
from tools.attack.webhook import Victim, is_ready, result, serving
from tools.control_plane.binaries import choose_binaries
from tools.control_plane.run import ControlPlane

SECONDS = 120.0
"""After which what was to happen is said not to have happened."""

_MEASURED_SECONDS = 5.0

_DEPLOYMENTS = "/apis/machinelearning.seldon.io/v1/namespaces/default/seldondeployments"
_DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_SERVICES = "/api/v1/namespaces/default/services"
_CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
_POLICIES = "/apis/admissionregistration.k8s.io/v1"
_LABELS = {"graphgate.io/policy": "true"}
_CONFIG_MAP_COUNT, _CONFIG_MAP_KEYS = 100, (20_000, 5000)
"""Of both sizes as many: one is left out for itself, the other for what there is in all."""


def attack(chosen: Sequence[str]) -> list[Result]:
    """Return a line for each attack; one that says so if there is no control plane."""
    chosen_binaries = {b.tool.name: b for b in choose_binaries(os.environ)}
    if not all(chosen_binaries[name].is_there for name in ("etcd", "kube-apiserver")):
        reason = "not run: no control plane; build it with `make control-plane`"
        return [Result("reconciler and policies", reason, "run", met=False)]
    results: list[Result] = []
    binaries = {name: binary.path for name, binary in chosen_binaries.items()}
    with ControlPlane.start(binaries, controllers=False) as plane:
        definition = ROOT / "manifests" / "crd" / "seldondeployments.yaml"
        assert _create(plane, _DEFINITIONS, yaml.safe_load(definition.read_text())) == 201
        assert _until(lambda: plane.request("GET", _DEPLOYMENTS).status == 200)
        if "reconciler" in chosen:
            results.append(_attack_memory(plane))
            results.append(_attack_names(plane))
        if "policies" in chosen:
            results.append(_attack_parameters(plane))
    return results


def _until(condition: Callable[[], bool]) -> bool:
    """Wait until something holds; return whether it came to that."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def _create(plane: ControlPlane, path: str, document: dict[str, Any]) -> int:
    status: int = plane.request("POST", path, document).status
    return status


def _reconciling(plane: ControlPlane) -> AbstractContextManager[Confined]:
    command = [
        *(sys.executable, "-m", "webhook", "reconcile", "--no-leader-elect"),
        *("--health-host", "127.0.0.1", "--health-port", "0"),
    ]
    return confined(command, chart_limit("reconciler"), plane.env)


def _attack_memory(plane: ControlPlane) -> Result:
    """Ten objects of 133 KB: 20 predictors, each a chain of 95, an unknown field in each node."""
    names = [f"hostile-{number}" for number in range(10)]
    for name in names:
        assert _create(plane, _DEPLOYMENTS, _chains(name)) == 201
    small = minimal(lambda d: d["metadata"].update(name="small", namespace="default"))
    assert _create(plane, _DEPLOYMENTS, small) == 201
    peaks = []
    done = True
    for _ in range(2):  # and again after a restart
        with _reconciling(plane) as process:
            process.wait_for_event("reconciling")
            done &= _until(lambda: not process.is_alive or _all_told(plane, [*names, "small"]))
            peaks.append(process.peak_mib())
        for name in [*names, "small"]:
            _touch(plane, name)
    limit = chart_limit("reconciler") / MEBIBYTE
    alive = "each said what is wrong with it" if done else "**not all were looked at**"
    worst = f"peak {peaks[0]:.0f} MiB, after a restart {peaks[1]:.0f} MiB; {alive}"
    met = done and max(peaks) < limit
    return Result("reconciler: ten stored objects of 133 KB", worst, f"{limit:.0f} MiB", met)


def _touch(plane: ControlPlane, name: str) -> None:
    """Change an object, so that it has not been looked at as it is."""
    document = plane.request("GET", f"{_DEPLOYMENTS}/{name}").body
    document["spec"]["name"] = "again"
    assert plane.request("PUT", f"{_DEPLOYMENTS}/{name}", document).status == 200


def _chains(name: str) -> dict[str, Any]:
    def chain() -> dict[str, Any]:
        node: dict[str, Any] = {"name": "c", "modeluri": "gs://a/b"}
        for _ in range(94):
            node = {"name": "c", "modeluri": "gs://a/b", "children": [node]}
        return node

    document = deployment(*(predictor(name=f"p{n}", graph=chain()) for n in range(20)))
    document["metadata"] = {"name": name}
    return document


def _all_told(plane: ControlPlane, names: list[str]) -> bool:
    answers = [plane.request("GET", f"{_DEPLOYMENTS}/{name}").body for name in names]
    return all(
        answer.get("status", {}).get("observedGeneration") == answer["metadata"]["generation"]
        for answer in answers
    )


def _attack_names(plane: ControlPlane) -> Result:
    """Make Services of the names that are about to be made, while the reconciler makes them."""
    count = 60
    containers = [f"c{number}" for number in range(count)]
    victim = deployment(
        predictor(
            graph={"name": "c0", "children": [{"name": name} for name in containers[1:]]},
            componentSpecs=[pod(containers=[container(name)]) for name in containers],
        )
    )
    victim["metadata"] = {"name": "raced"}
    foreign: dict[str, Any] = {}
    with _reconciling(plane) as process:
        process.wait_for_event("reconciling")
        assert _create(plane, _DEPLOYMENTS, victim) == 201
        for name in _names_in_reverse(plane, containers):
            document = {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": {"name": name},
                "spec": {"ports": [{"port": 80}]},
            }
            answer = plane.request("POST", _SERVICES, document)
            if answer.status == 201:
                foreign[name] = answer.body["metadata"]["uid"]
        has_reported = _until(lambda: not process.is_alive or _all_told(plane, ["raced"]))
        taken = [name for name, uid in foreign.items() if not _is_untouched(plane, name, uid)]
        met = has_reported and bool(foreign) and not taken and process.is_alive
    worst = f"{len(taken)} of {len(foreign)} foreign Services taken over"
    return Result("reconciler: foreign Services between its look and its write", worst, "0", met)


def _names_in_reverse(plane: ControlPlane, containers: list[str]) -> Iterator[str]:
    """Yield the names that come last, once the first one is there: the looks are over then."""
    _until(lambda: plane.request("GET", f"{_SERVICES}/raced-main-{containers[0]}").status == 200)
    yield from (f"raced-main-{name}" for name in reversed(containers[1:]))


def _is_untouched(plane: ControlPlane, name: str, uid: str) -> bool:
    answer = plane.request("GET", f"{_SERVICES}/{name}")
    if answer.status != 200 or answer.body["metadata"]["uid"] != uid:
        return False
    metadata = answer.body["metadata"]
    managers = {entry["manager"] for entry in metadata.get("managedFields", ())}
    return "ownerReferences" not in metadata and not any("graphgate" in one for one in managers)


def _exists(plane: ControlPlane, document: dict[str, Any]) -> bool:
    """Create a ConfigMap that takes the API server seconds; return whether it is there now."""
    with suppress(TimeoutError):
        return _create(plane, _CONFIG_MAPS, document) in (201, 409)
    return False


def _attack_parameters(plane: ControlPlane) -> Result:
    """Label ConfigMaps of many keys, all of them chosen by a binding."""
    policy = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": "flooded", "labels": _LABELS},
        "spec": {
            "paramKind": {"apiVersion": "v1", "kind": "ConfigMap"},
            "matchConstraints": {
                "resourceRules": [
                    {
                        "apiGroups": ["machinelearning.seldon.io"],
                        "apiVersions": ["*"],
                        "operations": ["CREATE", "UPDATE"],
                        "resources": ["seldondeployments"],
                    }
                ]
            },
            "validations": [{"expression": "size(params.data) >= 0"}],
        },
    }
    binding = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": "flooded", "labels": _LABELS},
        "spec": {
            "policyName": "flooded",
            "validationActions": ["Deny"],
            "paramRef": {"selector": {}, "parameterNotFoundAction": "Allow"},
        },
    }
    assert _create(plane, f"{_POLICIES}/validatingadmissionpolicies", policy) == 201
    assert _create(plane, f"{_POLICIES}/validatingadmissionpolicybindings", binding) == 201
    for number in range(_CONFIG_MAP_COUNT):
        # Short, so that as many as possible fit into what etcd takes, beside their managedFields.
        data = {f"{key:x}": "" for key in range(_CONFIG_MAP_KEYS[number % 2])}
        metadata = {"name": f"flood-{number}", "labels": _LABELS}
        document = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
        assert _until(partial(_exists, plane, document))
    with serving("--cluster-policies-selector", env=plane.env) as (target, process):
        ready = _until(lambda: is_ready(target))
        before = process.waited_for_processor()
        with Victim(target) as victim:
            time.sleep(_MEASURED_SECONDS)
        waited = (process.waited_for_processor() - before) / _MEASURED_SECONDS
        assert ready, "the webhook was never ready"
        return result(
            f"{_CONFIG_MAP_COUNT} labelled ConfigMaps of {_CONFIG_MAP_KEYS[1]:,} and "
            f"{_CONFIG_MAP_KEYS[0]:,} keys, all bound",
            victim,
            process,
            waited,
        )
