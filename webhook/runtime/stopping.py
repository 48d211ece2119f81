"""Graceful shutdown of the background processes, reconciler and auditor."""

import asyncio
import signal
from collections.abc import Callable

STOP_SIGNALS = ("SIGTERM", "SIGINT")

SHUTDOWN_TIMEOUT_SECONDS = 35.0
"""Seconds for the workers to finish: one answer may take 30."""


def call_on_stop_signal(callback: Callable[[str], object]) -> None:
    """Call back from the running loop with the name of each termination signal."""
    loop = asyncio.get_running_loop()
    for name in STOP_SIGNALS:
        loop.add_signal_handler(signal.Signals[name], callback, name)
