"""Updates: what was there before only warns, and what an update does is told."""

import pytest

from tests.documents_of import minimal, with_graph, with_predictor
from tests.policy.documents import single_validation_policy
from webhook.engine.evaluate import evaluate
from webhook.engine.policy_context import PolicyContext
from webhook.graph.cluster_facts import NO_FACTS
from webhook.rules import all_rules
from webhook.settings.model import read_settings

SETTINGS = read_settings()
STRICT = read_settings(
    {"apiVersion": "graphgate.io/v1alpha1", "kind": "Settings", "ratchet": False}
)


def reported_rules(document, old, settings=SETTINGS, operator=None):
    decision = evaluate(document, settings, NO_FACTS, old_document=old, operator=operator)
    assert decision.rule_errors == ()
    return [f.rule_id for f in decision.denials], [f.rule_id for f in decision.warnings]


def labelled(document):
    document["metadata"]["labels"] = {"team": "a"}
    return document


BROKEN = with_graph(name="clasifier", type="MODLE")


def test_an_object_with_old_faults_can_be_labelled():
    assert reported_rules(labelled(with_graph(name="clasifier", type="MODLE")), BROKEN) == (
        [],
        ["missing-container", "unknown-node-type"],
    )


def test_without_the_ratchet_old_faults_deny():
    new = labelled(with_graph(name="clasifier", type="MODLE"))
    assert reported_rules(new, BROKEN, STRICT) == (["missing-container", "unknown-node-type"], [])


def test_a_new_fault_denies_and_the_old_one_warns():
    assert reported_rules(
        with_graph(name="clasifier", type="MODLE"), with_graph(name="clasifier")
    ) == (
        ["unknown-node-type"],
        ["missing-container"],
    )


def test_a_fault_with_another_value_at_the_same_place_is_new():
    assert reported_rules(with_graph(name="classifierr2"), with_graph(name="clasifier")) == (
        ["missing-container"],
        [],
    )


def test_what_only_warns_is_told_beside_an_old_fault():
    new = with_graph(name="clasifier", typo=1)
    assert reported_rules(new, with_graph(name="clasifier")) == (
        [],
        ["missing-container", "unknown-field"],
    )


def two(first, second):
    def change(document):
        predictor = document["spec"]["predictors"][0]
        document["spec"]["predictors"] = [{**predictor, **first}, {**predictor, **second}]

    return minimal(change)


BAD = {"name": "b", "graph": {"name": "gone", "type": "MODEL"}, "traffic": 50}
GOOD = {"name": "a", "traffic": 50}


def test_a_place_is_known_by_the_names_on_the_way_and_not_by_its_number():
    assert reported_rules(two(BAD, GOOD), two(GOOD, BAD)) == ([], ["missing-container"])


def test_a_sum_that_was_wrong_before_only_warns_whatever_else_changes():
    old = two({"name": "a", "traffic": 50}, {"name": "b", "traffic": 40})
    new = two({"name": "a", "traffic": 50, "replicas": 3}, {"name": "b", "traffic": 40})
    assert reported_rules(new, old) == ([], ["traffic-not-100"])


def test_a_sum_that_is_wrong_in_another_way_is_new():
    old = two({"name": "a", "traffic": 50}, {"name": "b", "traffic": 40})
    assert reported_rules(two({"name": "a", "traffic": 50}, {"name": "b", "traffic": 30}), old)[
        0
    ] == ["traffic-not-100"]


@pytest.mark.parametrize("old", [[], "text", 1, {}, {"spec": []}])
def test_an_old_object_that_is_none_excuses_nothing(old):
    assert reported_rules(with_graph(name="clasifier"), old)[0] == ["missing-container"]


@pytest.mark.parametrize(
    ("new", "old", "rules"),
    [
        (two({"name": "a", "traffic": 0}, {"name": "b", "traffic": 100}), 100, ["a", "b"]),
        (two({"name": "a", "traffic": 50}, {"name": "b", "traffic": 50}), 100, []),
        (two({"name": "a", "traffic": 49}, {"name": "b", "traffic": 51}), 100, ["a", "b"]),
    ],
)
def test_traffic_that_moves_far_at_once_is_reported(new, old, rules):
    before = two({"name": "a", "traffic": old}, {"name": "b", "traffic": 100 - old})
    assert reported_rules(new, before) == ([], ["large-traffic-shift"] * len(rules))


def test_removing_a_predictor_with_traffic_is_reported():
    before = two({"name": "a", "traffic": 60}, {"name": "b", "traffic": 40})
    assert reported_rules(with_predictor(name="a"), before) == ([], ["live-predictor-removed"])
    before = two({"name": "a", "traffic": 100}, {"name": "b", "traffic": 0})
    assert reported_rules(with_predictor(name="a"), before) == ([], [])


def test_renaming_the_only_predictor_is_reported():
    assert reported_rules(with_predictor(name="b"), with_predictor(name="a")) == (
        [],
        ["live-predictor-removed"],
    )


def test_replacing_a_model_in_place_is_reported():
    server = {"implementation": "SKLEARN_SERVER", "name": "classifier"}
    old = with_predictor(graph={**server, "modelUri": "gs://models.example/1"})
    new = with_predictor(graph={**server, "modelUri": "gs://models.example/2"})
    assert reported_rules(new, old) == ([], ["model-uri-changed"])
    assert reported_rules(old, old) == ([], [])


def served(uri):
    graph = {"implementation": "SKLEARN_SERVER", "name": "classifier", "modelUri": uri}
    return with_predictor(graph=graph)


def with_service(name):
    return with_predictor(annotations={"seldon.io/svc-name": name} if name else {})


@pytest.mark.parametrize(
    ("new", "old", "told"),
    [
        (
            two({"name": "a", "traffic": 30}, {"name": "b", "traffic": 70}),
            two({"name": "a", "traffic": 90}, {"name": "b", "traffic": 10}),
            [
                (
                    f"spec.predictors[{index}].traffic",
                    "this update moves the traffic of the predictor from "
                    f"{before} to {after} at once",
                )
                for index, before, after in ((0, 90, 30), (1, 10, 70))
            ],
        ),
        (
            two({"name": "a", "traffic": 49}, {"name": "b", "traffic": 51}),
            two({"name": "a", "traffic": 100}, {"name": "b"}),
            [
                (
                    f"spec.predictors[{index}].traffic",
                    "this update moves the traffic of the predictor from "
                    f"{before} to {after} at once",
                )
                for index, before, after in ((0, 100, 49), (1, 0, 51))
            ],
        ),
        (
            two({"name": "a", "traffic": 100}, {"name": "b", "shadow": True, "traffic": 90}),
            two({"name": "a", "traffic": 100}, {"name": "b", "shadow": True, "traffic": 1}),
            [],
        ),
        (with_predictor(name="a", traffic=10), with_predictor(name="a", traffic=100), []),
        (
            with_predictor(name="b"),
            with_predictor(name="a"),
            [
                (
                    "spec.predictors",
                    'this update removes the predictor "a", which has 100 % of the traffic',
                )
            ],
        ),
        (
            with_predictor(name="a"),
            two({"name": "a", "traffic": 60}, {"name": "b", "traffic": 40}),
            [
                (
                    "spec.predictors",
                    'this update removes the predictor "b", which has 40 % of the traffic',
                )
            ],
        ),
        (
            with_predictor(name="a"),
            two({"name": "a", "traffic": 100}, {"name": "b", "shadow": True, "traffic": 40}),
            [],
        ),
        (
            served("gs://models.example/2"),
            served("gs://models.example/1"),
            [
                (
                    "spec.predictors[0].graph.modelUri",
                    'this update replaces the model "gs://models.example/1" with '
                    '"gs://models.example/2" in place',
                )
            ],
        ),
        (
            with_service("new"),
            with_service("old"),
            [
                (
                    'spec.predictors[0].annotations["seldon.io/svc-name"]',
                    'the Service is renamed from "old": the old name stops working with the update',
                )
            ],
        ),
    ],
)
def test_what_an_update_does_is_told_with_its_place_and_values(new, old, told):
    decision = evaluate(new, SETTINGS, NO_FACTS, old_document=old)
    assert [(str(one.path), one.message) for one in decision.warnings] == told


def with_headless(value, holder="spec"):
    document = with_predictor()
    if value is not None:
        document[holder] = {
            **document[holder],
            "annotations": {"seldon.io/headless-svc": value},
        }
    return document


@pytest.mark.parametrize(
    ("before", "after", "denials", "warnings"),
    [
        (None, "true", ["immutable-field-changed"], []),
        ("false", "1", ["immutable-field-changed"], []),
        ("true", None, [], ["immutable-field-changed"]),
        ("true", "yes", [], []),
        (None, "false", [], []),
    ],
)
@pytest.mark.parametrize("holder", ["spec", "metadata"])
def test_a_service_that_would_become_headless_is_denied(before, after, denials, warnings, holder):
    # A real API server: spec.clusterIPs[0]: may not change once set; an empty one stays as it was.
    new, old = with_headless(after, holder), with_headless(before, holder)
    assert reported_rules(new, old) == (denials, warnings)


@pytest.mark.parametrize(
    ("holders", "place"),
    [(["spec"], "spec"), (["metadata"], "metadata"), (["spec", "metadata"], "spec")],
)
def test_the_annotation_is_named_where_it_is_read(holders, place):
    new = with_predictor()
    for holder in holders:
        new[holder]["annotations"] = {"seldon.io/headless-svc": "true"}
    (finding,) = evaluate(new, SETTINGS, NO_FACTS, old_document=with_predictor()).denials
    assert str(finding.path) == f'{place}.annotations["seldon.io/headless-svc"]'


def test_a_service_of_another_name_is_told():
    named = with_predictor(annotations={"seldon.io/svc-name": "iris"})
    assert reported_rules(named, with_predictor()) == ([], ["service-name-changed"])
    assert reported_rules(with_predictor(), named) == ([], ["service-name-changed"])
    assert reported_rules(named, named) == ([], [])


def with_separate_orchestrator():
    document = with_predictor()
    document["spec"]["annotations"] = {"seldon.io/engine-separate-pod": "true"}
    return document


def with_two_containers(node):
    containers = [{"name": name, "image": "registry.example/a:1"} for name in ("a", "b")]
    return with_predictor(
        componentSpecs=[{"spec": {"containers": containers}}], graph={"name": node, "type": "MODEL"}
    )


@pytest.mark.parametrize(
    ("new", "old"),
    [
        (with_separate_orchestrator(), with_predictor()),
        (with_predictor(), with_separate_orchestrator()),
        (with_two_containers("b"), with_two_containers("a")),
    ],
)
def test_a_deployment_that_seldon_makes_anew_is_told(new, old):
    # Its selector has the Services of the pod; graphgate's has its name alone.
    assert reported_rules(new, old, operator="seldon") == ([], ["immutable-field-changed"])
    assert reported_rules(new, old, operator="graphgate") == ([], [])


def test_the_labels_that_change_are_named_and_no_others():
    decision = evaluate(
        with_separate_orchestrator(),
        SETTINGS,
        NO_FACTS,
        old_document=with_predictor(),
        operator="seldon",
    )
    (finding,) = decision.warnings
    assert "selector of Deployment iris-main-0-classifier (seldon-app)" in finding.message


def test_an_update_that_names_nothing_anew_is_not_rendered(monkeypatch):
    calls = []

    def render(*given, **_options):
        calls.append(given)
        return ()

    monkeypatch.setattr("webhook.rendering.once.render", render)
    new = with_predictor()
    new["spec"]["predictors"][0]["componentSpecs"][0]["spec"]["containers"][0]["image"] = "b:2"
    assert reported_rules(new, with_predictor(), operator="seldon") == ([], [])
    assert calls == []
    reported_rules(with_separate_orchestrator(), with_predictor(), operator="seldon")
    assert len(calls) == 2


def test_rules_about_updates_do_not_run_without_one():
    about_updates = {rule.id for rule in all_rules() if "old" in rule.inputs}
    assert about_updates == {
        *("immutable-field-changed", "large-traffic-shift", "live-predictor-removed"),
        *("model-uri-changed", "service-name-changed"),
    }
    decision = evaluate(minimal(), SETTINGS, NO_FACTS)
    assert (decision.rule_errors, decision.warnings) == ((), ())


def enforced(level="baseline"):
    return read_settings(
        {
            "apiVersion": "graphgate.io/v1alpha1",
            "kind": "Settings",
            "podSecurity": {"mode": "enforce", "level": level},
        }
    )


def with_privileged(count, image="a"):
    containers = [
        {"name": f"c{i}", "image": image, "securityContext": {"privileged": i < count}}
        for i in range(12)
    ]
    return with_predictor(
        componentSpecs=[{"spec": {"containers": containers}}],
        graph={"name": "c0", "type": "MODEL"},
    )


@pytest.mark.parametrize("before", [1, 9, 10, 11])
def test_one_more_privileged_container_is_new(before):
    new, old = with_privileged(before + 1), with_privileged(before)
    assert reported_rules(new, old, enforced())[0] == ["pod-security/privileged"]


@pytest.mark.parametrize("after", [1, 10, 11])
def test_as_many_or_fewer_privileged_containers_are_old_whatever_image_they_have(after):
    new, old = with_privileged(after, image="b"), with_privileged(11)
    assert reported_rules(new, old, enforced())[0] == []


def with_host_path(path, image):
    pod = {
        "containers": [{"name": "classifier", "image": image}],
        "volumes": [{"name": "data", "hostPath": {"path": path}}],
    }
    return with_predictor(componentSpecs=[{"spec": pod}])


def test_another_path_of_the_host_under_the_same_name_is_new():
    old = with_host_path("/data", "a")
    new, same = with_host_path("/", "b"), with_host_path("/data", "b")
    assert reported_rules(new, old, enforced())[0] == ["pod-security/hostPathVolumes"]
    assert reported_rules(same, old, enforced())[0] == []


def test_the_thousand_and_first_fault_is_new():
    new, old = with_graph(methods=["X"] * 1002), with_graph(methods=["X"] * 1001)
    assert reported_rules(labelled(new), old)[0] == ["unknown-node-method"]


def test_one_old_fault_excuses_one():
    old = with_graph(children=[{"name": "a", "type": "x"}])
    new = with_graph(children=[{"name": "a", "type": "x"}, {"name": "a", "type": "x"}])
    assert "unknown-node-type" in reported_rules(new, old)[0]


def aggregating_policy(expression):
    policies = single_validation_policy(expression)
    assert policies.problems == ()
    return PolicyContext(policies, 0)


def is_denied_by(context, new, old):
    decision = evaluate(new, SETTINGS, NO_FACTS, old_document=old, policy_context=context)
    assert decision.rule_errors == ()
    return any(finding.rule_id.startswith("policy/") for finding in decision.denials)


def with_predictors(count):
    document = with_predictor()
    first = document["spec"]["predictors"][0]
    document["spec"]["predictors"] = [{**first, "name": f"p{n}"} for n in range(count)]
    return document


def test_a_count_of_a_policy_that_gets_worse_is_new():
    context = aggregating_policy('"size(object.spec.predictors) <= 1"')
    assert is_denied_by(context, with_predictors(30), with_predictors(2))
    assert not is_denied_by(context, labelled(with_predictors(2)), with_predictors(2))


@pytest.mark.parametrize("before", [1, 10])
def test_one_more_privileged_container_is_new_to_a_policy_that_aggregates(before):
    containers = "object.spec.predictors[0].componentSpecs[0].spec.containers"
    context = aggregating_policy(f'"!{containers}.exists(c, c.securityContext.privileged)"')
    assert is_denied_by(context, with_privileged(before + 1), with_privileged(before))
    assert not is_denied_by(context, labelled(with_privileged(before)), with_privileged(before))


def with_ports(count):
    ports = [{"containerPort": 70_000 + n} for n in range(count)]
    container = {"name": "classifier", "image": "a", "ports": ports}
    return with_predictor(componentSpecs=[{"spec": {"containers": [container]}}])


def test_the_thousand_and_first_fault_of_a_row_is_new():
    assert reported_rules(labelled(with_ports(1001)), with_ports(1000))[0] == ["port-out-of-range"]


def test_faults_that_are_not_listed_are_old_only_where_the_spec_stays_as_it_is():
    assert reported_rules(labelled(with_ports(1001)), with_ports(1001))[0] == []
    assert reported_rules(with_ports(1002), with_ports(1001))[0] == ["port-out-of-range"]


RESTRICTED = read_settings(
    {
        "apiVersion": "graphgate.io/v1alpha1",
        "kind": "Settings",
        "podSecurity": {"mode": "enforce", "level": "restricted"},
    }
)


@pytest.mark.parametrize("settings", [RESTRICTED, read_settings()], ids=["restricted", "no level"])
@pytest.mark.parametrize("operator", ["graphgate", "seldon"])
def test_rules_and_pod_security_share_one_rendering(monkeypatch, operator, settings):
    from webhook.rendering import once
    from webhook.rendering.render import render

    rendered = []

    def record_rendered(*given, **options):
        rendered.append(given[0])
        return render(*given, **options)

    monkeypatch.setattr(once, "render", record_rendered)
    key = "container.apparmor.security.beta.kubernetes.io/other"
    old, new = (
        with_predictor(annotations={key: "localhost/a"}),
        with_predictor(annotations={key: "localhost/b"}),
    )
    new["spec"]["predictors"][0]["replicas"] = 2
    denied, _ = reported_rules(new, old, settings, operator)
    assert "apparmor-annotation-unknown-container" in denied
    assert len(rendered) == len({id(view) for view in rendered}) == 2


@pytest.mark.parametrize("operator", ["graphgate", "seldon"])
def test_each_object_is_rendered_once_and_each_pod_checked_once(monkeypatch, operator):
    from webhook.engine import rendered_pods
    from webhook.podsecurity import evaluate_pod
    from webhook.rendering import once
    from webhook.rendering.render import render

    rendered, checked = [], []

    def record_rendered(*given, **options):
        rendered.append(given[0])
        return render(*given, **options)

    def record_checked(pod, *given):
        checked.append(pod)
        return evaluate_pod(pod, *given)

    monkeypatch.setattr(once, "render", record_rendered)
    monkeypatch.setattr(rendered_pods, "evaluate_pod", record_checked)
    old = with_predictor(annotations={"sidecar": "no"})
    new = with_predictor(annotations={"sidecar": "yes"})
    for document, image in (old, "iris:1"), (new, "iris:2"):
        pod = document["spec"]["predictors"][0]["componentSpecs"][0]["spec"]
        pod["securityContext"] = {"runAsUser": 0}
        pod["containers"][0]["image"] = image
    new["spec"]["predictors"][0]["graph"]["type"] = "MODLE"
    denied, _ = reported_rules(new, old, RESTRICTED, operator)
    assert denied == ["unknown-node-type"]
    assert len(rendered) == len({id(view) for view in rendered}) == 2
    assert len(checked) == len({id(pod) for pod in checked})


def test_of_the_old_object_only_what_denies_the_new_one_is_asked(monkeypatch):
    from webhook.engine import evaluate as module
    from webhook.engine.rule_runner import run_rules

    asked = []

    def record_asked(*given, **options):
        asked.append(options.get("only"))
        return run_rules(*given, **options)

    monkeypatch.setattr(module, "run_rules", record_asked)
    assert reported_rules(
        with_graph(name="clasifier", type="MODLE"), with_graph(name="clasifier")
    ) == (["unknown-node-type"], ["missing-container"])
    assert asked == [None, {"missing-container", "unknown-node-type"}]
    asked.clear()
    warned = with_predictor(labels={"team": "a"}, unknownField=1)
    assert reported_rules(labelled(warned), warned) == ([], ["unknown-field"])
    assert asked == [None]


def without_a_node(name, **component):
    """A document whose first component has one container, of no node."""
    other = {"spec": {"containers": [{"name": name, "image": "registry.example/o:1"}]}, **component}
    own = {"spec": {"containers": [{"name": "classifier", "image": "registry.example/iris:1"}]}}
    return with_predictor(componentSpecs=[other, own])


def test_a_first_component_of_other_containers_is_another_error():
    old, rule = without_a_node("other"), "first-component-without-node"
    assert reported_rules(without_a_node("other", replicas=2), old) == ([], [rule])
    assert reported_rules(without_a_node("another"), old) == ([rule], [])
