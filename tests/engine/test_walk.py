"""Which objects of a deployment rules are asked about, each with what it is a part of."""

from typing import Any

from tests.documents_of import with_predictor
from webhook.engine.walk import walk
from webhook.graph.parse import parse

CONTAINER = {"name": "classifier", "image": "i"}


Parents = list[tuple[str | None, str | None]]

NOWHERE = (None, None)
IN_PREDICTOR = ("spec.predictors[0]", None)
IN_COMPONENT = ("spec.predictors[0]", "spec.predictors[0].componentSpecs[0]")


def walked(document: Any) -> dict[str, Parents]:
    """Return the places of predictor and componentSpec of all objects, by subject."""
    found: dict[str, Parents] = {}
    for subject, things, raws, keys, *parents in walk(parse(document)):
        assert len(things) == len(raws) == len(keys)
        predictor, component = (None if each is None else str(each.path) for each in parents)
        found.setdefault(subject, []).append((predictor, component))
    return found


def test_every_object_comes_once_with_what_it_is_a_part_of() -> None:
    document = with_predictor(
        componentSpecs=[
            {
                "spec": {"containers": [CONTAINER], "initContainers": [{**CONTAINER, "name": "a"}]},
                "hpaSpec": {"maxReplicas": 2, "metrics": [{"type": "Resource"}]},
            }
        ],
        explainer={"type": "AnchorTabular", "containerSpec": CONTAINER},
        replcas=1,
    )
    assert walked(document) == {
        "schema_error": [NOWHERE],
        "node": [IN_PREDICTOR],
        "container": [IN_COMPONENT, IN_COMPONENT, IN_PREDICTOR],
        "init container": [IN_COMPONENT],
        "metric": [IN_COMPONENT],
        "pod": [IN_COMPONENT],
        "component": [IN_COMPONENT],
        "explainer": [IN_PREDICTOR],
        "predictor": [IN_PREDICTOR],
        "deployment": [NOWHERE],
    }


def test_an_autoscaler_beside_keda_s_is_not_made_and_has_no_metrics() -> None:
    autoscaler = {"maxReplicas": 2, "metrics": [{"type": "Resource"}]}
    scaled = {"spec": {"containers": [CONTAINER]}, "hpaSpec": autoscaler}
    assert "metric" in walked(with_predictor(componentSpecs=[scaled]))
    both = {**scaled, "kedaSpec": {"triggers": []}}
    assert "metric" not in walked(with_predictor(componentSpecs=[both]))


def test_of_an_object_that_was_not_read_whole_only_the_errors_and_itself_come() -> None:
    document = with_predictor(componentSpecs=[{"spec": {"containers": [CONTAINER] * 2000}}])
    assert parse(document).is_incomplete
    assert walked(document) == {"schema_error": [NOWHERE], "unread deployment": [NOWHERE]}
