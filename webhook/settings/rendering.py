"""The settings of rendering: what Seldon's manager reads from its environment.

One table declares each key, with the field it sets and its schema; reading, writing and the schema
of a settings file derive from it. Here are values; what they do is `rendering`'s.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from webhook.defaulting import DefaultingOptions
from webhook.graph.cluster_facts import Facts, Operator
from webhook.rendering.options import OrchestratorOptions, RenderOptions
from webhook.rendering.routes.options import NO_ROUTING, RoutingOptions

_PORT = {"type": "integer", "minimum": 1, "maximum": 65535}
_TEXT = {"type": "string"}
_NAME = {"type": "string", "minLength": 1}
_NUMBER = {"type": "integer", "minimum": 1}
_FLAG = {"type": "boolean"}
QUANTITY_SCHEMA = {
    "type": ["string", "number"],
    "pattern": r"^([0-9]{1,20}([.][0-9]{0,9})?|[.][0-9]{1,9})"
    r"([numkMGTPE]|[KMGTPE]i|[eE][-+]?[0-9]{1,2})?$",
    "minimum": 0,
    "examples": ["100m", "1Gi"],
}
"""A quantity of resources: 100m, 1Gi, 2."""
_USER = {"type": ["integer", "null"], "minimum": 1, "maximum": 2**31 - 1}
_IMAGES = {"type": "object", "additionalProperties": _NAME}

Key = tuple[str, Mapping[str, Any], str]
"""The field of the options that a key sets, its schema, and what it is."""

_KEYS: Mapping[str, Key] = {
    "storageInitializerImage": (
        "initializer_image",
        _TEXT,
        "Image that downloads models; the flag --storage-initializer-image overrides it. Empty: "
        "the "
        "one in seldon-config, else Seldon's own. (RELATED_IMAGE_STORAGE_INITIALIZER)",
    ),
    "defaultEnvSecret": (
        "env_secret",
        _TEXT,
        "Secret whose keys become environment variables of the storage initializer, unless the "
        "node names another. "
        "(PREDICTIVE_UNIT_DEFAULT_ENV_SECRET_REF_NAME)",
    ),
    "prometheusPath": ("prometheus_path", _NAME, "Path at which metrics are scraped."),
    "deploymentNameAsPrefix": (
        "deployment_name_as_prefix",
        _FLAG,
        "A hashed Deployment name starts with the object's name instead of seldon-. "
        "(DEPLOYMENT_NAME_AS_PREFIX)",
    ),
    "certMountPath": (
        "cert_mount_path",
        _NAME,
        "Path at which the Secret ssl.certSecretName is mounted.",
    ),
    "firstHttpPort": ("http_port", _PORT, "The first HTTP port assigned to nodes."),
    "firstGrpcPort": ("grpc_port", _PORT, "The first gRPC port assigned to nodes."),
    "firstMetricsPort": ("metrics_port", _PORT, "The first metrics port assigned to nodes."),
    "metricsPortName": ("metrics_port_name", _NAME, "Name of the port that scrapers look for."),
    "serviceHttpPort": (
        "service_http_port",
        _PORT,
        "HTTP port of the Service of a predictor without an executor.",
    ),
    "serviceGrpcPort": ("service_grpc_port", _PORT, "The same for gRPC."),
}

_EXECUTOR_KEYS: Mapping[str, Key] = {
    "image": (
        "image",
        _TEXT,
        "Image of Seldon's executor; the flag --executor-image overrides it. Empty: none. "
        "(EXECUTOR_CONTAINER_IMAGE_AND_VERSION, RELATED_IMAGE_EXECUTOR)",
    ),
    "imagePullPolicy": (
        "pull_policy",
        {"enum": ["Always", "IfNotPresent", "Never"]},
        "When its image is pulled.",
    ),
    "serviceAccount": (
        "service_account",
        _NAME,
        "Service account of an executor that runs in a separate pod.",
    ),
    "httpPort": (
        "http_port",
        _PORT,
        "HTTP port of the executor and its Services. (EXECUTOR_SERVER_PORT)",
    ),
    "grpcPort": ("grpc_port", _PORT, "The same for gRPC. (EXECUTOR_SERVER_GRPC_PORT)"),
    "metricsPortName": ("metrics_port_name", _NAME, "Name of the port that scrapers look for."),
    "cpu": (
        "cpu",
        QUANTITY_SCHEMA,
        "CPU request and limit, where svcOrchSpec.resources does not set them.",
    ),
    "memory": ("memory", QUANTITY_SCHEMA, "The same for memory."),
    "requestLoggerEndpoint": (
        "log_endpoint",
        _TEXT,
        "URL to which requests are logged, unless the node sets one. "
        "(EXECUTOR_REQUEST_LOGGER_DEFAULT_ENDPOINT)",
    ),
    "logQueueSize": ("log_queue_size", _NUMBER, "Number of requests that may wait for the logger."),
    "logWriteTimeoutMs": (
        "log_write_timeout_ms",
        _NUMBER,
        "Milliseconds within which a request must be logged.",
    ),
    "fullHealthChecks": ("full_health_checks", _FLAG, "Whether its health check calls every node."),
    "user": (
        "user",
        _USER,
        "Its user id, as its image sets none. null: no user id. (EXECUTOR_CONTAINER_USER)",
    ),
}

_IMAGE_KEYS: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "modelServerImages": (
        {"type": "object", "additionalProperties": _IMAGES},
        "Images of model servers by name and protocol; they override those of seldon-config. "
        "(RELATED_IMAGE_*)",
    ),
    "explainerImages": (
        {
            "type": "object",
            "additionalProperties": False,
            "properties": {"image": _NAME, "image_v2": _NAME},
        },
        "Images of explainers: image, and image_v2 for the protocol v2. (RELATED_IMAGE_EXPLAINER)",
    ),
}


@dataclass(frozen=True)
class RenderingSettings:
    """What an operator sets about rendering.

    options              without orchestrator, defaults and routing, which are put in for each use
    executor             the orchestrator; without an image there is none
    model_server_images  by name and protocol
    explainer_images     as `Facts.explainer_images`
    """

    options: RenderOptions = field(default_factory=RenderOptions)
    executor: OrchestratorOptions = field(default_factory=lambda: OrchestratorOptions(""))
    model_server_images: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    explainer_images: Mapping[str, str] = field(default_factory=dict)

    def render_options(
        self,
        defaults: DefaultingOptions,
        *,
        operator: Operator = "graphgate",
        routing: RoutingOptions = NO_ROUTING,
        executor_image: str = "",
        initializer_image: str = "",
    ) -> RenderOptions:
        """Return how to render; the images given here override those of the settings."""
        image = executor_image or self.executor.image
        return replace(
            self.options,
            orchestrator=replace(self.executor, image=image) if image else None,
            initializer_image=initializer_image or self.options.initializer_image,
            defaults=defaults,
            operator=operator,
            routing=routing,
        )

    def with_images(self, facts: Facts) -> Facts:
        """Return the facts with the images of the settings before those of the cluster.

        What is not known of the cluster stays unknown: an image for one server does not say that
        there are no others.
        """
        if not self.model_server_images and not self.explainer_images:
            return facts
        return replace(
            facts,
            configured_server_images=self.model_server_images,
            configured_explainer_images=self.explainer_images,
        )


def rendering_schema() -> dict[str, Any]:
    """Return the properties of the section `rendering`, as JSON Schema."""
    properties = _properties(_KEYS)
    properties["executor"] = {
        "type": ["object", "null"],
        "additionalProperties": False,
        "description": "Seldon's executor, which walks graphs of several nodes.",
        "properties": _properties(_EXECUTOR_KEYS),
    }
    for key, (schema, description) in _IMAGE_KEYS.items():
        properties[key] = {**schema, "description": description}
    return properties


def read_rendering(section: Mapping[str, Any] | None, base: RenderingSettings) -> RenderingSettings:
    """Return what a section that its schema admits says, over `base`."""
    if not section:
        return base
    return RenderingSettings(
        options=replace(base.options, **_changes(section, _KEYS)),
        executor=replace(base.executor, **_changes(section.get("executor") or {}, _EXECUTOR_KEYS)),
        model_server_images={**base.model_server_images, **section.get("modelServerImages", {})},
        explainer_images={**base.explainer_images, **section.get("explainerImages", {})},
    )


def write_rendering(settings: RenderingSettings) -> dict[str, Any]:
    """Return the section that has the effect of `settings`, with every key."""
    section = {key: getattr(settings.options, name) for key, (name, _, _) in _KEYS.items()}
    section["executor"] = {
        key: getattr(settings.executor, name) for key, (name, _, _) in _EXECUTOR_KEYS.items()
    }
    if settings.model_server_images:
        section["modelServerImages"] = {
            name: dict(images) for name, images in settings.model_server_images.items()
        }
    if settings.explainer_images:
        section["explainerImages"] = dict(settings.explainer_images)
    return section


def _properties(keys: Mapping[str, Key]) -> dict[str, Any]:
    return {
        key: {**schema, "description": description}
        for key, (_, schema, description) in keys.items()
    }


def _changes(section: Mapping[str, Any], keys: Mapping[str, Key]) -> dict[str, Any]:
    return {
        keys[key][0]: str(value) if keys[key][1] is QUANTITY_SCHEMA else value
        for key, value in section.items()
        if key in keys
    }
