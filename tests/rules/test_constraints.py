"""The table of constraints: each row agrees with a real API server, whose answers are recorded.

constraints.json has what kube-apiserver 1.36.4 said (`record_constraints` asks anew).
"""

import json
from collections import Counter
from pathlib import Path as File
from typing import Any

import pytest

from tests.rules.constraint_cases import BASE_CONTAINER, cases
from tests.rules.test_fixtures import FILES
from tests.rules.test_pod_templates import CASES as POD_TEMPLATES
from tests.rules.test_pod_templates import build_document as pod_document
from webhook.engine.decision import RuleError
from webhook.engine.evaluate import evaluate
from webhook.engine.rule_runner import run_rules
from webhook.graph import schema
from webhook.graph.cluster_facts import NO_FACTS, Facts
from webhook.graph.finding import Finding
from webhook.graph.model import PROBES
from webhook.graph.parse import parse
from webhook.graph.path import Path
from webhook.rules.constraints import walk
from webhook.rules.constraints.checks import SUBJECTS, ValueCheck
from webhook.settings.model import read_settings
from webhook.settings.rule_set import RuleSet
from webhook.yamldoc import read

SETTINGS = read_settings()
KUBERNETES_1_36 = Facts(kubernetes_minor=36)
ANSWERS = json.loads(File(__file__).with_name("constraints.json").read_text())
CASES = list(cases())
RULES = walk.load_rules()
ROWS = [(rule, row) for rule in RULES.values() for row in rule.rows]

OF_OTHERS = {
    "removed-volume-type",
    "overlapping-volume-paths",
    "unsatisfiable-affinity",
    "unnamespaced-sysctl",
}
"""Rules on what the API server accepts, and no kubelet starts or no scheduler places."""

BELOW = {
    "deployment": "spec",
    "predictor": "spec.predictors[]",
    "explainer": "spec.predictors[].explainer",
    "node": "spec.predictors[].graph",
    "component": "spec.predictors[].componentSpecs[]",
    "pod": "spec.predictors[].componentSpecs[].spec",
    "container": "spec.predictors[].componentSpecs[].spec.containers[]",
    "probe": "spec.predictors[].componentSpecs[].spec.containers[].livenessProbe",
    "init container": "spec.predictors[].componentSpecs[].spec.initContainers[]",
    "hook": "spec.predictors[].componentSpecs[].spec.containers[].lifecycle.preStop",
    "metric": "spec.predictors[].componentSpecs[].hpaSpec.metricsv2[]",
}
"""By subject: where it stands."""


def build_document(component: Any) -> dict[str, Any]:
    return {
        "apiVersion": "machinelearning.seldon.io/v1",
        "kind": "SeldonDeployment",
        "metadata": {"name": "iris"},
        "spec": {
            "predictors": [
                {
                    "name": "main",
                    "componentSpecs": [component],
                    "graph": {"name": BASE_CONTAINER["name"], "type": "MODEL"},
                }
            ]
        },
    }


def document_of(case: Any) -> dict[str, Any]:
    spec = {"containers": [BASE_CONTAINER]}
    if case.kind == "metric":
        return build_document(
            {"spec": spec, "hpaSpec": {"maxReplicas": 2, "metricsv2": [case.value]}}
        )
    if case.kind == "keda":
        return build_document({"spec": spec, "kedaSpec": case.value})
    return build_document({"metadata": {"annotations": case.annotations or {}}, "spec": case.value})


def new_table():
    return RuleSet(tuple(rule for rule in SETTINGS.rule_set if rule.in_table))


def run_table(document, rules=None):
    errors: list[RuleError] = []
    findings = run_rules(rules or new_table(), parse(document), None, NO_FACTS, errors)
    assert errors == []
    return findings


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_value_is_denied_where_the_api_server_refuses_it_and_only_there(case):
    # What Seldon's operator adds to a pod was not asked for.
    document = document_of(case)
    decision = evaluate(document, SETTINGS, KUBERNETES_1_36, operator="graphgate")
    assert decision.rule_errors == ()
    denials = [each for each in decision.denials if each.rule_id not in OF_OTHERS]
    assert bool(denials) is any(ANSWERS[case.name]) is case.bad


def test_every_answer_is_of_a_case_and_names_are_unique():
    assert list(ANSWERS) == [case.name for case in CASES]


def test_every_check_of_a_row_finds_something_somewhere_and_passes_something(monkeypatch):
    seen: Counter[tuple[str, str, int, bool]] = Counter()

    def counting(row, index, check):
        def count(value, location):
            findings = list(check(value, location))
            seen[row.subject, row.path, index, bool(findings)] += 1
            return findings

        return count

    trees: dict[str, walk.Tree] = {}
    for rule, row in ROWS:
        for subject, path in walk.row_places(row):
            tree = trees.setdefault(subject, walk.Tree()).descend(path)
            for n, check in enumerate(row.checks):
                tree.add(rule.id, counting(row, n, check))
    monkeypatch.setattr(walk, "compile_rows", lambda _: trees)
    documents = [document_of(case) for case in CASES]
    documents += [pod_document(case) for case in POD_TEMPLATES]
    documents += [each.value for file in FILES for each in read(file.read_text()).documents]
    for document in documents:
        run_table(document)
    unseen = [
        (row.subject, row.path, number, found)
        for _, row in ROWS
        for number in range(len(row.checks))
        for found in (True, False)
        if not seen[row.subject, row.path, number, found]
    ]
    # A check that reports whatever stands at its path passes nothing.
    assert unseen == [
        *(("init container", probe, 0, False) for probe in PROBES),
        ("pod", "activeDeadlineSeconds", 0, False),
    ]


@pytest.mark.parametrize(
    ("subject", "path"), sorted({(row.subject, row.path) for _, row in ROWS if row.path})
)
def test_a_row_is_about_a_field_that_the_schema_knows(subject, path):
    assert subject in SUBJECTS
    place = Path()
    for step in f"{BELOW[subject]}.{path}".replace("[]", ".[]").split("."):
        if step == "[]":
            place /= 0
        else:
            free_keys = place[-1:] in (("requests",), ("limits",))
            assert free_keys or step in schema.known_fields(place), (place, step)
            place /= step


def test_the_work_grows_with_the_document(monkeypatch):
    def count_steps(containers):
        steps: Counter[str] = Counter()
        real = walk.Rows.visit

        def counting(*arguments):
            steps["all"] += 1
            return real(*arguments)

        monkeypatch.setattr(walk.Rows, "visit", counting)
        ports = [[{"containerPort": 9000 + n}] for n in range(containers)]
        listed = [{**BASE_CONTAINER, "name": f"c{n}", "ports": p} for n, p in enumerate(ports)]
        run_table(build_document({"spec": {"containers": listed}}))
        monkeypatch.setattr(walk.Rows, "visit", real)
        return steps["all"]

    assert 0 < count_steps(40) - count_steps(20) == count_steps(60) - count_steps(40)


def test_contents_in_which_nothing_was_found_are_not_looked_at_again(monkeypatch):
    seen: list[Any] = []
    tree = walk.Tree()

    def check(value, _):
        seen.append(value)
        return ()

    tree.descend("ports").add("port-out-of-range", check)
    monkeypatch.setattr(walk, "compile_rows", lambda _: {"container": tree})
    table = new_table()
    containers = [{**BASE_CONTAINER, "ports": [{"containerPort": n}]} for n in (1, 2, 1)]
    for _ in range(2):
        run_table(build_document({"spec": {"containers": containers}}), table)
    assert seen == [[{"containerPort": 1}], [{"containerPort": 2}]]


@pytest.mark.parametrize(
    "look", [lambda place: place.subject, lambda place: place.holder], ids=["subject", "holder"]
)
def test_what_was_said_with_a_look_at_what_is_around_is_not_remembered(monkeypatch, look):
    seen: list[Any] = []

    def check(value, location):
        look(location)
        seen.append(value)
        return ()

    tree = walk.Tree()
    tree.descend("ports").add("port-out-of-range", check)
    monkeypatch.setattr(walk, "compile_rows", lambda _: {"container": tree})
    table = new_table()
    for _ in range(2):
        container = {**BASE_CONTAINER, "ports": [{"containerPort": 1}]}
        run_table(build_document({"spec": {"containers": [container]}}), table)
    assert len(seen) == 2


def test_a_content_with_findings_is_reported_each_time():
    containers = [{**BASE_CONTAINER, "ports": [{"containerPort": 0}]}] * 2
    table = new_table()
    for _ in range(2):
        assert len(run_table(build_document({"spec": {"containers": containers}}), table)) == 2


def test_a_check_that_crashes_is_reported_once_and_the_others_go_on(monkeypatch):
    def crash(value, location):
        raise ZeroDivisionError

    tree = walk.Tree()
    tree.add("port-out-of-range", crash)
    tree.add("port-out-of-range", ValueCheck(lambda value: crash(value, None), crash))
    tree.descend("image").add(
        "malformed-port-name", lambda value, location: [Finding(location.at(), "found")]
    )
    monkeypatch.setattr(walk, "compile_rows", lambda _: {"container": tree})
    pod = {"containers": [BASE_CONTAINER, {**BASE_CONTAINER, "name": "d"}]}
    errors: list[RuleError] = []
    findings = list(
        run_rules(new_table(), parse(build_document({"spec": pod})), None, NO_FACTS, errors)
    )
    assert [error.rule_id for error in errors] == ["port-out-of-range"]
    assert sum(finding.message == "found" for _, finding in findings) == 2
