import pytest
import yaml

from webhook.defaulting.options import HARDENED_OPTIONS, DefaultingOptions
from webhook.errors import SettingsError
from webhook.graph.cluster_facts import NO_FACTS
from webhook.graph.issue import Source
from webhook.rules import all_rules
from webhook.settings.model import PolicySources, RuleSetting, Settings, read_settings
from webhook.settings.schema import settings_schema
from webhook.settings.writer import write_settings
from webhook.yamldoc import read


def document(**keys):
    return {"apiVersion": "graphgate.io/v1alpha1", "kind": "Settings", **keys}


def test_without_anything_the_default_user_is_8888_and_every_rule_runs_as_built_in():
    settings = read_settings()
    assert settings.defaults == DefaultingOptions()
    assert settings.defaults.run_as_user == 8888
    assert [(rule.id, rule.action) for rule in settings.rule_set] == [
        (rule.id, rule.action) for rule in all_rules()
    ]


@pytest.mark.parametrize(
    ("flag", "environment", "file", "user"),
    [
        (None, {}, None, 8888),
        (None, {}, 1000, 1000),
        (None, {"DEFAULT_USER_ID": "2000"}, 1000, 2000),
        ("3000", {"DEFAULT_USER_ID": "2000"}, 1000, 3000),
        (None, {"DEFAULT_USER_ID": ""}, 1000, None),
        ("", {"DEFAULT_USER_ID": "2000"}, 1000, None),
        ("2147483647", {}, None, 2147483647),
    ],
)
def test_a_flag_wins_over_the_environment_and_that_over_the_file(flag, environment, file, user):
    section = document() if file is None else document(defaults={"runAsUser": file})
    settings = read_settings(section, environment, default_user_id=flag)
    assert settings.defaults.run_as_user == user


BAD_IDS = ["abc", " 8888", "8888 ", "8888.0", "-1", "+8888", "0x22b8", "2147483648", "1_000", "८"]


@pytest.mark.parametrize("text", BAD_IDS)
def test_a_bad_user_id_is_refused_by_a_sentence_that_names_the_variable(text):
    with pytest.raises(SettingsError, match=r"^DEFAULT_USER_ID .*2147483647"):
        read_settings(environment={"DEFAULT_USER_ID": text})
    with pytest.raises(SettingsError, match=r"^--default-user-id "):
        read_settings(default_user_id=text)


def test_root_as_default_user_has_to_be_allowed():
    with pytest.raises(SettingsError, match=r"DEFAULT_USER_ID is 0.*--allow-root-default"):
        read_settings(environment={"DEFAULT_USER_ID": "0"})
    allowed = read_settings(environment={"DEFAULT_USER_ID": "0"}, allow_root_default=True)
    assert allowed.defaults.run_as_user == 0


def test_the_hardened_profile_is_the_ground_that_a_file_builds_on():
    settings = read_settings(document(profile="hardened", defaults={"runAsUser": 1000}))
    assert settings.defaults.run_as_user == 1000
    assert settings.defaults.drop_capabilities == HARDENED_OPTIONS.drop_capabilities


def test_a_namespace_has_the_cluster_s_settings_and_what_it_changes():
    settings = read_settings(
        document(
            rules={"traffic-not-100": {"action": "warn"}, "unknown-field": {"action": "audit"}},
            namespaces={"team": {"rules": {"unknown-field": {"action": "deny"}}}},
        )
    )
    assert settings.for_namespace("other", NO_FACTS) is settings
    assert settings.for_namespace("team", NO_FACTS).rules == {
        "traffic-not-100": RuleSetting("warn"),
        "unknown-field": RuleSetting("deny"),
    }


def test_the_variable_holds_for_namespaces_too_unless_they_say_otherwise():
    settings = read_settings(
        document(namespaces={"a": {}, "b": {"defaults": {"runAsUser": 5}}}),
        {"DEFAULT_USER_ID": "2000"},
    )
    assert settings.for_namespace("a", NO_FACTS).defaults.run_as_user == 2000
    assert settings.for_namespace("b", NO_FACTS).defaults.run_as_user == 5


def _enums_with_off(schema, path=()):
    """Yield the path of every key of the schema that may be off."""
    if isinstance(schema, dict):
        if "off" in schema.get("enum", ()):
            yield path
        for key, part in schema.get("properties", {}).items():
            yield from _enums_with_off(part, (*path, key))


def _section(path, value):
    for key in reversed(path):
        value = {key: value}
    return value


@pytest.mark.parametrize("path", [*_enums_with_off(settings_schema())], ids=".".join)
@pytest.mark.parametrize("scope", ["cluster", "namespace"])
def test_an_unquoted_off_means_off_wherever_a_key_may_be_off(path, scope):
    def keys(section):
        inner = section if scope == "cluster" else {"namespaces": {"a": section}}
        return document(profile="hardened", **inner)

    if scope == "namespace" and path[0] == "policies":
        with pytest.raises(SettingsError):  # policies are the same for all namespaces
            read_settings(keys(_section(path, "off")))
        return
    quoted = yaml.safe_dump(keys(_section(path, "off")))
    unquoted = read(quoted.replace("'off'", "off")).documents[0].value
    assert unquoted != keys(_section(path, "off"))
    settings = read_settings(unquoted)
    assert settings == read_settings(keys(_section(path, "off")))
    assert settings != read_settings(keys({}))


def test_zero_and_true_are_not_off():
    for value in (0, True, None, ""):
        with pytest.raises(SettingsError, match=r"must be deny, warn, audit or off, got "):
            read_settings(document(rules={"unknown-field": {"action": value}}))


def test_what_may_be_off_is_known():
    assert {path[0] for path in _enums_with_off(settings_schema())} == {
        "defaults",
        "podSecurity",
        "policies",
        "rules",
    }


def test_a_rule_that_is_off_does_not_run():
    settings = read_settings(document(rules={"unknown-field": {"action": "off"}}))
    assert "unknown-field" not in {rule.id for rule in settings.rule_set}


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        ([], r"^f\.yaml: \(document\) must be a mapping, got a list"),
        ({"apiVersion": "graphgate.io/v1alpha1"}, r"^f\.yaml: kind is missing$"),
        (document(kind="Setting"), r'kind must be Settings, got "Setting"'),
        (document(rulez={}), r'unknown key rulez; did you mean "rules"\?'),
        (document(rules={"trafic-not-100": {}}), r'did you mean "traffic-not-100"\?'),
        (
            document(rules={"traffic-not-100": {"action": "reject"}}),
            'must be deny, warn, audit or off, got "reject"',
        ),
        (document(defaults={"runAsUser": "8888"}), r"runAsUser"),
        (document(defaults={"runAsUser": True}), r"runAsUser"),
        (document(defaults={"runAsUser": 0}), r"runAsUser is 0 \(root\)"),
        (
            document(defaults={"openshift": "yes"}),
            'openshift must be auto, range-start or ignore, got "yes"',
        ),
        (document(profile="paranoid"), 'profile must be default or hardened, got "paranoid"'),
        (document(namespaces={"a": {"profile": "hardened"}}), "unknown key"),
        (document(namespaces={"a": {"defaults": {"runAsUser": 0}}}), "namespaces.a"),
        (document(modelServers="SKLEARN_SERVER"), "modelServers"),
    ],
)
def test_one_error_is_one_sentence(broken, sentence):
    with pytest.raises(SettingsError, match=sentence) as rejected:
        read_settings(broken, source=Source("f.yaml"))
    assert "\n" not in str(rejected.value)


@pytest.mark.parametrize(
    "settings",
    [
        Settings(),
        read_settings(document(profile="hardened")),
        read_settings(
            document(
                modelServers=["A", "B"],
                onRuleError="allow",
                rules={"wrong-type": {"action": "warn"}, "unknown-field": {"action": "off"}},
            ),
            {"DEFAULT_USER_ID": ""},
        ),
    ],
)
def test_settings_written_to_a_file_have_the_same_effect_when_read(settings):
    again = read_settings(read(write_settings(settings)).documents[0].value)
    assert [(rule.id, rule.action) for rule in again.rule_set] == [
        (rule.id, rule.action) for rule in settings.rule_set
    ]
    assert (again.defaults, again.model_servers, again.on_rule_error) == (
        settings.defaults,
        settings.model_servers,
        settings.on_rule_error,
    )


def test_policies_are_named_once_for_all_namespaces():
    written = document(
        policies={"files": ["ours", "/etc/theirs"], "selector": "team=ml"},
        namespaces={"shop": {"ratchet": False}},
    )
    settings = read_settings(written)
    assert settings.policies == PolicySources(("ours", "/etc/theirs"), "team=ml")
    assert settings.for_namespace("shop", NO_FACTS).policies == settings.policies
    assert read_settings().policies == PolicySources()
    (parsed_file,) = read(write_settings(settings)).documents
    assert read_settings(parsed_file.value).policies == settings.policies


@pytest.mark.parametrize(
    ("policies", "sentence"),
    [
        ({"file": ["ours"]}, r'unknown key policies.file; did you mean "files"\?'),
        ({"files": "ours"}, r'policies.files must be a list, got "ours"'),
        ({"selector": ""}, r'policies.selector must be 1 character or more, got ""'),
        ({"selector": True}, r"policies.selector must be a string or null, got true"),
    ],
)
def test_policies_that_cannot_be_meant_are_refused(policies, sentence):
    with pytest.raises(SettingsError, match=sentence):
        read_settings(document(policies=policies))


def test_a_namespace_has_no_policies_of_its_own():
    with pytest.raises(SettingsError, match=r"unknown key namespaces\.shop\.policies"):
        read_settings(document(namespaces={"shop": {"policies": {"files": []}}}))
