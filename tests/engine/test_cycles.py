"""What an evaluation leaves behind: nothing that waits for the garbage collector.

A cycle keeps the whole document until the next collection. At two thousand reviews a second that
is a pause of 20 ms several times a second, for everybody who waits.
"""

import gc
import json
from typing import Any

import pytest

from benchmarks.reviews import SMALL, review
from webhook.admission import handle_review
from webhook.graph.cluster_facts import NO_FACTS
from webhook.settings.model import Settings, read_settings


def changed(**fields: Any) -> bytes:
    body = json.loads(review(SMALL))
    body["request"]["object"]["spec"]["predictors"][0].update(fields)
    return json.dumps(body).encode()


def update() -> bytes:
    body = json.loads(changed(graph={"name": "nobody", "type": "MODLE"}))
    body["request"] |= {
        "operation": "UPDATE",
        "oldObject": json.loads(review(SMALL))["request"]["object"],
    }
    return json.dumps(body).encode()


RESTRICTED = read_settings(
    {
        "apiVersion": "graphgate.io/v1alpha1",
        "kind": "Settings",
        "podSecurity": {"mode": "enforce", "level": "restricted"},
    }
)


@pytest.mark.parametrize(
    ("body", "settings"),
    [
        pytest.param(review(SMALL), read_settings(), id="allowed"),
        pytest.param(review(SMALL), RESTRICTED, id="rendered"),
        pytest.param(changed(graph={"name": "nobody", "type": "MODLE"}), RESTRICTED, id="denied"),
        pytest.param(update(), read_settings(), id="updated"),
    ],
)
def test_a_review_leaves_no_cycles(body: bytes, settings: Settings) -> None:
    for _ in range(2):  # imports, compiles, and remembers
        handle_review(body, "mutate", settings, NO_FACTS)
    gc.collect()
    gc.disable()
    try:
        handle_review(body, "mutate", settings, NO_FACTS)
        assert gc.collect() == 0
    finally:
        gc.enable()
