"""Flags for the images that no document names: what `render` and `diff` need to be `reconcile`."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from webhook.defaulting import DefaultingOptions
    from webhook.graph.cluster_facts import Operator
    from webhook.rendering.options import RenderOptions


@dataclass(frozen=True, slots=True)
class ImageOptions:
    """The images; "": the initialiser of seldon-config, and no engine."""

    executor: str = ""
    storage_initializer: str = ""

    def render_options(
        self, defaults: "DefaultingOptions", operator: "Operator" = "graphgate"
    ) -> "RenderOptions":
        """Return how to render; `defaults` are for pods and containers that no author wrote."""
        from webhook.rendering.options import OrchestratorOptions, RenderOptions

        return RenderOptions(
            orchestrator=OrchestratorOptions(self.executor) if self.executor else None,
            initializer_image=self.storage_initializer,
            defaults=defaults,
            operator=operator,
        )


def image_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add --executor-image and --storage-initializer-image, as one value, `images`."""

    @wraps(command)
    def with_images(executor_image: str, storage_initializer_image: str, **arguments: Any) -> None:
        command(images=ImageOptions(executor_image, storage_initializer_image), **arguments)

    decorated: Callable[..., None] = with_images
    for option in (
        click.option(
            "--storage-initializer-image", default="", metavar="IMAGE", help="Fetches models."
        ),
        click.option(
            "--executor-image",
            default="",
            metavar="IMAGE",
            help="Seldon's executor, which walks graphs of several nodes. [default: none]",
        ),
    ):
        decorated = option(decorated)
    return decorated
