"""What reaches a terminal is short and obeys nobody."""

import json

import pytest

from webhook.admission.handler import handle_review
from webhook.engine import messages
from webhook.engine.decision import Decision
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
