"""One good and one bad value for each row of the table of constraints.

Each group is a part of a pod, or a metric, that is right, and changes to it: those after which it
is still right, and those after which it is not. Which is which a real API server has said
(`record_constraints` asks; its answers are in constraints.json).
"""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any, NamedTuple

Change = dict[str, Any]


class Case(NamedTuple):
    """One thing that is judged. kind: "pod", "metric", "keda"."""

    name: str
    kind: str
    value: dict[str, Any]
    bad: bool
    annotations: dict[str, str] | None = None


def merged(base: dict[str, Any], change: Any) -> dict[str, Any]:
    """Return `base` with the fields of `change`; None removes one."""
    result = deepcopy(base)
    for key, value in change.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merged(result[key], value)
        else:
            result[key] = value
    return result


BASE_CONTAINER = {"name": "c", "image": "registry.example/c:1"}
BASE_POD = {"containers": [BASE_CONTAINER]}

SELECTOR = {"matchLabels": {"x": "y"}}
BAD_SELECTORS = [
    {"matchLabels": {"a b": "c"}},
    {"matchLabels": {"a": "b c"}},
    {"matchExpressions": [{"key": "a b", "operator": "Exists"}]},
    {"matchExpressions": [{"key": "a", "operator": "Gt", "values": ["1"]}]},
    {"matchExpressions": [{"key": "a", "operator": "In"}]},
    {"matchExpressions": [{"key": "a", "operator": "Exists", "values": ["b"]}]},
    {"matchExpressions": [{"key": "a", "operator": "In", "values": ["b c"]}]},
]
GOOD_SELECTORS = [
    SELECTOR,
    {"matchExpressions": [{"key": "a.io/b", "operator": "In", "values": ["b", ""]}]},
]

ITEM = {"key": "a", "path": "b"}
BAD_ITEMS = [
    {"key": "", "path": "b"},
    {"key": "a", "path": ""},
    {"key": "a", "path": "/b"},
    {"key": "a", "path": "../b"},
    {"key": "a", "path": "..b"},
    {"key": "a", "path": "b", "mode": 512},
]
GOOD_ITEMS = [ITEM, {"key": "a", "path": "b/c", "mode": 0o777}]
DOWNWARD = {"path": "a", "fieldRef": {"fieldPath": "metadata.name"}}
RESOURCE = {"containerName": "c", "resource": "limits.cpu"}
BAD_DOWNWARD = [
    {**DOWNWARD, "path": ""},
    {**DOWNWARD, "path": "..a"},
    {**DOWNWARD, "mode": -1},
    {**DOWNWARD, "resourceFieldRef": RESOURCE},
]
GOOD_DOWNWARD = [DOWNWARD, {"path": "a", "mode": 0, "resourceFieldRef": RESOURCE}]

VOLUMES: list[tuple[str, dict[str, Any], list[Change], list[Change]]] = [
    (
        "hostPath",
        {"path": "/a"},
        [{}, {"type": "Socket"}, {"type": ""}],
        [{"path": ""}, {"path": "/a/../b"}, {"type": "socket"}],
    ),
    (
        "nfs",
        {"server": "s", "path": "/a"},
        [{}, {"path": "/a/../b"}],
        [{"path": ""}, {"path": "a"}, {"server": ""}],
    ),
    (
        "gitRepo",
        {"repository": "r"},
        [{}, {"directory": "a/b"}, {"directory": "..a"}],
        [{"repository": ""}, {"directory": ".."}, {"directory": "/a"}],
    ),
    (
        "gcePersistentDisk",
        {"pdName": "a"},
        [{}, {"partition": 255}],
        [{"pdName": ""}, {"partition": 256}, {"partition": -1}],
    ),
    (
        "awsElasticBlockStore",
        {"volumeID": "a"},
        [{}, {"partition": 0}],
        [{"volumeID": ""}, {"partition": 256}],
    ),
    (
        "iscsi",
        {"targetPortal": "1.2.3.4", "iqn": "iqn.2001-04.com.example:a", "lun": 0},
        [
            {},
            {"lun": 255},
            {"iqn": "eui.0123456789abcdef"},
            {"iqn": "naa." + "a" * 32},
            {"targetPortal": "a" * 62, "initiatorName": "iqn.2001-04.com.example:b"},
            {"chapAuthSession": True, "secretRef": {"name": "a"}},
        ],
        [
            {"lun": 256},
            {"iqn": ""},
            {"iqn": "x"},
            {"iqn": "eui.1"},
            {"iqn": "iqn.a"},
            {"targetPortal": ""},
            {"initiatorName": "x"},
            {"initiatorName": ""},
            {"chapAuthSession": True},
            {"chapAuthDiscovery": True},
            {"targetPortal": "a" * 63, "initiatorName": "iqn.2001-04.com.example:b"},
        ],
    ),
    (
        "fc",
        {"targetWWNs": ["a"], "lun": 1},
        [
            {},
            {"targetWWNs": None, "lun": None, "wwids": ["b"]},
            {"targetWWNs": None, "lun": 300, "wwids": ["b"]},
        ],
        [{"lun": None}, {"lun": 256}, {"wwids": ["b"]}, {"targetWWNs": None}, {"targetWWNs": []}],
    ),
    (
        "quobyte",
        {"registry": "r:1,s:2", "volume": "v"},
        [{}, {"tenant": "t" * 64}, {"registry": "[::1]:2"}, {"registry": ":1"}],
        [
            {"registry": ""},
            {"volume": ""},
            {"registry": "r"},
            {"registry": "r:1,s"},
            {"tenant": "t" * 65},
        ],
    ),
    ("glusterfs", {"endpoints": "e", "path": "p"}, [{}], [{"endpoints": ""}, {"path": ""}]),
    (
        "flocker",
        {"datasetName": "n"},
        [{}, {"datasetName": None, "datasetUUID": "u"}],
        [{"datasetUUID": "u"}, {"datasetName": None}, {"datasetName": ""}, {"datasetName": "a/b"}],
    ),
    ("rbd", {"monitors": ["m"], "image": "i"}, [{}], [{"monitors": []}, {"image": ""}]),
    ("cephfs", {"monitors": ["m"]}, [{}], [{"monitors": []}]),
    (
        "cinder",
        {"volumeID": "v"},
        [{}, {"secretRef": {"name": "a"}}],
        [{"volumeID": ""}, {"secretRef": {"name": ""}}, {"secretRef": {}}],
    ),
    (
        "flexVolume",
        {"driver": "a/b"},
        [{}, {"options": {"a.b/c": "d"}}],
        [{"driver": ""}, {"options": {"kubernetes.io/a": "b"}}, {"options": {"a.K8s.io/a": "b"}}],
    ),
    (
        "azureFile",
        {"secretName": "s", "shareName": "h"},
        [{}],
        [{"secretName": ""}, {"shareName": ""}],
    ),
    (
        "azureDisk",
        {"diskName": "d", "diskURI": "https://x"},
        [
            {},
            {"cachingMode": "None"},
            {"kind": "Shared"},
            {"kind": "Managed", "diskURI": "/subscriptions/x"},
        ],
        [
            {"diskName": ""},
            {"diskURI": ""},
            {"diskURI": "x"},
            {"cachingMode": "none"},
            {"kind": "managed"},
            {"kind": "Managed"},
            {"kind": "Dedicated", "diskURI": "x"},
        ],
    ),
    ("vsphereVolume", {"volumePath": "v"}, [{}], [{"volumePath": ""}]),
    ("photonPersistentDisk", {"pdID": "p"}, [{}], [{"pdID": ""}]),
    ("portworxVolume", {"volumeID": "v"}, [{}], [{"volumeID": ""}]),
    (
        "scaleIO",
        {"gateway": "g", "system": "s", "secretRef": {"name": "a"}, "volumeName": "v"},
        [{}],
        [{"gateway": ""}, {"system": ""}, {"volumeName": ""}, {"volumeName": None}],
    ),
    (
        "storageos",
        {"volumeName": "v"},
        [{}, {"volumeNamespace": "n"}, {"volumeNamespace": ""}, {"secretRef": {"name": "a"}}],
        [{"volumeName": ""}, {"volumeName": "-a"}, {"volumeNamespace": "A"}, {"secretRef": {}}],
    ),
    (
        "csi",
        {"driver": "d.example"},
        [{}, {"driver": "D"}, {"nodePublishSecretRef": {"name": "a.b"}}],
        [
            {"driver": ""},
            {"driver": "é"},
            {"driver": "a" * 64},
            {"driver": "a/b"},
            {"nodePublishSecretRef": {}},
            {"nodePublishSecretRef": {"name": "A"}},
        ],
    ),
    (
        "image",
        {"reference": "r:1"},
        [{}, {"pullPolicy": "Never"}],
        [{"reference": ""}, {"reference": None}, {"pullPolicy": "never"}],
    ),
    ("persistentVolumeClaim", {"claimName": "a"}, [{}], [{"claimName": ""}, {"claimName": None}]),
    (
        "secret",
        {"secretName": "a"},
        [{}, {"defaultMode": 511}, *({"items": [item]} for item in GOOD_ITEMS)],
        [
            {"secretName": ""},
            {"secretName": None},
            {"defaultMode": 644},
            {"defaultMode": -1},
            *({"items": [item]} for item in BAD_ITEMS),
        ],
    ),
    (
        "configMap",
        {"name": "a"},
        [{}, {"defaultMode": 0}, *({"items": [item]} for item in GOOD_ITEMS)],
        [
            {"name": ""},
            {"name": None},
            {"defaultMode": 512},
            *({"items": [item]} for item in BAD_ITEMS),
        ],
    ),
    (
        "downwardAPI",
        {"items": [DOWNWARD]},
        [{}, {"defaultMode": 420}, *({"items": [item]} for item in GOOD_DOWNWARD)],
        [{"defaultMode": 512}, *({"items": [item]} for item in BAD_DOWNWARD)],
    ),
]

PROJECTED: list[tuple[str, dict[str, Any], list[Change], list[Change]]] = [
    (
        "secret",
        {"name": "a"},
        [{}, *({"items": [item]} for item in GOOD_ITEMS)],
        [{"name": ""}, {"name": None}, *({"items": [item]} for item in BAD_ITEMS)],
    ),
    (
        "configMap",
        {"name": "a"},
        [{}, *({"items": [item]} for item in GOOD_ITEMS)],
        [{"name": ""}, {"name": None}, *({"items": [item]} for item in BAD_ITEMS)],
    ),
    (
        "downwardAPI",
        {},
        [{}, *({"items": [item]} for item in GOOD_DOWNWARD)],
        [{"items": [item]} for item in BAD_DOWNWARD],
    ),
    (
        "serviceAccountToken",
        {"path": "t"},
        [{}, {"expirationSeconds": 600}, {"expirationSeconds": 2**32}],
        [
            {"path": ""},
            {"path": "../a"},
            {"path": "..a"},
            {"path": "/a"},
            {"expirationSeconds": 599},
            {"expirationSeconds": 2**32 + 1},
        ],
    ),
]

CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
SOURCE = {"kind": "PersistentVolumeClaim", "name": "a"}
CLAIMS: tuple[list[Change], list[Change]] = (
    [
        {},
        {"metadata": {"labels": {"a": "b"}, "annotations": {"A.b/c": "d e"}}},
        *(
            {"spec": change}
            for change in (
                {"storageClassName": "a.b"},
                {"storageClassName": ""},
                {"volumeAttributesClassName": "a"},
                {"volumeMode": "Block"},
                {"selector": SELECTOR},
                {"dataSource": SOURCE},
                {"dataSource": {"kind": "VolumeSnapshot", "name": "a", "apiGroup": "a.b"}},
                {"dataSourceRef": SOURCE},
                {"dataSourceRef": {"kind": "VolumeSnapshot", "name": "a", "apiGroup": "a.b"}},
                {"dataSourceRef": {**SOURCE, "namespace": "a"}},
                {"dataSource": SOURCE, "dataSourceRef": SOURCE},
                {"resources": {"limits": {"storage": "2Gi"}}},
            )
        ),
    ],
    [
        {"metadata": {"name": "x"}},
        {"metadata": {"finalizers": []}},
        {"metadata": {"labels": {"a b": "c"}}},
        {"metadata": {"labels": {"a": "b c"}}},
        {"metadata": {"annotations": {"a b": "c"}}},
        {"metadata": {"annotations": {"a": "é" * (128 * 1024)}}},
        *(
            {"spec": change}
            for change in (
                {"accessModes": []},
                {"accessModes": ["readWriteOnce"]},
                {"accessModes": ["ReadWriteOnce", "ReadWriteOncePod"]},
                {"resources": {"requests": {"storage": None}}},
                {"resources": {"requests": {"storage": "0"}}},
                {"resources": {"requests": {"storage": "0Gi"}}},
                {"resources": {"requests": {"storage": "-0"}}},
                {"resources": {"requests": {"storage": "-1Gi"}}},
                {"resources": {"requests": {"storage": "1GB"}}},
                {"resources": {"limits": {"storage": "1GB"}}},
                {"storageClassName": "A"},
                {"volumeAttributesClassName": "A"},
                {"volumeMode": "block"},
                *({"selector": selector} for selector in BAD_SELECTORS),
                {"dataSource": {"kind": "VolumeSnapshot", "name": "a"}},
                {"dataSource": {**SOURCE, "name": ""}},
                {"dataSource": {**SOURCE, "apiGroup": "A"}},
                {"dataSourceRef": {"kind": "", "name": "a"}},
                {"dataSourceRef": {"kind": "VolumeSnapshot", "name": "a"}},
                {"dataSourceRef": {**SOURCE, "apiGroup": "A"}},
                {"dataSourceRef": {**SOURCE, "namespace": "A"}},
                {"dataSourceRef": {**SOURCE, "namespace": "a" * 64}},
                {"dataSource": SOURCE, "dataSourceRef": {**SOURCE, "name": "b"}},
                {"dataSource": SOURCE, "dataSourceRef": {**SOURCE, "namespace": "a"}},
            )
        ),
    ],
)


def _init(memory: str) -> dict[str, Any]:
    return {**BASE_CONTAINER, "name": "i", "resources": {"requests": {"memory": memory}}}


REQUIREMENT: Change = {"key": "a", "operator": "In", "values": ["b"]}
BAD_REQUIREMENTS: list[Change] = [
    {"key": "a b"},
    {"key": ""},
    {"operator": "in"},
    {"values": []},
    {"operator": "Exists"},
    {"operator": "Gt", "values": ["1", "2"]},
]
GOOD_REQUIREMENTS: list[Change] = [
    {},
    {"operator": "Exists", "values": None},
    {"operator": "Gt", "values": ["1"]},
]
FIELD: Change = {"key": "metadata.name", "operator": "In", "values": ["n"]}
BAD_FIELDS: list[Change] = [
    {"key": "metadata.uid"},
    {"operator": "Exists"},
    {"values": []},
    {"values": ["a", "b"]},
    {"values": ["A"]},
]
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
TERM: Change = {"topologyKey": "k", "labelSelector": SELECTOR}
GOOD_TERMS: list[Change] = [
    {},
    {"matchLabelKeys": ["q"]},
    {"mismatchLabelKeys": ["q"]},
    {"mismatchLabelKeys": ["x"]},
    {"namespaces": ["a"]},
    {"namespaceSelector": SELECTOR},
    {"matchLabelKeys": ["x"]},
    *({"labelSelector": selector} for selector in GOOD_SELECTORS),
]
BAD_TERMS: list[Change] = [
    {"topologyKey": ""},
    {"topologyKey": "a b"},
    {"matchLabelKeys": ["a b"]},
    {"mismatchLabelKeys": ["a b"]},
    {"matchLabelKeys": ["q"], "mismatchLabelKeys": ["q"]},
    {"matchLabelKeys": ["q"], "labelSelector": None},
    {"mismatchLabelKeys": ["q"], "labelSelector": None},
    {"namespaces": ["A"]},
    {"matchLabelKeys": ["app"], "labelSelector": {"matchLabels": {"app": "y"}}},
    *({"labelSelector": selector} for selector in BAD_SELECTORS),
    *({"namespaceSelector": selector} for selector in BAD_SELECTORS),
]
SPREAD: Change = {
    "maxSkew": 1,
    "topologyKey": "k",
    "whenUnsatisfiable": "DoNotSchedule",
    "labelSelector": SELECTOR,
}

BAD_AMOUNTS = ("2GB", "-1", "1 Gi", "")
DIVISORS = tuple(
    (holder, {"path": "a", "resourceFieldRef": {**RESOURCE, "divisor": divisor}}, is_bad)
    for holder in ("downwardAPI", "projected")
    for divisor, is_bad in (("1m", False), ("x", True), ("", True))
)


def _divided(holder: str, item: Change) -> Change:
    source: Change = {"items": [item]}
    if holder == "projected":
        source = {"sources": [{"downwardAPI": source}]}
    return {"volumes": [{"name": "v", holder: source}]}


PODS: list[tuple[str, list[Change], list[Change]]] = [
    (
        "amounts",
        [
            {"resources": {"limits": {"cpu": "1"}, "requests": {"cpu": "100m"}}},
            {"volumes": [{"name": "v", "emptyDir": {"sizeLimit": "1Gi"}}]},
            *(_divided(holder, item) for holder, item, is_bad in DIVISORS if not is_bad),
        ],
        [
            *({"resources": {"limits": {"memory": amount}}} for amount in BAD_AMOUNTS),
            *({"resources": {"requests": {"memory": amount}}} for amount in BAD_AMOUNTS),
            *({"volumes": [{"name": "v", "emptyDir": {"sizeLimit": a}}]} for a in BAD_AMOUNTS),
            *(_divided(holder, item) for holder, item, is_bad in DIVISORS if is_bad),
        ],
    ),
    (
        "tolerations",
        [
            {"tolerations": [t]}
            for t in (
                {"operator": "Exists"},
                {"key": "a"},
                {"key": "a", "value": "b", "effect": "NoExecute", "tolerationSeconds": 1},
            )
        ],
        [
            {"tolerations": [t]}
            for t in (
                {"key": ""},
                {"key": "a b", "operator": "Exists"},
                {"key": "a", "operator": "Exists", "value": "b"},
                {"key": "a", "value": "b c"},
                {"key": "a", "tolerationSeconds": 1},
                {"key": "a", "operator": "exists"},
                {"key": "a", "effect": "noExecute"},
            )
        ],
    ),
    (
        "gates",
        [
            {"readinessGates": [{"conditionType": "a.b/c"}]},
            {"schedulingGates": [{"name": "a.b/c"}]},
        ],
        [
            {"readinessGates": [{"conditionType": "a b"}]},
            {"schedulingGates": [{"name": "a b"}]},
            {"schedulingGates": [{"name": "a"}, {"name": "a"}]},
            {"schedulingGates": [{"name": "a"}], "nodeName": "n"},
        ],
    ),
    (
        "names",
        [
            {"serviceAccountName": "a"},
            {"serviceAccount": "a"},
            {"nodeName": "a.b"},
            {"hostname": "a"},
            {"subdomain": "a"},
            {"hostnameOverride": "a.b"},
        ],
        [
            {"serviceAccountName": "A"},
            {"serviceAccount": "A"},
            {"priorityClassName": "A"},
            {"nodeName": "A"},
            {"runtimeClassName": ""},
            {"hostname": "a.b"},
            {"subdomain": "A"},
            {"hostnameOverride": ""},
            {"hostnameOverride": "a" * 65},
            {"hostnameOverride": "a", "setHostnameAsFQDN": True},
            {"hostnameOverride": "a", "hostNetwork": True},
        ],
    ),
    (
        "words",
        [
            {"dnsPolicy": "Default"},
            {"os": {"name": "linux"}},
            {"preemptionPolicy": "PreemptLowerPriority"},
            {
                "securityContext": {
                    "fsGroupChangePolicy": "Always",
                    "supplementalGroupsPolicy": "Strict",
                    "seLinuxChangePolicy": "Recursive",
                }
            },
        ],
        [
            {"dnsPolicy": "default"},
            {"os": {"name": "Linux"}},
            {"preemptionPolicy": "never"},
            *(
                {"securityContext": {f: "x"}}
                for f in ("fsGroupChangePolicy", "supplementalGroupsPolicy", "seLinuxChangePolicy")
            ),
            {"restartPolicy": "Never"},
            {"restartPolicy": "always"},
            {"activeDeadlineSeconds": 5},
            {"overhead": {"cpu": "1"}},
        ],
    ),
    (
        "host",
        [
            {"hostPID": True},
            {"shareProcessNamespace": True},
            {"hostUsers": False},
            {
                "hostNetwork": True,
                "containers": [
                    {**BASE_CONTAINER, "ports": [{"containerPort": 80, "hostPort": 80}]}
                ],
            },
        ],
        [
            {"hostPID": True, "shareProcessNamespace": True},
            {"hostNetwork": True, "hostUsers": False},
            {
                "hostNetwork": True,
                "containers": [
                    {**BASE_CONTAINER, "ports": [{"containerPort": 80, "hostPort": 81}]}
                ],
            },
            {
                "hostUsers": False,
                "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "a"}}],
                "containers": [
                    {**BASE_CONTAINER, "volumeDevices": [{"name": "v", "devicePath": "/a"}]}
                ],
            },
        ],
    ),
    (
        "host ports",
        [
            {
                "hostNetwork": True,
                "containers": [
                    {**BASE_CONTAINER, "ports": [{"containerPort": 80}]},
                    {**BASE_CONTAINER, "name": "d", "ports": [{"containerPort": 81}]},
                ],
            },
            {
                "hostNetwork": True,
                "initContainers": [
                    {
                        **BASE_CONTAINER,
                        "name": "i",
                        "ports": [{"containerPort": 80, "hostPort": 81}],
                    }
                ],
            },
        ],
        [
            {
                "hostNetwork": True,
                "containers": [
                    {**BASE_CONTAINER, "ports": [{"containerPort": 80}]},
                    {**BASE_CONTAINER, "name": "d", "ports": [{"containerPort": 80}]},
                ],
            },
            {
                "initContainers": [
                    {
                        **BASE_CONTAINER,
                        "name": "i",
                        "ports": [
                            {"containerPort": 80, "hostPort": 80},
                            {"containerPort": 81, "hostPort": 80},
                        ],
                    }
                ],
            },
        ],
    ),
    (
        "resources",
        [
            {"resources": {"limits": {"memory": "100Mi"}}, "initContainers": [_init("100Mi")]},
            {
                "resources": {
                    "requests": {"cpu": "1", "hugepages-2Mi": "4Mi"},
                    "limits": {"cpu": "1", "hugepages-2Mi": "4Mi"},
                }
            },
            {"resources": {"limits": {"cpu": "1", "hugepages-2Mi": "4Mi"}}},
        ],
        [
            {"resources": {"limits": {"memory": "100Mi"}}, "initContainers": [_init("200Mi")]},
            {"resources": {"requests": {"cpu": "1", "hugepages-2Mi": "4Mi"}}},
            {"resources": {"limits": {"cpu": "1", "hugepages-2Mi": "3Mi"}}},
            {
                "resources": {
                    "requests": {"cpu": "1", "hugepages-2Mi": "2Mi"},
                    "limits": {"cpu": "1", "hugepages-2Mi": "4Mi"},
                }
            },
        ],
    ),
    (
        "dns",
        [
            {"hostAliases": [{"ip": "10.0.0.7", "hostnames": ["a.b"]}]},
            {
                "dnsPolicy": "None",
                "dnsConfig": {
                    "nameservers": ["::1"],
                    "searches": ["a_b.", ".", "_a._b-c"],
                    "options": [{"name": "ndots"}],
                },
            },
        ],
        [
            {"hostAliases": [{"ip": "010.0.0.7"}]},
            {"hostAliases": [{"ip": "::ffff:10.0.0.7"}]},
            {"hostAliases": [{"ip": "10.0.0.7", "hostnames": ["A"]}]},
            {"dnsPolicy": "None"},
            {"dnsConfig": {"nameservers": ["a"]}},
            {"dnsConfig": {"nameservers": ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"]}},
            {"dnsConfig": {"searches": ["A b"]}},
            {"dnsConfig": {"searches": ["a_.b"]}},
            {"dnsConfig": {"searches": ["__a"]}},
            {"dnsConfig": {"searches": [f"s{n}" for n in range(33)]}},
            {
                "dnsConfig": {
                    "searches": [
                        "a" * 63 + "." + "b" * 63 + "." + "c" * 63 + f".s{n}" for n in range(11)
                    ]
                }
            },
            {"dnsConfig": {"options": [{"value": "1"}]}},
        ],
    ),
    (
        "sysctls",
        [
            {"securityContext": {"sysctls": [{"name": n, "value": "1"}]}}
            for n in (
                "net.core.somaxconn",
                "a/b",
                "net/ipv4/conf/eth0.1/x",
                "kernel.shm_rmid_forced",
            )
        ]
        + [
            {
                "securityContext": {
                    "sysctls": [{"name": "a.b", "value": "1"}, {"name": "a/b", "value": "1"}]
                }
            }
        ],
        [
            {"securityContext": {"sysctls": [{"name": n, "value": "1"}]}}
            for n in ("net.core.SOMAXCONN", "")
        ]
        + [
            {
                "securityContext": {
                    "sysctls": [{"name": "a.b", "value": "1"}, {"name": "a.b", "value": "2"}]
                }
            },
            {
                "hostNetwork": True,
                "securityContext": {"sysctls": [{"name": "net.core.somaxconn", "value": "1"}]},
            },
            {
                "hostIPC": True,
                "securityContext": {"sysctls": [{"name": "kernel/shm_rmid_forced", "value": "1"}]},
            },
        ],
    ),
    (
        "windows",
        [
            {"securityContext": {"windowsOptions": {f: v}}}
            for f, v in (
                ("runAsUserName", "a"),
                ("runAsUserName", "D\\u"),
                ("runAsUserName", "d.example\\u"),
                ("runAsUserName", "a b."),
                ("gmsaCredentialSpecName", "a"),
                ("gmsaCredentialSpec", "x" * 65536),
            )
        ]
        + [
            {"hostNetwork": True, "securityContext": {"windowsOptions": {"hostProcess": True}}},
            {"securityContext": {"windowsOptions": {"hostProcess": False}}},
        ],
        [
            {"securityContext": {"windowsOptions": {f: v}}}
            for f, v in (
                *(
                    ("runAsUserName", name)
                    for name in (
                        "",
                        ".",
                        ". .",
                        "a/b",
                        "a@b",
                        "a\x01",
                        "\\u",
                        "d\\",
                        "a\\b\\c",
                        "u" * 105,
                        "D" * 256 + "\\u",
                        "a..b.example.com\\u",
                    )
                ),
                ("gmsaCredentialSpecName", "A"),
                ("gmsaCredentialSpecName", ""),
                ("gmsaCredentialSpec", ""),
                ("gmsaCredentialSpec", "x" * 65537),
            )
        ]
        + [
            {"securityContext": {"windowsOptions": {"hostProcess": True}}},
            {
                "hostNetwork": True,
                "containers": [
                    {
                        **BASE_CONTAINER,
                        "securityContext": {"windowsOptions": {"hostProcess": True}},
                    },
                    {**BASE_CONTAINER, "name": "d"},
                ],
            },
            *(
                {
                    "hostNetwork": True,
                    "securityContext": {"windowsOptions": {"hostProcess": own}},
                    "containers": [
                        {
                            **BASE_CONTAINER,
                            "securityContext": {"windowsOptions": {"hostProcess": not own}},
                        }
                    ],
                }
                for own in (True, False)
            ),
        ],
    ),
    (
        "init",
        [
            {
                "initContainers": [
                    {
                        **BASE_CONTAINER,
                        "name": "i",
                        "restartPolicy": "Always",
                        "readinessProbe": {"tcpSocket": {"port": 80}},
                        "resizePolicy": [
                            {"resourceName": "cpu", "restartPolicy": "RestartContainer"}
                        ],
                    }
                ]
            },
            {
                "initContainers": [
                    {
                        **BASE_CONTAINER,
                        "name": "i",
                        "resizePolicy": [{"resourceName": "cpu", "restartPolicy": "NotRequired"}],
                    }
                ]
            },
        ],
        [
            {"initContainers": [{**BASE_CONTAINER, "name": "i", **extra}]}
            for extra in (
                {"startupProbe": {"tcpSocket": {"port": 80}}},
                {"livenessProbe": {"tcpSocket": {"port": 80}}},
                {"readinessProbe": {"tcpSocket": {"port": 80}}},
                {"lifecycle": {"preStop": {"exec": {"command": ["a"]}}}},
                {"resizePolicy": [{"resourceName": "cpu", "restartPolicy": "RestartContainer"}]},
            )
        ],
    ),
    (
        "volumes",
        [
            {"volumes": [{"name": "v", "emptyDir": {}}]},
            {"volumes": [{"name": "v", "projected": {"defaultMode": 0o600, "sources": []}}]},
        ],
        [
            {"volumes": [{"name": "v", "emptyDir": {}, "secret": {"secretName": "a"}}]},
            {
                "volumes": [
                    {
                        "name": "v",
                        "projected": {
                            "sources": [{"secret": {"name": "a"}, "configMap": {"name": "a"}}]
                        },
                    }
                ]
            },
            {"volumes": [{"name": "v", "projected": {"defaultMode": 512, "sources": []}}]},
            {"volumes": [{"name": "v", "ephemeral": {}}]},
            *(
                {"volumes": [{"name": "v", "projected": {"sources": sources}}]}
                for sources in (
                    [
                        {"secret": {"name": "a", "items": [ITEM]}},
                        {"configMap": {"name": "b", "items": [ITEM]}},
                    ],
                    [
                        {"downwardAPI": {"items": [{**DOWNWARD, "path": "b"}]}},
                        {"secret": {"name": "a", "items": [ITEM]}},
                    ],
                )
            ),
        ],
    ),
    (
        "spread",
        [
            {"topologySpreadConstraints": [merged(SPREAD, c)]}
            for c in (
                {},
                {"minDomains": 1},
                {"matchLabelKeys": ["q"]},
                {"matchLabelKeys": ["x"]},
                {"nodeAffinityPolicy": "Ignore"},
                {"nodeTaintsPolicy": "Honor"},
                {"topologyKey": "a b"},
                *({"labelSelector": s} for s in GOOD_SELECTORS[1:]),
            )
        ],
        [
            {"topologySpreadConstraints": [merged(SPREAD, c)]}
            for c in (
                {"maxSkew": 0},
                {"minDomains": 0},
                {"minDomains": 1, "whenUnsatisfiable": "ScheduleAnyway"},
                {"topologyKey": ""},
                {"whenUnsatisfiable": "doNotSchedule"},
                {"nodeAffinityPolicy": "x"},
                {"nodeTaintsPolicy": "x"},
                {"matchLabelKeys": ["a b"]},
                {"matchLabelKeys": ["q"], "labelSelector": None},
                {"matchLabelKeys": ["app"], "labelSelector": {"matchLabels": {"app": "y"}}},
            )
        ]
        + [{"topologySpreadConstraints": [{**SPREAD, "labelSelector": s}]} for s in BAD_SELECTORS]
        + [{"topologySpreadConstraints": [SPREAD, SPREAD]}],
    ),
    (
        "nodeAffinity",
        [
            {"affinity": {"nodeAffinity": a}}
            for a in (
                *(
                    {
                        REQUIRED: {
                            "nodeSelectorTerms": [{"matchExpressions": [merged(REQUIREMENT, c)]}]
                        }
                    }
                    for c in GOOD_REQUIREMENTS
                ),
                *(
                    {
                        PREFERRED: [
                            {
                                "weight": 1,
                                "preference": {"matchExpressions": [merged(REQUIREMENT, c)]},
                            }
                        ]
                    }
                    for c in (*GOOD_REQUIREMENTS, {"operator": "Lt", "values": ["-1"]})
                ),
                {REQUIRED: {"nodeSelectorTerms": [{"matchFields": [FIELD]}]}},
                {PREFERRED: [{"weight": 100, "preference": {"matchFields": [FIELD]}}]},
            )
        ],
        [
            {"affinity": {"nodeAffinity": a}}
            for a in (
                {REQUIRED: {"nodeSelectorTerms": []}},
                *(
                    {
                        REQUIRED: {
                            "nodeSelectorTerms": [{"matchExpressions": [merged(REQUIREMENT, c)]}]
                        }
                    }
                    for c in (*BAD_REQUIREMENTS, {"values": ["a b"]})
                ),
                *(
                    {
                        PREFERRED: [
                            {
                                "weight": 1,
                                "preference": {"matchExpressions": [merged(REQUIREMENT, c)]},
                            }
                        ]
                    }
                    for c in BAD_REQUIREMENTS
                ),
                *(
                    {REQUIRED: {"nodeSelectorTerms": [{"matchFields": [merged(FIELD, c)]}]}}
                    for c in BAD_FIELDS
                ),
                *(
                    {PREFERRED: [{"weight": 1, "preference": {"matchFields": [merged(FIELD, c)]}}]}
                    for c in BAD_FIELDS
                ),
                {PREFERRED: [{"weight": 0, "preference": {}}]},
                {PREFERRED: [{"weight": 101, "preference": {}}]},
            )
        ],
    ),
    *(
        (
            kind,
            [{"affinity": {kind: {REQUIRED: [merged(TERM, c)]}}} for c in GOOD_TERMS]
            + [
                {
                    "affinity": {
                        kind: {PREFERRED: [{"weight": 5, "podAffinityTerm": merged(TERM, c)}]}
                    }
                }
                for c in GOOD_TERMS
            ],
            [{"affinity": {kind: {REQUIRED: [merged(TERM, c)]}}} for c in BAD_TERMS]
            + [
                {
                    "affinity": {
                        kind: {PREFERRED: [{"weight": 5, "podAffinityTerm": merged(TERM, c)}]}
                    }
                }
                for c in BAD_TERMS
            ]
            + [{"affinity": {kind: {PREFERRED: [{"weight": 0, "podAffinityTerm": TERM}]}}}],
        )
        for kind in ("podAffinity", "podAntiAffinity")
    ),
]

TCP = {"tcpSocket": {"port": 80}}
HTTP = {"path": "/", "port": 80}
HANDLERS: tuple[list[Change], list[Change]] = (
    [
        {"httpGet": HTTP},
        {"httpGet": {**HTTP, "scheme": "HTTPS", "httpHeaders": [{"name": "X-A", "value": ""}]}},
        {"httpGet": {**HTTP, "port": "http"}},
        TCP,
        {"tcpSocket": {"port": "http"}},
    ],
    [
        {"httpGet": {**HTTP, "scheme": "http"}},
        {"httpGet": {**HTTP, "port": 0}},
        {"httpGet": {**HTTP, "port": "80"}},
        {"httpGet": {**HTTP, "httpHeaders": [{"name": "X_A", "value": ""}]}},
        {"tcpSocket": {"port": 65536}},
        {"tcpSocket": {"port": "A"}},
        {"tcpSocket": {"port": "a--b"}},
        {"httpGet": {"path": "/", "port": None}},
        {"tcpSocket": {"port": None}},
    ],
)
REFERENCE = {"name": "a", "key": "b"}
CONTAINERS: list[tuple[str, list[Change], list[Change]]] = [
    (
        "amounts",
        [{"resources": {"limits": {"memory": "1Gi"}, "requests": {"memory": "1e3"}}}],
        [
            *({"resources": {"limits": {"memory": amount}}} for amount in BAD_AMOUNTS),
            *({"resources": {"requests": {"memory": amount}}} for amount in BAD_AMOUNTS),
            *(
                {
                    "env": [
                        {
                            "name": "A",
                            "valueFrom": {"resourceFieldRef": {**RESOURCE, "divisor": divisor}},
                        }
                    ]
                }
                for divisor in ("x", "")
            ),
        ],
    ),
    (
        "words",
        [
            {"imagePullPolicy": "Always"},
            {"terminationMessagePolicy": "File"},
            {"restartPolicy": "OnFailure"},
        ],
        [
            {"imagePullPolicy": "always"},
            {"terminationMessagePolicy": "file"},
            {"restartPolicy": "always"},
            {"restartPolicy": ""},
        ],
    ),
    (
        "ports",
        [
            {"ports": [{"containerPort": 65535, "hostPort": 1, "protocol": "SCTP", "name": "a-1"}]},
            {"ports": [{"containerPort": 1, "hostPort": 0}]},
        ],
        [
            {"ports": [p]}
            for p in (
                {"containerPort": 0},
                {"containerPort": 65536},
                {"containerPort": 80, "hostPort": -1},
                {"containerPort": 80, "hostPort": 65536},
                {"containerPort": 80, "protocol": "tcp"},
                {"containerPort": 80, "name": "A"},
                {"containerPort": 80, "name": "a--b"},
                {"containerPort": 80, "name": "1"},
            )
        ],
    ),
    *(
        (
            probe,
            [
                {probe: merged(TCP, c)}
                for c in (
                    {},
                    {
                        "initialDelaySeconds": 0,
                        "timeoutSeconds": 1,
                        "periodSeconds": 1,
                        "successThreshold": 1,
                        "failureThreshold": 1,
                    },
                )
            ]
            + [{probe: h} for h in (*HANDLERS[0], {"grpc": {"port": 80}})],
            [
                {probe: {**TCP, f: -1}}
                for f in (
                    "initialDelaySeconds",
                    "timeoutSeconds",
                    "periodSeconds",
                    "successThreshold",
                    "failureThreshold",
                    "terminationGracePeriodSeconds",
                )
            ]
            + [{probe: h} for h in (*HANDLERS[1], {"grpc": {"port": 0}}, {"grpc": {"port": None}})],
        )
        for probe in ("livenessProbe", "readinessProbe", "startupProbe")
    ),
    (
        "thresholds",
        [
            {"readinessProbe": {**TCP, "successThreshold": 2}},
            {"livenessProbe": {**TCP, "terminationGracePeriodSeconds": 1}},
        ],
        [
            {"livenessProbe": {**TCP, "successThreshold": 2}},
            {"startupProbe": {**TCP, "successThreshold": 2}},
            {"livenessProbe": {**TCP, "terminationGracePeriodSeconds": 0}},
            {"readinessProbe": {**TCP, "terminationGracePeriodSeconds": 1}},
        ],
    ),
    (
        "hooks",
        [{"lifecycle": {"preStop": h}} for h in HANDLERS[0]],
        [{"lifecycle": {"preStop": h}} for h in HANDLERS[1]],
    ),
    (
        "resize",
        [
            {
                "resizePolicy": [
                    {"resourceName": "cpu", "restartPolicy": "NotRequired"},
                    {"resourceName": "memory", "restartPolicy": "RestartContainer"},
                ]
            }
        ],
        [
            {
                "resizePolicy": [
                    {"resourceName": "cpu", "restartPolicy": "NotRequired"},
                    {"resourceName": "cpu", "restartPolicy": "NotRequired"},
                ]
            },
            {"resizePolicy": [{"resourceName": "gpu", "restartPolicy": "NotRequired"}]},
            {"resizePolicy": [{"resourceName": "cpu", "restartPolicy": "x"}]},
        ],
    ),
    (
        "restart rules",
        [
            {
                "restartPolicy": "Never",
                "restartPolicyRules": [
                    {"action": "Restart", "exitCodes": {"operator": "NotIn", "values": [1, 2]}}
                ],
            }
        ],
        [
            {
                "restartPolicyRules": [
                    {"action": "Restart", "exitCodes": {"operator": "In", "values": [1]}}
                ]
            },
            *(
                {"restartPolicy": "Never", "restartPolicyRules": rules}
                for rules in (
                    [{"action": "Restart"}],
                    [{"action": "restart", "exitCodes": {"operator": "In", "values": [1]}}],
                    [{"action": "Restart", "exitCodes": {"operator": "in", "values": [1]}}],
                    [
                        {
                            "action": "Restart",
                            "exitCodes": {"operator": "In", "values": [*range(256)]},
                        }
                    ],
                    [{"action": "Restart", "exitCodes": {"operator": "In", "values": [1]}}] * 21,
                )
            ),
        ],
    ),
    (
        "references",
        [
            {"env": [{"name": "A", "valueFrom": {k: REFERENCE}}]}
            for k in ("secretKeyRef", "configMapKeyRef")
        ]
        + [{"envFrom": [{k: {"name": "a.b"}}]} for k in ("secretRef", "configMapRef")],
        [
            {"env": [{"name": "A", "valueFrom": {k: {**REFERENCE, **c}}}]}
            for k in ("secretKeyRef", "configMapKeyRef")
            for c in ({"name": ""}, {"name": "A"}, {"key": ""}, {"key": "a/b"}, {"key": "..a"})
        ]
        + [
            {"envFrom": [{k: {"name": n}}]}
            for k in ("secretRef", "configMapRef")
            for n in ("", "A")
        ],
    ),
    (
        "mounts",
        [
            {"volumeMounts": [{"name": "v", "mountPath": "/a", **m}]}
            for m in (
                {"subPath": "a/b"},
                {"subPathExpr": "a"},
                {"mountPropagation": "None"},
                {"readOnly": True, "recursiveReadOnly": "IfPossible"},
            )
        ],
        [
            {"volumeMounts": [{"name": "v", "mountPath": "/a", **m}]}
            for m in (
                {"subPath": "/a"},
                {"subPathExpr": "../a"},
                {"subPath": "a", "subPathExpr": "b"},
                {"mountPropagation": "none"},
                {"readOnly": True, "recursiveReadOnly": "x"},
            )
        ],
    ),
    (
        "windows",
        [
            {
                "securityContext": {
                    "windowsOptions": {"runAsUserName": "a", "gmsaCredentialSpecName": "b"}
                }
            }
        ],
        [
            {"securityContext": {"windowsOptions": {f: ""}}}
            for f in ("runAsUserName", "gmsaCredentialSpecName", "gmsaCredentialSpec")
        ]
        + [{"securityContext": {"windowsOptions": {"gmsaCredentialSpec": "x" * 65537}}}],
    ),
]

TARGET = {"type": "AverageValue", "averageValue": "1"}
PERCENT = {"type": "Utilization", "averageUtilization": 70}
ALONE = {"averageValue": None, "value": "1"}
METRICS: list[tuple[Any, Any, Any]] = [
    (
        {"type": "Resource", "resource": {"name": "cpu", "target": PERCENT}},
        [
            {},
            {"resource": {"name": "gpu"}},
            {"resource": {"target": {"type": "Value"}}},
            {"resource": {"target": {"value": "1"}}},
        ],
        [
            {"type": "resource"},
            {"type": "Pods"},
            {"pods": {"metric": {"name": "a"}, "target": TARGET}},
            {"resource": {"name": ""}},
            {"resource": {"target": {"averageUtilization": 0}}},
            {"resource": {"target": {"averageUtilization": None}}},
            {"resource": {"target": {"averageValue": "1"}}},
            {"resource": {"target": {"type": "percent"}}},
            {"resource": {"target": {"value": "0"}}},
            {"resource": {"target": {"averageUtilization": None, "averageValue": "-1"}}},
        ],
    ),
    (
        {
            "type": "ContainerResource",
            "containerResource": {"name": "cpu", "container": "c", "target": PERCENT},
        },
        [
            {},
            {"containerResource": {"name": "a.b/c"}},
            {"containerResource": {"name": "hugepages-2Mi"}},
            {"containerResource": {"target": {"value": "1"}}},
            {"containerResource": {"target": {"averageUtilization": None, "averageValue": "1"}}},
        ],
        [
            {"containerResource": {"name": ""}},
            {"containerResource": {"name": "gpu"}},
            {"containerResource": {"container": ""}},
            {"containerResource": {"container": "A"}},
            {"containerResource": {"target": {"averageUtilization": 0}}},
            {"containerResource": {"target": {"averageUtilization": None}}},
            {"containerResource": {"target": {"type": "x"}}},
            {"containerResource": {"target": {"value": "0"}}},
            {"containerResource": {"target": {"averageUtilization": None, "averageValue": "0"}}},
        ],
    ),
    *(
        (
            {"type": kind.capitalize(), kind: {"metric": {"name": "m"}, "target": TARGET, **more}},
            [
                {},
                {kind: {"metric": {"selector": SELECTOR}}},
                {kind: {"target": {"averageUtilization": 1}}},
                {kind: {"target": {"value": "1"} if kind == "pods" else ALONE}},
                {kind: {"metric": {"selector": GOOD_SELECTORS[1]}}},
            ],
            [
                {kind: {"metric": {"name": ""}}},
                {kind: {"metric": {"name": ".."}}},
                {kind: {"metric": {"name": "a/b"}}},
                {kind: {"metric": {"name": "a%"}}},
                {kind: {"target": {"averageValue": "0"}}},
                {kind: {"target": {"value": "0"}}},
                {kind: {"target": {"averageUtilization": 0}}},
                {kind: {"target": {"averageValue": None}}},
                {kind: {"target": {"type": "x"}}},
            ],
        )
        for kind, more in (
            ("pods", {}),
            ("external", {}),
            ("object", {"describedObject": {"kind": "K", "name": "n", "apiVersion": "a/v1"}}),
        )
    ),
    (
        {
            "type": "Object",
            "object": {
                "metric": {"name": "m"},
                "target": TARGET,
                "describedObject": {"kind": "K", "name": "n", "apiVersion": "a/v1"},
            },
        },
        [
            {"object": {"target": {"value": "1"}}},
            {"object": {"describedObject": {"apiVersion": "v1"}}},
        ],
        [
            {"object": {"describedObject": {"kind": ""}}},
            {"object": {"describedObject": {"name": ""}}},
            {"object": {"describedObject": {"kind": "a/b"}}},
            {"object": {"describedObject": {"name": ".."}}},
            {"object": {"describedObject": {"apiVersion": "a/b/c"}}},
        ],
    ),
]

TRIGGER = {"type": "cron", "metadata": {"timezone": "UTC"}}
POLICY = {"type": "Pods", "value": 1, "periodSeconds": 60}
GOOD_SCALING: list[Change] = [
    {"policies": [POLICY, {"type": "Percent", "value": 100, "periodSeconds": 1800}]},
    {"stabilizationWindowSeconds": 0, "selectPolicy": "Min", "tolerance": "0"},
    {"stabilizationWindowSeconds": 3600, "selectPolicy": "Disabled", "tolerance": "100m"},
]
BAD_SCALING: list[Change] = [
    {"policies": []},
    {"policies": [{**POLICY, "type": "pods"}]},
    {"policies": [{**POLICY, "value": 0}]},
    {"policies": [{**POLICY, "periodSeconds": 0}]},
    {"policies": [{**POLICY, "periodSeconds": 1801}]},
    {"stabilizationWindowSeconds": -1},
    {"stabilizationWindowSeconds": 3601},
    {"selectPolicy": "Most"},
    {"tolerance": "-1"},
    {"tolerance": " 1"},
    {"tolerance": 0.5},
]
KEDA: tuple[list[Change], list[Change]] = (
    [
        {},
        {"pollingInterval": 1, "cooldownPeriod": 0, "minReplicaCount": 0, "maxReplicaCount": 1},
        {"triggers": [{**TRIGGER, "authenticationRef": {"name": "a"}}]},
        {
            "triggers": [
                {**TRIGGER, "authenticationRef": {"name": "a", "kind": "TriggerAuthentication"}}
            ]
        },
        {"fallback": {"failureThreshold": 0, "replicas": 0}},
        {"fallback": {"failureThreshold": 1, "replicas": 1, "behavior": "currentReplicas"}},
        {
            "advanced": {
                "scalingModifiers": {"formula": "2", "target": "1", "metricType": "AverageValue"}
            }
        },
        {"advanced": {"horizontalPodAutoscalerConfig": {"name": "a.b"}}},
    ],
    [
        {"triggers": []},
        {"triggers": [{**TRIGGER, "type": ""}]},
        {"triggers": [{**TRIGGER, "authenticationRef": {"name": "a", "kind": "Secret"}}]},
        {"triggers": [{**TRIGGER, "authenticationRef": {"name": "a", "kind": ""}}]},
        {"pollingInterval": 0},
        {"cooldownPeriod": -1},
        {"idleReplicaCount": -1},
        {"minReplicaCount": -1},
        {"maxReplicaCount": 0},
        {"minReplicaCount": 101},
        {"fallback": {"failureThreshold": -1, "replicas": 0}},
        {"fallback": {"failureThreshold": 0, "replicas": -1}},
        {"fallback": {"failureThreshold": 0, "replicas": 0, "behavior": "x"}},
        {"fallback": {"failureThreshold": 0, "replicas": 0, "behavior": ""}},
        {
            "advanced": {
                "scalingModifiers": {"formula": "2", "target": "1", "metricType": "Utilization"}
            }
        },
        {"advanced": {"horizontalPodAutoscalerConfig": {"name": "A"}}},
    ],
)

BAD_TOLERATIONS = (
    *(
        "x",
        "{}",
        '"a"',
        "[1]",
        "[null]",
        "[{}]",
        '[{"key":1}]',
        '[{"key":"a b"}]',
        '[{"key":"a","value":"b c"}]',
    ),
    *('[{"key":"a","operator":"x"}]', '[{"key":"a","operator":"Exists","value":"b"}]'),
    *('[{"key":"a","effect":"x"}]', '[{"key":"a","tolerationSeconds":1}]'),
    '[{"key":"a","effect":"NoExecute","tolerationSeconds":1.5}]',
)
ANNOTATIONS: tuple[list[tuple[str, str]], list[tuple[str, str]]] = (
    [
        ("controller.kubernetes.io/pod-deletion-cost", v)
        for v in ("0", "-10", "-0", "-01", "2147483647", "-2147483648")
    ]
    + [
        ("seccomp.security.alpha.kubernetes.io/pod", v)
        for v in ("runtime/default", "unconfined", "localhost/a/b")
    ]
    + [("container.seccomp.security.alpha.kubernetes.io/c", "docker/default")]
    + [
        ("scheduler.alpha.kubernetes.io/tolerations", v)
        for v in (
            *("", "[]", "null", '[{"key":"a","operator":"Exists"}]', '[{"KEY":"a","value":"b"}]'),
            '[{"operator":"Exists","effect":"NoExecute","tolerationSeconds":-1}]',
        )
    ],
    [
        ("controller.kubernetes.io/pod-deletion-cost", v)
        for v in ("", "x", "+1", "01", "1.0", "-2147483649", "2147483648", " 1")
    ]
    + [
        ("seccomp.security.alpha.kubernetes.io/pod", v)
        for v in ("", "x", "../x", "localhost//a", "localhost/../a")
    ]
    + [("container.seccomp.security.alpha.kubernetes.io/c", "x")]
    + [("scheduler.alpha.kubernetes.io/tolerations", v) for v in BAD_TOLERATIONS]
    + [("kubernetes.io/config.mirror", "x"), ("kubernetes.io/config.mirror", "")],
)


def cases() -> Iterator[Case]:
    """Yield every case."""
    for kind, base, good, bad in VOLUMES:
        for name, change, is_bad in _numbered(kind, good, bad):
            yield Case(name, "pod", _with_volume(kind, merged(base, change)), is_bad)
    for kind, base, good, bad in PROJECTED:
        for name, change, is_bad in _numbered(f"projected {kind}", good, bad):
            projected = {"sources": [{kind: merged(base, change)}]}
            pod = {**_with_volume("projected", projected), "serviceAccountName": "a"}
            yield Case(name, "pod", pod, is_bad)
    for name, change, is_bad in _numbered("ephemeral", *CLAIMS):
        template = {"volumeClaimTemplate": merged({"spec": CLAIM}, change)}
        yield Case(name, "pod", _with_volume("ephemeral", template), is_bad)
    for what, good, bad in PODS:
        for name, change, is_bad in _numbered(what, good, bad):
            yield Case(name, "pod", {**BASE_POD, **change}, is_bad)
    for what, good, bad in CONTAINERS:
        for name, change, is_bad in _numbered(f"container {what}", good, bad):
            pod = {"containers": [{**BASE_CONTAINER, **change}]}
            if what == "mounts":
                pod["volumes"] = [{"name": "v", "emptyDir": {}}]
            yield Case(name, "pod", pod, is_bad)
    for number, (base, good, bad) in enumerate(METRICS):
        for name, change, is_bad in _numbered(f"metric {base['type']} {number}", good, bad):
            yield Case(name, "metric", merged(base, change), is_bad)
    for name, change, is_bad in _numbered("keda", *KEDA):
        yield Case(name, "keda", {"triggers": [TRIGGER], **change}, is_bad)
    for direction in ("scaleUp", "scaleDown"):
        for name, change, is_bad in _numbered(f"keda {direction}", GOOD_SCALING, BAD_SCALING):
            config = {"behavior": {direction: change}}
            advanced = {"horizontalPodAutoscalerConfig": config}
            yield Case(name, "keda", {"triggers": [TRIGGER], "advanced": advanced}, is_bad)
    for number, (key, value) in enumerate(ANNOTATIONS[0] + ANNOTATIONS[1]):
        is_bad = number >= len(ANNOTATIONS[0])
        yield Case(f"annotation {key} {value!r}", "pod", BASE_POD, is_bad, {key: value})


def _numbered(
    what: str, good: list[Change], bad: list[Change]
) -> Iterator[tuple[str, Change, bool]]:
    for word, changes in (("good", good), ("bad", bad)):
        for number, change in enumerate(changes):
            yield f"{what} {word} {number}", change, word == "bad"


def _with_volume(kind: str, source: dict[str, Any]) -> dict[str, Any]:
    return {**BASE_POD, "volumes": [{"name": "v", kind: source}]}
