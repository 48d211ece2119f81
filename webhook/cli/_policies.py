"""Users' policies from files: the flag, the settings' key, and what is read for them."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from webhook.cli._files import found
from webhook.errors import InvalidPolicy

if TYPE_CHECKING:
    from webhook.cli._options import SettingsFlags
    from webhook.decisions.demands import Demands
    from webhook.decisions.settings import Settings
    from webhook.policy import PolicySet, Source

TEST_ENDING = ".test.yaml"
"""Files of `graphgate policies test`; they stand beside the policies and are none."""


def policies_option(command: Callable[..., None]) -> Callable[..., None]:
    """Add --policies; the command gets `policy_paths`, and `load_demands` reads them."""
    return click.option(
        "--policies",
        "policy_paths",
        type=click.Path(path_type=Path),
        metavar="PATH",
        multiple=True,
        help="File or folder of policies and exceptions; may be given several times. "
        "[settings: policies.files]",
    )(command)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Where policies are to come from.

    paths     files and folders
    selector  labels of the cluster's objects; None: no cluster
    """

    paths: tuple[Path, ...]
    selector: str | None = None


def wanted(
    paths: tuple[Path, ...],
    selector: str | None,
    settings: "Settings",
    flags: "SettingsFlags",
) -> Wanted:
    """Return what the flags say, and where they say nothing what the settings do."""
    file = flags.settings_file
    beside = Path() if file is None or str(file) == "-" else file.parent
    return Wanted(
        paths or tuple(beside / name for name in settings.policies.files),
        settings.policies.cluster if selector is None else selector,
    )


def texts(paths: Iterable[Path]) -> dict[str, bytes]:
    """Return every file that the paths name, with its content; raise InvalidPolicy if one fails."""
    try:
        return {file: Path(file).read_bytes() for path in paths for file in found((str(path),))}
    except OSError as error:
        raise InvalidPolicy(f"{error.filename} cannot be read: {error.strerror}") from error


def load_texts(
    contents: Mapping[str, bytes], objects: Mapping[str, Any] | None = None
) -> "PolicySet":
    """Return the policies in files; those that cannot be used are in its `problems`.

    objects  of the cluster, by what messages call them; a file goes before them
    Raise InvalidPolicy for a file that cannot be read.
    """
    from webhook import documents
    from webhook.policy import Source, from_reading, load

    sources: list[Source] = []
    for file, content in contents.items():
        if file.endswith((TEST_ENDING, "kustomization.yaml")):
            continue
        reading = documents.read(content)
        for fault in reading.errors:
            raise InvalidPolicy(f"{file}:{fault.line}:{fault.column}: {fault}")
        for source in from_reading(file, reading):
            sources.extend(_members(source))
    sources.extend(Source(name, value) for name, value in (objects or {}).items())
    return load(sources)


def _members(source: "Source") -> Iterable["Source"]:
    """Yield the objects of a List, as `kubectl get -o yaml` writes one; else the source itself."""
    from webhook.policy import Source

    value = source.value
    if not isinstance(value, dict) or value.get("kind") != "List":
        return (source,)
    return (Source(source.file, item) for item in value.get("items") or ())


def load_policies(paths: tuple[Path, ...]) -> "PolicySet | None":
    """Return the policies that the paths name; None if none is named.

    Raise InvalidPolicy if one of them cannot be used: a gate with a missing bar is no gate.
    """
    if not paths:
        return None
    policies = load_texts(texts(paths))
    if policies.problems:
        raise InvalidPolicy(told(list(map(str, policies.problems))))
    return policies


def told(problems: list[str]) -> str:
    """Return one sentence about several policies that cannot be used."""
    more = len(problems) - 1
    others = f" (and {more} more; graphgate policies lint tells all)" if more else ""
    return f"{problems[0]}{others}"


def load_demands(paths: tuple[Path, ...]) -> "Demands | None":
    """Return the policies as they are in force now; None if there are none."""
    policies = load_policies(paths)
    if policies is None:
        return None
    from webhook.decisions.demands import Demands

    return Demands(policies, int(time.time()))


def demands_of(
    paths: tuple[Path, ...], settings: "Settings", flags: "SettingsFlags"
) -> "Demands | None":
    """Return the policies that flags or settings name; None if neither does.

    Those of the cluster are for `serve` alone; standard error tells that they are left out.
    """
    sources = wanted(paths, None, settings, flags)
    if sources.selector is not None:
        click.echo(
            f"graphgate: policies of the cluster ({sources.selector}) are not evaluated here; "
            "kubectl get -o yaml writes them into a file for --policies",
            err=True,
        )
    return load_demands(sources.paths)
