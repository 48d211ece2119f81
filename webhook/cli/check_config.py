"""`.graphgate.yaml`: the options of `check` and `fix` in a repository.

    settings: policies/settings.yaml
    policies: [policies/ours]
    paths: [deploy]
    exclude: ["deploy/charts/*"]
    fail-on: warn

It is read once, from the root of the repository, and each key sets the flag of that name; a flag
on the command line overrides it. Files that it names are beside it; paths and patterns are of the
repository. If the authors of the manifests may change the repository, keep the file elsewhere:
--config.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from webhook.cli.options import POD_SECURITY_WORDS
from webhook.cli.repository import find_root
from webhook.cli.selection_options import describe_unknown_name, split_names
from webhook.cli.standard_output import report_line
from webhook.errors import SettingsError
from webhook.graph.issue import Issue
from webhook.graph.path import ROOT
from webhook.graph.text import quote_value
from webhook.graph.well_known import GRAPHGATE_API_VERSION

FILE_NAME = ".graphgate.yaml"
KIND = "CheckConfig"
_NO_CONFIG = "graphgate.no_config"

_TEXT = {"type": "string", "minLength": 1}
_TEXTS = {"type": "array", "items": _TEXT}


@dataclass(frozen=True, slots=True)
class _Key:
    """One key of the file: the command's parameter that it sets.

    is_file   whether it names files beside the configuration
    is_path   whether it names what is checked, which is in the repository
    """

    parameter: str
    schema: dict[str, Any]
    description: str
    is_file: bool = False
    is_path: bool = False


_KEYS = {
    "settings": _Key("settings_file", _TEXT, "The settings file.", is_file=True),
    "policies": _Key("policy_paths", _TEXTS, "Files and folders of policies.", is_file=True),
    "facts": _Key("facts_file", _TEXT, "The facts file.", is_file=True),
    "paths": _Key(
        "paths",
        _TEXTS,
        "What to check. Default: everything.",
        is_path=True,
    ),
    "exclude": _Key("exclude", _TEXTS, "Patterns of files to leave out."),
    "select": _Key("select", _TEXTS, "The only rules or groups to report."),
    "ignore": _Key("ignore", _TEXTS, "Rules or groups to leave out."),
    "fail-on": _Key("fail_on", {"enum": ["deny", "warn"]}, "What leads to exit code 1."),
    "pod-security": _Key("pod_security", _TEXT, "The Pod Security level to check pods against."),
    "operator": _Key(
        "operator", {"enum": ["auto", "seldon", "graphgate"]}, "Who creates the pods."
    ),
    "mode": _Key("mode", {"enum": ["enforce", "warn", "observe"]}, "What a denial does."),
    "require-any": _Key("require_any", {"type": "boolean"}, "Exit with 2 if nothing was checked."),
}


def config_schema() -> dict[str, Any]:
    """Return the JSON Schema of the file (draft 2020-12)."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"graphgate {FILE_NAME}",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "apiVersion": {"const": GRAPHGATE_API_VERSION},
            "kind": {"const": KIND},
            **{name: {**key.schema, "description": key.description} for name, key in _KEYS.items()},
        },
    }


def config_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add --config and --no-config; what the file says becomes the defaults of other flags."""
    for option in (
        click.option(
            "--no-config",
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_remember_no_config,
            help=f"Read no {FILE_NAME}.",
        ),
        click.option(
            "--config",
            type=click.Path(dir_okay=False, path_type=Path),
            metavar="FILE",
            is_eager=True,
            expose_value=False,
            callback=_use_config,
            help=f"Read this file instead of {FILE_NAME} at the repository's root.",
        ),
    ):
        command = option(command)
    return command


def _remember_no_config(ctx: click.Context, parameter: click.Parameter, given: bool) -> None:
    ctx.meta[_NO_CONFIG] = given or ctx.meta.get(_NO_CONFIG, False)
    del parameter


def _use_config(ctx: click.Context, parameter: click.Parameter, file: Path | None) -> None:
    """Make what the file says the defaults of the command's other parameters."""
    del parameter
    if ctx.meta.get(_NO_CONFIG) or ctx.resilient_parsing:
        return
    root = find_root(Path.cwd()) or Path.cwd()
    if file is None:
        file = Path(os.path.relpath(root / FILE_NAME))
        if not file.is_file():
            return
    known = {each.name for each in ctx.command.params}
    ctx.default_map = {
        name: value for name, value in read_config(file, root).items() if name in known
    }
    report_line(f"using {os.path.relpath(file)}")


def read_config(file: Path, root: Path) -> dict[str, Any]:
    """Return what a file says, by the names of parameters, paths as seen from here.

    Raise SettingsError, with a sentence for each error, if it cannot be used.
    """
    from webhook.runtime.single_document import read_single_document
    from webhook.settings.schema_errors import read_by_schema

    parsed, source = read_single_document(file)
    document, issues, _ = read_by_schema(parsed, config_schema())
    if errors := source.describe([*issues, *_find_unknown_words(document)]):
        raise SettingsError(*errors)
    values: dict[str, Any] = {"paths": [os.path.relpath(root)]}
    for name, key in _KEYS.items():
        if name in document:
            folder = file.parent if key.is_file else root if key.is_path else None
            values[key.parameter] = _relative(document[name], folder)
    return values


def _find_unknown_words(document: dict[str, Any]) -> Iterator[Issue]:
    """Yield the errors of values that the flags would reject."""
    from webhook.podsecurity import parse_standard

    for key in ("select", "ignore"):
        for index, value in enumerate(document.get(key, ())):
            for name in split_names([value]):
                if error := describe_unknown_name(name):
                    yield Issue(ROOT / key / index, f"{key}: {error}")
    if "pod-security" in document and parse_standard(document["pod-security"]) is None:
        message = (
            f"invalid pod-security {quote_value(document['pod-security'])}; {POD_SECURITY_WORDS}"
        )
        yield Issue(ROOT / "pod-security", message)


def _relative(value: Any, folder: Path | None) -> Any:
    if folder is None:
        return value
    if isinstance(value, list):
        return [os.path.relpath(folder / each) for each in value]
    return os.path.relpath(folder / value)
