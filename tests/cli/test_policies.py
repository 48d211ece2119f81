"""Policies in the command line and in the running engine: the same words, the same verdicts."""

import contextlib
import json
import shutil
import time
from typing import Any

import pytest
import yaml

from tests.admission.test_wire import encoded_review
from tests.documents_of import minimal, with_pod
from tests.policy.documents import binding_text, policy_text
from tests.seeds import ROOT, SEEDS
from webhook.admission import handle_review
from webhook.cli.policy_options import load_policies, load_policy_context
from webhook.engine.evaluate import evaluate
from webhook.errors import PolicyError
from webhook.graph.cluster_facts import NO_FACTS
from webhook.lint.lint import lint_text
from webhook.server.policy_files import ResolvedPolicySources
from webhook.server.policy_store import PolicyStore
from webhook.settings.model import read_settings

LIBRARY = ROOT / "policies" / "library"
SETTINGS = read_settings()


@pytest.fixture
def folder(tmp_path):
    """A folder with one policy of the library."""
    shutil.copytree(LIBRARY / "no-latest-image", tmp_path / "no-latest-image")
    return tmp_path


def latest():
    return with_pod(containers=[{"name": "classifier", "image": "registry.example/iris:latest"}])


def test_a_list_of_no_policies_says_so(run, tmp_path):
    (tmp_path / "a.yaml").write_text("kind: ConfigMap\n")
    assert run("policies", "list", tmp_path).out == "no policies found\n"


def test_check_denies_what_a_policy_denies_at_its_place(run, folder):
    ran = run("check", "-o", "json", "--policies", folder, "-", stdin=json.dumps(latest()))
    (finding,) = json.loads(ran.out)["results"][0]["findings"]
    assert ran.code == 1
    assert (finding["ruleId"], finding["path"]) == (
        "policy/no-latest-image/0",
        "spec.predictors[0].componentSpecs[0].spec.containers[0].image",
    )


def test_audit_annotations_are_findings_for_the_record(tmp_path):
    text = policy_text('- expression: "true"\n', spec="""\
        auditAnnotations:
        - key: images
          valueExpression: "'none  of ' + object.metadata.name"
        - key: silent
          valueExpression: "''"
        """)  # fmt: skip
    (tmp_path / "p.yaml").write_text(f"{text}---\n{binding_text(actions='[Audit]')}")
    decision = evaluate(
        minimal(), SETTINGS, NO_FACTS, policy_context=load_policy_context((tmp_path,))
    )
    assert [(f.rule_id, f.message) for f in decision.audits] == [
        ("policy/p", "images: none of iris")
    ]
    given = handle_review(
        encoded_review(minimal()), "validate", SETTINGS, NO_FACTS, load_policy_context((tmp_path,))
    )
    annotations = json.loads(given.body)["response"]["auditAnnotations"]
    assert annotations["findings"] == "(document): images: none of iris [policy/p]"


def test_every_policy_that_cannot_be_used_is_told_with_its_place(run, tmp_path):
    (tmp_path / "a.yaml").write_text("a: [\n---\nb: {\n")
    (tmp_path / "b.yaml").write_text(
        policy_text("- {expression: object.nme ==, colour: red}", spec="failurePolicy: Maybe")
    )
    (tmp_path / "c.yaml").write_text(
        "apiVersion: graphgate.io/v1alpha1\nkind: PolicyException\nmetadata: {name: e}\n"
        "spec: {reason: r, expiresAt: soon, exempt: {rules: [trafic-not-100]}}\n"
    )
    ran = run("check", "--policies", tmp_path, "-", stdin=json.dumps(minimal()))
    told = [line.partition(f"{tmp_path}/")[2] for line in ran.err.splitlines()]
    assert ran.code == 2
    assert [line.split(": ")[0] for line in told] == [
        "a.yaml:1:4",
        "a.yaml:3:4",
        "b.yaml:12:18",
        "b.yaml:14:30",
        "b.yaml:14:41",
        "c.yaml:4:30",
        "c.yaml:4:53",
    ]


def test_without_the_flag_there_are_no_policies(run):
    assert run("check", "-", stdin=json.dumps(latest())).code == 0


def test_review_says_the_same_as_check(run, folder):
    ran = run("review", "--policies", folder, stdin=encoded_review(latest()))
    message = json.loads(ran.out)["response"]["status"]["message"]
    (result,) = lint_text(
        "-", json.dumps(latest()), SETTINGS, NO_FACTS, policy_context=load_policy_context((folder,))
    ).results
    assert all(placed.finding.message in message for placed in result.findings)


def settings_file(folder, **policies):
    file = folder / "settings.yaml"
    head = {"apiVersion": "graphgate.io/v1alpha1", "kind": "Settings"}
    file.write_text(yaml.safe_dump({**head, "policies": policies}))
    return file


def test_settings_name_policies_beside_them_and_the_flag_takes_their_place(run, folder, tmp_path):
    (tmp_path / "none").mkdir()
    settings = settings_file(tmp_path, files=["no-latest-image"])
    stdin = json.dumps(latest())
    assert run("check", "--settings", settings, "-", stdin=stdin).code == 1
    assert run("review", "--settings", settings, stdin=encoded_review(latest())).code == 1
    assert run("fix", "--settings", settings, "-", stdin=stdin).code == 1
    flags = ("--settings", settings, "--policies", tmp_path / "none")
    assert run("check", *flags, "-", stdin=stdin).code == 0


def test_policies_of_the_cluster_are_not_left_out_silently(run, tmp_path):
    settings = settings_file(tmp_path, selector="team=ml")
    ran = run("check", "--settings", settings, "-", stdin=json.dumps(minimal()))
    assert ran.code == 0
    assert "policies of the cluster (team=ml) are not evaluated here" in ran.err


def test_the_version_is_in_the_report_and_in_the_audit_annotations(run, folder):
    policies = load_policies((folder,))
    assert policies is not None
    stdin = json.dumps(minimal())
    report = json.loads(run("check", "-o", "json", "--policies", folder, "-", stdin=stdin).out)
    assert report["policySetVersion"] == policies.version
    assert "policySetVersion" not in json.loads(run("check", "-o", "json", "-", stdin=stdin).out)
    for document in (minimal(), latest()):
        given = handle_review(
            encoded_review(document), "validate", SETTINGS, NO_FACTS, load_policy_context((folder,))
        )
        annotations = json.loads(given.body)["response"]["auditAnnotations"]
        assert annotations == {"policySetVersion": policies.version}
        assert given.policy_set_version == policies.version
    plain = handle_review(encoded_review(minimal()), "validate", SETTINGS, NO_FACTS)
    assert "auditAnnotations" not in json.loads(plain.body)["response"]


EXCEPTION: dict[str, Any] = {
    "apiVersion": "graphgate.io/v1alpha1",
    "kind": "PolicyException",
    "metadata": {"name": "iris-for-now", "namespace": "models"},
    "spec": {
        "reason": "the registry cannot tag yet",
        "expiresAt": "2999-01-01T00:00:00Z",
        "exempt": {"policies": ["no-latest-image"]},
        "match": {"namespaces": ["models"], "names": ["iris"]},
    },
}


def with_exception(folder, **spec):
    exception = {**EXCEPTION, "spec": {**EXCEPTION["spec"], **spec}}
    (folder / "exception.yaml").write_text(yaml.safe_dump(exception))
    return folder


def test_an_exception_exempts_until_it_expires(run, folder):
    policy_context = load_policy_context((with_exception(folder),))
    assert policy_context is not None
    assert policy_context.policies.problems == ()
    assert evaluate(latest(), SETTINGS, NO_FACTS, policy_context=policy_context).denied is False
    other = latest()
    other["metadata"]["name"] = "other"
    assert evaluate(other, SETTINGS, NO_FACTS, policy_context=policy_context).denied is True


def test_an_expired_exception_is_ignored_and_reported(folder):
    policy_context = load_policy_context(
        (with_exception(folder, expiresAt="2020-01-01T00:00:00Z"),)
    )
    decision = evaluate(latest(), SETTINGS, NO_FACTS, policy_context=policy_context)
    assert [f.rule_id for f in decision.denials] == ["policy/no-latest-image/0"]
    assert [f.rule_id for f in decision.warnings] == ["policy-exception"]


def test_an_exception_may_cover_a_rule(folder):
    with_exception(folder, exempt={"rules": ["unknown-node-type"]})
    document = minimal()
    document["spec"]["predictors"][0]["graph"]["type"] = "MODLE"
    decision = evaluate(document, SETTINGS, NO_FACTS, policy_context=load_policy_context((folder,)))
    assert decision.denials == ()


def test_a_mutating_policy_adds_to_the_patch(tmp_path):
    shutil.copytree(LIBRARY / "add-team-label", tmp_path / "add-team-label")
    given = handle_review(
        encoded_review(minimal()), "mutate", SETTINGS, NO_FACTS, load_policy_context((tmp_path,))
    )
    assert json.loads(given.body)["response"]["allowed"] is True
    plain = evaluate(minimal(), SETTINGS, NO_FACTS).patch
    patch = evaluate(
        minimal(), SETTINGS, NO_FACTS, policy_context=load_policy_context((tmp_path,))
    ).patch
    assert patch[: len(plain)] == plain


def test_the_library_passes_its_own_tests(run):
    ran = run("policies", "test", LIBRARY)
    assert ran.code == 0
    assert " 0 failed" in ran.out


def test_a_failing_test_is_shown_and_exits_1(run, folder):
    file = folder / "no-latest-image" / "policy.yaml"
    file.write_text(file.read_text().replace("latest", "newest"))
    assert run("policies", "test", folder).code == 1


def test_lint_names_file_and_line_of_what_cannot_be_used(run, folder):
    file = folder / "no-latest-image" / "policy.yaml"
    file.write_text(file.read_text().replace("expression: ", "expression: nonsense( ", 1))
    ran = run("policies", "lint", folder)
    assert ran.code == 2
    assert f"error: {file}:" in ran.out
    assert run("check", "--policies", folder, SEEDS / "minimal.yaml").code == 2


def test_list_and_exceptions_tell_what_there_is(run, folder):
    assert "no-latest-image" in run("policies", "list", folder).out
    assert run("policies", "exceptions", folder).out == "no exceptions found\n"
    report = run("policies", "exceptions", with_exception(folder)).out
    assert "active: models/iris-for-now" in report or "active: iris-for-now" in report
    assert "the registry cannot tag yet" in report


@pytest.mark.parametrize("command", ["list", "exceptions", "bench"])
def test_a_policy_that_cannot_be_used_is_not_left_out_silently(run, tmp_path, command):
    text = policy_text("- {expression: nonsense, message: never}\n")
    (tmp_path / "p.yaml").write_text(f"{text}---\n{binding_text()}")
    ran = run("policies", command, tmp_path)
    assert ran.code == 2
    assert "undeclared reference to 'nonsense'" in ran.err


def test_no_policies_are_said(run, tmp_path):
    (tmp_path / "empty.yaml").write_text("")
    ran = run("policies", "list", tmp_path)
    assert (ran.code, ran.out) == (0, "no policies found\n")


def test_bench_says_what_policies_cost(run, folder):
    assert "µs of CPU a review" in run("policies", "bench", "--seconds", "0.05", folder).out


def refreshed(files):
    """Refresh as the server does until something happens, for half a minute at most."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with contextlib.suppress(PolicyError):
            if files.reload_if_changed():
                return True
        time.sleep(0.02)
    return False


def refresh_for_long(files):
    for _ in range(3000):
        files.reload_if_changed()
        time.sleep(0.01)


def test_a_running_server_reads_changed_policies_and_keeps_the_last_good_ones(folder):
    files = PolicyStore(lambda: ResolvedPolicySources((folder,)))
    before = files.policies
    file = folder / "no-latest-image" / "policy.yaml"
    good = file.read_text()
    file.write_text(good.replace("expression: ", "expression: nonsense( ", 1))
    with pytest.raises(PolicyError, match=str(file)):
        refresh_for_long(files)
    with pytest.raises(PolicyError, match=str(file)):
        files.reload_if_changed()
    assert files.policies is before
    file.write_text(good.replace("title: ", "title: New ", 1))
    assert refreshed(files) is True
    assert files.policies is not before
    assert files.readiness_check().probe().detail.startswith("1 in force, version ")


def test_a_path_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(PolicyError, match="cannot be read: No such file"):
        load_policies((tmp_path / "gone.yaml",))


def with_policy(folder, *, resources="seldondeployments", extra_spec=""):
    """Write one policy that never holds, and its binding."""
    text = policy_text("- {expression: 'false', message: never}\n").replace(
        "resources: [seldondeployments]", f"resources: [{resources}]"
    )
    folder.mkdir(exist_ok=True)
    (folder / "p.yaml").write_text(f"{text}---\n{binding_text(extra_spec=extra_spec)}")
    return folder


def test_check_says_that_a_policy_matches_nothing(run, tmp_path):
    policies = with_policy(tmp_path / "p", resources="seldondeployment")
    ran = run("check", "--policies", policies, SEEDS / "minimal.yaml")
    assert ran.code == 0
    assert "policy p not evaluated: no object here matches\n" in ran.out
    assert "1 SeldonDeployment: 1 allowed as far as can be evaluated\n" in ran.out


def test_check_says_that_a_binding_cannot_be_decided_without_facts(run, tmp_path):
    selector = "matchResources: {namespaceSelector: {matchLabels: {stage: prod}}}"
    policies = with_policy(tmp_path / "p", extra_spec=selector)
    ran = run("check", "--policies", policies, "-", stdin=json.dumps(minimal()))
    assert ran.code == 0
    sentence = (
        "binding b not evaluated: namespaces are selected by label, and the labels of models "
        "are not "
        "known (--facts)"
    )
    assert f"\n{sentence}\n" in ran.out
    assert "1 SeldonDeployment: 1 allowed as far as can be evaluated\n" in ran.out
    as_json = run("check", "-o", "json", "--policies", policies, "-", stdin=json.dumps(minimal()))
    assert json.loads(as_json.out)["undecided"] == [sentence]
    assert as_json.err == f"graphgate: {sentence}\n"
    facts = tmp_path / "facts.yaml"
    namespaces = {"models": {"labels": {"stage": "prod"}}}
    kind = {"apiVersion": "graphgate.io/v1alpha1", "kind": "Facts"}
    facts.write_text(yaml.safe_dump({**kind, "namespaces": namespaces}))
    known = run("check", "--policies", policies, "--facts", facts, "-", stdin=json.dumps(minimal()))
    assert (known.code, known.err) == (1, "")
    assert "decided" not in known.out


def test_many_undecided_bindings_are_one_sentence(run, tmp_path):
    selector = "matchResources: {namespaceSelector: {matchLabels: {stage: prod}}}"
    policies = with_policy(tmp_path / "p", extra_spec=selector)
    for number in range(9):
        binding = binding_text(extra_spec=selector).replace("name: b", f"name: b{number}", 1)
        (policies / f"b{number}.yaml").write_text(binding)
    ran = run("check", "--policies", policies, "-", stdin=json.dumps(minimal()))
    assert ran.out.count("not evaluated") == 1
    assert "bindings b, b0, b1 and 7 more not evaluated: " in ran.out


POD_TEST = """\
apiVersion: graphgate.io/v1alpha1
kind: PolicyTest
object: %s
cases:
- name: the pod is refused
  expect:
  - rule: p/0
    action: warn
    path: spec.predictors[0].componentSpecs[0].spec.containers[0].image
    message: "pod of predictor main: not pinned"
- name: and denied early where that is wanted
  rendered: deny
  operator: graphgate
  expect: [{rule: p/0}]
- name: a pinned one passes
  set: {"spec.predictors[0].componentSpecs[0].spec.containers[0].image": "r.io/a@sha256:0"}
- name: nobody asks
  rendered: off
"""


def test_policies_for_pods_are_tested_on_the_pods_of_a_deployment(run, tmp_path):
    validations = (
        "- {expression: \"object.spec.containers.all(c, c.image.contains('@'))\", "
        "message: not pinned}\n"
    )
    match = (
        "  matchConstraints:\n    resourceRules:\n"
        "    - {apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [pods]}\n"
    )
    text = policy_text(validations, match_constraints=match)
    (tmp_path / "p.yaml").write_text(f"{text}---\n{binding_text()}")
    (tmp_path / "p.test.yaml").write_text(POD_TEST % json.dumps(minimal()))
    ran = run("policies", "test", "--require-coverage", tmp_path)
    assert (ran.code, ran.err) == (0, ""), ran.out
    assert "4 cases, 0 failed; 1 of 1 expressions seen both true and false" in ran.out


def test_lint_says_what_a_policy_is_asked_about(run, tmp_path):
    ran = run("policies", "lint", with_policy(tmp_path / "p"))
    assert "p: applies to seldondeployments\n" in ran.out
    ran = run("policies", "lint", with_policy(tmp_path / "p", resources="seldondeployment"))
    assert "p: matches no resource that graphgate evaluates\n" in ran.out


def test_exceptions_as_json_have_every_field(run, folder):
    ran = run("policies", "exceptions", "-o", "json", with_exception(folder))
    (row,) = json.loads(ran.out)["exceptions"]
    assert row.keys() == {"name", "objects", "exemptions", "expiresAt", "state", "reason"}
    assert row["state"] == "active"


def test_an_exempted_finding_stays_visible_with_its_reason_and_end(run, folder):
    with_exception(folder)
    stdin = json.dumps(latest())
    ran = run("check", "-o", "json", "--policies", folder, "-", stdin=stdin)
    (result,) = json.loads(ran.out)["results"]
    assert (ran.code, result["verdict"], result["findings"]) == (0, "allowed", [])
    (suppressed,) = result["suppressed"]
    assert (suppressed["ruleId"], suppressed["action"]) == ("policy/no-latest-image/0", "deny")
    assert suppressed["path"] == "spec.predictors[0].componentSpecs[0].spec.containers[0].image"
    assert suppressed["exception"] == {
        "name": EXCEPTION["metadata"]["name"],
        "reason": EXCEPTION["spec"]["reason"],
        "expiresAt": EXCEPTION["spec"]["expiresAt"],
    }
    sarif = json.loads(run("check", "-o", "sarif", "--policies", folder, "-", stdin=stdin).out)
    (found,) = sarif["runs"][0]["results"]
    assert found["ruleId"] == "policy/no-latest-image/0"
    (suppression,) = found["suppressions"]
    assert suppression["kind"] == "external"
    assert EXCEPTION["spec"]["reason"] in suppression["justification"]


def test_the_audit_log_keeps_what_was_exempted(folder):
    context = load_policy_context((with_exception(folder),))
    given = handle_review(encoded_review(latest()), "validate", SETTINGS, NO_FACTS, context)
    response = json.loads(given.body)["response"]
    assert response["allowed"] is True
    kept = response["auditAnnotations"]["exempted"]
    assert "[policy/no-latest-image/0]; exempt by " in kept
    assert kept.endswith(EXCEPTION["spec"]["reason"])


USER_POLICY = policy_text(
    "- {expression: \"request.userInfo.username == 'ann' || 'ops' in request.userInfo.groups\","
    " message: not you}\n"
)
GROWTH_POLICY = policy_text(
    "- expression: >-\n"
    "    request.operation == 'CREATE' ||\n"
    "    object.spec.?replicas.orValue(1) <= oldObject.spec.?replicas.orValue(1)\n"
    "  message: it grows\n"
)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [([], 1), (["--user", "ann"], 0), (["--user", "bob", "--group", "dev", "--group", "ops"], 0)],
)
def test_check_evaluates_as_a_user(run, tmp_path, arguments, code):
    (tmp_path / "p.yaml").write_text(f"{USER_POLICY}---\n{binding_text()}")
    ran = run("check", *arguments, "--policies", tmp_path, "-", stdin=json.dumps(minimal()))
    assert ran.code == code


def test_check_evaluates_an_update_of_what_was_there(run, tmp_path):
    policies = tmp_path / "p.yaml"
    policies.write_text(f"{GROWTH_POLICY}---\n{binding_text()}")
    old = tmp_path / "old.yaml"
    old.write_text(yaml.safe_dump(minimal(lambda d: d["spec"].update(replicas=2))))
    grown = json.dumps(minimal(lambda d: d["spec"].update(replicas=3)))

    def code(*arguments):
        return run("check", *arguments, "--policies", policies, "-", stdin=grown).code

    assert code() == 0
    assert code("--operation", "create") == 0
    assert code("--old", old) == 1
    assert code("--operation", "update", "--old", old) == 1
    assert code("--operation", "update") == 0  # it replaces its like


def test_an_old_object_of_another_name_makes_no_update(run, tmp_path):
    policies = tmp_path / "p.yaml"
    policies.write_text(f"{GROWTH_POLICY}---\n{binding_text()}")
    old = tmp_path / "old.yaml"
    old.write_text(yaml.safe_dump(minimal(lambda d: d["metadata"].update(name="other"))))
    grown = json.dumps(minimal(lambda d: d["spec"].update(replicas=3)))
    assert run("check", "--old", old, "--policies", policies, "-", stdin=grown).code == 0


def test_rules_on_updates_and_the_ratchet_hold_with_an_old_object(run, tmp_path):
    broken = minimal()
    broken["spec"]["predictors"][0]["graph"]["type"] = "MODLE"
    old = tmp_path / "old.yaml"
    old.write_text(yaml.safe_dump(broken))
    assert run("check", "-", stdin=json.dumps(broken)).code == 1
    assert run("check", "--old", old, "-", stdin=json.dumps(broken)).code == 0


@pytest.mark.parametrize("text", ["a: [", None])
def test_an_old_file_that_cannot_be_used_is_one_sentence(run, tmp_path, text):
    old = tmp_path / "old.yaml"
    if text is not None:
        old.write_text(text)
    ran = run("check", "--old", old, "-", stdin=json.dumps(minimal()))
    assert ran.code == 2
    assert str(old) in ran.err


def test_an_old_object_of_a_creation_is_a_contradiction(run, tmp_path):
    ran = run("check", "--operation", "create", "--old", tmp_path, "-", stdin="{}")
    assert (ran.code, "--old is for an update" in ran.err) == (2, True)


def test_tests_of_policies_by_name_as_json_and_with_all_of_them_tried(run, folder):
    ran = run("policies", "test", "-o", "json", "--filter", "* is refused*", folder)
    names = [case["name"] for case in json.loads(ran.out)["cases"]]
    assert ran.code == 0
    assert len(names) == 2
    assert all("is refused" in name for name in names)
    assert run("policies", "test", "--filter", "no such case", folder).code == 2
    assert run("policies", "test", "--filter", "a", "--require-coverage", folder).code == 2
    assert run("policies", "test", "--require-coverage", folder).code == 0
    file = folder / "no-latest-image" / "tests.yaml"
    head, _, cases = file.read_text().partition("cases:\n")
    first = "- name" + cases.split("- name")[1]
    file.write_text(f"{head}cases:\n{first}")
    assert run("policies", "test", folder).code == 0
    assert run("policies", "test", "--require-coverage", folder).code == 1


KYVERNO_POLICY = """\
apiVersion: policies.kyverno.io/v1
kind: ValidatingPolicy
metadata: {name: named}
spec:
  evaluation: {background: {enabled: true}}
  matchConstraints:
    resourceRules:
    - apiGroups: [machinelearning.seldon.io]
      apiVersions: ['*']
      operations: [CREATE]
      resources: [seldondeployments]
  validations:
  - {expression: "object.metadata.name != 'iris'", message: no iris}
"""


def test_policies_of_kyverno_are_carried_over_and_hold(run, tmp_path):
    ran = run("policies", "convert", "--from", "kyverno", "-", stdin=KYVERNO_POLICY)
    assert ran.code == 0
    assert ran.out.startswith("# named: spec.evaluation is not converted: ")
    (tmp_path / "converted.yaml").write_text(ran.out)
    checked = run("check", "--policies", tmp_path, "-", stdin=json.dumps(minimal()))
    assert (checked.code, "no iris" in checked.out) == (1, True)


def test_what_does_not_load_is_said_with_its_reason(run):
    text = KYVERNO_POLICY.replace("object.metadata.name != 'iris'", "resource.Get('v1') != null")
    ran = run("policies", "convert", "--from", "kyverno", "-", stdin=text)
    assert ran.code == 1
    assert "# named: does not load: undeclared reference to 'resource': " in ran.out


def test_a_file_without_such_policies_converts_to_nothing(run):
    ran = run("policies", "convert", "--from", "gatekeeper", "-", stdin="kind: Pod")
    assert (ran.code, ran.out) == (
        1,
        "# (no name): Pod is not converted: its ConstraintTemplate with CEL is not among the "
        "files\n",
    )
    assert run("policies", "convert", "--from", "kyverno", "-", stdin="a: [").code == 2
