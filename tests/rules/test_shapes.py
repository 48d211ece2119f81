"""No rule fails on a value of another shape, wherever it is in a document."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any, NamedTuple

import jsonpatch
import pytest

from tests.rules.test_fixtures import FILES, SETTINGS, split_head
from webhook.engine.evaluate import evaluate
from webhook.graph.cluster_facts import NO_FACTS, Facts
from webhook.yamldoc import read

VALUES: tuple[Any, ...] = (None, 7, "x", {}, {"x": 7}, [None, 7, "x", {}, [], {"name": ["x"]}])
FACTS = Facts(
    model_servers={"SKLEARN_SERVER": {"protocols": {"seldon": {"image": "sklearn"}}}},
    explainer_images={"image": "alibi"},
    openshift=True,
    kubernetes_minor=30,
    operator="graphgate",
    max_graph_depth=3,
)
FOLDERS = sorted({file.parent.name for file in FILES})
MAX_SIZE = 20_000
"""Of a document: larger ones are about sizes, not shapes."""

Place = tuple[str | int, ...]


def places(value: Any, above: Place = ()) -> Iterator[Place]:
    """Yield where each value of a document is, itself first."""
    yield above
    if isinstance(value, dict):
        for key, below in value.items():
            yield from places(below, (*above, key))
    elif isinstance(value, list):
        for index, below in enumerate(value):
            yield from places(below, (*above, index))


def put(document: Any, place: Place, value: Any) -> Any:
    """Return the document with another value at a place."""
    changed = deepcopy(document)
    *above, last = place
    inner = changed
    for step in above:
        inner = inner[step]
    inner[last] = deepcopy(value)
    return changed


class Case(NamedTuple):
    """A document, and a value that is put at a place of it. is_update: the document was before."""

    document: Any
    place: Place
    value: Any
    is_update: bool = False


def plan() -> dict[str, list[Case]]:
    """Return the cases by folder: at each field once all values, then one in each folder."""
    planned: dict[str, list[Case]] = {folder: [] for folder in FOLDERS}
    seen: set[object] = set()
    for file in FILES:
        text = split_head(file.read_text())[1]
        if len(text) > MAX_SIZE:
            continue
        document = read(text).documents[0].value
        folder = file.parent.name
        for place in places(document):
            field = tuple("[]" if isinstance(step, int) else step for step in place)
            if not place or (folder, field) in seen:
                continue
            if field in seen:
                value = VALUES[len(seen) % len(VALUES)]
                planned[folder].append(Case(document, place, value, is_update=True))
            else:
                planned[folder] += [Case(document, place, value) for value in VALUES]
            seen |= {field, (folder, field)}
    return planned


PLANNED = plan()


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_value_makes_a_rule_fail_and_each_fix_can_be_applied(folder):
    for case in PLANNED[folder]:
        changed = put(case.document, case.place, case.value)
        decision = evaluate(
            changed,
            SETTINGS,
            FACTS if case.is_update else NO_FACTS,
            old_document=case.document if case.is_update else None,
        )
        assert decision.rule_errors == (), (*case.place, case.value)
        for finding in (*decision.denials, *decision.warnings):
            jsonpatch.apply_patch(changed, list(finding.fix))
