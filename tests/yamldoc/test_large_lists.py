"""Lists of a whole cluster: their items are those that a YAML reader finds."""

import json

import pytest
import yaml

from tests.documents_of import minimal
from webhook.yamldoc import large_lists, read
from webhook.yamldoc.large_lists import split_large_list


def objects(count):
    made = []
    for number in range(count):
        document = minimal()
        document["metadata"] = {"name": f"model-{number}", "annotations": {"a": '[{"\\"}\n- x'}}
        made.append(document)
    return made


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Every List of these tests is too long."""
    monkeypatch.setattr(large_lists, "MAX_CHARACTERS", 100)


LIST = {"apiVersion": "v1", "items": objects(5), "kind": "List", "metadata": {}}
TEXTS = {
    "kubectl's YAML": yaml.safe_dump(LIST, sort_keys=True),
    "a part of a stream": "---\n" + yaml.safe_dump(LIST, sort_keys=True),
    "kubectl's JSON": json.dumps(LIST, indent=4),
    "dense JSON": json.dumps(LIST),
}


@pytest.mark.parametrize("name", TEXTS)
def test_every_item_is_found_where_it_stands(name):
    text = TEXTS[name]
    items = list(split_large_list(text) or ())
    assert [read(item).documents[0].value for _, item in items] == LIST["items"]
    lines = text.splitlines()
    for number, (line, item) in enumerate(items):
        first = item.splitlines()[0].strip()
        assert first in lines[line]
        assert number == 0 or line >= items[number - 1][0]


@pytest.mark.parametrize(
    "text", ["a: 1\n" * 100, '{"a": "' + "x" * 200, "items: []\n" + "#" * 200, "[" * 200]
)
def test_what_is_no_list_is_left_to_the_reader(text):
    assert split_large_list(text) is None


@pytest.mark.parametrize("text", ['{"items": [' + "[" * 300, '{"items": [{"a": "' + "x" * 300])
def test_a_list_that_is_cut_off_has_no_whole_item(text):
    assert list(split_large_list(text) or ()) == []


def test_a_short_list_is_read_as_it_is(monkeypatch):
    monkeypatch.setattr(large_lists, "MAX_CHARACTERS", 10**9)
    assert split_large_list(TEXTS["dense JSON"]) is None
