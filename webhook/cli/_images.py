"""Flags for the images that no document names: what `render` and `diff` need to be `reconcile`."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from webhook.workloads.options import Options


@dataclass(frozen=True, slots=True)
class Images:
    """The images; "": Seldon's own initialiser, and no engine."""

    engine: str = ""
    initializer: str = ""

    def options(self, user: int | None) -> "Options":
        """Return how to render; `user` is that of containers which no author wrote."""
        from webhook.workloads.options import Engine, Initializer, Options

        return Options(
            engine=Engine(self.engine) if self.engine else None,
            initializer=Initializer(self.initializer) if self.initializer else Initializer(),
            user=user,
        )


def image_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add --engine-image and --initializer-image; the command gets them as one value, `images`."""

    @wraps(command)
    def with_images(engine_image: str, initializer_image: str, **arguments: Any) -> None:
        command(images=Images(engine_image, initializer_image), **arguments)

    decorated: Callable[..., None] = with_images
    for option in (
        click.option("--initializer-image", default="", metavar="IMAGE", help="Fetches models."),
        click.option(
            "--engine-image",
            default="",
            metavar="IMAGE",
            help="Seldon's executor, which walks graphs of several nodes. [default: none]",
        ),
    ):
        decorated = option(decorated)
    return decorated
