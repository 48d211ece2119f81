"""What is read again while the server runs: polled, never watched.

Polling, because a mounted Secret or ConfigMap changes by a swapped symlink that inotify on the file
does not see. What a source reads and how it swaps is its own matter (`tls`, settings in `cli`).
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from webhook.errors import GraphgateError
from webhook.runtime.health import Check, CheckResult

logger = logging.getLogger(__name__)


class Reloadable(Protocol):
    """Something with a last good value.

    `refresh` sees to it that the present content is in effect and returns whether it is new. While
    the content cannot be used, it raises GraphgateError each time, and the last good value stays.
    """

    @property
    def name(self) -> str: ...  # noqa: D102 — a noun: "certificate", "settings"

    def reload_if_changed(self) -> bool: ...  # noqa: D102 — above


class ReloadLoop:
    """Sources and what became of their last change."""

    def __init__(self, sources: Sequence[Reloadable], on_failure: Callable[[str], None]) -> None:
        self._sources = sources
        self._on_failure = on_failure
        self._errors: dict[str, str] = {}

    def checks(self) -> list[Check]:
        """One check for each source: degraded while its newest content is refused."""
        return [Check(f"{s.name}-reload", self._probe(s.name)) for s in self._sources]

    def _probe(self, name: str) -> Callable[[], CheckResult]:
        def probe() -> CheckResult:
            error = self._errors.get(name)
            if error is None:
                return CheckResult("ok")
            reason = error.replace("\n", "; ")  # a line for each check
            return CheckResult("degraded", f"{reason}; the last valid {name} is still in use")

        return probe

    async def run(self, interval: float) -> None:
        """Refresh all sources every `every` seconds, until cancelled."""
        while True:
            await asyncio.sleep(interval)
            self.reload_all()

    def reload_all(self) -> None:
        """Refresh all sources once; a source that fails keeps its value and does no other harm."""
        for source in self._sources:
            try:
                changed = source.reload_if_changed()
            except GraphgateError as error:
                self._record_failure(source.name, str(error), None)
            except Exception as error:  # noqa: BLE001 — of whatever kind, it must not end the polling
                self._record_failure(source.name, "internal error of graphgate, see its log", error)
            else:
                recovered = self._errors.pop(source.name, None) is not None
                if changed or recovered:
                    logger.info("config_reloaded", extra={"fields": {"source": source.name}})

    def _record_failure(self, name: str, reason: str, exception: Exception | None) -> None:
        if self._errors.get(name) == reason:
            return  # said already
        self._errors[name] = reason
        self._on_failure(name)
        fields = {"source": name, "reason": reason}
        logger.error("config_reload_failed", exc_info=exception, extra={"fields": fields})
