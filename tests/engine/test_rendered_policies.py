"""Policies for pods and other kinds are asked about what a SeldonDeployment stands for."""

from typing import Any

import pytest

from tests.documents_of import minimal, with_pod, with_predictor
from tests.policy.documents import binding_text, load_texts, policy_text
from webhook.engine.decision import Decision
from webhook.engine.evaluate import evaluate
from webhook.engine.policy_context import PolicyContext
from webhook.graph.cluster_facts import NO_FACTS, Facts, Namespace
from webhook.policy import PolicySet
from webhook.settings.model import read_settings

TEMPLATE = "spec.predictors[0].componentSpecs[0]"
CONTAINER = f"{TEMPLATE}.spec.containers[0]"
PINNED = """\
- expression: object.spec.containers.all(c, c.image.contains('@'))
  message: an image is not pinned
"""


def about(*resources: str, group: str = "", operations: str = "[CREATE]") -> str:
    return (
        "  matchConstraints:\n"
        "    resourceRules:\n"
        f"    - {{apiGroups: ['{group}'], apiVersions: [v1, v2, v1alpha1], "
        f"operations: {operations}, resources: [{', '.join(resources)}]}}\n"
    )


def pod_policy(validations: str = PINNED, *, rendered: str = "", actions: str = "[Deny]") -> Any:
    return load_texts(
        policy_text(
            validations,
            match_constraints=about("pods"),
            annotations=f"graphgate.io/rendered: '{rendered}'" if rendered else "",
        ),
        binding_text(actions=actions),
    )


def judge(
    document: Any,
    policies: PolicySet,
    *,
    old: Any = None,
    facts: Facts = NO_FACTS,
    mode: Any = "warn",
) -> Decision:
    assert policies.problems == ()
    rules = {
        "apiVersion": "graphgate.io/v1alpha1",
        "kind": "Settings",
        "policies": {"rendered": mode},
    }
    return evaluate(
        document,
        read_settings(rules),
        facts,
        old_document=old,
        policy_context=PolicyContext(policies, 0),
    )


def said(findings: Any) -> list[tuple[str, str]]:
    return [
        (str(found.path), found.message)
        for found in findings
        if found.rule_id.startswith("policy/")
    ]


def test_what_would_deny_the_pod_warns_at_its_place_in_the_document() -> None:
    decision = judge(minimal(), pod_policy())
    assert said(decision.denials) == []
    assert said(decision.warnings) == [
        (f"{CONTAINER}.image", "pod of predictor main: an image is not pinned")
    ]


@pytest.mark.parametrize(
    ("annotation", "setting", "denied"),
    [("deny", "warn", True), ("warn", "deny", False), ("", "deny", True), ("off", "deny", False)],
)
def test_the_annotation_decides_and_else_the_setting(
    annotation: str, setting: str, denied: bool
) -> None:
    decision = judge(minimal(), pod_policy(rendered=annotation), mode=setting)
    assert decision.denied is denied
    assert bool(said(decision.warnings)) is (annotation == "warn")


@pytest.mark.parametrize("off", ["off", False])
def test_the_setting_off_asks_no_such_policy(off: Any) -> None:
    assert said(judge(minimal(), pod_policy(), mode=off).warnings) == []


def test_a_binding_that_audits_is_not_made_stronger() -> None:
    decision = judge(minimal(), pod_policy(actions="[Audit]"), mode="deny")
    assert (said(decision.denials), said(decision.warnings)) == ([], [])
    assert said(decision.audits) != []


def test_an_annotation_of_another_word_is_a_problem_of_the_policy() -> None:
    (problem,) = pod_policy(rendered="maybe").problems
    assert (
        problem.message == 'annotation graphgate.io/rendered is "maybe"; allowed: deny, warn, off'
    )


def test_what_rendering_adds_leads_to_what_called_for_it() -> None:
    decision = judge(
        minimal(), pod_policy('- expression: "!has(object.metadata.labels)"\n  message: labels\n')
    )
    ((path, message),) = said(decision.warnings)
    assert message == "pod of predictor main: labels"
    assert path.startswith("spec.predictors[0]")


@pytest.mark.parametrize(
    ("group", "resource", "label"),
    [
        ("", "services", "Service iris-main-classifier of predictor main"),
        ("apps", "deployments", "Deployment iris-main-0-classifier of predictor main"),
        ("autoscaling", "horizontalpodautoscalers", "HorizontalPodAutoscaler "),
        ("keda.sh", "scaledobjects", "ScaledObject "),
        ("policy", "poddisruptionbudgets", "PodDisruptionBudget "),
    ],
)
def test_every_kind_of_rendered_object_is_evaluated(group: str, resource: str, label: str) -> None:
    policies = load_texts(
        policy_text(
            "- {expression: 'false', message: never}\n",
            match_constraints=about(resource, group=group),
        ),
        binding_text(),
    )
    metric = {"type": "Resource", "resource": {"name": "cpu", "targetAverageUtilization": 50}}
    parts: dict[str, Any] = {
        "horizontalpodautoscalers": {"hpaSpec": {"maxReplicas": 2, "metrics": [metric]}},
        "scaledobjects": {
            "kedaSpec": {"triggers": [{"type": "cron", "metadata": {"timezone": "UTC"}}]}
        },
        "poddisruptionbudgets": {"pdbSpec": {"minAvailable": 1}},
    }
    document = minimal()
    component = document["spec"]["predictors"][0]["componentSpecs"][0]
    component.update(parts.get(resource, {}))
    warnings = said(judge(document, policies).warnings)
    assert any(message.startswith(label) for _, message in warnings), warnings


def test_the_pod_has_the_defaults_that_the_api_server_fills_in() -> None:
    decision = judge(
        minimal(),
        pod_policy(
            "- expression: >-\n"
            "    object.spec.restartPolicy == 'Always' && object.spec.securityContext != null &&\n"
            "    object.spec.containers.all(c, c.resources != null) &&\n"
            "    object.metadata.namespace == 'models' && object.kind == 'Pod'\n"
        ),
    )
    assert said(decision.warnings) == []


def test_a_pod_without_a_security_context_gets_the_empty_one_of_the_api_server() -> None:
    decision = evaluate(
        minimal(),
        read_settings(),
        NO_FACTS,
        apply_defaults=False,
        operator="graphgate",
        policy_context=PolicyContext(
            pod_policy("- expression: object.spec.securityContext == {}\n"), 0
        ),
    )
    assert said(decision.warnings) == []
    assert decision.rule_errors == ()


def test_the_objects_have_the_owners_that_controllers_give_them() -> None:
    owned = "object.metadata.ownerReferences.exists(o, o.controller && o.kind == '{}')"
    for resource, group, owner in (
        ("pods", "", "ReplicaSet"),
        ("deployments", "apps", "SeldonDeployment"),
        ("services", "", "SeldonDeployment"),
    ):
        policies = load_texts(
            policy_text(
                f'- expression: "{owned.format(owner)}"\n'
                "- expression: object.metadata.namespace == 'models'\n",
                match_constraints=about(resource, group=group),
            ),
            binding_text(),
        )
        assert said(judge(minimal(), policies).warnings) == [], resource


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("r.io/a", "Always"),
        ("r.io:5000/a", "Always"),
        ("r.io/a:latest", "Always"),
        ("r.io/a:1", "IfNotPresent"),
        ("r.io/a@sha256:" + "0" * 64, "IfNotPresent"),
        ("r.io/a:latest@sha256:" + "0" * 64, "Always"),
    ],
)
def test_an_image_is_pulled_as_the_api_server_fills_it_in(image: str, policy: str) -> None:
    served = {"name": "classifier", "image": "r.io/served:1"}
    document = with_pod(containers=[served, {"name": "beside", "image": image}])
    expression = f"object.spec.containers[1].imagePullPolicy == '{policy}'"
    warnings = said(judge(document, pod_policy(f'- expression: "{expression}"\n')).warnings)
    assert warnings == []


ADD_SECCOMP = """\
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingAdmissionPolicy
metadata: {name: add}
spec:
  failurePolicy: Fail
  reinvocationPolicy: Never
  matchConstraints:
    resourceRules:
    - {apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [pods]}
  mutations:
  - patchType: JSONPatch
    jsonPatch:
      expression: "%s"
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingAdmissionPolicyBinding
metadata: {name: add}
spec: {policyName: add}
"""


def with_mutation(validations: str, expression: str) -> PolicySet:
    policy = policy_text(validations, match_constraints=about("pods"))
    return load_texts(policy, binding_text(), *(ADD_SECCOMP % expression).split("---\n"))


def test_what_a_mutation_adds_to_a_pod_is_there_when_the_others_are_asked() -> None:
    validation = "- expression: object.spec.?priorityClassName.orValue('') == 'models'\n"
    patch = "[JSONPatch{op: 'add', path: '/spec/priorityClassName', value: 'models'}]"
    nothing = "[JSONPatch{op: 'remove', path: '/spec/dnsPolicy'}]"
    assert said(judge(minimal(), with_mutation(validation, nothing)).warnings) != []
    decision = judge(minimal(), with_mutation(validation, patch))
    assert said(decision.warnings) == []
    assert decision.patch == judge(minimal(), with_mutation(validation, nothing)).patch


def test_a_container_that_a_mutation_adds_moves_no_other_place() -> None:
    proxy = "{'name': 'proxy', 'image': 'p:1'}"
    patch = f"[JSONPatch{{op: 'add', path: '/spec/containers/0', value: {proxy}}}]"
    decision = judge(minimal(), with_mutation(PINNED, patch))
    assert [path for path, _ in said(decision.warnings)] == [
        f"{TEMPLATE}.spec",
        f"{CONTAINER}.image",
    ]


def test_a_container_itself_is_found_where_its_author_wrote_it() -> None:
    proxy = "{'name': 'proxy', 'image': 'p:1'}"
    patch = f"[JSONPatch{{op: 'add', path: '/spec/containers/0', value: {proxy}}}]"
    policies = load_texts(
        policy_text(
            "- {expression: 'false', message: never}\n",
            match_constraints=about("pods"),
            annotations="graphgate.io/finding-paths: \"'spec.containers[1]'\"",
        ),
        binding_text(),
        *(ADD_SECCOMP % patch).split("---\n"),
    )
    assert [path for path, _ in said(judge(minimal(), policies).warnings)] == [CONTAINER]


def test_a_rendered_object_has_its_own_metadata_in_the_namespace_of_the_review() -> None:
    expression = (
        "object.metadata.name == 'iris-main-0-classifier' && has(object.metadata.labels) && "
        "object.metadata.namespace == 'models'"
    )
    policies = load_texts(
        policy_text(
            f'- expression: "{expression}"\n',
            match_constraints=about("deployments", group="apps"),
        ),
        binding_text(),
    )
    document = minimal()
    del document["metadata"]["namespace"]
    context = PolicyContext(policies, 0)
    decision = evaluate(
        document, read_settings(), NO_FACTS, namespace="models", policy_context=context
    )
    assert said(decision.warnings) == []


def test_a_mutation_that_fails_warns_as_the_pod_would_be_refused() -> None:
    decision = judge(
        minimal(),
        with_mutation(
            "- expression: 'true'\n", "[JSONPatch{op: 'remove', path: object.spec.nope}]"
        ),
    )
    ((_, message),) = said(decision.warnings)
    assert message.startswith("pod of predictor main: the policy could not be evaluated: ")


def test_a_container_whose_image_nobody_wrote_is_not_the_authors_fault() -> None:
    """The orchestrator's image is a flag of the reconciler; a pod without it has one container."""
    decision = judge(minimal(), pod_policy("- expression: object.spec.containers.size() == 1\n"))
    assert said(decision.warnings) == []


def test_a_policy_that_reads_the_user_is_not_decided_and_says_so() -> None:
    decision = judge(minimal(), pod_policy("- expression: request.userInfo.username == 'admin'\n"))
    assert (said(decision.denials), said(decision.warnings)) == ([], [])
    ((path, message),) = said(decision.audits)
    assert path == "(document)"
    assert message == (
        "not evaluated for rendered objects: the policy reads request.userInfo, but a controller "
        "creates them"
    )
    assert [finding.rule_id for finding in decision.audits] == ["policy/p"]


def test_of_two_policies_only_the_one_that_is_asked_is_evaluated() -> None:
    never = "- {expression: 'false', message: never}\n"
    off = policy_text(
        never,
        match_constraints=about("pods"),
        annotations="graphgate.io/rendered: 'off'",
        name="quiet",
    )
    policies = load_texts(
        policy_text(never, match_constraints=about("pods")),
        binding_text(),
        off,
        binding_text(name="quiet", policy="quiet"),
    )
    found = judge(minimal(), policies).warnings
    assert [finding.rule_id for finding in found] == ["policy/p/0"]


def test_time_that_is_up_denies_whatever_the_policy_says() -> None:
    long = "- expression: lists.range(5000).all(n, n >= 0)\n"
    policies = pod_policy(long, rendered="deny", actions="[Warn]")
    for context in (
        PolicyContext(policies, 0, expired=lambda: False),
        PolicyContext(policies, 0, expired=lambda: True),
    ):
        decision = evaluate(minimal(), read_settings(), NO_FACTS, policy_context=context)
        assert context.expired is not None
        assert decision.denied is context.expired()


def test_a_pod_of_a_predictor_without_a_name_is_called_pod() -> None:
    document = minimal()
    del document["spec"]["predictors"][0]["name"]
    messages = [message for _, message in said(judge(document, pod_policy()).warnings)]
    assert messages == ["pod: an image is not pinned"]


def test_an_init_container_gets_the_defaults_of_the_api_server() -> None:
    document = with_pod(initContainers=[{"name": "i", "image": "i:1"}])
    expression = "object.spec.initContainers[0].imagePullPolicy == 'IfNotPresent'"
    assert said(judge(document, pod_policy(f'- expression: "{expression}"\n')).warnings) == []


def test_a_container_that_a_mutation_makes_of_a_text_is_survived() -> None:
    patch = "[JSONPatch{op: 'add', path: '/spec/containers/-', value: 'x'}]"
    never = "- {expression: 'false', message: never}\n"
    decision = judge(minimal(), with_mutation(never, patch))
    assert decision.rule_errors == ()
    assert [message for _, message in said(decision.warnings)] == ["pod of predictor main: never"]


def test_a_policy_that_fails_on_a_pod_warns_and_the_others_are_asked() -> None:
    validations = "- expression: object.spec.nodeName == 'a'\n" + PINNED
    messages = [message for _, message in said(judge(minimal(), pod_policy(validations)).warnings)]
    assert (
        "pod of predictor main: the policy could not be evaluated: no such key: nodeName"
        in messages
    )
    assert "pod of predictor main: an image is not pinned" in messages


def test_a_fault_that_was_there_before_an_update_warns_where_the_policy_denies() -> None:
    policies = pod_policy(rendered="deny")
    assert not judge(minimal(), policies, old=minimal()).denied
    worse = with_pod(containers=[{"name": "classifier", "image": "registry.example/iris:2"}])
    assert judge(worse, policies, old=minimal()).denied


def test_explainers_have_pods_too() -> None:
    document = with_predictor(
        explainer={"type": "AnchorTabular", "containerSpec": {"name": "e", "image": "r.io/e:1"}}
    )
    warnings = said(judge(document, pod_policy()).warnings)
    assert "spec.predictors[0].explainer.containerSpec.image" in [path for path, _ in warnings]


def test_a_binding_selects_by_the_labels_of_the_namespace() -> None:
    policies = load_texts(
        policy_text(PINNED, match_constraints=about("pods")),
        binding_text(
            extra_spec="matchResources: {namespaceSelector: {matchLabels: {stage: prod}}}"
        ),
    )
    prod = Facts(namespaces={"models": Namespace({"stage": "prod"})})
    test = Facts(namespaces={"models": Namespace({"stage": "test"})})
    assert said(judge(minimal(), policies, facts=prod).warnings) != []
    assert said(judge(minimal(), policies, facts=test).warnings) == []


def test_nothing_is_rendered_for_policies_that_are_not_asked_about_rendered_objects(
    monkeypatch: Any,
) -> None:
    def never(*_: Any, **__: Any) -> Any:
        raise AssertionError

    monkeypatch.setattr("webhook.rendering.once.render", never)
    policies = load_texts(policy_text("- expression: 'false'\n"), binding_text())
    decision = judge(minimal(), policies)
    assert (decision.denied, decision.rule_errors) == (True, ())
    switched_off = judge(minimal(), pod_policy(), mode="off")
    assert (switched_off.denied, switched_off.rule_errors) == (False, ())
    asked = judge(minimal(), pod_policy())
    assert [error.rule_id for error in asked.rule_errors] == ["policy"]


@pytest.mark.parametrize(
    ("policies", "only_deployments"),
    [(None, True), (pod_policy(), False)],
    ids=["pods alone are asked for", "policies ask for all"],
)
def test_an_object_is_rendered_once_for_all_that_ask_and_no_more_than_they_need(
    monkeypatch: Any, policies: PolicySet | None, only_deployments: bool
) -> None:
    from webhook.rendering import once
    from webhook.rendering.render import render

    rendered = []

    def record(*given: Any, **options: Any) -> Any:
        rendered.append(options.get("only_deployments", False))
        return render(*given, **options)

    monkeypatch.setattr(once, "render", record)
    head = {"apiVersion": "graphgate.io/v1alpha1", "kind": "Settings"}
    settings = read_settings({**head, "podSecurity": {"mode": "warn", "level": "restricted"}})
    context = None if policies is None else PolicyContext(policies, 0)
    decision = evaluate(minimal(), settings, NO_FACTS, policy_context=context)
    assert any(f.rule_id.startswith("pod-security/") for f in decision.warnings)
    assert bool(said(decision.warnings)) is (policies is not None)
    assert rendered == [only_deployments]


@pytest.mark.parametrize(
    "expression",
    [
        "object.apiVersion == 'v1' && object.kind == 'Pod'",
        "object.metadata.generateName == 'iris-main-0-classifier-' && !has(object.metadata.name)",
        "object.metadata.namespace == 'models'",
        "object.spec.dnsPolicy == 'ClusterFirst'",
        "object.spec.enableServiceLinks == true",
        "object.spec.restartPolicy == 'Always'",
        "object.spec.schedulerName == 'default-scheduler'",
        "has(object.spec.securityContext)",
        "object.spec.serviceAccountName == 'default'",
        "object.spec.terminationGracePeriodSeconds >= 20",
        "object.spec.containers.all(c, has(c.resources))",
        "object.spec.containers.all(c, c.terminationMessagePath == '/dev/termination-log')",
        "object.spec.containers.all(c, c.terminationMessagePolicy == 'File')",
        "object.metadata.ownerReferences.size() == 1",
        "object.metadata.ownerReferences[0].apiVersion == 'apps/v1'",
        "object.metadata.ownerReferences[0].name == 'iris-main-0-classifier'",
        "object.metadata.ownerReferences[0].controller == true",
        "object.metadata.ownerReferences[0].blockOwnerDeletion == true",
        "object.metadata.ownerReferences[0].uid == ''",
        "request.operation == 'CREATE' && request.namespace == 'models'",
    ],
)
def test_a_pod_is_as_the_api_server_has_it(expression: str) -> None:
    decision = judge(minimal(), pod_policy(f'- expression: "{expression}"\n'))
    assert said(decision.warnings) == []
    (refused, *_) = said(
        judge(minimal(), pod_policy(f'- expression: "!({expression})"\n')).warnings
    )
    assert refused[1].startswith("pod of predictor main: failed expression: ")


def test_what_the_author_wrote_is_no_default() -> None:
    document = with_pod(serviceAccountName="own", restartPolicy="Never", schedulerName="own")
    expression = (
        "object.spec.serviceAccountName == 'own' && object.spec.schedulerName == 'own' && "
        "object.spec.restartPolicy == 'Never'"
    )
    assert said(judge(document, pod_policy(f'- expression: "{expression}"\n')).warnings) == []


def test_an_init_container_is_found_in_its_own_list() -> None:
    document = with_pod(
        initContainers=[{"name": "i", "image": "i:1"}, {"name": "j", "image": "j@1"}]
    )
    validation = (
        "- expression: object.spec.initContainers.all(c, c.image.contains('@'))\n  message: init\n"
    )
    assert said(judge(document, pod_policy(validation)).warnings) == [
        (f"{TEMPLATE}.spec.initContainers[0].image", "pod of predictor main: init")
    ]


def test_a_container_without_an_image_moves_no_place_of_another() -> None:
    document = with_pod(
        containers=[
            {"name": "classifier", "image": "i@1"},
            {"name": "none"},
            {"name": "beside", "image": "r.io/a:1"},
        ]
    )
    assert [path for path, _ in said(judge(document, pod_policy()).warnings)] == [
        f"{TEMPLATE}.spec.containers[2].image"
    ]


def test_the_rendered_object_itself_is_traced_as_well() -> None:
    policies = load_texts(
        policy_text(
            "- expression: object.spec.template.spec.containers.all(c, c.image.contains('@'))\n"
            "  message: deployment\n"
            "- {expression: \"object.kind == 'Pod'\", message: kind}\n",
            match_constraints=about("deployments", group="apps"),
        ),
        binding_text(),
    )
    label = "Deployment iris-main-0-classifier of predictor main"
    paths = {message: path for path, message in said(judge(minimal(), policies).warnings)}
    assert paths[f"{label}: deployment"] == f"{CONTAINER}.image"
    assert paths[f"{label}: kind"].startswith("spec.predictors[0]")


def test_metadata_of_a_pod_leads_to_where_it_was_written() -> None:
    def change(document: dict[str, Any]) -> None:
        document["spec"]["predictors"][0]["componentSpecs"][0]["metadata"] = {
            "labels": {"team": "a"}
        }

    policies = load_texts(
        policy_text(
            "- {expression: 'false', message: never}\n",
            match_constraints=about("pods"),
            annotations="graphgate.io/finding-paths: \"'metadata.labels.team'\"",
        ),
        binding_text(),
    )
    assert [path for path, _ in said(judge(minimal(change), policies).warnings)] == [
        f"{TEMPLATE}.metadata.labels.team"
    ]


def test_a_pods_own_kind_leads_to_what_it_was_made_of() -> None:
    decision = judge(
        minimal(), pod_policy("- {expression: \"object.kind == 'X'\", message: kind}\n")
    )
    assert said(decision.warnings) == [(TEMPLATE, "pod of predictor main: kind")]


def test_an_update_of_a_policys_own_is_no_creation() -> None:
    policies = load_texts(
        policy_text(PINNED, match_constraints=about("pods", operations="[UPDATE]")), binding_text()
    )
    assert said(judge(minimal(), policies, old=minimal()).warnings) == []


def test_a_finding_in_a_rendered_object_has_no_fix() -> None:
    policies = load_texts(
        policy_text(
            PINNED,
            match_constraints=about("pods"),
            annotations='graphgate.io/suggested-fix: \'[JSONPatch{op: "remove", path: "/spec"}]\'',
        ),
        binding_text(),
    )
    (found,) = [f for f in judge(minimal(), policies).warnings if f.rule_id == "policy/p/0"]
    assert found.fix == ()


def test_a_policy_without_a_binding_is_not_asked() -> None:
    policies = load_texts(policy_text(PINNED, match_constraints=about("pods")))
    assert said(judge(minimal(), policies, mode="deny").denials) == []


@pytest.mark.parametrize(("actions", "outcome"), [("[Warn]", "warn"), ("[Audit]", "audit")])
def test_a_failure_is_no_stronger_than_the_binding(actions: str, outcome: str) -> None:
    policies = pod_policy("- expression: object.spec.nodeName == 'a'\n", actions=actions)
    decision = judge(minimal(), policies, mode="deny")
    assert said(decision.denials) == []
    shown = {"warn": decision.warnings, "audit": decision.audits}[outcome]
    assert [message.partition(": the")[0] for _, message in said(shown)] == [
        "pod of predictor main"
    ]


@pytest.mark.parametrize(("mode", "denied"), [("deny", True), ("warn", False)])
def test_a_failure_denies_where_the_policy_would(mode: str, denied: bool) -> None:
    policies = pod_policy("- expression: object.spec.nodeName == 'a'\n")
    assert judge(minimal(), policies, mode=mode).denied is denied


def test_a_bound_that_is_exceeded_is_not_ignored() -> None:
    slow = "lists.range(200000).all(n, n >= 0)"
    policies = load_texts(
        policy_text(
            f'- expression: "{slow}"\n',
            match_constraints=about("pods"),
            spec="failurePolicy: Ignore",
        ),
        binding_text(),
    )
    assert judge(minimal(), policies, mode="deny").denied
    ignored = load_texts(
        policy_text(
            "- expression: object.spec.nodeName == 'a'\n",
            match_constraints=about("pods"),
            spec="failurePolicy: Ignore",
        ),
        binding_text(),
    )
    decision = judge(minimal(), ignored, mode="deny")
    assert (decision.denied, len(said(decision.warnings))) == (False, 1)


def test_what_is_not_sure_only_warns() -> None:
    policies = load_texts(
        policy_text(
            "- expression: namespaceObject.metadata.?labels.stage.orValue('') == 'x'\n",
            match_constraints=about("pods"),
        ),
        binding_text(),
    )
    known = Facts(namespaces={"models": Namespace({"stage": "prod"})})
    assert not judge(minimal(), policies, mode="deny").denied
    assert judge(minimal(), policies, mode="deny", facts=known).denied


def test_a_mutation_that_reads_the_user_or_is_switched_off_is_left_out() -> None:
    validation = "- expression: object.spec.?priorityClassName.orValue('') == ''\n"
    reads = (
        "[JSONPatch{op: 'add', path: '/spec/priorityClassName', value: request.userInfo.username}]"
    )
    assert said(judge(minimal(), with_mutation(validation, reads)).warnings) == []
    patch = "[JSONPatch{op: 'add', path: '/spec/priorityClassName', value: 'models'}]"
    annotations = "annotations: {graphgate.io/rendered: 'off'}"
    off = ADD_SECCOMP.replace("{name: add}", f"{{name: add, {annotations}}}", 1)
    assert off != ADD_SECCOMP
    policies = load_texts(
        policy_text(validation, match_constraints=about("pods")),
        binding_text(),
        *(off % patch).split("---\n"),
    )
    assert said(judge(minimal(), policies).warnings) == []


def test_containers_that_a_mutation_reorders_are_found_by_name() -> None:
    document = with_pod(
        containers=[
            {"name": "classifier", "image": "r.io/a:1"},
            {"name": "beside", "image": "b@1"},
        ]
    )
    move = "[JSONPatch{op: 'move', from: '/spec/containers/0', path: '/spec/containers/1'}]"
    paths = [path for path, _ in said(judge(document, with_mutation(PINNED, move)).warnings)]
    assert paths == [f"{CONTAINER}.image"]


@pytest.mark.parametrize(("group", "resource"), [("", "pods"), ("apps", "deployments")])
@pytest.mark.parametrize("namespace", ["models", None])
def test_objects_are_in_the_namespace_of_their_document(
    group: str, resource: str, namespace: str | None
) -> None:
    here = "object.metadata.?namespace.orValue('(none)')"
    policies = load_texts(
        policy_text(
            f"- expression: \"{here} != '{namespace or '(none)'}'\"\n  message: here\n",
            match_constraints=about(resource, group=group),
        ),
        binding_text(),
    )
    document = minimal()
    document["metadata"]["namespace"] = namespace
    ((_, message),) = said(judge(document, policies).warnings)
    assert message.endswith(": here")


def test_a_mutation_that_removes_the_containers_leaves_the_pod() -> None:
    gone = "[JSONPatch{op: 'remove', path: '/spec/containers'}]"
    validation = "- {expression: has(object.spec.containers), message: none}\n"
    assert [
        message for _, message in said(judge(minimal(), with_mutation(validation, gone)).warnings)
    ] == ["pod of predictor main: none"]


@pytest.mark.parametrize("place", ["/spec/template/spec", "/spec/template", "/spec"])
@pytest.mark.parametrize("change", ["op: 'replace', value: 'x'", "op: 'remove'"])
def test_a_mutation_that_leaves_no_pod_is_survived(place: str, change: str) -> None:
    about_deployments = about("deployments", group="apps")
    policies = load_texts(
        policy_text(
            "- {expression: 'false', message: never}\n", match_constraints=about_deployments
        ),
        binding_text(),
        *(ADD_SECCOMP % f"[JSONPatch{{{change}, path: '{place}'}}]")
        .replace("apiGroups: ['']", "apiGroups: [apps]")
        .replace("resources: [pods]", "resources: [deployments]")
        .split("---\n"),
    )
    decision = judge(minimal(), policies)
    assert decision.rule_errors == ()
    assert [message.partition(": ")[2] for _, message in said(decision.warnings)] == ["never"]


def test_a_deployment_has_the_pod_template_that_the_api_server_fills_in() -> None:
    template = "object.spec.template.spec"
    expression = (
        f"{template}.dnsPolicy == 'ClusterFirst' && has(object.spec.selector) && "
        f"{template}.containers.all(c, c.terminationMessagePolicy == 'File')"
    )
    policies = load_texts(
        policy_text(
            f'- expression: "{expression}"\n',
            match_constraints=about("deployments", group="apps"),
        ),
        binding_text(),
    )
    assert said(judge(minimal(), policies).warnings) == []


@pytest.mark.parametrize("place", ["containers[9].image", "containers[1].image", "containers.last"])
def test_a_place_that_the_rendered_object_does_not_have_is_survived(place: str) -> None:
    policies = load_texts(
        policy_text(
            "- {expression: 'false', message: never}\n",
            match_constraints=about("pods"),
            annotations=f"graphgate.io/finding-paths: \"'spec.{place}'\"",
        ),
        binding_text(),
    )
    decision = judge(with_pod(containers=[{"name": "classifier", "image": "i"}]), policies)
    assert decision.rule_errors == ()
    ((path, message),) = said(decision.warnings)
    assert message == "pod of predictor main: never"
    assert path.startswith("spec.predictors[0]")


def test_objects_are_called_by_their_predictor() -> None:
    def change(document: dict[str, Any]) -> None:
        predictors = document["spec"]["predictors"]
        predictors[0]["traffic"] = 50
        predictors.append({**predictors[0], "name": "second"})

    never = "- {expression: 'false', message: never}\n"
    policies = load_texts(
        policy_text(never, match_constraints=about("pods")),
        binding_text(),
    )
    assert [message for _, message in said(judge(minimal(change), policies).warnings)] == [
        "pod of predictor main: never",
        "pod of predictor second: never",
    ]
