"""The pods that a SeldonDeployment stands for, as Pod Security Admission will see them.

Here: the pods of the rendered Deployments, each with the way back into the document, and when
they are needed. Not here: what is said of them (`pod_checks`).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from webhook.defaulting import SECURITY_DEFAULTS_ANNOTATION, DefaultingOptions
from webhook.graph.cluster_facts import Facts, Namespace
from webhook.graph.model import SeldonDeployment, get_mapping, get_str
from webhook.graph.path import ROOT, Path, Segment
from webhook.graph.well_known import APPARMOR_ANNOTATION_PREFIX, SECCOMP_CONTAINER_ANNOTATION_PREFIX
from webhook.podsecurity import Pod, Standard
from webhook.podsecurity.openshift import UID_RANGE_ANNOTATION

if TYPE_CHECKING:
    from webhook.rendering.render import Rendered

_TEMPLATE = ("spec", "template")

_RELEVANT_ANNOTATION_PREFIXES = (
    SECURITY_DEFAULTS_ANNOTATION,
    APPARMOR_ANNOTATION_PREFIX,
    SECCOMP_CONTAINER_ANNOTATION_PREFIX,
    "seccomp.security.alpha.kubernetes.io/",
)
"""How annotations begin that change what pods may do, or what is filled into them."""


@dataclass(frozen=True, slots=True)
class RenderedPod:
    """The pod of one rendered Deployment.

    path            what it was made of: a componentSpec, an explainer, a node, a predictor
    made_by_seldon  whether Seldon's operator makes it
    """

    path: Path
    pod: Pod
    rendered: "Rendered"
    made_by_seldon: bool = False

    def locate(self, pod_path: Iterable[Segment]) -> Path:
        """Return where a place of the pod template comes from; it may be missing there."""
        return self.rendered.trace((*_TEMPLATE, *pod_path))

    def container_name(self, pod_path: Path) -> str:
        """Return the name of the container that a place of the pod template is in; "": in none."""
        if len(pod_path) < 3 or pod_path[:2] != ("spec", "containers"):
            return ""
        container = self.pod.spec["containers"][pod_path[2]]
        return get_str(container, "name") if type(container) is dict else ""


def needs_rendering(
    deployment: SeldonDeployment,
    standard: Standard,
    defaults: DefaultingOptions,
    facts: Facts,
    namespace: Namespace | None,
) -> bool:
    """Tell whether a pod may depart from a standard where no template of the author's does.

    What rendering adds passes every level by itself, but for annotations that the pods have from
    spec or predictor and, at restricted, for a user that is root or not known: none is configured,
    or the object, the namespace or OpenShift chooses another than the options. Rendering costs
    four times as much as all other judging, and most objects do without.
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
        return True  # what it adds has a user, and nothing else of what restricted asks for
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
    """Return the pods by what they were made of; `namespace` is where they go, if it is known.

    An orchestrator is among them: whether there is one, the reconciler's flags say, and what is
    admitted must run with it too.
    """
    pods: dict[Path, RenderedPod] = {}
    for rendered in render_objects(deployment, defaults, facts, namespace):
        if rendered.kind == "Deployment":
            template = rendered.object["spec"]["template"]
            path = rendered.trace(ROOT)
            pod = Pod(template["spec"], template["metadata"])
            pods[path] = RenderedPod(path, pod, rendered, facts.operator == "seldon")
    return pods


def render_objects(
    deployment: SeldonDeployment,
    defaults: DefaultingOptions,
    facts: Facts,
    namespace: Namespace | None,
) -> "tuple[Rendered, ...]":
    """Return the objects that whoever reconciles makes of a document."""
    from webhook.rendering.options import OrchestratorOptions, RenderOptions
    from webhook.rendering.render import render

    known = {} if namespace is None else {deployment.namespace: namespace}
    options = RenderOptions(
        orchestrator=OrchestratorOptions(""),
        defaults=defaults,
        operator=facts.operator or "graphgate",
    )
    return render(deployment, options, replace(facts, namespaces=known))
