"""What exceeds a bound is refused whatever settings say, and hides nothing."""

import re
from copy import deepcopy
from typing import Any

import pytest

from tests.documents_of import minimal, with_graph, with_predictor
from webhook.engine.evaluate import evaluate
from webhook.graph import limits
from webhook.graph.cluster_facts import NO_FACTS
from webhook.rules import all_rules
from webhook.settings.model import Settings, read_settings

SETTINGS = read_settings()
OFF = read_settings(
    {
        "apiVersion": "graphgate.io/v1alpha1",
        "kind": "Settings",
        "rules": {"object-too-large": {"action": "off"}, "graph-too-deep": {"action": "warn"}},
    }
)


def chain(levels: int, **fields: Any) -> dict[str, Any]:
    node: dict[str, Any] = {**fields}
    for _ in range(levels):
        node = {"children": [node], **fields}
    return node


def with_components(count: int, containers: int) -> dict[str, Any]:
    listed = [{"name": f"c{i}", "image": "a"} for i in range(containers)]
    return with_predictor(componentSpecs=[{"spec": {"containers": listed}}] * count)


TOO_LARGE = {
    "nodes in one list": with_graph(children=[{"name": "a"}] * (limits.MAX_NODES + 1)),
    "nodes in chains without commas": with_graph(name="c", children=[chain(97)] * 150),
    "predictors": minimal(
        lambda d: d["spec"].update(predictors=d["spec"]["predictors"] * (limits.MAX_PREDICTORS + 1))
    ),
    "components": with_components(limits.MAX_COMPONENTS + 1, 1),
    "containers": with_components(1, limits.MAX_CONTAINERS + 1),
    "init containers": with_predictor(
        componentSpecs=[{"spec": {"initContainers": [{"name": "a"}] * (limits.MAX_CONTAINERS + 1)}}]
    ),
    "values": minimal(
        lambda d: d["metadata"].update(labels=dict.fromkeys(map(str, range(30_000))))
    ),
    "annotations of the spec in all pods": minimal(
        lambda d: d.update(
            spec={
                **with_components(300, 1)["spec"],
                "annotations": {f"a{i}": "b" for i in range(limits.MAX_SHARED_ENTRIES // 300)},
            }
        )
    ),
    "labels in all pods": with_predictor(
        **with_components(300, 1)["spec"]["predictors"][0]
        | {"labels": {f"a{i}": "b" for i in range(limits.MAX_SHARED_ENTRIES // 300)}}
    ),
    "a long annotation in all pods": with_predictor(
        **with_components(300, 1)["spec"]["predictors"][0]
        | {"annotations": {"a": "b" * (limits.MAX_SHARED_CHARACTERS // 300)}}
    ),
    "annotations of the spec in all predictors": minimal(
        lambda d: d["spec"].update(
            annotations={f"a{i}": "b" for i in range(limits.MAX_SHARED_ENTRIES // 600)},
            predictors=[{**d["spec"]["predictors"][0], "name": f"p{i}"} for i in range(100)],
        )
    ),
    "a text": with_predictor(annotations={"a": "x" * (limits.MAX_TEXT_LENGTH + 1)}),
    "a key": with_predictor(annotations={"x" * (limits.MAX_TEXT_LENGTH + 1): "a"}),
    "empty values": with_graph(parameters=[{}] * limits.MAX_VALUES),
    "depth": with_graph(name="c", children=[chain(120, name="a")]),
    "depth elsewhere": minimal(lambda d: d["metadata"].update(annotations={"a": chain(150)})),
    "unknown fields": with_graph(**{f"x{i}": 1 for i in range(limits.MAX_SCHEMA_ERRORS + 1)}),
    "wrong types": with_graph(methods=[1] * (limits.MAX_SCHEMA_ERRORS + 1)),
    "findings of a rule": with_graph(methods=["X"] * 1001),
}


@pytest.mark.parametrize("settings", [SETTINGS, OFF], ids=["default", "off"])
@pytest.mark.parametrize("name", TOO_LARGE)
def test_it_is_denied_whatever_settings_say(name: str, settings: Settings) -> None:
    decision = evaluate(TOO_LARGE[name], settings, NO_FACTS)
    assert decision.rule_errors == ()
    assert any(finding.incomplete for finding in decision.denials)


@pytest.mark.parametrize("name", TOO_LARGE)
def test_an_update_that_leaves_its_spec_alone_is_allowed_with_a_warning(name: str) -> None:
    new = deepcopy(TOO_LARGE[name])
    new["metadata"]["finalizers"] = ["a.example/b"]
    decision = evaluate(new, SETTINGS, NO_FACTS, old_document=TOO_LARGE[name])
    assert not decision.denied
    assert any(finding.incomplete for finding in decision.warnings)


@pytest.mark.parametrize("name", TOO_LARGE)
def test_an_update_of_its_spec_is_denied(name: str) -> None:
    new = deepcopy(TOO_LARGE[name])
    new["spec"]["name"] = "other"
    decision = evaluate(new, SETTINGS, NO_FACTS, old_document=TOO_LARGE[name])
    assert any(finding.incomplete for finding in decision.denials)


def test_an_update_over_a_bound_that_was_kept_is_denied() -> None:
    decision = evaluate(TOO_LARGE["containers"], SETTINGS, NO_FACTS, old_document=minimal())
    assert any(finding.incomplete for finding in decision.denials)


@pytest.mark.parametrize("name", TOO_LARGE)
def test_an_annotation_that_is_new_is_denied(name: str) -> None:
    new = deepcopy(TOO_LARGE[name])
    new["metadata"].setdefault("annotations", {})["seldon.io/no-engine"] = "true"
    decision = evaluate(new, SETTINGS, NO_FACTS, old_document=TOO_LARGE[name])
    assert any(finding.incomplete for finding in decision.denials)


MANY = {f"a{number}": "b" for number in range(limits.MAX_VALUES + 1)}


@pytest.mark.parametrize(
    "document",
    [
        {**minimal(), "metadata": {**minimal()["metadata"], "annotations": MANY}},
        {**minimal(), "metadata": {"annotations": MANY}},
        {**minimal(), "metadata": {**MANY, **minimal()["metadata"]}},
        {**minimal(), "spec": {"annotations": MANY, **minimal()["spec"]}},
        {**minimal(), "spec": {**MANY, **minimal()["spec"]}},
        {**MANY, **minimal()},
        minimal(
            lambda d: d["spec"].update(
                predictors=[
                    {**d["spec"]["predictors"][0], "name": f"p{number}", "traffic": 0}
                    for number in range(limits.MAX_PREDICTORS)
                ]
                + [{**d["spec"]["predictors"][0], "name": "main", "traffic": 100}]
            )
        ),
    ],
)
def test_nothing_is_called_missing_that_was_not_read(document: dict[str, Any]) -> None:
    decision = evaluate(document, SETTINGS, NO_FACTS, old_document=minimal())
    told = {finding.rule_id for finding in (*decision.denials, *decision.warnings)}
    assert told <= {"object-too-large", "unknown-field"}


def test_what_only_warns_does_not_hide_what_denies() -> None:
    document = with_predictor(**{f"x{i}": 1 for i in range(2000)})
    document["spec"]["predictors"][0] |= {"replicas": "1", "shadow": "no", "labels": [1]}
    decision = evaluate(document, SETTINGS, NO_FACTS)
    denied = [str(finding.path) for finding in decision.denials if finding.rule_id == "wrong-type"]
    assert denied == [f"spec.predictors[0].{field}" for field in ("replicas", "shadow", "labels")]
    assert len([f for f in decision.warnings if f.rule_id == "unknown-field"]) > 900


def test_the_page_of_the_rule_tells_the_bounds_that_hold() -> None:
    (rule,) = (rule for rule in all_rules() if rule.id == "object-too-large")
    for bound in (
        limits.MAX_VALUES,
        limits.MAX_NESTING,
        limits.MAX_PREDICTORS,
        limits.MAX_COMPONENTS,
        limits.MAX_NODES,
        limits.MAX_CONTAINERS,
        limits.MAX_TEXT_LENGTH,
        limits.MAX_SCHEMA_ERRORS,
        limits.MAX_SHARED_ENTRIES,
        limits.MAX_SHARED_CHARACTERS,
    ):
        assert re.search(rf"(?<![\d,]){bound:,}\s", rule.docstring), bound
