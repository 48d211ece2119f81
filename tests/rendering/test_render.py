"""Whole renderings, and what holds for all of them.

`GRAPHGATE_UPDATE=1 pytest tests/rendering` rewrites the expected files; read the difference.
"""

import os
from typing import Any

import pytest
import yaml

from tests.rendering.cases import CASES, FIXTURES, expected_text, load_case
from tests.rendering.kubernetes_types import NAMES, type_errors


@pytest.mark.parametrize("name", CASES)
def test_fixture_renders_as_expected(name: str) -> None:
    text = expected_text(load_case(name).rendered())
    file = FIXTURES / name / "expected.yaml"
    if os.environ.get("GRAPHGATE_UPDATE") == "1":
        file.write_text(text)
    assert text == file.read_text()


@pytest.mark.parametrize("name", CASES)
def test_fixture_folder_holds_nothing_else_and_says_what_it_shows(name: str) -> None:
    files = {file.name for file in (FIXTURES / name).iterdir()}
    assert files - {"given.yaml"} == {"input.yaml", "expected.yaml"}
    assert (FIXTURES / name / "input.yaml").read_text().startswith("# ")


@pytest.mark.parametrize("minor", [30, 37])
@pytest.mark.parametrize("name", CASES)
def test_every_object_has_the_shape_that_kubernetes_publishes(name: str, minor: int) -> None:
    for rendered in load_case(name).rendered():
        if rendered.kind in NAMES:
            assert type_errors(rendered.object, minor) == []


def test_the_check_of_shapes_finds_unknown_fields_and_wrong_types() -> None:
    (deployment, *_) = load_case("one-node").rendered()
    deployment.object["spec"]["template"]["spec"]["containers"][0] |= {"image": 1, "imaeg": "x"}
    path = "spec.template.spec.containers.0"
    assert type_errors(deployment.object) == [
        f'{path}.image: 1 is not of types "null", "string"',
        f"{path}: Additional properties are not allowed ('imaeg' was unexpected)",
    ]


def test_fixtures_show_every_kind_of_object() -> None:
    kinds = {rendered.kind for name in CASES for rendered in load_case(name).rendered()}
    assert kinds == NAMES.keys() | {"ScaledObject"}


@pytest.mark.parametrize("name", CASES)
def test_nothing_in_an_object_is_shared_with_another_place(name: str) -> None:
    """YAML writes an anchor for a list or mapping that stands in two places."""
    fixture = load_case(name)
    objects = [rendered.object for rendered in fixture.rendered()]
    assert "&id" not in yaml.dump([fixture.document, *objects])


@pytest.mark.parametrize("name", CASES)
def test_lists_can_be_applied_server_side(name: str) -> None:
    """Each list that Kubernetes merges by key has each key once."""
    for rendered in load_case(name).rendered():
        assert duplicate_keys(rendered.object) == []


KEYS = {
    "containers": ("name",),
    "initContainers": ("name",),
    "env": ("name",),
    "volumes": ("name",),
    "volumeMounts": ("mountPath",),
}
"""The merge keys of Kubernetes' types (x-kubernetes-list-map-keys)."""


def duplicate_keys(value: Any, key: str = "") -> list[tuple[str, Any]]:
    """Return list name and key of each item that stands in its list a second time."""
    if isinstance(value, dict):
        if key == "spec" and "initContainers" in value:  # one namespace of names with containers
            value = {**value, "containers": [*value["initContainers"], *value["containers"]]}
        return [found for name, item in value.items() for found in duplicate_keys(item, name)]
    if not isinstance(value, list):
        return []
    keys: tuple[str, ...] = KEYS.get(key, ())
    if key == "ports":
        keys = ("port" if value and "port" in value[0] else "containerPort", "protocol")
    seen: set[tuple[Any, ...]] = set()
    found: list[tuple[str, Any]] = []
    for item in value:
        mark = tuple(item.get(part) or "TCP" for part in keys)
        if keys and mark in seen:
            found.append((key, mark))
        seen.add(mark)
        found += duplicate_keys(item)
    return found
