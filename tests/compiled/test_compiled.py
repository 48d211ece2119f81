"""The compiled engine does what its sources say: the same answers, the same commands."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from benchmarks.reviews import LARGE, SMALL, deployment
from tests.seeds import ROOT
from tools.compiled import NotCompiled, compiled
from webhook.decisions.settings import Settings
from webhook.graph.parse import parse
from webhook.graph.signs import signs

pytestmark = pytest.mark.timeout(1500)


@pytest.fixture(scope="module")
def site() -> Path:
    """A folder with the compiled package; no C compiler: skipped, and in CI a failure."""
    try:
        return compiled()
    except NotCompiled as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error))
        pytest.skip(str(error))


def run(folder: Path, *arguments: str, site: Path | None = None, stdin: str = "") -> str:
    """Run Python elsewhere, with the compiled package before the checkout or without it."""
    first = [] if site is None else [str(site)]
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([*first, str(ROOT)])},
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in {0, 1}, done.stderr
    assert not done.stderr
    return done.stdout


def test_it_gives_the_same_answers_as_its_sources(site: Path, tmp_path: Path) -> None:
    program = ("-m", "tests.compiled.answering")
    expected = run(tmp_path, *program).splitlines()
    told = run(tmp_path, *program, site=site).splitlines()
    assert expected[0] == str(ROOT / "webhook" / "graph" / "parse.py")
    assert told[0].startswith(str(site))
    assert told[0].endswith(".so")
    assert len(expected) > 20_000
    different = [(a, b) for a, b in zip(expected[1:], told[1:], strict=True) if a != b]
    assert not different, f"{len(different)} answers differ, the first:\n{different[0]}"


def test_every_rule_keeps_its_page(site: Path, tmp_path: Path) -> None:
    for command in (("rules", "list"), ("rules", "explain", "traffic-moved-far"), ("settings",)):
        shown = run(tmp_path, "-m", "webhook", *command, site=site)
        assert shown == run(tmp_path, "-m", "webhook", *command)
        assert shown


def test_a_rule_that_never_ends_is_interrupted(site: Path, tmp_path: Path) -> None:
    told = run(tmp_path, "-m", "tests.compiled.overdue", site=site).splitlines()
    assert told == ["endless OutOfTime", "all others ended"]


def test_the_rules_of_common_deployments_are_compiled() -> None:
    """A new one among them, interpreted, would slow every review down."""
    hook = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    for key in ("tool", "hatch", "build", "targets", "wheel", "hooks", "mypyc"):
        hook = hook[key]
    settings = Settings()
    called_for = {
        f"webhook/rules/{rule.id.replace('-', '_')}.py"
        for shape in (SMALL, LARGE)
        for rule in settings.plan.select(signs(parse(deployment(shape))))
    }
    listed = {
        name for name in hook["include"] if name.startswith("webhook/rules/") and "*" not in name
    }
    assert listed == called_for
