"""From files to the objects that their SeldonDeployments stand for, and those as text.

For `render` and `diff`. What an object looks like is `workloads`' matter.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from webhook.cli._files import content, found
from webhook.documents.writing import is_inline, scalar
from webhook.graph.path import ROOT, Path

if TYPE_CHECKING:
    from webhook.cli._images import Images
    from webhook.decisions.result import Report, Result
    from webhook.decisions.settings import Settings
    from webhook.documents import Document
    from webhook.graph.facts import Facts
    from webhook.workloads.origin import Origin
    from webhook.workloads.render import Rendered


@dataclass(frozen=True, slots=True)
class Stood:
    """A SeldonDeployment in a file, and what it stands for.

    namespace  where the author puts it; "": nowhere in particular
    """

    file: str
    document: "Document"
    namespace: str
    objects: tuple["Rendered", ...]

    def line(self, path: Path) -> int:
        """Return the line of a place in the file, or of its nearest ancestor that is there."""
        return self.document.position(path).line


def is_written(origin: "Origin", place: Path) -> bool:
    """Tell whether the author wrote what stands at `place` of a rendered object, or we added it."""
    for segment in place:
        part = origin.parts.get(segment)
        if part is None:
            return origin.copied
        origin = part
    return origin.copied


def comment(text: str) -> str:
    """Return a comment of one line; a file or a key may be called anything."""
    return "# " + "".join(char if char.isprintable() else "?" for char in text)


def render_files(
    paths: tuple[str, ...], settings: "Settings", facts: "Facts", images: "Images"
) -> tuple[list[Stood], "Report"]:
    """Return what the allowed documents stand for, and the report on the others.

    The objects are those of the document with its defaults filled in, wherever that is done.
    """
    from webhook.decisions.judge import judge, missing
    from webhook.decisions.result import Report
    from webhook.documents import read

    stood: list[Stood] = []
    refused: list[Result] = []
    skipped = 0
    for path in found(paths):
        try:
            text = content(path)
        except OSError as error:
            refused.extend(missing(path, error.strerror or str(error)).results)
            continue
        report = judge(path, text, settings, facts)
        documents = read(text).documents
        for result in report.results:
            if result.verdict == "allowed":
                stood.append(_stand(path, documents[result.index], settings, facts, images))
            else:
                refused.append(result)
        skipped += report.skipped
    return stood, Report(tuple(refused), skipped)


def _stand(
    file: str, document: "Document", settings: "Settings", facts: "Facts", images: "Images"
) -> Stood:
    from webhook.defaults import apply, fill
    from webhook.graph.parse import parse
    from webhook.workloads.render import render

    namespace = parse(document.value).namespace
    chosen = settings.for_namespace(namespace).defaults
    filled = apply(document.value, fill(document.value, chosen, facts).operations)
    objects = render(parse(filled), images.options(chosen), facts)
    return Stood(file, document, namespace, objects)


def lines(
    value: Any, note: Callable[[Path], str] = lambda _: "", place: Path = ROOT
) -> Iterator[str]:
    """Yield an object as lines of YAML, its keys in their order.

    note  returns what is written behind the first line of a place, "" for nothing
    """
    if isinstance(value, dict) and value:
        for key, item in value.items():
            here = place / key
            if is_inline(item):
                yield f"{scalar(key)}: {scalar(item)}{note(here)}"
                continue
            yield f"{scalar(key)}:{note(here)}"
            deeper = "  " if isinstance(item, dict) else ""
            yield from (deeper + line for line in lines(item, note, here))
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            here = place / index
            first, *others = lines(item, note, here)
            yield f"- {first}{note(here)}"
            yield from (f"  {line}" for line in others)
    else:
        yield scalar(value)
