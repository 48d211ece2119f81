"""The oracle as a running program: cases in, answers out, in the same order."""

import json
import resource
import subprocess
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

Case = dict[str, Any]
"""What program/cases.go calls a Case."""
Answer = dict[str, Any]
"""What program/cases.go calls an Answer."""

_MEMORY = 6 << 30
"""Bytes of address space; Go reserves more than it uses. 300 MB are used at most."""

DEFINITION = Path(__file__).parents[2] / "manifests" / "crd" / "seldondeployments.yaml"


class OracleFailed(Exception):  # noqa: N818 — named by the fault
    """The oracle could not read a case."""


def ask(program: Path, cases: Iterable[Case]) -> Iterator[Answer]:
    """Yield the oracle's answer to each case; raise OracleFailed if it cannot read one.

    A case that the oracle does not survive (`lists.range` of a large number takes all memory before
    its cost is counted) is answered with "died", and another process is asked what follows.
    """
    kept = list(cases)
    answered = 0
    while answered < len(kept):
        for answer in _ask_one_process(program, kept[answered:]):
            answered += 1
            yield answer
        if answered < len(kept):
            answered += 1
            yield {"died": True, "unstable": True}


def _ask_one_process(program: Path, kept: list[Case]) -> Iterator[Answer]:
    """Yield answers until all are given or the process ends."""
    running = subprocess.Popen(
        [str(program), f"-crd={DEFINITION}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # a page of goroutines when it dies
        text=True,
        encoding="utf-8",
        preexec_fn=_limit_memory,  # noqa: PLW1509 — one system call
    )
    assert running.stdin is not None
    assert running.stdout is not None
    # Written by a thread: else both sides could wait for the other to read.
    writer = threading.Thread(target=_write, args=(running.stdin, kept), daemon=True)
    writer.start()
    try:
        for case in kept:
            line = running.stdout.readline()
            if not line:
                return
            answer: Answer = json.loads(line)
            if "unreadable" in answer:
                raise OracleFailed(f"{case['expression']!r}: {answer['unreadable']}")
            yield answer
    finally:
        running.kill()
        running.wait()
        writer.join()
        running.stdout.close()


def _limit_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))


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
