"""python -m benchmarks: measure, and print a table. See README.md."""

import argparse
import dataclasses
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks import commands, interpreter, policies, serving
from benchmarks.reviews import LARGE, SMALL, review

REVIEWS = ("4 KB", "4 KB applied", "4 KB again", "208 KB")
"""What is sent; README.md says what each of them means."""


def main() -> None:
    """Measure all, or what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--seconds", type=float, default=4.0, help="of each load (default 4)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument("--only", choices=["serving", "commands", "policies"], help="a part of it")
    interpreter.add_option(parser)
    given = parser.parse_args()
    interpreter.use(given.interpreter, "benchmarks")
    cores = len(os.sched_getaffinity(0))
    found: dict[str, object] = {"python": interpreter.description(), "cores": cores}
    print(f"{interpreter.shown()}; {cores} cores, {platform.machine()}", flush=True)
    if cores == 1:
        print("one core only: server and client share it, and both look slow")
    with tempfile.TemporaryDirectory(prefix="graphgate-bench-") as name:
        folder = Path(name)
        if given.only in {None, "serving"}:
            found |= _serving(folder, given.seconds)
        if given.only in {None, "commands"}:
            found |= _commands(folder)
        if given.only in {None, "policies"}:
            found |= _policies()
    if given.json:
        given.json.write_text(json.dumps(found, indent=2) + "\n")


def _serving(folder: Path, seconds: float) -> dict[str, object]:
    for name in REVIEWS:
        sent = list(_reviews(name))
        lines = [f"{endpoint} ".encode() + body for endpoint, body in sent]
        (folder / f"{name}.txt").write_bytes(b"\n".join(lines))
        _require_clean(name, sent)
    mint = [sys.executable, "-m", "webhook", "certs", "init", "--out", str(folder)]
    subprocess.run(mint, cwd=serving.ROOT, check=True, stdout=subprocess.DEVNULL)
    all_found: list[serving.Measured] = []
    peaks: dict[str, dict[str, float]] = {}
    print(f"\nTLS, one core, {seconds:g} s each; times in ms, CPU in us per call")
    print("of echo: calls per second, and the same by CPU, which others disturb less")
    print("| review | connections | server | per second | p50 | p99 | CPU | of echo | others |")
    print("| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for name in REVIEWS:
        for connections in serving.CONNECTIONS:
            echo = None
            for server in ("echo", "graphgate"):
                port = serving.free_port()
                asked = serving.command(server, port, folder)
                with serving.running(asked, port) as process:
                    measured = serving.measure(
                        server, process, port, folder, name, connections, seconds
                    )
                    memory = peaks.setdefault(server, {})
                    peak = serving.peak_memory(process)
                    memory[name] = max(memory.get(name, 0.0), peak)
                echo = echo or measured
                all_found.append(measured)
                print(_row(measured, echo), flush=True)
    print("\nPeak resident memory, MiB")
    for server, memory in peaks.items():
        print(f"  {server:<10}" + "".join(f"  {n}: {peak:.0f}" for n, peak in memory.items()))
    return {"serving": [dataclasses.asdict(m) for m in all_found], "memory": peaks}


def _reviews(name: str) -> Iterator[tuple[str, bytes]]:
    """Yield what is sent under a name: endpoint and review, which take turns."""
    if name == "4 KB again":
        yield "mutate", review(SMALL)
        return
    # The server remembers about a thousand objects of 4 KB, and none of a review above 128 KiB.
    for number in range(50 if name == "208 KB" else 3000):
        called = f"iris-{number:04}"
        yield "mutate", review(LARGE if name == "208 KB" else SMALL, called)
        if name == "4 KB applied":
            yield "validate", review(SMALL, called, 8888)


def _require_clean(name: str, sent: Sequence[tuple[str, bytes]]) -> None:
    """Stop if a rule has something to say: explaining costs more than evaluating."""
    for endpoint in ("mutate", "validate"):
        bodies = b"\n".join(body for called, body in sent if called == endpoint)
        if not bodies:
            continue
        ask = [sys.executable, "-m", "webhook", "review", "--endpoint", endpoint, "-"]
        asked = subprocess.run(
            ask, cwd=serving.ROOT, check=True, input=bodies, stdout=subprocess.PIPE
        )
        for line in asked.stdout.splitlines():
            response = json.loads(line)["response"]
            if not response["allowed"] or "warnings" in response:
                sys.exit(f"a review of {name} is not clean, fix reviews.py: {response}")


def _row(found: serving.Measured, echo: serving.Measured) -> str:
    return (
        f"| {found.review} | {found.connections} | {found.server} | {found.per_second:,.0f} |"
        f" {found.p50:.2f} | {found.p99:.2f} | {found.cpu:.0f} |"
        f" {found.per_second / echo.per_second:.0%}, {echo.cpu / found.cpu:.0%} |"
        f" {found.others:.0%} |"
    )


def _commands(folder: Path) -> dict[str, object]:
    starts = commands.measure_starts(folder)
    bare = starts["python -c pass"][0]
    print("\nFrom start to exit, ms: least and middle of 15, and the least beside bare Python")
    for name, (least, middle) in starts.items():
        print(f"  {name:<22}{least:7.0f}{middle:7.0f}{least / bare:7.1f}x")
    throughput = commands.measure_check_throughput(folder)
    print("\ngraphgate check, documents per second, start not counted")
    for name, per_second in throughput.items():
        print(f"  {name:<22}{per_second:7.0f}")
    return {"starts": starts, "check": throughput}


def _policies() -> dict[str, object]:
    print("\nThe library's policies, us of CPU for a review")
    costs = policies.measure_costs()
    for name, by_set in costs.items():
        print(f"  {name:<16}" + ", ".join(f"{which}: {us:.0f}" for which, us in by_set.items()))
    return {"policies": costs}


if __name__ == "__main__":
    main()
