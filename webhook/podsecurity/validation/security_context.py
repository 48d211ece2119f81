"""Pods that the API server refuses or the kubelet never starts, whatever a level says.

Here: the list of all reasons, and those about ids, root, privileges and namespaces. Not here:
profiles (`profiles`), Windows and Linux (`os_fields`), the types of values (the schema), levels
(`evaluate`), the id ranges of OpenShift (`openshift`).

Sources: kubernetes/kubernetes pkg/apis/core/validation/validation.go, pkg/kubelet/kuberuntime/
security_context_others.go. The words of either are quoted in the remediation, because that is what
a user would have met.
"""

from collections.abc import Iterator
from operator import methodcaller
from typing import Any

from webhook.graph.finding import Finding
from webhook.graph.model import get_list, get_mapping
from webhook.graph.path import Path
from webhook.graph.suggest import nearest_word
from webhook.podsecurity.ids import MAX_ID, MAX_USER_NAMESPACE_ID
from webhook.podsecurity.pod import POD_CONTEXT_PATH, Pod, is_int
from webhook.podsecurity.validation.os_fields import check_os_fields
from webhook.podsecurity.validation.profiles import check_profile_fields

_TRIVIAL_POD_FIELDS = frozenset({"runAsUser", "runAsGroup", "fsGroup"})
_TRIVIAL_CONTAINER_FIELDS = frozenset(
    {"allowPrivilegeEscalation", "capabilities", "readOnlyRootFilesystem"}
)


_PROC_MOUNTS = ("Default", "Unmasked")
_WINDOWS_ROOT = "ContainerAdministrator"
"""The user that counts as root (security_context_windows.go of the kubelet)."""

_get_context = methodcaller("get", "securityContext")


def is_trivially_valid(spec: Any, metadata: Any) -> bool:
    """Return whether the checks of this package certainly find nothing, as in most templates.

    Takes a raw pod template and reads only the common fields. False means "unknown": run the
    checks. True also means that every container is a mapping and that none of them sets users,
    root or privileges.
    """
    if type(spec) is not dict or "os" in spec or "hostUsers" in spec:
        return False
    if "ephemeralContainers" in spec or (type(metadata) is dict and "annotations" in metadata):
        return False
    if "securityContext" in spec:
        context = spec["securityContext"]
        if type(context) is not dict or not context.keys() <= _TRIVIAL_POD_FIELDS:
            return False
        for number in context.values():
            if type(number) is not int or not 0 < number <= MAX_ID:
                return False
    return _are_containers_trivial(spec.get("containers")) and (
        "initContainers" not in spec or _are_containers_trivial(spec["initContainers"])
    )


def _are_containers_trivial(containers: Any) -> bool:
    if type(containers) is not list:
        return False
    try:
        contexts = [*map(_get_context, containers)]
    except AttributeError:  # no mapping
        return False
    trivial: Any = None
    for context in contexts:
        if context is None or context == trivial:  # most are written in the same way
            continue
        if type(context) is not dict or not context.keys() <= _TRIVIAL_CONTAINER_FIELDS:
            return False
        if type(context.get("allowPrivilegeEscalation", False)) is not bool:
            return False
        if "capabilities" in context:
            capabilities = context["capabilities"]
            if type(capabilities) is not dict or "add" in capabilities:
                return False
            if type(capabilities.get("drop", [])) is not list:
                return False
        trivial = context
    return True


def api_server_errors(pod: Pod) -> tuple[Finding, ...]:
    """Return every reason why pods of this template cannot exist or start.

    Places are relative to the pod template and may be missing there: an inherited value is
    reported at the container that cannot bear it.
    """
    return (
        *_ids_out_of_range(pod),
        *_root_against_non_root(pod),
        *_escalation_contradictions(pod),
        *check_os_fields(pod),
        *_unmasked_proc_mounts(pod),
        *_host_namespaces_in_user_namespace(pod),
        *_ephemeral_containers(pod),
        *check_profile_fields(pod),
    )


def runtime_warnings(pod: Pod) -> tuple[Finding, ...]:
    """Return ids that do not exist in a pod with a user namespace of its own.

    Only worth a warning: the API server accepts them, and what happens then is up to the runtime.
    """
    if pod.host_users is not False:
        return ()
    return tuple(
        Finding(
            path,
            (
                f"{number} is above {MAX_USER_NAMESPACE_ID}, the highest id in a pod with "
                "hostUsers: false"
            ),
            rule_id="pod-security/id-beyond-user-namespace",
        )
        for path, number in _iter_ids(pod)
        if MAX_USER_NAMESPACE_ID < number <= MAX_ID
    )


def _iter_ids(pod: Pod) -> Iterator[tuple[Path, int]]:
    """Yield every id of a user or group, with its place."""
    for path, context in pod.iter_contexts():
        for field in ("runAsUser", "runAsGroup"):
            if is_int(number := context.get(field)):
                yield path / field, number
    if is_int(group := pod.context.get("fsGroup")):
        yield POD_CONTEXT_PATH / "fsGroup", group
    for index, group in enumerate(get_list(pod.context, "supplementalGroups")):
        if is_int(group):
            yield POD_CONTEXT_PATH / "supplementalGroups" / index, group


def _ids_out_of_range(pod: Pod) -> Iterator[Finding]:
    for path, number in _iter_ids(pod):
        if not 0 <= number <= MAX_ID:
            yield Finding(
                path,
                f"must be between 0 and {MAX_ID}, inclusive",
                f"{number} is not a valid id",
                rule_id="pod-security/id-out-of-range",
            )


def _root_against_non_root(pod: Pod) -> Iterator[Finding]:
    if pod.is_windows:
        yield from _administrators_against_non_root(pod)
        return
    for container in pod.containers:
        user = container.get_effective("runAsUser")
        if is_int(user) and user == 0 and container.get_effective("runAsNonRoot") is True:
            yield Finding(
                container.path / "securityContext" / "runAsUser",
                "is 0 while runAsNonRoot is true: the container can never start",
                'the kubelet would say "container\'s runAsUser breaks non-root policy"; '
                "set another user, or set runAsNonRoot to false on this container",
                rule_id="pod-security/root-against-non-root",
            )


def _administrators_against_non_root(pod: Pod) -> Iterator[Finding]:
    """Yield what the kubelet of a Windows node compares: names, in any case."""
    for container in pod.containers:
        contexts = (container.context, pod.context)
        options = [get_mapping(context, "windowsOptions") for context in contexts]
        user = next((one["runAsUserName"] for one in options if one.get("runAsUserName")), None)
        if (
            isinstance(user, str)
            and user.casefold() == _WINDOWS_ROOT.casefold()
            and container.get_effective("runAsNonRoot") is True
        ):
            yield Finding(
                container.path.join(("securityContext", "windowsOptions", "runAsUserName")),
                f"is {user} while runAsNonRoot is true: the container can never start",
                "set another user, or set runAsNonRoot to false on this container",
                rule_id="pod-security/root-against-non-root",
            )


def _escalation_contradictions(pod: Pod) -> Iterator[Finding]:
    for container in pod.containers:
        context = container.context
        if context.get("allowPrivilegeEscalation") is not False:
            continue
        path = container.path / "securityContext"
        if context.get("privileged") is True:
            yield _escalation_finding(path, "privileged: true", "`privileged` to true")
        # exactly this spelling; the API server lets SYS_ADMIN pass
        if "CAP_SYS_ADMIN" in get_list(container.capabilities, "add"):
            yield _escalation_finding(
                path, "capability CAP_SYS_ADMIN", "`capabilities.Add` CAP_SYS_ADMIN"
            )


def _escalation_finding(path: Path, conflicting_setting: str, upstream_text: str) -> Finding:
    return Finding(
        path,
        f"allowPrivilegeEscalation: false cannot be combined with {conflicting_setting}",
        "the API server would say "
        f'"cannot set `allowPrivilegeEscalation` to false and {upstream_text}"',
        rule_id="pod-security/escalation-contradiction",
    )


def _unmasked_proc_mounts(pod: Pod) -> Iterator[Finding]:
    for container in pod.containers:
        mount = container.context.get("procMount")
        path = container.path / "securityContext" / "procMount"
        if mount == "Unmasked" and pod.host_users is not False:
            yield Finding(
                path,
                "Unmasked requires hostUsers: false",
                'the API server would say "`hostUsers` must be false to use `Unmasked`"',
                rule_id="pod-security/unmasked-proc-mount",
            )
        elif isinstance(mount, str) and mount not in _PROC_MOUNTS:
            near = nearest_word(mount, _PROC_MOUNTS)
            yield Finding(
                path,
                f'"{mount}" is not a procMount type; allowed: Default, Unmasked',
                f'did you mean "{near}"?' if near else "",
                rule_id="pod-security/unmasked-proc-mount",
            )


def _host_namespaces_in_user_namespace(pod: Pod) -> Iterator[Finding]:
    # hostNetwork is not among them: newer API servers accept it
    for field in ("hostPID", "hostIPC"):
        if pod.host_users is False and pod.spec.get(field) is True:
            yield Finding(
                Path(("spec", field)),
                f"{field}: true cannot be combined with hostUsers: false",
                "remove one of the two",
                rule_id="pod-security/host-namespace-in-user-namespace",
            )


def _ephemeral_containers(pod: Pod) -> Iterator[Finding]:
    if pod.spec.get("ephemeralContainers"):
        yield Finding(
            Path(("spec", "ephemeralContainers")),
            "ephemeral containers are not allowed in a pod template",
            "remove them; kubectl debug adds one to a running pod",
            rule_id="pod-security/ephemeral-container-in-template",
        )
