"""What a change would do: only verdicts that change are told, with the reason."""

import json

import pytest
import yaml

from tests.documents_of import minimal, with_graph, with_predictor

HEAD = {"apiVersion": "graphgate.io/v1alpha1", "kind": "Settings"}
POLICY = """
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: with-owner}
spec:
  matchConstraints:
    resourceRules:
    - apiGroups: [machinelearning.seldon.io]
      apiVersions: ["*"]
      resources: [seldondeployments]
      operations: ["*"]
  validations:
  - expression: has(object.metadata.labels) && 'owner' in object.metadata.labels
    message: name an owner
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: with-owner}
spec: {policyName: with-owner, validationActions: [Deny]}
"""


def named(document, name):
    return {**document, "metadata": {"name": name, "namespace": "models"}}


@pytest.fixture
def audited(run, tmp_path):
    """Return what `audit --compare-…` says of three objects; files are written by name."""
    (tmp_path / "all.yaml").write_text(
        yaml.safe_dump_all(
            [
                named(minimal(), "right"),
                named(with_graph(name="clasifier"), "wrong"),
                named(with_predictor(replicaz=1), "warned"),
            ]
        )
    )

    def audited(*flags, output="text", **files):
        for name, text in files.items():
            (tmp_path / f"{name}.yaml").write_text(
                text if isinstance(text, str) else yaml.safe_dump({**HEAD, **text})
            )
        named_flags = [flag.replace("$", f"{tmp_path}/") for flag in flags]
        return run("audit", "-o", output, *named_flags, tmp_path / "all.yaml")

    return audited


def test_equal_settings_change_nothing(audited):
    ran = audited("--compare-settings", "$new.yaml", new={})
    assert (ran.code, ran.out) == (0, "3 objects: no verdict changes\n")


def test_stricter_settings_name_who_would_be_denied_and_why(audited):
    ran = audited(
        "--compare-settings", "$new.yaml", new={"rules": {"unknown-field": {"action": "deny"}}}
    )
    assert ran.code == 1
    first, reason, *_, last = ran.out.splitlines()
    assert first == "models/warned: allowed now, denied after the change"
    assert reason.startswith("  spec.predictors[0].replicaz: ")
    assert last == "3 objects: 1 allowed now, denied after the change"


def test_laxer_settings_name_who_would_be_allowed(audited):
    ran = audited(
        "--compare-settings", "$new.yaml", new={"rules": {"missing-container": {"action": "warn"}}}
    )
    assert ran.code == 0
    assert (
        "models/wrong: denied now, allowed after the change\n  no longer: spec.predictors[0]"
        in ran.out
    )


def test_a_mode_is_part_of_what_is_compared_and_not_of_an_audit(audited):
    observed = {"mode": "observe", "namespaces": {"models": {"mode": "observe"}}}
    ran = audited("--settings", "$now.yaml", now=observed)
    assert ran.code == 1
    assert "models/wrong: denied" in ran.out
    ran = audited(
        *("--settings", "$now.yaml", "--compare-settings", "$new.yaml"), now=observed, new={}
    )
    assert ran.code == 1
    assert "models/wrong: allowed now, denied after the change" in ran.out


def test_policies_are_compared_as_json(audited):
    ran = audited("--compare-policies", "$policy.yaml", output="json", policy=POLICY)
    report = json.loads(ran.out)
    assert (ran.code, report["objects"]) == (1, 3)
    assert [(each["name"], each["before"], each["after"]) for each in report["changes"]] == [
        ("right", "allowed", "denied"),
        ("warned", "allowed", "denied"),
    ]
    assert [each["ruleId"] for each in report["changes"][0]["reasons"]] == ["policy/with-owner/0"]


def test_a_version_of_kubernetes_is_compared(audited):
    level = ("--pod-security", "restricted")
    assert audited("--compare-version", "v1.36", *level).out.startswith("3 objects: ")
    ran = audited("--compare-version", "2", *level)
    assert (ran.code, ran.err) == (
        2,
        "graphgate: --compare-version must be a version such as v1.37, got '2'\n",
    )


def test_what_is_compared_has_no_page(audited):
    ran = audited("--compare-version", "v1.36", output="html")
    assert ran.code == 2
    assert "only the output formats text and json" in ran.err
