"""A file that holds one YAML document: settings, facts."""

from pathlib import Path
from typing import Any

from webhook.errors import SettingsError
from webhook.files import read_input


def read_single_document(file: Path) -> Any:
    """Return the one document in a file ("-": standard input); raise SettingsError otherwise."""
    from webhook.yamldoc import read

    try:
        parsed_file = read(read_input(file))
    except OSError as error:
        raise SettingsError(f"{file} cannot be read: {error.strerror}") from error
    for parse_error in parsed_file.errors:
        raise SettingsError(f"{file}:{parse_error.line}:{parse_error.column}: {parse_error}")
    if len(parsed_file.documents) != 1:
        raise SettingsError(f"{file} holds {len(parsed_file.documents)} documents, not one")
    return parsed_file.documents[0].value
