"""Writes into pod_templates.json what a real API server says of its cases.

    python -m tests.rules.record_pod_templates

A case is {"name": …, "pod": a pod's spec, "metadata": labels and annotations}; "refused" is the
answer. Each is sent as the template of a Deployment, as a dry run. Run it after adding a case, and
for a new version of Kubernetes; starts the control plane of the cluster tests.
"""

import json
import os
from pathlib import Path
from typing import Any

from tools.control_plane.build import provide_binaries
from tools.control_plane.run import ControlPlane

CASES = Path(__file__).with_name("pod_templates.json")
_DRY_RUN = "/apis/apps/v1/namespaces/default/deployments?dryRun=All"


def build_deployment(case: dict[str, Any]) -> dict[str, Any]:
    """Return a Deployment with the case's pod template."""
    metadata = case.get("metadata", {})
    template = {
        "metadata": {**metadata, "labels": {**metadata.get("labels", {}), "case": "one"}},
        "spec": case["pod"],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "case"},
        "spec": {"selector": {"matchLabels": {"case": "one"}}, "template": template},
    }


def record_answers() -> None:
    """Ask for every case and write the answers."""
    cases = json.loads(CASES.read_text())
    binaries = {binary.tool.name: binary.path for binary in provide_binaries(os.environ, print)}
    with ControlPlane.start(binaries, controllers=False) as plane:
        for case in cases:
            case["refused"] = plane.request("POST", _DRY_RUN, build_deployment(case)).status >= 300
    lines = ",\n".join(json.dumps(case) for case in cases)
    CASES.write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    record_answers()
