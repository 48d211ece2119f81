"""Mount at a path that Seldon mounts

Why: Seldon's operator mounts the pod's annotations at /etc/podinfo in each container of a node, and
the certificate of ssl at /cert/ in all containers of the root node's pod, even if something is
mounted there already. The API server refuses two mounts at one path. (graphgate's reconciler uses
the author's mount.)

Fix: Mount the volume somewhere else.

Bad:
    containers:
    - name: classifier
      volumeMounts:
      - name: settings
        mountPath: /etc/podinfo

Good:
    containers:
    - name: classifier
      volumeMounts:
      - name: settings
        mountPath: /etc/settings
"""

from collections.abc import Iterator

from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import (
    ComponentSpec,
    Container,
    Predictor,
    get_str,
    iter_mappings,
)
from webhook.rules._format import quote_value
from webhook.rules.pod._seldon_orchestrator import gets_certificate

ACTION = "deny"
SINCE = "0.1.0"
_PODINFO_PATH = "/etc/podinfo"
_CERTIFICATE_PATH = "/cert/"
WORDS = frozenset({_PODINFO_PATH, _CERTIFICATE_PATH})


def check(
    container: Container, component: ComponentSpec | None, predictor: Predictor, facts: Facts
) -> Iterator[Finding]:
    """Yield each mount of another volume at such a path.

    Sources: setContainerPredictiveUnitDefaults (defaults.go), which looks for the volume's name
    only, and MountSecretToDeploymentContainers (utils.go), v1.17.1; ValidateVolumeMounts.
    """
    if facts.operator == "graphgate" or component is None or container.role != "container":
        return
    mounts = list(iter_mappings(container.raw, "volumeMounts"))
    names = {get_str(mount, "name") for _, mount in mounts}
    for index, mount in mounts:
        name = get_str(mount, "name")
        path = get_str(mount, "mountPath")
        if path == _PODINFO_PATH:
            is_taken = (
                container.name in predictor.node_names
                and "seldon-podinfo" not in names
                and name != "podinfo"
            )
            what = "the pod's annotations"
        elif path == _CERTIFICATE_PATH:
            is_taken = gets_certificate(component, predictor)
            what = "the certificate"
        else:
            continue
        if is_taken:
            yield Finding(
                container.path.join(("volumeMounts", index, "mountPath")),
                f"Seldon's operator mounts {what} at {path}, where {quote_value(name)} is mounted "
                "already",
            )
