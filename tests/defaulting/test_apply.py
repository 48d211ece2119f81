"""Laying operations over a document."""

from typing import Any

import pytest

from tests.defaulting.documents import build_deployment, build_template
from webhook.defaulting import HARDENED_OPTIONS, apply_add_operations, default_object


def test_the_document_that_came_in_is_not_changed() -> None:
    document, same = (
        build_deployment(build_template({}, None)),
        build_deployment(build_template({}, None)),
    )

    apply_add_operations(document, default_object(document, HARDENED_OPTIONS).operations)

    assert document == same


def test_what_no_operation_touches_is_shared() -> None:
    document = build_deployment(build_template(None, volumes=[{"name": "v"}]))

    filled = apply_add_operations(document, default_object(document, HARDENED_OPTIONS).operations)

    before, after = document["spec"]["predictors"][0], filled["spec"]["predictors"][0]
    assert after is not before
    assert after["graph"] is before["graph"]
    volumes = before["componentSpecs"][0]["spec"]["volumes"]
    assert after["componentSpecs"][0]["spec"]["volumes"] is volumes


def test_no_operation_gives_the_document_itself() -> None:
    document = build_deployment()

    assert apply_add_operations(document, ()) is document


def test_members_with_slashes_and_tildes_are_found() -> None:
    document = {"a/b": {"c~d": {"~1": 1}}}

    assert apply_add_operations(
        document, ({"op": "add", "path": "/a~1b/c~0d/e~1f", "value": 2},)
    ) == {"a/b": {"c~d": {"~1": 1, "e/f": 2}}}


@pytest.mark.parametrize("path", ["/b/c", "/a/1/c", "/a/x/c"])
def test_a_way_that_is_not_there_is_an_error(path: str) -> None:
    document: dict[str, Any] = {"a": [{}]}

    with pytest.raises((LookupError, ValueError)):
        apply_add_operations(document, ({"op": "add", "path": path, "value": 1},))
