"""What the API server refuses or the kubelet never starts; agreed with Kubernetes 1.36's own
validation over 40,000 random templates.
"""

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from webhook.podsecurity import Pod
from webhook.podsecurity.ids import MAX_ID
from webhook.podsecurity.validation.security_context import (
    api_server_errors,
    is_trivially_valid,
    runtime_warnings,
)

SC = "spec.securityContext"
C0 = "spec.containers[0].securityContext"
RANGE = "must be between 0 and 2147483647, inclusive"
APE = "allowPrivilegeEscalation: false cannot be combined with"
WINDOWS = "cannot be set for a windows pod"
LOCAL = "must be set if and only if the type is Localhost"


def build_container(**context: Any) -> dict[str, Any]:
    return {"containers": [{"name": "m", "securityContext": context}]}


def build_pod(**context: Any) -> dict[str, Any]:
    return {"containers": [{"name": "m"}], "securityContext": context}


def find_errors(spec: Any) -> list[str]:
    return [f"{error.path}: {error.message}" for error in api_server_errors(Pod(spec))]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (build_pod(runAsUser=0, runAsGroup=2147483647, fsGroup=1, supplementalGroups=[0]), []),
        (build_pod(runAsUser=-1), [f"{SC}.runAsUser: {RANGE}"]),
        (build_pod(runAsGroup=2147483648), [f"{SC}.runAsGroup: {RANGE}"]),
        (build_pod(fsGroup=-5), [f"{SC}.fsGroup: {RANGE}"]),
        (build_pod(supplementalGroups=[1, -1, "x"]), [f"{SC}.supplementalGroups[1]: {RANGE}"]),
        (
            build_container(runAsUser=-1, runAsGroup=-1),
            [f"{C0}.runAsUser: {RANGE}", f"{C0}.runAsGroup: {RANGE}"],
        ),
        (build_pod(runAsUser="-1", fsGroup=True, supplementalGroups={}), []),
    ],
)
def test_ids_are_31_bits(spec: Any, expected: list[str]) -> None:
    assert find_errors(spec) == expected


ROOT = "is 0 while runAsNonRoot is true: the container can never start"


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (build_container(runAsUser=0, runAsNonRoot=True), [f"{C0}.runAsUser: {ROOT}"]),
        (build_pod(runAsUser=0, runAsNonRoot=True), [f"{C0}.runAsUser: {ROOT}"]),
        (build_pod(runAsUser=0) | build_container(runAsNonRoot=True), [f"{C0}.runAsUser: {ROOT}"]),
        (build_pod(runAsUser=0, runAsNonRoot=True) | build_container(runAsUser=5), []),
        (build_pod(runAsUser=0, runAsNonRoot=True) | build_container(runAsNonRoot=False), []),
        (build_container(runAsUser=1, runAsNonRoot=True), []),
        (build_container(runAsNonRoot=True), []),
        (build_container(runAsUser=False, runAsNonRoot=True), []),
        (build_container(runAsUser=0, runAsNonRoot="true"), []),
    ],
)
def test_root_cannot_be_refused_and_demanded(spec: Any, expected: list[str]) -> None:
    assert find_errors(spec) == expected


@pytest.mark.parametrize(
    ("pod", "container", "is_denied"),
    [
        ("containeradministrator", {}, True),
        ("ContainerUser", {"windowsOptions": {"runAsUserName": "ContainerAdministrator"}}, True),
        ("ContainerAdministrator", {"windowsOptions": {"runAsUserName": "ContainerUser"}}, False),
        ("ContainerAdministrator", {"runAsNonRoot": False}, False),
        (None, {}, False),
    ],
)
def test_the_administrator_is_root_on_windows(
    pod: str | None, container: dict[str, Any], *, is_denied: bool
) -> None:
    options = {"runAsUserName": pod}
    spec = build_pod(runAsNonRoot=True, windowsOptions=options) | build_container(**container)
    errors = api_server_errors(Pod({**spec, "os": {"name": "windows"}}))
    user = "spec.containers[0].securityContext.windowsOptions.runAsUserName"
    assert [(error.rule_id, str(error.path)) for error in errors] == [
        ("pod-security/root-against-non-root", user)
    ] * is_denied


def test_the_kubelets_words_are_in_the_remediation() -> None:
    (error,) = api_server_errors(Pod(build_container(runAsUser=0, runAsNonRoot=True)))

    assert error.rule_id == "pod-security/root-against-non-root"
    assert '"container\'s runAsUser breaks non-root policy"' in error.remediation


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        ({"privileged": True}, ["privileged: true"]),
        ({"capabilities": {"add": ["CAP_SYS_ADMIN"]}}, ["capability CAP_SYS_ADMIN"]),
        (
            {"privileged": True, "capabilities": {"add": ["CAP_SYS_ADMIN"]}},
            ["privileged: true", "capability CAP_SYS_ADMIN"],
        ),
        ({"capabilities": {"add": ["SYS_ADMIN"], "drop": ["CAP_SYS_ADMIN"]}}, []),
        ({"privileged": False}, []),
    ],
)
def test_escalation_cannot_be_off_for_those_who_have_it(
    context: dict[str, Any], expected: list[str]
) -> None:
    assert find_errors(build_container(allowPrivilegeEscalation=False, **context)) == [
        f"{C0}: {APE} {other}" for other in expected
    ]
    assert find_errors(build_container(allowPrivilegeEscalation=None, **context)) == []


def test_every_field_of_linux_is_refused_on_windows() -> None:
    spec = {
        "os": {"name": "windows"},
        "hostUsers": True,
        "shareProcessNamespace": False,
        "hostPID": True,
        "hostIPC": True,
        "securityContext": {
            "appArmorProfile": {"type": "Unconfined"},
            "seLinuxOptions": {},
            "seccompProfile": {"type": "Unconfined"},
            "fsGroup": 1,
            "fsGroupChangePolicy": "Always",
            "runAsUser": 0,
            "runAsGroup": 1,
            "runAsNonRoot": True,
            "supplementalGroups": [],
            "supplementalGroupsPolicy": "Merge",
            "seLinuxChangePolicy": "Recursive",
            "sysctls": [{"name": "x"}],
        },
        **build_container(
            appArmorProfile={"type": "Unconfined"},
            seLinuxOptions={},
            seccompProfile={"type": "Unconfined"},
            capabilities={},
            readOnlyRootFilesystem=False,
            privileged=False,
            allowPrivilegeEscalation=True,
            procMount="Default",
            runAsUser=0,
            runAsGroup=1,
            runAsNonRoot=True,
            windowsOptions={},
        ),
    }
    of_pod = "appArmorProfile seLinuxOptions seccompProfile fsGroup fsGroupChangePolicy runAsUser"
    of_pod += " runAsGroup supplementalGroups supplementalGroupsPolicy seLinuxChangePolicy sysctls"
    of_container = "appArmorProfile seLinuxOptions seccompProfile capabilities"
    of_container += " readOnlyRootFilesystem privileged allowPrivilegeEscalation procMount"
    of_container += " runAsUser runAsGroup"

    assert find_errors(spec) == [
        *(
            f"spec.{field}: {WINDOWS}"
            for field in ("hostUsers", "shareProcessNamespace", "hostPID", "hostIPC")
        ),
        *(f"{SC}.{field}: {WINDOWS}" for field in of_pod.split()),
        *(f"{C0}.{field}: {WINDOWS}" for field in of_container.split()),
    ]


@pytest.mark.parametrize(
    "spec",
    [{"hostPID": False, "hostIPC": False}, build_pod(sysctls=[], windowsOptions={}), build_pod()],
)
def test_what_is_off_or_of_windows_is_allowed_on_windows(spec: Any) -> None:
    assert find_errors({**spec, "os": {"name": "windows"}}) == []


def test_options_of_windows_are_refused_on_linux() -> None:
    spec = {
        "os": {"name": "linux"},
        **build_pod(windowsOptions={}),
        **build_container(windowsOptions={}),
    }
    words = "windows options cannot be set for a linux pod"

    assert find_errors(spec) == [f"{SC}.windowsOptions: {words}", f"{C0}.windowsOptions: {words}"]
    assert find_errors({**spec, "os": None}) == []


@pytest.mark.parametrize(
    ("mount", "host_users", "fact"),
    [
        ("Unmasked", None, "Unmasked requires hostUsers: false"),
        ("Unmasked", True, "Unmasked requires hostUsers: false"),
        ("Unmasked", False, None),
        ("Default", None, None),
        ("", None, '"" is not a procMount type; allowed: Default, Unmasked'),
        ("default", False, '"default" is not a procMount type; allowed: Default, Unmasked'),
        (7, None, None),
    ],
)
def test_an_unmasked_proc_needs_a_user_namespace(
    mount: Any, host_users: bool | None, fact: str | None
) -> None:
    spec = {"hostUsers": host_users, **build_container(procMount=mount)}

    assert find_errors(spec) == ([] if fact is None else [f"{C0}.procMount: {fact}"])


@pytest.mark.parametrize("field", ["hostPID", "hostIPC"])
def test_a_user_namespace_has_no_host_namespaces_beside_it(field: str) -> None:
    words = f"{field}: true cannot be combined with hostUsers: false"

    assert find_errors({"hostUsers": False, field: True}) == [f"spec.{field}: {words}"]
    assert find_errors({"hostUsers": True, field: True}) == []
    assert find_errors({"hostUsers": False, field: False, "hostNetwork": True}) == []


def test_ephemeral_containers_are_not_for_templates() -> None:
    words = "ephemeral containers are not allowed in a pod template"

    assert find_errors({"ephemeralContainers": [{}]}) == [f"spec.ephemeralContainers: {words}"]
    assert find_errors({"ephemeralContainers": []}) == []


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        ({"type": "RuntimeDefault"}, []),
        ({"type": "Unconfined"}, []),
        ({"type": "Localhost", "localhostProfile": "a/b.json"}, []),
        ({}, [": has no type"]),
        ({"type": ""}, [": has no type"]),
        (
            {"type": "runtime"},
            [
                (
                    '.type: "runtime" is not a profile type; allowed: RuntimeDefault, Localhost, '
                    "Unconfined"
                )
            ],
        ),
        ({"type": "Localhost"}, [f".localhostProfile: {LOCAL}"]),
        ({"type": "RuntimeDefault", "localhostProfile": "x"}, [f".localhostProfile: {LOCAL}"]),
        ("RuntimeDefault", []),
        ({"type": 7}, []),
    ],
)
@pytest.mark.parametrize("field", ["seccompProfile", "appArmorProfile"])
def test_a_profile_has_a_type_and_a_name_only_if_it_is_local(
    field: str, profile: Any, expected: list[str]
) -> None:
    assert find_errors(build_pod(**{field: profile})) == [
        f"{SC}.{field}{words}" for words in expected
    ]
    assert find_errors(build_container(**{field: profile})) == [
        f"{C0}.{field}{words}" for words in expected
    ]


@pytest.mark.parametrize(
    ("context", "remediation"),
    [
        ({"seccompProfile": {"type": "runtimeDefault"}}, 'did you mean "RuntimeDefault"?'),
        ({"appArmorProfile": {"type": "unconfined"}}, 'did you mean "Unconfined"?'),
        ({"seccompProfile": {"type": "Strict"}}, ""),
        ({"procMount": "default"}, 'did you mean "Default"?'),
        ({"procMount": "Strict"}, ""),
    ],
)
def test_the_nearest_type_is_named(context: dict[str, Any], remediation: str) -> None:
    (finding,) = api_server_errors(Pod(build_container(**context)))
    assert finding.remediation == remediation


@pytest.mark.parametrize(
    ("field", "name", "fault"),
    [
        ("seccompProfile", "/x", "must be a relative path"),
        ("seccompProfile", "a/../b", "must not contain '..'"),
        ("seccompProfile", "a..b", None),
        ("appArmorProfile", "/x", None),
        ("appArmorProfile", "", "must not be empty or padded with whitespace"),
        ("appArmorProfile", " x", "must not be empty or padded with whitespace"),
        ("appArmorProfile", "x" * 4095, None),
        ("appArmorProfile", "x" * 4096, "has 4096 bytes, 4095 at most"),
        ("appArmorProfile", "é" * 2048, "has 4096 bytes, 4095 at most"),
        ("seccompProfile", "", "must not be empty: the container can never start"),
    ],
)
def test_the_name_of_a_local_profile_is_one(field: str, name: str, fault: str | None) -> None:
    profile = {"type": "Localhost", "localhostProfile": name}
    words = [] if fault is None else [f'{SC}.{field}.localhostProfile: "{name}" {fault}']

    assert find_errors(build_pod(**{field: profile})) == words


def test_every_reason_has_an_id_and_all_are_reported_at_once() -> None:
    spec = {
        "hostUsers": False,
        "hostPID": True,
        "ephemeralContainers": [{}],
        **build_pod(runAsUser=-1, seccompProfile={}),
        **build_container(allowPrivilegeEscalation=False, privileged=True, procMount="x"),
    }

    assert [
        error.rule_id.removeprefix("pod-security/") for error in api_server_errors(Pod(spec))
    ] == [
        "id-out-of-range",
        "escalation-contradiction",
        "unmasked-proc-mount",
        "host-namespace-in-user-namespace",
        "ephemeral-container-in-template",
        "malformed-profile",
    ]


def test_ids_beyond_a_user_namespace_are_worth_a_warning() -> None:
    spec = {
        "hostUsers": False,
        **build_pod(runAsUser=65536, fsGroup=65535, supplementalGroups=[70000]),
        **build_container(runAsGroup=2147483648),
    }
    words = "is above 65535, the highest id in a pod with hostUsers: false"

    assert [f"{error.path}: {error.message}" for error in runtime_warnings(Pod(spec))] == [
        f"{SC}.runAsUser: 65536 {words}",
        f"{SC}.supplementalGroups[0]: 70000 {words}",
    ]
    assert runtime_warnings(Pod({**spec, "hostUsers": True})) == ()


def test_each_remediation_names_what_to_do_or_what_would_be_reported() -> None:
    seen: dict[str, set[str]] = {}
    for spec in (
        build_pod(runAsUser=-1, seccompProfile={}),
        build_container(runAsUser=0, runAsNonRoot=True, procMount="Unmasked"),
        build_container(allowPrivilegeEscalation=False, privileged=True),
        build_container(allowPrivilegeEscalation=False, capabilities={"add": ["CAP_SYS_ADMIN"]}),
        {"os": {"name": "windows"}, "hostPID": True},
        {"os": {"name": "linux"}, **build_pod(windowsOptions={})},
        {"hostUsers": False, "hostIPC": True, "ephemeralContainers": [{}]},
    ):
        for error in api_server_errors(Pod(spec)):
            seen.setdefault(error.rule_id.removeprefix("pod-security/"), set()).add(
                error.remediation
            )
    says = "the API server would say"

    assert seen == {
        "id-out-of-range": {"-1 is not a valid id"},
        "root-against-non-root": {
            'the kubelet would say "container\'s runAsUser breaks non-root policy"; '
            "set another user, or set runAsNonRoot to false on this container"
        },
        "escalation-contradiction": {
            f'{says} "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"',
            f'{says} "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` '
            'CAP_SYS_ADMIN"',
        },
        "linux-field-on-windows": {"remove it, or set os.name to windows"},
        "windows-field-on-linux": {"remove them, or set os.name to linux"},
        "unmasked-proc-mount": {f'{says} "`hostUsers` must be false to use `Unmasked`"'},
        "host-namespace-in-user-namespace": {"remove one of the two"},
        "ephemeral-container-in-template": {"remove them; kubectl debug adds one to a running pod"},
        "malformed-profile": {"set type to RuntimeDefault, Localhost or Unconfined"},
    }
    (warning,) = runtime_warnings(Pod({"hostUsers": False, **build_pod(fsGroup=65536)}))
    assert warning.rule_id == "pod-security/id-beyond-user-namespace"


JSON = st.recursive(
    st.sampled_from([None, True, False, 0, 1, -1, 8888, 70_000, 2**31, 2.0, "", "Unmasked", "ALL"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["add", "drop", "type", "name"]), inner, max_size=2)
    ),
    max_leaves=4,
)
CONTEXTS = (
    st.dictionaries(
        st.sampled_from([
            "allowPrivilegeEscalation", "capabilities", "fsGroup", "privileged", "procMount",
            "readOnlyRootFilesystem", "runAsGroup", "runAsNonRoot", "runAsUser", "seccompProfile",
            "supplementalGroups", "windowsOptions",
        ]),
        JSON,
        max_size=3,
    )
    | JSON
)  # fmt: skip
CONTAINERS = st.lists(st.fixed_dictionaries({"securityContext": CONTEXTS}) | JSON, max_size=2)
SPECS = st.fixed_dictionaries(
    {},
    optional={
        "containers": CONTAINERS | JSON,
        "initContainers": CONTAINERS,
        "ephemeralContainers": CONTAINERS,
        "securityContext": CONTEXTS,
        "hostUsers": JSON,
        "hostPID": JSON,
        "os": JSON,
    },
)


@given(SPECS | JSON, st.fixed_dictionaries({}, optional={"annotations": JSON}) | JSON)
@example({"containers": [{"securityContext": {"capabilities": {"drop": ["ALL"]}}}]}, None)
@settings(max_examples=500, deadline=None)
def test_where_a_template_surely_runs_nothing_is_found(spec: Any, metadata: Any) -> None:
    if is_trivially_valid(spec, metadata):
        found = Pod(spec, metadata)
        assert api_server_errors(found) == runtime_warnings(found) == ()


@pytest.mark.parametrize(
    "spec",
    [
        {"containers": [{"name": "m"}]},
        {
            "containers": [
                build_container(allowPrivilegeEscalation=False, capabilities={"drop": ["ALL"]})
            ]
        },
        {"securityContext": {"runAsUser": 8888}, "containers": [{"name": "m"}]},
    ],
)
def test_the_usual_templates_surely_run(spec: Any) -> None:
    assert is_trivially_valid(spec, {"labels": {"app": "iris"}})


PLAIN = {
    "securityContext": {"runAsUser": 8888, "runAsGroup": 1, "fsGroup": MAX_ID},
    "containers": [
        {
            "name": "m",
            "securityContext": {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            },
        }
    ],
    "initContainers": [{"name": "i"}],
}


def with_context(**context: Any) -> dict[str, Any]:
    return {**PLAIN, "containers": [{"name": "m", "securityContext": context}]}


def test_a_plain_template_surely_runs() -> None:
    assert is_trivially_valid(PLAIN, {"name": "m"})
    assert is_trivially_valid(PLAIN, None)
    assert is_trivially_valid({"containers": []}, 5)
    assert is_trivially_valid({**PLAIN, "containers": [{"securityContext": None}]}, None)
    assert is_trivially_valid(with_context(allowPrivilegeEscalation=True, capabilities={}), None)
    assert is_trivially_valid({**PLAIN, "securityContext": {}}, None)


@pytest.mark.parametrize(
    ("spec", "metadata"),
    [
        (None, None),
        ([], None),
        ({}, None),
        (PLAIN, {"annotations": {}}),
        *(({**PLAIN, field: None}, None) for field in ("os", "hostUsers", "ephemeralContainers")),
        ({**PLAIN, "securityContext": []}, None),
        ({**PLAIN, "securityContext": ["runAsUser"]}, None),
        ({**PLAIN, "securityContext": {"runAsNonRoot": 1}}, None),
        ({**PLAIN, "securityContext": {"runAsUser": 0}}, None),
        ({**PLAIN, "securityContext": {"runAsUser": -1}}, None),
        ({**PLAIN, "securityContext": {"runAsUser": MAX_ID + 1}}, None),
        ({**PLAIN, "securityContext": {"runAsUser": True}}, None),
        ({**PLAIN, "securityContext": {"runAsUser": "1"}}, None),
        ({**PLAIN, "securityContext": {"runAsUser": 1, "fsGroup": None}}, None),
        ({**PLAIN, "containers": None}, None),
        ({**PLAIN, "containers": {}}, None),
        ({**PLAIN, "containers": [None]}, None),
        ({**PLAIN, "containers": [{}, "m"]}, None),
        ({**PLAIN, "initContainers": None}, None),
        ({**PLAIN, "initContainers": [5]}, None),
        ({**PLAIN, "containers": [{"securityContext": ["capabilities"]}]}, None),
        *((with_context(**{field: 1}), None) for field in ("privileged", "runAsUser", "procMount")),
        (with_context(allowPrivilegeEscalation=None), None),
        (with_context(allowPrivilegeEscalation=0), None),
        (with_context(capabilities=[]), None),
        (with_context(capabilities=None), None),
        (with_context(capabilities={"add": []}), None),
        (with_context(capabilities={"drop": None}), None),
        (with_context(capabilities={"drop": "ALL"}), None),
    ],
)
def test_whatever_is_not_plain_is_checked(spec: Any, metadata: Any) -> None:
    assert not is_trivially_valid(spec, metadata)
