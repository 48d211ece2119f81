"""The rendered pods of a SeldonDeployment, as Pod Security Admission will see them.

Here: the pods of the rendered Deployments, each with the way back into the document, and when
they are needed. Not here: what is said of them (`pod_checks`).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from webhook.defaulting import SECURITY_DEFAULTS_ANNOTATION, DefaultingOptions
from webhook.graph.cluster_facts import Facts, Namespace, Operator
from webhook.graph.model import SeldonDeployment, get_mapping, get_str
from webhook.graph.path import ROOT, Path, Segment
from webhook.graph.well_known import APPARMOR_ANNOTATION_PREFIX, SECCOMP_CONTAINER_ANNOTATION_PREFIX
from webhook.podsecurity import Pod, Standard, Violation, evaluate_pod
from webhook.podsecurity.openshift import UID_RANGE_ANNOTATION

if TYPE_CHECKING:
    from webhook.rendering.once import RenderInputs
    from webhook.rendering.render import Rendered

_TEMPLATE = ("spec", "template")

_RELEVANT_ANNOTATION_PREFIXES = (
    SECURITY_DEFAULTS_ANNOTATION,
    APPARMOR_ANNOTATION_PREFIX,
    SECCOMP_CONTAINER_ANNOTATION_PREFIX,
    "seccomp.security.alpha.kubernetes.io/",
)
"""Prefixes of annotations that change the permissions or defaults of pods."""


@dataclass(frozen=True, slots=True, eq=False)
class RenderedPod:
    """The pod of one rendered Deployment.

    path            its source: a componentSpec, an explainer, a node, a predictor
    made_by_seldon  whether Seldon's operator makes it
    """

    path: Path
    pod: Pod
    rendered: "Rendered"
    made_by_seldon: bool
    _violations: dict[Standard, tuple[Violation, ...]] = field(default_factory=dict)

    def violations(self, standard: Standard) -> tuple[Violation, ...]:
        """Return the pod's violations of a standard; computed once."""
        known = self._violations.get(standard)
        if known is None:
            known = evaluate_pod(self.pod, standard.level, standard.version)
            self._violations[standard] = known
        return known

    def locate(self, pod_path: Iterable[Segment]) -> Path:
        """Return where a place of the pod template comes from; it may be missing there."""
        return self.rendered.trace((*_TEMPLATE, *pod_path))

    def container_name(self, pod_path: Path) -> str:
        """Return the name of the container that a place of the pod template is in; "": in none."""
        match pod_path:
            case ("spec", "containers", int() as index, *_):
                container = self.pod.spec["containers"][index]
                return get_str(container, "name") if type(container) is dict else ""
        return ""


class Rendering:
    """The rendered objects of one document: rendered on first use, and once (`rendering.once`)."""

    def __init__(
        self,
        deployment: SeldonDeployment,
        defaults: DefaultingOptions,
        namespace: Namespace | None,
        *,
        has_rendered_policies: bool = False,
    ) -> None:
        """Take the document's view, what is filled in, and where it goes, if that is known.

        has_rendered_policies  whether all objects will be needed, not only the pods
        """
        self._has_rendered_policies = has_rendered_policies
        self.deployment = deployment
        self.defaults = defaults
        self.namespace = namespace
        self._pods: dict[Operator | None, dict[Path, RenderedPod]] = {}

    def objects(self, facts: Facts) -> "tuple[Rendered, ...]":
        """Return the objects that the operator renders from the document."""
        from webhook.rendering.once import render_once

        return render_once(self.deployment, facts, self._inputs())

    def pods(self, facts: Facts) -> dict[Path, RenderedPod]:
        """Return the pods of the Deployments among them by source path."""
        from webhook.rendering.once import render_deployments

        pods = self._pods.get(facts.operator)
        if pods is None:
            objects = (
                self.objects(facts)
                if self._has_rendered_policies
                else render_deployments(self.deployment, facts, self._inputs())
            )
            pods = self._pods[facts.operator] = _find_pods(objects, facts)
        return pods

    def _inputs(self) -> "RenderInputs":
        from webhook.rendering.once import RenderInputs

        return RenderInputs(self.defaults, self.namespace)


def needs_rendering(
    deployment: SeldonDeployment,
    standard: Standard,
    defaults: DefaultingOptions,
    facts: Facts,
    namespace: Namespace | None,
) -> bool:
    """Return whether a pod may violate a standard although no template does.

    What rendering adds passes every level by itself, but for annotations that the pods have from
    spec or predictor and, at restricted, for a user that is root or not known: none is configured,
    or the object, the namespace or OpenShift chooses another than the options. Rendering costs
    four times as much as all other evaluating, and most objects do without.
    """
    components = deployment.components
    annotated = (
        get_mapping(deployment.raw, "metadata"),
        deployment.spec,
        *(predictor.raw for predictor in deployment.predictors),
        *(get_mapping(component.raw, "metadata") for component in components),
    )
    for part in annotated:
        for key in get_mapping(part, "annotations"):
            if type(key) is str and key.startswith(_RELEVANT_ANNOTATION_PREFIXES):
                return True
    if standard.level == "baseline":
        return False
    if facts.operator == "seldon":
        return True  # injected containers have a user, but nothing else that restricted requires
    if not defaults.run_as_user or defaults.scope == "off" or facts.openshift:
        return True
    if namespace is not None and (
        SECURITY_DEFAULTS_ANNOTATION in namespace.annotations
        or UID_RANGE_ANNOTATION in namespace.annotations
    ):
        return True
    return any(component.pod.get("hostUsers") is False for component in components)


def render_pods(
    deployment: SeldonDeployment,
    defaults: DefaultingOptions,
    facts: Facts,
    namespace: Namespace | None,
) -> dict[Path, RenderedPod]:
    """Return the pods by source path; `namespace` is theirs, if it is known."""
    return Rendering(deployment, defaults, namespace).pods(facts)


def _find_pods(objects: "Iterable[Rendered]", facts: Facts) -> dict[Path, RenderedPod]:
    pods: dict[Path, RenderedPod] = {}
    for rendered in objects:
        if rendered.kind == "Deployment":
            template = rendered.object["spec"]["template"]
            path = rendered.trace(ROOT)
            pod = Pod(template["spec"], template["metadata"])
            pods[path] = RenderedPod(path, pod, rendered, facts.operator == "seldon")
    return pods
