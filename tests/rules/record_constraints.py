"""Writes into constraints.json what a real API server says of the constraint cases.

    python -m tests.rules.record_constraints

Each pod is sent as the template of a Deployment, then as the pod that a ReplicaSet makes of it, and
each metric in an autoscaler, and each kedaSpec in a ScaledObject and, as KEDA hands it on, in an
autoscaler, all as dry runs. An answer is "" or the API server's words. Run it after
adding a case, and for a new version of Kubernetes; starts the control plane of the cluster tests.
"""

import json
import os
from pathlib import Path
from typing import Any

from tests.rules.constraint_cases import Case, cases
from tests.soundness.server import install_definitions
from tools.control_plane.build import provide_binaries
from tools.control_plane.definitions import provide_definitions
from tools.control_plane.run import ControlPlane

ANSWERS = Path(__file__).with_name("constraints.json")
_MAX_ANSWER_LENGTH = 200
_LABELS = {"app": "iris"}
_SCALED_OBJECTS = "/apis/keda.sh/v1alpha1/namespaces/default/scaledobjects"


def requests_for(case: Case) -> list[tuple[str, dict[str, Any]]]:
    """Return the objects that a case stands for, each with the path to create it at."""
    if case.kind == "metric":
        return [_autoscaler(metrics=[case.value])]
    if case.kind == "keda":
        config = case.value.get("advanced", {}).get("horizontalPodAutoscalerConfig", {})
        return [
            (_SCALED_OBJECTS, _scaled_object(case.value)),
            _autoscaler(config.get("name", "case"), behavior=config.get("behavior")),
        ]
    metadata = {"annotations": case.annotations or {}, "labels": _LABELS}
    template = {"metadata": metadata, "spec": case.value}
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "case"},
        "spec": {"selector": {"matchLabels": _LABELS}, "template": template},
    }
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {**metadata, "name": "case"},
        "spec": case.value,
    }
    return [
        ("/apis/apps/v1/namespaces/default/deployments", deployment),
        ("/api/v1/namespaces/default/pods", pod),
    ]


def _autoscaler(name: str = "case", **fields: Any) -> tuple[str, dict[str, Any]]:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "a"}
    body = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": name},
        "spec": {"scaleTargetRef": target, "maxReplicas": 2, **fields},
    }
    return "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers", body


def _scaled_object(spec: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": {"name": "case"},
        "spec": {"scaleTargetRef": {"name": "a"}, **spec},
    }


def record_answers() -> None:
    """Ask for every case and write the answers."""
    binaries = {binary.tool.name: binary.path for binary in provide_binaries(os.environ, print)}
    answers = {}
    definition = provide_definitions(os.environ, print)["ScaledObject"]
    with ControlPlane.start(binaries, controllers=False) as plane:
        install_definitions(plane, definition)
        for name in ("default", "a"):
            account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}}
            plane.request("POST", "/api/v1/namespaces/default/serviceaccounts", account)
        for case in cases():
            answers[case.name] = [
                _answer(plane.request("POST", f"{path}?dryRun=All", body))
                for path, body in requests_for(case)
            ]
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(said)}" for name, said in answers.items())
    ANSWERS.write_text(f"{{\n{lines}\n}}\n")


def _answer(response: Any) -> str:
    if response.status < 300:
        return ""
    message: str = response.body["message"]
    return message[:_MAX_ANSWER_LENGTH]


if __name__ == "__main__":
    record_answers()
