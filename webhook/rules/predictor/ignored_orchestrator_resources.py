"""Ignored settings of the orchestrator

Why: engineResources was replaced by svcOrchSpec.resources. It is ignored, and the orchestrator gets
its default resources. svcOrchSpec is ignored where there is no orchestrator (seldon.io/no-engine),
and its replicas unless the orchestrator has its own pod (seldon.io/engine-separate-pod).

Fix: Use svcOrchSpec.resources. Remove what is ignored.

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
from webhook.graph.model import Predictor, SeldonDeployment, get_int, get_mapping
from webhook.rendering.layout import opts_out_of_orchestrator, separates_orchestrator

ACTION = "warn"
SINCE = "0.1.0"
FIELDS = frozenset({"engineResources", "svcOrchSpec"})


def check(predictor: Predictor, deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each setting without effect that is not empty.

    Source: seldon-checks G39; createComponents, createEngineDeployment (v1.17.1).
    """
    written = get_mapping(predictor.raw, "svcOrchSpec")
    path = predictor.path / "svcOrchSpec"
    if written and opts_out_of_orchestrator(predictor):
        yield Finding(path, "svcOrchSpec is ignored: there is no orchestrator", "remove it")
    elif get_int(written, "replicas") is not None and not separates_orchestrator(deployment):
        yield Finding(
            path / "replicas",
            "replicas of svcOrchSpec is ignored: the orchestrator is in the pod of a componentSpec",
            "use replicas of the componentSpec",
        )
    yield from _check_old_resources(predictor)


def _check_old_resources(predictor: Predictor) -> Iterator[Finding]:
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
