"""Every code block of the documentation is run, or read by the reader of its kind.

console   each command that begins with "$ graphgate" is run: tests/cli/test_readme.py
sh        each command, flag, target, chart value and file is there (`shell.py`)
yaml      it parses; what graphgate reads is read by it; the chart judges its values
json      it parses
python    it compiles

A block without a language is sh if it begins with a program that we know, and text otherwise.
What none of that can do stands in `exemptions.py`, with its reason.
"""

import json
import re
from collections import defaultdict

import jsonschema
import pytest
import yaml

from tests.docs.exemptions import EXEMPT
from tests.docs.judged import BLOCKS, JUDGED, commands_of, language_of, of
from tests.docs.pages import PAGES, Block, all_blocks, blocks_of, name_of, spans_of
from tests.docs.shell import faults_in, made_by
from tests.documents_of import minimal
from tests.seeds import ROOT
from webhook.cli.check_config import config_schema, read_config
from webhook.cli.inputs import load_facts
from webhook.cli.policy_options import load_policies
from webhook.settings.model import read_settings


def read_schema(path):
    return json.loads((ROOT / path).read_text("utf-8"))


CHART_SCHEMA = read_schema("manifests/chart/values.schema.json")
SETTINGS = {"apiVersion": "graphgate.io/v1alpha1", "kind": "Settings"}
POLICIES = {
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding",
    "PolicyException",
}
# Kubernetes' own kinds, which the tests of the chart apply to an API server.
KUBERNETES = {"NetworkPolicy", "ClusterRole", "Role", "ConfigMap", "Namespace"}


def test_every_block_says_what_it_is():
    known = {"console", "sh", "yaml", "json", "python"}
    assert [block.place for block in JUDGED if language_of(block) not in known] == []


def test_exemptions_are_few_and_needed():
    """The number stands here so that one more is a decision."""
    assert len(EXEMPT) == 14
    assert all(EXEMPT.values())
    assert sorted(set(EXEMPT) - {block.key for block in BLOCKS}) == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_and_flags_exist(page):
    made: set[str] = set()
    found: list[tuple[int, str]] = []
    for block in blocks_of(page):
        if language_of(block) == "sh" and block.key not in EXEMPT:
            commands = commands_of(block)
            found += [(block.line, fault) for fault in faults_in(commands, frozenset(made))]
            made |= made_by(commands)
    assert found == []


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.name != "CHANGELOG.md"], ids=name_of
)
def test_commands_that_a_sentence_names_exist(page):
    """The changelog tells of names that were."""
    found = [
        (line, fault)
        for line, span in spans_of(page.read_text("utf-8"))
        if re.match(r"(kubectl )?graphgate [a-z]|make [a-z]", span)
        for fault in faults_in(re.sub(r"\s*\\?\|\s*", "|", span).replace("|", "\\|"))
        if not fault.endswith("needs a value")
    ]
    assert found == []


@of("json")
def test_json_parses(block):
    json.loads(block.text)


@of("python")
def test_python_compiles(block):
    compile(block.text, block.place, "exec")


@of("yaml")
def test_yaml_is_accepted_by_the_reader_of_its_kind(run, tmp_path, block):
    documents = [each for each in yaml.safe_load_all(block.text) if each is not None]
    assert documents or block.text.lstrip().startswith("# yaml-language-server:")
    by_reader = defaultdict(list)
    for document in documents:
        by_reader[reader_of(document)].append(document)
    for reader, read in by_reader.items():
        assert reader, f"{block.place}: which kind is this?"
        file = tmp_path / "block.yaml"
        file.write_text(yaml.safe_dump_all(read), "utf-8")
        reader(run, file, read)


def reader_of(document):
    """Return what reads a document of this kind; None if it is not known."""
    if isinstance(document, list):
        return as_steps
    if "kind" in document:
        return READERS.get(document["kind"])
    keys = set(document)
    for known, reader in FRAGMENTS:
        if keys <= set(known):
            return reader
    return None


def as_graph(run, file, _):
    assert run("check", "--no-config", str(file)).code in {0, 1}


def as_settings(_run, _file, documents):
    for document in documents:
        read_settings({**SETTINGS, **document})


def as_facts(_run, file, _):
    load_facts(file)


def as_policies(_run, file, _):
    assert load_policies((file,))


def as_policy_test(run, _file, documents):
    schema = json.loads(run("schema", "policytest").out)
    for document in documents:
        jsonschema.Draft202012Validator(schema).validate(document)


def as_configuration(_run, file, _):
    read_config(file, file.parent)


def as_values(_run, _file, documents):
    for document in documents:
        jsonschema.Draft7Validator({**CHART_SCHEMA, "required": []}).validate(document)


def as_part_of_a_graph(run, file, documents):
    """A pod, or metadata, in a graph that is right but for it."""
    for document in documents:
        graph = minimal()
        graph["metadata"] |= document.get("metadata", {})
        pod = graph["spec"]["predictors"][0]["componentSpecs"][0]["spec"]
        containers = document.get("containers", [])
        for container, written in zip(pod["containers"], containers, strict=False):
            container |= {key: value for key, value in written.items() if key != "name"}
        pod |= {k: v for k, v in document.items() if k not in {"containers", "metadata"}}
        file.write_text(yaml.safe_dump(graph), "utf-8")
        ran = run("check", "--no-config", str(file))
        assert (ran.code, ran.out.split("\n")[0]) == (0, "1 SeldonDeployment: 1 allowed")


def as_hooks(_run, _file, documents):
    for repository in documents[0]["repos"]:
        as_steps(_run, _file, [repository["hooks"]])


def as_steps(_run, _file, documents):
    """Steps that use this repository's Action give inputs that it has; hooks are those it has."""
    inputs = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))["inputs"]
    ids = {hook["id"] for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}
    for step in documents[0]:
        if "graphgate" in step.get("uses", ""):
            assert set(step["with"]) <= set(inputs)
        elif "id" in step:
            assert step["id"] in ids
        else:
            assert "uses" in step


def as_kubernetes(_run, _file, documents):
    for document in documents:
        assert document["apiVersion"]
        assert document["metadata"]["name"]


# What a block shows without its kind: the first row that has all its keys.
FRAGMENTS = (
    (CHART_SCHEMA["properties"], as_values),
    (config_schema()["properties"], as_configuration),
    ({"metadata", "securityContext", "containers"}, as_part_of_a_graph),
    (read_schema("policies/settings.schema.json")["properties"], as_settings),
    ({"repos"}, as_hooks),
)
READERS = {
    "SeldonDeployment": as_graph,
    "Settings": as_settings,
    "Facts": as_facts,
    "PolicyTest": as_policy_test,
    **dict.fromkeys(POLICIES, as_policies),
    **dict.fromkeys(KUBERNETES, as_kubernetes),
}


def test_the_number_of_blocks_that_are_judged():
    """A page whose fences nobody can read would be judged by nobody."""
    fences = sum(len(re.findall(r"^ *```", page.read_text("utf-8"), re.M)) for page in PAGES)
    assert 2 * len(list(all_blocks())) == fences
    assert all(isinstance(block, Block) for block in JUDGED)
    assert len(JUDGED) > 60
