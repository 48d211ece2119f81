"""Ignored security setting

Why: runAsUser, runAsNonRoot, capabilities and similar fields belong in a securityContext, some of
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
from dataclasses import replace

from webhook.graph import schema
from webhook.graph.finding import Finding
from webhook.graph.model import SchemaError, SeldonDeployment
from webhook.graph.path import Path
from webhook.graph.suggest import CERTAIN_SIMILARITY, nearest_word, spelling_fix_safety
from webhook.graph.text import join_words
from webhook.rules._right_level import Destination, find_destination
from webhook.rules._stray_fields import get_value_at, move_into_patch, moves_from, normalize_field

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"unknown"})

_CONTEXT = "securityContext"
_SETTINGS = (
    *("runAsUser", "runAsGroup", "runAsNonRoot", "fsGroup", "supplementalGroups"),
    *("seccompProfile", "seLinuxOptions", "appArmorProfile", "windowsOptions"),
    *("capabilities", "allowPrivilegeEscalation", "readOnlyRootFilesystem"),
)
_READABLE = frozenset({*_SETTINGS, _CONTEXT})
_BY_NORMALIZED = {normalize_field(name): name for name in _READABLE}
_OF_CONTAINER_ONLY = ("capabilities", "allowPrivilegeEscalation", "readOnlyRootFilesystem")
_MAX_TARGETS = 3
"""Places that are named; where there are more of them, the author decides."""


def check(schema_error: SchemaError, deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each security setting of spec or of a part of it that is an unknown field."""
    path = schema_error.path
    if schema_error.kind != "unknown" or not is_lost_setting(deployment, path):
        return
    field = str(path[-1])
    message = f'"{field}" is ignored here: the setting is lost'
    if meant := _misspelled_setting(path):
        yield Finding(
            path,
            message,
            f'did you mean "{meant}"?',
            move_into_patch(deployment, path, path.parent / meant),
            fix_safety=spelling_fix_safety(field, meant),
            at_key=True,
        )
        return
    is_above_pods = path.parent == ("spec",) or path.parent in deployment.predictors_by_path
    destination = None if is_above_pods else _find_level(deployment, path)
    destination = destination or _pods_below(deployment, path)
    targets = join_words(map(str, destination.targets[:_MAX_TARGETS]), "or")
    yield Finding(
        path,
        message,
        f"move it to {targets or destination.name}",
        destination.fix,
        fix_safety=destination.fix_safety,
        at_key=True,
    )


def _find_level(deployment: SeldonDeployment, path: Path) -> Destination | None:
    """Return where the setting belongs, however it is spelled."""
    setting = _setting_called(str(path[-1]))
    if setting in ("", path[-1]):
        return find_destination(deployment, path)
    spelled = path.parent / setting
    destination = find_destination(deployment, spelled)
    return destination and replace(destination, fix=moves_from(path, spelled, destination.fix))


def is_lost_setting(deployment: SeldonDeployment, path: Path) -> bool:
    """Return whether an unknown field of spec, or below it, sets something about security."""
    if path[0] != "spec":
        return False
    name = _misspelled_setting(path) or _setting_called(str(path[-1]))
    value = get_value_at(deployment, path)
    if not name or value is None or value == {}:
        return False
    return name != _CONTEXT or type(value) is dict


def _misspelled_setting(path: Path) -> str:
    """Return the nearest setting that is valid there; "" if none."""
    known = _READABLE.intersection(schema.known_fields(path.parent))
    return nearest_word(str(path[-1]), sorted(known), CERTAIN_SIMILARITY) if known else ""


def _setting_called(field: str) -> str:
    """Return the setting of this name at whatever level, however it is spelled; "" if none."""
    exact = _BY_NORMALIZED.get(normalize_field(field.strip()), "")
    return exact or nearest_word(field, (_CONTEXT,), CERTAIN_SIMILARITY)


def _pods_below(deployment: SeldonDeployment, path: Path) -> Destination:
    """Return the securityContext of each pod that a field of spec or of a predictor is above of."""
    setting = _setting_called(str(path[-1]))
    if setting in _OF_CONTAINER_ONLY:
        return Destination(f"the {_CONTEXT} of a container")
    inner = (_CONTEXT,) if setting == _CONTEXT else (_CONTEXT, setting)
    predictor = deployment.predictors_by_path.get(Path(path[:3]))
    components = deployment.components if predictor is None else predictor.components
    targets = tuple(c.path.join(("spec", *inner)) for c in components[: _MAX_TARGETS + 1])
    fix = move_into_patch(deployment, path, targets[0]) if len(targets) == 1 else ()
    return Destination(f"the {_CONTEXT} of a pod or container", targets, fix)
