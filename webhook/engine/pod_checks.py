"""The pods of a SeldonDeployment evaluated before they exist.

Here: which templates there are, which standard holds, the action of each finding. Not here: what
a standard demands (`podsecurity`).

Which pods there will be, and what is injected into them, rendering says (`rendered_pods`). Where a
standard holds, those pods are evaluated by it, in the words that the API server would have for
them; everything else is about the templates as they are written.
"""

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from webhook.engine.rendered_pods import RenderedPod, Rendering, needs_rendering
from webhook.engine.rule_runner import ActionFinding
from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import SeldonDeployment, get_mapping
from webhook.graph.path import Path
from webhook.podsecurity import Pod, Standard, Violation, evaluate_pod
from webhook.podsecurity.openshift import (
    is_scc_active,
    refused_by_restricted_v2,
    uid_outside_namespace_range,
)
from webhook.podsecurity.validation.security_context import (
    api_server_errors,
    is_trivially_valid,
    runtime_warnings,
)
from webhook.rendering.layout import ORCHESTRATOR_CONTAINER
from webhook.rules import Action
from webhook.rules.other_ids import POD_SECURITY_RULE_ID_PREFIX, RESTRICTIONS_RULE_ID_PREFIX
from webhook.settings.pod_security import PodSecurityOptions, resolve_standard

OUTSIDE_RANGE_RULE_ID = f"{POD_SECURITY_RULE_ID_PREFIX}outside-namespace-range"
RESTRICTED_V2_RULE_ID = f"{POD_SECURITY_RULE_ID_PREFIX}refused-by-restricted-v2"

Violations = tuple[Violation, ...]

SELDON_ORCHESTRATOR_WAYS_OUT = (
    "Seldon's operator adds this container without it: enforce the level baseline, exempt the "
    "pods, run graphgate's reconciler (operator: graphgate), or annotate a predictor of one node "
    'with seldon.io/no-engine: "true"'
)
"""What can be done where a namespace refuses the orchestrator as Seldon's operator makes it."""


@dataclass(frozen=True, slots=True)
class PodTemplateRef:
    """A pod template, and the paths of its parts in the document."""

    predictor: str
    raw: Mapping[str, Any]
    pod: Pod
    path: Path
    path_rewrite: tuple[Path, Path] | None = field(default=None)

    def locate(self, pod_path: Path) -> Path:
        """Return where a place of the pod template is in the document."""
        if (
            self.path_rewrite is not None
            and pod_path[: len(self.path_rewrite[0])] == self.path_rewrite[0]
        ):
            return self.path_rewrite[1].join(pod_path[len(self.path_rewrite[0]) :])
        return self.path.join(pod_path)


def check_pods(
    rendering: Rendering,
    options: PodSecurityOptions,
    facts: Facts,
    *,
    old: Rendering | None = None,
) -> Iterator[ActionFinding]:
    """Yield what is wrong with the pods, each finding with its action.

    rendering  the object, and what is filled into its pods; with `openshift: ignore` the
               constraints of OpenShift do not count
    old        the object before an update; a template that the update leaves alone is not spoken
               of, but for what its pod gets from elsewhere and had not before

    Pods that can never run are denied in any mode; violations of a standard or of the restrictions
    follow the mode; what OpenShift's restricted-v2 rejects only warns, since the service account
    may have another SCC.
    """
    deployment, defaults, namespace_facts = (
        rendering.deployment,
        rendering.defaults,
        rendering.namespace,
    )
    standard = resolve_standard(options, namespace_facts, facts.kubernetes_minor)
    action: Action = "deny" if options.mode == "enforce" else "warn"
    is_off = options.mode == "off"
    restrictions = None if is_off else options.restrictions
    scc = defaults.openshift != "ignore"
    assigned_by_scc = (
        namespace_facts is not None
        and scc
        and is_scc_active(namespace_facts, openshift=facts.openshift)
    )
    checks_standard = not is_off and standard.level != "privileged"
    needs_every_pod = checks_standard or assigned_by_scc or restrictions is not None
    old_templates = (
        set() if old is None else set(map(_template_key, find_pod_templates(old.deployment)))
    )
    template_violations: Mapping[Path, Violations] = {}
    rendered: dict[Path, RenderedPod] = {}
    template_refs = find_pod_templates(deployment, only_uncertain=not needs_every_pod)
    changed = [
        template
        for template in template_refs
        if not old_templates or _template_key(template) not in old_templates
    ]
    if checks_standard:
        template_violations = {
            t.path: evaluate_pod(t.pod, standard.level, standard.version) for t in changed
        }
        if any(template_violations.values()) or needs_rendering(
            deployment, standard, defaults, facts, namespace_facts
        ):
            rendered = dict(rendering.pods(facts))
    for template in changed:
        for finding in api_server_errors(template.pod):
            yield "deny", _locate(finding, template)
        for finding in runtime_warnings(template.pod):
            yield "warn", _locate(finding, template)
        if assigned_by_scc and namespace_facts is not None:
            for path, fact in uid_outside_namespace_range(template.pod, namespace_facts):
                yield "warn", Finding(template.locate(path), fact, rule_id=OUTSIDE_RANGE_RULE_ID)
            for path, fact in refused_by_restricted_v2(template.pod):
                yield "warn", Finding(template.locate(path), fact, rule_id=RESTRICTED_V2_RULE_ID)
        pod = rendered.pop(template.path, None)
        for finding in _find_violations(
            standard, pod, template, template_violations.get(template.path, ())
        ):
            yield action, finding
        if restrictions is not None:
            from webhook.podsecurity.psp.model import check_psp_rules

            for violation in check_psp_rules(template.pod, restrictions):
                yield action, _restriction_finding(violation, template)
    violating = [other for other in rendered.values() if other.violations(standard)]
    old_messages = {
        (other.rendered.name, _message(standard, violation))
        for other in (old.pods(facts).values() if violating and old is not None else ())
        for violation in other.violations(standard)
    }
    for other in violating:
        for finding in _find_violations(standard, other, known=old_messages):
            yield action, finding


def find_pod_templates(
    deployment: SeldonDeployment, *, only_uncertain: bool = False
) -> Iterator[PodTemplateRef]:
    """Yield every pod template: componentSpecs, and the containers of explainers.

    only_uncertain  leave out those that can surely run
    """
    for predictor in deployment.predictors:
        for component in predictor.components:
            metadata = component.raw.get("metadata")
            if not (only_uncertain and is_trivially_valid(component.pod, metadata)):
                pod = Pod(component.pod, metadata)
                yield PodTemplateRef(predictor.name, component.raw, pod, component.path)
        explainer = get_mapping(predictor.raw, "explainer")
        container = explainer.get("containerSpec")
        if explainer.get("type") and type(container) is dict:
            path = predictor.path / "explainer"
            yield PodTemplateRef(
                predictor.name,
                container,
                Pod({"containers": [container]}),
                path,
                (Path(("spec", "containers", 0)), path / "containerSpec"),
            )


def _template_key(template: PodTemplateRef) -> tuple[str, bytes]:
    """Return by what a template is known again: its predictor and all that is written in it."""
    try:
        return template.predictor, orjson.dumps(template.raw, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # a number of more than 64 bits, or nested too deeply
        return template.predictor, repr(template.raw).encode()


def _locate(finding: Finding, template: PodTemplateRef) -> Finding:
    return replace(finding, path=template.locate(finding.path))


def _find_violations(
    standard: Standard,
    rendered: RenderedPod | None,
    template: PodTemplateRef | None = None,
    template_violations: Violations = (),
    known: Set[tuple[str, str]] = frozenset(),
) -> Iterator[Finding]:
    """Yield how a pod departs from a standard, in upstream's words: people search for them.

    rendered  the pod itself; None: it departs where its template does
    known     what is left out of it, as the name of its Deployment and the message
    template  what the author wrote of it, and `own`, how that departs by itself: at the places of
              these he finds what he can change
    """
    violations = template_violations if rendered is None else rendered.violations(standard)
    violation_paths = {violation.check_id: violation.paths for violation in template_violations}
    for violation in violations:
        message = _message(standard, violation)
        if rendered is not None and (rendered.rendered.name, message) in known:
            continue
        if template is not None and violation.check_id in violation_paths:
            paths = violation_paths[violation.check_id]
            path = template.locate(_common_path(paths))
            evidence = tuple(map(template.locate, paths))
        elif rendered is not None:
            evidence = tuple(map(rendered.locate, violation.paths)) or (rendered.path,)
            path = _common_path(evidence)
        yield Finding(
            path,
            message,
            _ways_out(violation, rendered),
            evidence=evidence,
            rule_id=f"{POD_SECURITY_RULE_ID_PREFIX}{violation.check_id}",
        )


def _message(standard: Standard, violation: Violation) -> str:
    return f'would violate PodSecurity "{standard}": {violation}'


def _ways_out(violation: Violation, rendered: RenderedPod | None) -> str:
    """Return what to do about the orchestrator of Seldon's operator; "": it is not to blame.

    Nor is it where the author wrote a container of that name: its place is among their containers.
    """
    if rendered is None or not rendered.made_by_seldon:
        return ""
    is_orchestrator = any(
        rendered.container_name(path) == ORCHESTRATOR_CONTAINER
        and "containers" not in rendered.locate(path)
        for path in violation.paths
    )
    return SELDON_ORCHESTRATOR_WAYS_OUT if is_orchestrator else ""


def _restriction_finding(violation: Violation, template: PodTemplateRef) -> Finding:
    return Finding(
        template.locate(_common_path(violation.paths)),
        f"is forbidden by podSecurity.restrictions: {violation}",
        evidence=tuple(map(template.locate, violation.paths)),
        rule_id=f"{RESTRICTIONS_RULE_ID_PREFIX}{violation.check_id}",
    )


def _common_path(paths: tuple[Path, ...]) -> Path:
    """Return the place itself if there is one, else the nearest that holds all of them."""
    if not paths:
        return Path(("spec",))
    first, last = min(paths), max(paths)  # of one document: an index never meets a key
    size = 0
    for here, there in zip(first, last, strict=False):
        if here != there:
            break
        size += 1
    return Path(first[:size])
