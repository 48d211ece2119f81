"""The pods of a SeldonDeployment judged before they exist.

Here: which templates there are, which standard holds, the action of each finding. Not here: what
a standard demands (`podsecurity`).

The templates themselves are judged, not the rendered pods: what rendering injects (orchestrator,
initialiser, the volume seldon-podinfo) is hardened so that it passes `restricted`, and a test holds
that both give the same verdict.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from webhook.decisions.pod_security import Mode, PodSecurity
from webhook.decisions.run import Found
from webhook.graph.facts import Facts, Namespace
from webhook.graph.finding import Finding
from webhook.graph.model import Deployment, mapping
from webhook.graph.path import ROOT, Path
from webhook.podsecurity import LATEST, Pod, Standard, Violation, evaluate, read_labels
from webhook.podsecurity.never_runs import may_not_start, never_runs
from webhook.podsecurity.openshift import is_active, outside_range
from webhook.podsecurity.restrictions import judge
from webhook.rules import Action

PREFIX = "pod-security/"
RANGE = f"{PREFIX}outside-namespace-range"
LABEL = f"{PREFIX}unknown-label"

_ACTIONS: dict[Mode, Action] = {"off": "ignore", "warn": "warn", "enforce": "deny"}


@dataclass(frozen=True, slots=True)
class _Template:
    """A pod template, and where its parts stand in the document."""

    pod: Pod
    place: Path
    renamed: tuple[Path, Path] | None = field(default=None)

    def locate(self, place: Path) -> Path:
        """Return where a place of the pod template is in the document."""
        if self.renamed is not None and place[: len(self.renamed[0])] == self.renamed[0]:
            return self.renamed[1].join(place[len(self.renamed[0]) :])
        return self.place.join(place)


def judge_pods(
    deployment: Deployment, options: PodSecurity, namespace: str, facts: Facts
) -> Iterator[Found]:
    """Yield what is wrong with the pods, each finding with its action.

    What can never run denies in any mode; what a standard or the restrictions forbid does what the
    mode says; an id outside of the namespace's range only warns, since the service account may
    have a grant that nobody sees here.
    """
    known = facts.namespaces.get(namespace)
    standard, faults = _standard(options, known)
    action = _ACTIONS[options.mode]
    for fault in faults:
        yield "warn", Finding(ROOT / "metadata" / "namespace", fault, rule=LABEL)
    for template in _templates(deployment):
        for finding in never_runs(template.pod):
            yield "deny", _placed(finding, template)
        for finding in may_not_start(template.pod):
            yield "warn", _placed(finding, template)
        if known is not None and is_active(known, openshift=facts.openshift):
            for place, fact in outside_range(template.pod, known):
                yield "warn", Finding(template.locate(place), fact, rule=RANGE)
        if action == "ignore":
            continue
        for violation in evaluate(template.pod, standard.level, standard.version):
            yield action, _departure(violation, template, standard)
        if options.restrictions is not None:
            for violation in judge(template.pod, options.restrictions):
                yield action, _forbidden(violation, template)


def _standard(
    options: PodSecurity, namespace: Namespace | None
) -> tuple[Standard, tuple[str, ...]]:
    """Return the standard that holds, and what is wrong with the labels that it was read from."""
    version = LATEST if options.version is None else options.version
    if options.level is not None:
        return Standard(options.level, version), ()
    if namespace is None:
        return Standard(), ()
    asked = read_labels(namespace.labels)
    if options.version is None:
        return asked.enforce, asked.faults
    return replace(asked.enforce, version=version), asked.faults


def _templates(deployment: Deployment) -> Iterator[_Template]:
    for predictor in deployment.predictors:
        for component in predictor.components:
            yield _Template(Pod(component.pod, component.raw.get("metadata")), component.path)
        explainer = mapping(predictor.raw, "explainer")
        container = explainer.get("containerSpec")
        if explainer.get("type") and type(container) is dict:
            place = predictor.path / "explainer"
            yield _Template(
                Pod({"containers": [container]}),
                place,
                (Path(("spec", "containers", 0)), place / "containerSpec"),
            )


def _placed(finding: Finding, template: _Template) -> Finding:
    return replace(finding, path=template.locate(finding.path))


def _departure(violation: Violation, template: _Template, standard: Standard) -> Finding:
    """Return the finding in upstream's words: people search for them."""
    return Finding(
        template.locate(_common(violation.places)),
        f'would violate PodSecurity "{standard}": {violation}',
        rule=f"{PREFIX}{violation.check}",
    )


def _forbidden(violation: Violation, template: _Template) -> Finding:
    return Finding(
        template.locate(_common(violation.places)),
        f"is forbidden by podSecurity.restrictions: {violation}",
        rule=f"{PREFIX}restrictions/{violation.check}",
    )


def _common(places: tuple[Path, ...]) -> Path:
    """Return the place itself if there is one, else the nearest that holds all of them."""
    if not places:
        return Path(("spec",))
    first, last = min(places, key=_order), max(places, key=_order)
    size = 0
    for here, there in zip(first, last, strict=False):
        if here != there:
            break
        size += 1
    return Path(first[:size])


def _order(path: Path) -> tuple[str, ...]:
    return tuple(str(segment) for segment in path)
