"""What defaulting adds, beyond the vectors: where, when, and to what it does nothing."""

from dataclasses import replace
from typing import Any

import pytest

from tests.defaults.documents import BASE, deployment, namespace, template
from webhook.defaults import HARDENED, Filling, Options, fill, fill_pod
from webhook.graph.facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.path import Path

MARKED = Options(run_as_non_root="when-user-set")
OPT_OUT = {"graphgate.io/pod-security-defaults": "disabled"}


def added(spec: Any, options: Options = MARKED, facts: Facts | None = None) -> dict[str, Any]:
    """Return what a template gets, by place below the template's PodSpec."""
    operations = fill(deployment(spec), options, facts or Facts()).operations
    return {operation["path"].removeprefix(BASE): operation["value"] for operation in operations}


def test_built_in_options_write_the_user_and_nothing_else() -> None:
    assert added(template(None, None), Options()) == {"/securityContext": {"runAsUser": 8888}}


def test_the_hardened_profile_writes_all_that_restricted_demands() -> None:
    assert added(template(None), HARDENED) == {
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
            template(None, {"privileged": True}),
            {"/containers/0/securityContext": {"runAsUser": 8888}},
            id="a privileged container inherits no user",
        ),
        pytest.param(
            template(None, {"privileged": True, "runAsUser": 7}),
            {"/securityContext": {"runAsUser": 8888}},
            id="a privileged container with a user of its own hinders nothing",
        ),
        pytest.param(
            template(None, pod={"runAsNonRoot": True}, inits=({"runAsNonRoot": False},)),
            {"/containers/0/securityContext": {"runAsUser": 8888}},
            id="an init container that asked for root inherits no user",
        ),
        pytest.param(
            template({"runAsUser": 0, "runAsNonRoot": False}),
            {"/securityContext": {"runAsUser": 8888}},
            id="a container with user 0 keeps it, the pod gets ours",
        ),
        pytest.param(
            template({"privileged": True}), {}, id="nothing is left to give to root alone"
        ),
        pytest.param(
            {"securityContext": None, "containers": None},
            {"/securityContext": {"runAsUser": 8888}},
            id="null is absent",
        ),
        pytest.param(
            template({}),
            {"/securityContext": {"runAsUser": 8888}},
            id="an empty container context counts as nothing",
        ),
    ],
)
def test_the_user_is_written_where_nobody_asked_for_another(
    spec: Any, expected: dict[str, Any]
) -> None:
    assert added(spec, Options()) == expected


@pytest.mark.parametrize(
    ("spec", "options", "expected"),
    [
        pytest.param(
            template(None, pod={"runAsGroup": 5}),
            Options(run_as_group=7),
            {"/securityContext/runAsUser": 8888},
            id="the author's group of the pod stays",
        ),
        pytest.param(
            template({"runAsUser": 8888}, {"runAsUser": 8888, "runAsGroup": 5}, {"runAsUser": 9}),
            Options(level="container", run_as_group=7),
            {"/containers/0/securityContext/runAsGroup": 7},
            id="the group goes beside our user only",
        ),
        pytest.param(
            template(None, pod={"fsGroupChangePolicy": "Always"}),
            Options(run_as_user=None, fs_group=7, fs_group_change_policy="OnRootMismatch"),
            {"/securityContext/fsGroup": 7},
            id="the author's change policy stays",
        ),
        pytest.param(
            template(None),
            Options(level="container", run_as_user=None, fs_group=7),
            {"/securityContext": {"fsGroup": 7}},
            id="fsGroup exists at pod level only",
        ),
        pytest.param(
            template(None),
            Options(run_as_user=None, fs_group_change_policy="Always"),
            {},
            id="a change policy alone is not written",
        ),
        pytest.param(
            template(None, {"privileged": True}, {"seccompProfile": {"type": "Unconfined"}}),
            Options(level="container", run_as_user=None, seccomp_profile="RuntimeDefault"),
            {"/containers/0/securityContext": {"seccompProfile": {"type": "RuntimeDefault"}}},
            id="seccomp at container level skips privileged ones and those that have one",
        ),
        pytest.param(
            template(None, pod={"seccompProfile": {"type": "Unconfined"}}),
            Options(level="container", run_as_user=None, seccomp_profile="RuntimeDefault"),
            {},
            id="an inherited seccomp profile of the author is not overridden",
        ),
        pytest.param(
            template({"capabilities": {}}, {"capabilities": {"drop": []}}),
            Options(run_as_user=None, drop_capabilities=("ALL",)),
            {"/containers/0/securityContext/capabilities/drop": ["ALL"]},
            id="an empty drop list is a choice, empty capabilities are none",
        ),
        pytest.param(
            template(*({"capabilities": {"add": [name]}} for name in ("ALL", "SYS_ADMIN", "KILL"))),
            Options(run_as_user=None, allow_privilege_escalation=False),
            {"/containers/2/securityContext/allowPrivilegeEscalation": False},
            id="escalation stays open for those who administrate",
        ),
        pytest.param(
            template({"runAsNonRoot": True}, None, pod={"runAsNonRoot": None}),
            Options(run_as_user=0, allow_root_default=True),
            {"/containers/1/securityContext": {"runAsUser": 0}},
            id="root is not given to a container that refuses it",
        ),
        pytest.param(
            template(None, {"runAsNonRoot": False}),
            Options(run_as_user=None, run_as_non_root="always"),
            {"/securityContext": {"runAsNonRoot": True}},
            id="always marks the pod when whoever asked for root says so itself",
        ),
        pytest.param(
            template(None, {"privileged": True}),
            Options(run_as_user=None, run_as_non_root="always"),
            {"/containers/0/securityContext": {"runAsNonRoot": True}},
            id="always spares a privileged container without a user",
        ),
        pytest.param(
            template({"runAsUser": 5}, pod={"runAsUser": 0}),
            Options(run_as_non_root="always"),
            {"/containers/0/securityContext/runAsNonRoot": True},
            id="a pod with user 0 is never marked",
        ),
        pytest.param(
            template({"runAsNonRoot": True}),
            Options(run_as_user=None, run_as_non_root="when-user-set"),
            {},
            id="no user, no marker",
        ),
    ],
)
def test_each_option_keeps_what_the_author_chose(
    spec: Any, options: Options, expected: dict[str, Any]
) -> None:
    assert added(spec, options) == expected


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
        template([]),
        template(None, pod=[]),
        template(None, pod=False),
        template(None, pod={"runAsUser": True}),
        template(None, pod={"runAsUser": 8.0}),
        template({"runAsUser": "0"}),
        template({"runAsGroup": "0"}),
        template({"runAsNonRoot": "true"}),
        template({"runAsNonRoot": 1}),
        template(None, pod={"fsGroup": "1"}),
        template({"privileged": 0}),
        template({"allowPrivilegeEscalation": "no"}),
        template({"capabilities": ["ALL"]}),
        template({"capabilities": {"add": "ALL"}}),
        template({"capabilities": {"drop": {}}}),
        template({"seccompProfile": "RuntimeDefault"}),
        template(None, inits=({"privileged": "yes"},)),
    ],
)
def test_a_malformed_template_is_left_to_the_schema(spec: Any) -> None:
    document = deployment()
    document["spec"]["predictors"][0]["componentSpecs"][0]["spec"] = spec

    assert fill(document, HARDENED).operations == ()


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
    assert fill(document, HARDENED).operations == ()


def test_a_component_without_a_spec_gets_none() -> None:
    # a PodSpec must have containers, so one that holds our values alone would be refused
    document = deployment()
    document["spec"]["predictors"][0]["componentSpecs"] = [{"metadata": {}}, {"spec": {}}]

    assert [operation["path"] for operation in fill(document, Options()).operations] == [
        "/spec/predictors/0/componentSpecs/1/spec/securityContext"
    ]


@pytest.mark.parametrize(
    "where",
    [
        ("metadata",),
        ("spec", "predictors", 0),
        ("spec", "predictors", 0, "componentSpecs", 0, "metadata"),
    ],
)
def test_an_annotation_switches_defaulting_off_below_it(where: tuple[str | int, ...]) -> None:
    document = deployment()
    here: Any = document
    for key in where:
        here = here.setdefault(key, {}) if isinstance(here, dict) else here[key]
    here["annotations"] = OPT_OUT

    assert fill(document, MARKED).operations == ()
    assert len(fill(document, Options(allow_opt_out=False)).operations) == 1


@pytest.mark.parametrize("annotations", [{}, [], {"graphgate.io/pod-security-defaults": True}])
def test_any_other_annotation_is_no_opt_out(annotations: Any) -> None:
    document = deployment()
    document["metadata"]["annotations"] = annotations

    assert len(fill(document, MARKED).operations) == 1


def test_the_opt_out_of_one_predictor_leaves_the_others_alone() -> None:
    document = deployment()
    document["spec"]["predictors"].insert(
        0, {"annotations": OPT_OUT, "componentSpecs": [{"spec": {}}]}
    )

    assert [operation["path"] for operation in fill(document, Options()).operations] == [
        "/spec/predictors/1/componentSpecs/0/spec/securityContext"
    ]


@pytest.mark.parametrize(
    "windows", [{"os": {"name": "windows"}}, {"nodeSelector": {"kubernetes.io/os": "windows"}}]
)
def test_a_windows_template_is_left_alone(windows: dict[str, Any]) -> None:
    assert added(template(None, **windows), HARDENED) == {}
    assert added(template(None, **windows), Options()) == {}


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
    assert added(template(None, **other), Options()) == {"/securityContext": {"runAsUser": 8888}}


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
    document = deployment()
    predictor = document["spec"]["predictors"][0]
    component = predictor["componentSpecs"][0].setdefault("metadata", {})
    {"spec": document["spec"], "predictor": predictor, "component": component}[level][
        "annotations"
    ] = {key: "unconfined"}

    options = Options(run_as_user=None, seccomp_profile="RuntimeDefault")
    assert fill(document, options).operations == ()


def test_an_explainer_gets_container_values_and_no_pod_values() -> None:
    document = deployment({"os": {"name": "windows"}}, explainer={"type": "A", "containerSpec": {}})
    options = Options(
        run_as_group=7,
        fs_group=7,
        run_as_non_root="when-user-set",
        seccomp_profile="RuntimeDefault",
    )

    assert fill(document, options).operations == (
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
    assert added(template(None, hostUsers=False), Options(run_as_user=65536)) == {}
    assert added(template(None, hostUsers=False), Options(run_as_user=65535)) == {
        "/securityContext": {"runAsUser": 65535}
    }


def test_the_namespace_may_be_given_by_the_caller() -> None:
    document = deployment()
    del document["metadata"]["namespace"]

    filling = fill(document, Options(), namespace(override="no"), "ds")

    assert filling.warnings == (
        Finding(
            Path(),
            "namespace annotation graphgate.io/pod-security-defaults ignored: "
            'it is neither "disabled" nor a JSON object',
        ),
    )
    assert len(filling.operations) == 1


def test_a_pod_template_that_nobody_wrote_is_filled_by_itself() -> None:
    rendered = {"metadata": {"annotations": OPT_OUT}, "spec": template(None)}

    assert fill_pod(rendered, Options()).operations == (
        {"op": "add", "path": "/spec/securityContext", "value": {"runAsUser": 8888}},
    )
    facts = namespace(override='{"runAsUser": 5, "level": "container"}')
    assert fill_pod(rendered, Options(), facts, "ds").operations == (
        {"op": "add", "path": "/spec/containers/0/securityContext", "value": {"runAsUser": 5}},
    )


@pytest.mark.parametrize("rendered", [None, {}, {"spec": {"os": {"name": "windows"}}}])
def test_no_pod_template_is_left_alone(rendered: Any) -> None:
    assert fill_pod(rendered, Options()) == Filling()


def test_no_pod_template_is_filled_where_defaulting_is_off() -> None:
    rendered = {"spec": template(None)}
    assert fill_pod(rendered, replace(HARDENED, level="off")) == Filling()
    assert fill(deployment(), replace(HARDENED, level="off")) == Filling()


def test_a_namespace_may_switch_defaulting_on_for_itself() -> None:
    facts = namespace(override='{"level": "pod"}')
    expected = ({"op": "add", "path": f"{BASE}/securityContext", "value": {"runAsUser": 8888}},)
    assert fill(deployment(), Options(level="off"), facts).operations == expected
    (own,) = fill_pod({"spec": template(None)}, Options(level="off"), facts, "ds").operations
    assert own["path"] == "/spec/securityContext"


def test_nothing_is_said_of_ranges_where_defaulting_is_off() -> None:
    options = Options(level="off", openshift="range-start")
    assert fill(deployment(), options, namespace(uid_range="x")) == Filling()


def test_what_cannot_be_followed_is_said_at_the_objects_namespace() -> None:
    filling = fill(deployment(), Options(), namespace(override='{"x": 1}'))

    assert filling.warnings == (
        Finding(
            Path(("metadata", "namespace")),
            "namespace annotation graphgate.io/pod-security-defaults ignored: unknown key x",
        ),
    )


def test_it_is_said_at_the_root_of_what_is_no_mapping() -> None:
    (warning,) = fill([], Options(), namespace(override="x"), "ds").warnings
    assert warning.path == Path()


@pytest.mark.parametrize("name", [None, 7, ["ds"]])
def test_a_namespace_that_is_no_name_is_unknown(name: Any) -> None:
    document = deployment()
    document["metadata"]["namespace"] = name

    assert len(fill(document, Options(), namespace(override="disabled")).operations) == 1


def test_an_explainer_is_in_no_user_namespace() -> None:
    document = deployment({"hostUsers": False}, explainer={"type": "A", "containerSpec": {}})

    assert [
        operation["path"] for operation in fill(document, Options(run_as_user=70000)).operations
    ] == ["/spec/predictors/0/explainer/containerSpec/securityContext"]


@pytest.mark.parametrize("pod", [{"runAsUser": 0}, {"runAsNonRoot": False}])
def test_containers_that_inherit_root_keep_what_root_can_do(pod: dict[str, Any]) -> None:
    got = added(template(None, {"privileged": False}, pod=pod), HARDENED)
    assert got == {"/securityContext/seccompProfile": {"type": "RuntimeDefault"}}


@pytest.mark.parametrize("own", [{}, {"add": None}, {"drop": None}])
def test_capabilities_that_choose_nothing_get_drop_inside(own: dict[str, Any]) -> None:
    document = deployment(template({"capabilities": own}, pod={"runAsUser": 5}))
    options = Options(drop_capabilities=("ALL",))
    assert fill(document, options).operations == (
        {
            "op": "add",
            "path": f"{BASE}/containers/0/securityContext/capabilities/drop",
            "value": ["ALL"],
        },
    )
