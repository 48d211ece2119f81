"""The tables of known words."""

from typing import Any, get_args

import pytest

from webhook.graph.schema import EnumName, enum_docs, enum_values, raw_schema, seldon_definitions


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("protocols", "seldon tensorflow kfserving v2"),
        ("transports", "rest grpc"),
        ("server-types", "rpc kafka"),
        (
            "node-types",
            "UNKNOWN_TYPE ROUTER COMBINER MODEL TRANSFORMER OUTPUT_TRANSFORMER",
        ),
        (
            "builtin-implementations",
            "UNKNOWN_IMPLEMENTATION SIMPLE_MODEL SIMPLE_ROUTER RANDOM_ABTEST AVERAGE_COMBINER",
        ),
        (
            "prepackaged-servers",
            "TENSORFLOW_SERVER SKLEARN_SERVER XGBOOST_SERVER MLFLOW_SERVER HUGGINGFACE_SERVER "
            "TRITON_SERVER TEMPO_SERVER",
        ),
        ("methods", "TRANSFORM_INPUT TRANSFORM_OUTPUT ROUTE AGGREGATE SEND_FEEDBACK"),
        ("endpoint-types", "REST GRPC"),
        ("parameter-types", "INT FLOAT DOUBLE STRING BOOL"),
        ("logger-modes", "all request response"),
        (
            "explainer-types",
            "AnchorTabular AnchorImages AnchorText Counterfactuals Contrastive KernelShap "
            "IntegratedGradients ALE TreeShap",
        ),
        ("states", "Available Creating Failed"),
        (
            "api-versions",
            "machinelearning.seldon.io/v1alpha2 machinelearning.seldon.io/v1alpha3 "
            "machinelearning.seldon.io/v1",
        ),
    ],
)
def test_the_words_are_those_of_seldon_core(table: EnumName, expected: str) -> None:
    assert enum_values(table) == tuple(expected.split())


def test_the_names_of_the_tables_are_a_type() -> None:
    assert set(get_args(EnumName)) == set(raw_schema()["x-tables"])


def test_every_table_is_used_by_a_field_and_every_field_uses_a_table() -> None:
    used = {table for path in _places() for table in path.get("x-words", ())}
    assert used == set(raw_schema()["x-tables"])


def test_every_word_has_a_meaning_in_lower_case_without_a_full_stop() -> None:
    bad = [
        (table, word)
        for table in get_args(EnumName)
        for word, meaning in enum_docs(table).items()
        if not meaning or meaning.endswith(".")
    ]
    assert bad == []


def _places() -> list[dict[str, Any]]:
    return [
        path
        for definition in seldon_definitions().values()
        for path in definition["properties"].values()
    ]
