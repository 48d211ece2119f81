"""The pods of a SeldonDeployment judged before they exist.

Here: which templates there are, which standard holds, the action of each finding. Not here: what
a standard demands (`podsecurity`).

Which pods there will be, and what is injected into them, rendering says (`made_pods`). Where a
standard holds, those pods are judged by it, in the words that the API server would have for them;
everything else is about the templates as they are written.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from webhook.decisions.made_pods import MadePod, made_pods, only_rendering_tells
from webhook.decisions.pod_security import Mode, PodSecurity, standard_of
from webhook.decisions.run import Found
from webhook.defaults import Options
from webhook.graph.facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import Deployment, mapping
from webhook.graph.path import Path
from webhook.podsecurity import Pod, Standard, Violation, evaluate
from webhook.podsecurity.never_runs import may_not_start, never_runs, surely_runs
from webhook.podsecurity.openshift import is_active, outside_range
from webhook.rules import Action

PREFIX = "pod-security/"
RANGE = f"{PREFIX}outside-namespace-range"

Violations = tuple[Violation, ...]

_ACTIONS: dict[Mode, Action] = {"off": "ignore", "warn": "warn", "enforce": "deny"}


@dataclass(frozen=True, slots=True)
class Template:
    """A pod template, and where its parts stand in the document."""

    predictor: str
    raw: Mapping[str, Any]
    pod: Pod
    place: Path
    renamed: tuple[Path, Path] | None = field(default=None)

    def locate(self, place: Path) -> Path:
        """Return where a place of the pod template is in the document."""
        if self.renamed is not None and place[: len(self.renamed[0])] == self.renamed[0]:
            return self.renamed[1].join(place[len(self.renamed[0]) :])
        return self.place.join(place)


def judge_pods(
    deployment: Deployment,
    options: PodSecurity,
    namespace: str,
    facts: Facts,
    *,
    defaults: Options,
    old: Deployment | None = None,
) -> Iterator[Found]:
    """Yield what is wrong with the pods, each finding with its action.

    defaults  what is filled into pods; with `openshift: ignore` its constraints do not count
    old       the object before an update; a template that the update leaves alone is not spoken
              of, but for what its pod gets from elsewhere and had not before

    What can never run denies in any mode; what a standard or the restrictions forbid does what the
    mode says; an id outside of the namespace's range only warns, since the service account may
    have a grant that nobody sees here.
    """
    known = facts.namespaces.get(namespace)
    standard = standard_of(options, known, facts.minor)
    action = _ACTIONS[options.mode]
    scc = defaults.openshift != "ignore"
    by_scc = known is not None and scc and is_active(known, openshift=facts.openshift)
    judged = action != "ignore" and standard.level != "privileged"
    demanding = judged or by_scc or options.restrictions is not None
    kept = {} if old is None else _by_predictor(old)
    own: Mapping[Path, Violations] = {}
    made: dict[Path, MadePod] = {}
    found = templates(deployment, unsure_only=not demanding)
    changed = [t for t in found if t.raw not in kept.get(t.predictor, ())]
    if judged:
        own = {t.place: evaluate(t.pod, standard.level, standard.version) for t in changed}
        if any(own.values()) or only_rendering_tells(deployment, standard, defaults, facts, known):
            made = made_pods(deployment, defaults, facts, known)
    for template in changed:
        for finding in never_runs(template.pod):
            yield "deny", _placed(finding, template)
        for finding in may_not_start(template.pod):
            yield "warn", _placed(finding, template)
        if by_scc and known is not None:
            for place, fact in outside_range(template.pod, known):
                yield "warn", Finding(template.locate(place), fact, rule=RANGE)
        if action == "ignore":
            continue
        pod = made.pop(template.place, None)
        for finding in _departures(standard, pod, template, own.get(template.place, ())):
            yield action, finding
        if options.restrictions is not None:
            from webhook.podsecurity.restrictions import judge  # few have any: start-up time

            for violation in judge(template.pod, options.restrictions):
                yield action, _forbidden(violation, template)
    if not made:
        return
    before = made_pods(old, defaults, facts, known) if old is not None else {}
    told = {
        (other.rendered.name, finding.fact)
        for other in before.values()
        for finding in _departures(standard, other)
    }
    for other in made.values():
        for finding in _departures(standard, other):
            if (other.rendered.name, finding.fact) not in told:
                yield action, finding


def templates(deployment: Deployment, *, unsure_only: bool = False) -> Iterator[Template]:
    """Yield every pod template: componentSpecs, and the containers of explainers.

    unsure_only  leave out those that can surely run
    """
    for predictor in deployment.predictors:
        for component in predictor.components:
            metadata = component.raw.get("metadata")
            if not (unsure_only and surely_runs(component.pod, metadata)):
                pod = Pod(component.pod, metadata)
                yield Template(predictor.name, component.raw, pod, component.path)
        if "explainer" not in predictor.raw:
            continue
        explainer = mapping(predictor.raw, "explainer")
        container = explainer.get("containerSpec")
        if explainer.get("type") and type(container) is dict:
            place = predictor.path / "explainer"
            yield Template(
                predictor.name,
                container,
                Pod({"containers": [container]}),
                place,
                (Path(("spec", "containers", 0)), place / "containerSpec"),
            )


def _by_predictor(deployment: Deployment) -> dict[str, list[Mapping[str, Any]]]:
    """Return the raw templates by the name of their predictor."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for template in templates(deployment):
        found.setdefault(template.predictor, []).append(template.raw)
    return found


def _placed(finding: Finding, template: Template) -> Finding:
    return replace(finding, path=template.locate(finding.path))


def _departures(
    standard: Standard,
    made: MadePod | None,
    template: Template | None = None,
    own: Violations = (),
) -> Iterator[Finding]:
    """Yield how a pod departs from a standard, in upstream's words: people search for them.

    made      the pod itself; None: it departs where its template does
    template  what the author wrote of it, and `own`, how that departs by itself: at the places
              of these he finds what he can change
    """
    found = own if made is None else evaluate(made.pod, standard.level, standard.version)
    places = {violation.check: violation.places for violation in own}
    for violation in found:
        if template is not None and violation.check in places:
            place = template.locate(_common(places[violation.check]))
        elif made is not None:
            place = _common(tuple(map(made.locate, violation.places)) or (made.place,))
        yield Finding(
            place,
            f'would violate PodSecurity "{standard}": {violation}',
            rule=f"{PREFIX}{violation.check}",
        )


def _forbidden(violation: Violation, template: Template) -> Finding:
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
