"""The pages that describe a report's JSON name every field that it has."""

import json
import re

import pytest

from tests.docs.pages import blocks_of
from tests.seeds import EXAMPLES, ROOT

# Below them are names of rules, namespaces and teams, the author's values, or a page of its own.
OPEN = {"rules", "namespaces", "teams", "value", "containers"}


def fields_of(value):
    """Return the names of all fields, at any depth."""
    if isinstance(value, list):
        return set().union(*map(fields_of, value))
    if not isinstance(value, dict):
        return set()
    inner = (fields_of(each) for key, each in value.items() if key not in OPEN)
    return set(value).union(*inner)


@pytest.mark.parametrize(
    ("command", "page", "first"),
    [
        (("check", "--no-config", "-o", "json"), "docs/cli.md", "{"),
        (("audit", "-o", "json"), "docs/audit.md", '{"version": 1, "source"'),
    ],
)
def test_every_field_of_the_json_is_described(run, command, page, first):
    files = [EXAMPLES / "seed" / "three-steps.yaml", EXAMPLES / "seed" / "minimal.yaml"]
    report = json.loads(run(*command, *map(str, files)).out)
    (block,) = (b.text for b in blocks_of(ROOT / page) if b.text.startswith(first))
    described = set(re.findall(r'"(\w+)":', block))
    assert sorted(fields_of(report) - described) == []
