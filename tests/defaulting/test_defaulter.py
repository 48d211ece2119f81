"""What defaulting adds, beyond the vectors: where, when, and to what it does nothing."""

from dataclasses import replace
from typing import Any

import pytest

from tests.defaulting.documents import BASE, build_deployment, build_namespace, build_template
from webhook.defaulting import (
    HARDENED_OPTIONS,
    DefaultingOptions,
    DefaultingResult,
    default_object,
    default_pod,
)
from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.path import Path

MARKED = DefaultingOptions(run_as_non_root="when-user-set")
OPT_OUT = {"graphgate.io/security-defaults": "disabled"}


def default_operations(
    spec: Any, options: DefaultingOptions = MARKED, facts: Facts | None = None
) -> dict[str, Any]:
    """Return what a template gets, by place below the template's PodSpec."""
    operations = default_object(build_deployment(spec), options, facts or Facts()).operations
    return {operation["path"].removeprefix(BASE): operation["value"] for operation in operations}


def test_built_in_options_write_the_user_and_nothing_else() -> None:
    assert default_operations(build_template(None, None), DefaultingOptions()) == {
        "/securityContext": {"runAsUser": 8888}
    }


def test_the_hardened_profile_writes_all_that_restricted_demands() -> None:
    assert default_operations(build_template(None), HARDENED_OPTIONS) == {
        "/securityContext": {
            "runAsUser": 8888,
            "runAsNonRoot": True,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "/containers/0/securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        },
    }


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        pytest.param(
            build_template(None, {"privileged": True}),
            {"/containers/0/securityContext": {"runAsUser": 8888}},
            id="a privileged container inherits no user",
        ),
        pytest.param(
            build_template(None, {"privileged": True, "runAsUser": 7}),
            {"/securityContext": {"runAsUser": 8888}},
            id="a privileged container with a user of its own hinders nothing",
        ),
        pytest.param(
            build_template(None, pod={"runAsNonRoot": True}, inits=({"runAsNonRoot": False},)),
            {"/containers/0/securityContext": {"runAsUser": 8888}},
            id="an init container that asked for root inherits no user",
        ),
        pytest.param(
            build_template({"runAsUser": 0, "runAsNonRoot": False}),
            {"/securityContext": {"runAsUser": 8888}},
            id="a container with user 0 keeps it, the pod gets ours",
        ),
        pytest.param(
            build_template({"privileged": True}), {}, id="nothing is left to give to root alone"
        ),
        pytest.param(
            {"securityContext": None, "containers": None},
            {"/securityContext": {"runAsUser": 8888}},
            id="null is absent",
        ),
        pytest.param(
            build_template({}),
            {"/securityContext": {"runAsUser": 8888}},
            id="an empty container context counts as nothing",
        ),
    ],
)
def test_the_user_is_written_where_nobody_asked_for_another(
    spec: Any, expected: dict[str, Any]
) -> None:
    assert default_operations(spec, DefaultingOptions()) == expected


@pytest.mark.parametrize(
    ("option", "value", "written"),
    [
        ("run_as_group", 7, {"/securityContext": {"runAsUser": 8888, "runAsGroup": 7}}),
        ("fs_group", 7, {"/securityContext": {"runAsUser": 8888, "fsGroup": 7}}),
        (
            "run_as_non_root",
            "always",
            {"/securityContext": {"runAsUser": 8888, "runAsNonRoot": True}},
        ),
        (
            "seccomp_profile",
            "RuntimeDefault",
            {"/securityContext": {"runAsUser": 8888, "seccompProfile": {"type": "RuntimeDefault"}}},
        ),
        (
            "allow_privilege_escalation",
            False,
            {
                "/securityContext": {"runAsUser": 8888},
                "/containers/0/securityContext": {"allowPrivilegeEscalation": False},
            },
        ),
        (
            "drop_capabilities",
            ("ALL",),
            {
                "/securityContext": {"runAsUser": 8888},
                "/containers/0/securityContext": {"capabilities": {"drop": ["ALL"]}},
            },
        ),
    ],
)
def test_each_option_alone_is_written_into_a_template_that_says_nothing(
    option: str, value: Any, written: dict[str, Any]
) -> None:
    options = replace(DefaultingOptions(), **{option: value})

    assert default_operations(build_template(None), options) == written


@pytest.mark.parametrize(
    ("option", "value", "written"),
    [
        ("run_as_group", 7, {}),  # beside our own user only
        ("fs_group", 7, {"/securityContext/fsGroup": 7}),
        ("run_as_non_root", "when-user-set", {"/securityContext/runAsNonRoot": True}),
        ("run_as_non_root", "always", {"/securityContext/runAsNonRoot": True}),
        (
            "seccomp_profile",
            "RuntimeDefault",
            {"/securityContext/seccompProfile": {"type": "RuntimeDefault"}},
        ),
        (
            "allow_privilege_escalation",
            False,
            {"/containers/0/securityContext": {"allowPrivilegeEscalation": False}},
        ),
        (
            "drop_capabilities",
            ("ALL",),
            {"/containers/0/securityContext": {"capabilities": {"drop": ["ALL"]}}},
        ),
    ],
)
def test_each_option_alone_is_written_beside_a_user_that_the_author_chose(
    option: str, value: Any, written: dict[str, Any]
) -> None:
    options = replace(DefaultingOptions(), **{option: value})

    assert default_operations(build_template(None, pod={"runAsUser": 5}), options) == written


@pytest.mark.parametrize(
    ("spec", "options", "expected"),
    [
        pytest.param(
            build_template(None, pod={"runAsGroup": 5}),
            DefaultingOptions(run_as_group=7),
            {"/securityContext/runAsUser": 8888},
            id="the author's group of the pod stays",
        ),
        pytest.param(
            build_template(
                {"runAsUser": 8888}, {"runAsUser": 8888, "runAsGroup": 5}, {"runAsUser": 9}
            ),
            DefaultingOptions(scope="container", run_as_group=7),
            {"/containers/0/securityContext/runAsGroup": 7},
            id="the group goes beside our user only",
        ),
        pytest.param(
            build_template(None, pod={"fsGroupChangePolicy": "Always"}),
            DefaultingOptions(
                run_as_user=None, fs_group=7, fs_group_change_policy="OnRootMismatch"
            ),
            {"/securityContext/fsGroup": 7},
            id="the author's change policy stays",
        ),
        pytest.param(
            build_template(None),
            DefaultingOptions(scope="container", run_as_user=None, fs_group=7),
            {"/securityContext": {"fsGroup": 7}},
            id="fsGroup exists at pod level only",
        ),
        pytest.param(
            build_template(None),
            DefaultingOptions(run_as_user=None, fs_group_change_policy="Always"),
            {},
            id="a change policy alone is not written",
        ),
        pytest.param(
            build_template(None, {"privileged": True}, {"seccompProfile": {"type": "Unconfined"}}),
            DefaultingOptions(
                scope="container", run_as_user=None, seccomp_profile="RuntimeDefault"
            ),
            {"/containers/0/securityContext": {"seccompProfile": {"type": "RuntimeDefault"}}},
            id="seccomp at container level skips privileged ones and those that have one",
        ),
        pytest.param(
            build_template(None, pod={"seccompProfile": {"type": "Unconfined"}}),
            DefaultingOptions(
                scope="container", run_as_user=None, seccomp_profile="RuntimeDefault"
            ),
            {},
            id="an inherited seccomp profile of the author is not overridden",
        ),
        pytest.param(
            build_template({"capabilities": {}}, {"capabilities": {"drop": []}}),
            DefaultingOptions(run_as_user=None, drop_capabilities=("ALL",)),
            {"/containers/0/securityContext/capabilities/drop": ["ALL"]},
            id="an empty drop list is a choice, empty capabilities are none",
        ),
        pytest.param(
            build_template(
                *({"capabilities": {"add": [name]}} for name in ("ALL", "SYS_ADMIN", "KILL"))
            ),
            DefaultingOptions(run_as_user=None, allow_privilege_escalation=False),
            {"/containers/2/securityContext/allowPrivilegeEscalation": False},
            id="escalation stays open for those who administrate",
        ),
        pytest.param(
            build_template({"runAsNonRoot": True}, None, pod={"runAsNonRoot": None}),
            DefaultingOptions(run_as_user=0, allow_root_default=True),
            {"/containers/1/securityContext": {"runAsUser": 0}},
            id="root is not given to a container that refuses it",
        ),
        pytest.param(
            build_template(None, {"runAsNonRoot": False}),
            DefaultingOptions(run_as_user=None, run_as_non_root="always"),
            {"/securityContext": {"runAsNonRoot": True}},
            id="always marks the pod when whoever asked for root says so itself",
        ),
        pytest.param(
            build_template(None, {"privileged": True}),
            DefaultingOptions(run_as_user=None, run_as_non_root="always"),
            {"/containers/0/securityContext": {"runAsNonRoot": True}},
            id="always spares a privileged container without a user",
        ),
        pytest.param(
            build_template({"runAsUser": 5}, pod={"runAsUser": 0}),
            DefaultingOptions(run_as_non_root="always"),
            {"/containers/0/securityContext/runAsNonRoot": True},
            id="a pod with user 0 is never marked",
        ),
        pytest.param(
            build_template({"runAsNonRoot": True}),
            DefaultingOptions(run_as_user=None, run_as_non_root="when-user-set"),
            {},
            id="no user, no marker",
        ),
    ],
)
def test_each_option_keeps_what_the_author_chose(
    spec: Any, options: DefaultingOptions, expected: dict[str, Any]
) -> None:
    assert default_operations(spec, options) == expected


@pytest.mark.parametrize(
    "spec",
    [
        None,
        [],
        "x",
        {"containers": {}},
        {"containers": [None]},
        {"containers": ["m"]},
        {"initContainers": 1},
        {"containers": [], "hostUsers": "false"},
        {"containers": [], "hostUsers": 0},
        build_template([]),
        build_template(None, pod=[]),
        build_template(None, pod=False),
        build_template(None, pod={"runAsUser": True}),
        build_template(None, pod={"runAsUser": 8.0}),
        build_template({"runAsUser": "0"}),
        build_template({"runAsGroup": "0"}),
        build_template({"runAsNonRoot": "true"}),
        build_template({"runAsNonRoot": 1}),
        build_template(None, pod={"fsGroup": "1"}),
        build_template({"privileged": 0}),
        build_template({"allowPrivilegeEscalation": "no"}),
        build_template({"capabilities": ["ALL"]}),
        build_template({"capabilities": {"add": "ALL"}}),
        build_template({"capabilities": {"drop": {}}}),
        build_template({"seccompProfile": "RuntimeDefault"}),
        build_template(None, inits=({"privileged": "yes"},)),
    ],
)
def test_a_malformed_template_is_left_to_the_schema(spec: Any) -> None:
    document = build_deployment()
    document["spec"]["predictors"][0]["componentSpecs"][0]["spec"] = spec

    assert default_object(document, HARDENED_OPTIONS).operations == ()


@pytest.mark.parametrize(
    "document",
    [
        None,
        True,
        7,
        "x",
        [],
        {},
        {"metadata": []},
        {"spec": None},
        {"spec": {"predictors": {}}},
        {"spec": {"predictors": [None, 7, {}, {"componentSpecs": {}}]}},
        {"spec": {"predictors": [{"componentSpecs": [None, {}, {"spec": None}], "explainer": []}]}},
        {"spec": {"predictors": [{"explainer": {"type": "A", "containerSpec": None}}]}},
        {"spec": {"predictors": [{"explainer": {"type": "A", "containerSpec": []}}]}},
    ],
)
def test_any_json_value_is_answered(document: Any) -> None:
    assert default_object(document, HARDENED_OPTIONS).operations == ()


def test_a_component_without_a_spec_gets_none() -> None:
    # a PodSpec must have containers, so one that holds our values alone would be refused
    document = build_deployment()
    document["spec"]["predictors"][0]["componentSpecs"] = [{"metadata": {}}, {"spec": {}}]

    assert [
        operation["path"] for operation in default_object(document, DefaultingOptions()).operations
    ] == ["/spec/predictors/0/componentSpecs/1/spec/securityContext"]


@pytest.mark.parametrize(
    "where",
    [
        ("metadata",),
        ("spec", "predictors", 0),
        ("spec", "predictors", 0, "componentSpecs", 0, "metadata"),
    ],
)
def test_an_annotation_switches_defaulting_off_below_it(where: tuple[str | int, ...]) -> None:
    document = build_deployment()
    here: Any = document
    for key in where:
        here = here.setdefault(key, {}) if isinstance(here, dict) else here[key]
    here["annotations"] = OPT_OUT

    assert default_object(document, MARKED).operations == ()
    assert len(default_object(document, DefaultingOptions(allow_opt_out=False)).operations) == 1


@pytest.mark.parametrize("annotations", [{}, [], {"graphgate.io/security-defaults": True}])
def test_any_other_annotation_is_no_opt_out(annotations: Any) -> None:
    document = build_deployment()
    document["metadata"]["annotations"] = annotations

    assert len(default_object(document, MARKED).operations) == 1


def test_the_opt_out_of_one_predictor_leaves_the_others_alone() -> None:
    document = build_deployment()
    document["spec"]["predictors"].insert(
        0, {"annotations": OPT_OUT, "componentSpecs": [{"spec": {}}]}
    )

    assert [
        operation["path"] for operation in default_object(document, DefaultingOptions()).operations
    ] == ["/spec/predictors/1/componentSpecs/0/spec/securityContext"]


@pytest.mark.parametrize(
    "windows", [{"os": {"name": "windows"}}, {"nodeSelector": {"kubernetes.io/os": "windows"}}]
)
def test_a_windows_template_is_left_alone(windows: dict[str, Any]) -> None:
    assert default_operations(build_template(None, **windows), HARDENED_OPTIONS) == {}
    assert default_operations(build_template(None, **windows), DefaultingOptions()) == {}


@pytest.mark.parametrize(
    "other",
    [
        {"os": {"name": "linux"}},
        {"os": "windows"},
        {"nodeSelector": {"kubernetes.io/os": "linux"}},
        {"nodeSelector": []},
    ],
)
def test_any_other_template_is_filled(other: dict[str, Any]) -> None:
    assert default_operations(build_template(None, **other), DefaultingOptions()) == {
        "/securityContext": {"runAsUser": 8888}
    }


@pytest.mark.parametrize(
    "key",
    [
        "seccomp.security.alpha.kubernetes.io/pod",
        "container.seccomp.security.alpha.kubernetes.io/m",
    ],
)
@pytest.mark.parametrize("level", ["spec", "predictor", "component"])
def test_a_legacy_seccomp_annotation_anywhere_above_the_pod_is_not_contradicted(
    key: str, level: str
) -> None:
    document = build_deployment()
    predictor = document["spec"]["predictors"][0]
    component = predictor["componentSpecs"][0].setdefault("metadata", {})
    {"spec": document["spec"], "predictor": predictor, "component": component}[level][
        "annotations"
    ] = {key: "unconfined"}

    options = DefaultingOptions(run_as_user=None, seccomp_profile="RuntimeDefault")
    assert default_object(document, options).operations == ()


@pytest.mark.parametrize("level", ["spec", "predictor"])
def test_a_legacy_seccomp_annotation_is_inherited_by_an_explainer(level: str) -> None:
    document = build_deployment(
        componentSpecs=[], explainer={"type": "A", "containerSpec": {"name": "e"}}
    )
    spec = document["spec"]
    {"spec": spec, "predictor": spec["predictors"][0]}[level]["annotations"] = {
        "container.seccomp.security.alpha.kubernetes.io/e": "unconfined"
    }

    options = DefaultingOptions(run_as_user=None, seccomp_profile="RuntimeDefault")
    assert default_object(document, options).operations == ()


def test_an_explainer_gets_container_values_and_no_pod_values() -> None:
    document = build_deployment(
        {"os": {"name": "windows"}}, explainer={"type": "A", "containerSpec": {}}
    )
    options = DefaultingOptions(
        run_as_group=7,
        fs_group=7,
        run_as_non_root="when-user-set",
        seccomp_profile="RuntimeDefault",
    )

    assert default_object(document, options).operations == (
        {
            "op": "add",
            "path": "/spec/predictors/0/explainer/containerSpec/securityContext",
            "value": {
                "runAsUser": 8888,
                "runAsGroup": 7,
                "runAsNonRoot": True,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
        },
    )


def test_a_user_beyond_a_user_namespace_is_not_written_into_it() -> None:
    assert (
        default_operations(
            build_template(None, hostUsers=False), DefaultingOptions(run_as_user=65536)
        )
        == {}
    )
    assert default_operations(
        build_template(None, hostUsers=False), DefaultingOptions(run_as_user=65535)
    ) == {"/securityContext": {"runAsUser": 65535}}


def test_the_namespace_may_be_given_by_the_caller() -> None:
    document = build_deployment()
    del document["metadata"]["namespace"]

    result = default_object(document, DefaultingOptions(), build_namespace(override="no"), "ds")

    assert result.warnings == (
        Finding(
            Path(),
            "namespace annotation graphgate.io/security-defaults ignored: "
            'it is expected "disabled" or a JSON object',
        ),
    )
    assert len(result.operations) == 1


def test_a_pod_template_that_nobody_wrote_is_filled_by_itself() -> None:
    rendered = {"metadata": {"annotations": OPT_OUT}, "spec": build_template(None)}

    assert default_pod(rendered, DefaultingOptions()).operations == (
        {"op": "add", "path": "/spec/securityContext", "value": {"runAsUser": 8888}},
    )
    facts = build_namespace(override='{"runAsUser": 5, "scope": "container"}')
    assert default_pod(rendered, DefaultingOptions(), facts, "ds").operations == (
        {"op": "add", "path": "/spec/containers/0/securityContext", "value": {"runAsUser": 5}},
    )


@pytest.mark.parametrize("rendered", [None, {}, {"spec": {"os": {"name": "windows"}}}])
def test_no_pod_template_is_left_alone(rendered: Any) -> None:
    assert default_pod(rendered, DefaultingOptions()) == DefaultingResult()


def test_no_pod_template_is_filled_where_defaulting_is_off() -> None:
    rendered = {"spec": build_template(None)}
    assert default_pod(rendered, replace(HARDENED_OPTIONS, scope="off")) == DefaultingResult()
    assert (
        default_object(build_deployment(), replace(HARDENED_OPTIONS, scope="off"))
        == DefaultingResult()
    )


def test_a_namespace_may_switch_defaulting_on_for_itself() -> None:
    facts = build_namespace(override='{"scope": "pod"}')
    expected = ({"op": "add", "path": f"{BASE}/securityContext", "value": {"runAsUser": 8888}},)
    assert (
        default_object(build_deployment(), DefaultingOptions(scope="off"), facts).operations
        == expected
    )
    (own,) = default_pod(
        {"spec": build_template(None)}, DefaultingOptions(scope="off"), facts, "ds"
    ).operations
    assert own["path"] == "/spec/securityContext"


def test_nothing_is_reported_of_ranges_where_defaulting_is_off() -> None:
    options = DefaultingOptions(scope="off", openshift="range-start")
    assert (
        default_object(build_deployment(), options, build_namespace(uid_range="x"))
        == DefaultingResult()
    )


def test_what_cannot_be_followed_is_reported_at_the_objects_namespace() -> None:
    result = default_object(
        build_deployment(), DefaultingOptions(), build_namespace(override='{"x": 1}')
    )

    assert result.warnings == (
        Finding(
            Path(("metadata", "namespace")),
            "namespace annotation graphgate.io/security-defaults ignored: unknown key x",
        ),
    )


def test_it_is_reported_at_the_root_of_what_is_no_mapping() -> None:
    (warning,) = default_object(
        [], DefaultingOptions(), build_namespace(override="x"), "ds"
    ).warnings
    assert warning.path == Path()


@pytest.mark.parametrize("name", [None, 7, ["ds"]])
def test_a_namespace_that_is_no_name_is_unknown(name: Any) -> None:
    document = build_deployment()
    document["metadata"]["namespace"] = name

    assert (
        len(
            default_object(
                document, DefaultingOptions(), build_namespace(override="disabled")
            ).operations
        )
        == 1
    )


def test_an_explainer_is_in_no_user_namespace() -> None:
    document = build_deployment({"hostUsers": False}, explainer={"type": "A", "containerSpec": {}})

    assert [
        operation["path"]
        for operation in default_object(document, DefaultingOptions(run_as_user=70000)).operations
    ] == ["/spec/predictors/0/explainer/containerSpec/securityContext"]


@pytest.mark.parametrize("pod", [{"runAsUser": 0}, {"runAsNonRoot": False}])
def test_containers_that_inherit_root_keep_what_root_can_do(pod: dict[str, Any]) -> None:
    got = default_operations(build_template(None, {"privileged": False}, pod=pod), HARDENED_OPTIONS)
    assert got == {"/securityContext/seccompProfile": {"type": "RuntimeDefault"}}


@pytest.mark.parametrize("own", [{}, {"add": None}, {"drop": None}])
def test_capabilities_that_choose_nothing_get_drop_inside(own: dict[str, Any]) -> None:
    document = build_deployment(build_template({"capabilities": own}, pod={"runAsUser": 5}))
    options = DefaultingOptions(drop_capabilities=("ALL",))
    assert default_object(document, options).operations == (
        {
            "op": "add",
            "path": f"{BASE}/containers/0/securityContext/capabilities/drop",
            "value": ["ALL"],
        },
    )
