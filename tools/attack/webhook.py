"""What attacks do to a running webhook, and to another client of it.

The server is `graphgate serve` with the policies of the library, at the chart's memory limit. Who
is attacked is one more client, with a small review every 20 ms on one connection that it keeps, as
an API server does, and a probe of the health port each second. All of them share this machine: how
long the server waited for a processor is reported too, since on a busy one that dominates.
"""

import contextlib
import http.client
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import yaml

from tests.documents_of import minimal
from tests.server.pki import Authority
from tests.server.support import trust_context
from tools.attack.confined import MEBIBYTE, ROOT, Confined, chart_limit, confined
from tools.attack.families import all_families
from tools.attack.hostile import ON_THE_WIRE, Attacker, Target, attacking, post, send_bodies
from tools.attack.objects import SETTINGS, review, reviews
from tools.attack.result import Result

GOAL_P99_MS = 500
_PAUSE_SECONDS = 0.02
_TIMEOUT_SECONDS = 10.0
_SETTLE_SECONDS = 1.0


@contextlib.contextmanager
def serving(*options: str, env: dict[str, str] | None = None) -> Iterator[tuple[Target, Confined]]:
    """Run `graphgate serve` at the memory limit of the chart until it is not needed any more."""
    authority = Authority()
    with tempfile.TemporaryDirectory() as folder:
        certificate, key = authority.issue().write(Path(folder))
        settings = Path(folder) / "settings.yaml"
        settings.write_text(yaml.safe_dump(SETTINGS))
        command = [
            *(sys.executable, "-m", "webhook", "serve", "--host", "127.0.0.1"),
            *("--port", "0", "--health-port", "0", "--shutdown-delay", "0"),
            *("--tls-cert", str(certificate), "--tls-key", str(key)),
            *("--settings", str(settings), *options),
        ]
        with confined(command, chart_limit(), env) as process:
            serving_line = process.wait_for_event("serving")
            context = trust_context(authority.pem)
            context.check_hostname = False
            yield Target(serving_line["port"], serving_line["healthPort"], context), process


class Victim:
    """Another client, while it is in its context: how long it waits, and what it is refused."""

    def __init__(self, target: Target) -> None:
        self.milliseconds: list[float] = []
        self.failures = 0
        self.probes = self.probe_failures = 0
        self._target = target
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=f) for f in (self._ask, self._probe)]

    def __enter__(self) -> "Victim":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def wait_for_calls(self, number: int) -> None:
        """Wait until so many calls were answered or lost, and a probe."""
        while len(self.milliseconds) + self.failures < number or not self.probes:
            time.sleep(0.01)

    @property
    def p99(self) -> float:
        """The milliseconds that one in a hundred exceeds; infinite if there were too few."""
        if len(self.milliseconds) < 2:
            return float("inf")
        return statistics.quantiles(self.milliseconds, n=100, method="inclusive")[98]

    def _ask(self) -> None:
        body = review(minimal())
        while not self._stopping.is_set():
            try:
                with self._target.connect() as connection:
                    connection.settimeout(_TIMEOUT_SECONDS)
                    closes = False
                    while not closes and not self._stopping.wait(_PAUSE_SECONDS):
                        started = time.perf_counter()
                        status, closes = post(connection, body)
                        self.milliseconds.append((time.perf_counter() - started) * 1000)
                        self.failures += status != 200
            except OSError:
                self.failures += 1

    def _probe(self) -> None:
        pause = 0.0
        while not self._stopping.wait(pause):
            pause = 1.0
            self.probe_failures += not is_ready(self._target)
            self.probes += 1


def is_ready(target: Target) -> bool:
    """Ask as the kubelet does."""
    probe = http.client.HTTPConnection("127.0.0.1", target.health_port, timeout=_TIMEOUT_SECONDS)
    try:
        probe.request("GET", "/readyz")
        return probe.getresponse().status == 200
    except OSError:
        return False
    finally:
        probe.close()


def attack(families: list[str], size: int, seconds: float) -> list[Result]:
    """Return a line for each attack, each of so many seconds at one and the same server."""
    bodies = [body for name in families for _, body in reviews(all_families()[name](size)) if body]
    results = []
    library = str(ROOT / "policies" / "library")
    with serving("--policies", library) as (target, process):
        idle = process.resident_mib()
        print(f"serving with {idle:.0f} MiB, {_describe(process)}\n", flush=True)
        attacks: dict[str, tuple[Attacker, int]] = {
            "nobody": (lambda *_: time.sleep(3600), 1),
            f"four clients send {', '.join(families)}": (send_bodies(bodies), 4),
            **ON_THE_WIRE,
        }
        for name, (attacker, count) in attacks.items():
            with attacking(attacker, target, count):
                time.sleep(_SETTLE_SECONDS)
                before = process.waited_for_processor()
                with Victim(target) as victim:
                    time.sleep(seconds)
                waited = (process.waited_for_processor() - before) / seconds
            results.append(result(name, victim, process, waited))
            print(results[-1].worst, flush=True)
    return results


def _describe(process: Confined) -> str:
    mib = chart_limit() // MEBIBYTE
    held = process.cgroup is not None
    return f"in a cgroup of {mib} MiB" if held else f"no cgroup: nothing ends it at {mib} MiB"


def result(name: str, victim: Victim, process: Confined, waited: float) -> Result:
    """Return the line of one attack.

    waited  the part of the time that the server waited for a processor
    """
    peak, limit = process.peak_mib(), chart_limit() / MEBIBYTE
    calls, longest = len(victim.milliseconds), max(victim.milliseconds, default=float("inf"))
    lost = victim.failures + victim.probe_failures
    worst = (
        f"p99 {victim.p99:.0f} ms, longest {longest:.0f} ms of {calls} calls; {lost} lost;"
        f" peak {peak:.0f} MiB (waited for a processor {waited:.0%})"
    )
    met = process.is_alive and victim.p99 < GOAL_P99_MS and not lost and peak < limit
    return Result(name, worst, f"p99 < {GOAL_P99_MS} ms, none lost, {limit:.0f} MiB", met)
