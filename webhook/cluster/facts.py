"""Facts out of API objects, and all of them asked for once.

    gathered = gather(transport)
    gathered.facts      what is known
    gathered.gaps       sentences: what could not be read, and why

Belongs here: which objects facts come from, and what of each is kept. Does not belong here: how
facts stay fresh (`live`), and what follows from them (`rules`, `defaults`).
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from webhook.cluster.places import collection_of, path_of
from webhook.cluster.refusal import Refused
from webhook.cluster.transport import REQUEST_SECONDS, Transport
from webhook.cluster.verbs import get
from webhook.cluster.watching import pages
from webhook.errors import ClusterUnavailable
from webhook.graph.facts import Facts, Namespace
from webhook.graph.kubernetes import is_quantity

NAMESPACES = collection_of("v1", "Namespace")
DEFINITIONS = collection_of("apiextensions.k8s.io/v1", "CustomResourceDefinition")
DEFINITION = "seldondeployments.machinelearning.seldon.io"
VERSION = "/version"
OPENSHIFT = "/apis/security.openshift.io/v1"

_SERVERS, _EXPLAINER, _INITIALIZER = "predictor_servers", "explainer", "storageInitializer"
"""The keys of seldon-config that decide what runs, each JSON. Source: Seldon Core v1.17."""

_IMAGES = ("image", "image_v2")
"""What is read of an explainer's entry. Source: ExplainerConfig, the same."""

_QUANTITIES = ("cpuRequest", "cpuLimit", "memoryRequest", "memoryLimit")
"""What is read of a storage initializer's, beside its image. Source: StorageInitializerConfig."""

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_LONGEST_ANNOTATION = 4096
"""Characters. What decides anything is a word or a range; longer ones are other tools' archives."""

_PAGE = 200


@dataclass(frozen=True, slots=True)
class ConfigMap:
    """Which ConfigMap is Seldon's; the default is the one that its chart makes."""

    namespace: str = "seldon-system"
    name: str = "seldon-config"

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"

    @property
    def collection(self) -> str:
        """The path of the namespace's ConfigMaps."""
        return collection_of("v1", "ConfigMap", self.namespace)

    @property
    def path(self) -> str:
        """The path of this one."""
        return f"{self.collection}/{self.name}"


SELDON_CONFIG = ConfigMap()


class Configured(NamedTuple):
    """What a seldon-config says, as in `Facts`, and sentences about what of it cannot be read."""

    servers: Mapping[str, object] | None
    explainer: Mapping[str, str] | None
    initializer: Mapping[str, str]
    faults: tuple[str, ...] = ()


NOT_CONFIGURED = Configured(None, None, {})


class Shape(NamedTuple):
    """What a CustomResourceDefinition keeps: levels of nodes; None: all."""

    depth: int | None


class Gathered(NamedTuple):
    """Facts, and sentences about those that are missing."""

    facts: Facts
    gaps: tuple[str, ...]


def read_namespace(raw: Mapping[str, Any]) -> Namespace:
    """Return labels and annotations of a raw namespace, without kubectl's copy of the object."""
    metadata = raw["metadata"]
    return Namespace(
        labels=metadata.get("labels") or {},
        annotations={
            key: value
            for key, value in (metadata.get("annotations") or {}).items()
            if key != _LAST_APPLIED and len(value) <= _LONGEST_ANNOTATION
        },
    )


def read_config(raw: Mapping[str, Any]) -> Configured:
    """Return what a raw seldon-config says; total: what cannot be read is a fault, and left out.

    {"predictor_servers": '{"SKLEARN_SERVER": {"protocols": …}}',
     "explainer": '{"image": "seldonio/alibiexplainer:1", "image_v2": "seldonio/mlserver:1"}',
     "storageInitializer": '{"image": "…", "cpuRequest": "100m", …}'}
    """
    data = raw.get("data") or {}
    faults: list[str] = []
    if not data.get(_SERVERS):
        faults.append(f"it has no key {_SERVERS}")
    servers, explainer, initializer = (
        _entry(data, key, faults) for key in (_SERVERS, _EXPLAINER, _INITIALIZER)
    )
    return Configured(
        servers if data.get(_SERVERS) else None,
        None if explainer is None else dict(_texts(explainer, _EXPLAINER, _IMAGES, faults)),
        dict(_texts(initializer or {}, _INITIALIZER, ("image", *_QUANTITIES), faults)),
        tuple(faults),
    )


def _entry(data: Mapping[str, Any], key: str, faults: list[str]) -> dict[str, Any] | None:
    """Return one entry of a seldon-config, {} where there is none; None with a fault."""
    text = data.get(key)
    if not text:
        return {}
    try:
        entry = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        faults.append(f"its {key} is no JSON: {error}")
        return None
    if not isinstance(entry, dict):
        faults.append(f"its {key} is no mapping")
        return None
    return entry


def _texts(
    entry: Mapping[str, Any], key: str, known: tuple[str, ...], faults: list[str]
) -> Iterator[tuple[str, str]]:
    for name in known:
        value = entry.get(name)
        if value in (None, ""):
            continue
        if not isinstance(value, str):
            faults.append(f"its {key} has a {name} that is no text")
        elif name in _QUANTITIES and not is_quantity(value):
            faults.append(f"its {key} has a {name} that is no quantity: {value}")
        else:
            yield name, value


def read_shape(raw: Mapping[str, Any]) -> Shape:
    """Return how many levels of nodes a raw CustomResourceDefinition keeps.

    A structural schema keeps what it names; below x-kubernetes-preserve-unknown-fields it keeps
    everything. Source: Kubernetes, "Field pruning". 11 for Seldon's own definition.
    """
    spec = raw.get("spec") or {}
    if spec.get("preserveUnknownFields"):
        return Shape(None)
    versions = [version for version in spec.get("versions") or () if version.get("served")]
    chosen = next((version for version in versions if version.get("name") == "v1"), None)
    if chosen is None:
        return Shape(None)
    here: Mapping[str, Any] = (chosen.get("schema") or {}).get("openAPIV3Schema") or {}
    for step in ("spec", "predictors", "graph"):
        here = _below(here, step)
    levels = 0
    while "properties" in here:
        levels += 1
        here = _below(here, "children")
    return Shape(None if _keeps_all(here) else levels or None)


_KEEPS_ALL = "x-kubernetes-preserve-unknown-fields"


def _below(schema: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Return the schema of a field, or of its items where it is a list; {} if none is kept."""
    field: Mapping[str, Any] | None = (schema.get("properties") or {}).get(key)
    if field is None:
        return {_KEEPS_ALL: True} if _keeps_all(schema) else {}
    return field.get("items") or field


def _keeps_all(schema: Mapping[str, Any]) -> bool:
    return bool(schema.get(_KEEPS_ALL))


def read_minor(version: Mapping[str, Any]) -> int | None:
    """Return the minor version of an answer of /version; some clouds write "36+"."""
    match = re.match(r"[0-9]{1,3}", str(version.get("minor") or ""))
    return int(match[0]) if match else None


def ask_openshift(transport: Transport) -> bool:
    """Return whether the cluster is OpenShift; raise ClusterUnavailable if it does not say."""
    return get(transport, OPENSHIFT) is not None


def ask_minor(transport: Transport) -> int | None:
    """Return the cluster's minor version; raise ClusterUnavailable if it does not say."""
    return read_minor(get(transport, VERSION) or {})


def gather(
    transport: Transport,
    namespaces: Iterable[str] = (),
    config: ConfigMap = SELDON_CONFIG,
) -> Gathered:
    """Ask for everything once. Raise ClusterUnavailable if a namespace cannot be read.

    namespaces  names; none: all that there are
    """
    gaps: list[str] = []
    configured = _optional(lambda: _ask_config(transport, config, gaps), gaps) or NOT_CONFIGURED
    shape = _optional(lambda: _ask_shape(transport), gaps)
    facts = Facts(
        namespaces=dict(_ask_namespaces(transport, namespaces)),
        servers=configured.servers,
        explainer=configured.explainer,
        initializer=configured.initializer,
        openshift=bool(_optional(lambda: ask_openshift(transport), gaps)),
        minor=_optional(lambda: ask_minor(transport), gaps),
        crd_depth=shape.depth if shape else None,
    )
    return Gathered(facts, tuple(gaps))


def _optional(ask: Callable[[], Any], gaps: list[str]) -> Any:
    """Return the answer; None, and a gap, where the API server does not give it to this user."""
    try:
        return ask()
    except Refused as error:
        gaps.append(str(error))
        return None


def _ask_namespaces(transport: Transport, names: Iterable[str]) -> Iterable[tuple[str, Namespace]]:
    wanted = list(names)
    for name in wanted:
        raw = get(transport, path_of(_named_namespace(name)))
        if raw is None:
            raise ClusterUnavailable(f"there is no namespace {name} in {transport.server}")
        yield name, read_namespace(raw)
    if wanted:
        return
    for page in pages(transport, NAMESPACES, {}, size=_PAGE, timeout=REQUEST_SECONDS):
        for raw in page.items:
            yield raw["metadata"]["name"], read_namespace(raw)


def _named_namespace(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def _ask_config(transport: Transport, config: ConfigMap, gaps: list[str]) -> Configured | None:
    raw = get(transport, config.path)
    if raw is None:
        return None  # no Seldon Core here, or elsewhere: then its servers are not known
    configured = read_config(raw)
    gaps.extend(f"not all is known from ConfigMap {config}: {fault}" for fault in configured.faults)
    return configured


def _ask_shape(transport: Transport) -> Shape | None:
    raw = get(transport, f"{DEFINITIONS}/{DEFINITION}")
    return None if raw is None else read_shape(raw)
