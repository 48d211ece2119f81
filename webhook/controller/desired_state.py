"""The desired state of one SeldonDeployment, and whether it is allowed. Pure.

The same engine as the webhook's evaluates it, but a denial alone stops nothing here: the ratchet,
an exception, a policy in audit mode or an older version may have let the object in, and it runs.
Two things stop it: a document that cannot be read where it is rendered from (`find_obstacle`), and
a rejection by the API server, which a dry run checks beforehand if there is a denial.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from webhook.controller.state.plan import DesiredObject, OwnerRef, find_blocking_error, to_desired
from webhook.engine.evaluate import evaluate_object
from webhook.engine.evaluated_object import read_object
from webhook.engine.messages import format_finding
from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import SeldonDeployment, get_mapping, get_str
from webhook.rendering.options import DEFAULT_OPTIONS, RenderOptions
from webhook.rendering.render import render
from webhook.rendering.routes.render import render_routes
from webhook.settings.model import Settings

MAX_SHOWN_FINDINGS = 3
"""Findings that a status spells out; `graphgate check` shows them all."""


@dataclass(frozen=True, slots=True)
class ControllerSettings:
    """What an operator has set: one value, swapped as a whole when a file changes."""

    settings: Settings
    render_options: RenderOptions = DEFAULT_OPTIONS


@dataclass(frozen=True, slots=True)
class DesiredState:
    """What came of one document.

    deployment      of the document with its defaults filled in
    objects         the objects; none where there is an obstacle
    blocking_error  why nothing may be applied, in the findings' words; "": it may
    denials         what would be refused at admission
    """

    deployment: SeldonDeployment
    objects: tuple[DesiredObject, ...]
    blocking_error: str
    denials: tuple[Finding, ...]

    @property
    def denial_message(self) -> str:
        """The denials as one sentence each."""
        return summarize_findings(self.denials)


def compute_desired_state(
    document: Mapping[str, Any], settings: ControllerSettings, facts: Facts
) -> DesiredState:
    """Return the desired state of a stored SeldonDeployment.

    What the facts do not say of explainers' images, nothing here can fill in: it counts as none.
    """
    facts = replace(facts, explainer_images=facts.explainer_images or {})
    metadata = get_mapping(document, "metadata")
    namespace = get_str(metadata, "namespace")
    evaluated = read_object(document, settings.settings, facts, operator="graphgate")
    decision, deployment, own = evaluate_object(evaluated), evaluated.view, evaluated.settings
    known = evaluated.facts  # with the images that the settings name
    options = replace(settings.render_options, defaults=own.defaults, routing=own.routing)
    rendered = (
        *render(deployment, options, known),
        *render_routes(deployment, options, known, namespace=namespace),
    )
    blocking_error = find_blocking_error(deployment, rendered)
    if blocking_error:
        return DesiredState(
            deployment, (), summarize_findings(decision.denials) or blocking_error, decision.denials
        )
    owner = OwnerRef(deployment.api_version, deployment.name, get_str(metadata, "uid"))
    objects = tuple(to_desired(obj, owner, namespace) for obj in rendered)
    return DesiredState(deployment, objects, "", decision.denials)


def summarize_findings(findings: tuple[Finding, ...]) -> str:
    """Return findings as the message of a status; "" for none."""
    omitted = len(findings) - MAX_SHOWN_FINDINGS
    message = "; ".join(format_finding(finding) for finding in findings[:MAX_SHOWN_FINDINGS])
    return message + (f"; and {omitted} more" if omitted > 0 else "")
