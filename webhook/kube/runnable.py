"""What works in the background from its start to its stop."""

from abc import ABC, abstractmethod
from typing import Self


class Runnable(ABC):
    """Starts when it is entered, and stops when it is left."""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @abstractmethod
    def start(self) -> None:
        """Begin; once."""

    @abstractmethod
    def stop(self) -> object:
        """End, within some seconds."""
