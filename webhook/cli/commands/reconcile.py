"""`graphgate reconcile`: the reconciler beside the webhook."""

import os
import socket
import sys
from typing import TYPE_CHECKING

import click

from webhook.cli.cluster_options import cluster_options, open_cluster, parse_config_map
from webhook.cli.durations import Duration
from webhook.cli.examples import examples
from webhook.cli.image_options import ImageOptions
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
            executor_image=self._images.executor,
            initializer_image=self._images.storage_initializer,
        )
        return ControllerSettings(settings, options)


@click.command(
    "reconcile",
    epilog=examples(
        "graphgate reconcile", "graphgate reconcile --namespace models --settings settings.yaml"
    ),
)
@click.option(
    "--namespace",
    "-n",
    "namespaces",
    multiple=True,
    metavar="NAME",
    help="Reconcile objects in this namespace only; may be repeated. [default: all]",
)
@click.option(
    "--selector",
    "-l",
    default="",
    metavar="LABELS",
    help="Reconcile objects with these labels only, as kubectl's -l.",
)
@click.option(
    "--controller-id",
    default="",
    metavar="ID",
    help="Reconcile objects whose label seldon.io/controller-id has this value. "
    "[default: those without the label]",
)
@click.option(
    "--executor-image",
    default="",
    metavar="IMAGE",
    help="Image of Seldon's executor, needed for graphs of several nodes. [default: none]",
)
@click.option(
    "--storage-initializer-image", default="", metavar="IMAGE", help="Image that downloads models."
)
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
@click.option("--health-host", default="", help="Address to listen on. [default: every one]")
@click.option(
    "--health-port", default=8081, show_default=True, help="HTTP: /livez, /readyz and /metrics."
)
@cluster_options
@settings_options
def reconcile_command(
    namespaces: tuple[str, ...],
    selector: str,
    controller_id: str,
    executor_image: str,
    storage_initializer_image: str,
    leader_elect: bool,
    leader_elect_resource_name: str | None,
    leader_elect_resource_namespace: str | None,
    leader_elect_lease_duration: float,
    max_concurrent_reconciles: int,
    max_concurrent_rollouts: int,
    health_host: str,
    health_port: int,
    kubeconfig: str | None,
    context: str | None,
    seldon_config: str,
    flags: SettingsFlags,
) -> None:
    """Reconcile SeldonDeployments into workloads.

    Runs until SIGTERM.
    """
    from webhook.controller.config import ControllerConfig
    from webhook.controller.manager import run
    from webhook.kube.leader_election import LeaseConfig
    from webhook.server.settings_store import SettingsStore

    images = ImageOptions(executor_image, storage_initializer_image)
    settings_store = SettingsStore(lambda: load_settings(flags), reloadable_file(flags))
    transport = open_cluster(kubeconfig, context)
    default_lease = (
        f"graphgate-reconciler-{controller_id}" if controller_id else "graphgate-reconciler"
    )
    config = ControllerConfig(
        namespaces=tuple(dict.fromkeys(namespaces)),
        selector=selector,
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
        health_host=health_host,
        health_port=health_port,
        seldon_config_map=parse_config_map(seldon_config),
    )
    sys.exit(
        run(
            config,
            transport,
            ReconcilerSettings(settings_store, images),
            [settings_store] if flags.settings_file else [],
        )
    )
