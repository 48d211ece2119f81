"""A JSON Patch applied to the author's own text.

Only the lines that an operation is about change; comments, order, indentation, quotes and line
endings stay. Every edit is proved before it is returned: the new text is read again, and must give
exactly the patched value, and every other document of the file unchanged. What cannot be done so
is refused, never done half.

What happens to comments: one that is on a line of its own stays; one behind a removed key or
item goes with it; those inside a removed or re-written value go with it. What moves from one
mapping in block style to another takes its own along, and those right above it.

Not here: how a value is spelt (`emitter`), what a patch means (`json_patch`), the single edits
(`edit_block`, `edit_flow`).
"""

from collections.abc import Sequence
from typing import Any

from webhook.graph.finding import Operation
from webhook.graph.path import Path, resolve_path
from webhook.graph.text import quote_value
from webhook.yamldoc.document import Document, ParsedFile
from webhook.yamldoc.edit_block import BlockEditor
from webhook.yamldoc.edit_flow import FlowEditor
from webhook.yamldoc.json_patch import PatchMismatchError, json_equal, patch_value
from webhook.yamldoc.merge_keys import Entry, find_entry
from webhook.yamldoc.moved_text import MovedText, moved_text
from webhook.yamldoc.nodes import (
    Alias,
    Mapping,
    Node,
    Scalar,
    resolve_alias,
    walk_nodes,
)
from webhook.yamldoc.nodes import Sequence as SequenceNode
from webhook.yamldoc.reading import read
from webhook.yamldoc.text_buffer import AnchoredTextError, TextBuffer, TextEdit, UneditableTextError


def edit_text(text: str, document: Document, operations: Sequence[Operation]) -> str:
    """Return `text` with the operations applied to `document`, which was read from it.

    The operations' pointers start at the document (at the item, for an item of a List), and each
    sees the result of those before it. Afterwards the positions of this document and of those
    behind it no longer hold: read the new text again before the next edit, or edit the last
    document of a file first. (Only the document's own part of the text is looked at and changed.)

    Raises PatchMismatchError if the operations do not fit the document's value; AnchoredTextError
    if they touch what an anchor shares with other places; UneditableTextError if the text cannot be
    changed so.
    """
    start, end = document.span
    part = text[start:end]
    if document.source.text[start:end] != part:
        raise UneditableTextError("the text is not the one that this document was read from")
    expected = patch_value(document.value, operations)
    before = after = read(part)
    for operation in operations:
        for minimal in _minimize_operation(operation, _find_again(after, document).value):
            try:
                part = _apply_operation(_find_again(after, document), minimal)
            except (TypeError, ValueError) as error:  # what json.dumps says of NaN, or of a set
                raise PatchMismatchError(
                    "the patch contains a value that JSON cannot hold"
                ) from error
            after = read(part)
    _verify_edit(before, after, document.index_in_span, expected)
    return text[:start] + part + text[end:]


def _find_again(parsed_file: ParsedFile, document: Document) -> Document:
    """Return the same document, read from its part of the text alone."""
    if document.index_in_span < len(parsed_file.documents):
        candidate = parsed_file.documents[document.index_in_span]
        if candidate.prefix == document.prefix:
            return candidate
    raise UneditableTextError("this text cannot be changed in place")


def _verify_edit(before: ParsedFile, after: ParsedFile, number: int, expected: Any) -> None:
    values = [document.value for document in before.documents]
    values[number] = expected
    actual = [document.value for document in after.documents]
    same_errors = [str(e) for e in before.errors] == [str(e) for e in after.errors]
    if not same_errors or not json_equal(values, actual):
        raise UneditableTextError("this text cannot be changed in place without changing more")


def _minimize_operation(operation: Operation, value: Any) -> list[Operation]:
    """Return operations that do the same and touch less, so that more of the text stays.

    Replacing a mapping by one with other values touches only the keys that differ.
    """
    if operation["op"] not in ("add", "replace"):
        return [operation]
    path = Path.from_pointer(operation["path"], value)
    try:
        old = resolve_path(value, path)
    except LookupError:
        return [operation]
    if operation["op"] == "add" and path and isinstance(path[-1], int):
        return [operation]  # inserts before the item that is there
    return list(_diff_operations(path, old, operation["value"]))


def _diff_operations(path: Path, old: Any, new: Any) -> list[Operation]:
    if json_equal(old, new):
        return []
    if isinstance(old, dict) and isinstance(new, dict) and old.keys() & new.keys():
        operations: list[Operation] = []
        for key in new:
            if key in old:
                operations += _diff_operations(path / key, old[key], new[key])
            else:
                operations.append({"op": "add", "path": (path / key).pointer, "value": new[key]})
        operations += [
            {"op": "remove", "path": (path / key).pointer} for key in old if key not in new
        ]
        return operations
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return [
            smaller
            for index, (before, after) in enumerate(zip(old, new, strict=True))
            for smaller in _diff_operations(path / index, before, after)
        ]
    return [{"op": "replace", "path": path.pointer, "value": new}]


def _apply_operation(document: Document, operation: Operation) -> str:
    """Return the text after one operation."""
    value = document.value
    path = Path.from_pointer(operation["path"], value)
    op: str = operation["op"]
    if op == "test":
        return document.source.text
    if op == "remove":
        return _apply_remove(document, path)
    if op in ("move", "copy"):
        source = Path.from_pointer(operation["from"], value)
        if op == "move" and source.parent == path.parent and isinstance(path[-1], str):
            return _rename_key(document, source, path[-1])
        moved = resolve_path(value, source)
        if op == "copy":
            return _apply_add(document, path, moved)
        document, text = _take_text(document, source)
        document = _find_again(read(_apply_remove(document, source)), document)
        # Only now, because the removal may have moved the place along.
        path = Path.from_pointer(operation["path"], document.value)
        return _keep_text(document, path, _apply_add(document, path, moved), text)
    if op == "add":
        return _apply_add(document, path, operation["value"])
    return _replace_at(document, path, operation["value"])


def _take_text(document: Document, path: Path) -> tuple[Document, MovedText | None]:
    """Return the text of what is to move, and the document without the comments above it.

    None if it is not in block style.
    """
    node = _container_at(document, path.parent)
    if not isinstance(node, Mapping) or node.flow:
        return document, None
    buffer = TextBuffer(document)
    text = moved_text(buffer, _require_own_entry(node, str(path[-1])))
    if text is None or text.start == text.key_start:
        return document, text
    without = buffer.apply_edits([(text.start, text.key_start, "")])
    return _find_again(read(without), document), text


def _keep_text(document: Document, path: Path, text: str, moved: MovedText | None) -> str:
    """Return `text`, in which a value was added at `path`, with the author's own text of it.

    So it is where a mapping in block style holds it, and where it is read as the same value there.
    """
    if moved is None or not isinstance(path[-1], str):
        return text
    parsed = read(text)
    added = _find_again(parsed, document)
    node = _container_at(added, path.parent)
    if not isinstance(node, Mapping) or node.flow:
        return text
    entry = _require_own_entry(node, path[-1])
    buffer = TextBuffer(added)
    start, tail = entry.key_node.start, buffer.node_end(entry.value)
    end = buffer.line_end(max(tail, buffer.colon_end(entry.key_node)))
    key = text[start : entry.key_node.end]
    own = moved.below(key, buffer.indentation(start), buffer.newline(start))
    kept = buffer.apply_edits([(start, end, own)])
    reread = read(kept)
    same = not reread.errors and json_equal(
        [each.value for each in parsed.documents], [each.value for each in reread.documents]
    )
    return kept if same else text


def _apply_add(document: Document, path: Path, new: Any) -> str:
    if not path:
        return _replace_at(document, path, new)
    parent = resolve_path(document.value, path.parent)
    key = path[-1]
    if isinstance(parent, dict) and key in parent:
        return _replace_at(document, path, new)
    if not parent:
        # An empty container grows in the style of what is around it.
        return _replace_at(document, path.parent, [new] if isinstance(parent, list) else {key: new})
    node = _container_at(document, path.parent)
    editor = _editor_for(document, node)
    if isinstance(node, Mapping):
        return editor.buffer.apply_edits(editor.add_entry(node, str(key), new))
    return editor.buffer.apply_edits(editor.add_item(node, int(key), new))


def _replace_at(document: Document, path: Path, new: Any) -> str:
    """Replace what is at `path`."""
    buffer = TextBuffer(document)
    if not path:
        _reject_shared(document.node)
        return buffer.apply_edits(_replace_root(document, buffer, new))
    node = _container_at(document, path.parent)
    editor = _editor_for(document, node)
    if isinstance(node, Mapping):
        found_entry = _require_own_entry(node, str(path[-1]))
        _reject_shared(found_entry.value)
        value, old = found_entry.value, resolve_path(document.value, path)
        dashes = editor.wrap_in_list(value, old, new)
        if dashes is None and isinstance(value, SequenceNode):
            dashes = _editor_for(document, value).split_items(value, old, new)
        return buffer.apply_edits(dashes or editor.replace_value(found_entry, new))
    item = node.items[int(path[-1])]
    _reject_shared(item)
    wrapped = editor.wrap_in_list(item, resolve_path(document.value, path), new)
    return buffer.apply_edits(wrapped or editor.replace_item(node, int(path[-1]), new))


def _replace_root(document: Document, buffer: TextBuffer, new: Any) -> list[TextEdit]:
    editor = _editor_for(document, document.node)
    lines = editor.format_value(new, buffer.indentation(document.node.start))
    return [(document.node.start, buffer.node_end(document.node), lines)]


def _apply_remove(document: Document, path: Path) -> str:
    if not path:
        raise UneditableTextError("a whole document cannot be removed from its file")
    node = _container_at(document, path.parent)
    editor = _editor_for(document, node)
    if isinstance(node, Mapping):
        key = str(path[-1])
        found_entry = _require_own_entry(node, key)
        _reject_shared(found_entry.key_node)
        _reject_shared(found_entry.value)
        if len(node.entries) == 1:
            return _replace_at(document, path.parent, {})
        index = next(i for i, pair in enumerate(node.entries) if pair[0] is found_entry.key_node)
        text = editor.buffer.apply_edits(editor.remove_entry(node, index))
        reread = _find_again(read(text), document)
        # A key that was written twice is still there: the earlier one has come to light.
        written_twice = key in resolve_path(reread.value, path.parent)
        return _apply_remove(reread, path) if written_twice else text
    index = int(path[-1])
    _reject_shared(node.items[index])
    if len(node.items) == 1:
        return _replace_at(document, path.parent, [])
    return editor.buffer.apply_edits(editor.remove_item(node, index))


def _rename_key(document: Document, source: Path, key: str) -> str:
    """Give one entry of a mapping another key; its place and its value's text stay."""
    if source[-1] == key:
        return document.source.text
    node = _container_at(document, source.parent)
    if not isinstance(node, Mapping):
        raise UneditableTextError("only a key of a mapping can be renamed")
    if find_entry(node, key) is not None:
        document = _find_again(read(_apply_remove(document, source.parent / key)), document)
        return _rename_key(document, source, key)
    found_entry = _require_own_entry(node, str(source[-1]))
    if isinstance(found_entry.key_node, Alias) or found_entry.key_node.shared:
        raise AnchoredTextError("this key is part of an anchor that is used elsewhere too")
    editor = _editor_for(document, node)
    new_text = editor.format_key(key, found_entry.key.style)
    return editor.buffer.apply_edits(
        [(found_entry.key_node.start, found_entry.key_node.end, new_text)]
    )


def _editor_for(document: Document, node: Node) -> "BlockEditor | FlowEditor":
    is_flow = isinstance(node, (Mapping, SequenceNode)) and node.flow
    return FlowEditor(TextBuffer(document)) if is_flow else BlockEditor(TextBuffer(document))


def _container_at(document: Document, path: Path) -> Mapping | SequenceNode:
    """Return the mapping or list at `path`, written where it is and nowhere else."""
    node = document.node
    for segment in path:
        unshared = _require_unshared(node)
        if isinstance(unshared, Mapping):
            node = _require_own_entry(unshared, str(segment)).value
        elif isinstance(unshared, SequenceNode):
            node = unshared.items[int(segment)]
    found = _require_unshared(node)
    if isinstance(found, Scalar):
        raise UneditableTextError("cannot add a field below a scalar")
    return found


def _require_own_entry(mapping: Mapping, key: str) -> Entry:
    found = find_entry(mapping, key)
    if found is None:
        raise UneditableTextError(f"the key {quote_value(key)} is not written in the text")
    if found.is_merged:
        raise AnchoredTextError(
            f'the key {quote_value(key)} comes from "<<", from an anchor that is used elsewhere too'
        )
    return found


def _require_unshared(node: Node) -> Scalar | Mapping | SequenceNode:
    if isinstance(node, Alias) or node.shared:
        raise AnchoredTextError(
            "this part belongs to an anchor: a change would apply elsewhere too"
        )
    return resolve_alias(node)


def _reject_shared(node: Node) -> None:
    """Raise AnchoredTextError if a value that is to go holds an anchor that is used elsewhere.

    An alias may go: what it refers to stays.
    """
    if any(below.shared for below in walk_nodes(node)):
        raise AnchoredTextError("an anchor in this part is used elsewhere in the document")
