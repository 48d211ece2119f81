"""Where the pod templates of a raw SeldonDeployment are, and which of them are left alone.

Here: walking the raw document, opt-out, Windows, malformed templates. Not here: what a template
can do (`template`), which value is added (one file per default).

Everything is read from the raw document: a mutating webhook sees objects whose types nobody has
checked yet. A template whose security fields have wrong types is skipped; the schema reports them.
"""

from collections.abc import Iterator
from typing import Any

from webhook.defaults.template import Place, Template
from webhook.podsecurity.never_runs import surely_runs

OPT_OUT = "graphgate.io/pod-security-defaults"
"""On an object, predictor or componentSpec: "disabled" switches defaulting off below it."""

_KINDS: dict[str, type] = {
    "runAsUser": int,
    "runAsGroup": int,
    "runAsNonRoot": bool,
    "fsGroup": int,
    "privileged": bool,
    "allowPrivilegeEscalation": bool,
    "capabilities": dict,
    "seccompProfile": dict,
}
"""The types of the fields that defaults look at. Exact: True is no int here."""


def templates(
    document: Any, *, at_pod: bool, allow_opt_out: bool, briefly: bool
) -> Iterator[Template]:
    """Yield the working copy of every template of a raw SeldonDeployment that may be defaulted.

    briefly  for pod-level users only: a template that says nothing of users comes without its
             containers, which need not be read then

    These are `spec.predictors[*].componentSpecs[*].spec`, and `explainer.containerSpec` of every
    explainer that has a type. Left out: what opted out, what is for Windows, what is malformed.
    A componentSpec without `spec` gets none: its containers are required where it exists.
    """
    if not isinstance(document, dict) or (allow_opt_out and opted_out(document.get("metadata"))):
        return
    spec = document.get("spec")
    if not isinstance(spec, dict) or not isinstance(predictors := spec.get("predictors"), list):
        return
    for index, predictor in enumerate(predictors):
        # a predictor has its annotations beside its name, not in a metadata
        if isinstance(predictor, dict) and not (allow_opt_out and opted_out(predictor)):
            # Seldon gives the annotations of spec and predictor to the pods
            above = (spec.get("annotations"), predictor.get("annotations"))
            here = f"/spec/predictors/{index}"
            components = predictor.get("componentSpecs")
            if isinstance(components, list):
                yield from _of_components(
                    components,
                    here,
                    above,
                    at_pod=at_pod,
                    allow_opt_out=allow_opt_out,
                    briefly=briefly,
                )
            explainer = predictor.get("explainer")
            if explainer:
                yield from _of_explainer(explainer, f"{here}/explainer", above, at_pod)


def opted_out(metadata: Any) -> bool:
    """Tell whether the `annotations` in a raw mapping switch defaulting off."""
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    return isinstance(annotations, dict) and annotations.get(OPT_OUT) == "disabled"


def _of_components(
    components: list[Any],
    pointer: str,
    above: tuple[Any, ...],
    *,
    at_pod: bool,
    allow_opt_out: bool,
    briefly: bool,
) -> Iterator[Template]:
    for index, component in enumerate(components):
        if not isinstance(component, dict):
            continue
        if allow_opt_out and opted_out(component.get("metadata")):
            continue
        here = f"{pointer}/componentSpecs/{index}"
        if briefly and _says_nothing(component):
            yield Template(Place(f"{here}/spec", None), (), (), at_pod=at_pod)
            continue
        template = read_template(component, here, at_pod=at_pod, above=above)
        if template is not None:
            yield template


def _says_nothing(component: dict[str, Any]) -> bool:
    """Tell whether a template surely says nothing of users, is well formed and not for Windows."""
    spec = component.get("spec")
    return (
        type(spec) is dict
        and "securityContext" not in spec
        and "nodeSelector" not in spec
        and surely_runs(spec, component.get("metadata"))
    )


def _of_explainer(
    explainer: Any,
    pointer: str,
    above: tuple[Any, ...],
    at_pod: bool,  # noqa: FBT001 — as in `_of_components`
) -> Iterator[Template]:
    """Yield the one container that Seldon takes from the author of an explainer."""
    if not isinstance(explainer, dict) or not explainer.get("type"):
        return  # Seldon makes no explainer without a type
    container = _read_container(explainer.get("containerSpec"), f"{pointer}/containerSpec")
    if container is not None:
        yield Template(None, (), (container,), at_pod=at_pod, annotations=above)


def read_template(
    template: Any, pointer: str, *, at_pod: bool, above: tuple[Any, ...] = ()
) -> Template | None:
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
    own = spec.get("securityContext")
    host_users = spec.get("hostUsers")
    inits = _read_containers(spec.get("initContainers"), f"{pointer}/initContainers")
    apps = _read_containers(spec.get("containers"), f"{pointer}/containers")
    if inits is None or apps is None or not _is_readable(own):
        return None
    if host_users is not None and type(host_users) is not bool:
        return None
    return Template(
        Place(pointer, own),
        inits,
        apps,
        annotations=(*above, annotations),
        at_pod=at_pod,
        user_namespace=host_users is False,
    )


def _read_containers(containers: Any, pointer: str) -> tuple[Place, ...] | None:
    if containers is None:
        return ()
    if not isinstance(containers, list):
        return None
    places = []
    for index, container in enumerate(containers):
        place = _read_container(container, f"{pointer}/{index}")
        if place is None:
            return None
        places.append(place)
    return tuple(places)


def _read_container(container: Any, pointer: str) -> Place | None:
    if not isinstance(container, dict):
        return None
    own = container.get("securityContext")
    return Place(pointer, own) if _is_readable(own) else None


def _is_readable(context: Any) -> bool:
    if context is None:
        return True
    if not isinstance(context, dict):
        return False
    for key, value in context.items():
        kind = _KINDS.get(key)
        if kind is not None and value is not None and type(value) is not kind:
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
    return isinstance(selector, dict) and selector.get("kubernetes.io/os") == "windows"
