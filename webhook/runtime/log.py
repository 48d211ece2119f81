"""One JSON line per event, through stdlib logging. What is logged is decided by the callers.

{"time":"2026-11-22T08:00:00.000000Z","level":"info","event":"admission_review","uid":"…","verdict":"denied"}
"""

import contextlib
import json
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import orjson

# Lines that wait while the output is not read: 10,000 decisions.
_MAX_PENDING_BYTES = 4 << 20
# What a waiting line takes besides its bytes.
_LINE_OVERHEAD = 64
# Characters of a field, entries of a list, characters of a traceback (its end). A name that an
# author makes a megabyte long makes no line of a megabyte.
_MAX_FIELD_LENGTH = 1024
_MAX_LIST_LENGTH = 50
_MAX_TRACEBACK_LENGTH = 16 << 10
# Lines are written together; one system call for 50 ms of them.
_BATCH_INTERVAL_SECONDS = 0.05
# A missing reader must not block the end of the process.
_FLUSH_TIMEOUT_SECONDS = 2.0


def format_record(record: logging.LogRecord) -> bytes:
    """Return a record as one JSON line; `extra={"fields": {…}}` becomes members of it.

    What is long is cut and says so. What a terminal would obey (control characters, those that
    turn the direction of writing round) is an escape of JSON.
    """
    content: dict[str, object] = {
        "time": datetime.fromtimestamp(record.created, UTC),
        "level": record.levelname.lower(),
        "event": _shorten(record.getMessage()),
    }
    fields = getattr(record, "fields", None)
    if fields:
        for name, value in fields.items():
            kind = type(value)
            is_short = kind is float or (kind is str and len(value) <= _MAX_FIELD_LENGTH)
            content[name] = value if is_short else _shorten(value)
    else:
        content["logger"] = record.name
    if record.exc_info:
        traceback = logging.Formatter().formatException(record.exc_info)
        cut = len(traceback) - _MAX_TRACEBACK_LENGTH
        content["traceback"] = traceback if cut <= 0 else f"({cut} characters) …{traceback[cut:]}"
    try:
        line = orjson.dumps(content, option=orjson.OPT_UTC_Z)
    except TypeError:  # a lone surrogate, which the standard library writes as an escape
        line = json.dumps(content, default=str).encode()
    if not line.isascii() or b"\x7f" in line:
        line = _escape_unprintable(line.decode()).encode()
    return line + b"\n"


def _shorten(value: object) -> object:
    """Return a value as a line holds it."""
    if isinstance(value, str):
        if len(value) <= _MAX_FIELD_LENGTH:
            return value
        return f"{value[:_MAX_FIELD_LENGTH]}… ({len(value)} characters)"
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return value if abs(value) < 1 << 53 else _shorten(str(value))
    if isinstance(value, list | tuple):
        shown = [_shorten(str(item)) for item in value[:_MAX_LIST_LENGTH]]
        hidden = len(value) - len(shown)
        return [*shown, f"… and {hidden} more"] if hidden > 0 else shown
    return _shorten(str(value))


def _escape_unprintable(line: str) -> str:
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in line)


_RECORD_DEFAULTS = vars(
    logging.LogRecord("graphgate", logging.INFO, __file__, 0, "admission_review", None, None)
)


class AdmissionLogRecord(logging.LogRecord):
    """The record of one decision, without unused fields.

    `logger.info` also finds out file, line, function, process and thread: 4 us for each review,
    a fifth of what the server costs besides the evaluation.
    """

    def __init__(self, fields: dict[str, object]) -> None:
        self.__dict__.update(_RECORD_DEFAULTS)
        self.created = time.time()
        self.fields = fields


class JsonLinesHandler(logging.Handler):
    """Writes lines from a thread of its own: a full pipe stops the log, never the admission.

    The thread only writes, which it does without the interpreter's lock; if it also formatted,
    the loop would wait for the lock, up to the 5 ms of a switch interval.
    """

    def __init__(self, descriptor: int, on_drop: Callable[[int], None]) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._on_drop = on_drop
        self._pending: deque[bytes] = deque()
        # Each is written by one side only: the difference is what waits.
        self._queued_bytes = self._done_bytes = 0
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._write, name="log", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        """Queue the record's line, or drop it if the output is not read."""
        if self._queued_bytes - self._done_bytes >= _MAX_PENDING_BYTES:
            self._on_drop(1)
            return
        line = format_record(record)
        self._queued_bytes += len(line) + _LINE_OVERHEAD
        self._pending.append(line)
        if not self._wake.is_set():
            self._wake.set()

    def close(self) -> None:
        """Write what waits, for two seconds at most."""
        self._closing.set()
        self._wake.set()
        self._thread.join(_FLUSH_TIMEOUT_SECONDS)
        super().close()

    def _write(self) -> None:
        while not self._closing.is_set() or self._pending:
            self._wake.wait()
            self._closing.wait(_BATCH_INTERVAL_SECONDS)
            self._wake.clear()
            lines = [self._pending.popleft() for _ in range(len(self._pending))]
            rest = memoryview(b"".join(lines))
            try:
                while rest:
                    rest = rest[os.write(self._descriptor, rest) :]
            except OSError:  # the reader is gone; the decisions matter more than their log
                self._on_drop(bytes(rest).count(b"\n"))
            self._done_bytes += sum(map(len, lines)) + _LINE_OVERHEAD * len(lines)


@contextlib.contextmanager
def json_logging(descriptor: int, on_drop: Callable[[int], None]) -> Iterator[None]:
    """Send the records of everything in this process to `descriptor` while in the context.

    on_drop  is called with the number of lost lines
    """
    root = logging.getLogger()
    previous_handlers, previous_level = root.handlers[:], root.level
    handler = JsonLinesHandler(descriptor, on_drop)
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    try:
        yield
    finally:
        root.handlers[:] = previous_handlers
        root.setLevel(previous_level)
        handler.close()
