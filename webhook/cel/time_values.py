"""Timestamps and durations, to the nanosecond, in whole numbers.

Not Python's datetime: it stops at microseconds, and the pure core knows no clock.
Time zones: UTC, fixed offsets ("+02:00") and names ("Europe/Berlin", `time_zones`).
"""

import re
from dataclasses import dataclass, field
from typing import ClassVar

from webhook.cel.time_zones import find_zone
from webhook.cel.values import EvaluationError, add_ordered, check_int64

SECOND = 1_000_000_000
_DAY = 86_400 * SECOND

# The range of CEL's timestamps: 0001-01-01T00:00:00Z to 9999-12-31T23:59:59.999999999Z.
MIN_NANOSECONDS, _MAX_NANOSECONDS = -62_135_596_800 * SECOND, 253_402_300_800 * SECOND - 1

_RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:[.,](\d+))?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_ZONE = re.compile(r"([+-]?)(\d\d?):(\d\d)", re.ASCII)
_DURATION_PART = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)", re.ASCII)
_UNITS = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "μs": 1_000,
    "ms": 1_000_000,
    "s": SECOND,
    "m": 60 * SECOND,
    "h": 3600 * SECOND,
}
_MONTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@dataclass(frozen=True, slots=True, order=True)
class Timestamp:
    """A point in time, in nanoseconds since 1970-01-01T00:00:00Z.

    offset  the seconds ahead of UTC with which it was written, and is written again
    """

    CEL_NAME: ClassVar[str] = "google.protobuf.Timestamp"
    nanoseconds: int
    offset: int = field(default=0, compare=False)

    def __post_init__(self) -> None:
        if not MIN_NANOSECONDS <= self.nanoseconds <= _MAX_NANOSECONDS:
            raise EvaluationError("timestamp overflow")

    def __str__(self) -> str:
        return self.text(self.offset)

    def text(self, offset: int = 0) -> str:
        """Return the RFC 3339 text, in UTC or with an offset in seconds."""
        local = self.nanoseconds + offset * SECOND
        year, month, day = civil_from_days(local // _DAY)
        rest = local % _DAY
        seconds, fraction = divmod(rest, SECOND)
        digits = f".{fraction:09d}".rstrip("0") if fraction else ""
        clock = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
        hours, minutes = divmod(abs(offset) // 60, 60)
        zone = f"{'-' if offset < 0 else '+'}{hours:02d}:{minutes:02d}" if offset else "Z"
        return f"{year:04d}-{month:02d}-{day:02d}T{clock}{digits}{zone}"


@dataclass(frozen=True, slots=True, order=True)
class Duration:
    """A stretch of time in nanoseconds."""

    CEL_NAME: ClassVar[str] = "google.protobuf.Duration"
    nanoseconds: int

    def __post_init__(self) -> None:
        check_int64(self.nanoseconds)  # some 292 years, as Go's time.Duration

    def __str__(self) -> str:
        seconds, fraction = divmod(abs(self.nanoseconds), SECOND)
        digits = f".{fraction:09d}".rstrip("0") if fraction else ""
        return f"{'-' if self.nanoseconds < 0 else ''}{seconds}{digits}s"


add_ordered(Timestamp, Duration)


def parse_timestamp(text: str) -> Timestamp:
    """Return the Timestamp of an RFC 3339 text; raise EvaluationError for any other."""
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise EvaluationError(f'"{text}" is not an RFC 3339 timestamp')
    year, month, day, hour, minute, second = (int(match[n]) for n in range(1, 7))
    if not (1 <= month <= 12 and 1 <= day <= _days_in_month(year, month) and hour < 24):
        raise EvaluationError(f'"{text}" has a day or hour out of range')
    if minute > 59 or second > 59:
        raise EvaluationError(f'"{text}" has a minute or second out of range')
    zone = 0 if match[8] in "Zz" else _parse_offset(match[8])
    clock = (hour * 60 + minute) * 60 + second
    fraction = int((match[7] or "")[:9].ljust(9, "0"))  # finer than that is cut, as in Go
    return Timestamp(
        (days_from_civil(year, month, day) * 86_400 + clock) * SECOND + fraction - zone,
        zone // SECOND,
    )


def parse_duration(text: str) -> Duration:
    """Return the Duration of a text as Go writes it: 1h30m, 250ms, -1.5s."""
    sign = -1 if text.startswith("-") else 1
    rest = text[1:] if text[:1] in ("+", "-") else text
    if rest == "0":
        return Duration(0)
    total, offset = 0, 0
    while offset < len(rest):
        match = _DURATION_PART.match(rest, offset)
        if match is None or len(match[1]) > 40:  # nobody writes more digits; converting is costly
            raise EvaluationError(f'"{text}" is not a duration such as "1h30m"')
        whole, _, fraction = match[1].partition(".")
        unit = _UNITS[match[2]]
        total += int(whole or "0") * unit
        total += int(fraction or "0") * unit // 10 ** len(fraction)
        offset = match.end()
    if not rest:
        raise EvaluationError(f'"{text}" is not a duration such as "1h30m"')
    return Duration(sign * total)


def get_time_field(timestamp: Timestamp, name: str, zone: str = "UTC") -> int:
    """Return one part of a point in time, as CEL's get… functions count it."""
    local = timestamp.nanoseconds + _zone_offset(zone, timestamp.nanoseconds // SECOND)
    days, time_of_day = divmod(local, _DAY)
    year, month, day = civil_from_days(days)
    parts = {
        "getFullYear": year,
        "getMonth": month - 1,
        "getDate": day,
        "getDayOfMonth": day - 1,
        "getDayOfWeek": (days + 4) % 7,
        "getDayOfYear": days - days_from_civil(year, 1, 1),
        "getHours": time_of_day // (3600 * SECOND),
        "getMinutes": time_of_day // (60 * SECOND) % 60,
        "getSeconds": time_of_day // SECOND % 60,
        "getMilliseconds": time_of_day // 1_000_000 % 1000,
    }
    return parts[name]


def duration_in_whole_units(duration: Duration, name: str) -> int:
    """Return a duration in whole units of one kind."""
    value = abs(duration.nanoseconds)
    parts = {
        "getHours": value // (3600 * SECOND),
        "getMinutes": value // (60 * SECOND),
        "getSeconds": value // SECOND,
        "getMilliseconds": value // 1_000_000,
    }
    return parts[name] if duration.nanoseconds >= 0 else -parts[name]


def days_from_civil(year: int, month: int, day: int) -> int:
    """Return the days from 1970-01-01 to a day of the Gregorian calendar.

    Years begin in March here, so that the leap day is the last one; 400 years have 146,097 days,
    and 719,468 lie between 0000-03-01 and 1970-01-01.
    """
    year -= month <= 2
    era, year_of_era = divmod(year, 400)
    day_of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return (
        era * 146_097 + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year
    ) - 719_468


def civil_from_days(days: int) -> tuple[int, int, int]:
    """Return year, month and day; the inverse of `days_from_civil`."""
    era, day_of_era = divmod(days + 719_468, 146_097)
    year_of_era = (
        day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096
    ) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * day_of_year + 2) // 153
    month = shifted + (3 if shifted < 10 else -9)
    day = day_of_year - (153 * shifted + 2) // 5 + 1
    return era * 400 + year_of_era + (month <= 2), month, day


def _days_in_month(year: int, month: int) -> int:
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return 29 if month == 2 and leap else _MONTHS[month - 1]


def _zone_offset(name: str, seconds: int) -> int:
    if name in ("UTC", "", "Local"):
        return 0
    if ":" in name:
        return _parse_offset(name)
    zone = find_zone(name)
    if zone is None:
        raise EvaluationError(f"unknown time zone {name[:60]}")
    return zone.offset_at(seconds) * SECOND


def _parse_offset(text: str) -> int:
    match = _ZONE.fullmatch(text)
    if match is None:
        raise EvaluationError(f'the time zone "{text}" is neither UTC nor an offset like "+02:00"')
    seconds = int(match[2]) * 3600 + int(match[3]) * 60
    return (-seconds if match[1] == "-" else seconds) * SECOND
