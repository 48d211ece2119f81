"""The rule that CONTRIBUTING.md writes finds its fault in the object of the page, and no other."""

from types import ModuleType

import yaml

from tests.docs.pages import blocks_of
from tests.seeds import ROOT
from webhook.graph.parse import parse
from webhook.rules import docs
from webhook.yamldoc import read

BLOCKS = blocks_of(ROOT / "CONTRIBUTING.md")
(PYTHON,) = (block.text for block in BLOCKS if block.language == "python")
(OBJECT,) = (block.text for block in BLOCKS if block.language == "yaml")


def rule():
    module = ModuleType("router_with_one_child")
    exec(compile(PYTHON, "CONTRIBUTING.md", "exec"), module.__dict__)
    return module


def found_in(document):
    nodes = [node for predictor in parse(document).predictors for node in predictor.nodes]
    return [(str(f.path), f.message) for node in nodes for f in rule().check(node)]


def test_it_finds_the_fault_of_its_fixture():
    assert found_in(yaml.safe_load(OBJECT)) == [
        ("spec.predictors[0].graph.children", 'the router "pick" has one child only')
    ]


def test_its_page_shows_a_bad_and_a_good_graph():
    page = docs.parse_docstring(rule().__doc__)
    (bad,), (good,) = read(page.bad).documents, read(page.good).documents
    assert page.title == "A router has one child"
    spec = yaml.safe_load(OBJECT)
    for document, expected in ((bad, 1), (good, 0)):
        spec["spec"]["predictors"][0]["graph"] = document.value["graph"]
        assert len(found_in(spec)) == expected


def test_there_is_no_such_rule_yet():
    """When there is, the page needs another example."""
    assert not (ROOT / "webhook" / "rules" / "graph" / "router_with_one_child.py").exists()
