"""`graphgate render`: the Kubernetes objects that a SeldonDeployment is rendered to."""

import sys
from pathlib import Path as File
from typing import TYPE_CHECKING

import click

from webhook.cli.examples import examples
from webhook.cli.image_options import image_options
from webhook.cli.inputs import load_facts, load_settings
from webhook.cli.manifests import report_nothing_found
from webhook.cli.options import SettingsFlags, facts_option, settings_options
from webhook.cli.standard_output import write_document, write_text

if TYPE_CHECKING:
    from webhook.cli.image_options import ImageOptions
    from webhook.cli.output import RenderedFile
    from webhook.graph.path import Path
    from webhook.rendering.render import Rendered

_ANNOTATED_LISTS = frozenset(
    {
        "backendRefs",
        "containers",
        "env",
        "initContainers",
        "metrics",
        "ports",
        "route",
        "volumeMounts",
        "volumes",
    }
)
"""Items of these lists get a comment with their source: those that people look for, not every
line."""


@click.command(
    "render",
    epilog=examples("graphgate render model.yaml", "graphgate render --operator seldon models/"),
)
@click.argument("paths", nargs=-1, type=click.Path(allow_dash=True), metavar="[PATH|-]...")
@click.option(
    "--show-source", is_flag=True, help="Show in comments which line each part comes from."
)
@image_options
@facts_option
@settings_options
def render_command(
    paths: tuple[str, ...],
    show_source: bool,
    facts_file: File | None,
    images: "ImageOptions",
    flags: SettingsFlags,
) -> None:
    """Print the objects rendered from SeldonDeployments.

    Prints Deployments, Services, routes and others as YAML.

    They are those of the object with its defaults filled in, as the reconciler applies them; with
    --operator seldon those that Seldon's operator creates from it as written.

    What would be denied is not rendered; its findings go to standard error. Exit 0: all were
    rendered, 1: one would be denied, 2: something could not be read.
    """
    from webhook.cli.output import render_files, report_generated_names
    from webhook.report import text

    settings = load_settings(flags)
    rendered_files, rejected = render_files(paths, settings, load_facts(facts_file), images)
    report_generated_names(rendered_files)
    for each in rendered_files:
        for rendered in each.objects:
            write_document(_format_document(each, rendered, show_source=show_source))
    if rejected.results:
        write_text(text.write(rejected), err=True)
    elif not rendered_files:
        report_nothing_found(paths, rejected.skipped_documents)
    sys.exit(rejected.exit_code)


def _format_document(
    rendered_file: "RenderedFile", rendered: "Rendered", *, show_source: bool
) -> str:
    """Return one object as a document of a YAML stream."""
    from webhook.cli.output import is_authored, yaml_comment
    from webhook.graph.path import ROOT
    from webhook.yamldoc.emitter import YamlStyle, emit_block

    def annotate(place: "Path") -> str:
        is_number = place == ("spec", "replicas") or place[-1] == "weight"
        if not is_number and (len(place) < 2 or place[-2] not in _ANNOTATED_LISTS):
            return ""
        source = rendered.trace(place)
        if not is_authored(rendered.source_map, place):
            return "  " + yaml_comment(f"created for {source}")
        return "  " + yaml_comment(f"line {rendered_file.line(source)}: {source}")

    if not show_source:
        return "".join(f"{line}\n" for line in ("---", *emit_block(rendered.object, YamlStyle())))
    source = rendered.trace(ROOT)
    head = yaml_comment(f"from {rendered_file.file}, line {rendered_file.line(source)}: {source}")
    return "".join(
        f"{line}\n" for line in ("---", head, *emit_block(rendered.object, YamlStyle(), annotate))
    )
