"""`review --replay`: which answers would be others now."""

import pytest

from tests.admission.test_wire import encoded_review
from tests.documents_of import minimal, with_graph, with_predictor
from webhook.admission.recording import record_line

STRICT = (
    "apiVersion: graphgate.io/v1alpha1\nkind: Settings\nrules: {unknown-field: {action: deny}}\n"
)


def record(document, verdict="allowed"):
    return record_line(encoded_review(document), "mutate", verdict, "2026-01-01T00:00:00Z").decode()


@pytest.fixture
def replay(run, tmp_path):
    def replay(*lines, settings=""):
        (tmp_path / "reviews.jsonl").write_text("".join(lines))
        (tmp_path / "settings.yaml").write_text(settings)
        flags = ("--settings", tmp_path / "settings.yaml") if settings else ()
        return run("review", "--replay", *flags, tmp_path / "reviews.jsonl")

    return replay


def test_the_same_settings_answer_the_same(replay):
    ran = replay(record(minimal()), record(with_graph(name="clasifier"), "denied"))
    assert (ran.code, ran.out) == (0, "2 reviews: no response changes\n")


def test_who_would_be_denied_now_is_named_with_the_reason(replay):
    ran = replay(record(with_predictor(replicaz=1)), settings=STRICT)
    assert ran.code == 1
    first, second, third, last = ran.out.splitlines()
    assert (
        first
        == "2026-01-01T00:00:00Z models/iris CREATE (mutate): was allowed, would now be denied"
    )
    assert second == '  SeldonDeployment "iris" has 1 error:'
    assert third.startswith("  * spec.predictors[0].replicaz: ")
    assert last == "1 review: 1 would now be denied"


def test_who_would_be_allowed_now_is_named(replay):
    ran = replay(record(minimal(), "denied"))
    assert ran.code == 0
    assert ran.out.splitlines()[-1] == "1 review: 1 would now be allowed"


def test_values_that_were_replaced_are_said_where_an_answer_differs(replay):
    document = with_predictor(replicaz=1)
    containers = document["spec"]["predictors"][0]["componentSpecs"][0]["spec"]["containers"]
    containers[0]["env"] = [{"name": "A", "value": "x"}]
    assert "note: values were replaced" in replay(record(document), settings=STRICT).out


def test_a_line_that_cannot_be_read_is_said_and_the_others_are_replayed(replay):
    ran = replay("{\n", record(minimal()))
    assert ran.code == 2
    assert ran.err.startswith("graphgate: line 1 is not JSON: ")
    assert ran.out == "1 review: no response changes\n"
