"""The ids that a user can meet and that are not rules with a module of their own.

Here: their constants and texts. Not here: rules, and the lookup of both (`descriptors`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from webhook.rules import Action

DEFAULTING_RULE_ID = "defaulting"
NOT_DEFAULTED_RULE_ID = "not-defaulted"
POLICY_EXCEPTION_RULE_ID = "policy-exception"
UNREADABLE_RULE_ID = "unreadable"
MISSPELLED_KIND_RULE_ID = "misspelled-kind"
NESTED_TOO_DEEP_RULE_ID = "nested-too-deep"
ENGINE_RULE_ID = "engine"
POD_SECURITY_RULE_ID = "pod-security"
POLICY_RULE_ID = "policy"
YAML_RULE_ID_PREFIX = "yaml/"
POD_SECURITY_RULE_ID_PREFIX = "pod-security/"
RESTRICTIONS_RULE_ID_PREFIX = "pod-security/restrictions/"


@dataclass(frozen=True, slots=True)
class Descriptor:
    """What one id means.

    id            "yaml/duplicate-key"; "policy/NAME/N" is a pattern for all such ids
    title         the problem in a few words, without full stop
    why           what goes wrong
    fix           what to do about it
    action        what is done by default; None: `decided_by` names what decides
    configurable  whether `rules.ID.action` in settings changes the action
    decided_by    the setting or field that decides where the action is not fixed
    """

    id: str
    title: str
    why: str
    fix: str
    action: Action | None = "warn"
    configurable: bool = True
    decided_by: str = ""

    @property
    def default(self) -> str:
        """The default action in words."""
        return f"by {self.decided_by}" if self.action is None else self.action


def all_descriptors() -> Iterator[Descriptor]:
    """Yield the descriptor of every id that is not a rule."""
    yield from _NOTICES
    yield from _CRASHES
    yield from _NEVER_RUNS
    yield from POLICY_DESCRIPTORS
    for check_id, (title, fix) in _STANDARD_CHECKS.items():
        yield Descriptor(
            f"{POD_SECURITY_RULE_ID_PREFIX}{check_id}",
            title,
            "The Pod Security Standard of the namespace, or of the settings, forbids it. "
            "Kubernetes applies the standard to pods and not to SeldonDeployments: the object "
            "would be stored, and none of its pods would start.",
            fix,
            None,
            decided_by="podSecurity.mode",
        )
    for key, noun in _RESTRICTIONS.items():
        yield Descriptor(
            f"{RESTRICTIONS_RULE_ID_PREFIX}{key}",
            f"{noun} not allowed by podSecurity.restrictions",
            "The settings restrict this field of pods beyond the Pod Security Standards.",
            f"use a value that podSecurity.restrictions.{key} of the settings allows, or ask the "
            "operator of graphgate to allow this one.",
            None,
            decided_by="podSecurity.mode",
        )


_NOTICES = (
    Descriptor(
        UNREADABLE_RULE_ID,
        "Unreadable file or document",
        "The file cannot be opened, or a part of it is neither YAML nor JSON. Nothing in that part "
        "was checked, so the command ends with exit code 2.",
        "correct the syntax at the line and column of the finding, or the permissions of the file.",
        "deny",
        configurable=False,
    ),
    Descriptor(
        MISSPELLED_KIND_RULE_ID,
        "Misspelled or missing kind",
        "The document is almost a SeldonDeployment: the kind is misspelled or missing, or is not "
        "one of Seldon's apiVersion. kubectl refuses it, and nothing in it was checked, so the "
        "command ends with exit code 2.",
        "write kind: SeldonDeployment.",
        "deny",
        configurable=False,
    ),
    Descriptor(
        f"{YAML_RULE_ID_PREFIX}duplicate-key",
        "Key written twice in one mapping",
        "kubectl keeps the last value and drops the others without a word. Often two list items "
        "lost a dash and became one mapping.",
        "remove one of the two keys, or write the missing dash.",
    ),
    Descriptor(
        f"{YAML_RULE_ID_PREFIX}overwritten-by-merge",
        "Key overwritten by a merge",
        'A merge ("<<") below a key overwrites that key when kubectl reads the file.',
        'put "<<" first in the mapping.',
    ),
    Descriptor(
        f"{YAML_RULE_ID_PREFIX}unknown-tag",
        "Unknown YAML tag",
        "kubectl does not know the tag: a scalar becomes a string, anything else is read as if the "
        "tag were not there.",
        "remove the tag.",
    ),
    Descriptor(
        f"{YAML_RULE_ID_PREFIX}typographic-quotes",
        "Typographic quotes",
        "A word processor or a chat program has replaced the quotes. YAML knows only straight "
        "ones, so these are part of the value.",
        "write straight quotes, or none.",
    ),
    Descriptor(
        DEFAULTING_RULE_ID,
        "Defaults not applied as requested",
        "An annotation of the namespace asks for defaults that graphgate cannot follow: an unknown "
        "key, an invalid value, or a contradiction. The whole annotation is ignored.",
        "correct the annotation graphgate.io/security-defaults of the namespace.",
    ),
    Descriptor(
        NOT_DEFAULTED_RULE_ID,
        "Defaults missing at validation",
        "The object reached the validating webhook without its defaults: the mutating webhook of "
        "graphgate did not see it.",
        "check that the mutating webhook is registered and selects this namespace.",
    ),
    Descriptor(
        POLICY_EXCEPTION_RULE_ID,
        "Expired policy exception",
        "A PolicyException that would cover a finding has expired. It no longer exempts from "
        "anything.",
        "renew the exception, or remove it.",
    ),
    Descriptor(
        NESTED_TOO_DEEP_RULE_ID,
        "Object nested too deeply",
        "The review holds an object with more levels than the JSON reader accepts. No valid "
        "SeldonDeployment comes near that number.",
        "make the graph flatter.",
        "deny",
        configurable=False,
    ),
)
"""Findings about the document, the file and the installation."""

_CRASH_FIX = (
    "report it with the traceback from the log of graphgate. `onRuleError: allow` in the settings "
    "lets objects pass meanwhile."
)

_CRASHES = (
    Descriptor(
        ENGINE_RULE_ID,
        "Internal error of graphgate",
        "graphgate itself failed while it evaluated the object. The author's object is not to "
        "blame.",
        _CRASH_FIX,
        None,
        configurable=False,
        decided_by="onRuleError",
    ),
    Descriptor(
        POD_SECURITY_RULE_ID,
        "Internal error in the checks of pods",
        "The checks of pods failed on this object. All other checks ran. The author's object "
        "is not to blame.",
        _CRASH_FIX,
        None,
        configurable=False,
        decided_by="onRuleError",
    ),
    Descriptor(
        POLICY_RULE_ID,
        "Internal error in the evaluation of policies",
        "The evaluation of users' policies failed on this object. All other checks ran. The "
        "author's "
        "object is not to blame.",
        _CRASH_FIX,
        None,
        configurable=False,
        decided_by="onRuleError",
    ),
)
"""What is named where a part of graphgate crashed; a rule that crashes is named by its own id."""

_NEVER_RUNS = (
    Descriptor(
        f"{POD_SECURITY_RULE_ID_PREFIX}id-out-of-range",
        "User or group id out of range",
        "The API server refuses ids below 0 and above 2147483647.",
        "use an id from 0 to 2147483647.",
        "deny",
    ),
    Descriptor(
        f"{POD_SECURITY_RULE_ID_PREFIX}root-against-non-root",
        "User 0 with runAsNonRoot",
        "The effective user of the container is 0 and runAsNonRoot is true: the kubelet never "
        "starts it.",
        "set another runAsUser, or set runAsNonRoot to false on this container.",
        "deny",
    ),
    Descriptor(
        f"{POD_SECURITY_RULE_ID_PREFIX}escalation-contradiction",
        "Contradictory privilege escalation",
        "The API server refuses allowPrivilegeEscalation false beside privileged true or an added "
        "CAP_SYS_ADMIN.",
        "remove one of the two.",
        "deny",
    ),
    Descriptor(
        f"{POD_SECURITY_RULE_ID_PREFIX}linux-field-on-windows",
        "Linux field in a Windows pod",
        "The API server refuses this field in a pod with os.name windows.",
        "remove the field, or os.name windows.",
        "deny",
    ),
    Descriptor(
        f"{POD_SECURITY_RULE_ID_PREFIX}windows-field-on-linux",
        "Windows field in a Linux pod",
        "The API server refuses windowsOptions in a pod with os.name linux.",
        "remove windowsOptions, or os.name linux.",
        "deny",
    ),
    Descriptor(
        f"{POD_SECURITY_RULE_ID_PREFIX}unmasked-proc-mount",
        "Invalid procMount",
        "The API server takes Default, and Unmasked only with hostUsers false.",
        "set procMount to Default, or hostUsers to false.",
        "deny",
    ),
    Descriptor(
        f"{POD_SECURITY_RULE_ID_PREFIX}host-namespace-in-user-namespace",
        "Host namespace with a user namespace",
        "The API server refuses hostPID and hostIPC in a pod with hostUsers false.",
        "remove one of the two.",
        "deny",
    ),
    Descriptor(
        f"{POD_SECURITY_RULE_ID_PREFIX}ephemeral-container-in-template",
        "Ephemeral container in a template",
        "The API server refuses ephemeral containers in a pod template.",
        "remove them; `kubectl debug` adds one to a running pod.",
        "deny",
    ),
    Descriptor(
        f"{POD_SECURITY_RULE_ID_PREFIX}malformed-profile",
        "Invalid seccomp or AppArmor profile",
        "The profile has no known type, lacks the name that its type needs, or has one that it "
        "must not have.",
        "set type to RuntimeDefault, Localhost or Unconfined, and localhostProfile with Localhost "
        "only.",
        "deny",
    ),
    Descriptor(
        f"{POD_SECURITY_RULE_ID_PREFIX}id-beyond-user-namespace",
        "Id beyond the user namespace",
        "A pod with hostUsers false maps the ids 0 to 65535 only; what happens with a larger one "
        "is up to the container runtime.",
        "use an id up to 65535, or remove hostUsers false.",
    ),
    Descriptor(
        f"{POD_SECURITY_RULE_ID_PREFIX}outside-namespace-range",
        "Id outside the namespace's range",
        "OpenShift's restricted SCC admits only ids of the range in the namespace's annotations. "
        "The pod runs only if its service account may use another SCC.",
        "remove the id, so that OpenShift sets it, or use one of the range.",
    ),
    Descriptor(
        f"{POD_SECURITY_RULE_ID_PREFIX}refused-by-restricted-v2",
        "Privilege that restricted-v2 refuses",
        "OpenShift's restricted-v2 SCC admits no privileged container, no privilege escalation, no "
        "capability but NET_BIND_SERVICE, and nothing of the host. The pod runs only if its "
        "service account may use another SCC.",
        "remove it, or grant the service account an SCC that has it.",
    ),
)
"""Pods that the API server refuses or the kubelet never starts, whatever the standard."""

POLICY_DESCRIPTORS = (
    Descriptor(
        "policy/NAME",
        "Policy as a whole",
        "The policy of this name could not be evaluated, or recorded an audit annotation.",
        "see the policy: `graphgate policies list` shows where it comes from.",
        None,
        configurable=False,
        decided_by="failurePolicy and validationActions of the policy",
    ),
    Descriptor(
        "policy/NAME/N",
        "Validation or mutation of a policy",
        "The validation or mutation with this index (from 0) of the policy of this name failed.",
        "follow the message, or ask the owner of the policy for a PolicyException.",
        None,
        configurable=False,
        decided_by="validationActions of the policy's binding",
    ),
)

_STANDARD_CHECKS: Mapping[str, tuple[str, str]] = {
    "allowPrivilegeEscalation": (
        "Privilege escalation allowed",
        "set securityContext.allowPrivilegeEscalation to false in every container.",
    ),
    "appArmorProfile": (
        "AppArmor profile not allowed",
        "use the type RuntimeDefault or Localhost, or remove the profile.",
    ),
    "capabilities_baseline": (
        "Added capability not allowed",
        "remove it from securityContext.capabilities.add.",
    ),
    "capabilities_restricted": (
        "Capabilities not dropped",
        "set securityContext.capabilities.drop to [ALL]; only NET_BIND_SERVICE may be added.",
    ),
    "hostNamespaces": (
        "Host namespace shared",
        "remove hostNetwork, hostPID and hostIPC.",
    ),
    "hostPathVolumes": (
        "hostPath volume not allowed",
        "use a persistentVolumeClaim, configMap, secret or emptyDir.",
    ),
    "hostPorts": ("hostPort not allowed", "remove hostPort from the ports of the container."),
    "hostProbesAndHostLifecycle": (
        "Host set in a probe or lifecycle hook",
        "remove host: the kubelet then calls the pod itself.",
    ),
    "privileged": ("Privileged container", "remove securityContext.privileged."),
    "procMount": ("procMount not allowed", "remove securityContext.procMount."),
    "procMount_restricted": ("procMount not allowed", "remove securityContext.procMount."),
    "restrictedVolumes": (
        "Volume type not allowed",
        "use configMap, csi, downwardAPI, emptyDir, ephemeral, image, persistentVolumeClaim, "
        "projected or secret.",
    ),
    "runAsNonRoot": (
        "Container may run as root",
        "set securityContext.runAsNonRoot to true, in the pod or in every container.",
    ),
    "runAsUser": ("Container runs as user 0", "set securityContext.runAsUser to another id."),
    "seLinuxOptions": (
        "SELinux options not allowed",
        "remove user and role, and use one of the types that containers may have.",
    ),
    "seccompProfile_baseline": (
        "seccomp profile Unconfined",
        "use the type RuntimeDefault or Localhost, or remove the profile.",
    ),
    "seccompProfile_restricted": (
        "No seccomp profile",
        "set securityContext.seccompProfile.type to RuntimeDefault, in the pod or in every "
        "container.",
    ),
    "sysctls": ("Unsafe sysctl", "remove it from securityContext.sysctls."),
    "windowsHostProcess": (
        "Windows host process",
        "remove securityContext.windowsOptions.hostProcess.",
    ),
}
"""Upstream's id of each check of the Pod Security Standards: title and fix."""

_RESTRICTIONS: Mapping[str, str] = {
    "runAsUser": "User id",
    "runAsGroup": "Group id",
    "fsGroup": "fsGroup",
    "supplementalGroups": "Supplemental group",
    "capabilities": "Capability",
    "volumes": "Volume type",
    "hostPorts": "hostPort",
    "hostNetwork": "hostNetwork",
    "hostPID": "hostPID",
    "hostIPC": "hostIPC",
    "privileged": "Privileged container",
    "allowPrivilegeEscalation": "Privilege escalation",
    "readOnlyRootFilesystem": "Writable root filesystem",
}
"""Each key of podSecurity.restrictions that a pod can violate: what it restricts."""
