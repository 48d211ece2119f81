"""Flags of the commands that talk to a cluster, and how they become a connection."""

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from webhook.cli.option_group import option_group
from webhook.errors import SettingsError

if TYPE_CHECKING:
    from webhook.kube.client import Client
    from webhook.kube.facts import ConfigMapRef


@dataclass(frozen=True, slots=True)
class Connection:
    """How to reach a cluster."""

    kubeconfig: str | None = None
    context: str | None = None

    def open(self) -> "Client":
        """Return a client; raise KubeApiUnavailableError if there are no credentials for any."""
        from webhook.kube import connect

        return connect(kubeconfig=self.kubeconfig, context=self.context, environment=os.environ)


_CONNECTION_OPTIONS = (
    click.option(
        "--kubeconfig",
        metavar="FILE",
        help="How to reach the cluster. [default: KUBECONFIG, ~/.kube/config, then the pod's "
        "service account]",
    ),
    click.option("--context", metavar="NAME", help="Context of the kubeconfig."),
)

connection_options = option_group("cluster", Connection, *_CONNECTION_OPTIONS)
"""Adds --kubeconfig and --context; the command gets a Connection as `cluster`."""


@dataclass(frozen=True, slots=True)
class ClusterFlags(Connection):
    """How to reach a cluster, and where Seldon's ConfigMap is in it."""

    seldon_config: str = ""

    @property
    def seldon_config_map(self) -> "ConfigMapRef":
        """What --seldon-config names; raises SettingsError if it is not NAMESPACE/NAME."""
        from webhook.kube.facts import ConfigMapRef

        namespace, slash, name = self.seldon_config.partition("/")
        if not (namespace and slash and name) or "/" in name:
            raise SettingsError(
                f"--seldon-config must be NAMESPACE/NAME, got {self.seldon_config!r}"
            )
        return ConfigMapRef(namespace, name)


cluster_options = option_group(
    "cluster",
    ClusterFlags,
    *_CONNECTION_OPTIONS,
    click.option(
        "--seldon-config",
        metavar="NAMESPACE/NAME",
        default="seldon-system/seldon-config",
        show_default=True,
        help="Seldon's ConfigMap with the images of model servers and explainers.",
    ),
)
"""Adds --kubeconfig, --context and --seldon-config; the command gets ClusterFlags as `cluster`."""


@dataclass(frozen=True, slots=True)
class ObjectScope:
    """The objects of a cluster that a command is about; no namespace: those of all."""

    namespaces: tuple[str, ...] = ()
    selector: str = ""


namespaces_option = click.option(
    "-n",
    "--namespace",
    "namespaces",
    multiple=True,
    metavar="NAME",
    callback=lambda _context, _parameter, names: tuple(dict.fromkeys(names)),
    help="Only this namespace; may be repeated. [default: all]",
)

scope_options = option_group(
    "scope",
    ObjectScope,
    namespaces_option,
    click.option(
        "-l",
        "--selector",
        default="",
        metavar="LABELS",
        help="Only objects with these labels, as kubectl's -l.",
    ),
)
"""Adds --namespace and --selector; the command gets an ObjectScope as `scope`."""


@dataclass(frozen=True, slots=True)
class HealthAddress:
    """Where /livez, /readyz and /metrics are served."""

    health_host: str
    health_port: int


health_port_option = click.option(
    "--health-port", default=8081, show_default=True, help="HTTP: /livez, /readyz and /metrics."
)

health_options = option_group(
    "health",
    HealthAddress,
    click.option("--health-host", default="", help="Address to listen on. [default: every one]"),
    health_port_option,
)
"""Adds --health-host and --health-port; the command gets a HealthAddress as `health`."""
