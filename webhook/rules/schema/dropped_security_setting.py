"""Security setting where nothing reads it

Why: runAsUser, runAsNonRoot, capabilities and their like belong into a securityContext, some of a
pod, some of a container. At another place they are dropped without a word, and the container runs
with more rights than its author wrote.

Fix: Move the setting into the securityContext of the pod or container that has it.

Bad:
    spec:
      runAsNonRoot: true
      containers:
      - name: classifier

Good:
    spec:
      securityContext:
        runAsNonRoot: true
      containers:
      - name: classifier
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import SchemaError, SeldonDeployment
from webhook.rules._stray_fields import get_value_at, normalize_field

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"unknown"})

_SETTINGS = {
    name.lower(): name
    for name in (
        *("runAsUser", "runAsGroup", "runAsNonRoot", "fsGroup", "supplementalGroups"),
        *("seccompProfile", "seLinuxOptions", "appArmorProfile", "windowsOptions"),
        *("capabilities", "allowPrivilegeEscalation", "readOnlyRootFilesystem"),
    )
}
_OF_POD_ONLY = ("fsGroup", "supplementalGroups")
_OF_CONTAINER_ONLY = ("capabilities", "allowPrivilegeEscalation", "readOnlyRootFilesystem")


def check(schema_error: SchemaError, deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each such field of a pod template that the schema does not know."""
    if schema_error.kind != "unknown":
        return
    path = schema_error.path
    name = _SETTINGS.get(normalize_field(str(path[-1])))
    if name is None or not {"componentSpecs", "containerSpec"} & set(path):
        return
    if get_value_at(deployment, path) is None:
        return
    if name in _OF_POD_ONLY:
        home = "the pod's securityContext"
    elif name in _OF_CONTAINER_ONLY:
        home = "the container's securityContext"
    else:
        home = "securityContext"
    yield Finding(path, f'"{path[-1]}" is not read here: the setting is lost', f"move it to {home}")
