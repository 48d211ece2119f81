"""`audit --compare-…`: what would change under other settings, policies or another Kubernetes."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from webhook.cli.option_group import option_group
from webhook.errors import SettingsError

if TYPE_CHECKING:
    from webhook.audit.impact import Impact
    from webhook.cli.options import SettingsFlags
    from webhook.graph.cluster_facts import Facts

_VERSION = re.compile(r"v?1\.([1-9][0-9]{0,2})(\.[0-9]+)?")


@dataclass(frozen=True, slots=True)
class CompareOptions:
    """What the present verdicts are compared with; what is left out stays as it is."""

    compare_settings: Path | None = None
    compare_policies: tuple[Path, ...] = ()
    compare_version: str | None = None

    def __bool__(self) -> bool:
        """Whether anything is compared."""
        return bool(self.compare_settings or self.compare_policies or self.compare_version)

    def flags(self, flags: "SettingsFlags") -> "SettingsFlags":
        """Return the flags of the other settings."""
        if self.compare_settings is None:
            return flags
        return replace(flags, settings_file=self.compare_settings)

    def facts(self, facts: "Facts") -> "Facts":
        """Return the facts of the other cluster; raise SettingsError for what is not a version."""
        if self.compare_version is None:
            return facts
        matched = _VERSION.fullmatch(self.compare_version)
        if matched is None:
            raise SettingsError(
                f"--compare-version must be a version such as v1.37, got {self.compare_version!r}"
            )
        return replace(facts, kubernetes_minor=int(matched[1]))


compare_options = option_group(
    "compare",
    CompareOptions,
    click.option(
        "--compare-settings",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Show which verdicts change with these settings.",
    ),
    click.option(
        "--compare-policies",
        type=click.Path(path_type=Path),
        multiple=True,
        metavar="PATH",
        help="Show which verdicts change with these policies; may be repeated.",
    ),
    click.option(
        "--compare-version",
        metavar="VERSION",
        help="Show which verdicts change with another Kubernetes version, such as v1.37.",
    ),
)
"""Adds the flags; the command gets CompareOptions as `compare`."""


def tell_impact(impacts: "Iterable[Impact]", output: str, write: Callable[[str], None]) -> int:
    """Write the verdicts that change, as text or JSON; return the exit code."""
    from webhook.audit.impact import ImpactTally, format_impact, impact_record

    tally = ImpactTally()
    records: list[dict[str, Any]] = []
    for impact in impacts:
        tally.add(impact)
        if output == "text":
            write(format_impact(impact))
        elif impact.is_changed:
            records.append(impact_record(impact))
    if output == "text":
        write(f"{tally.summary()}\n")
    else:
        from webhook.report.json_text import format_json

        document = {"objects": tally.objects, "changes": records}
        write(format_json(document))
    return tally.exit_code
