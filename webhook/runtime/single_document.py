"""A file that holds one YAML document: settings, facts."""

from pathlib import Path
from typing import Any, NamedTuple

from webhook.errors import SettingsError
from webhook.files import read_input
from webhook.graph.issue import Issue, Source


class SingleDocument(NamedTuple):
    """The one document of a file, with the places of its text."""

    value: Any
    source: Source


def read_single_document(file: Path) -> SingleDocument:
    """Return the one document in a file ("-": standard input).

    Raise SettingsError, with a sentence for each error, if it cannot be read or there is another
    number of documents. A key that is written twice is an issue of the source.
    """
    from webhook.yamldoc import read

    try:
        parsed_file = read(read_input(file))
    except OSError as error:
        raise SettingsError(f"{file} cannot be read: {error.strerror}") from error
    if parsed_file.errors:
        raise SettingsError(*(f"{file}:{e.line}:{e.column}: {e}" for e in parsed_file.errors))
    if len(parsed_file.documents) != 1:
        raise SettingsError(f"{file} must have one document, has {len(parsed_file.documents)}")
    (document,) = parsed_file.documents
    repeated = (
        Issue(warning.path, f"{warning.path} is written twice")
        for warning in document.warnings
        if warning.kind == "duplicate-key"
    )
    return SingleDocument(document.value, Source(str(file), document.position, tuple(repeated)))
