"""The webhook and the command line find the same, in the same words, in every fixture."""

import json

import pytest

from tests.admission.test_wire import SETTINGS, encoded_review
from tests.seeds import ROOT
from webhook.admission import handle_review
from webhook.engine.messages import format_finding
from webhook.graph.cluster_facts import NO_FACTS
from webhook.lint.lint import lint_text
from webhook.yamldoc import read

# The command line sees how the author spelt a value; the webhook gets JSON, where 1.0 is 1 and the
# first of two equal keys is lost. So it finds the same and offers less.
TEXT_SAYS_MORE = ("[wrong-type]", "[children-not-a-list]", "[mapping-instead-of-list]")

FILES = sorted((ROOT / "tests" / "rules" / "fixtures").glob("*/*.yaml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_both_say_the_same_of_a_fixture(file):
    text = file.read_text()
    (result,) = lint_text("-", text, SETTINGS, NO_FACTS).results
    body = encoded_review(read(text).documents[0].value, namespace="")
    reported_messages = json.loads(handle_review(body, "mutate", SETTINGS, NO_FACTS).body)[
        "response"
    ]
    reported: dict[str, list[str]] = {"deny": [], "warn": []}
    for placed in result.findings:
        if not placed.finding.rule_id.startswith("yaml/"):
            reported[placed.action].append(format_finding(placed.finding))
    message = reported_messages.get("status", {}).get("message", "")
    assert reported_messages["allowed"] is (result.verdict == "allowed")
    denials = [line.removeprefix("* ") for line in message.splitlines()[1:]]
    assert comparable(reported["deny"]) == comparable(denials)
    assert comparable(reported["warn"]) == comparable(reported_messages.get("warnings", []))


def comparable(lines):
    """Return the lines sorted, without their remediation where the text decides about it."""
    return sorted(
        line.partition("; ")[0] if line.endswith(TEXT_SAYS_MORE) else line for line in lines
    )
