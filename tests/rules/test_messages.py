"""`make messages` prints the texts of the rules beside the fixtures that give them."""

import subprocess
import sys

from tests import patience
from tests.seeds import ROOT
from tools.messages import iter_literals


def test_each_text_is_printed_with_its_title_path_and_fixture():
    command = [sys.executable, "-m", "tools.messages", "duplicate-node-name"]
    printed = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=patience.SECONDS
    ).stdout
    lines = printed.strip().splitlines()
    assert lines[0].startswith("duplicate-node-name: ")
    source = next(line for line in lines if line.endswith(".yaml]"))
    assert source.strip().startswith("spec.predictors[0].graph")
    assert "[duplicate-node-name/" in source
    assert any(line.startswith("    = ") for line in lines)
    assert all("duplicate-node-name" in line for line in lines if not line.startswith(" "))


def test_other_texts_are_listed_with_file_and_line(tmp_path):
    (tmp_path / "a.py").write_text(
        '"""A docstring is not a text."""\n'
        "def fail(name):\n"
        '    """Nor is this one."""\n'
        '    raise ValueError(f"no container named {name!r} here", "word")\n'
    )
    assert [*iter_literals(tmp_path)] == [
        (str(tmp_path / "a.py"), 4, "no container named {name} here")
    ]
