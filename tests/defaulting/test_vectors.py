"""The vectors of the specification: whole inputs, whole patches, whole warnings."""

import json
from pathlib import Path as File
from typing import Any

import pytest

from webhook.defaulting import DefaultingOptions, apply_add_operations, default_object, read_options
from webhook.graph.cluster_facts import Facts, Namespace
from webhook.graph.path import Path, resolve_path
from webhook.podsecurity import Pod, evaluate_pod, read_namespace_labels
from webhook.podsecurity.openshift import is_scc_active, uid_outside_namespace_range
from webhook.podsecurity.validation.security_context import api_server_errors

VECTORS = json.loads((File(__file__).parent / "vectors.json").read_text())["vectors"]
TEMPLATE = Path(("spec", "predictors", 0, "componentSpecs", 0))

vectors = pytest.mark.parametrize("vector", VECTORS, ids=[v["id"] for v in VECTORS])


def read_vector_options(vector: dict[str, Any]) -> DefaultingOptions:
    """Return the options of a vector, which assumes the marker and allows root as a default."""
    section = {key: value for key, value in vector["cfg"].items() if not key.startswith("psa")}
    base = DefaultingOptions(run_as_non_root="when-user-set", allow_root_default=True)
    return read_options(section, base)


def read_vector_namespace(vector: dict[str, Any]) -> Namespace | None:
    if vector["namespace"] is None:
        return None
    metadata = vector["namespace"]["metadata"]
    return Namespace(metadata.get("labels", {}), metadata.get("annotations", {}))


def read_vector_facts(vector: dict[str, Any]) -> Facts:
    known = read_vector_namespace(vector)
    return Facts(namespaces={} if known is None else {"ds": known}, openshift=vector["openshift"])


def default_vector_pod(vector: dict[str, Any]) -> Pod:
    result = default_object(vector["sdep"], read_vector_options(vector), read_vector_facts(vector))
    filled = apply_add_operations(vector["sdep"], result.operations)
    component = resolve_path(filled, TEMPLATE)
    return Pod(component.get("spec"), component.get("metadata"))


def test_there_are_86_vectors() -> None:
    assert len({vector["id"] for vector in VECTORS}) == 86


@vectors
def test_the_patch_is_the_expected_one(vector: dict[str, Any]) -> None:
    result = default_object(vector["sdep"], read_vector_options(vector), read_vector_facts(vector))

    assert list(result.operations) == vector["expectPatch"]


@vectors
def test_what_cannot_be_followed_is_reported(vector: dict[str, Any]) -> None:
    result = default_object(vector["sdep"], read_vector_options(vector), read_vector_facts(vector))

    assert [warning.message for warning in result.warnings] == [
        finding_message
        for finding_message in vector["expectWarnings"]
        if not finding_message.startswith("spec.")
    ]


@vectors
def test_what_can_never_run_is_found_in_the_filled_template(vector: dict[str, Any]) -> None:
    found = [
        f"{TEMPLATE.join(finding.path)}: {finding.message}"
        for finding in api_server_errors(default_vector_pod(vector))
    ]

    assert found == [error for error in vector["expectErrors"] if "PodSecurity" not in error]


@vectors
def test_a_user_outside_the_range_is_warned_of(vector: dict[str, Any]) -> None:
    known = read_vector_namespace(vector) or Namespace()
    if vector["cfg"].get("openshift") == "ignore" or not is_scc_active(
        known, openshift=vector["openshift"]
    ):
        found = []
    else:
        found = [
            f"{TEMPLATE.join(path)}: {finding_message}"
            for path, finding_message in uid_outside_namespace_range(
                default_vector_pod(vector), known
            )
        ]

    assert found == [
        finding_message
        for finding_message in vector["expectWarnings"]
        if "namespace's range" in finding_message
    ]


@vectors
def test_the_standard_of_the_namespace_is_evaluated_in_upstreams_words(
    vector: dict[str, Any],
) -> None:
    known = read_vector_namespace(vector) or Namespace()
    standard = read_namespace_labels(known.labels).enforce
    found = ", ".join(
        map(str, evaluate_pod(default_vector_pod(vector), standard.level, standard.version))
    )
    expected = [
        line for line in vector["expectErrors"] + vector["expectWarnings"] if "PodSecurity" in line
    ]

    if vector["id"] == "E15":  # unchanged by the update, so nobody says it
        assert found
    elif found:
        assert expected == [f'{TEMPLATE / "spec"}: would violate PodSecurity "{standard}": {found}']
    else:
        assert expected == []
