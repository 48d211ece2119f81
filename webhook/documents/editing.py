"""A JSON Patch applied to the author's own text.

Only the lines that an operation is about change; comments, order, indentation, quotes and line
endings stay. Every edit is proved before it is returned: the new text is read again, and must give
exactly the patched value, and every other document of the file unchanged. What cannot be done so
is refused, never done half.

What happens to comments: one that stands on a line of its own stays; one behind a removed key or
item goes with it; those inside a removed or re-written value go with it.

Not here: how a value is spelt (`writing`), what a patch means (`patching`), the single edits
(`block_edits`, `flow_edits`).
"""

from collections.abc import Sequence
from typing import Any

from webhook.documents.block_edits import BlockEdits
from webhook.documents.document import Document, Reading
from webhook.documents.entries import Entry, entry
from webhook.documents.flow_edits import FlowEdits
from webhook.documents.nodes import Alias, Mapping, Node, Scalar, shown, target, walk
from webhook.documents.nodes import Sequence as SequenceNode
from webhook.documents.page import Page, SharedText, Splice, UneditableText
from webhook.documents.patching import UnfitPatch, equal, patch_value
from webhook.documents.reading import read
from webhook.graph.finding import Operation
from webhook.graph.path import Path, resolve


def edit(text: str, document: Document, operations: Sequence[Operation]) -> str:
    """Return `text` with the operations applied to `document`, which was read from it.

    The operations' pointers start at the document (at the item, for an item of a List), and each
    sees the result of those before it. Afterwards the positions of this document and of those
    behind it no longer hold: read the new text again before the next edit, or edit the last
    document of a file first. (Only the document's own part of the text is looked at and changed.)

    Raises UnfitPatch if the operations do not fit the document's value; SharedText if they touch
    what an anchor shares with other places; UneditableText if the text cannot be changed so.
    """
    start, end = document.part
    part = text[start:end]
    if document.source.text[start:end] != part:
        raise UneditableText("the text is not the one that this document was read from")
    wanted = patch_value(document.value, operations)
    before = after = read(part)
    for operation in operations:
        for smaller in _smaller(operation, _again(after, document).value):
            try:
                part = _edited(_again(after, document), smaller)
            except (TypeError, ValueError) as error:  # what json.dumps says of NaN, or of a set
                raise UnfitPatch("the patch holds a value that is none of JSON") from error
            after = read(part)
    _prove(before, after, document.number, wanted)
    return text[:start] + part + text[end:]


def _again(reading: Reading, document: Document) -> Document:
    """Return the same document, read from its part of the text alone."""
    if document.number < len(reading.documents):
        found = reading.documents[document.number]
        if found.prefix == document.prefix:
            return found
    raise UneditableText("this text cannot be changed in place")


def _prove(before: Reading, after: Reading, number: int, wanted: Any) -> None:
    values = [document.value for document in before.documents]
    values[number] = wanted
    got = [document.value for document in after.documents]
    same_faults = [str(e) for e in before.errors] == [str(e) for e in after.errors]
    if not same_faults or not equal(values, got):
        raise UneditableText("this text cannot be changed in place without changing more")


def _smaller(operation: Operation, value: Any) -> list[Operation]:
    """Return operations that do the same and touch less, so that more of the text stays.

    Replacing a mapping by one with other values touches only the keys that differ.
    """
    if operation["op"] not in ("add", "replace"):
        return [operation]
    path = Path.from_pointer(operation["path"], value)
    try:
        old = resolve(value, path)
    except LookupError:
        return [operation]
    if operation["op"] == "add" and path and isinstance(path[-1], int):
        return [operation]  # inserts before the item that is there
    return list(_difference(path, old, operation["value"]))


def _difference(path: Path, old: Any, new: Any) -> list[Operation]:
    if equal(old, new):
        return []
    if isinstance(old, dict) and isinstance(new, dict) and old.keys() & new.keys():
        found: list[Operation] = []
        for key in new:
            if key in old:
                found += _difference(path / key, old[key], new[key])
            else:
                found.append({"op": "add", "path": (path / key).pointer, "value": new[key]})
        found += [{"op": "remove", "path": (path / key).pointer} for key in old if key not in new]
        return found
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return [
            smaller
            for index, (before, after) in enumerate(zip(old, new, strict=True))
            for smaller in _difference(path / index, before, after)
        ]
    return [{"op": "replace", "path": path.pointer, "value": new}]


def _edited(document: Document, operation: Operation) -> str:
    """Return the text after one operation."""
    value = document.value
    path = Path.from_pointer(operation["path"], value)
    verb: str = operation["op"]
    if verb == "test":
        return document.source.text
    if verb == "remove":
        return _remove(document, path)
    if verb in ("move", "copy"):
        origin = Path.from_pointer(operation["from"], value)
        if verb == "move" and origin.parent == path.parent and isinstance(path[-1], str):
            return _rename(document, origin, path[-1])
        moved = resolve(value, origin)
        if verb == "move":
            document = _again(read(_remove(document, origin)), document)
            # Only now, because the removal may have moved the place along.
            path = Path.from_pointer(operation["path"], document.value)
        return _add(document, path, moved)
    if verb == "add":
        return _add(document, path, operation["value"])
    return _put(document, path, operation["value"])


def _add(document: Document, path: Path, new: Any) -> str:
    if not path:
        return _put(document, path, new)
    parent = resolve(document.value, path.parent)
    key = path[-1]
    if isinstance(parent, dict) and key in parent:
        return _put(document, path, new)
    if not parent:
        # An empty container grows in the style of what is around it.
        return _put(document, path.parent, [new] if isinstance(parent, list) else {key: new})
    node = _container(document, path.parent)
    edits = _edits(document, node)
    if isinstance(node, Mapping):
        return edits.page.apply(edits.add_entry(node, str(key), new))
    return edits.page.apply(edits.add_item(node, int(key), new))


def _put(document: Document, path: Path, new: Any) -> str:
    """Replace what stands at `path`."""
    page = Page(document)
    if not path:
        _refuse_shared(document.node)
        return page.apply(_put_root(document, page, new))
    node = _container(document, path.parent)
    edits = _edits(document, node)
    if isinstance(node, Mapping):
        found = _own_entry(node, str(path[-1]))
        _refuse_shared(found.value)
        wrapped = edits.wrap(found.value, resolve(document.value, path), new)
        return page.apply(wrapped or edits.put_value(found, new))
    item = node.items[int(path[-1])]
    _refuse_shared(item)
    wrapped = edits.wrap(item, resolve(document.value, path), new)
    return page.apply(wrapped or edits.put_item(node, int(path[-1]), new))


def _put_root(document: Document, page: Page, new: Any) -> list[Splice]:
    edits = _edits(document, document.node)
    lines = edits.spell(new, page.indentation(document.node.start))
    return [(document.node.start, page.tail(document.node), lines)]


def _remove(document: Document, path: Path) -> str:
    if not path:
        raise UneditableText("a whole document cannot be removed from its file")
    node = _container(document, path.parent)
    edits = _edits(document, node)
    if isinstance(node, Mapping):
        key = str(path[-1])
        found = _own_entry(node, key)
        _refuse_shared(found.key_node)
        _refuse_shared(found.value)
        if len(node.entries) == 1:
            return _put(document, path.parent, {})
        index = next(i for i, pair in enumerate(node.entries) if pair[0] is found.key_node)
        text = edits.page.apply(edits.remove_entry(node, index))
        again = _again(read(text), document)
        # A key that was written twice is still there: the earlier one has come to light.
        written_twice = key in resolve(again.value, path.parent)
        return _remove(again, path) if written_twice else text
    index = int(path[-1])
    _refuse_shared(node.items[index])
    if len(node.items) == 1:
        return _put(document, path.parent, [])
    return edits.page.apply(edits.remove_item(node, index))


def _rename(document: Document, origin: Path, key: str) -> str:
    """Give one entry of a mapping another key; its place and its value's text stay."""
    if origin[-1] == key:
        return document.source.text
    node = _container(document, origin.parent)
    if not isinstance(node, Mapping):
        raise UneditableText("only a key of a mapping can be renamed")
    if entry(node, key) is not None:
        document = _again(read(_remove(document, origin.parent / key)), document)
        return _rename(document, origin, key)
    found = _own_entry(node, str(origin[-1]))
    if isinstance(found.key_node, Alias) or found.key_node.shared:
        raise SharedText("this key is written at an anchor, which other places share")
    edits = _edits(document, node)
    spelt = edits.spell_key(key, found.key.style)
    return edits.page.apply([(found.key_node.start, found.key_node.end, spelt)])


def _edits(document: Document, node: Node) -> "BlockEdits | FlowEdits":
    flowing = isinstance(node, (Mapping, SequenceNode)) and node.flow
    return FlowEdits(Page(document)) if flowing else BlockEdits(Page(document))


def _container(document: Document, path: Path) -> Mapping | SequenceNode:
    """Return the mapping or list at `path`, written where it stands and nowhere else."""
    node = document.node
    for segment in path:
        here = _unshared(node)
        if isinstance(here, Mapping):
            node = _own_entry(here, str(segment)).value
        elif isinstance(here, SequenceNode):
            node = here.items[int(segment)]
    found = _unshared(node)
    if isinstance(found, Scalar):
        raise UneditableText("nothing can be added below a scalar")
    return found


def _own_entry(mapping: Mapping, key: str) -> Entry:
    found = entry(mapping, key)
    if found is None:
        raise UneditableText(f"the key {shown(key)} is not written in the text")
    if found.merged:
        raise SharedText(
            f'the key {shown(key)} comes in through "<<", from an anchor that others share'
        )
    return found


def _unshared(node: Node) -> Scalar | Mapping | SequenceNode:
    if isinstance(node, Alias) or node.shared:
        raise SharedText("this place is shared by an anchor: a change would reach other places")
    return target(node)


def _refuse_shared(node: Node) -> None:
    """Raise SharedText if a value that is to go holds an anchor that is used elsewhere.

    An alias may go: what it refers to stays.
    """
    if any(below.shared for below in walk(node)):
        raise SharedText("an anchor in this place is used elsewhere in the document")
