"""The library: every policy loads, is documented, bound, tested on both sides, and listed."""

import pathlib
from itertools import pairwise
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.policy.documents import make_deployment
from webhook import yamldoc
from webhook.graph.cluster_facts import NO_FACTS
from webhook.policy import (
    PolicySet,
    apply_request,
    evaluate_policies,
    load_policy_set,
    mutate_object,
    objects_from_file,
)
from webhook.policy.inventory import lint_policies, list_policies
from webhook.policy.testing.runner import run_tests
from webhook.report.policy_tests import render_text

LIBRARY = pathlib.Path(__file__).parents[2] / "policies" / "library"
FOLDERS = sorted(path.parent for path in LIBRARY.glob("*/policy.yaml"))


def read_policy(folder: pathlib.Path) -> PolicySet:
    text = (folder / "policy.yaml").read_text(encoding="utf-8")
    return load_policy_set(objects_from_file("policy.yaml", yamldoc.read(text)))


def test_all_cases_pass_and_nothing_is_untried() -> None:
    files = {
        path.relative_to(LIBRARY).as_posix(): path.read_text(encoding="utf-8")
        for path in LIBRARY.rglob("*.yaml")
    }
    done = run_tests(files)
    assert (done.problems, done.failed_results, done.coverage_gaps) == ((), (), ()), render_text(
        done
    )
    assert len(done.results) > 80


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_folder_holds_one_policy_of_its_name(folder: pathlib.Path) -> None:
    """With a title, severity, category, a binding and tests; portable but for graph functions."""
    policies = read_policy(folder)
    assert policies.problems == ()
    (row,) = list_policies(policies)
    assert row.name == folder.name
    assert row.title
    assert row.severity in {"low", "medium", "high"}
    assert row.category
    assert (folder / "tests.yaml").is_file()
    odd = [sentence for sentence in lint_policies(policies) if "graph functions" not in sentence]
    assert odd == []
    assert policies.policies[0].portable is (folder.name not in READS_THE_GRAPH)


READS_THE_GRAPH = {
    "graph-depth-bounded",
    "images-from-allowed-registries",
    "images-pinned-by-digest",
    "models-from-allowed-stores",
    "no-latest-image",
    "no-latest-model",
}
"""Policies about what nodes have, at any depth; CEL without recursion cannot get there."""


def test_the_kustomization_lists_what_the_api_server_understands() -> None:
    listed = yaml.safe_load((LIBRARY / "kustomization.yaml").read_text(encoding="utf-8"))
    portable = [f.name for f in FOLDERS if read_policy(f).policies[0].portable]
    assert listed["resources"] == [f"{name}/policy.yaml" for name in portable]


def test_the_readme_names_every_policy_with_its_title() -> None:
    text = (LIBRARY / "README.md").read_text(encoding="utf-8")
    rows = [row for folder in FOLDERS for row in list_policies(read_policy(folder))]
    assert [row.name for row in rows if f"[{row.name}]({row.name}/policy.yaml)" not in text] == []
    assert [row.title for row in rows if row.title not in text] == []


def test_there_are_at_least_twenty() -> None:
    assert len(FOLDERS) >= 20
    assert all(left.name < right.name for left, right in pairwise(FOLDERS))


def load_library() -> PolicySet:
    """Return the library as one set."""
    sources = [
        source
        for folder in FOLDERS
        for source in objects_from_file(
            folder.name, yamldoc.read((folder / "policy.yaml").read_text(encoding="utf-8"))
        )
    ]
    return load_policy_set(sources)


LIBRARY_POLICIES = load_library()
CHANGEABLE_PATHS = (
    ("metadata",),
    ("metadata", "labels"),
    ("spec",),
    ("spec", "replicas"),
    ("spec", "predictors"),
    ("spec", "predictors", 0),
    ("spec", "predictors", 0, "graph"),
    ("spec", "predictors", 0, "graph", "children"),
    ("spec", "predictors", 0, "replicas"),
    ("spec", "predictors", 0, "traffic"),
    ("spec", "predictors", 0, "componentSpecs"),
    ("spec", "predictors", 0, "componentSpecs", 0, "spec"),
    ("spec", "predictors", 0, "componentSpecs", 0, "spec", "securityContext"),
    ("spec", "predictors", 0, "componentSpecs", 0, "spec", "containers"),
    ("spec", "predictors", 0, "componentSpecs", 0, "spec", "containers", 0),
    ("spec", "predictors", 0, "componentSpecs", 0, "spec", "containers", 0, "image"),
    ("spec", "predictors", 0, "componentSpecs", 0, "spec", "containers", 0, "env"),
    ("spec", "predictors", 0, "componentSpecs", 0, "spec", "containers", 0, "resources"),
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["name", "limits", "value", "children", ""]), inner)
    ),
    max_leaves=4,
)


@settings(deadline=None)  # another program may have the processor for a while
@given(st.lists(st.tuples(st.sampled_from(CHANGEABLE_PATHS), VALUES), max_size=3))
def test_no_object_makes_a_policy_raise(changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    """Whatever stands anywhere: findings or failures, and places that the path can spell."""
    value: Any = make_deployment(2)
    for path, new_value in changes:
        parent = value
        try:
            for segment in path[:-1]:
                parent = parent[segment]
            parent[path[-1]] = new_value
        except (LookupError, TypeError):
            continue
    for operation in ("CREATE", "UPDATE"):
        request = apply_request(value, operation, make_deployment())
        assert mutate_object(LIBRARY_POLICIES, request, NO_FACTS).failures is not None
        for found in evaluate_policies(LIBRARY_POLICIES, request, NO_FACTS).findings:
            assert str(found.finding.path)
