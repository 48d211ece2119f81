"""Flags of the commands that talk to a cluster, and how they become a connection."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from webhook.errors import SettingsError

if TYPE_CHECKING:
    from webhook.kube.client import Client
    from webhook.kube.facts import ConfigMapRef

F = TypeVar("F", bound=Callable[..., Any])


def cluster_options(command: F) -> F:
    """Add --kubeconfig, --context and --seldon-config."""
    for option in (
        click.option(
            "--seldon-config",
            metavar="NAMESPACE/NAME",
            default="seldon-system/seldon-config",
            show_default=True,
            help="Seldon's ConfigMap with the images of model servers and explainers.",
        ),
        click.option("--context", metavar="NAME", help="Context of the kubeconfig."),
        click.option(
            "--kubeconfig",
            metavar="FILE",
            help="How to reach the cluster. [default: KUBECONFIG, ~/.kube/config, then the pod's "
            "service account]",
        ),
    ):
        command = option(command)
    return command


def open_cluster(kubeconfig: str | None, context: str | None) -> "Client":
    """Return a connection; raise KubeApiUnavailableError if there are no credentials for any."""
    from webhook.kube import connect

    return connect(kubeconfig=kubeconfig, context=context, environment=os.environ)


def parse_config_map(text: str) -> "ConfigMapRef":
    """Return what --seldon-config names; raise SettingsError if it is not NAMESPACE/NAME."""
    from webhook.kube.facts import ConfigMapRef

    namespace, slash, name = text.partition("/")
    if not (namespace and slash and name) or "/" in name:
        raise SettingsError(f"--seldon-config must be NAMESPACE/NAME, got {text!r}")
    return ConfigMapRef(namespace, name)
