"""Files to documents: encodings, the parts of a stream, JSON or YAML, Lists and their items.

A stream is cut as kubectl cuts it: at every line that begins with "---". Each part stands alone,
so one that is broken does not hide the others.

Not here: the two grammars (`yaml_composer`, `json_parser`), what data they give (`constructor`).
"""

import codecs
import re
from collections.abc import Iterator
from typing import Any

from webhook.errors import DocumentError
from webhook.graph.path import Path
from webhook.yamldoc.constructor import construct_value
from webhook.yamldoc.document import Document, ParsedFile, SourceText
from webhook.yamldoc.json_parser import parse_json
from webhook.yamldoc.merge_keys import find_entry
from webhook.yamldoc.nodes import Node, ParseError, Sequence, resolve_alias
from webhook.yamldoc.yaml_composer import compose

# The API server takes no request above 3 MiB (MaxRequestBodyBytes); the fourth is for comments
# and indentation, which are not sent.
MAX_CHARACTERS = 4 * 2**20

_SEPARATOR = re.compile(r"^---[^\n]*\n?", re.MULTILINE)
_LOOKS_LIKE_JSON = re.compile(r'\s*(?:\[\s*)*(?:\{\s*)?"')
_UTF16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


def read(text: str | bytes) -> ParsedFile:
    """Return every document of a file, and an error for every part that cannot be read.

    Takes YAML streams, JSON (one value or several), and Lists: an object with a list of `items`
    gives one document for each of them, as it does in kubectl, whatever its kind is. One whose
    kind does not end in "List" is a document itself, too: other programs read it as an object.
    Bytes are UTF-8, or UTF-16 with a byte order mark. Raises nothing for any input of these two
    types.
    """
    try:
        text, encoding = _decode(text) if isinstance(text, bytes) else (text, "utf-8")
    except DocumentError as error:
        return ParsedFile((), (error,), "")
    source = SourceText(text)
    documents: list[Document] = []
    errors: list[DocumentError] = []
    for start, end in _split_parts(text):
        try:
            for document in _parse_part(source, (start, end), len(documents)):
                documents.append(document)
        except ParseError as parse_error:
            errors.append(_to_document_error(parse_error, source))
    return ParsedFile(tuple(documents), tuple(errors), text, encoding)


def _to_document_error(parse_error: ParseError, source: SourceText) -> DocumentError:
    message = parse_error.message
    if parse_error.related_offset is not None:
        message = message.replace(
            "{line}", str(source.line_and_column(parse_error.related_offset)[0])
        )
    return DocumentError(message, *source.line_and_column(parse_error.offset))


def _decode(raw: bytes) -> tuple[str, str]:
    encoding = _UTF16.get(raw[:2], "utf-8")
    try:
        return raw.decode(encoding), encoding
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode(encoding)
        line, column = SourceText(before).line_and_column(len(before))
        message = (
            f"the byte 0x{raw[error.start]:02X} is not valid {encoding.upper()[:6].rstrip('-')}; "
            "save the file as UTF-8"
        )
        raise DocumentError(message, line, column) from None


def _split_parts(text: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of each part; a separator that carries text is a part of its own."""
    start = 0
    for match in _SEPARATOR.finditer(text):
        if start < match.start():
            yield start, match.start()
        trailing = match[0][3:].strip()
        if trailing and not trailing.startswith("#"):
            yield match.span()
        start = match.end()
    if start < len(text):
        yield start, len(text)


def _parse_part(source: SourceText, part: tuple[int, int], first: int) -> Iterator[Document]:
    start, end = part
    if source.text.startswith("---", start):
        raise ParseError('kubectl allows only a comment after "---" on the same line', start + 3)
    if end - start > MAX_CHARACTERS:
        raise ParseError(
            f"this document has {end - start:,} characters; the API server accepts at most "
            f"3 MiB, and graphgate at most {MAX_CHARACTERS:,} characters",
            start,
        )
    roots, json, trailing_error = _parse_roots(source.text, start, end)
    index = 0
    for root in roots:
        for value, node, prefix in _expand_list(root):
            yield Document(
                value,
                first + index,
                prefix=prefix,
                node=node,
                source=source,
                is_json=json,
                span=part,
                index_in_span=index,
            )
            index += 1
    if trailing_error is not None:
        raise trailing_error


def _expand_list(root: Node) -> Iterator[tuple[Any, Node, Path]]:
    """Yield what a value holds: itself, the items of a List, or nothing if it is null."""
    value = construct_value(root)
    items = _list_items(root, value)
    if value is not None and (items is None or not value["kind"].endswith("List")):
        yield value, root, Path()
    for number, item in enumerate(items or ()):
        yield _inherit_kind(value["items"][number], value), item, Path(("items", number))


def _parse_roots(text: str, start: int, end: int) -> tuple[list[Node], bool, ParseError | None]:
    """Return the values of one part, whether it is JSON, and the error of what follows them."""
    if text[start : start + 1] == "\ufeff":
        start += 1
    part = text if start == 0 and end == len(text) else text[start:end]
    json_error = None
    if part.lstrip()[:1] in ("{", "["):
        try:
            return parse_json(part, start), True, None
        except ParseError as parse_error:
            json_error = parse_error
    try:
        root, trailing_error = compose(part, start)
    except ParseError as parse_error:
        # Neither reader takes it; kubectl, too, then shows what the JSON reader said.
        if json_error is not None and _LOOKS_LIKE_JSON.match(part):
            raise json_error from None
        raise parse_error from None
    return ([] if root is None else [root]), False, trailing_error


def _list_items(root: Node, value: object) -> list[Node] | None:
    """Return the items of a List; None if kubectl reads this as an object of its own.

    What is a List, `items` alone decides, and without a kind kubectl takes neither
    (unstructured/helpers.go, decode).
    """
    if not isinstance(value, dict) or not isinstance(value.get("items"), list):
        return None
    kind, mapping = value.get("kind"), resolve_alias(root)
    if not isinstance(kind, str) or not kind:
        return None
    found_entry = find_entry(mapping, "items")  # type: ignore[arg-type]  # its value is a dict
    node = None if found_entry is None else resolve_alias(found_entry.value)
    return node.items if isinstance(node, Sequence) else None


def _inherit_kind(item: object, list_object: dict[str, object]) -> object:
    """Return an item with what a typed List says of it: kubectl fills in kind and apiVersion.

    Only if it has neither, or none that is a text; unstructured/helpers.go, decodeToList.
    """
    if not isinstance(item, dict) or _is_text(item.get("kind")) or _is_text(item.get("apiVersion")):
        return item
    if list_object["kind"] == "List":
        return item
    kind = str(list_object["kind"]).removesuffix("List")
    return {**item, "apiVersion": list_object.get("apiVersion"), "kind": kind}


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)
