"""Ignored engineResources

Why: engineResources was replaced by svcOrchSpec.resources. It is ignored, and the orchestrator gets
its default resources.

Fix: Use svcOrchSpec.resources.

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
from webhook.graph.model import Predictor

ACTION = "warn"
SINCE = "0.1.0"
FIELDS = frozenset({"engineResources"})


def check(predictor: Predictor) -> Iterator[Finding]:
    """Yield each engineResources that is not empty (source: seldon-checks G39)."""
    if not predictor.raw.get("engineResources"):
        return
    path = predictor.path / "engineResources"
    if type(predictor.raw["engineResources"]) is not dict:
        return
    new = predictor.path / "svcOrchSpec"
    orchestrator_spec = predictor.raw.get("svcOrchSpec")
    fix: tuple[Operation, ...] = ()
    move: Operation = {"op": "move", "from": path.pointer, "path": (new / "resources").pointer}
    if orchestrator_spec is None:
        fix = ({"op": "add", "path": new.pointer, "value": {}}, move)
    elif type(orchestrator_spec) is dict and not orchestrator_spec.get("resources"):
        fix = (move,)
    yield Finding(path, "engineResources is ignored", fix=fix, fix_safety="safe")
