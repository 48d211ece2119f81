"""What is filled into pods and containers that no author wrote: the same as into his."""

from dataclasses import replace
from typing import Any

import pytest

from tests.documents_of import minimal, with_predictor
from webhook import defaulting
from webhook.defaulting import HARDENED_OPTIONS, DefaultingOptions
from webhook.graph.cluster_facts import NO_FACTS, Facts, Namespace
from webhook.graph.parse import parse
from webhook.podsecurity import Pod, evaluate_pod
from webhook.rendering.options import OrchestratorOptions, RenderOptions
from webhook.rendering.render import render

RANGE = {"openshift.io/sa.scc.uid-range": "1000620000/10000"}
OPT_OUT = {"graphgate.io/security-defaults": "disabled"}
BUILT_IN = DefaultingOptions()
EXPLAINER: dict[str, Any] = {"type": "AnchorTabular", "modelUri": "gs://models/explainer"}


def namespace(override: Any = None, **more: Any) -> Facts:
    """Facts about the namespace of the minimal document."""
    annotations = {} if override is None else {"graphgate.io/security-defaults": override}
    known = Namespace(more.get("labels", {}), {**annotations, **more.get("annotations", {})})
    return Facts(namespaces={"models": known}, openshift=more.get("openshift", False))


def pods(document: Any, options: DefaultingOptions, facts: Facts) -> list[dict[str, Any]]:
    """Every pod template of a document that was filled first, as all callers do."""
    defaulted = defaulting.apply_add_operations(
        document, defaulting.default_object(document, options, facts).operations
    )
    made = render(
        parse(defaulted),
        RenderOptions(orchestrator=OrchestratorOptions("executor:1"), defaults=options),
        facts,
    )
    return [one.object["spec"]["template"] for one in made if one.kind == "Deployment"]


def explainer_of(
    document: Any, options: DefaultingOptions, facts: Facts = NO_FACTS
) -> dict[str, Any]:
    """The spec of the explainer's pod, which comes last."""
    spec: dict[str, Any] = pods(document, options, facts)[-1]["spec"]
    return spec


@pytest.mark.parametrize(
    ("options", "facts", "context"),
    [
        (BUILT_IN, Facts(), {"runAsUser": 8888}),
        (replace(BUILT_IN, run_as_user=2000), Facts(), {"runAsUser": 2000}),
        (replace(BUILT_IN, run_as_user=None), Facts(), None),
        (replace(BUILT_IN, run_as_group=5), Facts(), {"runAsUser": 8888, "runAsGroup": 5}),
        (replace(BUILT_IN, fs_group=6), Facts(), {"runAsUser": 8888, "fsGroup": 6}),
        (replace(BUILT_IN, scope="off"), Facts(), None),
        (
            HARDENED_OPTIONS,
            Facts(),
            {
                "runAsUser": 8888,
                "runAsNonRoot": True,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
        ),
        (BUILT_IN, namespace('{"runAsUser": 1234}'), {"runAsUser": 1234}),
        (BUILT_IN, namespace("disabled"), None),
        (BUILT_IN, Facts(openshift=True), None),
        (BUILT_IN, namespace(annotations=RANGE), None),
        (BUILT_IN, namespace('{"runAsUser": 7}', annotations=RANGE), {"runAsUser": 7}),
        (replace(BUILT_IN, openshift="ignore"), Facts(openshift=True), {"runAsUser": 8888}),
        (
            replace(BUILT_IN, openshift="range-start"),
            namespace(annotations=RANGE),
            {"runAsUser": 1000620000},
        ),
        (
            BUILT_IN,
            namespace(
                labels={"security.openshift.io/disable-securitycontextconstraints": "true"},
                openshift=True,
            ),
            {"runAsUser": 8888},
        ),
    ],
)
def test_an_explainer_without_a_container_gets_what_defaulting_says(
    options: DefaultingOptions, facts: Facts, context: dict[str, Any] | None
) -> None:
    spec = explainer_of(with_predictor(explainer=EXPLAINER), options, facts)
    assert spec.get("securityContext") == context


def test_level_container_is_followed() -> None:
    options = replace(BUILT_IN, scope="container")
    spec = explainer_of(with_predictor(explainer=EXPLAINER), options)
    assert "securityContext" not in spec
    users = [c["securityContext"]["runAsUser"] for c in spec["initContainers"] + spec["containers"]]
    assert users == [8888, 8888]


@pytest.mark.parametrize("context", [{"privileged": True}, {"runAsNonRoot": False}])
def test_a_container_whose_author_asked_for_root_does_not_inherit_our_user(
    context: dict[str, Any],
) -> None:
    written = {**EXPLAINER, "containerSpec": {"name": "e", "securityContext": context}}
    spec = explainer_of(with_predictor(explainer=written), BUILT_IN)
    (container,), (fetching,) = spec["containers"], spec["initContainers"]
    assert "securityContext" not in spec
    assert container["securityContext"] == context
    assert fetching["securityContext"]["runAsUser"] == 8888


def test_what_the_author_of_a_container_wrote_survives() -> None:
    context = {"runAsUser": 5, "capabilities": {"add": ["CHOWN"]}, "readOnlyRootFilesystem": True}
    written = {**EXPLAINER, "containerSpec": {"name": "e", "securityContext": context}}
    spec = explainer_of(with_predictor(explainer=written), HARDENED_OPTIONS)
    assert context.items() <= spec["containers"][0]["securityContext"].items()


def opted_out_object(document: Any) -> None:
    document["metadata"]["annotations"] = OPT_OUT


def opted_out_predictor(document: Any) -> None:
    document["spec"]["predictors"][0]["annotations"] = OPT_OUT


@pytest.mark.parametrize("opt_out", [opted_out_object, opted_out_predictor])
def test_an_opt_out_counts_for_pods_that_nobody_wrote(opt_out: Any) -> None:
    document = with_predictor(explainer=EXPLAINER)
    opt_out(document)
    assert "securityContext" not in explainer_of(document, BUILT_IN)
    deaf = replace(BUILT_IN, allow_opt_out=False)
    assert explainer_of(document, deaf)["securityContext"] == {"runAsUser": 8888}


@pytest.mark.parametrize("user", [None, 7])
def test_seldon_s_operator_writes_the_default_user_where_there_is_one(user: int | None) -> None:
    options = RenderOptions(operator="seldon", defaults=replace(BUILT_IN, run_as_user=user))
    (deployment, *_) = render(parse(minimal()), options, NO_FACTS)
    spec = deployment.object["spec"]["template"]["spec"]
    assert spec.get("securityContext") == (None if user is None else {"runAsUser": user})


def test_an_opt_out_of_a_component_counts_for_the_model_server_in_it() -> None:
    graph = {"name": "classifier", "implementation": "SKLEARN_SERVER", "modelUri": "gs://m"}
    component = {"metadata": {"annotations": OPT_OUT}}
    document = with_predictor(graph=graph, componentSpecs=[component])
    assert "securityContext" not in pods(document, BUILT_IN, Facts())[0]["spec"]


def test_a_legacy_seccomp_annotation_keeps_the_profile_off_the_pod() -> None:
    legacy = {"seccomp.security.alpha.kubernetes.io/pod": "runtime/default"}
    document = with_predictor(explainer=EXPLAINER, annotations=legacy)
    assert "seccompProfile" not in explainer_of(document, HARDENED_OPTIONS)["securityContext"]


def test_a_malformed_container_is_left_to_the_schema() -> None:
    written = {**EXPLAINER, "containerSpec": {"name": "e", "securityContext": {"runAsUser": "x"}}}
    assert "securityContext" not in explainer_of(with_predictor(explainer=written), BUILT_IN)


def beside(context: dict[str, Any], **pod: Any) -> dict[str, Any]:
    """A model server that nobody wrote, beside a container of the author's."""
    graph = {"name": "classifier", "implementation": "SKLEARN_SERVER", "modelUri": "gs://m"}
    other = {"name": "other", "image": "i", "securityContext": context}
    return with_predictor(graph=graph, componentSpecs=[{"spec": {"containers": [other], **pod}}])


def server_in(document: Any, options: DefaultingOptions, facts: Facts = NO_FACTS) -> dict[str, Any]:
    """The security context of the server in the first pod."""
    spec = pods(document, options, facts)[0]["spec"]
    (context,) = [c["securityContext"] for c in spec["containers"] if c["name"] == "classifier"]
    assert isinstance(context, dict)
    return context


def test_a_server_gets_the_default_user_where_the_pod_could_not() -> None:
    context = server_in(beside({"privileged": True}), BUILT_IN)
    assert (context["runAsUser"], context["runAsNonRoot"]) == (8888, True)
    context = server_in(beside({}), replace(BUILT_IN, scope="container", run_as_user=7))
    assert (context["runAsUser"], context["runAsNonRoot"]) == (7, True)


def test_a_server_has_no_user_of_its_own_where_the_pod_has_one_or_wants_none() -> None:
    assert "runAsUser" not in server_in(beside({}), BUILT_IN)
    wants_none = beside({}, securityContext={"runAsNonRoot": False})
    assert not {"runAsUser", "runAsNonRoot"} & server_in(wants_none, BUILT_IN).keys()
    out = beside({})
    opted_out_object(out)
    assert not {"runAsUser", "runAsNonRoot"} & server_in(out, BUILT_IN).keys()


def test_a_user_that_a_user_namespace_does_not_have_is_not_set() -> None:
    options = replace(BUILT_IN, run_as_user=70000)
    apart = beside({}, hostUsers=False)
    assert "runAsUser" not in server_in(apart, options)
    assert server_in(beside({"privileged": True}), options)["runAsUser"] == 70000


def test_the_orchestrator_beside_root_follows_the_namespace() -> None:
    root = {"securityContext": {"runAsUser": 0}, "containers": [{"name": "classifier"}]}
    document = with_predictor(componentSpecs=[{"spec": root}])
    for facts, user in ((Facts(), 8888), (namespace('{"runAsUser": 1234}'), 1234)):
        engine = pods(document, BUILT_IN, facts)[0]["spec"]["containers"][-1]
        assert engine["securityContext"]["runAsUser"] == user


def test_hardened_every_pod_that_nobody_wrote_is_restricted() -> None:
    def change(document: dict[str, Any]) -> None:
        document["spec"]["annotations"] = {"seldon.io/engine-separate-pod": "true"}
        document["spec"]["predictors"][0].update(
            graph={"name": "m", "implementation": "TENSORFLOW_SERVER", "modelUri": "gs://m"},
            componentSpecs=[],
            explainer=EXPLAINER,
        )

    for options in (BUILT_IN, HARDENED_OPTIONS, replace(HARDENED_OPTIONS, scope="container")):
        templates = pods(minimal(change), options, Facts())
        assert len(templates) == 3
        for template in templates:
            assert evaluate_pod(Pod(template["spec"], template["metadata"]), "restricted") == ()


def test_what_is_filled_in_comes_from_the_predictor() -> None:
    written = {**EXPLAINER, "containerSpec": {"name": "e", "securityContext": {"runAsUser": 5}}}
    document = with_predictor(explainer=written)
    made = render(parse(document), RenderOptions(defaults=HARDENED_OPTIONS))
    deployment = [one for one in made if one.kind == "Deployment"][-1]
    container = ("spec", "template", "spec", "containers", 0, "securityContext")
    here = "spec.predictors[0]"
    traced = {
        field: str(deployment.trace((*container, field)))
        for field in ("runAsUser", "allowPrivilegeEscalation")
    }
    assert traced == {
        "runAsUser": f"{here}.explainer.containerSpec.securityContext.runAsUser",
        "allowPrivilegeEscalation": here,
    }
