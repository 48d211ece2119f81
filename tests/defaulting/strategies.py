"""Random templates, options and namespaces for the laws of defaulting."""

from typing import Any

from hypothesis import strategies as st

from webhook.defaulting import DefaultingOptions
from webhook.graph.cluster_facts import Facts, Namespace

SECCOMP = "seccomp.security.alpha.kubernetes.io/pod"

users = st.sampled_from([None, 0, 0, 1, 5, 8888, 70000, -1, 2147483648])
booleans = st.sampled_from([None, True, False])
capabilities = st.fixed_dictionaries(
    {},
    optional={
        "add": st.lists(st.sampled_from(["CAP_SYS_ADMIN", "SYS_ADMIN", "ALL", "KILL"]), max_size=2),
        "drop": st.sampled_from([None, [], ["ALL"], ["KILL"]]),
    },
)
profiles = st.sampled_from(
    [None, {}, {"type": "RuntimeDefault"}, {"type": "Unconfined"}, {"type": "Localhost"}]
)
pod_contexts = st.fixed_dictionaries(
    {},
    optional={
        "runAsUser": users,
        "runAsGroup": users,
        "runAsNonRoot": booleans,
        "fsGroup": users,
        "fsGroupChangePolicy": st.sampled_from([None, "Always"]),
        "seccompProfile": profiles,
    },
)
contexts = st.fixed_dictionaries(
    {},
    optional={
        "runAsUser": users,
        "runAsGroup": users,
        "runAsNonRoot": booleans,
        "privileged": booleans,
        "allowPrivilegeEscalation": booleans,
        "capabilities": st.none() | capabilities,
        "seccompProfile": profiles,
        "readOnlyRootFilesystem": booleans,
    },
)
containers = st.lists(
    st.fixed_dictionaries(
        {"name": st.sampled_from("abc")}, optional={"securityContext": st.none() | contexts}
    ),
    max_size=3,
)
specs = st.fixed_dictionaries(
    {},
    optional={
        "containers": containers,
        "initContainers": st.none() | containers,
        "securityContext": st.none() | pod_contexts,
        "hostUsers": booleans,
        "os": st.sampled_from([None, {"name": "linux"}, {"name": "windows"}]),
        "volumes": st.sampled_from([[], [{"name": "v"}]]),
        "nodeSelector": st.sampled_from([None, {}, {"kubernetes.io/os": "windows"}]),
    },
)

metadatas: st.SearchStrategy[dict[str, Any] | None] = st.sampled_from([
    None, {"labels": {}}, {"annotations": {}}, {"annotations": {SECCOMP: "unconfined"}},
])  # fmt: skip


@st.composite
def deployments(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a SeldonDeployment with a few templates and perhaps an explainer."""
    components = [
        {"spec": spec, "metadata": metadata}
        for spec, metadata in draw(
            st.lists(
                st.tuples(
                    specs,
                    metadatas,
                ),
                min_size=1,
                max_size=2,
            )
        )
    ]
    predictor: dict[str, Any] = {"name": "p", "componentSpecs": components}
    if draw(st.booleans()):
        explainer = {"name": "e", "securityContext": draw(st.none() | contexts)}
        predictor["explainer"] = {"type": "A", "containerSpec": explainer}
    return {"metadata": {"name": "s", "namespace": "ds"}, "spec": {"predictors": [predictor]}}


options = st.just(DefaultingOptions()) | st.builds(
    DefaultingOptions,
    scope=st.sampled_from(["pod", "pod", "container"]),
    run_as_user=st.sampled_from([8888, 8888, None, 0, 5, 1000620000]),
    run_as_group=st.sampled_from([None, 7]),
    fs_group=st.sampled_from([None, 7]),
    fs_group_change_policy=st.sampled_from([None, "OnRootMismatch"]),
    run_as_non_root=st.sampled_from(["off", "when-user-set", "when-user-set", "always"]),
    allow_privilege_escalation=st.sampled_from([None, False]),
    drop_capabilities=st.sampled_from([None, ("ALL",)]),
    seccomp_profile=st.sampled_from([None, "RuntimeDefault"]),
    openshift=st.sampled_from(["auto", "range-start", "ignore"]),
    allow_root_default=st.just(True),
).filter(lambda drawn: not (drawn.run_as_user == 0 and drawn.run_as_non_root == "always"))

annotations = st.fixed_dictionaries(
    {},
    optional={
        "openshift.io/sa.scc.uid-range": st.sampled_from(
            ["1000620000/10000", "8000/1000", "0/10", "5/0", "x"]
        ),
        "openshift.io/sa.scc.supplemental-groups": st.sampled_from(["5000/10,7/1", "x"]),
        "graphgate.io/security-defaults": st.sampled_from(
            ["disabled", "x", '{"runAsUser":9}', '{"runAsUser":null}', '{"scope": "container"}']
        ),
    },
)
facts = st.builds(
    lambda drawn, openshift: Facts(namespaces={"ds": Namespace({}, drawn)}, openshift=openshift),
    annotations,
    st.booleans(),
)

anything: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "metadata", "annotations", "namespace", "spec", "predictors", "componentSpecs",
                    "containers", "initContainers", "securityContext", "explainer", "type",
                    "containerSpec", "os", "name", "nodeSelector", "hostUsers", "capabilities",
                    "runAsUser", "runAsNonRoot", "privileged", "seccompProfile", "add", "drop",
                    "volumes", "ports", "hostPort", "ephemeralContainers", "livenessProbe",
                    "httpGet", "host", "sysctls", "seLinuxOptions", "appArmorProfile", "procMount",
                    "windowsOptions", "lifecycle", "preStop", "supplementalGroups", "hostPath",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=30,
)  # fmt: skip
"""Any JSON value, with member names that mean something to us."""
