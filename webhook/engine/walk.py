"""One walk over a deployment: every thing that a rule may look at, each once.

Here: which things there are, and by which keys rules ask for them. Not here: the rules
(`webhook.rules`), and how a document is read (`webhook.graph.parse`).
"""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, NamedTuple

from webhook.graph.model import ComponentSpec, Predictor, SeldonDeployment, get_mapping
from webhook.rules import Subject


class Thing(NamedTuple):
    """Something that rules look at.

    value      what they are given
    keys       what it has, as far as rules ask for it by FIELDS
    predictor  the predictor it is a part of; None for the deployment and for schema errors
    component  the componentSpec it is a part of, likewise
    """

    subject: Subject
    value: Any
    keys: Iterable[str]
    predictor: Predictor | None = None
    component: ComponentSpec | None = None


def walk(deployment: SeldonDeployment) -> Iterator[Thing]:
    """Yield the deployment, the errors of its schema, and then its parts as they are nested.

    Of a document that was not read to its end the parts are left out: it is refused anyway, and
    what is said of them might not be true.
    """
    metadata = get_mapping(deployment.raw, "metadata")
    keys = chain(metadata, deployment.spec, *(p.raw for p in deployment.predictors))
    yield Thing("deployment", deployment, keys)
    for schema_error in deployment.schema_errors:
        yield Thing("schema_error", schema_error, (schema_error.kind,))
    if deployment.is_incomplete:
        return
    for predictor in deployment.predictors:
        yield Thing("predictor", predictor, predictor.raw, predictor)
        for node in predictor.nodes:
            yield Thing("node", node, (*node.raw, node.type, node.implementation), predictor)
        for component in predictor.components:
            yield from _walk_component(component, predictor)
        for container in predictor.other_containers:
            yield Thing("container", container, container.raw, predictor)


def _walk_component(component: ComponentSpec, predictor: Predictor) -> Iterator[Thing]:
    yield Thing("component", component, component.raw, predictor, component)
    yield Thing("pod", component, component.pod, predictor, component)
    if "volumes" in component.pod:
        for volume in component.volumes:
            yield Thing("volume", volume, volume.raw, predictor, component)
    for container in component.all_containers:
        yield Thing("container", container, container.raw, predictor, component)
