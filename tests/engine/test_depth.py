"""How deep a rule lies: Python's frames between it and the handler, and between it and the loop.

A request goes down the layers once and comes up once, and whoever reads a traceback of a rule sees
the layers and nothing else: the loop's batch, the two routes, the handler with what is in force,
`handle_review`, `evaluate_object`, `run_rules`, the rule. Whatever else a review takes (reading,
defaulting, parsing, the walk) has returned before the rule is called.
"""

import asyncio
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from types import FrameType
from typing import Any, cast

import pytest

from benchmarks.reviews import SMALL, review
from webhook.admission import handle_review
from webhook.graph.cluster_facts import NO_FACTS
from webhook.graph.finding import Finding
from webhook.rules.constraints import walk
from webhook.runtime.connection_pool import ConnectionPool
from webhook.runtime.http_protocol import HttpConnection
from webhook.runtime.limits import Limits
from webhook.runtime.metrics import ServerMetrics
from webhook.runtime.request_batch import RequestBatch
from webhook.server.app import AdmissionApp
from webhook.server.handler import AdmissionReviewHandler
from webhook.server.settings_store import SettingsStore
from webhook.settings.model import Settings, read_settings
from webhook.settings.rule_set import RuleSet

GRAPH_RULE, NODE_RULE, POD_RULE = "missing-container", "children-not-a-list", "duplicate-port"
CONTAINER_RULE, LOCAL_RULE = "unknown-volume", "unknown-resource"
FILES = (GRAPH_RULE, NODE_RULE, POD_RULE, CONTAINER_RULE, LOCAL_RULE)
ROW = "a row of the table"

FROM_HANDLER = 3
FROM_LOOP = 6

pytestmark = pytest.mark.usefixtures("restored_alarm")

Stack = list[FrameType]


def frames() -> Stack:
    """Return the frames of Python below which the caller runs, its own first."""
    found: Stack = []
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        found.append(frame)
        frame = frame.f_back
    return found


def depth(stack: Stack, function: Any) -> int:
    """Return how many calls lie between a function and the rule."""
    return next(n for n, frame in enumerate(stack) if frame.f_code is function.__code__)


@pytest.fixture
def seen() -> dict[str, Stack]:
    """By rule: the frames when it was called last."""
    return {}


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, seen: dict[str, Stack]) -> Settings:
    """Settings whose rules, and one row, note where they are called, and find nothing."""
    settings = read_settings(None, {})

    def watched(rule_id: str) -> Any:
        def check(*_: object, **__: object) -> Iterator[Finding]:
            seen[rule_id] = frames()
            yield from ()

        return check

    rules = tuple(
        replace(rule, load=partial(watched, rule.id)) if rule.id in FILES else rule
        for rule in settings.rule_set
    )
    row = next(rule.id for rule in rules if rule.in_table)
    tree = walk.Tree()
    tree.descend("env[].name").add(row, watched(ROW))
    monkeypatch.setattr(walk, "compile_rows", lambda _: {"container": tree})
    vars(settings)["rule_set"] = RuleSet(rules)  # a cached property
    return settings


@pytest.mark.parametrize("rule", [*FILES, ROW])
def test_a_rule_is_three_calls_below_the_handler(
    settings: Settings, seen: dict[str, Stack], rule: str
) -> None:
    handle_review(review(SMALL), "mutate", settings, NO_FACTS)
    assert depth(seen[rule], handle_review) == FROM_HANDLER


@pytest.mark.parametrize("rule", [*FILES, ROW])
def test_a_rule_is_six_calls_below_what_the_loop_calls(
    settings: Settings, seen: dict[str, Stack], rule: str
) -> None:
    handler = AdmissionReviewHandler(SettingsStore(lambda: settings, None, lambda _: None))
    asyncio.run(answer(AdmissionApp(handler, ServerMetrics())))
    assert depth(seen[rule], RequestBatch._answer) == FROM_LOOP
    assert depth(seen[rule], handle_review) == FROM_HANDLER


class SilentTransport:
    """Takes every answer."""

    def get_extra_info(self, _name: str) -> None:
        return None

    def is_closing(self) -> bool:
        return False

    def write(self, answer: bytes) -> None:
        assert answer.startswith(b"HTTP/1.1 200")


async def answer(app: AdmissionApp) -> None:
    """Give a connection the bytes of a review, and the loop its turn."""
    body = review(SMALL)
    pool = ConnectionPool(asyncio.get_running_loop(), Limits(), lambda _: None)
    connection = HttpConnection(pool, app)
    connection.connection_made(cast("Any", SilentTransport()))
    head = b"POST /mutate HTTP/1.1\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
    connection.data_received(head % len(body) + body)
    await asyncio.sleep(0)
    connection.connection_lost(None)
