"""PodSecurityPolicies carried over into settings."""

from typing import Any

import pytest

from webhook.defaulting import read_options
from webhook.errors import PolicyError
from webhook.podsecurity.psp.convert import Conversion, convert_psp
from webhook.podsecurity.psp.settings import read_psp_rules

RBAC = "RBAC permissions to use the policy are not carried over: settings apply to every namespace"
NOTHING_ALLOWED = {
    "privileged": False,
    "hostNetwork": False,
    "hostPID": False,
    "hostIPC": False,
    "allowPrivilegeEscalation": True,
    "readOnlyRootFilesystem": False,
    "hostPorts": [],
    "volumes": [],
    "capabilities": {"requiredDrop": [], "allowedAdd": []},
}


def build_psp(annotations: Any = None, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "policy/v1beta1",
        "kind": "PodSecurityPolicy",
        "metadata": {"name": "p", "annotations": annotations},
        "spec": spec,
    }


def test_what_a_policy_leaves_out_it_forbids_and_so_do_the_settings() -> None:
    assert convert_psp(build_psp()) == Conversion(
        {
            "defaults": {"runAsUser": None, "runAsNonRoot": "off"},
            "podSecurity": {"mode": "enforce", "restrictions": NOTHING_ALLOWED},
        },
        (RBAC,),
    )


def test_a_strict_policy_is_carried_over_whole() -> None:
    ranges = [{"min": 1000, "max": 1999}]
    policy = build_psp(
        privileged=False,
        allowPrivilegeEscalation=False,
        defaultAllowPrivilegeEscalation=False,
        requiredDropCapabilities=["ALL"],
        allowedCapabilities=["NET_BIND_SERVICE"],
        volumes=["configMap", "secret"],
        hostPorts=[{"min": 8000, "max": 8080}],
        hostNetwork=False,
        runAsUser={"rule": "MustRunAs", "ranges": ranges},
        runAsGroup={"rule": "MustRunAs", "ranges": [{"min": 5, "max": 6}]},
        fsGroup={"rule": "MustRunAs", "ranges": [{"min": 7, "max": 8}]},
        supplementalGroups={"rule": "MayRunAs", "ranges": ranges},
        seLinux={"rule": "RunAsAny"},
    )

    assert convert_psp(policy) == Conversion(
        {
            "defaults": {
                "runAsUser": 1000,
                "runAsNonRoot": "off",
                "runAsGroup": 5,
                "fsGroup": 7,
                "allowPrivilegeEscalation": False,
                "dropCapabilities": ["ALL"],
            },
            "podSecurity": {
                "mode": "enforce",
                "restrictions": {
                    **NOTHING_ALLOWED,
                    "allowPrivilegeEscalation": False,
                    "hostPorts": [{"min": 8000, "max": 8080}],
                    "volumes": ["configMap", "secret"],
                    "capabilities": {"requiredDrop": ["ALL"], "allowedAdd": ["NET_BIND_SERVICE"]},
                    "runAsUser": {"rule": "MustRunAs", "ranges": ranges},
                    "runAsGroup": {"rule": "MustRunAs", "ranges": [{"min": 5, "max": 6}]},
                    "fsGroup": {"rule": "MustRunAs", "ranges": [{"min": 7, "max": 8}]},
                    "supplementalGroups": {"rule": "MayRunAs", "ranges": ranges},
                },
            },
        },
        (RBAC,),
    )


def test_the_result_can_be_used_as_settings() -> None:
    policy = build_psp(
        runAsUser={"rule": "MustRunAsNonRoot"},
        fsGroup={"rule": "MayRunAs", "ranges": [{"min": 1, "max": 2}]},
        supplementalGroups={"rule": "RunAsAny"},
        volumes=["*"],
    )
    settings = convert_psp(policy).settings

    assert read_options(settings["defaults"]).run_as_non_root == "always"
    assert read_psp_rules(settings["podSecurity"]["restrictions"]).volumes == ("*",)


@pytest.mark.parametrize(
    ("spec", "note"),
    [
        (
            {"allowedHostPaths": [{}]},
            "spec.allowedHostPaths is not carried over: hostPath volumes are allowed or not; "
            "single paths cannot be listed",
        ),
        (
            {"allowedFlexVolumes": [{}]},
            "spec.allowedFlexVolumes is not carried over: flexVolume volumes are allowed or "
            "not; single drivers cannot be listed",
        ),
        (
            {"allowedCSIDrivers": [{}]},
            "spec.allowedCSIDrivers is not carried over: csi volumes are allowed or not; "
            "single drivers cannot be listed",
        ),
        (
            {"allowedProcMountTypes": ["Default"]},
            "spec.allowedProcMountTypes is not carried over: the Pod Security Standards check"
            " procMount",
        ),
        (
            {"allowedUnsafeSysctls": ["kernel.msg*"]},
            "spec.allowedUnsafeSysctls is not carried over: the Pod Security Standards check "
            "sysctls",
        ),
        (
            {"forbiddenSysctls": ["*"]},
            "spec.forbiddenSysctls is not carried over: the Pod Security Standards check sysctls",
        ),
        (
            {"runtimeClass": {"x": 1}},
            "spec.runtimeClass is not carried over: use a policy to require or default "
            "a runtimeClassName",
        ),
        ({"newer": 1}, "spec.newer is not carried over: unknown field"),
        (
            {"seLinux": {"rule": "MustRunAs"}},
            "spec.seLinux is not carried over: the Pod Security Standards check SELinux types",
        ),
        (
            {"defaultAddCapabilities": ["KILL"]},
            "spec.defaultAddCapabilities is allowed, but no longer added: set the "
            "capabilities in the containers that need them",
        ),
        (
            {"runAsUser": {"rule": "MustRunAs", "ranges": [{"min": 0, "max": 5}]}},
            "defaults.runAsUser is 0 (root): allow it with --allow-root-default",
        ),
        (
            {"supplementalGroups": {"rule": "MustRunAs", "ranges": [{"min": 1, "max": 5}]}},
            "spec.supplementalGroups is required, but no longer added to pods",
        ),
        (
            {"readOnlyRootFilesystem": True},
            "spec.readOnlyRootFilesystem is required, but no longer added to pods",
        ),
        (
            {"requiredDropCapabilities": ["KILL"]},
            "spec.requiredDropCapabilities is required, but no longer added to pods: "
            "defaults can only drop ALL",
        ),
        (
            {"defaultAllowPrivilegeEscalation": False},
            "spec.defaultAllowPrivilegeEscalation false is not carried over: set "
            "defaults.allowPrivilegeEscalation",
        ),
    ],
)
def test_what_has_no_equivalent_is_reported(spec: dict[str, Any], note: str) -> None:
    assert convert_psp(build_psp(**spec)).notes == (note, RBAC)


@pytest.mark.parametrize(
    ("key", "what"),
    [
        (
            "seccomp.security.alpha.kubernetes.io/defaultProfileName",
            "set defaults.seccompProfile, the Pod Security Standards check profiles",
        ),
        (
            "seccomp.security.alpha.kubernetes.io/allowedProfileNames",
            "set defaults.seccompProfile, the Pod Security Standards check profiles",
        ),
        (
            "apparmor.security.beta.kubernetes.io/defaultProfileName",
            "the Pod Security Standards check AppArmor",
        ),
    ],
)
def test_annotations_are_reported_too(key: str, what: str) -> None:
    note = f"annotation {key} is not carried over: {what}"

    assert convert_psp(build_psp({key: "x", "other": "y"})).notes == (note, RBAC)


def test_a_read_only_root_file_system_stays_demanded() -> None:
    restrictions = convert_psp(build_psp(readOnlyRootFilesystem=True)).settings["podSecurity"]
    assert restrictions == {
        "mode": "enforce",
        "restrictions": {**NOTHING_ALLOWED, "readOnlyRootFilesystem": True},
    }


@pytest.mark.parametrize("profile", ["runtime/default", "docker/default"])
def test_the_default_profile_of_the_runtime_is_kept(profile: str) -> None:
    key = "seccomp.security.alpha.kubernetes.io/defaultProfileName"
    conversion = convert_psp(build_psp({key: profile}))
    assert conversion.settings["defaults"]["seccompProfile"] == "RuntimeDefault"
    assert conversion.notes == (RBAC,)
    assert read_options(conversion.settings["defaults"]).seccomp_profile == "RuntimeDefault"


@pytest.mark.parametrize("profile", ["localhost/mine", None, 1])
def test_another_profile_is_reported_as_left_out(profile: Any) -> None:
    key = "seccomp.security.alpha.kubernetes.io/defaultProfileName"
    conversion = convert_psp(build_psp({key: profile}))
    assert "seccompProfile" not in conversion.settings["defaults"]
    assert conversion.notes[0].startswith(f"annotation {key} is not carried over")


@pytest.mark.parametrize(
    "ids",
    [{"rule": "MayRunAs", "ranges": [{"min": 5, "max": 6}]}, {"rule": "MustRunAs", "ranges": []}],
)
def test_only_what_must_run_in_a_range_is_written_into_pods(ids: dict[str, Any]) -> None:
    assert convert_psp(build_psp(runAsUser=ids)).settings["defaults"]["runAsUser"] is None


@pytest.mark.parametrize("spec", [{"seLinux": {}}, {"seLinux": {"rule": None}}, {"seLinux": []}])
def test_no_rule_for_selinux_is_nothing_to_say(spec: dict[str, Any]) -> None:
    assert convert_psp(build_psp(**spec)).notes == (RBAC,)


def test_capabilities_added_by_default_stay_allowed() -> None:
    policy = build_psp(allowedCapabilities=["A"], defaultAddCapabilities=["A", "B"])

    restrictions = convert_psp(policy).settings["podSecurity"]["restrictions"]
    assert restrictions["capabilities"]["allowedAdd"] == ["A", "B"]


@pytest.mark.parametrize(
    ("policy", "sentence"),
    [
        (None, "the document is not a PodSecurityPolicy"),
        ({"kind": "Pod"}, "the document is not a PodSecurityPolicy"),
        ({"kind": "PodSecurityPolicy", "spec": []}, "the PodSecurityPolicy has no spec"),
        (build_psp(privileged="yes"), "spec.privileged must be true or false"),
        (build_psp(volumes="*"), "spec.volumes must be a list of strings"),
        (
            build_psp(runAsUser="RunAsAny"),
            "spec.runAsUser.rule is not a valid PodSecurityPolicy rule",
        ),
        (
            build_psp(runAsUser={"rule": "x"}),
            "spec.runAsUser.rule is not a valid PodSecurityPolicy rule",
        ),
        (build_psp(hostPorts={}), "spec.hostPorts must be a list"),
        (
            build_psp(runAsUser={"rule": "MustRunAs", "ranges": 7}),
            "spec.runAsUser.ranges must be a list",
        ),
        (build_psp(hostPorts=[7]), "spec.hostPorts must have integers as min and max"),
        (build_psp(hostPorts=[{"min": 1}]), "spec.hostPorts must have integers as min and max"),
    ],
)
def test_what_is_no_policy_is_refused(policy: Any, sentence: str) -> None:
    with pytest.raises(PolicyError) as raised:
        convert_psp(policy)

    assert str(raised.value) == sentence
