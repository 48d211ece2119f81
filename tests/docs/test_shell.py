"""What the reader of commands finds in them: each fault once, and none in right ones."""

import pytest

from tests.docs.shell import commands_in, faults_in


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("graphgate chek deploy/", ["graphgate has no command chek"]),
        ("graphgate check --polices x", ["graphgate check has no flag --polices"]),
        ("graphgate check -o toml x", ["graphgate check -o does not take toml"]),
        ("graphgate check x --facts", ["graphgate check --facts needs a value"]),
        ("kubectl graphgate policies tset", ["graphgate policies has no command tset"]),
        ("cat x | graphgate check --reqire-any -", ["graphgate check has no flag --reqire-any"]),
        ("make demos N=3", ["make has no target demos"]),
        ("kubectl aply -f manifests/crd/", ["kubectl has no verb 'aply'"]),
        ("kubectl apply -f manifests/crds/", ["manifests/crds/: no such file"]),
        ("helm install x --set image.repo=y", ["the chart has no value image.repo"]),
        ("helm install x --set mode=warn,replica=3", ["the chart has no value replica"]),
        ("cp policies/library/none ours", ["policies/library/none: no such file"]),
        ("graphgat check x", ["what is graphgat?"]),
    ],
)
def test_a_wrong_command_is_named(text, faults):
    assert faults_in(text) == faults


@pytest.mark.parametrize(
    "text",
    [
        "graphgate check -o json --facts facts.yaml FILE   # a comment",
        "graphgate certs init --out certs/\nkubectl apply -f certs/tls.yaml",
        "cp -r policies/library/owner-named ours\nkubectl apply -f ours/policy.yaml",
        "helm upgrade x manifests/chart --set 'settings.rules.x.action=warn' \\\n  --set mode=warn",
        "A=b graphgate serve --cluster-policies-selector",
        "make test-versions KUBE_VERSIONS=1.30.14 > log",
        "kubectl -n models get sdep -o yaml | graphgate check -",
    ],
)
def test_a_right_command_is_not(text):
    assert faults_in(text) == []


def test_a_line_holds_several_commands():
    text = "a b &&\\\n c > d; e | f 'g h'  # i"
    assert list(commands_in(text)) == [["a", "b"], ["c"], ["e"], ["f", "g h"]]
