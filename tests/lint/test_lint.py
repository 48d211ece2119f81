"""What is found in a file beside what is found in its documents."""

import yaml

from tests.documents_of import with_predictor
from webhook.graph.cluster_facts import NO_FACTS
from webhook.lint.lint import lint_text
from webhook.settings.model import read_settings


def yaml_findings(text):
    (result,) = lint_text("-", text, read_settings(), NO_FACTS).results
    return [
        (str(f.finding.path), f.finding.remediation)
        for f in result.findings
        if f.finding.rule_id == "yaml/duplicate-key"
    ]


def test_the_first_key_of_an_item_that_comes_again_is_a_missing_dash():
    text = yaml.safe_dump(with_predictor(), sort_keys=False)
    again = "    name: canary\n    graph: {name: classifier}\n"
    here = "spec.predictors[0]"
    assert yaml_findings(text + again) == [
        (
            f"{here}.name",
            'write "- " before it if the next item begins here: name is the first key of one',
        ),
        (f"{here}.graph", ""),
    ]


def test_a_key_that_comes_again_outside_of_a_list_has_no_remediation():
    text = yaml.safe_dump(with_predictor(), sort_keys=False)
    assert yaml_findings(text + "kind: SeldonDeployment\n") == [("kind", "")]


def test_a_key_in_what_is_overwritten_is_survived():
    text = yaml.safe_dump(with_predictor(), sort_keys=False)
    assert yaml_findings(text + "x: {a: [{b: 1, b: 2}]}\nx: 1\n") == [("x.a[0].b", ""), ("x", "")]
