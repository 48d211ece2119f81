"""Windows pod with a Linux user

Why: Seldon's operator sets a user id and allowPrivilegeEscalation on its orchestrator, and the
default user id on a pod without a securityContext. The API server refuses both in a Windows pod.
graphgate's reconciler omits them.

Fix: Annotate the predictor with seldon.io/no-engine: "true" and give the pod an empty
securityContext, or reconcile the object with graphgate.

Bad:
    componentSpecs:
    - spec:
        os:
          name: windows
        containers:
        - name: classifier
          image: registry.example/classifier:1

Good:
    annotations:
      seldon.io/no-engine: "true"
    componentSpecs:
    - spec:
        os:
          name: windows
        securityContext: {}
        containers:
        - name: classifier
          image: registry.example/classifier:1
"""

from collections.abc import Iterator

from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import (
    ComponentSpec,
    Predictor,
    SeldonDeployment,
    get_mapping,
    get_str,
)
from webhook.rules.pod._seldon_orchestrator import holds_orchestrator

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"os"})


def check(
    pod: ComponentSpec, predictor: Predictor, deployment: SeldonDeployment, facts: Facts
) -> Iterator[Finding]:
    """Yield each Windows pod in which Seldon's operator sets a user.

    Sources: createExecutorContainer (seldondeployment_engine.go), security.go, v1.17.1;
    ValidateOS of the API server.
    """
    spec = pod.pod
    if facts.operator == "graphgate" or get_str(get_mapping(spec, "os"), "name") != "windows":
        return
    gets_user = type(spec.get("securityContext")) is not dict
    if gets_user or holds_orchestrator(pod, predictor, deployment):
        yield Finding(
            pod.path.join(("spec", "os", "name")),
            "Seldon's operator sets a user id in this pod, which is not allowed in a Windows pod",
        )
