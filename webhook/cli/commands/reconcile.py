"""`graphgate reconcile`: the reconciler beside the webhook."""

import os
import socket
import sys
from typing import TYPE_CHECKING

import click

from webhook.cli.cluster_options import (
    ClusterFlags,
    HealthAddress,
    ObjectScope,
    cluster_options,
    health_options,
    scope_options,
)
from webhook.cli.durations import Duration
from webhook.cli.examples import examples
from webhook.cli.image_options import ImageOptions, image_options
from webhook.cli.inputs import load_settings, reloadable_file
from webhook.cli.options import SettingsFlags, settings_options

if TYPE_CHECKING:
    from webhook.controller.desired_state import ControllerSettings
    from webhook.server.settings_store import SettingsStore


class ReconcilerSettings:
    """What the reconciler follows: the settings in force, and the images of the command line."""

    def __init__(self, settings_store: "SettingsStore", images: ImageOptions) -> None:
        self._settings_store = settings_store
        self._images = images

    @property
    def controller_settings(self) -> "ControllerSettings":
        """The settings in force."""
        from webhook.controller.desired_state import ControllerSettings

        settings = self._settings_store.settings
        options = settings.rendering.render_options(
            settings.defaults,
            routing=settings.routing,
            executor_image=self._images.executor_image,
            initializer_image=self._images.storage_initializer_image,
        )
        return ControllerSettings(settings, options)


@click.command(
    "reconcile",
    epilog=examples(
        "graphgate reconcile", "graphgate reconcile --namespace models --settings settings.yaml"
    ),
)
@scope_options
@click.option(
    "--controller-id",
    default="",
    metavar="ID",
    help="Reconcile objects whose label seldon.io/controller-id has this value. "
    "[default: those without the label]",
)
@image_options
@click.option(
    "--leader-elect/--no-leader-elect",
    default=True,
    show_default=True,
    help="Elect a leader among several replicas.",
)
@click.option(
    "--leader-elect-resource-name",
    metavar="NAME",
    help="Name of the Lease; one for each set of objects. "
    "[default: graphgate-reconciler, and the controller's id]",
)
@click.option(
    "--leader-elect-resource-namespace",
    metavar="NAMESPACE",
    help="Namespace of the Lease. [default: the pod's, or the context's]",
)
@click.option(
    "--leader-elect-lease-duration",
    type=Duration(min_seconds=2.0),
    default="15s",
    show_default=True,
    help="How long without a renewal until another replica takes over.",
)
@click.option(
    "--max-concurrent-reconciles",
    type=click.IntRange(1, 64),
    default=8,
    show_default=True,
    hidden=True,
)
@click.option(
    "--max-concurrent-rollouts",
    type=click.IntRange(min=1),
    default=5,
    show_default=True,
    help="Objects updated at once after a change of settings, seldon-config or version.",
)
@health_options
@cluster_options
@settings_options
def reconcile_command(
    scope: ObjectScope,
    controller_id: str,
    images: ImageOptions,
    leader_elect: bool,
    leader_elect_resource_name: str | None,
    leader_elect_resource_namespace: str | None,
    leader_elect_lease_duration: float,
    max_concurrent_reconciles: int,
    max_concurrent_rollouts: int,
    health: HealthAddress,
    cluster: ClusterFlags,
    flags: SettingsFlags,
) -> None:
    """Reconcile SeldonDeployments into workloads.

    Runs until SIGTERM.
    """
    from webhook.controller.config import ControllerConfig
    from webhook.controller.manager import run
    from webhook.kube.leader_election import LeaseConfig
    from webhook.server.settings_store import SettingsStore

    settings_store = SettingsStore(lambda: load_settings(flags), reloadable_file(flags))
    transport = cluster.open()
    default_lease = (
        f"graphgate-reconciler-{controller_id}" if controller_id else "graphgate-reconciler"
    )
    config = ControllerConfig(
        namespaces=scope.namespaces,
        selector=scope.selector,
        controller_id=controller_id,
        lease=(
            leader_elect_resource_namespace or transport.namespace,
            leader_elect_resource_name or default_lease,
        )
        if leader_elect
        else None,
        # A third and a seventh of it: the proportions of Kubernetes' own controllers.
        lease_config=LeaseConfig(
            leader_elect_lease_duration,
            leader_elect_lease_duration * 2 / 3,
            leader_elect_lease_duration * 2 / 15,
        ),
        identity=f"{socket.gethostname()}-{os.getpid()}",
        max_concurrent_reconciles=max_concurrent_reconciles,
        max_concurrent_rollouts=max_concurrent_rollouts,
        health_host=health.health_host,
        health_port=health.health_port,
        seldon_config_map=cluster.seldon_config_map,
    )
    sys.exit(
        run(
            config,
            transport,
            ReconcilerSettings(settings_store, images),
            [settings_store] if flags.settings_file else [],
        )
    )
