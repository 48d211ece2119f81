"""What a person waits for: the start of the command, and `check` of many files."""

import subprocess
import sys
import time
from pathlib import Path

import orjson

from benchmarks.reviews import LARGE, SMALL, deployment
from benchmarks.serving import ROOT

_TIMES = 15
_FILES = 400


def measure_starts(folder: Path) -> dict[str, tuple[float, float]]:
    """Return the least and the middle wall time (ms) of commands that do next to nothing.

    folder  for the files that are read
    """
    one = folder / "one.yaml"
    one.write_bytes(orjson.dumps(deployment(SMALL)))  # JSON is YAML
    graphgate = [sys.executable, "-m", "webhook"]
    return {
        "python -c pass": _times([sys.executable, "-c", "pass"]),
        "graphgate --help": _times([*graphgate, "--help"]),
        "graphgate check ONE": _times([*graphgate, "check", str(one)]),
    }


def measure_check_throughput(folder: Path) -> dict[str, float]:
    """Return documents per second of `check`, for many small files and for one large file."""
    many, large = folder / "many", folder / "large.yaml"
    many.mkdir()
    for number in range(_FILES):
        document = orjson.dumps(deployment(SMALL, f"iris-{number}"), option=orjson.OPT_INDENT_2)
        (many / f"{number}.yaml").write_bytes(document)
    large.write_bytes(orjson.dumps(deployment(LARGE), option=orjson.OPT_INDENT_2))
    graphgate = [sys.executable, "-m", "webhook", "check"]
    least = _times([*graphgate, str(folder / "one.yaml")], 5)[0]
    small_ones = _times([*graphgate, str(many)], 3)[0] - least
    large_one = _times([*graphgate, str(large)], 3)[0] - least
    return {
        f"{_FILES} files of 4 KB": _FILES * 1000 / small_ones,
        "one file of 208 KB": 1000 / large_one,
    }


def _times(command: list[str], times: int = _TIMES) -> tuple[float, float]:
    took = []
    for _ in range(times):
        start = time.perf_counter()
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        took.append((time.perf_counter() - start) * 1000)
    took.sort()
    return took[0], took[len(took) // 2]
