"""The effective security context of each container: each value, its source, the levels it meets.

Here: containers that the author wrote and those that the operator adds (model servers,
orchestrator, storage initializer, explainer). Not here: how it is printed
(`security_context_text`).
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from webhook.defaulting import SECURITY_DEFAULTS_ANNOTATION, DefaultingOptions
from webhook.engine.evaluated_object import EvaluatedObject
from webhook.engine.pod_checks import find_pod_templates
from webhook.engine.rendered_pods import RenderedPod, render_pods
from webhook.graph.cluster_facts import Facts, Namespace, Operator
from webhook.graph.parse import parse
from webhook.graph.path import Path, nearest_existing_path
from webhook.podsecurity import LEVELS, Level, Pod, evaluate_pod
from webhook.podsecurity.effective import (
    UNSET_MEANINGS,
    EffectiveSecurityContext,
    EffectiveValue,
    get_effective_contexts,
)
from webhook.podsecurity.openshift import is_scc_active
from webhook.settings.pod_security import resolve_standard

SCC_ASSIGNED_FIELDS = frozenset({"runAsUser", "runAsNonRoot", "seccompProfile", "capabilities"})
"""What the SCC restricted-v2 of OpenShift fills in when the pod is made."""

OPERATOR_NAMES: Mapping[Operator, str] = {"graphgate": "graphgate", "seldon": "Seldon's operator"}
"""Who adds containers, as reports call them."""


@dataclass(frozen=True, slots=True)
class EffectiveField:
    """One field of one container.

    value   what holds: "8888", "RuntimeDefault", or the default in words
    source  "author, at the container", "author, at the pod", "default", "namespace" (a default of
            the namespace), "SCC", "" or, of what is part of an added container, who adds it:
            "graphgate", "Seldon's operator"
    """

    field: str
    value: str
    source: str


@dataclass(frozen=True, slots=True)
class ContainerSecurity:
    """One container: its path, its fields, and the levels whose every check its pod passes.

    path      where the author wrote it, or what it is added for
    injected  whether the operator adds it
    added_by  who adds it: "graphgate", "Seldon's operator"; "": its author wrote it
    """

    path: Path
    name: str
    fields: tuple[EffectiveField, ...]
    levels: tuple[tuple[Level, bool], ...]
    injected: bool = False
    added_by: str = ""


def explain_security(evaluated: EvaluatedObject) -> Iterator[ContainerSecurity]:
    """Yield every container of every pod of a SeldonDeployment.

    First those of each pod template with what the operator adds to its pod, then the pods that have
    no template. The pods are those of the operator that creates them, as for `evaluate`.
    """
    document, settings, facts = evaluated.submitted, evaluated.settings, evaluated.facts
    known = facts.namespaces.get(evaluated.namespace)
    namespace = known or Namespace()
    version = resolve_standard(settings.pod_security, known, facts.kubernetes_minor).version
    rendered = dict(evaluated.rendering.pods(facts))
    sources = _Sources(
        document,
        "namespace" if SECURITY_DEFAULTS_ANNOTATION in namespace.annotations else "default",
        assigned_by_scc=is_scc_active(namespace, openshift=facts.openshift),
        operator=OPERATOR_NAMES[evaluated.operator],
    )
    undefaulted = _undefaulted_values(document, facts, known)
    for template in find_pod_templates(evaluated.view):
        made = rendered.pop(template.path, None)
        levels = _levels(template.pod if made is None else made.pod, version)
        for context in get_effective_contexts(template.pod):
            yield sources.container(context, template.locate, levels)
        if made is not None:
            authored = {container.name for container in template.pod.containers}
            yield from _injected(made, sources, undefaulted, levels, authored)
    for made in rendered.values():
        yield from _injected(made, sources, undefaulted, _levels(made.pod, version))


Levels = tuple[tuple[Level, bool], ...]
ContainerValues = dict[tuple[Path, str], dict[str, Any]]
"""What holds for a container of a rendered pod, by the pod's path and the container's name."""


def _levels(pod: Pod, version: int) -> Levels:
    return tuple((level, not evaluate_pod(pod, level, version)) for level in LEVELS)


def _injected(
    made: RenderedPod,
    sources: "_Sources",
    undefaulted: ContainerValues,
    levels: Levels,
    authored: Collection[str] = (),
) -> Iterator[ContainerSecurity]:
    """Yield the containers of a rendered pod that its author did not write."""
    for context in get_effective_contexts(made.pod):
        if context.container not in authored:
            constant = undefaulted.get((made.path, context.container), {})
            yield sources.container(context, made.locate, levels, constant)


def _undefaulted_values(document: Any, facts: Facts, known: Namespace | None) -> ContainerValues:
    """Return what rendering sets in containers without any defaults: that is the operator's own."""
    without_annotation = known
    if known is not None:
        annotations = {
            key: value
            for key, value in known.annotations.items()
            if key != SECURITY_DEFAULTS_ANNOTATION
        }
        without_annotation = replace(known, annotations=annotations)
    none = DefaultingOptions(scope="off")
    return {
        (path, context.container): {f: each.value for f, each in context.values.items()}
        for path, made in render_pods(parse(document), none, facts, without_annotation).items()
        for context in get_effective_contexts(made.pod)
    }


@dataclass(frozen=True, slots=True)
class _Sources:
    """What is needed to name the source of a value."""

    document: Any
    default_source: str
    assigned_by_scc: bool
    operator: str

    def container(
        self,
        context: EffectiveSecurityContext,
        locate: Callable[[Path], Path],
        levels: Levels,
        constant: Mapping[str, Any] | None = None,
    ) -> ContainerSecurity:
        """Return one container.

        locate    from a path in the pod template to one in the document
        constant  of an injected container: what it has without any defaults
        """
        return ContainerSecurity(
            path=nearest_existing_path(self.document, locate(context.path)),
            name=context.container,
            fields=tuple(
                self._field(field, value, locate(value.path), constant)
                for field, value in context.values.items()
            ),
            levels=levels,
            injected=constant is not None,
            added_by="" if constant is None else self.operator,
        )

    def _field(
        self, field: str, value: EffectiveValue, path: Path, constant: Mapping[str, Any] | None
    ) -> EffectiveField:
        if value.origin == "none":
            if self.assigned_by_scc and field in SCC_ASSIGNED_FIELDS:
                return EffectiveField(field, "as the namespace's SCC says", "SCC")
            return EffectiveField(field, UNSET_MEANINGS[field], "")
        if path[-1:] == (field,) and nearest_existing_path(self.document, path) == path:
            source = f"author, at the {value.origin}"
        elif constant is not None and constant.get(field) == value.value:
            source = self.operator
        else:
            source = self.default_source
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
