"""`make generate` writes everything in one run, whatever was done to a rule."""

import os
import shutil
import subprocess
import sys

import pytest

from tests import patience
from tests.seeds import ROOT

FOLDERS = ("webhook", "tools", "policies", "manifests", "certs", "docs", "benchmarks", "tests")
RULE = '''"""Invented problem

Why: nobody knows.

Fix: remove it.

Bad:
    graph: {name: a}

Good:
    graph: {name: b}
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import SeldonDeployment

ACTION = "warn"
SINCE = "0.1.0"


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield nothing."""
    del deployment
    yield from ()
'''


@pytest.fixture(scope="module")
def tree(tmp_path_factory, helm):
    """A copy of the repository, as a checkout has it; Helm renders the chart again in it."""
    del helm
    root = tmp_path_factory.mktemp("checkout")
    for path in ROOT.iterdir():
        if path.is_file():
            shutil.copy(path, root)
    for folder in FOLDERS:
        shutil.copytree(
            ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__", ".*")
        )
    return root


def generate(root, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "tools.generate", *arguments],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
        timeout=patience.SECONDS,
    )


def generate_once(root):
    """Generate once; nothing may be left for a second run."""
    ran = generate(root)
    assert (ran.returncode, ran.stderr) == (0, "")
    checked = generate(root, "--check")
    assert (checked.returncode, checked.stderr) == (0, "")


def test_one_run_is_enough_after_a_rule_was_added_renamed_changed_and_removed(tree):
    rules = tree / "webhook" / "rules" / "graph"
    pages = tree / "docs" / "rules"
    settings_schema = tree / "policies" / "settings.schema.json"

    (rules / "invented_problem.py").write_text(RULE)
    generate_once(tree)
    assert "Invented problem" in (pages / "invented-problem.md").read_text()
    assert '"invented-problem"' in settings_schema.read_text()

    (rules / "invented_problem.py").rename(rules / "renamed_problem.py")
    generate_once(tree)
    assert not (pages / "invented-problem.md").exists()
    assert (pages / "renamed-problem.md").exists()

    (rules / "renamed_problem.py").write_text(RULE.replace('"warn"', '"deny"'))
    generate_once(tree)
    assert "renamed-problem:\n    action: deny" in (tree / "policies/default.yaml").read_text()

    (rules / "renamed_problem.py").unlink()
    generate_once(tree)
    assert not (pages / "renamed-problem.md").exists()
    assert "renamed-problem" not in settings_schema.read_text()


def test_the_check_names_what_is_stale(tree):
    page = tree / "docs" / "rules" / "traffic-not-100.md"
    text = page.read_text()
    page.write_text(text + "\n")
    checked = generate(tree, "--check")
    page.write_text(text)
    assert checked.returncode == 1
    assert "stale: docs/rules/traffic-not-100.md" in checked.stderr
