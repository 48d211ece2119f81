"""Restrictions by the rules of PodSecurityPolicy, on effective values."""

import re
from typing import Any

import pytest

from webhook.errors import SettingsError
from webhook.podsecurity import Pod
from webhook.podsecurity.psp.model import IdRange, IdStrategy, PspRules, check_psp_rules
from webhook.podsecurity.psp.settings import read_psp_rules, write_psp_rules
from webhook.settings.model import read_settings


def run_psp_rules(spec: Any, **section: Any) -> list[str]:
    violations = check_psp_rules(Pod(spec), read_psp_rules(section))
    return [f"{v.check_id} {v.paths[0]}: {v.detail}" for v in violations]


def build_container(**context: Any) -> dict[str, Any]:
    return {"containers": [{"name": "m", "securityContext": context}]}


def build_pod(**context: Any) -> dict[str, Any]:
    return {"containers": [{"name": "m"}], "securityContext": context}


def build_ids(rule: str, *ranges: tuple[int, int]) -> dict[str, Any]:
    return {"rule": rule, "ranges": [{"min": low, "max": high} for low, high in ranges]}


C0 = "spec.containers[0].securityContext"
MUST = build_ids("MustRunAs", (1000, 1999), (5, 5))
MAY = build_ids("MayRunAs", (1000, 1999), (5, 5))


def test_no_restriction_allows_everything() -> None:
    spec = build_container(privileged=True, runAsUser=0, capabilities={"add": ["ALL"]})
    spec["containers"][0]["ports"] = [{"hostPort": 80}]
    spec |= {"hostNetwork": True, "hostPID": True, "hostIPC": True, "volumes": [{"hostPath": {}}]}

    assert check_psp_rules(Pod(spec), PspRules()) == ()


@pytest.mark.parametrize(
    ("spec", "rule", "fault"),
    [
        (build_container(runAsUser=1000), MUST, None),
        (build_container(runAsUser=1999), MUST, None),
        (build_pod(runAsUser=5), MUST, None),
        (build_pod(runAsUser=999), MUST, "has user 999; allowed: 1000-1999, 5"),
        (build_container(runAsUser=2000), MUST, "has user 2000; allowed: 1000-1999, 5"),
        (build_container(runAsUser=True), MUST, "has user True; allowed: 1000-1999, 5"),
        (build_container(), MUST, "has no user; allowed: 1000-1999, 5"),
        (build_container(), build_ids("RunAsAny"), None),
        (build_container(runAsUser=0), build_ids("RunAsAny"), None),
        (
            build_container(),
            build_ids("MustRunAsNonRoot"),
            "has neither runAsUser nor runAsNonRoot: true",
        ),
        (build_container(runAsUser=0), build_ids("MustRunAsNonRoot"), "runs as user 0"),
        (
            build_pod(runAsUser=0, runAsNonRoot=True),
            build_ids("MustRunAsNonRoot"),
            "runs as user 0",
        ),
        (
            build_container(runAsUser=5, runAsNonRoot=False),
            build_ids("MustRunAsNonRoot"),
            "has runAsNonRoot: false",
        ),
        (build_container(runAsUser=5), build_ids("MustRunAsNonRoot"), None),
        (build_pod(runAsNonRoot=True), build_ids("MustRunAsNonRoot"), None),
    ],
)
def test_users(spec: Any, rule: dict[str, Any], fault: str | None) -> None:
    words = [] if fault is None else [f'runAsUser {C0}.runAsUser: container "m" {fault}']

    assert run_psp_rules(spec, runAsUser=rule) == words


@pytest.mark.parametrize(
    ("group", "rule", "fault"),
    [
        (None, MAY, None),
        (1500, MAY, None),
        (6, MAY, "has group 6; allowed: 1000-1999, 5"),
        (None, MUST, "has no group; allowed: 1000-1999, 5"),
        (6, build_ids("RunAsAny"), None),
    ],
)
def test_groups(group: int | None, rule: dict[str, Any], fault: str | None) -> None:
    words = [] if fault is None else [f'runAsGroup {C0}.runAsGroup: container "m" {fault}']

    assert run_psp_rules(build_container(runAsGroup=group), runAsGroup=rule) == words
    assert run_psp_rules(build_pod(runAsGroup=group), runAsGroup=rule) == words


@pytest.mark.parametrize(
    ("group", "rule", "fault"),
    [
        (None, MAY, None),
        (5, MUST, None),
        (6, MAY, "has fsGroup 6; allowed: 1000-1999, 5"),
        (None, MUST, "has no fsGroup; allowed: 1000-1999, 5"),
    ],
)
def test_fs_group(group: int | None, rule: dict[str, Any], fault: str | None) -> None:
    words = [] if fault is None else [f"fsGroup spec.securityContext.fsGroup: pod {fault}"]

    assert run_psp_rules(build_pod(fsGroup=group), fsGroup=rule) == words


SG = "supplementalGroups spec.securityContext.supplementalGroups"


@pytest.mark.parametrize(
    ("groups", "rule", "faults"),
    [
        (None, MAY, []),
        ([], MAY, []),
        ([5, 1000], MUST, []),
        ([5, 6], MAY, [f"{SG}[1]: pod has group 6; allowed: 1000-1999, 5"]),
        (None, MUST, [f"{SG}: pod has none; at least one is required, allowed: 1000-1999, 5"]),
        ([6], build_ids("RunAsAny"), []),
    ],
)
def test_supplemental_groups(groups: Any, rule: dict[str, Any], faults: list[str]) -> None:
    assert run_psp_rules(build_pod(supplementalGroups=groups), supplementalGroups=rule) == faults


@pytest.mark.parametrize(
    ("capabilities", "section", "faults"),
    [
        ({"add": ["KILL"]}, {"allowedAdd": ["KILL"]}, []),
        ({"add": ["KILL", "BPF"]}, {"allowedAdd": ["KILL"]}, ["add: {} adds BPF"]),
        ({"add": ["KILL", "BPF"]}, {"allowedAdd": []}, ["add: {} adds KILL, BPF"]),
        ({"add": ["KILL"]}, {}, []),
        ({"add": ["KILL"]}, {"allowedAdd": ["*"], "requiredDrop": ["ALL"]}, []),
        ({"drop": ["ALL", "X"]}, {"requiredDrop": ["ALL"]}, []),
        ({"drop": ["X"]}, {"requiredDrop": ["ALL", "X"]}, ["drop: {} does not drop ALL"]),
        ({}, {"requiredDrop": ["ALL", "X"]}, ["drop: {} does not drop ALL, X"]),
        (None, {"requiredDrop": ["ALL"]}, ["drop: {} does not drop ALL"]),
    ],
)
def test_capabilities(capabilities: Any, section: Any, faults: list[str]) -> None:
    assert run_psp_rules(build_container(capabilities=capabilities), capabilities=section) == [
        f"capabilities {C0}.capabilities.{error}".format('container "m"') for error in faults
    ]


@pytest.mark.parametrize(
    ("volume", "allowed", "fault"),
    [
        ({"secret": {}}, ["secret"], None),
        ({"nfs": {}}, ["*"], None),
        ({"nfs": {}}, ["secret", "emptyDir"], "nfs; allowed: secret, emptyDir"),
        ({"nfs": {}, "secret": None}, [], "nfs; allowed: none"),
        ({}, ["emptyDir"], None),
        ({}, ["secret"], "emptyDir; allowed: secret"),
    ],
)
def test_volumes(volume: dict[str, Any], allowed: list[str], fault: str | None) -> None:
    spec = {"volumes": [{"name": "v", **volume}]}
    kind = (fault or "").split(";")[0]
    words = [f'volumes spec.volumes[0].{kind}: volume "v" is of type {fault}']

    assert run_psp_rules(spec, volumes=allowed) == ([] if fault is None else words)


@pytest.mark.parametrize(
    ("port", "ranges", "fault"),
    [
        (80, [(80, 90)], None),
        (90, [(80, 90)], None),
        (91, [(80, 90), (5, 5)], "91; allowed: 80-90, 5"),
        (80, [], "80; allowed: none"),
        (0, [], None),
        (None, [], None),
        ("80", [(80, 90)], "80; allowed: 80-90"),
    ],
)
def test_host_ports(port: Any, ranges: list[tuple[int, int]], fault: str | None) -> None:
    spec = {"initContainers": [{"name": "m", "ports": [{"hostPort": port}]}]}
    allowed = [{"min": low, "max": high} for low, high in ranges]
    path = "spec.initContainers[0].ports[0].hostPort"
    words = [f'hostPorts {path}: container "m" uses hostPort {fault}']

    assert run_psp_rules(spec, hostPorts=allowed) == ([] if fault is None else words)


@pytest.mark.parametrize("key", ["hostNetwork", "hostPID", "hostIPC"])
def test_host_namespaces(key: str) -> None:
    assert run_psp_rules({key: True}, **{key: False}) == [f"{key} spec.{key}: pod is true"]
    assert run_psp_rules({key: True}, **{key: True}) == []
    assert run_psp_rules({key: False}, **{key: False}) == []


def test_privileged() -> None:
    assert run_psp_rules(build_container(privileged=True), privileged=False) == [
        f'privileged {C0}.privileged: container "m" is privileged'
    ]
    assert run_psp_rules(build_container(privileged=True), privileged=True) == []
    assert run_psp_rules(build_container(privileged=False), privileged=False) == []


@pytest.mark.parametrize(("value", "count"), [(True, 1), (None, 1), (False, 0)])
def test_escalation(value: bool | None, count: int) -> None:
    path = f"{C0}.allowPrivilegeEscalation"
    words = [f'allowPrivilegeEscalation {path}: container "m" must set it to false']

    assert (
        run_psp_rules(
            build_container(allowPrivilegeEscalation=value), allowPrivilegeEscalation=False
        )
        == words * count
    )
    assert (
        run_psp_rules(
            build_container(allowPrivilegeEscalation=value), allowPrivilegeEscalation=True
        )
        == []
    )


@pytest.mark.parametrize(("value", "count"), [(False, 1), (None, 1), (True, 0)])
def test_root_file_system(value: bool | None, count: int) -> None:
    words = [
        f'readOnlyRootFilesystem {C0}.readOnlyRootFilesystem: container "m" must set it to true'
    ]

    assert (
        run_psp_rules(build_container(readOnlyRootFilesystem=value), readOnlyRootFilesystem=True)
        == words * count
    )
    assert (
        run_psp_rules(build_container(readOnlyRootFilesystem=value), readOnlyRootFilesystem=False)
        == []
    )


# The rules that Kubernetes documented for each field of a PodSecurityPolicy.
ID_RULES = {
    "runAsUser": ("RunAsAny", "MustRunAs", "MustRunAsNonRoot"),
    "runAsGroup": ("RunAsAny", "MayRunAs", "MustRunAs"),
    "fsGroup": ("RunAsAny", "MayRunAs", "MustRunAs"),
    "supplementalGroups": ("RunAsAny", "MayRunAs", "MustRunAs"),
}


def read_from_settings(restrictions: dict[str, Any]) -> PspRules | None:
    head = {"apiVersion": "graphgate.io/v1alpha1", "kind": "Settings"}
    settings = read_settings({**head, "podSecurity": {"restrictions": restrictions}})
    return settings.pod_security.restrictions


@pytest.mark.parametrize("key", ID_RULES)
@pytest.mark.parametrize("rule", ["RunAsAny", "MayRunAs", "MustRunAs", "MustRunAsNonRoot"])
def test_settings_take_the_rules_of_a_policy_for_each_id(key: str, rule: str) -> None:
    restrictions = {key: build_ids(rule, (1, 2))}
    if rule in ID_RULES[key]:
        assert read_from_settings(restrictions) == read_psp_rules(restrictions)
    else:
        with pytest.raises(SettingsError, match=f"{key}.rule must be"):
            read_from_settings(restrictions)


@pytest.mark.parametrize(
    ("restrictions", "problem"),
    [
        ({"fsGroup": {"ranges": []}}, "fsGroup.rule is missing"),
        ({"hostPorts": [{"min": 80}]}, "hostPorts[0].max is missing"),
        ({"hostPorts": [{"max": 80}]}, "hostPorts[0].min is missing"),
        ({"hostPorts": [{"min": 80, "max": 65536}]}, "hostPorts[0].max must be 65535 or less"),
        ({"hostPorts": [{"min": -1, "max": 80}]}, "hostPorts[0].min must be 0 or more"),
        ({"runAsUser": build_ids("MustRunAs", (1, 2**31))}, "max must be 2147483647 or less"),
        ({"capabilities": {"requiredDrop": [1]}}, "requiredDrop[0] must be"),
        ({"capabilities": {"dropped": []}}, "unknown key"),
        ({"volumes": "secret"}, "volumes must be"),
        ({"privileged": "false"}, "privileged must be"),
    ],
)
def test_settings_refuse_what_is_no_restriction(restrictions: Any, problem: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(problem)):
        read_from_settings(restrictions)


def test_a_section_is_read_whole() -> None:
    section = {
        "runAsUser": build_ids("MustRunAsNonRoot"),
        "runAsGroup": build_ids("MustRunAs", (1, 2)),
        "fsGroup": build_ids("MayRunAs", (3, 3)),
        "supplementalGroups": {"rule": "RunAsAny"},
        "capabilities": {"requiredDrop": ["ALL"], "allowedAdd": []},
        "volumes": ["secret"],
        "hostPorts": [{"min": 0, "max": 65535}],
        "readOnlyRootFilesystem": True,
        "privileged": False,
        "allowPrivilegeEscalation": False,
        "hostNetwork": False,
        "hostPID": False,
        "hostIPC": False,
    }

    assert read_psp_rules(section) == PspRules(
        run_as_user=IdStrategy("MustRunAsNonRoot"),
        run_as_group=IdStrategy("MustRunAs", (IdRange(1, 2),)),
        fs_group=IdStrategy("MayRunAs", (IdRange(3, 3),)),
        required_drop=("ALL",),
        allowed_add=(),
        volumes=("secret",),
        host_ports=(IdRange(0, 65535),),
        read_only_root_filesystem=True,
        privileged=False,
        allow_privilege_escalation=False,
        host_network=False,
        host_pid=False,
        host_ipc=False,
    )
    assert read_from_settings(section) == read_psp_rules(section)
    assert read_psp_rules({}) == PspRules()
    written = write_psp_rules(read_psp_rules(section))
    assert written == {key: section[key] for key in section if key != "supplementalGroups"} | {
        "runAsUser": {"rule": "MustRunAsNonRoot", "ranges": []}
    }
    assert write_psp_rules(PspRules()) == {}
