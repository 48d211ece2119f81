"""One walk over a deployment: every thing that a rule may look at, each once.

Here: which things there are, and by which keys rules ask for them. Not here: the rules
(`webhook.rules`), and how a document is read (`webhook.graph.parse`).
"""

from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import Any

from webhook.graph.model import (
    EMPTY_MAPPING,
    ComponentSpec,
    Container,
    Predictor,
    SeldonDeployment,
    get_mapping,
    get_str,
)
from webhook.rules.constraints.checks import Metric
from webhook.settings.rule_set import UNREAD_DEPLOYMENT

Visit = Callable[
    [str, Any, Mapping[str, Any], Iterable[str], Predictor | None, ComponentSpec | None], None
]
"""Called for each thing, with

* what it is: a subject of rules (`webhook.rules.Subject`) or of rows (`constraints.checks`);
* the thing, as rules are given it; rows of a predictor's explainer get the predictor;
* its mapping in the document, to which paths of rows lead;
* what it has, as far as rules ask for it by FIELDS;
* the predictor and the componentSpec that it is a part of, None where there is none.
"""


def walk(deployment: SeldonDeployment, visit: Visit) -> None:
    """Visit the deployment, the errors of its schema, and then its parts as they are nested.

    Of a document that was not read to its end only what is there is spoken of: the deployment is
    visited as an "unread deployment", and its parts are left out. It is refused anyway, and what a
    rule says to be missing may stand where nobody read.
    """
    predictors = deployment.predictors
    metadata = get_mapping(deployment.raw, "metadata")
    keys = chain(
        metadata,
        deployment.spec,
        *[predictor.raw for predictor in predictors],
        *[component.raw for component in deployment.components],
        *[component.pod for component in deployment.components],
    )
    is_incomplete = deployment.is_incomplete
    subject = UNREAD_DEPLOYMENT if is_incomplete else "deployment"
    visit(subject, deployment, deployment.spec, keys, None, None)
    for schema_error in deployment.schema_errors:
        visit("schema_error", schema_error, EMPTY_MAPPING, (schema_error.kind,), None, None)
    if is_incomplete:
        return
    for predictor in predictors:
        raw = predictor.raw
        visit("predictor", predictor, raw, raw, predictor, None)
        if "explainer" in raw:
            explainer = get_mapping(raw, "explainer")
            if get_str(explainer, "type"):  # without one there is no explainer
                visit("explainer", predictor, explainer, explainer, predictor, None)
        for node in predictor.nodes:
            raw = node.raw
            visit("node", node, raw, (*raw, node.type, node.implementation), predictor, None)
        for component in predictor.components:
            _walk_component(component, predictor, visit)
        for container in predictor.other_containers:
            _walk_container(container, predictor, None, visit)


def _walk_component(component: ComponentSpec, predictor: Predictor, visit: Visit) -> None:
    raw, pod = component.raw, component.pod
    visit("component", component, raw, raw, predictor, component)
    visit("pod", component, pod, pod, predictor, component)
    if "hpaSpec" in raw and type(raw.get("kedaSpec")) is not dict:
        _walk_metrics(component, predictor, visit)
    for container in component.containers:
        _walk_container(container, predictor, component, visit)
    for container in component.init_containers:
        _walk_container(container, predictor, component, visit)


def _walk_container(
    container: Container, predictor: Predictor, component: ComponentSpec | None, visit: Visit
) -> None:
    raw = container.raw
    visit("container", container, raw, raw, predictor, component)
    if container.runs_to_completion:
        visit("init container", container, raw, raw, predictor, component)
    for handler in container.handlers():
        visit(handler.kind, handler, handler.raw, handler.raw, predictor, component)


def _walk_metrics(component: ComponentSpec, predictor: Predictor, visit: Visit) -> None:
    """Visit the metrics of an hpaSpec as they are rendered."""
    from webhook.rendering.autoscaler import convert_metrics  # few documents have any

    path = component.path / "hpaSpec"
    metrics = convert_metrics(get_mapping(component.raw, "hpaSpec"), path)
    if metrics is None:
        return
    for index, raw in enumerate(metrics.value):
        metric = Metric(component, predictor, index, metrics.source_map.trace)
        visit("metric", metric, raw, raw, predictor, component)
