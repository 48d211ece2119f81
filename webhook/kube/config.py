"""Which cluster, and with which credentials: found as kubectl finds them.

Belongs here: kubeconfig, context, a pod's service account. Does not belong here: sending requests
(`client`). This is where `kubernetes` is first imported.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from webhook.errors import KubeApiUnavailableError
from webhook.files import read_file
from webhook.kube.client import Client, error_text

_NAMESPACE_FILE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
_DEFAULT_KUBECONFIG = Path(".kube") / "config"
_MAX_CONNECTIONS = 100
_USER_AGENT = "graphgate"


def connect(
    *, kubeconfig: str | None, context: str | None, environment: Mapping[str, str]
) -> Client:
    """Return a transport to the cluster that the caller's surroundings name, as kubectl does.

    kubeconfig   a file; None: $KUBECONFIG, else ~/.kube/config, else the pod's service account
    context      of the kubeconfig; None: its current one
    environment  the process's

    No connection is made yet. Raise KubeApiUnavailableError if there are no credentials to use.
    """
    try:
        import kubernetes  # noqa: F401 — the extra may be missing
    except ImportError as error:
        raise KubeApiUnavailableError(
            "the Kubernetes client is not installed; pip install 'graphgate[cluster]'"
        ) from error
    from kubernetes.client import ApiClient, Configuration

    configuration = Configuration()
    path = kubeconfig or environment.get("KUBECONFIG") or _default_kubeconfig(environment)
    if path is not None:
        namespace = _load_kubeconfig(path, context, configuration)
    elif environment.get("KUBERNETES_SERVICE_HOST"):
        namespace = _load_service_account(environment, configuration)
    else:
        raise KubeApiUnavailableError(
            "no cluster configured: no --kubeconfig, no KUBECONFIG, no ~/.kube/config, and not "
            "running in a pod"
        )
    configuration.retries = False
    # More than workers and watches open at once: beyond it each call opens a connection.
    configuration.connection_pool_maxsize = _MAX_CONNECTIONS
    client = ApiClient(configuration)
    client.user_agent = _USER_AGENT
    return Client(client, namespace)


def _default_kubeconfig(environment: Mapping[str, str]) -> str | None:
    file = Path(environment.get("HOME") or "/nonexistent") / _DEFAULT_KUBECONFIG
    return str(file) if file.is_file() else None


def _load_kubeconfig(path: str, context: str | None, configuration: Any) -> str:
    """Load a kubeconfig (or several, joined with ":"); return the context's namespace."""
    import kubernetes.config
    import yaml

    config: Any = kubernetes.config  # it has types, but not for these
    try:
        config.load_kube_config(path, context, configuration, persist_config=False)
        contexts, current = config.list_kube_config_contexts(path)
    except (config.ConfigException, yaml.YAMLError, OSError, TypeError, ValueError) as error:
        raise KubeApiUnavailableError(
            f"cannot use the kubeconfig {path}: {error_text(error)}"
        ) from error
    selected = next((each for each in contexts if each["name"] == context), current)
    namespace = (selected.get("context") or {}).get("namespace")
    return namespace if isinstance(namespace, str) and namespace else "default"


def _load_service_account(environment: Mapping[str, str], configuration: Any) -> str:
    """Load a pod's service account, whose token is read again every minute."""
    import kubernetes.config.incluster_config

    incluster: Any = kubernetes.config.incluster_config  # as above
    try:
        incluster.InClusterConfigLoader(
            incluster.SERVICE_TOKEN_FILENAME, incluster.SERVICE_CERT_FILENAME, environ=environment
        ).load_and_set(configuration)
    except (incluster.ConfigException, OSError) as error:
        raise KubeApiUnavailableError(
            f"cannot use the pod's service account: {error_text(error)}; "
            "set automountServiceAccountToken: true"
        ) from error
    try:
        return read_file(_NAMESPACE_FILE).decode().strip() or "default"
    except OSError:
        return "default"
