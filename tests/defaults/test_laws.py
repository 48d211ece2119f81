"""What holds of defaulting for every template, every choice of options, every namespace."""

from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.defaults.strategies import anything, deployments, facts, options
from webhook.defaults import Options, apply, fill
from webhook.defaults.resolve import Resolved
from webhook.graph.facts import Facts
from webhook.graph.path import Path, resolve
from webhook.podsecurity import LEVELS, Container, Pod, evaluate
from webhook.podsecurity.never_runs import never_runs

law = settings(max_examples=300, deadline=None)


def pods(document: Any) -> list[Pod]:
    """Return the pods of a document; an explainer's has its one container."""
    predictor = document["spec"]["predictors"][0]
    found = [Pod(part["spec"], part["metadata"]) for part in predictor["componentSpecs"]]
    if "explainer" in predictor:
        found.append(Pod({"containers": [predictor["explainer"]["containerSpec"]]}))
    return found


def filled(document: Any, chosen: Options, known: Facts) -> Any:
    return apply(document, fill(document, chosen, known).operations)


@law
@given(deployments(), st.sampled_from([8888, 0, None]), facts)
def test_a_brief_look_gives_what_a_whole_one_does(
    document: Any, user: int | None, known: Facts
) -> None:
    chosen = Options(run_as_user=user, allow_root_default=True)
    briefly = fill(document, chosen, known)
    with patch.object(Resolved, "user_only", new=False):
        assert fill(document, chosen, known) == briefly


def leaves(value: Any, place: Path = Path()) -> Iterator[tuple[Path, Any]]:  # noqa: B008 — frozen
    """Yield every value that is not null and has nothing below it, with its place."""
    below: Any = ()
    if isinstance(value, dict):
        below = value.items()
    elif isinstance(value, list):
        below = enumerate(value)
    if not below and value is not None:
        yield place, value
    for key, inner in below:
        yield from leaves(inner, place / key)


@law
@given(deployments(), options, facts)
def test_only_what_is_absent_is_added(document: Any, chosen: Options, known: Facts) -> None:
    for operation in fill(document, chosen, known).operations:
        place = Path.from_pointer(operation["path"], document)
        assert operation["op"] == "add"
        assert resolve(document, place.parent).get(place[-1]) is None


@law
@given(deployments(), options, facts)
def test_twice_is_once(document: Any, chosen: Options, known: Facts) -> None:
    assert fill(filled(document, chosen, known), chosen, known).operations == ()


@law
@given(deployments(), options, facts)
def test_every_value_of_the_author_survives(document: Any, chosen: Options, known: Facts) -> None:
    after = filled(document, chosen, known)

    for place, value in leaves(document):
        found = resolve(after, place)
        assert found == value or (value == {} and isinstance(found, dict))


@law
@given(deployments(), options, facts)
def test_a_template_that_can_run_still_can(document: Any, chosen: Options, known: Facts) -> None:
    after = pods(filled(document, chosen, known))

    for old, new in zip(pods(document), after, strict=True):
        assert {str(fault) for fault in never_runs(new)} <= {str(f) for f in never_runs(old)}


@law
@given(deployments(), options, facts, st.integers(0, 37))
def test_no_standard_finds_more_than_before(
    document: Any, chosen: Options, known: Facts, version: int
) -> None:
    after = pods(filled(document, chosen, known))

    for old, new in zip(pods(document), after, strict=True):
        for level in LEVELS:
            before = {found.check for found in evaluate(old, level, version)}
            if chosen.run_as_user == 0:
                before.add("runAsUser")  # what the operator asked for
            assert {found.check for found in evaluate(new, level, version)} <= before


def starts(container: Container, image_user: str) -> bool:
    """Tell whether the kubelet starts a container (kuberuntime, verifyRunAsNonRoot)."""
    if container.effective("runAsNonRoot") is not True:
        return True
    user = container.effective("runAsUser")
    return bool(user != 0) if user is not None else image_user.isdigit() and image_user != "0"


@law
@given(deployments(), options, facts, st.sampled_from(["", "0", "1000", "app"]))
def test_a_container_that_would_start_still_does(
    document: Any, chosen: Options, known: Facts, image_user: str
) -> None:
    after = pods(filled(document, chosen, known))

    for old, new in zip(pods(document), after, strict=True):
        for before, now in zip(old.containers, new.containers, strict=True):
            meant = (  # `always` exists to refuse images that run as root
                chosen.run_as_non_root == "always" and now.effective("runAsUser") is None
            )
            if starts(before, image_user) and not meant:
                assert starts(now, image_user)


@law
@given(deployments(), options, facts)
def test_a_container_whose_author_asked_for_root_keeps_its_user(
    document: Any, chosen: Options, known: Facts
) -> None:
    after = pods(filled(document, chosen, known))

    for old, new in zip(pods(document), after, strict=True):
        for before, now in zip(old.containers, new.containers, strict=True):
            user = before.effective("runAsUser")
            asked = (
                before.effective("privileged")
                or user == 0
                or (user is None and before.effective("runAsNonRoot") is False)
            )
            if asked:
                assert now.effective("runAsUser") == user


@law
@given(anything, options, facts)
def test_any_json_value_is_filled_without_an_exception(
    document: Any, chosen: Options, known: Facts
) -> None:
    after = filled({"spec": {"predictors": [document]}}, chosen, known)

    assert fill(after, chosen, known).operations == ()
