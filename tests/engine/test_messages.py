"""What reaches a terminal is short and obeys nobody."""

import json

import pytest

from webhook.admission.handler import handle_review
from webhook.engine import messages
from webhook.engine.decision import Decision, RuleError, SuppressedFinding
from webhook.errors import ReviewTimeoutError
from webhook.graph.cluster_facts import NO_FACTS
from webhook.graph.finding import Finding
from webhook.graph.path import Path
from webhook.settings.model import read_settings

SETTINGS = read_settings(None, {})

HOSTILE = "a\x1b[2J\u202eb\r\nallowed\x9b"
MEGABYTE = "x" * 1_000_000


def denial(name: str = "iris", **changed: object) -> str:
    given = {"path": Path(("spec",)), "message": "wrong", "rule_id": "a-rule", **changed}
    return messages.format_denial(Decision(denials=(Finding(**given),)), name)  # type: ignore[arg-type]


def test_what_is_usual_is_shown_as_it_is() -> None:
    assert denial(message="it is Ä", remediation="write B") == (
        'SeldonDeployment "iris" has 1 error:\n* spec: it is Ä; write B [a-rule]'
    )


PLACES = {
    "name": denial,
    "message": lambda text: denial(message=text),
    "remediation": lambda text: denial(remediation=text),
    "path": lambda text: denial(path=Path(("spec", text))),
}


@pytest.mark.parametrize("make", PLACES.values(), ids=PLACES)
def test_a_terminal_obeys_nothing_in_a_denial(make) -> None:
    lines = make(HOSTILE).split("\n")
    assert len(lines) == 2
    assert all(line.isprintable() for line in lines)


@pytest.mark.parametrize("make", PLACES.values(), ids=PLACES)
def test_a_megabyte_makes_no_long_line_and_what_is_cut_says_so(make) -> None:
    text = make(MEGABYTE)
    assert len(text) < 5000
    assert "… (10000" in text


@pytest.mark.parametrize("text", [HOSTILE, MEGABYTE], ids=["control characters", "a megabyte"])
def test_no_answer_of_the_webhook_hands_on_what_a_terminal_obeys(text: str) -> None:
    document = {
        "apiVersion": "machinelearning.seldon.io/v1",
        "kind": "SeldonDeployment",
        "metadata": {"name": text, "namespace": "models", "labels": {text: text}},
        "spec": {"name": text, text: 1, "predictors": [{"name": text, "graph": {"name": text}}]},
    }
    request = {
        "uid": "u-1",
        "operation": "CREATE",
        "namespace": "models",
        "name": text,
        "resource": {
            "group": "machinelearning.seldon.io",
            "version": "v1",
            "resource": "seldondeployments",
        },
        "kind": {"group": "machinelearning.seldon.io", "version": "v1", "kind": "SeldonDeployment"},
        "object": document,
    }
    review = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}
    response = json.loads(
        handle_review(json.dumps(review).encode(), "validate", SETTINGS, NO_FACTS).body
    )["response"]
    assert response["allowed"] is False
    causes = response["status"]["details"]["causes"]
    shown = [
        *response["status"]["message"].split("\n"),
        *(cause[key] for cause in causes for key in ("field", "message")),
        *response.get("warnings", ()),
    ]
    assert all(line.isprintable() for line in shown)
    assert max(map(len, shown)) < 10_000


def about(name: str, **changed: object) -> Finding:
    given = {"path": Path(("spec", name)), "message": "wrong", "rule_id": "a-rule", **changed}
    return Finding(**given)  # type: ignore[arg-type]


CRASH = RuleError("crashed", KeyError("a"))
TIMEOUT = RuleError("slow", ReviewTimeoutError("2 s are over"))
READING = RuleError("", ReviewTimeoutError("2 s are over"), "reading the object")
CRASHED = "rule crashed could not be evaluated; this is a failure of graphgate, not of the object"
WAS_SLOW = "rule slow was too slow: 2 s are over"
REST = "… and 2 more; graphgate check shows them all"


def test_every_error_is_in_the_denial_and_those_of_rules_come_last() -> None:
    decision = Decision(
        denials=(about("a", remediation="do that"), about("b")),
        rule_errors=(CRASH, TIMEOUT, READING),
    )
    assert messages.format_denial(decision, "iris").split("\n") == [
        'SeldonDeployment "iris" has 5 errors:',
        "* spec.a: wrong; do that [a-rule]",
        "* spec.b: wrong [a-rule]",
        f"* {CRASHED}",
        f"* {WAS_SLOW}",
        "* reading the object was too slow: 2 s are over",
    ]


@pytest.mark.parametrize("length", [4095, 4096, 4097, 100_000])
def test_a_message_and_a_remediation_are_cut_after_4096_characters(length: int) -> None:
    text = "x" * length
    line = messages.format_message(about("a", message=text, remediation=text))
    message, remediation = line.removesuffix(" [a-rule]").split("; ")
    kept = text if length <= 4096 else f"{'x' * 4096}… ({length} characters)"
    assert (message, remediation) == (kept, kept)


@pytest.mark.parametrize("length", [512, 513, 100_000])
def test_a_path_is_cut_after_512_characters(length: int) -> None:
    path = f"spec.{'x' * (length - len('spec.'))}"
    shown = path if length == 512 else f"{path[:512]}… ({length} characters)"
    assert messages.format_path(Path(tuple(path.split(".")))) == shown


def test_an_object_without_a_name_is_the_seldondeployment() -> None:
    assert denial(name="").startswith("the SeldonDeployment has 1 error:\n")


@pytest.mark.parametrize(("count", "rest"), [(100, []), (102, [f"* {REST}"])])
def test_a_denial_spells_out_a_hundred_and_counts_all(count: int, rest: list[str]) -> None:
    decision = Decision(denials=(about("a"),) * count)
    first, *lines = messages.format_denial(decision, "iris").split("\n")
    assert first == f'SeldonDeployment "iris" has {count} errors:'
    assert lines == ["* spec.a: wrong [a-rule]"] * 100 + rest


FOUND = Decision(
    denials=(about("a"),),
    warnings=(about("b"),),
    audits=(about("c"),),
    rule_errors=(CRASH,),
)
SOFT = FOUND._replace(fail_closed=False)
A, B, C = (f"spec.{name}: wrong [a-rule]" for name in "abc")


@pytest.mark.parametrize(
    ("decision", "warnings", "audits"),
    [
        pytest.param(FOUND, [B], [C], id="what denies is in the denial"),
        pytest.param(SOFT, [B, CRASHED], [C], id="a rule that failed and lets pass is told"),
        pytest.param(
            SOFT._replace(denials=()), [B, CRASHED], [C], id="an allowed object has its warnings"
        ),
        pytest.param(
            FOUND._replace(mode="warn"),
            [f"would be denied: {A}", B, CRASHED],
            [f"would be denied: {A}", C],
            id="in mode warn a denial is a warning",
        ),
        pytest.param(
            FOUND._replace(mode="warn", rule_errors=(TIMEOUT,)),
            [B],
            [C],
            id="what is too slow denies in mode warn, and the rest with it",
        ),
        pytest.param(
            FOUND._replace(mode="observe"),
            [],
            [f"would be denied: {A}", C, B, CRASHED],
            id="in mode observe all is for the record",
        ),
        pytest.param(
            FOUND._replace(mode="observe", rule_errors=(TIMEOUT,)),
            [],
            [C, B, WAS_SLOW],
            id="what is too slow denies in mode observe",
        ),
    ],
)
def test_each_mode_tells_whom_it_means(
    decision: Decision, warnings: list[str], audits: list[str]
) -> None:
    assert messages.format_warnings(decision) == warnings
    assert messages.format_audits(decision) == "\n".join(audits)


def test_a_hundred_warnings_are_all_there_are() -> None:
    decision = Decision(warnings=(about("a"),) * 100, audits=(about("a"),) * 100)
    assert messages.format_warnings(decision) == [A] * 100
    assert messages.format_audits(decision) == "\n".join([A] * 100)


def test_no_more_than_a_hundred_warnings_are_spelled_out() -> None:
    many = tuple(about(str(n)) for n in range(102))
    decision = Decision(denials=many, warnings=many, audits=many, mode="warn")
    lines = messages.format_warnings(decision)
    assert (len(lines), lines[99][:16], lines[100]) == (202, "would be denied:", REST)
    assert (lines[101], lines[-1]) == ('spec["0"]: wrong [a-rule]', REST)
    assert messages.format_audits(Decision(audits=many)).split("\n")[-2:] == [
        'spec["99"]: wrong [a-rule]',
        REST,
    ]


@pytest.mark.parametrize(("count", "rest"), [(100, []), (101, ["… and 1 more"])])
def test_what_exceptions_take_back_is_told_with_the_exception(count: int, rest: list[str]) -> None:
    each = SuppressedFinding(about("a"), "deny", "load-test", "a\ntest", "2026-12-31T00:00:00Z")
    lines = messages.format_suppressed(Decision(suppressed=(each,) * count)).split("\n")
    told = f'{A}; exempt by "load-test" until 2026-12-31T00:00:00Z: a\\ntest'
    assert lines == [told] * 100 + rest


def test_the_worst_thing_that_a_line_may_hold_is_bounded() -> None:
    error = RuleError("slow", ReviewTimeoutError(MEGABYTE))
    assert len(messages.format_rule_errors([error])[0]) < 5000
    each = SuppressedFinding(about("a"), "deny", "e", MEGABYTE, "2026-12-31T00:00:00Z")
    assert len(messages.format_suppressed(Decision(suppressed=(each,)))) < 5000
