"""Flags for the images that no document names: what `render` and `diff` need to be `reconcile`."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

import click


@dataclass(frozen=True, slots=True)
class ImageOptions:
    """The images; "": those of the settings."""

    executor: str = ""
    storage_initializer: str = ""


def image_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add --executor-image and --storage-initializer-image, as one value, `images`."""

    @wraps(command)
    def with_images(executor_image: str, storage_initializer_image: str, **arguments: Any) -> None:
        command(images=ImageOptions(executor_image, storage_initializer_image), **arguments)

    decorated: Callable[..., None] = with_images
    for option in (
        click.option(
            "--storage-initializer-image",
            default="",
            metavar="IMAGE",
            help="Image that downloads models.",
        ),
        click.option(
            "--executor-image",
            default="",
            metavar="IMAGE",
            help="Image of Seldon's executor, needed for graphs of several nodes. [default: none]",
        ),
    ):
        decorated = option(decorated)
    return decorated
