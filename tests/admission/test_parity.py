"""The webhook and the command line find the same, in the same words, in every fixture."""

import json

import pytest

from tests.admission.test_wire import SETTINGS, review
from tests.seeds import ROOT
from webhook.admission import answer
from webhook.decisions.judge import judge
from webhook.decisions.report.sentence import sentence
from webhook.documents import read
from webhook.graph.facts import NOTHING_KNOWN

FILES = sorted((ROOT / "tests" / "rules" / "fixtures").glob("*/*.yaml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_both_say_the_same_of_a_fixture(file):
    text = file.read_text()
    (result,) = judge("-", text, SETTINGS, NOTHING_KNOWN).results
    body = review(read(text).documents[0].value, namespace="")
    told = json.loads(answer(body, "mutate", SETTINGS, NOTHING_KNOWN).body)["response"]
    said: dict[str, list[str]] = {"deny": [], "warn": []}
    for placed in result.findings:
        if not placed.finding.rule.startswith("yaml/"):
            said[placed.action].append(sentence(placed.finding))
    message = told.get("status", {}).get("message", "")
    assert told["allowed"] is (result.verdict == "allowed")
    assert sorted(said["deny"]) == sorted(
        line.removeprefix("* ") for line in message.splitlines()[1:]
    )
    assert sorted(said["warn"]) == sorted(told.get("warnings", []))
