"""Text in, documents with positions out; and edits of the author's text at those positions.

    reading = read(text)
    for document in reading.documents:
        position = document.position(finding.path)      # line 12, columns 9 to 17
        text = edit(reading.text, document, finding.fix)  # comments and layout kept

Pure. Files are read and written by `cli`; nothing here knows what a SeldonDeployment is.
"""

from typing import TYPE_CHECKING, Any

from webhook.documents.document import Document, ParsedFile, Position, YamlWarning
from webhook.documents.reading import read

if TYPE_CHECKING:
    from webhook.documents.editing import edit_text
    from webhook.documents.page import AnchoredTextError, UneditableTextError
    from webhook.documents.patching import PatchMismatchError, patch_value

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
    "AnchoredTextError": "page",
    "UneditableTextError": "page",
    "PatchMismatchError": "patching",
    "edit_text": "editing",
    "patch_value": "patching",
}
"""What is imported when it is first asked for: `check` reads and never edits (20 ms)."""


def __getattr__(name: str) -> Any:
    if name not in _EDITING:
        raise AttributeError(name)
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_EDITING[name]}"), name)
