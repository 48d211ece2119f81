"""OpenShift's security context constraints, as far as they concern the security context of pods.

Here: the namespace annotations with id blocks, their parser, whether SCCs are active, which
effective users lie outside, and what else restricted-v2 refuses. Not here: what a default does
about it (`defaulting.resolve`).

Sources: openshift/library-go pkg/security/uid (ParseBlock), openshift/apiserver-library-go
securitycontextconstraints; behaviour of the parser measured, edge cases included.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from webhook.graph.cluster_facts import Namespace
from webhook.graph.model import as_mapping, get_list
from webhook.graph.path import Path
from webhook.podsecurity.pod import Container, Pod, is_int

UID_RANGE_ANNOTATION = "openshift.io/sa.scc.uid-range"
SUPPLEMENTAL_GROUPS_ANNOTATION = "openshift.io/sa.scc.supplemental-groups"
SCC_DISABLED_LABEL = "security.openshift.io/disable-securitycontextconstraints"
RUN_LEVEL_LABEL = "openshift.io/run-level"


@dataclass(frozen=True, slots=True)
class Block:
    """A range of ids, both ends included. `end < start` is possible: such a block holds no id."""

    start: int
    end: int

    def __contains__(self, number: int) -> bool:
        return self.start <= number <= self.end

    def __str__(self) -> str:
        return f"{self.start}-{self.end}"


RESTRICTED_V3_IDS = Block(1000, 65534)
"""The users and groups that the SCC restricted-v3 admits; it needs `hostUsers: false`."""

_UINT32 = 2**32

# What Go's Sscanf("%d/%d") reads into unsigned integers: spaces before a number are skipped (a
# line break is not), no sign, underscores and other bases are refused, the rest of the text after
# the second number is never used.
_SPACES = r"(?:[\t\v\f \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]|\r(?!\n))*"
_SLASH = re.compile(rf"{_SPACES}([0-9]+)/{_SPACES}([0-9]+)")
_DASH = re.compile(rf"{_SPACES}([0-9]+)-{_SPACES}([0-9]+)")
_MAX_DIGITS = 10  # digits of 32 bits; int() refuses thousands of them


def parse_block(text: str) -> Block | None:
    """Return the first block of `<start>/<size>` or `<start>-<end>`; None if there is none.

    As OpenShift's own parser: a slash anywhere selects the first form, numbers have 32 bits,
    `start + size - 1` wraps around, and neither the order of the ends nor the size is checked.
    """
    slash = "/" in text
    match = (_SLASH if slash else _DASH).match(text)
    if match is None:
        return None
    first, second = (digits.lstrip("0") or "0" for digits in match.groups())
    if len(first) > _MAX_DIGITS or len(second) > _MAX_DIGITS:
        return None
    start, other = int(first), int(second)
    if start >= _UINT32 or other >= _UINT32:
        return None
    return Block(start, (start + other - 1) % _UINT32 if slash else other)


def read_group_blocks(namespace: Namespace) -> tuple[Block, ...] | None:
    """Return the namespace's group blocks, None if its annotation cannot be used.

    Without the annotation the uid-range counts. One block that cannot be read spoils all.
    """
    text = namespace.annotations.get(SUPPLEMENTAL_GROUPS_ANNOTATION)
    if text is None:
        text = namespace.annotations.get(UID_RANGE_ANNOTATION)
    if text is None:
        return None
    blocks = [parse_block(part) for part in text.split(",")]
    readable = tuple(block for block in blocks if block is not None)
    return readable if len(readable) == len(blocks) else None


def is_scc_active(namespace: Namespace, *, openshift: bool) -> bool:
    """Return whether SCCs evaluate the pods of a namespace.

    `openshift` is whether the cluster serves security.openshift.io/v1. A new namespace is not
    annotated yet, and an annotated one may be evaluated without access to a cluster.
    """
    if not openshift and UID_RANGE_ANNOTATION not in namespace.annotations:
        return False
    if namespace.labels.get(SCC_DISABLED_LABEL) == "true":
        return False
    return namespace.labels.get(RUN_LEVEL_LABEL) not in ("0", "1")


def uid_outside_namespace_range(pod: Pod, namespace: Namespace) -> Iterator[tuple[Path, str]]:
    """Yield a place and a fact for each container whose effective user restricted-v2 refuses.

    Only a warning: the service account may be granted `nonroot-v2` or `anyuid`. A pod with
    `hostUsers: false` may have a user of restricted-v3 instead. Places are relative to the pod's
    template and may be missing there (an inherited user).
    """
    if pod.is_windows:
        return
    block = parse_block(namespace.annotations.get(UID_RANGE_ANNOTATION, ""))
    if block is None:
        return
    for container in pod.containers:
        user = container.get_effective("runAsUser")
        if not is_int(user) or user in block:
            continue
        if pod.host_users is False and user in RESTRICTED_V3_IDS:
            continue
        yield (
            container.path / "securityContext" / "runAsUser",
            f"user {user} is outside the namespace's range {block}; "
            "the restricted-v2 SCC will reject it",
        )


_HOST_NAMESPACES = ("hostNetwork", "hostPID", "hostIPC")


def refused_by_restricted_v2(pod: Pod) -> Iterator[tuple[Path, str]]:
    """Yield path and message for each privilege that a pod requests and restricted-v2 lacks.

    Only a warning, as above: the service account may be granted an SCC that has it. Source: the
    SCC restricted-v2 of openshift/cluster-kube-apiserver-operator (bindata).
    """
    if pod.is_windows:
        return
    for field in _HOST_NAMESPACES:
        if pod.spec.get(field) is True:
            yield Path(("spec", field)), _refused(f"{field}: true")
    for index, volume in enumerate(pod.volumes):
        if volume.get("hostPath") is not None:
            yield Path(("spec", "volumes", index, "hostPath")), _refused("a hostPath volume")
    for container in pod.containers:
        for path, what in _privileges(container):
            yield container.path.join(path), _refused(what)


def _privileges(container: Container) -> Iterator[tuple[Path, str]]:
    for field in ("privileged", "allowPrivilegeEscalation"):
        if container.context.get(field) is True:
            yield Path(("securityContext", field)), f"{field}: true"
    for index, name in enumerate(get_list(container.capabilities, "add")):
        if name != "NET_BIND_SERVICE":
            path = Path(("securityContext", "capabilities", "add", index))
            yield path, f"the capability {name}"
    for index, port in enumerate(get_list(container.raw, "ports")):
        if as_mapping(port).get("hostPort"):
            yield Path(("ports", index, "hostPort")), "a hostPort"


def _refused(what: str) -> str:
    return f"the restricted-v2 SCC will reject {what}"
