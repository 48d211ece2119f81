"""Facts as a file."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhook.errors import SettingsError
from webhook.graph.cluster_facts import Facts, Namespace
from webhook.graph.issue import Source
from webhook.settings.facts_file import SCHEMA, read_facts, write_facts
from webhook.yamldoc import read

HEAD = {"apiVersion": "graphgate.io/v1alpha1", "kind": "Facts"}

text = st.text(max_size=12)
words = st.dictionaries(st.text(max_size=8), st.text(max_size=12), max_size=3)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)
all_facts = st.builds(
    Facts,
    namespaces=st.dictionaries(
        st.text("abc-", min_size=1, max_size=6),
        st.builds(Namespace, labels=words, annotations=words),
        max_size=3,
    ),
    model_servers=st.none()
    | st.dictionaries(
        st.text(max_size=6), st.none() | st.dictionaries(st.text(max_size=4), json_values)
    ),
    explainer_images=st.none()
    | st.fixed_dictionaries({}, optional={"image": text, "image_v2": text}),
    storage_initializer=st.fixed_dictionaries(
        {}, optional={"image": text, "cpuLimit": st.sampled_from(["100m", "2", ".5Gi", "1e3"])}
    ),
    openshift=st.booleans(),
    kubernetes_minor=st.none() | st.integers(1, 999),
    max_graph_depth=st.none() | st.integers(1, 9999),
    mirrors_percent=st.none() | st.booleans(),
    operator_version=st.sampled_from([None, "1.17.1", "v1.18.2"]),
)


def test_a_quantity_may_be_written_as_a_number():
    facts = read_facts(HEAD | {"storageInitializer": {"cpuLimit": 2, "memoryLimit": "1Gi"}})
    assert facts.storage_initializer == {"cpuLimit": "2", "memoryLimit": "1Gi"}


@given(all_facts)
def test_written_and_read_again_facts_are_equal(facts):
    (document,) = read(write_facts(facts, "# heading\n")).documents
    assert read_facts(document.value) == facts


def test_words_that_other_yaml_readers_take_for_numbers_stay_words():
    facts = Facts({"a": Namespace({"commit": "12e5", "on": "yes", "n": "0777", "d": "2026-11-22"})})
    text = write_facts(facts)
    assert text == (
        "apiVersion: graphgate.io/v1alpha1\n"
        "kind: Facts\n"
        "openshift: false\n"
        "namespaces:\n"
        "  a:\n"
        "    labels:\n"
        '      commit: "12e5"\n'
        '      d: "2026-11-22"\n'
        '      "n": "0777"\n'
        '      "on": "yes"\n'
    )


def test_the_schema_is_a_schema():
    import jsonschema

    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_a_file_with_the_head_alone_says_nothing():
    assert read_facts(HEAD) == Facts()


def test_a_namespace_without_labels_is_known_all_the_same():
    assert read_facts({**HEAD, "namespaces": {"a": None, "b": {}}}) == Facts(
        {"a": Namespace(), "b": Namespace()}
    )


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        (None, "(document) must be a mapping, got null"),
        ([], "(document) must be a mapping, got a list"),
        ({"kind": "Facts"}, "apiVersion is missing"),
        ({**HEAD, "kind": "Settings"}, 'kind must be Facts, got "Settings"'),
        (
            {**HEAD, "kubernetesVersio": 1},
            'unknown key kubernetesVersio; did you mean "kubernetesVersion"?',
        ),
        (
            {**HEAD, "kubernetesVersion": True},
            "kubernetesVersion must be a string or null, got true",
        ),
        ({**HEAD, "kubernetesVersion": 36}, "kubernetesVersion must be a string or null, got 36"),
        (
            {**HEAD, "kubernetesVersion": "v1.0"},
            'kubernetesVersion must be a value like v1.36, got "v1.0"',
        ),
        (
            {**HEAD, "kubernetesVersion": "36"},
            'kubernetesVersion must be a value like v1.36, got "36"',
        ),
        ({**HEAD, "openshift": None}, "openshift must be true or false, got null"),
        ({**HEAD, "modelServers": ["A"]}, "modelServers must be a mapping or null, got a list"),
        (
            {**HEAD, "namespaces": {"a": {"labels": {"x": 1}}}},
            "namespaces.a.labels.x must be a string, got 1",
        ),
        (
            {**HEAD, "namespaces": {"a": {"label": {}}}},
            'unknown key namespaces.a.label; did you mean "labels"?',
        ),
    ],
)
def test_what_is_no_facts_file_is_one_sentence_with_the_place(document, sentence):
    with pytest.raises(SettingsError) as error:
        read_facts(document, Source("facts.yaml"))
    assert str(error.value) == f"facts.yaml: {sentence}"


@pytest.mark.parametrize("version", ["v1.36", "v1.36.2", "v1.36.2+k3s1", "v1.36.0-rc.1"])
def test_a_version_is_read_as_kubectl_writes_it(version):
    assert read_facts({**HEAD, "kubernetesVersion": version}).kubernetes_minor == 36


@pytest.mark.parametrize("version", ["2.0.0", "1", "v0.5", "1.17.1 ", "latest"])
def test_what_is_not_a_version_of_the_operator_is_refused(version):
    with pytest.raises(SettingsError, match=r"operatorVersion must be a value like 1\.17\.1"):
        read_facts({**HEAD, "operatorVersion": version})


@pytest.mark.parametrize("amount", ["", "1GB", "-1", -1, "much", "1 Gi", "1e", "."])
@pytest.mark.parametrize("key", ["cpuRequest", "cpuLimit", "memoryRequest", "memoryLimit"])
def test_what_is_not_a_quantity_is_refused(key, amount):
    with pytest.raises(SettingsError, match=f"storageInitializer.{key} must be "):
        read_facts({**HEAD, "storageInitializer": {key: amount}})
