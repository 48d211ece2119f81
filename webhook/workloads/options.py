"""What an operator can set about rendering, with Seldon Core v1's defaults.

Belongs here: values only. Seldon reads the same from its manager's environment and its
`seldon-config` ConfigMap; the edge fills these from there, nothing here reads either.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Engine:
    """The service orchestrator (Seldon's executor), a container that walks the graph.

    image         EXECUTOR_CONTAINER_IMAGE_AND_VERSION
    http_port     EXECUTOR_SERVER_PORT; the Services use the same number
    grpc_port     EXECUTOR_SERVER_GRPC_PORT; the same
    cpu, memory   request and limit at once, unless svcOrchSpec.resources says otherwise
    """

    image: str
    pull_policy: str = "IfNotPresent"
    service_account: str = "default"
    http_port: int = 8000
    grpc_port: int = 5001
    metrics_port_name: str = "metrics"
    cpu: str = "500m"
    memory: str = "512Mi"
    log_endpoint: str = "http://default-broker"
    log_queue_size: int = 10_000
    log_write_timeout_ms: int = 2_000
    full_health_checks: bool = False


@dataclass(frozen=True, slots=True)
class Initializer:
    """The init container that fetches a model (`storageInitializer` of seldon-config)."""

    image: str = "seldonio/rclone-storage-initializer:1.17.1"
    cpu_request: str = "100m"
    cpu_limit: str = "1"
    memory_request: str = "100Mi"
    memory_limit: str = "1Gi"


@dataclass(frozen=True, slots=True)
class Options:
    """Everything that rendering depends on besides the document and the facts.

    deployment_name_as_prefix  DEPLOYMENT_NAME_AS_PREFIX: a hashed Deployment name starts with the
                               SeldonDeployment's name instead of "seldon-"
    http_port, grpc_port       the first ports handed out (PREDICTIVE_UNIT_*_SERVICE_PORT)
    metrics_port, …_name       the first metrics port, and the port name that scrapers look for
    engine                     None: no orchestrator; predictors are served by their root node
    service_http_port, …       ports of a predictor's Service where there is no orchestrator by
                               setting (with one, the Service has the orchestrator's)
    user                       DEFAULT_USER_ID: the user of containers and pods that no author
                               wrote; None, or a cluster with OpenShift: the image's or namespace's
    env_secret                 PREDICTIVE_UNIT_DEFAULT_ENV_SECRET_REF_NAME; "": none
    explainer_images           by protocol ("seldon", "tensorflow"); missing: containerSpec has it
    managed_by                 value of the label app.kubernetes.io/managed-by
    """

    deployment_name_as_prefix: bool = False
    http_port: int = 9000
    grpc_port: int = 9500
    metrics_port: int = 6000
    metrics_port_name: str = "metrics"
    prometheus_path: str = "/prometheus"
    engine: Engine | None = None
    service_http_port: int = 8000
    service_grpc_port: int = 5001
    user: int | None = 8888
    cert_mount_path: str = "/cert/"
    env_secret: str = ""
    initializer: Initializer = field(default_factory=Initializer)
    explainer_images: Mapping[str, str] = field(default_factory=dict)
    managed_by: str = "seldon-core"


DEFAULT = Options()
"""Seldon's defaults, without an orchestrator."""
