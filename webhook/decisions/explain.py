"""With which rights each container will run, where each value comes from, which levels it meets."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from webhook import defaults
from webhook.decisions.made_pods import made_pods
from webhook.decisions.pod_security import standard_of
from webhook.decisions.pods import templates
from webhook.decisions.settings import Settings
from webhook.graph.facts import Facts, Namespace
from webhook.graph.model import mapping, text
from webhook.graph.parse import parse
from webhook.graph.path import Path, nearest
from webhook.podsecurity import LEVELS, Level, evaluate
from webhook.podsecurity.effective import UNSET, Value, effective_contexts
from webhook.podsecurity.openshift import is_active

OVERRIDE = "graphgate.io/pod-security-defaults"

LEFT_TO_SCC = frozenset({"runAsUser", "runAsNonRoot", "seccompProfile", "capabilities"})
"""What the SCC restricted-v2 of OpenShift fills in when the pod is made."""


@dataclass(frozen=True, slots=True)
class Right:
    """One field of one container.

    value   what holds: "8888", "RuntimeDefault", or in words what holds if nobody sets it
    origin  "author, at the container", "author, at the pod", "default", "namespace", "SCC" or ""
    """

    field: str
    value: str
    origin: str


@dataclass(frozen=True, slots=True)
class Explained:
    """One container: its place, its rights, and the levels whose every check its pod passes."""

    place: Path
    name: str
    rights: tuple[Right, ...]
    levels: tuple[tuple[Level, bool], ...]


def explain(document: Any, settings: Settings, facts: Facts) -> Iterator[Explained]:
    """Yield every container of every pod template of a SeldonDeployment, any JSON value."""
    metadata = mapping(document, "metadata") if isinstance(document, dict) else {}
    name = text(metadata, "namespace")
    settings = settings.for_namespace(name)
    filling = defaults.fill(document, settings.defaults, facts, name)
    view = parse(defaults.apply(document, filling.operations))
    namespace = facts.namespaces.get(name, Namespace())
    by_scc = is_active(namespace, openshift=facts.openshift)
    filled_by = "namespace" if OVERRIDE in namespace.annotations else "default"
    known = facts.namespaces.get(name)
    version = standard_of(settings.pod_security, known, facts.minor).version
    made = made_pods(view, settings.defaults, facts, known)
    for template in templates(view):
        pod = made[template.place].pod if template.place in made else template.pod
        levels = tuple((level, not evaluate(pod, level, version)) for level in LEVELS)
        for context in effective_contexts(template.pod):
            yield Explained(
                place=nearest(document, template.locate(context.place)),
                name=context.container,
                rights=tuple(
                    _right(
                        field,
                        value,
                        filled_by,
                        written=_written(document, template.locate(value.place)),
                        by_scc=by_scc,
                    )
                    for field, value in context.values.items()
                ),
                levels=levels,
            )


def _written(document: Any, place: Path) -> bool:
    """Tell whether the author wrote a value at this place."""
    return nearest(document, place) == place


def _right(field: str, value: Value, filled_by: str, *, written: bool, by_scc: bool) -> Right:
    if value.origin == "none":
        if by_scc and field in LEFT_TO_SCC:
            return Right(field, "as the namespace's SCC says", "SCC")
        return Right(field, UNSET[field], "")
    origin = f"author, at the {value.origin}" if written else filled_by
    return Right(field, _shown(value.value), origin)


def _shown(value: Any) -> str:
    """Spell a value in one line: 'RuntimeDefault', 'drop ALL, add NET_BIND_SERVICE', 'true'."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        if "type" in value:
            local = value.get("localhostProfile")
            return f"{value['type']} {local}" if local else str(value["type"])
        return ", ".join(
            f"{key} {' '.join(map(str, part)) if isinstance(part, list) else part}"
            for key, part in value.items()
        )
    return str(value)
