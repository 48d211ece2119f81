"""`graphgate reconcile`: the reconciler beside the webhook."""

import os
import socket
import sys
from typing import TYPE_CHECKING

import click

from webhook.cli._cluster import cluster_options, config_map, open_cluster
from webhook.cli._options import SettingsFlags, load_settings, read_bytes, settings_options
from webhook.errors import InvalidSettings

if TYPE_CHECKING:
    from webhook.controller.judge import Setup
    from webhook.workloads.options import Options


class InForce:
    """The settings in force; also the source that reads them anew, as `serve`'s."""

    name = "settings"

    def __init__(self, flags: SettingsFlags, options: "Options") -> None:
        self._flags = flags
        self._options = options
        self._content = self._bytes()
        self.setup: Setup = self._load()

    def refresh(self) -> bool:
        """Put a changed settings file into effect; raise InvalidSettings if it cannot be used."""
        content = self._bytes()
        if content == self._content:
            return False
        self.setup = self._load()  # raises, each time, while the file is bad
        self._content = content
        return True

    def _load(self) -> "Setup":
        from webhook.controller.judge import Setup

        return Setup(load_settings(self._flags), self._options)

    def _bytes(self) -> bytes:
        file = self._flags.settings_file
        if file is None:
            return b""
        try:
            return read_bytes(file)
        except OSError as error:
            raise InvalidSettings(f"{file} cannot be read: {error.strerror}") from error


@click.command("reconcile")
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
    "--engine-image",
    default="",
    metavar="IMAGE",
    help="Seldon's executor, which walks graphs of several nodes. [default: none]",
)
@click.option("--initializer-image", default="", metavar="IMAGE", help="Fetches models.")
@click.option(
    "--leader-elect/--no-leader-elect",
    default=True,
    show_default=True,
    help="Several replicas: one reconciles, the others are ready to.",
)
@click.option(
    "--lease",
    metavar="[NAMESPACE/]NAME",
    help="The Lease of the election; one for each set of objects. "
    "[default: graphgate-reconciler, and the controller's id]",
)
@click.option(
    "--lease-seconds",
    type=click.FloatRange(min=2.0),
    default=15.0,
    show_default=True,
    help="After so long without a sign of the leader another takes over.",
)
@click.option("--workers", type=click.IntRange(1, 64), default=8, show_default=True, hidden=True)
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
    engine_image: str,
    initializer_image: str,
    leader_elect: bool,
    lease: str | None,
    lease_seconds: float,
    workers: int,
    health_host: str,
    health_port: int,
    kubeconfig: str | None,
    context: str | None,
    seldon_config: str,
    flags: SettingsFlags,
) -> None:
    """Make and keep what SeldonDeployments stand for, until SIGTERM."""
    from webhook.controller.config import Config
    from webhook.controller.lease import Terms
    from webhook.controller.run import run
    from webhook.workloads.options import Engine, Options

    options = Options(
        engine=Engine(engine_image) if engine_image else None,
        initializer_image=initializer_image,
    )
    in_force = InForce(flags, options)
    transport = open_cluster(kubeconfig, context)
    own = f"graphgate-reconciler-{controller_id}" if controller_id else "graphgate-reconciler"
    place, _, name = (lease or own).rpartition("/")
    config = Config(
        namespaces=tuple(dict.fromkeys(namespaces)),
        selector=selector,
        controller_id=controller_id,
        lease=(place or transport.namespace, name) if leader_elect else None,
        # A third and a seventh of it: the proportions of Kubernetes' own controllers.
        terms=Terms(lease_seconds, lease_seconds * 2 / 3, lease_seconds * 2 / 15),
        identity=f"{socket.gethostname()}-{os.getpid()}",
        workers=workers,
        health_host=health_host,
        health_port=health_port,
        seldon_config=config_map(seldon_config),
    )
    sys.exit(run(config, transport, in_force, [in_force] if flags.settings_file else []))
