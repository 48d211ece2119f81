"""The life of `graphgate watch`: health, signals, and what is read again while it runs."""

import asyncio
import contextlib
import logging
import socket
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager

import uvloop
from prometheus_client import disable_created_metrics

from webhook.auditor.background import BackgroundAuditor
from webhook.auditor.config import AuditorConfig
from webhook.auditor.metrics import AuditorMetrics
from webhook.controller.informers import find_stale_informers
from webhook.runtime.health import Check, CheckResult, build_health_app
from webhook.runtime.hot_reload import Reloadable, ReloadLoop
from webhook.runtime.limits import Limits
from webhook.runtime.listener import Listener, bind_socket
from webhook.runtime.log import json_logging
from webhook.runtime.stopping import SHUTDOWN_TIMEOUT_SECONDS, call_on_stop_signal

logger = logging.getLogger("graphgate")

_RELOAD_INTERVAL_SECONDS = 1.0
"""Seconds between checks of settings and policies: a policy should not wait."""


def run(
    config: AuditorConfig,
    auditor: BackgroundAuditor,
    metrics: AuditorMetrics,
    *,
    background: Sequence[AbstractContextManager[object]],
    sources: Sequence[Reloadable],
    checks: Sequence[Check],
) -> int:
    """Audit until a signal; return 0. Logs JSON lines to standard output."""
    with bind_socket(config.health_host, config.health_port, "--health-port") as listening_socket:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        with contextlib.ExitStack() as stack:
            stack.enter_context(json_logging(sys.stdout.fileno(), metrics.count_dropped_log_lines))
            for each in background:
                stack.enter_context(each)
            runner = stack.enter_context(asyncio.Runner(loop_factory=uvloop.new_event_loop))
            return runner.run(
                _run(config, auditor, metrics, listening_socket, sources=sources, checks=checks)
            )


async def _run(
    config: AuditorConfig,
    auditor: BackgroundAuditor,
    metrics: AuditorMetrics,
    listening_socket: socket.socket,
    *,
    sources: Sequence[Reloadable],
    checks: Sequence[Check],
) -> int:
    stopping = asyncio.Event()
    call_on_stop_signal(lambda _name: stopping.set())
    reload_loop = ReloadLoop(sources, lambda _name: None)

    def check_watches() -> CheckResult:
        stale = find_stale_informers(auditor.watches, config.max_watch_staleness)
        return CheckResult("failed" if stale else "ok", "; ".join(stale))

    def check_audit() -> CheckResult:
        errors = [str(w.last_error) for w in auditor.watches if w.last_error is not None]
        kind = auditor.report_kind
        written = f"writes {kind.kind} of {kind.api_version}" if kind else "no reports written"
        if not auditor.has_audited:
            return CheckResult("failed", "; ".join(errors) or "no audit completed yet")
        return CheckResult("degraded" if errors else "ok", "; ".join([written, *errors]))

    liveness_checks = [Check("watches", check_watches)]
    readiness_checks = [
        Check("audit", check_audit),
        *checks,
        *liveness_checks,
        *reload_loop.checks(),
    ]
    listener = Listener(
        listening_socket,
        build_health_app(readiness_checks, metrics.render_metrics, liveness_checks=liveness_checks),
        Limits(max_body_bytes=0),
        lambda _reason: None,
    )
    await listener.open()
    auditor.start()
    reload_task = asyncio.create_task(reload_loop.run(_RELOAD_INTERVAL_SECONDS))
    logger.info("started", extra={"fields": {"healthPort": listener.port}})
    await stopping.wait()
    reload_task.cancel()
    await asyncio.to_thread(auditor.stop, SHUTDOWN_TIMEOUT_SECONDS)
    await listener.close(0.0)
    listener.abort()
    await asyncio.sleep(0)
    logger.info("stopped", extra={"fields": {"reason": "signal"}})
    return 0
