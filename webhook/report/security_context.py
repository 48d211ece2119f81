"""With which rights each container will run, where each value comes from, which levels it meets."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from webhook import defaulting
from webhook.engine.pod_checks import find_pod_templates
from webhook.engine.rendered_pods import render_pods
from webhook.graph.cluster_facts import Facts, Namespace
from webhook.graph.model import get_mapping, get_str
from webhook.graph.parse import parse
from webhook.graph.path import Path, nearest_existing_path
from webhook.podsecurity import LEVELS, Level, evaluate_pod
from webhook.podsecurity.effective import UNSET_MEANINGS, EffectiveValue, get_effective_contexts
from webhook.podsecurity.openshift import is_scc_active
from webhook.settings.model import Settings
from webhook.settings.pod_security import resolve_standard

SECURITY_DEFAULTS_ANNOTATION = "graphgate.io/security-defaults"

SCC_ASSIGNED_FIELDS = frozenset({"runAsUser", "runAsNonRoot", "seccompProfile", "capabilities"})
"""What the SCC restricted-v2 of OpenShift fills in when the pod is made."""


@dataclass(frozen=True, slots=True)
class EffectiveField:
    """One field of one container.

    value   what holds: "8888", "RuntimeDefault", or in words what holds if nobody sets it
    origin  "author, at the container", "author, at the pod", "default", "namespace", "SCC" or ""
    """

    field: str
    value: str
    source: str


@dataclass(frozen=True, slots=True)
class ContainerSecurity:
    """One container: its place, its rights, and the levels whose every check its pod passes."""

    path: Path
    name: str
    fields: tuple[EffectiveField, ...]
    levels: tuple[tuple[Level, bool], ...]


def explain_security(
    document: Any, settings: Settings, facts: Facts
) -> Iterator[ContainerSecurity]:
    """Yield every container of every pod template of a SeldonDeployment, any JSON value."""
    metadata = get_mapping(document, "metadata") if isinstance(document, dict) else {}
    name = get_str(metadata, "namespace")
    settings = settings.for_namespace(name)
    defaulting_result = defaulting.default_object(document, settings.defaults, facts, name)
    view = parse(defaulting.apply_add_operations(document, defaulting_result.operations))
    namespace = facts.namespaces.get(name, Namespace())
    assigned_by_scc = is_scc_active(namespace, openshift=facts.openshift)
    default_source = (
        "namespace" if SECURITY_DEFAULTS_ANNOTATION in namespace.annotations else "default"
    )
    known = facts.namespaces.get(name)
    version = resolve_standard(settings.pod_security, known, facts.kubernetes_minor).version
    rendered = render_pods(view, settings.defaults, facts, known)
    for template in find_pod_templates(view):
        pod = rendered[template.path].pod if template.path in rendered else template.pod
        levels = tuple((level, not evaluate_pod(pod, level, version)) for level in LEVELS)
        for context in get_effective_contexts(template.pod):
            yield ContainerSecurity(
                path=nearest_existing_path(document, template.locate(context.path)),
                name=context.container,
                fields=tuple(
                    _effective_field(
                        field,
                        value,
                        default_source,
                        is_authored=_is_authored(document, template.locate(value.path)),
                        assigned_by_scc=assigned_by_scc,
                    )
                    for field, value in context.values.items()
                ),
                levels=levels,
            )


def _is_authored(document: Any, path: Path) -> bool:
    """Tell whether the author wrote a value at this place."""
    return nearest_existing_path(document, path) == path


def _effective_field(
    field: str,
    value: EffectiveValue,
    default_source: str,
    *,
    is_authored: bool,
    assigned_by_scc: bool,
) -> EffectiveField:
    if value.origin == "none":
        if assigned_by_scc and field in SCC_ASSIGNED_FIELDS:
            return EffectiveField(field, "as the namespace's SCC says", "SCC")
        return EffectiveField(field, UNSET_MEANINGS[field], "")
    source = f"author, at the {value.origin}" if is_authored else default_source
    return EffectiveField(field, _format_value(value.value), source)


def _format_value(value: Any) -> str:
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
