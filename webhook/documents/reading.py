"""Files to documents: encodings, the parts of a stream, JSON or YAML, Lists and their items.

A stream is cut as kubectl cuts it: at every line that begins with "---". Each part stands alone,
so one that is broken does not hide the others.

Not here: the two grammars (`yaml_text`, `json_text`), what data they give (`values`).
"""

import codecs
import re
from collections.abc import Iterator
from typing import Any

from webhook.documents.document import Document, Reading, Source
from webhook.documents.entries import entry
from webhook.documents.json_text import scan
from webhook.documents.nodes import Fault, Node, Sequence, target
from webhook.documents.values import value_of
from webhook.documents.yaml_text import compose
from webhook.errors import UnreadableDocument
from webhook.graph.path import Path

# The API server takes no request above 3 MiB (MaxRequestBodyBytes); the fourth is for comments
# and indentation, which are not sent.
MAX_CHARACTERS = 4 * 2**20

_SEPARATOR = re.compile(r"^---[^\n]*\n?", re.MULTILINE)
_LOOKS_LIKE_JSON = re.compile(r'\s*(?:\[\s*)*(?:\{\s*)?"')
_UTF16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


def read(text: str | bytes) -> Reading:
    """Return every document of a file, and an error for every part that cannot be read.

    Takes YAML streams, JSON (one value or several), and Lists: an object whose kind ends in
    "List" gives one document for each of its items, as it does in kubectl. Bytes are UTF-8,
    or UTF-16 with a byte order mark. Raises nothing for any input of these two types.
    """
    try:
        text, encoding = _decode(text) if isinstance(text, bytes) else (text, "utf-8")
    except UnreadableDocument as error:
        return Reading((), (error,), "")
    source = Source(text)
    documents: list[Document] = []
    errors: list[UnreadableDocument] = []
    for start, end in _parts(text):
        try:
            for document in _documents(source, (start, end), len(documents)):
                documents.append(document)
        except Fault as fault:
            errors.append(_error(fault, source))
    return Reading(tuple(documents), tuple(errors), text, encoding)


def _error(fault: Fault, source: Source) -> UnreadableDocument:
    sentence = fault.sentence
    if fault.other is not None:
        sentence = sentence.replace("{line}", str(source.place(fault.other)[0]))
    return UnreadableDocument(sentence, *source.place(fault.offset))


def _decode(raw: bytes) -> tuple[str, str]:
    encoding = _UTF16.get(raw[:2], "utf-8")
    try:
        return raw.decode(encoding), encoding
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode(encoding)
        line, column = Source(before).place(len(before))
        sentence = (
            f"the byte 0x{raw[error.start]:02X} is no {encoding.upper()[:6].rstrip('-')} text; "
            "save the file as UTF-8"
        )
        raise UnreadableDocument(sentence, line, column) from None


def _parts(text: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of each part; a separator that carries text is a part of its own."""
    start = 0
    for match in _SEPARATOR.finditer(text):
        if start < match.start():
            yield start, match.start()
        rest = match[0][3:].strip()
        if rest and not rest.startswith("#"):
            yield match.span()
        start = match.end()
    if start < len(text):
        yield start, len(text)


def _documents(source: Source, part: tuple[int, int], first: int) -> Iterator[Document]:
    start, end = part
    if source.text.startswith("---", start):
        raise Fault('kubectl takes nothing but a comment behind "---" on its line', start + 3)
    if end - start > MAX_CHARACTERS:
        raise Fault(
            f"this document has {end - start:,} characters; the API server takes no object "
            f"above 3 MiB, and this reader none above {MAX_CHARACTERS:,} characters",
            start,
        )
    roots, json, rest = _roots(source.text, start, end)
    number = 0
    for root in roots:
        for value, node, prefix in _objects(root):
            yield Document(
                value,
                first + number,
                prefix=prefix,
                node=node,
                source=source,
                json=json,
                part=part,
                number=number,
            )
            number += 1
    if rest is not None:
        raise rest


def _objects(root: Node) -> Iterator[tuple[Any, Node, Path]]:
    """Yield what a value holds: itself, the items of a List, or nothing if it is null."""
    value = value_of(root)
    items = _items(root, value)
    if items is not None:
        for number, item in enumerate(items):
            yield _with_kind(value["items"][number], value), item, Path(("items", number))
    elif value is not None:
        yield value, root, Path()


def _roots(text: str, start: int, end: int) -> tuple[list[Node], bool, Fault | None]:
    """Return the values of one part, whether it is JSON, and the fault of what follows them."""
    if text[start : start + 1] == "\ufeff":
        start += 1
    part = text if start == 0 and end == len(text) else text[start:end]
    json_fault = None
    if part.lstrip()[:1] in ("{", "["):
        try:
            return scan(part, start), True, None
        except Fault as fault:
            json_fault = fault
    try:
        root, rest = compose(part, start)
    except Fault as fault:
        # Neither reader takes it; kubectl, too, then shows what the JSON reader said.
        if json_fault is not None and _LOOKS_LIKE_JSON.match(part):
            raise json_fault from None
        raise fault from None
    return ([] if root is None else [root]), False, rest


def _items(root: Node, value: object) -> list[Node] | None:
    """Return the items of a List; None if this is an object of its own."""
    if not isinstance(value, dict) or not isinstance(value.get("items"), list):
        return None
    kind, mapping = value.get("kind"), target(root)
    if not isinstance(kind, str) or not kind.endswith("List"):
        return None
    found = entry(mapping, "items")  # type: ignore[arg-type]  # its value is a dict
    node = None if found is None else target(found.value)
    return node.items if isinstance(node, Sequence) else None


def _with_kind(item: object, listed: dict[str, object]) -> object:
    """Return an item with what a typed List says of it: kubectl fills in kind and apiVersion.

    Only if it has neither; k8s.io/apimachinery, unstructured/helpers.go, decodeToList.
    """
    if not isinstance(item, dict) or item.get("kind") or item.get("apiVersion"):
        return item
    if listed["kind"] == "List":
        return item
    kind = str(listed["kind"]).removesuffix("List")
    return {"apiVersion": listed.get("apiVersion"), "kind": kind, **item}
