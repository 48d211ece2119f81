"""Which of the named files are checked: whole manifests, not the parts that others make them of.

A kustomize patch is not an object, and a Helm template is not YAML: both are evaluated once they
are built. They are skipped with a line that says how to build them.
"""

import shlex
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from webhook.cli.selection_options import ALL_FILES, FileSelection
from webhook.cli.standard_output import report_line
from webhook.files import is_file, is_folder, read_file, real_path
from webhook.runtime.manifest_files import manifest_files

_KUSTOMIZATION_NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_MAX_LEVELS_UP = 4
"""Parent folders that are searched for a kustomization that uses a file as a patch."""
_MAX_KUSTOMIZATION_BYTES = 1_000_000
"""A kustomization is written by hand; a larger file is not one."""


@dataclass(frozen=True, slots=True)
class Manifests:
    """The files to check, and a line on each group of files that is skipped."""

    files: tuple[str, ...]
    notes: tuple[str, ...]


def select_manifests(paths: tuple[str, ...], selection: FileSelection = ALL_FILES) -> Manifests:
    """Return the manifests that the paths name; "-" is standard input.

    selection  what is left out of them, besides what git ignores in the folders

    A note on standard error says that a terminal is read.
    """
    if "-" in (paths or ("-",)) and sys.stdin.isatty():
        report_line("reading manifests from the terminal; end with Ctrl-D")
    files: list[str] = []
    charts: dict[Path, None] = {}
    patches: dict[Path, int] = {}
    selected = selection.apply(list(manifest_files(paths)), frozenset(paths))
    finder = _PatchFinder([Path(file).absolute() for file in selected if file != "-"])
    for file in selected:
        absolute = Path(file).absolute()
        if file == "-":
            files.append(file)
        elif (chart := _chart_of(absolute)) is not None and _is_template(absolute):
            charts[chart] = None
        elif (folder := finder.kustomization_of(absolute)) is not None:
            patches[folder] = patches.get(folder, 0) + 1
        else:
            files.append(file)
    notes = [
        f"Helm chart {_shown(chart)} skipped; check what it renders: "
        f"helm template {_quoted(chart)} | graphgate check -"
        for chart in charts
    ]
    notes += [
        f"{count} kustomize {'patch' if count == 1 else 'patches'} of {_shown(folder)} skipped; "
        f"check what is built: kustomize build {_quoted(folder)} | graphgate check -"
        for folder, count in patches.items()
    ]
    return Manifests(tuple(files), tuple(notes))


def report_nothing_found(paths: tuple[str, ...], others: int) -> None:
    """Say on standard error that there was no SeldonDeployment: a green run must not hide that.

    others  how many documents of other kinds there were
    """
    named = ["standard input" if path == "-" else path for path in paths or ("-",)]
    where = ", ".join(named[:3]) + (f" and {len(named) - 3} more" if len(named) > 3 else "")
    of_others = f" ({others} of other kinds)" if others else ""
    report_line(f"no SeldonDeployment found in {where}{of_others}")


def _chart_of(file: Path) -> Path | None:
    """Return the chart of which a file is a template, the outermost of charts in charts."""
    chart = None
    for folder in file.parents:
        is_part = folder.name == "templates" or (chart and folder.name == "charts")
        if is_part and is_file(folder.parent / "Chart.yaml"):
            chart = folder.parent
    return chart


def _is_template(file: Path) -> bool:
    """Return whether Helm would change the text; another one is the manifest that it looks like."""
    try:
        return b"{{" in read_file(file)
    except OSError:
        return False  # whoever reads it says why it is missing


class _PatchFinder:
    """The patches that kustomizations name, but for those that one of them has as a resource.

    They are those of the folders above the files, and what these include.
    """

    def __init__(self, files: Iterable[Path]) -> None:
        self._folders: dict[Path, list[Path]] = {}
        self._resources: set[Path] = set()
        above = (folder for file in files for folder in list(file.parents)[:_MAX_LEVELS_UP])
        for folder in dict.fromkeys(above):
            for patch in set(self._read(folder)):
                self._folders.setdefault(patch, []).append(folder)

    def kustomization_of(self, file: Path) -> Path | None:
        """Return the folder whose kustomization has the file as a patch; None if none has.

        The nearest one above the file; else it is one of another folder.
        """
        target = real_path(file)
        folders = self._folders.get(target, ())
        if not folders or target in self._resources:
            return None
        return next((folder for folder in file.parents if folder in folders), folders[0])

    def _read(self, folder: Path) -> Iterator[Path]:
        """Yield the files that are patches in a folder, those of its components included."""
        document = _read_kustomization(folder)
        self._resources.update(_paths_in(folder, document, _RESOURCE_FIELDS))
        yield from _paths_in(folder, document, _PATCH_FIELDS)
        for inner in _paths_in(folder, document, ("components",)):
            if is_folder(inner):
                component = _read_kustomization(inner)
                self._resources.update(_paths_in(inner, component, _RESOURCE_FIELDS))
                yield from _paths_in(inner, component, _PATCH_FIELDS)


_PATCH_FIELDS = ("patches", "patchesStrategicMerge", "patchesJson6902")
_RESOURCE_FIELDS = ("resources", "bases")


def _paths_in(folder: Path, document: dict[str, Any], fields: tuple[str, ...]) -> Iterator[Path]:
    """Yield the files and folders that fields of a kustomization name."""
    for field in fields:
        entries = document.get(field)
        for entry in entries if isinstance(entries, list) else ():
            name = entry.get("path") if isinstance(entry, dict) else entry
            # What is not a path is a patch written in place.
            if isinstance(name, str) and name and "\n" not in name and len(name) < 4096:
                yield real_path(folder / name)


def _read_kustomization(folder: Path) -> dict[str, Any]:
    """Return the kustomization of a folder; {} if there is no readable one."""
    from webhook.yamldoc import read

    for name in _KUSTOMIZATION_NAMES:
        file = folder / name
        try:
            documents = read(read_file(file, _MAX_KUSTOMIZATION_BYTES)).documents
        except OSError:
            continue
        if documents and isinstance(documents[0].value, dict):
            return documents[0].value
    return {}


def _quoted(path: Path) -> str:
    """Return a path for a shell: whoever copies the command runs nothing of a folder's name."""
    shown = _shown(path)
    return shlex.quote(f"./{shown}" if shown.startswith("-") else shown)


def _shown(path: Path) -> str:
    """Return a path as the user would write it, from where they are."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
