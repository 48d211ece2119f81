"""What holds of defaulting for every template, every choice of options, every namespace."""

from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.defaulting.strategies import anything, deployments, facts, options
from webhook.defaulting import DefaultingOptions, apply_add_operations, default_object
from webhook.defaulting.resolve import EffectiveOptions
from webhook.graph.cluster_facts import Facts
from webhook.graph.path import Path, resolve_path
from webhook.podsecurity import LEVELS, Container, Pod, evaluate_pod
from webhook.podsecurity.validation.security_context import api_server_errors

property_test = settings(max_examples=300, deadline=None)

users_alone = st.builds(
    DefaultingOptions,
    run_as_user=st.sampled_from([8888, 0, None]),
    fs_group=st.sampled_from([2000, None]),
    run_as_non_root=st.sampled_from(["off", "when-user-set", "always"]),
    allow_root_default=st.just(value=True),
)
"""What is written into pods alone: then containers are not always read."""


def iter_pods(document: Any) -> list[Pod]:
    """Return the pods of a document; an explainer's has its one container."""
    predictor = document["spec"]["predictors"][0]
    found = [Pod(part["spec"], part["metadata"]) for part in predictor["componentSpecs"]]
    if "explainer" in predictor:
        found.append(Pod({"containers": [predictor["explainer"]["containerSpec"]]}))
    return found


def default_document(document: Any, chosen: DefaultingOptions, known: Facts) -> Any:
    return apply_add_operations(document, default_object(document, chosen, known).operations)


@property_test
@given(deployments(), options | users_alone, facts)
def test_a_brief_walk_gives_what_a_whole_one_does(
    document: Any, chosen: DefaultingOptions, known: Facts
) -> None:
    briefly = default_object(document, chosen, known)
    with patch.object(EffectiveOptions, "needs_no_container", new=False):
        assert default_object(document, chosen, known) == briefly


def iter_leaves(value: Any, path: Path = Path()) -> Iterator[tuple[Path, Any]]:  # noqa: B008 — frozen
    """Yield every value that is not null and has nothing below it, with its place."""
    child_path: Any = ()
    if isinstance(value, dict):
        child_path = value.items()
    elif isinstance(value, list):
        child_path = enumerate(value)
    if not child_path and value is not None:
        yield path, value
    for key, inner in child_path:
        yield from iter_leaves(inner, path / key)


@property_test
@given(deployments(), options, facts)
def test_only_what_is_absent_is_added(
    document: Any, chosen: DefaultingOptions, known: Facts
) -> None:
    for operation in default_object(document, chosen, known).operations:
        path = Path.from_pointer(operation["path"], document)
        assert operation["op"] == "add"
        assert resolve_path(document, path.parent).get(path[-1]) is None


@property_test
@given(deployments(), options, facts)
def test_twice_is_once(document: Any, chosen: DefaultingOptions, known: Facts) -> None:
    assert default_object(default_document(document, chosen, known), chosen, known).operations == ()


@property_test
@given(deployments(), options, facts)
def test_every_value_of_the_author_survives(
    document: Any, chosen: DefaultingOptions, known: Facts
) -> None:
    after = default_document(document, chosen, known)

    for path, value in iter_leaves(document):
        found = resolve_path(after, path)
        assert found == value or (value == {} and isinstance(found, dict))


@property_test
@given(deployments(), options, facts)
def test_a_template_that_can_run_still_can(
    document: Any, chosen: DefaultingOptions, known: Facts
) -> None:
    after = iter_pods(default_document(document, chosen, known))

    for old, new in zip(iter_pods(document), after, strict=True):
        assert {str(error) for error in api_server_errors(new)} <= {
            str(f) for f in api_server_errors(old)
        }


@property_test
@given(deployments(), options, facts, st.integers(0, 37))
def test_no_standard_finds_more_than_before(
    document: Any, chosen: DefaultingOptions, known: Facts, version: int
) -> None:
    after = iter_pods(default_document(document, chosen, known))

    for old, new in zip(iter_pods(document), after, strict=True):
        for level in LEVELS:
            before = {found.check_id for found in evaluate_pod(old, level, version)}
            if chosen.run_as_user == 0:
                before.add("runAsUser")  # what the operator asked for
            assert {found.check_id for found in evaluate_pod(new, level, version)} <= before


def would_start(container: Container, image_user: str) -> bool:
    """Tell whether the kubelet starts a container (kuberuntime, verifyRunAsNonRoot)."""
    if container.get_effective("runAsNonRoot") is not True:
        return True
    user = container.get_effective("runAsUser")
    return bool(user != 0) if user is not None else image_user.isdigit() and image_user != "0"


@property_test
@given(deployments(), options, facts, st.sampled_from(["", "0", "1000", "app"]))
def test_a_container_that_would_start_still_does(
    document: Any, chosen: DefaultingOptions, known: Facts, image_user: str
) -> None:
    after = iter_pods(default_document(document, chosen, known))

    for old, new in zip(iter_pods(document), after, strict=True):
        for before, now in zip(old.containers, new.containers, strict=True):
            meant = (  # `always` exists to refuse images that run as root
                chosen.run_as_non_root == "always" and now.get_effective("runAsUser") is None
            )
            if would_start(before, image_user) and not meant:
                assert would_start(now, image_user)


@property_test
@given(deployments(), options, facts)
def test_a_container_whose_author_asked_for_root_keeps_its_user(
    document: Any, chosen: DefaultingOptions, known: Facts
) -> None:
    after = iter_pods(default_document(document, chosen, known))

    for old, new in zip(iter_pods(document), after, strict=True):
        for before, now in zip(old.containers, new.containers, strict=True):
            user = before.get_effective("runAsUser")
            requested = (
                before.get_effective("privileged")
                or user == 0
                or (user is None and before.get_effective("runAsNonRoot") is False)
            )
            if requested:
                assert now.get_effective("runAsUser") == user


@property_test
@given(anything, options, facts)
def test_any_json_value_is_filled_without_an_exception(
    document: Any, chosen: DefaultingOptions, known: Facts
) -> None:
    after = default_document({"spec": {"predictors": [document]}}, chosen, known)

    assert default_object(after, chosen, known).operations == ()
