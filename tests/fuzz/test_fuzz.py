"""The slice of the fuzzer that every test run affords; `make fuzz` is the whole."""

from tests.fuzz import respond, server, target
from tests.fuzz.hostile import TEXT, make_body
from webhook.admission import Endpoint, ReviewResult
from webhook.errors import MalformedReviewError


def silent(_line: str) -> None:
    """Say nothing; the faults are in what is returned."""


def test_the_handler_survives_what_nobody_sane_would_send() -> None:
    assert respond.fuzz(target.handle_body, 4000, seed=1, report=silent) == []


def test_the_server_survives_what_nobody_sane_would_send() -> None:
    assert server.fuzz(1000, seed=1, report=silent) == []


def test_the_same_seed_makes_the_same_bodies() -> None:
    assert [make_body(7, n) for n in range(500)] == [make_body(7, n) for n in range(500)]


def test_most_bodies_are_reviews_that_must_be_answered() -> None:
    answered = sum(bool(respond.expected_uid(make_body(1, number))) for number in range(1000))
    assert 500 < answered < 1000


def _crashing(_body: bytes, _endpoint: Endpoint) -> ReviewResult:
    raise KeyError("predictors")


def _refusing(_body: bytes, _endpoint: Endpoint) -> ReviewResult:
    raise MalformedReviewError("no")


def test_a_crash_of_the_handler_is_found_once_for_each_kind() -> None:
    (fault,) = respond.fuzz(_crashing, 100, seed=1, report=silent)
    assert fault.startswith("body 0 of seed 1: ")
    assert "KeyError: 'predictors'" in fault


def test_a_review_refused_as_malformed_is_found() -> None:
    faults = respond.fuzz(_refusing, 100, seed=1, report=silent)
    assert "refused as malformed, though its uid is '705ab4f5-" in faults[0]


def test_an_answer_for_somebody_else_is_found() -> None:
    answer = target.handle_body(TEXT.replace(b"705ab4f5", b"00000000"), "mutate")
    assert respond.find_mistake(answer, TEXT).startswith("answered for '00000000-")
    assert respond.find_mistake(target.handle_body(TEXT, "mutate"), TEXT) == ""
