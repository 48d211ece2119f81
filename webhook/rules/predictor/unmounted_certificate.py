"""Certificate that the orchestrator does not get

Why: Seldon's operator mounts the certificate of ssl into the pod with the container of the root
node. If the root has no container, as an A/B test, the operator crashes when it reads the object,
again and again, and no other object of the cluster is reconciled. If the orchestrator is in another
pod, which is that of the first componentSpec, it is asked for HTTPS and has no certificate: it
never becomes ready. The same holds if a container of its pod has the variable
SELDON_CERT_MOUNT_PATH: the operator does not set it in the containers behind. Without an
orchestrator nothing is mounted at all.

Fix: Put the container of the root node into the first componentSpec, or remove ssl.

Bad:
    ssl:
      certSecretName: certificate
    componentSpecs:
    - spec:
        containers:
        - name: classify
    - spec:
        containers:
        - name: scale
    graph:
      name: scale
      children:
      - name: classify

Good:
    ssl:
      certSecretName: certificate
    componentSpecs:
    - spec:
        containers:
        - name: scale
    - spec:
        containers:
        - name: classify
    graph:
      name: scale
      children:
      - name: classify
"""

from collections.abc import Iterator

from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import (
    Predictor,
    SeldonDeployment,
    get_mapping,
    get_str,
    iter_mappings,
)
from webhook.rendering.layout import opts_out_of_orchestrator, separates_orchestrator
from webhook.rendering.node_kinds import is_prepackaged_server
from webhook.rules._format import quote_value
from webhook.rules.graph._nodes import index_of_component

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"ssl"})

_VARIABLE = "SELDON_CERT_MOUNT_PATH"


def check(predictor: Predictor, deployment: SeldonDeployment, facts: Facts) -> Iterator[Finding]:
    """Yield each certificate that does not get to the orchestrator.

    Source: createComponents and GetDeploymentName, which is called without a componentSpec
    (operator/controllers/seldondeployment_controller.go, v1.17.1); createExecutorContainer;
    AddEnvVarToDeploymentContainers.
    """
    root = predictor.graph
    if facts.operator == "graphgate" or root is None:
        return
    if not get_str(get_mapping(predictor.raw, "ssl"), "certSecretName"):
        return
    path = predictor.path / "ssl" / "certSecretName"
    if opts_out_of_orchestrator(predictor):
        yield Finding(
            path,
            "Seldon's operator mounts no certificate where there is no orchestrator",
            "remove ssl, and mount the Secret as a volume",
            certain=False,
        )
    elif root.name not in predictor.containers_by_name and not is_prepackaged_server(root):
        yield Finding(
            path,
            "Seldon's operator crashes on the certificate: the root node "
            f"{quote_value(root.name)} has no container",
            "remove ssl, or give the root node a container",
            evidence=(root.path / "name",),
        )
    elif index_of_component(predictor, root) and not separates_orchestrator(deployment):
        yield Finding(
            path,
            "the orchestrator gets no certificate: that goes to the pod of "
            f"{quote_value(root.name)}, and the orchestrator to that of the first componentSpec",
            f"put the container {quote_value(root.name)} into the first componentSpec",
            evidence=(root.path / "name",),
        )
    elif not separates_orchestrator(deployment):
        yield from _check_variables(predictor)


def _check_variables(predictor: Predictor) -> Iterator[Finding]:
    """Yield each variable that keeps the operator from setting it in the orchestrator."""
    for component in predictor.components[:1]:
        for container in component.containers:
            for index, variable in iter_mappings(container.raw, "env"):
                if get_str(variable, "name") == _VARIABLE:
                    yield Finding(
                        container.path.join(("env", index, "name")),
                        f"{_VARIABLE} is set here, so Seldon's operator does not set it for the "
                        "orchestrator",
                        "remove the variable",
                    )
