"""Named time zones: how far a zone is from UTC at a point in time.

The database is the package `tzdata`, a constant that is read from the installation, one file for a
name. Format: RFC 9636 (TZif); what follows the last transition is a rule of POSIX, chapter 8.3.
"""

import re
import struct
from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+)*", re.ASCII)
_DAY = 86_400
_MAX_CACHED_ZONES = 64
_RULE = re.compile(
    r"(?P<std><[^>]+>|[A-Za-z]+)(?P<offset>[+-]?[\d:]+)"
    r"(?:(?P<dst><[^>]+>|[A-Za-z]+)(?P<dst_offset>[+-]?[\d:]+)?,(?P<start>[^,]+),(?P<end>[^,]+))?"
)


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone. `offsets` has one entry more than `transitions`: before, between and after them."""

    transitions: tuple[int, ...]
    offsets: tuple[int, ...]
    rule: str

    def offset_at(self, seconds: int) -> int:
        """Return the seconds that the zone is ahead of UTC at seconds since 1970."""
        if self.rule and (not self.transitions or seconds >= self.transitions[-1]):
            return _offset_by_rule(self.rule, seconds)
        return self.offsets[bisect_right(self.transitions, seconds)]


@lru_cache(_MAX_CACHED_ZONES)
def find_zone(name: str) -> Zone | None:
    """Return the zone of a name such as "Europe/Berlin"; None if there is no such."""
    if not _NAME.fullmatch(name) or len(name) > 64:
        return None
    file = resources.files("tzdata").joinpath("zoneinfo", *name.split("/"))
    try:
        return _read(file.read_bytes())
    except (OSError, struct.error, ValueError):
        return None


def _read(data: bytes) -> Zone:
    """Return what a TZif file says; its second part has 64-bit times."""
    if data[:4] != b"TZif":
        raise ValueError("no TZif file")
    utc_count, std_count, leap_count, time_count, type_count, char_count = _header(data, 0)
    start = 44 + time_count * 5 + type_count * 6 + char_count + leap_count * 8
    start += std_count + utc_count
    utc_count, std_count, leap_count, time_count, type_count, char_count = _header(data, start)
    start += 44
    times = struct.unpack_from(f">{time_count}q", data, start)
    start += time_count * 8
    indices = data[start : start + time_count]
    start += time_count
    types = [struct.unpack_from(">iBB", data, start + n * 6) for n in range(type_count)]
    start += type_count * 6 + char_count + leap_count * 12 + std_count + utc_count
    rule = data[start:].strip().decode("ascii")
    first = next((offset for offset, is_dst, _ in types if not is_dst), types[0][0])
    return Zone(tuple(times), (first, *(types[n][0] for n in indices)), rule)


def _header(data: bytes, start: int) -> tuple[int, ...]:
    return struct.unpack_from(">6I", data, start + 20)


def _offset_by_rule(rule: str, seconds: int) -> int:
    match = _RULE.fullmatch(rule)
    if match is None:
        return 0
    standard = -_seconds(match["offset"])
    if match["start"] is None:
        return standard
    summer = -_seconds(match["dst_offset"]) if match["dst_offset"] else standard + 3600
    year = _year_of(seconds + standard)
    start = _moment(match["start"], year) - standard
    end = _moment(match["end"], year) - summer
    is_summer = start <= seconds < end if start < end else not end <= seconds < start
    return summer if is_summer else standard


def _moment(text: str, year: int) -> int:
    """Return the local seconds since 1970 of "M3.5.0/2": the last Sunday of March, at two."""
    date, _, time = text.partition("/")
    january_first = _days_before(year)
    leap = _days_before(year + 1) - january_first == 366
    if date.startswith("M"):
        month, week, weekday = map(int, date[1:].split("."))
        lengths = (31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
        first = january_first + sum(lengths[: month - 1])
        day = (weekday - (first + 4)) % 7 + (week - 1) * 7
        while day >= lengths[month - 1]:
            day -= 7
        days = first + day
    elif date.startswith("J"):
        number = int(date[1:])
        days = january_first + number - (0 if leap and number >= 60 else 1)
    else:
        days = january_first + int(date)
    return days * _DAY + (_seconds(time) if time else 7200)


def _seconds(text: str) -> int:
    sign = -1 if text.startswith("-") else 1
    parts = [int(part) for part in text.lstrip("+-").split(":")]
    return sign * sum(part * unit for part, unit in zip(parts, (3600, 60, 1), strict=False))


def _days_before(year: int) -> int:
    """Return the days from 1970-01-01 to the first of January of a year."""
    before = year - 1
    return before * 365 + before // 4 - before // 100 + before // 400 - 719_162


def _year_of(local_seconds: int) -> int:
    days = local_seconds // _DAY
    year = 1970 + days // 366
    while _days_before(year) > days:
        year -= 1
    while _days_before(year + 1) <= days:
        year += 1
    return year
