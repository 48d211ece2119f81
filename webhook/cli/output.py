"""From files to the objects rendered from their SeldonDeployments, as text.

For `render` and `diff`. What an object looks like is `rendering`'s matter.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from webhook.cli.manifests import select_manifests
from webhook.cli.standard_output import report_line
from webhook.files import read_input
from webhook.graph.model import get_mapping, get_str
from webhook.graph.names import complete_generate_name
from webhook.graph.path import ROOT, Path

if TYPE_CHECKING:
    from webhook.cli.image_options import ImageOptions
    from webhook.engine.evaluated_object import EvaluatedObject
    from webhook.graph.cluster_facts import Facts, Operator
    from webhook.lint.result import DocumentResult, Report
    from webhook.rendering.render import Rendered
    from webhook.rendering.source_map import SourceMap
    from webhook.settings.model import Settings
    from webhook.yamldoc import Document


@dataclass(frozen=True, slots=True)
class RenderedFile:
    """A SeldonDeployment in a file, and its rendered objects.

    namespace       where the author puts it; "": nowhere in particular
    generated_name  the name it is shown with, as it has only a generateName; "": it has a name
    """

    file: str
    document: "Document"
    namespace: str
    objects: tuple["Rendered", ...]
    generated_name: str = ""

    def line(self, path: Path) -> int:
        """Return the line of a place in the file, or of its nearest ancestor that is there."""
        return self.document.position(path).line


def is_authored(origin: "SourceMap", path: Path) -> bool:
    """Return whether the author wrote what is at `place` of a rendered object, or we added it."""
    for segment in path:
        part = origin.parts.get(segment)
        if part is None:
            return origin.is_copied
        origin = part
    return origin.is_copied


def yaml_comment(text: str) -> str:
    """Return a comment of one line; a file or a key may be called anything."""
    return "# " + "".join(char if char.isprintable() else "?" for char in text)


class RenderedFiles(NamedTuple):
    """What is allowed, rendered; and the report on what is not."""

    files: list[RenderedFile]
    rejected: "Report"


def render_files(
    paths: tuple[str, ...],
    settings: "Settings",
    facts: "Facts",
    images: "ImageOptions",
    *,
    namespace: str = "",
) -> RenderedFiles:
    """Return the rendered objects of allowed documents, and the report on the others.

    namespace  where those are that name none

    The objects are those of the document with its defaults filled in, wherever that is done.
    """
    from webhook.lint.lint import lint_parsed, unreadable_file_report
    from webhook.lint.result import Report
    from webhook.yamldoc import read

    settings = _settle_operator(settings, facts)
    rendered_files: list[RenderedFile] = []
    rejected: list[DocumentResult] = []
    skipped = 0
    for path in select_manifests(paths).files:
        try:
            text = read_input(path)
        except OSError as error:
            rejected.extend(unreadable_file_report(path, error.strerror or str(error)).results)
            continue
        parsed_file = read(text)
        report = lint_parsed(path, parsed_file, settings, facts, with_objects=True)
        for result in report.results:
            if result.evaluated is not None and result.verdict == "allowed":
                document = parsed_file.documents[result.index]
                view = result.evaluated.view
                start = get_str(get_mapping(view.raw, "metadata"), "generateName")
                name = "" if view.name else complete_generate_name(start)
                objects = _render_object(result.evaluated, images, namespace, name)
                rendered_files.append(RenderedFile(path, document, view.namespace, objects, name))
            else:
                rejected.append(replace(result, operator=None))  # the command itself chose
        skipped += report.skipped_documents
    return RenderedFiles(rendered_files, Report(tuple(rejected), skipped))


def _settle_operator(settings: "Settings", facts: "Facts") -> "Settings":
    """Return the settings with one operator: graphgate's reconciler where nothing names another."""

    def settle(own: "Settings") -> "Settings":
        known = own.operator if own.operator != "auto" else facts.operator or "graphgate"
        return replace(own, operator=known)

    return settle(settings).map_parts(settle)


def report_generated_names(rendered_files: list[RenderedFile]) -> None:
    """Say on standard error which names are made up."""
    for each in rendered_files:
        if each.generated_name:
            line = each.line(ROOT / "metadata" / "generateName")
            report_line(
                f"{each.file}:{line}: the object has only generateName; it is shown as "
                f'"{each.generated_name}", the API server chooses the last five characters'
            )


def _render_object(
    evaluated: "EvaluatedObject", images: "ImageOptions", namespace: str, generated_name: str
) -> "tuple[Rendered, ...]":
    from webhook.graph.parse import parse
    from webhook.rendering.render import render
    from webhook.rendering.routes.render import render_routes

    own = evaluated.settings
    operator: Operator = "seldon" if own.operator == "seldon" else "graphgate"
    # What Seldon's operator makes has the defaults that are stored, and no others.
    view = evaluated.view if operator == "graphgate" else parse(evaluated.submitted)
    if generated_name:
        named = {**get_mapping(view.raw, "metadata"), "name": generated_name}
        view = parse({**view.raw, "metadata": named})
    options = own.rendering.render_options(
        own.defaults,
        operator=operator,
        routing=own.routing,
        executor_image=images.executor_image,
        initializer_image=images.storage_initializer_image,
    )
    facts = evaluated.facts  # with the model servers and images that the settings name
    routes = render_routes(view, options, facts, namespace=namespace)
    return (*render(view, options, facts), *routes)
