"""OpenShift's id blocks, whether its SCCs are active, and users outside the range."""

import pytest

from webhook.graph.cluster_facts import Namespace
from webhook.graph.path import Path
from webhook.podsecurity import Pod
from webhook.podsecurity.openshift import (
    SUPPLEMENTAL_GROUPS_ANNOTATION,
    UID_RANGE_ANNOTATION,
    Block,
    is_scc_active,
    parse_block,
    read_group_blocks,
    refused_by_restricted_v2,
    uid_outside_namespace_range,
)

# What OpenShift's own parser (Go, Sscanf into 32-bit numbers) makes of these; measured.
BLOCKS = {
    "1000620000/10000": "1000620000-1000629999",
    "1000620000-1000629999": "1000620000-1000629999",
    "1/3": "1-3",
    "10/1": "10-10",
    "10-10": "10-10",
    "0/10000": "0-9999",
    "0/0": "0-4294967295",
    "5/0": "5-4",
    "10-5": "10-5",
    "4294967295/2": "4294967295-0",
    "4294967296/1": None,
    "1/4294967296": None,
    "1-4294967295": "1-4294967295",
    "2147483648/10": "2147483648-2147483657",
    "500/1000099999": "500-1000100498",
    " 1000/10": "1000-1009",
    "1000/ 10": "1000-1009",
    "1000- 1010": "1000-1010",
    "1000/10 ": "1000-1009",
    "\t1000/10": "1000-1009",
    "\xa01000/\u200310": "1000-1009",
    "\r1000/10": "1000-1009",
    "1000 /10": None,
    "1000 - 1010": None,
    "1000/10abc": "1000-1009",
    "1000/10,2000/10": "1000-1009",
    "1000/10/5": "1000-1009",
    "1000-1009,2000-2009": "1000-1009",
    "1000/10,99-99": "1000-1009",
    "99-99,1000/10": None,
    "1000-2000/10": None,
    "01000/10": "1000-1009",
    "0" * 30 + "1/2": "1-2",
    "9" * 5000 + "/1": None,
    "1/" + "9" * 5000: None,
    "0x3e8/10": None,
    "1_000/10": None,
    "1e3/10": None,
    "1000.5/10": None,
    "1000:10": None,
    "1000–1010": None,
    "-5/10": None,
    "+5/10": None,
    "1000": None,
    "1000/": None,
    "/10": None,
    "-": None,
    "abc": None,
    "": None,
    "\n1000/10": None,
    "\r\n1000/10": None,
    "1000/\n10": None,
    "1000/10\n": "1000-1009",
    "\x1c1/2": None,
    "\u200b1/2": None,
    "٣/3": None,
}


@pytest.mark.parametrize(("text", "expected"), BLOCKS.items())
def test_a_block_is_read_as_openshift_reads_it(text: str, expected: str | None) -> None:
    block = parse_block(text)

    assert (None if block is None else str(block)) == expected


def test_both_ends_of_a_block_belong_to_it() -> None:
    assert [number in Block(5, 7) for number in (4, 5, 7, 8)] == [False, True, True, False]


@pytest.mark.parametrize(
    ("annotations", "expected"),
    [
        ({}, None),
        ({UID_RANGE_ANNOTATION: "1000/10"}, (Block(1000, 1009),)),
        ({UID_RANGE_ANNOTATION: "1000/10", SUPPLEMENTAL_GROUPS_ANNOTATION: "1/1"}, (Block(1, 1),)),
        (
            {SUPPLEMENTAL_GROUPS_ANNOTATION: "1000/10, 2000/10"},
            (Block(1000, 1009), Block(2000, 2009)),
        ),
        ({SUPPLEMENTAL_GROUPS_ANNOTATION: "1000/10,99-99"}, (Block(1000, 1009), Block(99, 99))),
        ({SUPPLEMENTAL_GROUPS_ANNOTATION: "1000/10,"}, None),
        ({SUPPLEMENTAL_GROUPS_ANNOTATION: "1000/10,,2000/10"}, None),
        ({SUPPLEMENTAL_GROUPS_ANNOTATION: "", UID_RANGE_ANNOTATION: "1000/10"}, None),
    ],
)
def test_groups_are_a_list_of_blocks(
    annotations: dict[str, str], expected: tuple[Block, ...] | None
) -> None:
    assert read_group_blocks(Namespace({}, annotations)) == expected


DISABLED = "security.openshift.io/disable-securitycontextconstraints"


@pytest.mark.parametrize(
    ("openshift", "annotations", "labels", "active"),
    [
        (False, {}, {}, False),
        (True, {}, {}, True),
        (False, {UID_RANGE_ANNOTATION: ""}, {}, True),
        (True, {}, {DISABLED: "true"}, False),
        (False, {UID_RANGE_ANNOTATION: "1/1"}, {DISABLED: "true"}, False),
        (True, {}, {DISABLED: "True"}, True),
        (True, {}, {"openshift.io/run-level": "0"}, False),
        (True, {}, {"openshift.io/run-level": "1"}, False),
        (True, {}, {"openshift.io/run-level": "2"}, True),
    ],
)
def test_scc_is_active_on_openshift_unless_the_namespace_is_spared(
    openshift: bool, annotations: dict[str, str], labels: dict[str, str], active: bool
) -> None:
    assert is_scc_active(Namespace(labels, annotations), openshift=openshift) is active


NAMESPACE = Namespace({}, {UID_RANGE_ANNOTATION: "5000/10"})


def users_outside_range(pod: Pod, namespace: Namespace = NAMESPACE) -> list[str]:
    return [f"{path}: {message}" for path, message in uid_outside_namespace_range(pod, namespace)]


def test_each_container_whose_effective_user_is_outside_the_range_is_named() -> None:
    pod = Pod(
        {
            "securityContext": {"runAsUser": 4999},
            "initContainers": [{"name": "i"}],
            "containers": [
                {"name": "a", "securityContext": {"runAsUser": 5000}},
                {"name": "b", "securityContext": {"runAsUser": 5010}},
            ],
        }
    )
    words = "is outside the namespace's range 5000-5009; the restricted-v2 SCC will reject it"

    assert users_outside_range(pod) == [
        f"spec.initContainers[0].securityContext.runAsUser: user 4999 {words}",
        f"spec.containers[1].securityContext.runAsUser: user 5010 {words}",
    ]


@pytest.mark.parametrize(
    ("host_users", "user", "found"),
    [(False, 1000, 0), (False, 65534, 0), (False, 999, 1), (False, 65535, 1), (True, 1000, 1)],
)
def test_a_user_namespace_may_have_a_user_of_restricted_v3(
    host_users: bool, user: int, found: int
) -> None:
    context = {"runAsUser": user}
    pod = Pod({"hostUsers": host_users, "containers": [{"securityContext": context}]})

    assert len(users_outside_range(pod)) == found


@pytest.mark.parametrize("user", [None, True, "8888", 8.5])
def test_what_is_no_user_is_not_outside(user: object) -> None:
    assert (
        users_outside_range(Pod({"containers": [{"securityContext": {"runAsUser": user}}]})) == []
    )


def test_windows_pods_and_unreadable_ranges_are_passed_over() -> None:
    spec = {"containers": [{"securityContext": {"runAsUser": 1}}]}

    assert users_outside_range(Pod({**spec, "os": {"name": "windows"}})) == []
    assert users_outside_range(Pod(spec), Namespace({}, {UID_RANGE_ANNOTATION: "x"})) == []
    assert users_outside_range(Pod(spec), Namespace()) == []


PRIVILEGED_POD = {
    "hostNetwork": True,
    "hostPID": False,
    "volumes": [{"name": "v", "emptyDir": {}}, {"name": "h", "hostPath": {"path": "/"}}],
    "initContainers": [
        {
            "name": "i",
            "securityContext": {"capabilities": {"add": ["NET_BIND_SERVICE", "SYS_TIME"]}},
        }
    ],
    "containers": [
        {
            "name": "a",
            "securityContext": {"privileged": True, "runAsUser": 0},
            "ports": [{"containerPort": 1}, {"containerPort": 2, "hostPort": 2}],
        },
        {"name": "b", "securityContext": {"allowPrivilegeEscalation": True, "privileged": False}},
    ],
}


def test_each_privilege_that_restricted_v2_refuses_is_named() -> None:
    found = [f"{path}: {fact}" for path, fact in refused_by_restricted_v2(Pod(PRIVILEGED_POD))]
    words = "the restricted-v2 SCC will reject"
    assert found == [
        f"spec.hostNetwork: {words} hostNetwork: true",
        f"spec.volumes[1].hostPath: {words} a hostPath volume",
        f"spec.initContainers[0].securityContext.capabilities.add[1]: {words} "
        "the capability SYS_TIME",
        f"spec.containers[0].securityContext.privileged: {words} privileged: true",
        f"spec.containers[0].ports[1].hostPort: {words} a hostPort",
        f"spec.containers[1].securityContext.allowPrivilegeEscalation: {words} "
        "allowPrivilegeEscalation: true",
    ]


@pytest.mark.parametrize("field", ["hostNetwork", "hostPID", "hostIPC"])
def test_restricted_v2_refuses_each_namespace_of_the_host(field: str) -> None:
    assert [*refused_by_restricted_v2(Pod({field: True, "containers": []}))] == [
        (Path(("spec", field)), f"the restricted-v2 SCC will reject {field}: true")
    ]


def test_a_windows_pod_asks_restricted_v2_for_nothing() -> None:
    assert not [*refused_by_restricted_v2(Pod({**PRIVILEGED_POD, "os": {"name": "windows"}}))]
