"""What an editor is told of each field: types, words, and how binding these are."""

from typing import Any

import pytest

from webhook.rules.editor_schema import describe_field, editor_schema

SCHEMA = editor_schema()
CORE = "io.k8s.api.core.v1"


def field(definition: str, *path: str) -> Any:
    value = SCHEMA["$defs"][definition]
    for name in path:
        value = value["properties"][name]
    return value


def words_of(definition: str, name: str) -> Any:
    return field(definition, name).get("enum")


def test_the_schema_stands_alone() -> None:
    assert sorted(SCHEMA) == ["$defs", "$ref", "$schema", "description", "title", "type"]
    assert SCHEMA["$ref"].removeprefix("#/$defs/") in SCHEMA["$defs"]
    assert "x-" not in {
        key[:2] for d in SCHEMA["$defs"].values() for f in d["properties"].values() for key in f
    }


def test_what_is_returned_may_be_changed() -> None:
    editor_schema()["$defs"].clear()
    assert editor_schema() == SCHEMA


@pytest.mark.parametrize(
    ("definition", "name", "words"),
    [
        (
            "Node",
            "type",
            [
                *("UNKNOWN_TYPE", "ROUTER", "COMBINER", "MODEL", "TRANSFORMER"),
                *("OUTPUT_TRANSFORMER", "", None),
            ],
        ),
        (
            f"{CORE}.PodSpec",
            "dnsPolicy",
            ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None", "", None],
        ),
        (f"{CORE}.Container", "imagePullPolicy", ["Always", "IfNotPresent", "Never", "", None]),
    ],
)
def test_a_word_that_is_asked_for_is_one_of_a_list(
    definition: str, name: str, words: list[Any]
) -> None:
    found = words_of(definition, name)
    assert found is not None
    assert sorted(map(str, found)) == sorted(map(str, words))


def test_the_words_of_a_lists_items_stand_at_the_items() -> None:
    methods = field("Node", "methods")
    assert "enum" not in methods
    assert methods["items"]["enum"] == [
        *("TRANSFORM_INPUT", "TRANSFORM_OUTPUT", "ROUTE", "AGGREGATE", "SEND_FEEDBACK"),
    ]


def test_words_of_which_a_cluster_may_have_more_are_offered() -> None:
    implementation = field("Node", "implementation")
    assert "enum" not in implementation
    assert {"SKLEARN_SERVER", "RANDOM_ABTEST"} <= set(implementation["examples"])
    assert None not in implementation["examples"]
    assert " Such as: " in implementation["description"]


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({}, "What it is."),
        ({"x-words": ["transports"]}, "What it is. One of: rest, grpc."),
        ({"x-words": ["transports"], "x-open": True}, "What it is. Such as: rest, grpc."),
        (
            {"x-words": ["transports", "server-types"]},
            "What it is. One of: rest, grpc, rpc, kafka.",
        ),
        ({"x-default": "rest"}, "What it is. Default: rest."),
        ({"x-note": "A note."}, "What it is. A note."),
        ({"deprecated": True}, "What it is. Deprecated."),
        ({"x-see": "https://a"}, "What it is. See https://a"),
        (
            {"x-default": 1, "x-note": "N.", "deprecated": True, "x-see": "b"},
            "What it is. Default: 1. N. Deprecated. See b",
        ),
    ],
)
def test_a_field_is_described_in_whole(more: dict[str, Any], text: str) -> None:
    assert describe_field({"description": "What it is.", **more}) == text
