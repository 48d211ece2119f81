"""The Pod Security Standard of a namespace: level and version, from its labels.

Here: levels, versions, labels, their order of strictness. Not here: what a level demands
(`checks`), who decides (`engine`).

Source: kubernetes/pod-security-admission api/helpers.go and api/constants.go.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

Level = Literal["privileged", "baseline", "restricted"]
LEVELS: tuple[Level, ...] = get_args(Level)
"""From the most to the least permissive."""

LATEST = 37
"""The minor version of the newest rule; a newer version, and `latest`, mean this one."""

LABEL_PREFIX = "pod-security.kubernetes.io/"

_VERSION = re.compile(r"v1\.(0|[1-9][0-9]{0,17})\Z")  # upstream reads 64 bits


@dataclass(frozen=True, slots=True)
class Standard:
    """A level and the Kubernetes minor version of its rules; str: restricted:v1.30."""

    level: Level = "privileged"
    version: int = LATEST

    def __str__(self) -> str:
        return f"{self.level}:v1.{self.version}"


@dataclass(frozen=True, slots=True)
class NamespacePodSecurity:
    """What a namespace's labels ask for. `label_errors` has a message for each invalid label."""

    enforce: Standard
    warn: Standard
    audit: Standard
    label_errors: tuple[str, ...] = ()


def parse_level(word: str | None) -> Level | None:
    """Return the level of that name, None if there is none. Exact: no other case, no space."""
    return next((level for level in LEVELS if level == word), None)


def parse_version(word: str) -> int | None:
    """Return the minor version that `latest` or `v1.N` means, None for anything else.

    A version newer than the newest rule is the newest rule's.
    """
    if word == "latest":
        return LATEST
    match = _VERSION.match(word)
    return None if match is None else min(int(match[1]), LATEST)


def parse_standard(words: str) -> Standard | None:
    """Return the standard that `restricted:v1.36`, `restricted:latest` or `restricted` means."""
    name, colon, number = words.partition(":")
    level = parse_level(name)
    version = parse_version(number) if colon else LATEST
    return None if level is None or version is None else Standard(level, version)


def read_namespace_labels(
    labels: Mapping[str, str], default: Standard = Standard()
) -> NamespacePodSecurity:
    """Return the standards of a namespace; `default` is what holds where a label is missing.

    A bad enforce level means restricted, a bad version the latest, a bad warn or audit level
    privileged. Without a warn label, warn follows a valid enforce level that is stricter.
    """
    label_errors: list[str] = []
    enforce = _read_mode("enforce", labels, default, "restricted", label_errors)
    warn = _read_mode("warn", labels, default, "privileged", label_errors)
    audit = _read_mode("audit", labels, default, "privileged", label_errors)
    enforce_label_level = parse_level(labels.get(f"{LABEL_PREFIX}enforce"))
    if (
        f"{LABEL_PREFIX}warn" not in labels
        and enforce_label_level is not None
        and LEVELS.index(enforce_label_level) > LEVELS.index(warn.level)
    ):
        has_own_version = f"{LABEL_PREFIX}warn-version" in labels
        warn = Standard(enforce_label_level, warn.version if has_own_version else enforce.version)
    return NamespacePodSecurity(enforce, warn, audit, tuple(label_errors))


def _read_mode(
    mode: str,
    labels: Mapping[str, str],
    default: Standard,
    fallback: Level,
    label_errors: list[str],
) -> Standard:
    level, version = default.level, default.version
    key = f"{LABEL_PREFIX}{mode}"
    if key in labels:
        known = parse_level(labels[key])
        level = fallback if known is None else known
        if known is None:
            label_errors.append(
                f"label {key} is {labels[key]!r}, which is not a level; using {fallback}"
            )
    key += "-version"
    if key in labels:
        number = parse_version(labels[key])
        version = LATEST if number is None else number
        if number is None:
            label_errors.append(
                f"label {key} is {labels[key]!r}, which is not a version; using latest"
            )
    return Standard(level, version)
