"""Where the pod templates of a raw SeldonDeployment are, and which of them are left alone.

Here: walking the raw document, opt-out, Windows, malformed templates. Not here: what a template
can do (`template`), which value is added (one file per default).

Everything is read from the raw document: a mutating webhook sees objects before the schema is
checked. A template whose security fields have wrong types is skipped; the schema reports them.
"""

from collections.abc import Iterator
from typing import Any

from webhook.defaulting.pod_template import PodTemplateDraft, SecurityContextDraft
from webhook.graph.well_known import OS_LABEL
from webhook.podsecurity.validation.security_context import is_trivially_valid

SECURITY_DEFAULTS_ANNOTATION = "graphgate.io/security-defaults"
"""On an object, predictor or componentSpec: "disabled" switches defaulting off below it."""

_FIELD_TYPES: dict[str, type] = {
    "runAsUser": int,
    "runAsGroup": int,
    "runAsNonRoot": bool,
    "fsGroup": int,
    "privileged": bool,
    "allowPrivilegeEscalation": bool,
    "capabilities": dict,
    "seccompProfile": dict,
}
"""The types of the fields that defaults look at. Exact: True is not an int here."""


def iter_templates(
    document: Any, *, at_pod: bool, allow_opt_out: bool, pods_only: bool
) -> Iterator[PodTemplateDraft]:
    """Yield the working copy of every template of a raw SeldonDeployment that may be defaulted.

    pods_only  all is written to pods: a template that says nothing of users comes without its
               containers, which need not be read then

    These are `spec.predictors[*].componentSpecs[*].spec`, and `explainer.containerSpec` of every
    explainer that has a type. Left out: what opted out, what is for Windows, what is malformed.
    A componentSpec without `spec` gets none: its containers are required where it exists.
    """
    if not isinstance(document, dict) or (
        allow_opt_out and has_opted_out(document.get("metadata"))
    ):
        return
    spec = document.get("spec")
    if not isinstance(spec, dict) or not isinstance(predictors := spec.get("predictors"), list):
        return
    for index, predictor in enumerate(predictors):
        # a predictor has its annotations beside its name, not in a metadata
        if isinstance(predictor, dict) and not (allow_opt_out and has_opted_out(predictor)):
            # Seldon gives the annotations of spec and predictor to the pods
            inherited_annotations = (spec.get("annotations"), predictor.get("annotations"))
            pointer = f"/spec/predictors/{index}"
            components = predictor.get("componentSpecs")
            if isinstance(components, list):
                yield from _iter_component_templates(
                    components,
                    pointer,
                    inherited_annotations,
                    at_pod=at_pod,
                    allow_opt_out=allow_opt_out,
                    pods_only=pods_only,
                )
            explainer = predictor.get("explainer")
            if explainer:
                yield from _iter_explainer_templates(
                    explainer, f"{pointer}/explainer", inherited_annotations, at_pod
                )


def has_opted_out(metadata: Any) -> bool:
    """Return whether the `annotations` in a raw mapping switch defaulting off."""
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    return (
        isinstance(annotations, dict)
        and annotations.get(SECURITY_DEFAULTS_ANNOTATION) == "disabled"
    )


def _iter_component_templates(
    components: list[Any],
    pointer: str,
    inherited_annotations: tuple[Any, ...],
    *,
    at_pod: bool,
    allow_opt_out: bool,
    pods_only: bool,
) -> Iterator[PodTemplateDraft]:
    for index, component in enumerate(components):
        if not isinstance(component, dict):
            continue
        if allow_opt_out and has_opted_out(component.get("metadata")):
            continue
        component_pointer = f"{pointer}/componentSpecs/{index}"
        if pods_only and _is_silent_on_users(component):
            yield PodTemplateDraft(
                SecurityContextDraft(f"{component_pointer}/spec", None),
                (),
                (),
                writes_pod_level=at_pod,
            )
            continue
        template = read_template(
            component, component_pointer, at_pod=at_pod, inherited_annotations=inherited_annotations
        )
        if template is not None:
            yield template


def _is_silent_on_users(component: dict[str, Any]) -> bool:
    """Return whether a template is well formed, sets no users and is not for Windows."""
    spec = component.get("spec")
    return (
        type(spec) is dict
        and "securityContext" not in spec
        and "nodeSelector" not in spec
        and is_trivially_valid(spec, component.get("metadata"))
    )


def _iter_explainer_templates(
    explainer: Any,
    pointer: str,
    inherited_annotations: tuple[Any, ...],
    at_pod: bool,  # noqa: FBT001 — as in `_of_components`
) -> Iterator[PodTemplateDraft]:
    """Yield the one container that Seldon takes from the author of an explainer."""
    if not isinstance(explainer, dict) or not explainer.get("type"):
        return  # Seldon makes no explainer without a type
    container = _read_container(explainer.get("containerSpec"), f"{pointer}/containerSpec")
    if container is not None:
        yield PodTemplateDraft(
            None, (), (container,), writes_pod_level=at_pod, annotations=inherited_annotations
        )


def read_template(
    template: Any, pointer: str, *, at_pod: bool, inherited_annotations: tuple[Any, ...] = ()
) -> PodTemplateDraft | None:
    """Return the working copy of a raw pod template ({metadata, spec}) at `pointer`.

    `above` are the raw annotations that its pods get besides its own. None: it is to be left
    alone.
    """
    if not isinstance(template, dict):
        return None
    spec, metadata = template.get("spec"), template.get("metadata")
    if not isinstance(spec, dict) or _is_for_windows(spec):
        return None
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else ()
    pointer = f"{pointer}/spec"
    user_context = spec.get("securityContext")
    host_users = spec.get("hostUsers")
    init_containers = _read_containers(spec.get("initContainers"), f"{pointer}/initContainers")
    app_containers = _read_containers(spec.get("containers"), f"{pointer}/containers")
    if init_containers is None or app_containers is None or not _is_well_typed(user_context):
        return None
    if host_users is not None and type(host_users) is not bool:
        return None
    return PodTemplateDraft(
        SecurityContextDraft(pointer, user_context),
        init_containers,
        app_containers,
        annotations=(*inherited_annotations, annotations),
        writes_pod_level=at_pod,
        has_user_namespace=host_users is False,
    )


def _read_containers(containers: Any, pointer: str) -> tuple[SecurityContextDraft, ...] | None:
    if containers is None:
        return ()
    if not isinstance(containers, list):
        return None
    contexts = []
    for index, container in enumerate(containers):
        context = _read_container(container, f"{pointer}/{index}")
        if context is None:
            return None
        contexts.append(context)
    return tuple(contexts)


def _read_container(container: Any, pointer: str) -> SecurityContextDraft | None:
    if not isinstance(container, dict):
        return None
    user_context = container.get("securityContext")
    return SecurityContextDraft(pointer, user_context) if _is_well_typed(user_context) else None


def _is_well_typed(context: Any) -> bool:
    if context is None:
        return True
    if not isinstance(context, dict):
        return False
    for key, value in context.items():
        expected_type = _FIELD_TYPES.get(key)
        if expected_type is not None and value is not None and type(value) is not expected_type:
            return False
    capabilities = context.get("capabilities")
    if capabilities is not None:
        for key in ("add", "drop"):
            if key in capabilities and not isinstance(capabilities[key], list | None):
                return False
    return True


def _is_for_windows(spec: dict[str, Any]) -> bool:
    system = spec.get("os")
    if isinstance(system, dict) and system.get("name") == "windows":
        return True
    selector = spec.get("nodeSelector")
    return isinstance(selector, dict) and selector.get(OS_LABEL) == "windows"
