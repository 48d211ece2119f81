"""What is read anew while the server runs: polled, never watched.

Polling, because a mounted Secret or ConfigMap changes by a swapped symlink that inotify on the file
does not see. What a source reads and how it swaps is its own matter (`tls`, settings in `cli`).
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from webhook.errors import GraphgateError
from webhook.server.health import Check, Status

logger = logging.getLogger(__name__)


class Source(Protocol):
    """Something with a last good value.

    `refresh` sees to it that the present content is in effect and returns whether it is new. While
    the content cannot be used, it raises GraphgateError each time, and the last good value stays.
    """

    @property
    def name(self) -> str: ...  # noqa: D102 — a noun: "certificate", "settings"

    def refresh(self) -> bool: ...  # noqa: D102 — above


class Reloading:
    """Sources and what became of their last change."""

    def __init__(self, sources: Sequence[Source], on_failure: Callable[[str], None]) -> None:
        self._sources = sources
        self._on_failure = on_failure
        self._faults: dict[str, str] = {}

    def checks(self) -> list[Check]:
        """One check for each source: degraded while its newest content is refused."""
        return [Check(f"{s.name}-reload", self._probe(s.name)) for s in self._sources]

    def _probe(self, name: str) -> Callable[[], Status]:
        def probe() -> Status:
            fault = self._faults.get(name)
            if fault is None:
                return Status("ok")
            return Status("degraded", f"{fault}; the last good {name} is still in effect")

        return probe

    async def run(self, every: float) -> None:
        """Refresh all sources every `every` seconds, until cancelled."""
        while True:
            await asyncio.sleep(every)
            self.refresh()

    def refresh(self) -> None:
        """Refresh all sources once; a source that fails keeps its value and does no other harm."""
        for source in self._sources:
            try:
                changed = source.refresh()
            except GraphgateError as error:
                self._fail(source.name, str(error), None)
            except Exception as error:  # noqa: BLE001 — of whatever kind, it must not end the polling
                self._fail(source.name, "a fault of graphgate, see its log", error)
            else:
                recovered = self._faults.pop(source.name, None) is not None
                if changed or recovered:
                    logger.info("reloaded", extra={"fields": {"source": source.name}})

    def _fail(self, name: str, reason: str, crash: Exception | None) -> None:
        if self._faults.get(name) == reason:
            return  # said already
        self._faults[name] = reason
        self._on_failure(name)
        fields = {"source": name, "reason": reason}
        logger.error("not reloaded", exc_info=crash, extra={"fields": fields})
