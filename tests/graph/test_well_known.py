"""Names of Kubernetes, Seldon and graphgate that several packages use are written in one place."""

import ast
import re

from tests.seeds import ROOT
from webhook.graph import well_known

WEBHOOK = ROOT / "webhook"
NAME = re.compile(
    r"[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:io|sh|com)(?:/[\w./-]*)?"  # a group, a label, an annotation
    r"|[a-z]+/v[0-9]\w*"  # a version of Kubernetes' own groups: apps/v1
)


def literals():
    """Yield (name, module) of each such name that a module writes out."""
    for file in sorted(WEBHOOK.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            value = node.value if isinstance(node, ast.Constant) else None
            if isinstance(value, str) and NAME.fullmatch(value):
                yield value, str(file.relative_to(WEBHOOK))


def test_a_name_that_two_modules_use_is_well_known():
    modules: dict[str, set[str]] = {}
    for name, module in literals():
        modules.setdefault(name, set()).add(module)
    assert len(modules) > 50
    assert {name: found for name, found in modules.items() if len(found) > 1} == {}


def test_no_constant_is_written_beside_the_well_known_one():
    constants = {value for value in vars(well_known).values() if isinstance(value, str)}
    strays = {
        (name, module)
        for name, module in literals()
        if name in constants and module != "graph/well_known.py"
    }
    assert strays == set()
