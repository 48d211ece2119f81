"""The wheel and the source distribution."""

import os
import subprocess
import sys
from pathlib import Path

from tools.release import ROOT


def build_packages(out: Path, epoch: int) -> list[Path]:
    """Build both into `out`, with `epoch` as the time of every file; return them."""
    before = set(out.iterdir())
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-t", "sdist", "-d", str(out)],
        cwd=ROOT,
        env={**os.environ, "SOURCE_DATE_EPOCH": str(epoch)},
        check=True,
        capture_output=True,
        timeout=300,
    )
    return sorted(set(out.iterdir()) - before)
