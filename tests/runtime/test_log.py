"""One JSON line per event."""

import io
import json
import logging
import os
import sys
from collections.abc import Iterator

import pytest

from webhook.runtime import log


def record(message: str = "admission_review", **attributes: object) -> logging.LogRecord:
    made = logging.LogRecord("graphgate", logging.INFO, __file__, 1, message, None, None)
    made.created = 0.5
    made.__dict__.update(attributes)
    return made


def test_a_line_is_time_level_event_and_fields() -> None:
    assert log.format_record(record(fields={"uid": "u", "name": "iris"})) == (
        b'{"time":"1970-01-01T00:00:00.500000Z","level":"info","event":"admission_review",'
        b'"uid":"u","name":"iris"}\n'
    )


def test_a_line_of_somebody_else_names_its_logger() -> None:
    assert json.loads(log.format_record(record("line\nbreak")))["logger"] == "graphgate"


def test_what_json_does_not_know_is_written_all_the_same() -> None:
    text = log.format_record(record(fields={"name": "\ud800", "path": os.PathLike}))
    assert json.loads(text)["name"] == "\ud800"
    assert text.count(b"\n") == 1


def test_a_traceback_is_one_line_too() -> None:
    try:
        int("no")
    except ValueError:
        text = log.format_record(record(exc_info=sys.exc_info()))
    assert json.loads(text)["traceback"].endswith("int() with base 10: 'no'")
    assert text.count(b"\n") == 1


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    yield reading, writing
    os.close(reading)
    os.close(writing)


def test_lines_arrive_in_order_before_the_end(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    with log.json_logging(writing, lambda _: None):
        for number in range(100):
            logging.getLogger("graphgate").info("event %d", number)
    text = os.read(reading, 1_000_000).decode()
    events = [json.loads(line)["event"] for line in io.StringIO(text)]
    assert events == [f"event {number}" for number in range(100)]


def test_a_reader_that_does_not_read_stops_the_log_and_not_the_server(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "_FLUSH_TIMEOUT_SECONDS", 0.0)
    _, writing = pipe
    dropped: list[int] = []
    with log.json_logging(writing, dropped.append):
        for _ in range(10_000):
            logging.getLogger("graphgate").info("event", extra={"fields": {"name": "x" * 1000}})
    # 4 MiB wait or are on their way into the pipe, which holds 64 KiB; the rest is lost.
    assert 3_000 <= 10_000 - sum(dropped) <= (4 << 20) // 1000 + 100


def test_each_line_that_is_lost_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "_BATCH_INTERVAL_SECONDS", 0.0)
    reading, writing = os.pipe()
    os.close(reading)
    dropped: list[int] = []
    try:
        with log.json_logging(writing, dropped.append):
            for _ in range(100):
                logging.getLogger("graphgate").info("event")
    finally:
        os.close(writing)
    assert sum(dropped) == 100


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "x" * 1_000_000},
        {"rules": ["x" * 1_000_000] * 10},
        {"rules": [f"policy/{number}" for number in range(100_000)]},
        {"object": {"name": "x" * 1_000_000}},
        {"number": 10**4000},
    ],
    ids=["name", "long entries", "many entries", "anything else", "number"],
)
def test_no_field_makes_a_long_line(fields: dict[str, object]) -> None:
    line = log.format_record(record(fields=fields))
    assert len(line) < 60_000
    assert json.loads(line)["event"] == "admission_review"


def test_what_is_cut_says_so() -> None:
    fields = {"name": "x" * 2000, "rules": [str(number) for number in range(60)]}
    line = json.loads(log.format_record(record(fields=fields)))
    assert line["name"] == "x" * 1024 + "… (2000 characters)"
    assert line["rules"][-2:] == ["49", "… and 10 more"]


def test_a_long_message_or_traceback_makes_no_long_line() -> None:
    try:
        float("x" * 1_000_000)
    except ValueError:
        text = log.format_record(record("y" * 1_000_000, exc_info=sys.exc_info()))
    assert len(text) < 20_000


@pytest.mark.parametrize(
    "char", ["\x1b", "\x7f", "\x9b", "\u202e", "\u2066", "\u200b", "\U000e0001"]
)
def test_a_terminal_obeys_nothing_in_a_line(char: str) -> None:
    line = log.format_record(record(fields={"name": f"ir{char}is é"}))
    assert char not in line.decode()
    assert json.loads(line)["name"] == f"ir{char}is é"  # and nothing of it is lost


def test_the_loggers_are_as_before_afterwards(pipe: tuple[int, int]) -> None:
    before = logging.getLogger().handlers[:], logging.getLogger().level
    with log.json_logging(pipe[1], lambda _: None):
        assert logging.getLogger().handlers != before[0]
    assert (logging.getLogger().handlers, logging.getLogger().level) == before


def test_a_decision_is_a_record_like_any_other() -> None:
    made = log.AdmissionLogRecord({"uid": "u"})
    assert vars(made).keys() == vars(record(fields={"uid": "u"})).keys()
    assert json.loads(log.format_record(made)).keys() == {"time", "level", "event", "uid"}
    assert logging.Formatter("%(name)s %(levelname)s %(message)s").format(made) == (
        "graphgate INFO admission_review"
    )
