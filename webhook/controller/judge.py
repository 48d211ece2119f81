"""What one SeldonDeployment asks for, and whether it may have it. Pure.

The same engine as the webhook's judges it, but a denial alone stops nothing here: the ratchet, an
exception, a policy in audit mode or an older version may have let the object in, and it runs. Two
things stop it: a document that cannot be read where it is rendered from (`find_obstacle`), and the
API server's own no, which is asked for beforehand (a dry run) where there is a denial.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from webhook import defaults
from webhook.decisions.decide import decide
from webhook.decisions.report.sentence import sentence
from webhook.decisions.settings import Settings
from webhook.graph.facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import Deployment, mapping, text
from webhook.graph.parse import parse
from webhook.workloads.options import DEFAULT, Options
from webhook.workloads.plan import Owner, Wanted, find_obstacle, prepare
from webhook.workloads.render import render

SHOWN = 3
"""Findings that a status spells out; `graphgate check` shows them all."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What an operator has set: one value, swapped as a whole when a file changes."""

    settings: Settings
    options: Options = DEFAULT


@dataclass(frozen=True, slots=True)
class Judgement:
    """What came of one document.

    view      of the document with its defaults filled in
    wanted    the objects; none where there is an obstacle
    obstacle  why nothing may be applied, in the findings' words; "": it may
    denials   what would be refused at admission
    """

    view: Deployment
    wanted: tuple[Wanted, ...]
    obstacle: str
    denials: tuple[Finding, ...]

    @property
    def words(self) -> str:
        """The denials as one sentence each."""
        return spell(self.denials)


def judge(document: Mapping[str, Any], setup: Setup, facts: Facts) -> Judgement:
    """Return what a stored SeldonDeployment asks for.

    What the facts do not say of explainers' images, nothing here can fill in: it counts as none.
    """
    facts = replace(facts, explainer=facts.explainer or {})
    metadata = mapping(document, "metadata")
    namespace = text(metadata, "namespace")
    settings = setup.settings.for_namespace(namespace)
    decision = decide(document, setup.settings, facts)
    filling = defaults.fill(document, settings.defaults, facts)
    view = parse(defaults.apply(document, filling.operations))
    options = replace(setup.options, defaults=settings.defaults)
    rendered = render(view, options, facts)
    obstacle = find_obstacle(view, rendered)
    if obstacle:
        return Judgement(view, (), spell(decision.denials) or obstacle, decision.denials)
    owner = Owner(view.api_version, view.name, text(metadata, "uid"))
    wanted = tuple(prepare(one, owner, namespace) for one in rendered)
    return Judgement(view, wanted, "", decision.denials)


def spell(findings: tuple[Finding, ...]) -> str:
    """Return findings as a status tells them; "" for none."""
    more = len(findings) - SHOWN
    told = "; ".join(sentence(finding) for finding in findings[:SHOWN])
    return told + (f"; and {more} more" if more > 0 else "")
