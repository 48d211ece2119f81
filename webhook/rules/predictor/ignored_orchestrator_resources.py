"""The orchestrator's resources are in a field that nobody reads

Why: engineResources was replaced by svcOrchSpec.resources. The orchestrator gets its default
resources, whatever engineResources says.

Fix: Move them to svcOrchSpec.resources.

Bad:
    engineResources:
      requests:
        cpu: "2"

Good:
    svcOrchSpec:
      resources:
        requests:
          cpu: "2"
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding, Operation
from webhook.graph.model import SeldonDeployment

ACTION = "warn"
SINCE = "0.1.0"
TRIGGERS = frozenset({"engineResources"})


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each engineResources that says something (source: seldon-checks G39)."""
    for predictor in deployment.predictors:
        if not predictor.raw.get("engineResources"):
            continue
        path = predictor.path / "engineResources"
        if type(predictor.raw["engineResources"]) is not dict:
            continue
        new = predictor.path / "svcOrchSpec"
        orchestrator_spec = predictor.raw.get("svcOrchSpec")
        fix: tuple[Operation, ...] = ()
        move: Operation = {"op": "move", "from": path.pointer, "path": (new / "resources").pointer}
        if orchestrator_spec is None:
            fix = ({"op": "add", "path": new.pointer, "value": {}}, move)
        elif type(orchestrator_spec) is dict and not orchestrator_spec.get("resources"):
            fix = (move,)
        yield Finding(path, "engineResources is read by nobody", fix=fix, fix_safety="safe")
