"""Durations on the command line: seconds, or as Kubernetes' own flags take them."""

import re
from typing import Any

import click

_UNIT_SECONDS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_PART = r"([0-9]+(?:\.[0-9]+)?)(d|h|ms|m|s)"
_DURATION = re.compile(f"(?:{_PART})+")
_SECONDS = re.compile(r"[0-9]+(?:\.[0-9]+)?")


class Duration(click.ParamType):  # type: ignore[type-arg]  # generic in new releases of click only
    """Seconds: `15`, `15s`, `1m30s`, `500ms`, `30d` (Go's time.ParseDuration, and days)."""

    name = "duration"

    def __init__(self, *, min_seconds: float = 0.0, allow_zero: bool = True) -> None:
        self._min_seconds = min_seconds
        self._allow_zero = allow_zero

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return seconds; fail with one sentence for what is not a duration or too short."""
        seconds = value if isinstance(value, float) else _parse(str(value))
        if seconds is None:
            self.fail(f"{value!r} is not a duration; write seconds, or 15s, 1m30s, 30d", param, ctx)
        if seconds < self._min_seconds or (seconds == 0 and not self._allow_zero):
            limit = f"at least {self._min_seconds:g}s" if self._min_seconds else "more than 0"
            self.fail(f"{value!r} is too short: {limit}", param, ctx)
        return seconds


def _parse(text: str) -> float | None:
    if _SECONDS.fullmatch(text):
        return float(text)
    if not _DURATION.fullmatch(text):
        return None
    return sum(float(number) * _UNIT_SECONDS[unit] for number, unit in re.findall(_PART, text))
