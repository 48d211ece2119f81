"""A terminal obeys nothing that an object or the name of a file holds."""

import json
import re
from typing import Any

import pytest

from tests.documents_of import minimal

EVIL = "a\x1b[31mred\u202eevil\u2066x\x07\x9b\u2028"
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
COMMANDS = (
    *(("check", "-o", shape) for shape in ("text", "github")),
    ("fix",),
    ("fix", "--diff"),
    ("fix", "--unsafe-fixes"),
    ("security",),
    ("graph",),
    ("render",),
)
PLACES = {
    "name": lambda d: d["metadata"].update(name=EVIL),
    "namespace": lambda d: d["metadata"].update(namespace=EVIL, labels=[]),
    "label": lambda d: d["metadata"].update(labels={EVIL: EVIL}),
    "unknown field": lambda d: d["spec"].update({EVIL: 1}),
    "predictor": lambda d: d["spec"]["predictors"][0].update(name=EVIL, replicas="1"),
    "node": lambda d: d["spec"]["predictors"][0]["graph"].update(name=EVIL, type=EVIL),
    "image": lambda d: _container(d).update(image=EVIL),
    "variable": lambda d: _container(d).update(env=[{"name": EVIL, "value": 1}]),
}


def _container(document: dict[str, Any]) -> dict[str, Any]:
    container: dict[str, Any]
    container = document["spec"]["predictors"][0]["componentSpecs"][0]["spec"]["containers"][0]
    return container


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_no_command_prints_what_a_terminal_obeys(run, tmp_path, command, place) -> None:
    file = tmp_path / f"{EVIL[:8]}.json"
    file.write_text(json.dumps(minimal(place)))
    result = run(*command, file)
    printed = result.out + result.err
    assert printed
    assert OBEYED.findall(printed) == []
