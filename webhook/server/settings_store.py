"""The settings in force, and the source that reloads them when their file changes.

Server and reconciler have one each. How settings are put together from flags, environment and file
is the command line's: it comes in as a callable.
"""

from collections.abc import Callable
from pathlib import Path

from webhook.errors import SettingsError
from webhook.files import read_file
from webhook.settings.model import Settings


class SettingsStore:
    """The settings in force (a `Reloadable`).

    A settings file that cannot be used leaves the last good settings in force; /readyz?verbose and
    the metrics say so.
    """

    name = "settings"

    def __init__(
        self,
        load: Callable[[], Settings],
        file: Path | None = None,
        on_change: Callable[[Settings], None] | None = None,
    ) -> None:
        """Load the settings.

        load       puts the settings together; raises SettingsError if they cannot be used
        file       the settings file, whose content is compared; None: there is nothing to reload
        on_change  called with the settings, the first ones too, before they are in force

        Raise SettingsError if the file cannot be read or the settings cannot be used.
        """
        self._load_settings = load
        self._file = file
        self._on_change = on_change
        self._content = self._read_file()
        self.settings = self._load()

    def reload_if_changed(self) -> bool:
        """Put a changed settings file into effect; raise SettingsError if it cannot be used."""
        content = self._read_file()
        if content == self._content:
            return False
        self.settings = self._load()  # raises, each time, while the file is bad
        self._content = content
        return True

    def _load(self) -> Settings:
        settings = self._load_settings()
        if self._on_change is not None:
            self._on_change(settings)
        return settings

    def _read_file(self) -> bytes:
        if self._file is None:
            return b""
        try:
            return read_file(self._file)
        except OSError as error:
            raise SettingsError(f"{self._file} cannot be read: {error.strerror}") from error
