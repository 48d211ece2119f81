"""Pod templates are judged as a real API server judges them; its answers are recorded.

The tables here are the answers of kube-apiserver 1.36.4 to one value each; `pod_templates.json` has
those to whole pods (`record_pod_templates` asks anew).
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from webhook.engine.evaluate import evaluate
from webhook.graph import k8s_syntax
from webhook.graph.cluster_facts import Facts
from webhook.settings.model import read_settings

SETTINGS = read_settings()
KUBERNETES_1_36 = Facts(kubernetes_minor=36)
CASES = json.loads(Path(__file__).with_name("pod_templates.json").read_text())

STRICTER_THAN_API_SERVER = {
    "dup port": "the keys of Seldon's resource definition, and of server-side apply",
    "res other container": "the kubelet never starts the container",
    **dict.fromkeys(
        ("livenessProbe port unk", "readinessProbe port unk", "startupProbe port unk"),
        "the kubelet finds no port of the name, and the probe fails for ever",
    ),
    **dict.fromkeys(
        ("pvc bad", "secret bad"),
        "the pod waits for an object that cannot exist",
    ),
    "node Gt x": "no scheduler reads the term",
    **dict.fromkeys(
        ("medium", "hugepages medium"),
        "the kubelet cannot mount the emptyDir",
    ),
    "node terms [{}]": "no node matches the term, and the pods are never scheduled",
    "podAffinity nosel": "no pod matches the term, and the pods are never scheduled",
    "img blanks": "the API server takes the Deployment and refuses each of its pods",
}
"""What is denied though the API server takes the Deployment, and why it cannot run."""

NOT_CHECKED = {
    "res null lim",
}
"""What the API server refuses and no rule looks at: no manifest of production has been seen
to get it wrong."""


def build_document(case: Any) -> dict[str, Any]:
    name = case["pod"]["containers"][0]["name"]
    return {
        "apiVersion": "machinelearning.seldon.io/v1",
        "kind": "SeldonDeployment",
        "metadata": {"name": "iris"},
        "spec": {
            "predictors": [
                {
                    "name": "main",
                    "componentSpecs": [
                        {"metadata": case.get("metadata", {}), "spec": case["pod"]},
                    ],
                    "graph": {"name": name, "type": "MODEL"},
                }
            ]
        },
    }


def is_denied(case):
    decision = evaluate(build_document(case), SETTINGS, KUBERNETES_1_36)
    assert decision.rule_errors == ()
    return sorted({finding.rule_id for finding in decision.denials})


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_pod_is_denied_where_the_api_server_refuses_it_and_only_there(case):
    rules = is_denied(case)
    expected = (case["refused"] or case["name"] in STRICTER_THAN_API_SERVER) and case[
        "name"
    ] not in NOT_CHECKED
    assert bool(rules) is expected, rules


def test_every_exception_is_a_case():
    assert {*STRICTER_THAN_API_SERVER, *NOT_CHECKED} <= {case["name"] for case in CASES}


def test_cases_have_names_of_their_own():
    assert len({case["name"] for case in CASES}) == len(CASES)


TABLES: dict[Callable[[Any], bool], tuple[list[Any], list[Any]]] = {
    k8s_syntax.is_quantity: (
        [
            "1",
            "0",
            "+",
            "-",
            ".",
            "1.",
            ".5",
            "-1",
            "+1",
            "1Ki",
            "1k",
            "1M",
            "1Mi",
            "512m",
            "1e3",
            "1E3",
            "1E",
            "1e+3",
            "1e-3",
            "1Ei",
            "1u",
            "1n",
            "Ki",
            "-.Ti",
            "0Pi",
            "m",
            "e3",
            " 1Gi ",
            "1Gi ",
            "1e20",
            "9999999999999999999",
            "0.1Gi",
            "1.0000000001",
            "1e0019",
            1,
            0,
            0.1,
            1.5,
            1000000000000000000,
            1e-07,
            1e22,
        ],
        [
            "",
            "1ki",
            "1KI",
            "1K",
            "1mi",
            "1MB",
            "1Gb",
            "1e",
            "1e+",
            "1ee3",
            "1i",
            "0x10",
            "1_000",
            "1,5",
            "1 Gi",
            "\t1",
            "1\n",
            "\u0661",
            "1.5.5",
            "--1",
            "+-1",
            "1e3.5",
            "1Gi1",
            "1g",
            "1GiB",
            "500 m",
            "five",
            "null",
            "true",
            "NaN",
            "inf",
            "2GB",
            "1G1",
            "2M5",
            "1m3",
            "1Mi+5",
            "12Ki34",
            "1E5i",
            "Pi",
            "-.Ei",
        ],
    ),
    k8s_syntax.is_qualified_name: (
        [
            "a",
            "A",
            "a.b/c",
            "a_b",
            "a" * 63,
            "x/" + "a" * 63,
            "x" * 63 + "/a",
            "x" * 64 + "/a",
            "1",
            "a--b",
            "a..b",
            "seldon.io/x",
        ],
        [
            "A.b/c",
            "a/b/c",
            "",
            "/a",
            "a/",
            "a b",
            "-a",
            "a-",
            ".a",
            "a.",
            "a" * 64,
            "x/" + "a" * 64,
            "a/b c",
            "\xe4",
            "a\n",
            "x..y/a",
            "x_/a",
            "X/a",
        ],
    ),
    k8s_syntax.is_annotation_key: (
        [
            "a",
            "A",
            "a.b/c",
            "A.b/c",
            "a_b",
            "a" * 63,
            "x/" + "a" * 63,
            "x" * 63 + "/a",
            "x" * 64 + "/a",
            "1",
            "a--b",
            "a..b",
            "seldon.io/x",
            "X/a",
        ],
        [
            "a/b/c",
            "",
            "/a",
            "a/",
            "a b",
            "-a",
            "a-",
            ".a",
            "a.",
            "a" * 64,
            "x/" + "a" * 64,
            "a/b c",
            "\xe4",
            "a\n",
            "x..y/a",
            "x_/a",
        ],
    ),
    k8s_syntax.is_label_value: (
        ["a", "A", "", "a_b", "a" * 63, "1", "a--b", "a..b", "true", "1.0"],
        [
            "a.b/c",
            "A.b/c",
            "a/b/c",
            "/a",
            "a/",
            "a b",
            "-a",
            "a-",
            ".a",
            "a.",
            "a" * 64,
            "x/" + "a" * 63,
            "x/" + "a" * 64,
            "x" * 63 + "/a",
            "x" * 64 + "/a",
            "a/b c",
            "\xe4",
            "a\n",
            "x..y/a",
            "x_/a",
            "seldon.io/x",
            "X/a",
            "a/b",
            "a:b",
            "a@b",
        ],
    ),
    k8s_syntax.is_port_name: (
        ["a", "http", "8a", "a80", "a-b", "aaaaaaaaaaaaaaa", "http-metrics", "0a0"],
        [
            "A",
            "HTTP",
            "80",
            "",
            "-a",
            "a-",
            "a--b",
            "a_b",
            "aaaaaaaaaaaaaaaa",
            "\xe9",
            "a b",
            "a\n",
            "1-1",
            "-",
        ],
    ),
    k8s_syntax.is_env_var_name: (
        ["A", "a", "1A", "A B", "~", " ", "a-b", ".", "..", "..a", "A" * 300, "A.B", "$A"],
        ["A=B", "=", "", "\xe9", "A\n", "\t", "A\x7f", "A\xa0"],
    ),
    k8s_syntax.is_subdomain: (
        ["a", "a.b", "a" * 253, "a" * 64, "1", "1.2"],
        ["A", "a..b", ".a", "a.", "a_b", "-a", "a-", "", "a" * 254, "\xe9", "a b", "a\n"],
    ),
    k8s_syntax.is_config_map_key: (
        ["a", "A.b-c_d", ".a", "a" * 253],
        ["a/b", "", ".", "..", "..a", "a b", "\xe9", "a" * 254, "a\n"],
    ),
    k8s_syntax.is_http_header_name: (
        ["X-A", "1", "-"],
        ["a_b", "a b", "", "\xe9", "a\n", "a:"],
    ),
}
"""By function: values that the API server takes where they are asked for, and refuses."""


@pytest.mark.parametrize("judge", TABLES, ids=lambda judge: judge.__name__)
def test_a_value_is_taken_where_the_api_server_takes_it(judge):
    taken, refused = TABLES[judge]
    assert [value for value in taken if not judge(value)] == []
    assert [value for value in refused if judge(value)] == []


AMOUNTS = {
    "1": 10**9,
    "500m": 5 * 10**8,
    "1n": 1,
    "0.0000000001": 1,
    "-0.0000000001": -1,
    "1Ki": 1024 * 10**9,
    "1.5Gi": 3 * 2**29 * 10**9,
    ".5M": 5 * 10**14,
    "1e3": 10**12,
    "1E-3": 10**6,
    "2E": 2 * 10**27,
    "+": 0,
    "1e100": 10**109,
    "1e1000": 10**1009,
    "-1e1000": -(10**1009),
    "1e-1000": 1,
    "1e1001": None,
    "1e-1001": None,
    "0e2147483647": None,
    "1e4294967296": None,
    "9" * 70: (10**70 - 1) * 10**9,
    "0." + "0" * 80 + "1": 1,
    "9" * 1000: (10**1000 - 1) * 10**9,
    "9" * 1001: None,
    "0." + "0" * 1000: None,
    "1" * 5000 + "Ei": None,
    "9Ei": (2**63 - 1) * 10**9,
    "10Ei": (2**63 - 1) * 10**9,
    "five": None,
    "five" * 20: None,
}
"""Quantities in billionths; what is smaller is rounded up, away from zero."""


@pytest.mark.parametrize("text", AMOUNTS)
def test_a_quantity_has_an_amount_in_billionths(text):
    assert k8s_syntax.parse_quantity(text) == AMOUNTS[text]


def test_a_number_has_the_amount_of_its_text():
    assert [k8s_syntax.parse_quantity(number) for number in (2, 0.5, 10**100, True)] == [
        2 * 10**9,
        5 * 10**8,
        10**109,
        None,
    ]
