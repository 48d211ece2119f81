"""`read` gives the data that kubectl gives: a table of what a real kubectl was seen to make."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.yamldoc.record_kubectl import HEAD, PHRASES, SCALARS, STREAMS
from webhook.yamldoc import read

RECORDED = json.loads(Path(__file__).with_name("kubectl.json").read_text(encoding="utf-8"))


def exact_json(value: Any) -> str:
    """Text that differs for 1 and true, and for 1 and 1.5, but not for the order of keys."""
    return json.dumps(value, sort_keys=True)


def test_every_row_has_been_recorded() -> None:
    assert [list(RECORDED["values"]), [text for text, _ in RECORDED["streams"]]] == [
        list(dict.fromkeys([*SCALARS, *PHRASES])),
        STREAMS,
    ]


@pytest.mark.parametrize("source", RECORDED["values"])
def test_a_value_is_read_as_kubectl_reads_it(source: str) -> None:
    parsed_file = read(f"{HEAD}v: {source}\n")
    expected = RECORDED["values"][source]
    if expected is None:
        assert len(parsed_file.errors) == 1
        return
    assert parsed_file.errors == ()
    (document,) = parsed_file.documents
    got = {key: value for key, value in document.value.items() if key in "vw"}
    assert exact_json(got) == exact_json(expected)


@pytest.mark.parametrize(("text", "expected"), RECORDED["streams"])
def test_a_stream_is_read_as_kubectl_reads_it(text: str, expected: list[Any] | None) -> None:
    parsed_file = read(text)
    assert parsed_file.errors == ()
    values = [document.value for document in parsed_file.documents]
    # Kubectl drops an object with items, for which `read` gives both.
    assert exact_json([value for value in values if "items" not in value]) == exact_json(expected)
