"""What a finding says that no text shows: what makes it an error, and whether a name is wrong."""

import pytest

from tests.rules.test_fixtures import FIXTURES, format_findings

PREDICTOR = "spec.predictors[0]"


@pytest.mark.parametrize(
    ("fixture", "evidence"),
    [
        ("explainer-name-too-long/generated", [f"{PREDICTOR}.name"]),
        ("explainer-name-too-long/written", []),
        (
            "first-component-without-node/sidecar-first",
            [f"{PREDICTOR}.componentSpecs[0].spec.containers[0].name"],
        ),
        (
            "first-component-without-node/overtaken",
            [f"{PREDICTOR}.componentSpecs[0].spec.containers[0].name"],
        ),
        ("overwritten-field/service-account", [f"{PREDICTOR}.graph.serviceAccountName"]),
        ("traffic-not-100/sum-90", [f"spec.predictors[{n}].traffic" for n in range(2)]),
        ("unmounted-certificate/orchestrator-elsewhere", [f"{PREDICTOR}.graph.name"]),
        ("unmounted-certificate/root-without-container", [f"{PREDICTOR}.graph.name"]),
        ("unreachable-explainer/other-endpoint", [f"{PREDICTOR}.explainer.endpoint"]),
        ("unreachable-explainer/other-port", []),
    ],
)
def test_a_finding_names_every_place_that_makes_it_an_error(fixture, evidence):
    rule = fixture.partition("/")[0]
    text = (FIXTURES / f"{fixture}.yaml").read_text()
    (finding,) = (each.finding for each in format_findings(text) if each.finding.rule_id == rule)
    assert [str(path) for path in finding.evidence] == evidence


AT_KEYS = (
    "apparmor-annotation-unknown-container",
    "dropped-graph-part",
    "dropped-security-setting",
    "dropped-volume-source",
    "metric-of-other-version",
    "misplaced-field",
    "misspelled-required-field",
    "obsolete-pod-annotation",
    "unknown-field",
)
"""Rules on a name that is wrong at its place, whatever its value."""
AT_KEYS_OR_VALUES = (
    "malformed-kubernetes-annotation",
    "malformed-metadata",
    "malformed-pod-metadata",
    "malformed-predictor-metadata",
)
ABOUT_A_KEY = ("invalid key ", "invalid label key ", "invalid annotation key ", "annotation kuber")


@pytest.mark.parametrize("rule", [*AT_KEYS, *AT_KEYS_OR_VALUES])
def test_a_wrong_name_is_marked_itself_and_not_its_value(rule):
    found = [
        each.finding
        for file in sorted((FIXTURES / rule).glob("*.yaml"))
        for each in format_findings(file.read_text())
        if each.finding.rule_id == rule and not each.finding.message.startswith("unrendered")
    ]
    is_about_key = [rule in AT_KEYS or finding.message.startswith(ABOUT_A_KEY) for finding in found]
    assert any(is_about_key)
    assert [finding.at_key for finding in found] == is_about_key
