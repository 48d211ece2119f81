"""What an operator can set about rendering, with Seldon Core v1's defaults.

Belongs here: values only. Seldon reads the same from its manager's environment; the
edge fills these, nothing here reads any. What is in seldon-config is a fact.
"""

from dataclasses import dataclass, field

from webhook.defaulting import DefaultingOptions
from webhook.graph.cluster_facts import Operator
from webhook.rendering import ports
from webhook.rendering.routes.options import NO_ROUTING, RoutingOptions


@dataclass(frozen=True, slots=True)
class OrchestratorOptions:
    """The service orchestrator (Seldon's executor), a container that walks the graph.

    image         EXECUTOR_CONTAINER_IMAGE_AND_VERSION
    http_port     EXECUTOR_SERVER_PORT; the Services use the same number
    grpc_port     EXECUTOR_SERVER_GRPC_PORT; the same
    cpu, memory   request and limit at once, unless svcOrchSpec.resources says otherwise
    user          EXECUTOR_CONTAINER_USER: its image names no user; None: none is set
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
    user: int | None = 8888


@dataclass(frozen=True, slots=True)
class RenderOptions:
    """Everything that rendering depends on besides the document and the facts.

    deployment_name_as_prefix  DEPLOYMENT_NAME_AS_PREFIX: a hashed Deployment name starts with the
                               SeldonDeployment's name instead of "seldon-"
    http_port, grpc_port       the first ports assigned (PREDICTIVE_UNIT_*_SERVICE_PORT)
    metrics_port, …_name       the first metrics port, and the port name that scrapers look for
    orchestrator  None: no orchestrator; predictors are served by their root node
    service_http_port, …       ports of a predictor's Service where there is no orchestrator by
                               setting (with one, the Service has the orchestrator's)
    defaults           what is filled into pods and containers that no author wrote: the same
                       options as for his, which a namespace may override
    env_secret         PREDICTIVE_UNIT_DEFAULT_ENV_SECRET_REF_NAME; "": none
    initializer_image  what fetches models (RELATED_IMAGE_STORAGE_INITIALIZER), before the image in
                       seldon-config; "": that, or Seldon's own
    managed_by         value of the label app.kubernetes.io/managed-by
    operator           whose objects are rendered: our reconciler's, or those of Seldon's operator
                       (v1.17.1), which differ where docs/rendering.md says so
    routing            how requests get to the predictors
    """

    deployment_name_as_prefix: bool = False
    http_port: int = ports.FIRST_HTTP_PORT
    grpc_port: int = ports.FIRST_GRPC_PORT
    metrics_port: int = 6000
    metrics_port_name: str = "metrics"
    prometheus_path: str = "/prometheus"
    orchestrator: OrchestratorOptions | None = None
    service_http_port: int = 8000
    service_grpc_port: int = 5001
    defaults: DefaultingOptions = field(default_factory=DefaultingOptions)
    cert_mount_path: str = "/cert/"
    env_secret: str = ""
    initializer_image: str = ""
    managed_by: str = "seldon-core"
    operator: Operator = "graphgate"
    routing: RoutingOptions = NO_ROUTING


DEFAULT_OPTIONS = RenderOptions()
"""Seldon's defaults, without an orchestrator."""
