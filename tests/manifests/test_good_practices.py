"""Kubernetes' "Admission Webhook Good Practices", point by point.

G1 to G37 are the points of that page in their order, as docs/good-practices.md lists them. Each row
of its table names the tests here that hold the point, or says why it does not apply.
"""

import re
import subprocess
import sys
from base64 import b64decode
from collections.abc import Iterator
from typing import Any

import jsonpatch
import orjson
import pytest
import yaml

from tests.cel.support import run
from tests.documents_of import minimal, with_graph, with_pod
from tests.manifests.support import MANIFESTS, ROOT, Object, load, only
from webhook.admission import handle_review
from webhook.graph.cluster_facts import NO_FACTS
from webhook.settings.model import read_settings

TABLE = ROOT / "docs" / "good-practices.md"
OBJECTS = load(MANIFESTS / "install.yaml")
CONFIGURATIONS = [o for o in OBJECTS if o["kind"].endswith("WebhookConfiguration")]
WEBHOOKS = [webhook for o in CONFIGURATIONS for webhook in o["webhooks"]]
RULES = [rule for webhook in WEBHOOKS for rule in webhook["rules"]]
DEPLOYMENT = only(OBJECTS, "Deployment")["spec"]
POD: dict[str, Any] = DEPLOYMENT["template"]["spec"]
ARGS: list[str] = POD["containers"][0]["args"]
SETTINGS = read_settings(None, {})

NONE_APPLIES = "does not apply: "


def rows() -> dict[str, tuple[str, str]]:
    """Return what the table says: point → (what graphgate does, what holds it)."""
    found: dict[str, tuple[str, str]] = {}
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if not line.startswith("| G"):
            continue
        point, _practice, done, held = (cell.strip() for cell in line.strip("|").split("|"))
        assert point not in found
        found[point] = (done, held)
    return found


def points_with_tests() -> set[str]:
    """Return the names of the tests in this file that hold a point."""
    return {name for name in globals() if re.match(r"test_g\d+_", name)}


def test_all_37_points_are_in_the_table_in_their_order() -> None:
    assert list(rows()) == [f"G{number}" for number in range(1, 38)]


def test_each_point_is_held_by_a_test_or_has_its_reason() -> None:
    for point, (done, held) in rows().items():
        named = re.findall(r"`(test_\w+)`", held)
        assert named or done.startswith(NONE_APPLIES), point
        assert {*named} <= points_with_tests(), point
        assert all(name.startswith(f"test_g{int(point[1:]):02}_") for name in named), point


def test_each_test_of_a_point_is_in_the_table() -> None:
    named = {name for _, held in rows().values() for name in re.findall(r"`(test_\w+)`", held)}
    assert points_with_tests() == named


def page_contains(path: str, words: str) -> bool:
    text = (ROOT / path).read_text(encoding="utf-8")
    return " ".join(words.split()) in " ".join(text.split())


def review(document: Object, endpoint: str = "mutate", **request: Any) -> dict[str, Any]:
    """Return the server's response to an object."""
    gvk = {"group": "machinelearning.seldon.io", "version": "v1", "kind": "SeldonDeployment"}
    gvr = {"group": gvk["group"], "version": "v1", "resource": "seldondeployments"}
    content = {
        "uid": "u-1",
        "kind": gvk,
        "resource": gvr,
        "operation": "CREATE",
        "namespace": "models",
        "name": "iris",
        "object": document,
        **request,
    }
    wrapped = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": content}
    body = orjson.dumps(wrapped)
    answered = handle_review(body, endpoint, SETTINGS, NO_FACTS)  # type: ignore[arg-type]
    response: dict[str, Any] = orjson.loads(answered.body)["response"]
    return response


def patch_of(document: Object) -> list[dict[str, Any]]:
    """Return the operations that /mutate answers with."""
    response = review(document)
    assert response["allowed"] is True, response
    return list(orjson.loads(b64decode(response.get("patch", b"W10="))))


def mutated(document: Object) -> Object:
    applied: Object = jsonpatch.apply_patch(document, patch_of(document))
    return applied


def valid() -> Iterator[Object]:
    """Yield what users write: each example that is allowed, and pods with their own context."""
    for path in sorted((MANIFESTS / "examples").rglob("*.yaml")):
        for document in load(path):
            if document.get("kind") == "SeldonDeployment" and review(document)["allowed"]:
                yield document
    yield minimal()
    yield with_pod(securityContext={"fsGroup": 1000})
    yield with_pod(securityContext={"runAsUser": 1000, "sysctls": []})


VALID = [*valid()]


# Choice


def test_g01_the_operator_is_shown_how_to_find_other_webhooks_of_the_same_objects() -> None:
    assert page_contains(
        "docs/operations/install.md",
        "kubectl get mutatingwebhookconfigurations,validatingwebhookconfigurations",
    )


def test_g02_policies_are_native_admission_policies() -> None:
    files = sorted((ROOT / "policies" / "library").glob("*/policy.yaml"))
    assert files
    native = re.compile(r"(Validating|Mutating)AdmissionPolicy\Z")
    for path in files:
        policies = [document for document in load(path) if native.match(document["kind"])]
        assert policies, path
        for document in policies:
            assert document["apiVersion"].startswith("admissionregistration.k8s.io/"), path


def test_g03_the_definition_types_the_scalars() -> None:
    (crd,) = load(MANIFESTS / "crd" / "seldondeployments.yaml")
    schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    predictor = schema["properties"]["spec"]["properties"]["predictors"]["items"]["properties"]
    assert predictor["replicas"]["type"] == "integer"
    assert predictor["name"]["type"] == "string"
    assert predictor["graph"]["properties"]["name"]["type"] == "string"


# Performance


def test_g04_there_is_one_mutating_and_one_validating_webhook() -> None:
    assert [(o["kind"], len(o["webhooks"])) for o in CONFIGURATIONS] == [
        ("MutatingWebhookConfiguration", 1),
        ("ValidatingWebhookConfiguration", 1),
    ]


def test_g05_answering_asks_nobody() -> None:
    """Python reports every socket and every file that is opened: there is none."""
    program = """
import sys
from tests.manifests.test_good_practices import SETTINGS, VALID, review
SETTINGS.rule_set.preload()  # as the server does before it serves
review(VALID[0])
asked = []
sys.addaudithook(lambda event, _: event.startswith(("socket.", "open")) and asked.append(event))
for document in VALID:
    review(document)
sys.exit(repr(asked) if asked else 0)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_g06_only_creations_and_updates_of_one_resource_are_asked_about() -> None:
    for rule in RULES:
        assert rule["apiGroups"] == ["machinelearning.seldon.io"]
        # No "seldondeployments/status": what the reconciler writes is never asked about.
        assert rule["resources"] == ["seldondeployments", "seldondeployments/scale"]
        assert rule["operations"] == ["CREATE", "UPDATE"]


def test_g07_both_are_answered_by_one_server() -> None:
    services = {
        tuple(w["clientConfig"]["service"][k] for k in ("namespace", "name")) for w in WEBHOOKS
    }
    assert services == {("graphgate-system", "graphgate")}


@pytest.mark.parametrize("document", VALID, ids=lambda d: d["metadata"]["name"])
def test_g08_what_was_mutated_is_left_alone(document: Object) -> None:
    """So graphgate is one side of no loop; how to find the two sides of one is documented."""
    assert patch_of(mutated(document)) == []
    assert page_contains("docs/operations/emergency.md", "mutation.webhook.admission.k8s.io")


def test_g09_the_api_server_waits_three_seconds_and_the_server_gives_up_earlier() -> None:
    deadline = float(ARGS[ARGS.index("--review-timeout") + 1])
    for webhook in WEBHOOKS:
        assert deadline < webhook["timeoutSeconds"] <= 3


def test_g10_several_replicas_behind_a_service_answer_when_they_are_ready() -> None:
    service = only(OBJECTS, "Service")["spec"]
    assert service.get("type", "ClusterIP") == "ClusterIP"
    assert DEPLOYMENT["replicas"] >= 2
    assert POD["containers"][0]["readinessProbe"]["httpGet"]["path"] == "/readyz"


def test_g11_pods_are_spread_and_drained_one_by_one() -> None:
    assert only(OBJECTS, "PodDisruptionBudget")["spec"]["maxUnavailable"] == 1
    keys = [spread["topologyKey"] for spread in POD["topologySpreadConstraints"]]
    assert keys == ["kubernetes.io/hostname", "topology.kubernetes.io/zone"]


# Filtering


def excluded(webhook: Object) -> list[str]:
    for condition in webhook["namespaceSelector"]["matchExpressions"]:
        if condition["key"] == "kubernetes.io/metadata.name" and condition["operator"] == "NotIn":
            return list(condition["values"])
    return []


def test_g12_kube_system_is_left_alone() -> None:
    for webhook in WEBHOOKS:
        assert "kube-system" in excluded(webhook)


def test_g13_leases_are_not_matched() -> None:
    assert all("coordination.k8s.io" not in rule["apiGroups"] for rule in RULES)


def test_g14_nothing_is_matched_by_a_wildcard() -> None:
    for rule in RULES:
        values = [value for key in ("apiGroups", "apiVersions", "resources") for value in rule[key]]
        assert all("*" not in value for value in [*values, *rule["operations"]])


def test_g15_namespaces_are_chosen_by_a_selector() -> None:
    for webhook in WEBHOOKS:
        assert excluded(webhook)
    values = yaml.safe_load((MANIFESTS / "chart" / "values.yaml").read_text(encoding="utf-8"))
    assert {"excludedNamespaces", "namespaceSelector"} <= values["webhooks"].keys()


ENDING = {"metadata": {"deletionTimestamp": "2030-01-01T00:00:00Z"}}


@pytest.mark.parametrize(
    ("operation", "new", "old", "asked"),
    [
        ("UPDATE", {"metadata": {}}, {"metadata": {}}, True),
        ("UPDATE", ENDING, ENDING, False),
        ("UPDATE", ENDING, {"metadata": {}}, True),
        ("UPDATE", {"metadata": {}}, ENDING, True),
        ("CREATE", {"metadata": {}}, None, True),
        ("CREATE", ENDING, None, True),
    ],
)
def test_g16_an_object_that_waits_for_its_finalizers_is_not_asked_about(
    operation: str, new: Object, old: Object | None, asked: bool
) -> None:
    variables = {"request": {"operation": operation}, "object": new, "oldObject": old}
    for webhook in WEBHOOKS:
        (condition,) = webhook["matchConditions"]
        expression = re.sub(
            r"\b(request|object|oldObject)\.", r"object.\1.", condition["expression"]
        )
        assert run(expression, variables) is asked


def test_g17_every_version_is_matched() -> None:
    (crd,) = load(MANIFESTS / "crd" / "seldondeployments.yaml")
    served = {version["name"] for version in crd["spec"]["versions"] if version["served"]}
    for webhook in WEBHOOKS:
        assert webhook["matchPolicy"] == "Equivalent"
    assert all(set(rule["apiVersions"]) == served for rule in RULES)


# What is mutated


ALLOWED = re.compile(
    r"/spec/predictors/\d+/(componentSpecs/\d+/spec|explainer|graph(/children/\d+)*)?"
    r"(/(initC|c)ontainers/\d+)?/securityContext(/\w+)*\Z"
)


@pytest.mark.parametrize("document", VALID, ids=lambda d: d["metadata"]["name"])
def test_g18_only_security_contexts_are_written(document: Object) -> None:
    assert [op["path"] for op in patch_of(document) if not ALLOWED.match(op["path"])] == []


@pytest.mark.parametrize("document", VALID, ids=lambda d: d["metadata"]["name"])
def test_g19_nothing_is_replaced_and_no_list_changed(document: Object) -> None:
    for operation in patch_of(document):
        assert operation["op"] == "add"
        assert not re.search(r"/(\d+|-)\Z", operation["path"])
        with pytest.raises(jsonpatch.JsonPatchConflict):  # there is nothing to remove
            jsonpatch.apply_patch(document, [{"op": "remove", "path": operation["path"]}])


def test_g20_there_are_no_side_effects() -> None:
    assert [webhook["sideEffects"] for webhook in WEBHOOKS] == ["None", "None"]
    assert review(minimal(), dryRun=True) == review(minimal(), dryRun=False)


def test_g21_its_own_namespace_is_left_alone() -> None:
    for webhook in WEBHOOKS:
        assert webhook["clientConfig"]["service"]["namespace"] in excluded(webhook)


def test_g22_no_pod_waits_for_it() -> None:
    """Not its own, and none that it needs: it matches none of the kinds that a cluster runs on."""
    assert {group for rule in RULES for group in rule["apiGroups"]} == {"machinelearning.seldon.io"}


def test_g23_what_will_be_stored_is_validated_again() -> None:
    """Both fail closed, for a reason that is written down; so does who comes past the first."""
    assert [webhook["failurePolicy"] for webhook in WEBHOOKS] == ["Fail", "Fail"]
    assert (ROOT / "docs" / "adr" / "0005-mutate-fails-closed.md").is_file()
    response = review(minimal(), "validate")
    assert any("not-defaulted" in warning for warning in response["warnings"])


def test_g24_a_field_that_nobody_knows_stays() -> None:
    document = with_graph(aFieldOfTomorrow={"a": [1]})
    assert review(document)["allowed"] is True
    graph = mutated(document)["spec"]["predictors"][0]["graph"]
    assert graph["aFieldOfTomorrow"] == {"a": [1]}


def test_g25_nothing_that_it_writes_is_asked_about() -> None:
    """It writes a Secret, a Lease, two caBundles; the reconciler: workloads and a status."""
    matched = {resource for rule in RULES for resource in rule["resources"]}
    roles = [o for o in OBJECTS if o["kind"] in {"Role", "ClusterRole"}]
    written = {
        resource
        for role in roles
        for rule in role["rules"]
        if {*rule["verbs"]} & {"create", "update", "patch", "delete"}
        for resource in rule["resources"]
    }
    assert written
    assert not matched & written


def test_g26_objects_that_cannot_change_are_not_matched() -> None:
    assert {resource for rule in RULES for resource in rule["resources"]} == {
        "seldondeployments",
        "seldondeployments/scale",
    }


# Order and idempotence


def test_g27_it_is_called_again_when_another_webhook_changes_the_object() -> None:
    mutating = only(OBJECTS, "MutatingWebhookConfiguration")["webhooks"][0]
    assert mutating["reinvocationPolicy"] == "IfNeeded"


@pytest.mark.parametrize("document", VALID, ids=lambda d: d["metadata"]["name"])
def test_g28_twice_is_once(document: Object) -> None:
    once = mutated(document)
    assert mutated(once) == once


def add_sidecar(document: Object) -> Object:
    """Another mutating webhook: a label, and a container where there is none of its name yet."""
    changed: Object = orjson.loads(orjson.dumps(document))
    changed["metadata"].setdefault("labels", {})["mesh"] = "on"
    for predictor in changed["spec"]["predictors"]:
        for component in predictor.get("componentSpecs") or ():
            containers = (component.get("spec") or {}).get("containers")
            if containers and all(one["name"] != "proxy" for one in containers):
                containers.append({"name": "proxy", "image": "registry.example/proxy:1"})
    return changed


@pytest.mark.parametrize("document", VALID, ids=lambda d: d["metadata"]["name"])
def test_g29_together_with_another_webhook_it_comes_to_rest(document: Object) -> None:
    one_way, other_way = mutated(add_sidecar(mutated(document))), mutated(add_sidecar(document))
    assert one_way == other_way
    assert mutated(add_sidecar(one_way)) == one_way


@pytest.mark.parametrize("document", VALID, ids=lambda d: d["metadata"]["name"])
def test_g30_the_same_object_always_gets_the_same_patch(document: Object) -> None:
    assert patch_of(document) == patch_of(orjson.loads(orjson.dumps(document)))


# Testing


def test_g31_it_is_tested_against_a_real_api_server() -> None:
    for name in ("test_apply", "test_install", "test_rotation", "test_availability"):
        assert (ROOT / "tests" / "apiserver" / f"{name}.py").is_file()


@pytest.mark.parametrize("document", VALID, ids=lambda d: d["metadata"]["name"])
def test_g32_what_it_writes_passes_its_own_validation(document: Object) -> None:
    response = review(mutated(document), "validate")
    assert response["allowed"] is True
    assert not any("not-defaulted" in warning for warning in response.get("warnings", ()))


def test_g33_the_chart_names_the_oldest_kubernetes_and_the_tests_pin_theirs() -> None:
    chart = yaml.safe_load((MANIFESTS / "chart" / "Chart.yaml").read_text(encoding="utf-8"))
    assert chart["kubeVersion"] == ">=1.30.0-0"
    modules = ROOT / "tools" / "control_plane" / "modules" / "kubernetes" / "go.mod"
    assert re.search(r"k8s\.io/kubernetes v1\.\d+\.\d+", modules.read_text(encoding="utf-8"))
    # The oldest is among those that `make test-versions` runs.
    assert page_contains("Makefile", "KUBE_VERSIONS := 1.30.")


def test_g34_an_object_that_lost_its_defaults_is_noticed() -> None:
    stripped = mutated(minimal())
    del stripped["spec"]["predictors"][0]["componentSpecs"][0]["spec"]["securityContext"]
    response = review(stripped, "validate")
    assert any("not-defaulted" in warning for warning in response["warnings"])


# Deployment


def test_g35_the_guide_begins_with_one_namespace_and_ignore() -> None:
    guide = "docs/operations/install.md"
    assert page_contains(guide, "webhooks.failurePolicy.mutate=Ignore")
    assert page_contains(
        guide, "webhooks.namespaceSelector.matchLabels.graphgate\\.io/admission=enabled"
    )


def test_g36_it_may_change_no_webhook_configuration_but_its_own() -> None:
    rules = [rule for o in OBJECTS for rule in o.get("rules", ()) if "Role" in o["kind"]]
    ours = [rule for rule in rules if "admissionregistration.k8s.io" in rule["apiGroups"]]
    assert [(rule["resourceNames"], rule["verbs"]) for rule in ours] == [
        (["graphgate"], ["get", "patch"])
    ]
    assert page_contains("SECURITY.md", "Who may change webhook configurations")


def test_g37_nobody_is_given_the_right_to_write_in_its_namespace() -> None:
    bindings = [o for o in OBJECTS if o["kind"].endswith("RoleBinding")]
    assert bindings
    for binding in bindings:
        assert binding["roleRef"]["kind"] in {"Role", "ClusterRole"}
        (subject,) = binding["subjects"]
        assert (subject["kind"], subject["name"]) == ("ServiceAccount", "graphgate")
    assert page_contains("SECURITY.md", "Who may write in the namespace graphgate-system")
