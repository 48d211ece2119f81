"""One walk over a deployment: every object that a rule may check, each once.

Here: which objects there are, and by which keys rules select them. Not here: the rules
(`webhook.rules`), and how a document is read (`webhook.graph.parse`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
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

Mappings = Sequence[Mapping[str, Any]]

Things = tuple[
    str, Sequence[Any], Mappings, Sequence[Iterable[str]], Predictor | None, ComponentSpec | None
]
"""Objects of one kind with the same parent:

* their kind: a subject of rules (`webhook.rules.Subject`) or of rows (`constraints.checks`);
* the objects, as rules receive them; rows of a predictor's explainer get the predictor;
* the mapping of each in the document, to which paths of rows lead;
* the fields of each, as far as rules require them by FIELDS;
* the predictor and the componentSpec that they are a part of, None where there is none.

They come together since a deployment of two hundred containers has the same of each: what is done
once for all of them costs nothing.
"""


def walk(deployment: SeldonDeployment) -> Iterator[Things]:
    """Yield the errors of a deployment's schema, its parts, each before its whole, and itself.

    Of a document that was not read completely, only the deployment itself is visited, as an "unread
    deployment". It is denied anyway, and what seems to be missing may be in the unread part.
    """
    predictors, components = deployment.predictors, deployment.components
    keys = chain(
        get_mapping(deployment.raw, "metadata"),
        deployment.spec,
        *[predictor.raw for predictor in predictors],
        *[component.raw for component in components],
        *[component.pod for component in components],
    )
    errors = deployment.schema_errors
    if errors:
        kinds = [(error.kind,) for error in errors]
        yield "schema_error", errors, [EMPTY_MAPPING] * len(errors), kinds, None, None
    subject = UNREAD_DEPLOYMENT if deployment.is_incomplete else "deployment"
    if subject == "deployment":
        for predictor in predictors:
            yield _nodes(predictor)
            for component in predictor.components:
                yield from _walk_component(component, predictor)
            if predictor.other_containers:
                yield _containers("container", predictor.other_containers, predictor, None)
            yield from _walk_predictor(predictor)
    yield subject, (deployment,), (deployment.spec,), (keys,), None, None


def _nodes(predictor: Predictor) -> Things:
    nodes = predictor.nodes
    keys = [(node.type, node.implementation, *node.raw) for node in nodes]
    return "node", nodes, [node.raw for node in nodes], keys, predictor, None


def _walk_predictor(predictor: Predictor) -> Iterator[Things]:
    raw = predictor.raw
    if "explainer" in raw:
        explainer = get_mapping(raw, "explainer")
        if get_str(explainer, "type"):  # without one there is no explainer
            yield "explainer", (predictor,), (explainer,), (explainer,), predictor, None
    keys = chain(raw, *[node.raw for node in predictor.nodes])
    yield "predictor", (predictor,), (raw,), (keys,), predictor, None


def _walk_component(component: ComponentSpec, predictor: Predictor) -> Iterator[Things]:
    raw, pod = component.raw, component.pod
    yield _containers("container", component.containers, predictor, component)
    if component.init_containers:
        ending = [each for each in component.init_containers if each.runs_to_completion]
        staying = [each for each in component.init_containers if not each.runs_to_completion]
        yield _containers("init container", ending, predictor, component)
        yield _containers("container", staying, predictor, component)
    if "hpaSpec" in raw and type(raw.get("kedaSpec")) is not dict:
        metrics, converted = _metrics(component, predictor)
        yield "metric", metrics, converted, converted, predictor, component
    pods, raws = (pod,), (raw,)
    yield "pod", (component,), pods, pods, predictor, component
    yield "component", (component,), raws, raws, predictor, component


def _containers(
    subject: str,
    containers: Sequence[Container],
    predictor: Predictor,
    component: ComponentSpec | None,
) -> Things:
    raws = [container.raw for container in containers]
    return subject, containers, raws, raws, predictor, component


def _metrics(component: ComponentSpec, predictor: Predictor) -> tuple[list[Metric], Mappings]:
    """Return the metrics of an hpaSpec as they are rendered, and the mapping of each.

    Without those in the form of the other list: most of them is not rendered, and is not missing.
    """
    from webhook.rendering.autoscaler import convert_metrics  # few documents have any
    from webhook.rules._metrics import find_foreign_field

    hpa = get_mapping(component.raw, "hpaSpec")
    metrics = convert_metrics(hpa, component.path / "hpaSpec")
    if metrics is None:
        return [], []
    trace = metrics.source_map.trace
    things: list[Metric] = []
    for number in range(len(metrics.value)):
        *_, field, index = trace((number,))
        if find_foreign_field(hpa[str(field)][index], str(field)) is None:
            things.append(Metric(component, predictor, number, trace))
    return things, [metrics.value[thing.number] for thing in things]
