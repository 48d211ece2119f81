"""review, rules, settings, certs and the frame around all commands."""

import json
import os
import subprocess
import sys

import pytest

from tests import patience
from tests.admission.test_wire import SETTINGS, encoded_review
from tests.documents_of import minimal, with_graph
from webhook.admission import handle_review
from webhook.graph.cluster_facts import NO_FACTS
from webhook.rules import all_rules
from webhook.rules.descriptors import other_descriptors
from webhook.rules.docs import parse_docstring
from webhook.settings.model import read_settings
from webhook.yamldoc import read


def test_review_answers_exactly_what_the_server_answers(run):
    body = encoded_review(minimal())
    ran = run("review", stdin=body)
    assert (ran.code, ran.out.encode()) == (
        0,
        handle_review(body, "mutate", SETTINGS, NO_FACTS).body + b"\n",
    )


def test_review_answers_as_the_other_endpoint_when_asked(run):
    body = encoded_review(minimal())
    ran = run("review", "--endpoint", "validate", stdin=body)
    assert ran.out.encode() == handle_review(body, "validate", SETTINGS, NO_FACTS).body + b"\n"


def test_review_reads_one_review_a_line_and_tells_of_a_denial_by_its_exit_code(run):
    lines = encoded_review(minimal()) + b"\n" + encoded_review(with_graph(name="x")) + b"\n"
    ran = run("review", stdin=lines)
    assert ran.code == 1
    assert [json.loads(line)["response"]["allowed"] for line in ran.out.splitlines()] == [
        True,
        False,
    ]


def test_review_reads_one_review_that_is_spread_over_lines(run):
    body = json.dumps(json.loads(encoded_review(minimal())), indent=2)
    assert run("review", stdin=body).code == 0


@pytest.mark.parametrize("text", ["", "{}", "not json", "[1,\n2"])
def test_review_says_what_it_cannot_answer(run, text):
    ran = run("review", stdin=text)
    assert ran.code == 2
    assert ran.err.startswith("graphgate: ")


def test_rules_list_has_a_line_for_every_rule(run):
    lines = {tuple(line.split()[:2]): line for line in run("rules", "list").out.splitlines()}
    for rule in all_rules():
        assert lines[rule.action, rule.id].endswith(f"  {parse_docstring(rule.docstring).title}")


def test_rules_list_names_every_other_id(run):
    out = run("rules", "list").out
    assert all(rule_id in out for rule_id in other_descriptors())


@pytest.mark.parametrize("rule", [rule.id for rule in all_rules()])
def test_explain_shows_the_page_of_a_rule(run, rule):
    ran = run("explain", rule)
    assert ran.code == 0
    assert all(f"{part}:" in ran.out for part in ("Why", "Fix", "Bad", "Good"))


@pytest.mark.parametrize(
    "rule_id", [*other_descriptors(), "policy/gpu-limit/0", "policy/gpu-limit"]
)
def test_explain_knows_ids_that_are_no_rules(run, rule_id):
    ran = run("explain", rule_id)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(f"{rule_id} (")
    assert all(f"{part}:" in ran.out for part in ("Why", "Fix"))


@pytest.mark.parametrize(
    ("unknown", "near"),
    [
        ("traffic-not-10", "traffic-not-100"),
        ("pod-security/hostPort", "pod-security/hostPorts"),
        ("yaml/duplicated-key", "yaml/duplicate-key"),
        ("unreadble", "unreadable"),
    ],
)
def test_explain_suggests_the_nearest_of_an_unknown_id(run, unknown, near):
    ran = run("explain", unknown)
    assert (ran.code, ran.err) == (
        2,
        f'graphgate: unknown id "{unknown}"; did you mean "{near}"?\n',
    )


def test_explain_names_the_list_where_nothing_is_near(run):
    ran = run("explain", "zzz")
    assert ran.err == 'graphgate: unknown id "zzz"; graphgate rules list shows all\n'


def test_settings_prints_a_settings_file_that_has_the_same_effect(run):
    ran = run("settings", "--default-user-id", "1234")
    again = read_settings(read(ran.out).documents[0].value)
    assert again.defaults.run_as_user == 1234


def test_certs_init_writes_four_files_and_does_not_replace_them(run, tmp_path):
    first = run("certs", "init", "--out", tmp_path / "c")
    second = run("certs", "init", "--out", tmp_path / "c")
    assert sorted(path.name for path in (tmp_path / "c").iterdir()) == [
        "ca.crt",
        "ca.key",
        "tls.crt",
        "tls.key",
    ]
    assert (first.code, second.code) == (0, 2)
    assert "--force" in second.err


def graphgate(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "webhook", *arguments],
        capture_output=True,
        text=True,
        timeout=patience.SECONDS,
        check=False,
        env={**os.environ, **environment},
    )


def test_an_error_is_one_sentence_on_standard_error_and_exit_2():
    ran = graphgate("check", "--default-user-id", "abc")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith("graphgate: --default-user-id must be a user id")
    assert ran.stderr.count("\n") == 1


def test_the_version_is_that_of_the_installed_package():
    from importlib.metadata import version

    assert graphgate("--version").stdout == f"graphgate {version('graphgate')}\n"


def test_help_and_check_import_neither_kubernetes_nor_the_server_nor_cryptography():
    heavy = "{'kubernetes', 'uvloop', 'httptools', 'cryptography', 'jsonschema'}"
    code = (
        "import sys, runpy\n"
        "sys.argv = ['graphgate', *sys.argv[1:]]\n"
        "try: runpy.run_module('webhook', run_name='__main__')\n"
        "except SystemExit: pass\n"
        f"print(sorted({heavy} & set(sys.modules)), file=sys.stderr)\n"
    )
    for arguments in (["--help"], ["check", "-"]):
        ran = subprocess.run(
            [sys.executable, "-c", code, *arguments],
            input=json.dumps(minimal()),
            capture_output=True,
            text=True,
            timeout=patience.SECONDS,
            check=True,
        )
        assert ran.stderr.splitlines()[-1] == "[]"
