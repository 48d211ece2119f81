"""`make messages` prints the texts of the rules beside the fixtures that give them."""

import subprocess
import sys

from tests.seeds import ROOT


def test_each_text_is_printed_with_its_title_path_and_fixture():
    command = [sys.executable, "-m", "tools.messages", "duplicate-node-name"]
    printed = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120
    ).stdout
    lines = printed.strip().splitlines()
    assert lines[0].startswith("duplicate-node-name: ")
    source = next(line for line in lines if line.endswith(".yaml]"))
    assert source.strip().startswith("spec.predictors[0].graph")
    assert "[duplicate-node-name/" in source
    assert any(line.startswith("    = ") for line in lines)
    assert all("duplicate-node-name" in line for line in lines if not line.startswith(" "))
