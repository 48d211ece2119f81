"""Policies on rendered objects: those for pods, Deployments, Services and others.

Most published policies are about pods. A SeldonDeployment is rendered to some, and a rejected
ReplicaSet shows only in an Event that nobody reads. So each object that a policy matches is
rendered and evaluated as if it were created now, and findings get their paths in the document.

MutatingAdmissionPolicies for these kinds come first, as in the API server: what they add is there
when the others are asked. They change nothing but what is evaluated.

An early denial must be requested: other webhooks may still add to a pod what it lacks. What would
deny the pod warns here, unless the policy's annotation graphgate.io/rendered or the setting
policies.rendered says deny.

Here: which objects, the way back, the action. Not here: how policies are evaluated (`policy`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from webhook.engine.policy_context import PolicyContext
from webhook.engine.rendered_pods import Rendering
from webhook.engine.rule_runner import ActionFinding
from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import get_list, get_mapping, get_str
from webhook.graph.path import ROOT, Path, Segment
from webhook.graph.well_known import APPS_API_VERSION, SELDON_API_VERSION
from webhook.policy import (
    EvaluationLimits,
    PolicySet,
    apply_request,
    evaluate_policies,
    mutate_object,
)
from webhook.policy.evaluator import ExpressionObserver
from webhook.policy.model import BoundPolicy, RenderedMode
from webhook.policy.scope import is_about_rendered
from webhook.rendering.render import Rendered
from webhook.rules import Action

_TEMPLATE = ("spec", "template")

_POD_DEFAULTS: dict[str, Any] = {
    "dnsPolicy": "ClusterFirst",
    "enableServiceLinks": True,
    "restartPolicy": "Always",
    "schedulerName": "default-scheduler",
    "securityContext": {},
    "serviceAccountName": "default",
}
"""What the API server fills into every pod before policies: kubernetes/kubernetes
pkg/apis/core/v1/defaults.go SetDefaults_PodSpec, plugin/pkg/admission/serviceaccount. Its grace
period is left out: rendered pods have one."""

_CONTAINER_DEFAULTS: dict[str, Any] = {
    "resources": {},
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
}
"""Likewise of every container (SetDefaults_Container)."""


@dataclass(frozen=True, slots=True)
class RenderedTarget:
    """One object that policies evaluate.

    label   how messages call it: "pod of predictor main"
    kept    by list of containers, the index in the rendered object of each that is shown
    prefix  the path of the object in the rendered one: a pod is a Deployment's template
    """

    label: str
    object: dict[str, Any]
    rendered: Rendered
    prefix: tuple[Segment, ...]
    kept: dict[str, tuple[int | None, ...]]

    def locate(self, path: Path) -> Path:
        """Return the place in the document that a place of the object comes from."""
        segments = list(path)
        spec = len(self._pod_prefix)
        if tuple(segments[:spec]) == self._pod_prefix and len(segments) > spec + 1:
            field, index = segments[spec], segments[spec + 1]
            places = self.kept.get(str(field), ())
            if isinstance(index, int) and index < len(places):
                place = places[index]
                segments[spec:] = [] if place is None else [field, place, *segments[spec + 2 :]]
        if segments[:1] == ["spec"] or segments[:1] == ["metadata"] or not self.prefix:
            return self.rendered.trace((*self.prefix, *segments))
        return self.rendered.trace(ROOT)

    def replaced_by(self, mutated: dict[str, Any]) -> "RenderedTarget":
        """Return the target with its object changed; a container that is new leads to the pod."""
        before, after = (_pod_spec(value, self._pod_prefix) for value in (self.object, mutated))
        kept = {}
        for field, places in self.kept.items():
            known = dict(zip(_names(before, field), places, strict=True))
            kept[field] = tuple(known.get(name) for name in _names(after, field))
        return replace(self, object=mutated, kept=kept)

    @property
    def _pod_prefix(self) -> tuple[str, ...]:
        return ("spec",) if self.prefix else (*_TEMPLATE, "spec")


def _pod_spec(value: Mapping[str, Any], prefix: tuple[str, ...]) -> Mapping[str, Any]:
    """Return the pod's spec in an object; {} where a policy has left none."""
    for segment in prefix:
        value = get_mapping(value, segment)
    return value


def _names(pod_spec: Mapping[str, Any], field: str) -> list[str]:
    return [get_str(each, "name") for each in get_list(pod_spec, field) if type(each) is dict]


def run_rendered_validations(
    policy_context: PolicyContext,
    rendering: Rendering,
    namespace: str,
    facts: Facts,
    *,
    mode: RenderedMode,
    observer: ExpressionObserver | None = None,
) -> Iterator[ActionFinding]:
    """Yield what policies for pods and other rendered objects find, at places of the document.

    mode      the setting policies.rendered; a policy's own annotation goes first
    observer  called with each expression's result
    """
    chosen: dict[str, RenderedMode] = {}
    asked: list[BoundPolicy] = []
    for bound in policy_context.policies.validating:
        action = bound.policy.on_rendered or mode
        if action == "off" or not bound.bindings or not is_about_rendered(bound.policy):
            continue
        if bound.policy.reads_user:
            yield "audit", _undecidable(bound)
            continue
        chosen[bound.policy.name] = action
        asked.append(bound)
    if not asked:
        return
    mutating = [
        bound
        for bound in policy_context.policies.mutating
        if is_about_rendered(bound.policy)
        and not bound.policy.reads_user
        and bound.policy.on_rendered != "off"
    ]
    policies = replace(policy_context.policies, validating=tuple(asked), mutating=tuple(mutating))
    evaluation = _RenderedEvaluation(policies, policy_context, namespace, facts, chosen, observer)
    for target in _render_targets(rendering, facts, namespace):
        yield from evaluation.evaluate(target)


def _undecidable(bound: BoundPolicy) -> Finding:
    return Finding(
        ROOT,
        "not evaluated for rendered objects: the policy reads request.userInfo, but a controller "
        "creates them",
        rule_id=f"policy/{bound.policy.name}",
    )


class _RenderedEvaluation(NamedTuple):
    """What every rendered object is evaluated with. `modes`: what a denial does, by policy."""

    policies: PolicySet
    policy_context: PolicyContext
    namespace: str
    facts: Facts
    modes: Mapping[str, RenderedMode]
    observer: ExpressionObserver | None

    def evaluate(self, target: RenderedTarget) -> Iterator[ActionFinding]:
        """Yield what the policies find in one object."""
        limits = EvaluationLimits(deadline_exceeded=self.policy_context.expired)
        request = apply_request(target.object, "CREATE")
        mutation = mutate_object(self.policies, request, self.facts, limits, self.observer)
        if mutation.operations:
            target = target.replaced_by(mutation.object)
            request = request._replace(object=mutation.object)
        evaluation = evaluate_policies(self.policies, request, self.facts, limits, self.observer)
        for found in evaluation.findings:
            finding = replace(
                found.finding,
                path=target.locate(found.finding.path),
                message=f"{target.label}: {found.finding.message}",
                fix=(),
            )
            sure = finding.certain or found.action != "deny"
            yield self._soften(found.action if sure else "warn", finding.rule_id), finding
        for failure in (*mutation.failures, *evaluation.failures):
            # An Ignore that holds for want of time would let pass whatever is made slow enough.
            action: Action = "deny" if failure.exceeded else failure.action or "warn"
            message = f"{target.label}: the policy could not be evaluated: {failure.error}"
            yield (
                self._soften(action, failure.rule_id),
                Finding(target.locate(ROOT), message, rule_id=failure.rule_id),
            )

    def _soften(self, action: Action, rule_id: str) -> Action:
        name = rule_id.removeprefix("policy/").partition("/")[0]
        return "warn" if action == "deny" and self.modes.get(name) != "deny" else action


def _render_targets(rendering: Rendering, facts: Facts, namespace: str) -> Iterator[RenderedTarget]:
    """Yield every rendered object of the document, and the pod of each Deployment.

    Images of orchestrators are flags of the reconciler and not known here: a container without an
    image is left out, since no author can answer for it.
    """
    deployment = rendering.deployment
    owner = _owner(SELDON_API_VERSION, "SeldonDeployment", deployment.name)
    predictor_names = {predictor.path: predictor.name for predictor in deployment.predictors}
    for rendered in rendering.objects(facts):
        predictor = predictor_names.get(Path(rendered.trace(ROOT)[:3]))
        where = f" of predictor {predictor}" if predictor else ""
        value = rendered.object
        place = {"namespace": namespace} if namespace else {}
        value = {**value, "metadata": {**value["metadata"], **place, "ownerReferences": [owner]}}
        kept: dict[str, tuple[int | None, ...]] = {}
        if rendered.kind == "Deployment":
            template, kept = _as_admitted(value["spec"]["template"])
            value = {**value, "spec": {**value["spec"], "template": template}}
            metadata = {
                **template["metadata"],
                **place,
                "generateName": f"{rendered.name}-",
                "ownerReferences": [_owner(APPS_API_VERSION, "ReplicaSet", rendered.name)],
            }
            pod = {"apiVersion": "v1", "kind": "Pod", **template, "metadata": metadata}
            yield RenderedTarget(f"pod{where}", pod, rendered, _TEMPLATE, kept)
        yield RenderedTarget(f"{rendered.kind} {rendered.name}{where}", value, rendered, (), kept)


def _owner(api_version: str, kind: str, name: str) -> dict[str, Any]:
    """Return the creator of an object; its name and uid are known only when it exists."""
    names = {"apiVersion": api_version, "kind": kind, "name": name, "uid": ""}
    return {**names, "controller": True, "blockOwnerDeletion": True}


def _as_admitted(
    template: dict[str, Any],
) -> tuple[dict[str, Any], dict[str, tuple[int | None, ...]]]:
    """Return a pod template with the API server's defaults, and which containers it keeps."""
    spec = {**_POD_DEFAULTS, **template["spec"]}
    kept: dict[str, tuple[int | None, ...]] = {}
    for field in ("initContainers", "containers"):
        if field not in spec:
            continue
        places = tuple(
            index for index, container in enumerate(spec[field]) if get_str(container, "image")
        )
        kept[field] = places
        spec[field] = [_default_container(spec[field][index]) for index in places]
    return {**template, "spec": spec}, kept


def _default_container(container: dict[str, Any]) -> dict[str, Any]:
    """Return a container with the API server's defaults; only `latest` is always pulled."""
    reference, _, digest = get_str(container, "image").partition("@")
    _, _, name = reference.rpartition("/")
    _, _, tag = name.partition(":")
    policy = "Always" if tag == "latest" or not (tag or digest) else "IfNotPresent"
    return {**_CONTAINER_DEFAULTS, "imagePullPolicy": policy, **container}
