"""Text in, documents with positions out; and edits of the author's text at those positions.

    reading = read(text)
    for document in reading.documents:
        position = document.position(finding.path)      # line 12, columns 9 to 17
        text = edit(reading.text, document, finding.fix)  # comments and layout kept

Pure. Files are read and written by `cli`; nothing here knows what a SeldonDeployment is.
"""

from typing import TYPE_CHECKING, Any

from webhook.yamldoc.document import Document, ParsedFile, Position, YamlWarning
from webhook.yamldoc.reading import read

if TYPE_CHECKING:
    from webhook.yamldoc.editing import edit_text
    from webhook.yamldoc.json_patch import PatchMismatchError, patch_value
    from webhook.yamldoc.text_buffer import AnchoredTextError, UneditableTextError

__all__ = [
    "AnchoredTextError",
    "Document",
    "ParsedFile",
    "PatchMismatchError",
    "Position",
    "UneditableTextError",
    "YamlWarning",
    "edit_text",
    "patch_value",
    "read",
]

_EDITING = {
    "AnchoredTextError": "text_buffer",
    "UneditableTextError": "text_buffer",
    "PatchMismatchError": "json_patch",
    "edit_text": "editing",
    "patch_value": "json_patch",
}
"""Imported on first use: `check` reads and never edits (20 ms)."""


def __getattr__(name: str) -> Any:
    if name not in _EDITING:
        raise AttributeError(name)
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_EDITING[name]}"), name)
