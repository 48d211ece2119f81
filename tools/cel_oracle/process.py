"""The oracle as a running program: cases in, answers out, in the same order."""

import json
import subprocess
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

Case = dict[str, Any]
"""What program/cases.go calls a Case."""
Answer = dict[str, Any]
"""What program/cases.go calls an Answer."""

DEFINITION = Path(__file__).parents[2] / "manifests" / "crd" / "seldondeployments.yaml"


class OracleFailed(Exception):  # noqa: N818 — named by the fault
    """The oracle ended early, or could not read a case."""


def ask(program: Path, cases: Iterable[Case]) -> Iterator[Answer]:
    """Yield the oracle's answer to each case; raise OracleFailed if there is none."""
    running = subprocess.Popen(
        [str(program), f"-crd={DEFINITION}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    assert running.stdin is not None
    assert running.stdout is not None
    kept = list(cases)
    # Written by a thread: else both sides could wait for the other to read.
    writer = threading.Thread(target=_write, args=(running.stdin, kept), daemon=True)
    writer.start()
    try:
        for case in kept:
            line = running.stdout.readline()
            if not line:
                raise OracleFailed(f"the oracle ended before it answered {case['expression']!r}")
            answer: Answer = json.loads(line)
            if "unreadable" in answer:
                raise OracleFailed(f"{case['expression']!r}: {answer['unreadable']}")
            yield answer
    finally:
        running.kill()
        running.wait()
        writer.join()
        running.stdout.close()


def versions(program: Path) -> dict[str, str]:
    """Return the versions of the modules that decide what an answer is."""
    done = subprocess.run([str(program), "-version"], capture_output=True, check=True)
    found: dict[str, str] = json.loads(done.stdout)
    return found


def _write(stream: IO[str], cases: list[Case]) -> None:
    try:
        with stream:
            for case in cases:
                stream.write(json.dumps(case, ensure_ascii=True) + "\n")
    except (BrokenPipeError, ValueError):
        return  # the reader says what happened
