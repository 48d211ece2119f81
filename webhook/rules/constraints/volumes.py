"""The rows on volumes: what each kind of source needs (source: validateVolumeSource).

Without rows: clusterTrustBundle and podCertificate. Before Kubernetes 1.37 the API server drops
them unread, unless a feature gate is on: see `pod/malformed_certificate_source.py`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from webhook.graph.finding import Finding, Operation
from webhook.graph.k8s_syntax import count_bytes
from webhook.graph.model import get_list, get_mapping, get_str, iter_mappings
from webhook.rules._format import quote_value
from webhook.rules.constraints.checks import (
    ConstraintRule,
    Location,
    at_most_one,
    exactly_one,
    in_range,
    matches,
    not_empty,
    one_of,
    required,
    row,
    rows,
)
from webhook.rules.constraints.formats import (
    ABSOLUTE_PATH,
    DNS_LABEL,
    DNS_SUBDOMAIN,
    DRIVER_NAME,
    FILE_PATH,
    ISCSI_NAME,
    PATH_WITHOUT_PARENT,
    RELATIVE_PATH,
    Format,
)

_MAX_FILE_MODE = 0o777
_KEYED_SOURCES = ("secret", "configMap")
_FILE_KINDS = (*_KEYED_SOURCES, "downwardAPI")
_ISSUED = "serviceAccountToken"
_PROJECTED = "volumes[].projected.sources[]"
_MIN_TOKEN_SECONDS, _MAX_TOKEN_SECONDS = 600, 2**32
_OCTAL = re.compile("[0-7]{3}\\Z")
_MAX_ISCSI_NAME_SIZE = 64
"""Of a volume's name, ":" and the target, since the kubelet makes one initiator of them."""
_MAX_QUOBYTE_TENANT_SIZE = 64
_MAX_PATH_SIZE, _MAX_FILE_NAME_SIZE = 4096, 255
"""Bytes of a path in a volume, and of each step of it."""
_KUBERNETES_DOMAINS = (".kubernetes.io", ".k8s.io")
_SOURCE_KINDS = (
    *("awsElasticBlockStore", "azureDisk", "azureFile", "cephfs", "cinder", "configMap", "csi"),
    *("downwardAPI", "emptyDir", "ephemeral", "fc", "flexVolume", "flocker"),
    *("gcePersistentDisk", "gitRepo", "glusterfs", "hostPath", "image", "iscsi", "nfs"),
    *("persistentVolumeClaim", "photonPersistentDisk", "portworxVolume", "projected", "quobyte"),
    *("rbd", "scaleIO", "secret", "storageos", "vsphereVolume"),
)
_PROJECTED_KINDS = ("secret", "configMap", "downwardAPI", "serviceAccountToken")
_HOST_PATH_TYPES = (
    *("DirectoryOrCreate", "Directory", "FileOrCreate", "File"),
    *("Socket", "CharDevice", "BlockDevice"),
)


def _check_single_source(value: Any, location: Location) -> Iterable[Finding]:
    if type(value) is not dict or len(value) < 3:
        return ()
    # Any value but null is a source to Kubernetes, an empty mapping (emptyDir: {}) as well.
    present = [kind for kind in _SOURCE_KINDS if value.get(kind) is not None]
    if len(present) < 2:
        return ()
    named = ", ".join(present)
    return (Finding(location.at(), f"a volume has one source, got {len(present)}: {named}"),)


def _check_file_mode(value: Any, location: Location) -> Iterable[Finding]:
    if type(value) is not int or 0 <= value <= _MAX_FILE_MODE:
        return ()
    digits = str(value)
    if not _OCTAL.match(digits):
        message = f"{location.segment} must be between 0 and 511 (octal 0777), got {value}"
        return (Finding(location.at(), message),)
    octal = int(digits, 8)
    fix: Operation = {"op": "replace", "path": location.at().pointer, "value": octal}
    return (
        Finding(
            location.at(),
            f"{value} is read as a decimal number; {location.segment} is 511 (octal 0777) at most",
            f"use 0{digits} in YAML, or {octal} in JSON",
            (fix,),
            fix_safety="safe",
        ),
    )


def _check_projected_paths(value: Any, location: Location) -> Iterable[Finding]:
    """Report two files of a projected volume at one path (source: validateProjectionSources)."""
    seen: dict[str, str] = {}
    findings = []
    for below, path in _projected_paths(value):
        first = seen.setdefault(path, str(location.at(*below)))
        if first != str(location.at(*below)):
            message = f"duplicate path {quote_value(path)} in the volume (first at {first})"
            findings.append(Finding(location.at(*below), message, "use a different path"))
    return findings


def _projected_paths(value: Any) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for index, source in iter_mappings({"": value}, ""):
        for kind in ("secret", "configMap", "downwardAPI"):
            for number, item in iter_mappings(get_mapping(source, kind), "items"):
                if type(path := item.get("path")) is str and path:
                    yield (index, kind, "items", number, "path"), path


def _check_overlaps(value: Any, location: Location) -> Iterable[Finding]:
    """Report a file of a volume at or below the path of another.

    Source: writePayloadToDir of the kubelet (pkg/volume/util/atomic_writer.go): it writes each file
    below its path, and fails where a file stands in place of a folder. Of two at one path only one
    is left; in most projected volumes that is refused (`_check_projected_paths`).
    """
    # By step; None: the place of a file here, "": that of a file further below.
    root: dict[str | None, Any] = {}
    for below, path in _volume_files(value):
        place, node, problem = location.at(*below), root, ""
        for step in path.split("/"):
            if step in ("", "."):
                continue
            if None in node:
                problem = f"is below the file at {node[None]}"
                break
            node.setdefault("", place)
            node = node.setdefault(step, {})
        if not problem and "" in node:
            problem = f"is the folder of the file at {node['']}"
        if problem:
            message = f"path {quote_value(path)} {problem}: the volume cannot be mounted"
            yield Finding(place, message, "use a different path")
        elif None not in node:
            node[None] = place
        elif below[0] != "projected" or _ISSUED in (*below, *node[None]):
            message = (
                f"duplicate path {quote_value(path)} (first at {node[None]}): one file is lost"
            )
            yield Finding(place, message, "use a different path", certain=False)


def _check_lengths(value: Any, location: Location) -> Iterable[Finding]:
    """Report a file whose path no kubelet writes (source: validatePath, atomic_writer.go)."""
    for below, path in _volume_files(value):
        if count_bytes(path) > _MAX_PATH_SIZE:
            message = f"{_MAX_PATH_SIZE} bytes at most, has {count_bytes(path)}"
        elif (size := max(map(count_bytes, path.split("/")))) > _MAX_FILE_NAME_SIZE:
            message = f"{_MAX_FILE_NAME_SIZE} bytes at most for a file's name, has {size}"
        else:
            continue
        yield Finding(location.at(*below), message, "shorten it")


def _volume_files(volume: Any) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield the path of each file that a volume surely has, with where it is written."""
    if type(volume) is not dict:
        return
    for below, source in _file_sources(volume):
        if source.get("optional") is True:
            continue
        for number, item in iter_mappings(source, "items"):
            if path := get_str(item, "path"):
                yield (*below, "items", number, "path"), path
        if below[-1] == _ISSUED and (path := get_str(source, "path")):
            yield (*below, "path"), path


def _file_sources(
    volume: Mapping[str, Any],
) -> Iterator[tuple[tuple[str | int, ...], Mapping[str, Any]]]:
    for kind in _FILE_KINDS:
        if kind in volume:
            yield (kind,), get_mapping(volume, kind)
    if "projected" in volume:
        for index, source in iter_mappings(get_mapping(volume, "projected"), "sources"):
            for kind in (*_FILE_KINDS, _ISSUED):
                if kind in source:
                    yield ("projected", "sources", index, kind), get_mapping(source, kind)


def _check_azure_disk_uri(value: Any, location: Location) -> Iterable[Finding]:
    if type(value) is not dict:
        return ()
    # Without a kind Kubernetes takes Shared.
    kind, uri = value.get("kind") or "Shared", value.get("diskURI")
    if type(uri) is not str or kind not in ("Managed", "Shared", "Dedicated"):
        return ()
    start = "/subscriptions/" if kind == "Managed" else "https://"
    if not uri or uri.startswith(start):
        return ()
    message = f"the diskURI of kind {kind} must start with {start}, got {quote_value(uri)}"
    return (Finding(location.at("diskURI"), message),)


def _check_iscsi(value: Any, location: Location) -> Iterable[Finding]:
    if type(value) is not dict:
        return ()
    findings = []
    chap = [f for f in ("chapAuthDiscovery", "chapAuthSession") if value.get(f) is True]
    if chap and value.get("secretRef") is None:
        message = f"secretRef is required with {chap[0]}"
        findings.append(Finding(location.at("secretRef"), message, "add secretRef"))
    volume = location.holder
    name, portal = volume.get("name"), value.get("targetPortal")
    if value.get("initiatorName") is not None and type(name) is str and type(portal) is str:
        size = count_bytes(f"{name}:{portal}")
        if size > _MAX_ISCSI_NAME_SIZE:
            limit = f"{_MAX_ISCSI_NAME_SIZE} bytes at most with initiatorName"
            message = f"<volume name>:<targetPortal>: {limit}, has {size}"
            findings.append(
                Finding(location.at("targetPortal"), message, "shorten the volume's name")
            )
    return findings


def _check_fibre_channel(value: Any, location: Location) -> Iterable[Finding]:
    if type(value) is not dict:
        return ()
    names, ids = get_list(value, "targetWWNs"), get_list(value, "wwids")
    if names and ids:
        return (Finding(location.at("wwids"), "targetWWNs and wwids exclude each other"),)
    if not names and not ids:
        return (Finding(location.at("targetWWNs"), "one of targetWWNs and wwids is required"),)
    if names and value.get("lun") is None:
        return (Finding(location.at("lun"), "lun is required with targetWWNs", "add lun"),)
    lun = value.get("lun")
    if names and type(lun) is int and not 0 <= lun <= 255:
        return (Finding(location.at("lun"), f"lun must be between 0 and 255, got {lun}"),)
    return ()


def _check_quobyte(value: Any, location: Location) -> Iterable[Finding]:
    if type(value) is not dict:
        return ()
    registry, tenant = value.get("registry"), value.get("tenant")
    if type(tenant) is str and (size := count_bytes(tenant)) > _MAX_QUOBYTE_TENANT_SIZE:
        message = f"{_MAX_QUOBYTE_TENANT_SIZE} bytes at most, has {size}"
        return (Finding(location.at("tenant"), message, "shorten it"),)
    if type(registry) is str and registry and not all(map(_is_host_and_port, registry.split(","))):
        message = f"invalid registry {quote_value(registry)}: host:port pairs are expected"
        return (Finding(location.at("registry"), message),)
    return ()


def _is_host_and_port(text: str) -> bool:
    if text.startswith("["):
        return "]:" in text and text.count("[") == text.count("]") == 1
    return text.count(":") == 1 and "[" not in text and "]" not in text


def _check_flex_options(value: Any, location: Location) -> Iterable[Finding]:
    if type(value) is not dict:
        return ()
    return [
        Finding(location.at(key), f"option {quote_value(key)} is reserved for Kubernetes")
        for key in value
        if f".{key.split('/', 1)[0].lower()}".endswith(_KUBERNETES_DOMAINS)
    ]


_ITEMS = (
    *(f"volumes[].{kind}.items[]" for kind in _KEYED_SOURCES),
    *(f"{_PROJECTED}.{kind}.items[]" for kind in _KEYED_SOURCES),
)
_DOWNWARD_ITEMS = ("volumes[].downwardAPI.items[]", f"{_PROJECTED}.downwardAPI.items[]")

RULES = (
    ConstraintRule(
        "multiple-volume-sources",
        """Several sources in one volume

    Why: a volume holds one thing: an empty folder, a claim, a Secret. The API server refuses a
    Deployment with a volume that names two, and a projected volume with two in one of its
    sources.

    Fix: Make a volume of each. A projected volume puts Secrets and ConfigMaps into one folder.

    Bad:
        volumes:
        - name: models
          emptyDir: {}
          persistentVolumeClaim:
            claimName: iris

    Good:
        volumes:
        - name: models
          persistentVolumeClaim:
            claimName: iris
    """,
        (
            row("pod", "volumes[]", _check_single_source),
            row("pod", _PROJECTED, at_most_one(*_PROJECTED_KINDS)),
        ),
    ),
    ConstraintRule(
        "file-mode-out-of-range",
        """File mode out of range

    Why: defaultMode and mode are permissions from 0 to octal 0777, which is 511. YAML and JSON
    readers take 644 for the number six hundred and forty-four, and the API server refuses it.

    Fix: Use an octal number with a leading zero, or its decimal value.

    Bad:
        volumes:
        - name: token
          secret:
            secretName: token
            defaultMode: 644

    Good:
        volumes:
        - name: token
          secret:
            secretName: token
            defaultMode: 0644
    """,
        (
            *rows(
                "pod",
                (
                    *(
                        f"volumes[].{kind}.defaultMode"
                        for kind in (*_KEYED_SOURCES, "downwardAPI", "projected")
                    ),
                    *(f"{item}.mode" for item in (*_ITEMS, *_DOWNWARD_ITEMS)),
                ),
                _check_file_mode,
            ),
        ),
    ),
    ConstraintRule(
        "token-lifetime-out-of-range",
        """Lifetime of a token out of range

    Why: the API server issues service account tokens that live from ten minutes to 2^32 seconds.
    It refuses a Deployment whose volume asks for another.

    Fix: Set expirationSeconds to 600 or more; 3600 is the default.

    Bad:
        volumes:
        - name: token
          projected:
            sources:
            - serviceAccountToken:
                path: token
                expirationSeconds: 60

    Good:
        volumes:
        - name: token
          projected:
            sources:
            - serviceAccountToken:
                path: token
                expirationSeconds: 3600
    """,
        (
            row(
                "pod",
                f"{_PROJECTED}.serviceAccountToken.expirationSeconds",
                in_range(_MIN_TOKEN_SECONDS, _MAX_TOKEN_SECONDS, " s"),
            ),
        ),
    ),
    ConstraintRule(
        "path-outside-of-volume",
        """Path leads out of its volume

    Why: subPath and the paths of items are places inside of a volume. The API server refuses a
    Deployment in which they are absolute or go up with "..", and a hostPath or nfs path that is
    not a plain absolute path.

    Fix: Use a relative path without "..".

    Bad:
        volumeMounts:
        - name: models
          mountPath: /models
          subPath: ../iris

    Good:
        volumeMounts:
        - name: models
          mountPath: /models
          subPath: iris
    """,
        (
            *rows(
                "container",
                ("volumeMounts[].subPath", "volumeMounts[].subPathExpr"),
                matches(RELATIVE_PATH, optional=True),
            ),
            row("container", "volumeMounts[]", at_most_one("subPath", "subPathExpr")),
            row(
                "pod",
                "volumes[].hostPath.path",
                matches(PATH_WITHOUT_PARENT, remediation='use an absolute path without ".."'),
            ),
            row(
                "pod",
                "volumes[].nfs.path",
                matches(ABSOLUTE_PATH, optional=True, remediation="use an absolute path"),
            ),
            row("pod", "volumes[].gitRepo.directory", matches(RELATIVE_PATH)),
            *rows(
                "pod",
                (
                    *(f"{item}.path" for item in (*_ITEMS, *_DOWNWARD_ITEMS)),
                    f"{_PROJECTED}.serviceAccountToken.path",
                ),
                matches(FILE_PATH, optional=True),
            ),
        ),
    ),
    ConstraintRule(
        "duplicate-projected-path",
        """Duplicate path in a projected volume

    Why: a projected volume puts files from several sources into one folder, each at its own path.
    The API server refuses a Deployment in which two of them have the same.

    Fix: Give each file a different path.

    Bad:
        volumes:
        - name: settings
          projected:
            sources:
            - secret: {name: first, items: [{key: a, path: settings}]}
            - secret: {name: second, items: [{key: a, path: settings}]}

    Good:
        volumes:
        - name: settings
          projected:
            sources:
            - secret: {name: first, items: [{key: a, path: first}]}
            - secret: {name: second, items: [{key: a, path: second}]}
    """,
        (row("pod", "volumes[].projected.sources", _check_projected_paths),),
    ),
    ConstraintRule(
        "overlapping-volume-paths",
        """File in place of a folder in a volume

    Why: items put keys of a Secret or ConfigMap at paths in a volume. Where one path is the folder
    of another, a file and a folder have the same name: the API server takes it, and the kubelet
    never mounts the volume. Of two files at one path, one is lost.

    Fix: Give each file a path of its own.

    Bad:
        volumes:
        - name: settings
          configMap:
            name: settings
            items:
            - {key: a, path: settings}
            - {key: b, path: settings/more}

    Good:
        volumes:
        - name: settings
          configMap:
            name: settings
            items:
            - {key: a, path: settings/all}
            - {key: b, path: settings/more}
    """,
        (row("pod", "volumes[]", _check_overlaps),),
    ),
    ConstraintRule(
        "volume-path-too-long",
        """Path in a volume too long

    Why: a kubelet writes the files of Secrets, ConfigMaps, tokens and the downward API at paths of
    up to 4096 bytes, and no name in them has more than 255. The API server takes longer ones, and
    the volume is never mounted.

    Fix: Use shorter names.

    Bad:
        volumes:
        - name: settings
          configMap:
            name: settings
            items:
            - key: settings
              path: … 300 letters …

    Good:
        volumes:
        - name: settings
          configMap:
            name: settings
            items:
            - key: settings
              path: settings.yaml
    """,
        (row("pod", "volumes[]", _check_lengths),),
    ),
    ConstraintRule(
        "malformed-volume-source",
        """Incomplete or invalid volume source

    Why: each kind of volume needs its own few fields: a driver, a disk, a server and a path.
    Where one is empty, out of its range or excluded by another, the API server refuses the
    Deployment, or each of its pods.

    Fix: Add or correct the field.

    Bad:
        volumes:
        - name: models
          azureFile:
            secretName: azure
            shareName: ""

    Good:
        volumes:
        - name: models
          azureFile:
            secretName: azure
            shareName: models
    """,
        (
            row("pod", "volumes[].hostPath", not_empty("path")),
            row(
                "pod",
                "volumes[].hostPath.type",
                one_of(*_HOST_PATH_TYPES, what="hostPath type", empty=True),
            ),
            row("pod", "volumes[].nfs", not_empty("server", "path")),
            row("pod", "volumes[].gitRepo", not_empty("repository")),
            row("pod", "volumes[].gcePersistentDisk", not_empty("pdName")),
            row("pod", "volumes[].awsElasticBlockStore", not_empty("volumeID")),
            *rows(
                "pod",
                (
                    "volumes[].gcePersistentDisk.partition",
                    "volumes[].awsElasticBlockStore.partition",
                    "volumes[].iscsi.lun",
                ),
                in_range(0, 255),
            ),
            row("pod", "volumes[].iscsi", not_empty("targetPortal", "iqn"), _check_iscsi),
            row("pod", "volumes[].iscsi.iqn", matches(ISCSI_NAME, optional=True)),
            row("pod", "volumes[].iscsi.initiatorName", matches(ISCSI_NAME)),
            row("pod", "volumes[].fc", _check_fibre_channel),
            row("pod", "volumes[].quobyte", not_empty("registry", "volume"), _check_quobyte),
            row("pod", "volumes[].glusterfs", not_empty("endpoints", "path")),
            row("pod", "volumes[].flocker", exactly_one("datasetName", "datasetUUID")),
            row(
                "pod",
                "volumes[].flocker.datasetName",
                matches(
                    Format("dataset name", lambda n: "/" not in n, lambda _: '"/" is not allowed')
                ),
            ),
            row("pod", "volumes[].rbd", not_empty("monitors", "image")),
            row("pod", "volumes[].cephfs", not_empty("monitors")),
            row("pod", "volumes[].cinder", not_empty("volumeID")),
            *rows(
                "pod",
                ("volumes[].cinder.secretRef", "volumes[].storageos.secretRef"),
                required("name"),
            ),
            row("pod", "volumes[].flexVolume", not_empty("driver")),
            row("pod", "volumes[].flexVolume.options", _check_flex_options),
            row("pod", "volumes[].azureFile", not_empty("secretName", "shareName")),
            row(
                "pod",
                "volumes[].azureDisk",
                not_empty("diskName", "diskURI"),
                _check_azure_disk_uri,
            ),
            row(
                "pod",
                "volumes[].azureDisk.cachingMode",
                one_of("None", "ReadOnly", "ReadWrite", what="caching mode"),
            ),
            row(
                "pod",
                "volumes[].azureDisk.kind",
                one_of("Shared", "Dedicated", "Managed", what="kind of Azure disk"),
            ),
            row("pod", "volumes[].vsphereVolume", not_empty("volumePath")),
            row("pod", "volumes[].photonPersistentDisk", not_empty("pdID")),
            row("pod", "volumes[].portworxVolume", not_empty("volumeID")),
            row("pod", "volumes[].scaleIO", not_empty("gateway", "system"), required("volumeName")),
            row("pod", "volumes[].storageos", required("volumeName")),
            row(
                "pod",
                "volumes[].storageos.volumeName",
                matches(DNS_LABEL, "volumeName", optional=True),
            ),
            row(
                "pod",
                "volumes[].storageos.volumeNamespace",
                matches(DNS_LABEL, "volumeNamespace", optional=True),
            ),
            row("pod", "volumes[].csi.driver", matches(DRIVER_NAME)),
            row("pod", "volumes[].csi.nodePublishSecretRef", required("name")),
            row(
                "pod",
                "volumes[].csi.nodePublishSecretRef.name",
                matches(DNS_SUBDOMAIN, "Secret name", optional=True),
            ),
            row("pod", "volumes[].image", required("reference")),
            row(
                "pod",
                "volumes[].image.pullPolicy",
                one_of("Always", "IfNotPresent", "Never", what="pull policy", empty=True),
            ),
            *rows("pod", _ITEMS, not_empty("key", "path")),
            *rows(
                "pod",
                _DOWNWARD_ITEMS,
                not_empty("path"),
                at_most_one("fieldRef", "resourceFieldRef"),
            ),
            row("pod", f"{_PROJECTED}.serviceAccountToken", not_empty("path")),
        ),
    ),
)
