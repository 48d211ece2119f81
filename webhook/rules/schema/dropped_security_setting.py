"""Ignored security setting

Why: runAsUser, runAsNonRoot, capabilities and similar fields belong into a securityContext, some of
a pod, some of a container. Elsewhere, or misspelled, they are silently dropped, and the container
runs with more privileges than intended.

Fix: Move the setting into the securityContext of the pod or container.

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

from webhook.graph import schema
from webhook.graph.finding import Finding
from webhook.graph.model import SchemaError, SeldonDeployment
from webhook.graph.path import Path
from webhook.graph.suggest import CERTAIN_SIMILARITY, nearest_word, spelling_fix_safety
from webhook.rules._stray_fields import get_value_at, move_into_patch, normalize_field

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
_READABLE = frozenset({*_SETTINGS.values(), "securityContext"})
_OF_POD_ONLY = ("fsGroup", "supplementalGroups")
_OF_CONTAINER_ONLY = ("capabilities", "allowPrivilegeEscalation", "readOnlyRootFilesystem")


def check(schema_error: SchemaError, deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each security setting of a pod template that is an unknown field."""
    if schema_error.kind != "unknown":
        return
    path = schema_error.path
    if not {"componentSpecs", "containerSpec"} & set(path):
        return
    value = get_value_at(deployment, path)
    if value is None or value == {}:
        return
    field = str(path[-1])
    message = f'"{field}" is ignored here: the setting is lost'
    meant = _misspelled_setting(path)
    if meant and (meant != "securityContext" or type(value) is dict):
        yield Finding(
            path,
            message,
            f'did you mean "{meant}"?',
            move_into_patch(deployment, path, path.parent / meant),
            fix_safety=spelling_fix_safety(field, meant),
        )
    elif (name := _SETTINGS.get(normalize_field(field))) is not None:
        yield Finding(path, message, f"move it to {_home_of(name)}")


def _misspelled_setting(path: Path) -> str:
    """Return the setting that is valid there and was probably meant; "" if none."""
    known = _READABLE.intersection(schema.known_fields(path.parent))
    return nearest_word(str(path[-1]), sorted(known), CERTAIN_SIMILARITY) if known else ""


def _home_of(name: str) -> str:
    if name in _OF_POD_ONLY:
        return "the pod's securityContext"
    if name in _OF_CONTAINER_ONLY:
        return "the container's securityContext"
    return "securityContext"
