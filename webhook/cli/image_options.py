"""Flags for the images that no document names: what `render` and `diff` need to be `reconcile`."""

from dataclasses import dataclass

import click

from webhook.cli.option_group import option_group


@dataclass(frozen=True, slots=True)
class ImageOptions:
    """The images; "": those of the settings."""

    executor_image: str = ""
    storage_initializer_image: str = ""


image_options = option_group(
    "images",
    ImageOptions,
    click.option(
        "--executor-image",
        default="",
        metavar="IMAGE",
        help="Image of Seldon's executor, needed for graphs of several nodes. [default: none]",
    ),
    click.option(
        "--storage-initializer-image",
        default="",
        metavar="IMAGE",
        help="Image that downloads models.",
    ),
)
"""Adds --executor-image and --storage-initializer-image; the command gets them as `images`."""
