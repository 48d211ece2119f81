"""Facts from API objects, and one collection of all of them.

    gathered = gather(transport)
    gathered.facts      what is known
    gathered.gaps       sentences: what could not be read, and why

Belongs here: which objects facts come from, and what of each is kept. Does not belong here: how
facts stay fresh (`facts_watcher`), and what follows from them (`rules`, `defaults`).
"""

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from webhook.errors import KubeApiUnavailableError
from webhook.graph.cluster_facts import Facts, Namespace, Operator
from webhook.graph.k8s_syntax import is_quantity
from webhook.graph.model import get_mapping
from webhook.graph.operator_types import OPERATOR_VERSION_PATTERN
from webhook.graph.well_known import LAST_APPLIED_ANNOTATION, LEASE_API_VERSION
from webhook.kube.api_errors import ApiStatusError
from webhook.kube.list_watch import list_pages
from webhook.kube.paths import collection_path, object_path
from webhook.kube.requests import get
from webhook.kube.transport import REQUEST_TIMEOUT_SECONDS, Transport

NAMESPACES_PATH = collection_path("v1", "Namespace")
CRDS_PATH = collection_path("apiextensions.k8s.io/v1", "CustomResourceDefinition")
SELDON_CRD_NAME = "seldondeployments.machinelearning.seldon.io"
VERSION_PATH = "/version"
GATEWAY_SCHEMA_PATH = "/openapi/v3/apis/gateway.networking.k8s.io/v1"
"""The schemas of Gateway API's types. (Source: Kubernetes, OpenAPI v3.)"""
OPENSHIFT_PATH = "/apis/security.openshift.io/v1"

SELDON_LEASE = "a33bd623.machinelearning.seldon.io"
"""The Lease of Seldon Core's operator (its flag --leader-election-id)."""

_LEASE_ALIVE_SECONDS = 60.0
"""Seconds since its renewal for which a Lease's holder counts as running; Seldon's holds for 15."""

_MODEL_SERVERS_KEY, _EXPLAINER_KEY, _STORAGE_INITIALIZER_KEY = (
    "predictor_servers",
    "explainer",
    "storageInitializer",
)
"""The keys of seldon-config that decide what runs, each JSON. Source: Seldon Core v1.17."""

_EXPLAINER_IMAGE_KEYS = ("image", "image_v2")
"""What is read of an explainer's entry. Source: ExplainerConfig, the same."""

_INITIALIZER_QUANTITY_KEYS = ("cpuRequest", "cpuLimit", "memoryRequest", "memoryLimit")
"""What is read of a storage initializer's, beside its image. Source: StorageInitializerConfig."""

_MAX_ANNOTATION_LENGTH = 4096
"""Characters. What decides anything is a word or a range; longer ones are other tools' archives."""

_PAGE_SIZE = 200


@dataclass(frozen=True, slots=True)
class ConfigMapRef:
    """Which ConfigMap is Seldon's; the default is the one that its chart makes."""

    namespace: str = "seldon-system"
    name: str = "seldon-config"

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"

    @property
    def collection(self) -> str:
        """The path of the namespace's ConfigMaps."""
        return collection_path("v1", "ConfigMap", self.namespace)

    @property
    def path(self) -> str:
        """The path of this one."""
        return f"{self.collection}/{self.name}"


DEFAULT_SELDON_CONFIG_MAP = ConfigMapRef()


class SeldonConfig(NamedTuple):
    """What a seldon-config says, as in `Facts`, and sentences about what of it cannot be read.

    version  that of the chart which made it, and so of the operator; None: no chart did
    """

    model_servers: Mapping[str, object] | None
    explainer: Mapping[str, str] | None
    initializer: Mapping[str, str]
    problems: tuple[str, ...] = ()
    version: str | None = None


NO_SELDON_CONFIG = SeldonConfig(None, None, {})


class CrdShape(NamedTuple):
    """What a CustomResourceDefinition keeps: levels of nodes; None: all."""

    graph_depth: int | None


class ClusterFacts(NamedTuple):
    """Facts, and sentences about those that are missing."""

    facts: Facts
    missing: tuple[str, ...]


def parse_namespace(raw: Mapping[str, Any]) -> Namespace:
    """Return labels and annotations of a raw namespace, without kubectl's copy of the object."""
    metadata = raw["metadata"]
    return Namespace(
        labels=metadata.get("labels") or {},
        annotations={
            key: value
            for key, value in (metadata.get("annotations") or {}).items()
            if key != LAST_APPLIED_ANNOTATION and len(value) <= _MAX_ANNOTATION_LENGTH
        },
    )


def parse_seldon_config(raw: Mapping[str, Any]) -> SeldonConfig:
    """Return what a raw seldon-config says; total: what cannot be read is an error, and left out.

    {"predictor_servers": '{"SKLEARN_SERVER": {"protocols": …}}',
     "explainer": '{"image": "seldonio/alibiexplainer:1", "image_v2": "seldonio/mlserver:1"}',
     "storageInitializer": '{"image": "…", "cpuRequest": "100m", …}'}
    """
    data = raw.get("data") or {}
    problems: list[str] = []
    if not data.get(_MODEL_SERVERS_KEY):
        problems.append(f"{_MODEL_SERVERS_KEY} is missing")
    servers, explainer, initializer = (
        _parse_entry(data, key, problems)
        for key in (_MODEL_SERVERS_KEY, _EXPLAINER_KEY, _STORAGE_INITIALIZER_KEY)
    )
    return SeldonConfig(
        servers if data.get(_MODEL_SERVERS_KEY) else None,
        None
        if explainer is None
        else dict(_string_entries(explainer, _EXPLAINER_KEY, _EXPLAINER_IMAGE_KEYS, problems)),
        dict(
            _string_entries(
                initializer or {},
                _STORAGE_INITIALIZER_KEY,
                ("image", *_INITIALIZER_QUANTITY_KEYS),
                problems,
            )
        ),
        tuple(problems),
        _parse_chart_version(raw),
    )


def _parse_chart_version(raw: Mapping[str, Any]) -> str | None:
    """Return the version on the label that Seldon's chart writes; its kustomization writes v0.5."""
    labels = get_mapping(get_mapping(raw, "metadata"), "labels")
    version = labels.get("app.kubernetes.io/version")
    is_version = isinstance(version, str) and re.match(OPERATOR_VERSION_PATTERN, version)
    return version if is_version else None


def _parse_entry(data: Mapping[str, Any], key: str, problems: list[str]) -> dict[str, Any] | None:
    """Return one entry of a seldon-config, {} where there is none; None with an error."""
    text = data.get(key)
    if not text:
        return {}
    try:
        entry = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        problems.append(f"{key} is not JSON: {error}")
        return None
    if not isinstance(entry, dict):
        problems.append(f"{key} is not a mapping")
        return None
    return entry


def _string_entries(
    entry: Mapping[str, Any], key: str, allowed: tuple[str, ...], problems: list[str]
) -> Iterator[tuple[str, str]]:
    for name in allowed:
        value = entry.get(name)
        if value in (None, ""):
            continue
        if not isinstance(value, str):
            problems.append(f"{key}.{name} is not a string")
        elif name in _INITIALIZER_QUANTITY_KEYS and not is_quantity(value):
            problems.append(f"{key}.{name} is not a quantity: {value}")
        else:
            yield name, value


def parse_crd_shape(raw: Mapping[str, Any]) -> CrdShape:
    """Return how many levels of nodes a raw CustomResourceDefinition keeps.

    A structural schema keeps what it names; below x-kubernetes-preserve-unknown-fields it keeps
    everything. Source: Kubernetes, "Field pruning". 11 for Seldon's own definition.
    """
    spec = raw.get("spec") or {}
    if spec.get("preserveUnknownFields"):
        return CrdShape(None)
    versions = [version for version in spec.get("versions") or () if version.get("served")]
    served_v1 = next((version for version in versions if version.get("name") == "v1"), None)
    if served_v1 is None:
        return CrdShape(None)
    node_schema: Mapping[str, Any] = (served_v1.get("schema") or {}).get("openAPIV3Schema") or {}
    for step in ("spec", "predictors", "graph"):
        node_schema = _subschema(node_schema, step)
    depth = 0
    while "properties" in node_schema:
        depth += 1
        node_schema = _subschema(node_schema, "children")
    return CrdShape(None if _preserves_unknown_fields(node_schema) else depth or None)


_PRESERVE_UNKNOWN_FIELDS = "x-kubernetes-preserve-unknown-fields"


def _subschema(schema: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Return the schema of a field, or of its items where it is a list; {} if none is kept."""
    field: Mapping[str, Any] | None = (schema.get("properties") or {}).get(key)
    if field is None:
        return {_PRESERVE_UNKNOWN_FIELDS: True} if _preserves_unknown_fields(schema) else {}
    return field.get("items") or field


def _preserves_unknown_fields(schema: Mapping[str, Any]) -> bool:
    return bool(schema.get(_PRESERVE_UNKNOWN_FIELDS))


def parse_minor_version(version: Mapping[str, Any]) -> int | None:
    """Return the minor version of an answer of /version; some clouds write "36+"."""
    match = re.match(r"[0-9]{1,3}", str(version.get("minor") or ""))
    return int(match[0]) if match else None


def fetch_is_openshift(transport: Transport) -> bool:
    """Return whether the cluster is OpenShift; raise KubeApiUnavailableError if it does not say."""
    return get(transport, OPENSHIFT_PATH) is not None


def fetch_mirrors_percent(transport: Transport) -> bool | None:
    """Return whether HTTPRoutes can mirror a share of the requests; None: not installed.

    Everybody may read the schema (system:discovery), unlike the definition. Raise
    KubeApiUnavailableError if there is no answer.
    """
    schemas = get_mapping(
        get_mapping(get(transport, GATEWAY_SCHEMA_PATH) or {}, "components"), "schemas"
    )
    routes = [schema for name, schema in schemas.items() if name.endswith(".HTTPRoute")]
    return any(b'"percent"' in orjson.dumps(schema) for schema in routes) if routes else None


def fetch_minor_version(transport: Transport) -> int | None:
    """Return the cluster's minor version; raise KubeApiUnavailableError if it does not say."""
    return parse_minor_version(get(transport, VERSION_PATH) or {})


def fetch_operator(
    transport: Transport,
    config: ConfigMapRef = DEFAULT_SELDON_CONFIG_MAP,
    *,
    now: Callable[[], float] = time.time,
) -> Operator | None:
    """Return "seldon" where its operator holds its Lease, beside its ConfigMap; None: not known.

    Raise ApiStatusError where this user may not read the Lease, KubeApiUnavailableError without
    a response.
    """
    lease = get(
        transport,
        f"{collection_path(LEASE_API_VERSION, 'Lease', config.namespace)}/{SELDON_LEASE}",
    )
    return "seldon" if lease is not None and is_lease_held(lease, now()) else None


def is_lease_held(lease: Mapping[str, Any], now: float) -> bool:
    """Return whether a raw Lease has a holder that renewed it less than a minute before `now`."""
    spec = lease.get("spec") or {}
    try:
        renewed = datetime.fromisoformat(spec.get("renewTime") or "").timestamp()
    except ValueError:
        return False
    return bool(spec.get("holderIdentity")) and now - renewed < _LEASE_ALIVE_SECONDS


def collect_facts(
    transport: Transport,
    namespaces: Iterable[str] = (),
    config: ConfigMapRef = DEFAULT_SELDON_CONFIG_MAP,
) -> ClusterFacts:
    """Collect all facts once. Raise KubeApiUnavailableError if a namespace cannot be read.

    namespaces  names; none: all
    """
    missing: list[str] = []
    seldon_config = (
        _fetch_optional(lambda: _fetch_seldon_config(transport, config, missing), missing)
        or NO_SELDON_CONFIG
    )
    crd = _fetch_optional(lambda: _fetch_crd_shape(transport), missing)
    facts = Facts(
        namespaces=dict(_fetch_namespaces(transport, namespaces)),
        model_servers=seldon_config.model_servers,
        explainer_images=seldon_config.explainer,
        storage_initializer=seldon_config.initializer,
        openshift=bool(_fetch_optional(lambda: fetch_is_openshift(transport), missing)),
        kubernetes_minor=_fetch_optional(lambda: fetch_minor_version(transport), missing),
        max_graph_depth=crd.graph_depth if crd else None,
        operator=_fetch_optional(lambda: fetch_operator(transport, config), missing),
        operator_version=seldon_config.version,
        mirrors_percent=_fetch_optional(lambda: fetch_mirrors_percent(transport), missing),
    )
    return ClusterFacts(facts, tuple(missing))


def _fetch_optional(fetch: Callable[[], Any], missing: list[str]) -> Any:
    """Return the answer; None, and a gap, where the API server does not give it to this user."""
    try:
        return fetch()
    except ApiStatusError as error:
        missing.append(str(error))
        return None


def _fetch_namespaces(
    transport: Transport, names: Iterable[str]
) -> Iterable[tuple[str, Namespace]]:
    requested = list(names)
    for name in requested:
        raw = get(transport, object_path(_namespace_object(name)))
        if raw is None:
            raise KubeApiUnavailableError(f"namespace {name} not found in {transport.server}")
        yield name, parse_namespace(raw)
    if requested:
        return
    for page in list_pages(
        transport, NAMESPACES_PATH, {}, page_size=_PAGE_SIZE, timeout=REQUEST_TIMEOUT_SECONDS
    ):
        for raw in page.items:
            yield raw["metadata"]["name"], parse_namespace(raw)


def _namespace_object(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def _fetch_seldon_config(
    transport: Transport, config: ConfigMapRef, missing: list[str]
) -> SeldonConfig | None:
    raw = get(transport, config.path)
    if raw is None:
        return None  # no Seldon Core here, or elsewhere: then its servers are not known
    seldon_config = parse_seldon_config(raw)
    missing.extend(
        f"incomplete facts from ConfigMap {config}: {problem}" for problem in seldon_config.problems
    )
    return seldon_config


def _fetch_crd_shape(transport: Transport) -> CrdShape | None:
    raw = get(transport, f"{CRDS_PATH}/{SELDON_CRD_NAME}")
    return None if raw is None else parse_crd_shape(raw)
