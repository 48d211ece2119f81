"""`serve --record DIR`: reviews kept to be replayed, without what may be secret.

A thread writes them after the answer was made; a review is allowed to be lost, an answer is not.
The files in DIR are bounded in number and size: the oldest goes first. Never on a dry run, which
must leave nothing behind.
"""

import logging
import os
import time
from pathlib import Path
from typing import Self

from webhook.admission import Endpoint, ReviewResult
from webhook.admission.recording import record_line
from webhook.errors import SettingsError
from webhook.runtime.background_queue import BackgroundQueue
from webhook.server.handler import ReviewHandler

logger = logging.getLogger("graphgate")

MAX_REVIEW_BYTES = 1 << 20
"""Larger ones are not kept: the largest real object is a fifth of it, and an update has two."""
MAX_FILE_BYTES = 16 << 20
MAX_FILES = 4
_MAX_PENDING = 16

_Pending = tuple[bytes, Endpoint, str, float]


class ReviewRecorder:
    """Keeps reviews. Its own context manager: the thread runs in between."""

    def __init__(self, folder: Path) -> None:
        """Take a folder that exists; raise SettingsError if nothing can be written in it."""
        if not (folder.is_dir() and os.access(folder, os.W_OK)):
            raise SettingsError(f"--record {folder}: not a writable folder")
        self._folder = folder
        self._queue = BackgroundQueue(
            "recorder", self._write, max_pending=_MAX_PENDING, flush_timeout=5.0
        )
        self.written = 0
        self.dropped = 0

    def __enter__(self) -> Self:
        self._queue.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._queue.__exit__()

    def around(self, handle_review: ReviewHandler) -> ReviewHandler:
        """Return a handler that also records its reviews."""

        def handle(body: bytes, endpoint: Endpoint) -> ReviewResult:
            result = handle_review(body, endpoint)
            if not result.dry_run and result.operation in {"CREATE", "UPDATE"}:
                self._keep(body, endpoint, result.verdict)
            return result

        return handle

    def _keep(self, body: bytes, endpoint: Endpoint, verdict: str) -> None:
        if len(body) > MAX_REVIEW_BYTES:
            self.dropped += 1
            return
        if not self._queue.add((body, endpoint, verdict, time.time())):
            self.dropped += 1

    def _write(self, pending: _Pending) -> None:
        body, endpoint, verdict, at = pending
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))
        try:
            self._append(record_line(body, endpoint, verdict, stamp))
            self.written += 1
        except (OSError, ValueError, RecursionError):
            self.dropped += 1
            logger.warning("review_not_recorded", exc_info=True)

    def _append(self, line: bytes) -> None:
        file = self._folder / "reviews.jsonl"
        if file.exists() and file.stat().st_size + len(line) > MAX_FILE_BYTES:
            for number in range(MAX_FILES - 1, 0, -1):
                older = self._folder / f"reviews.{number}.jsonl"
                newer = file if number == 1 else self._folder / f"reviews.{number - 1}.jsonl"
                if newer.exists():
                    newer.replace(older)
        descriptor = os.open(
            file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600
        )
        with os.fdopen(descriptor, "ab") as opened:
            opened.write(line)
