"""Settings that are written and read again have the same effect, in every namespace, too."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from webhook.graph.cluster_facts import NO_FACTS, Facts
from webhook.rendering.explainer import explainer_image
from webhook.rendering.model_servers import known_servers, server_protocols
from webhook.rules import all_rules
from webhook.settings.model import RuleSetting, Settings, read_settings
from webhook.settings.rendering import (
    RenderingSettings,
    read_rendering,
    rendering_schema,
    write_rendering,
)
from webhook.settings.schema import settings_schema
from webhook.settings.writer import write_settings
from webhook.yamldoc import read

IDS = st.none() | st.integers(1, 2**31 - 1)
NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,10}[a-z0-9]", fullmatch=True)


def drawn(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Return values that a property of the section `rendering` admits."""
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "number" in schema["type"]:
        return st.sampled_from(["100m", "1.5Gi", "2", 2, 0.5])
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if "object" in kinds:
        properties = schema.get("properties")
        if properties:
            return st.fixed_dictionaries(
                {}, optional={key: drawn(one) for key, one in properties.items()}
            )
        return st.dictionaries(NAMES, drawn(schema["additionalProperties"]), max_size=2)
    choices = {
        "string": NAMES,
        "boolean": st.booleans(),
        "integer": st.integers(schema.get("minimum", 0), schema.get("maximum", 1000)),
        "null": st.none(),
    }
    return st.one_of([choices[kind] for kind in kinds])


# One at most: Ambassador has no more.
HOSTS = st.lists(st.from_regex(r"(\*\.)?[a-z]{1,5}(\.[a-z]{1,5}){0,2}", fullmatch=True), max_size=1)
GATEWAYS = st.from_regex(r"[a-z]{1,5}/[a-z]{1,5}", fullmatch=True)
NAMESPACE_ROUTING = {
    "gateway": GATEWAYS,
    "sectionName": NAMES,
    "hosts": HOSTS,
    "grpcHosts": HOSTS,
    "grpcSectionName": NAMES,
    "allowedGateways": st.lists(GATEWAYS, max_size=2),
    "allowedHosts": HOSTS,
    "istioTlsMode": st.sampled_from(["", "ISTIO_MUTUAL"]),
}
ROUTING = {
    **NAMESPACE_ROUTING,
    "kind": st.sampled_from(["none", "istio", "ambassador"]),
    "prefix": st.just("/models/v1"),
}

RENDERING = drawn({"type": "object", "properties": rendering_schema()})
SECTION: dict[str, st.SearchStrategy[Any]] = {
    "defaults": st.fixed_dictionaries(
        {},
        optional={
            "applyAt": st.sampled_from(["admission", "render"]),
            "scope": st.sampled_from(["pod", "container", "off"]),
            "runAsUser": IDS,
            "runAsGroup": IDS,
            "fsGroup": IDS,
            "fsGroupChangePolicy": st.sampled_from(["Always", "OnRootMismatch", None]),
            "runAsNonRoot": st.sampled_from(["off", "when-user-set", "always"]),
            "allowPrivilegeEscalation": st.sampled_from([False, None]),
            "dropCapabilities": st.sampled_from([["ALL"], None]),
            "seccompProfile": st.sampled_from(["RuntimeDefault", None]),
            "allowOptOut": st.booleans(),
        },
    ),
    "podSecurity": st.fixed_dictionaries(
        {},
        optional={
            "mode": st.sampled_from(["off", "warn", "enforce"]),
            "level": st.sampled_from(["privileged", "baseline", "restricted", None]),
            "version": st.sampled_from(["v1.30", "latest", None]),
            "restrictions": st.none() | st.just({"privileged": False}),
        },
    ),
    "routing": st.fixed_dictionaries({}, optional=NAMESPACE_ROUTING),
    "mode": st.sampled_from(["enforce", "warn", "observe"]),
    "ratchet": st.booleans(),
    "onRuleError": st.sampled_from(["deny", "allow"]),
    "operator": st.sampled_from(["auto", "seldon", "graphgate"]),
    "operatorVersion": st.sampled_from(["1.17.1", "v1.18.0", None]),
    "controllerID": st.sampled_from(["", "graphgate", "team-a"]),
    "modelServers": st.lists(st.sampled_from(["A_SERVER", "B_SERVER"]), unique=True),
    "rules": st.dictionaries(
        st.sampled_from([rule.id for rule in all_rules()]),
        st.fixed_dictionaries({"action": st.sampled_from(["deny", "warn", "audit", "off"])}),
        max_size=3,
    )
    | st.just({"large-traffic-shift": {"parameters": {"maxShiftPercent": 7}}}),
}
SECTIONS = st.fixed_dictionaries({}, optional=SECTION)
SELECTORS = st.sampled_from(
    [
        {},
        {"matchLabels": {"stage": "dev"}},
        {"matchExpressions": [{"key": "stage", "operator": "In", "values": ["dev", "test"]}]},
    ]
)


def effect(settings: Settings) -> dict[str, Any]:
    """Return everything that settings decide, of one namespace."""
    rules = {
        rule.id: (
            settings.rules.get(rule.id, RuleSetting()).action or rule.action,
            {**rule.parameters, **settings.rules.get(rule.id, RuleSetting()).parameters},
        )
        for rule in all_rules()
    }
    decided = {name: value for name, value in vars(settings).items() if name in FIELDS}
    return {**decided, "rules": rules}


FIELDS = set(Settings.__dataclass_fields__) - {"rules", "namespaces", "namespace_selectors"}


@hypothesis_settings(deadline=None, max_examples=60)
@given(
    SECTIONS,
    st.dictionaries(NAMES | st.just("team-*"), SECTIONS, max_size=2),
    st.lists(st.tuples(SELECTORS, SECTIONS), max_size=2),
    RENDERING,
    st.fixed_dictionaries({}, optional=ROUTING),
    st.sampled_from(["default", "hardened"]),
)
def test_settings_are_read_as_they_were_written(
    section, namespaces, selectors, rendering, routing, profile
):
    head = {"apiVersion": "graphgate.io/v1alpha1", "kind": "Settings", "profile": profile}
    whole = {"rendering": rendering, "routing": routing, "namespaces": namespaces}
    whole["namespaceSelectors"] = [{"selector": each, **own} for each, own in selectors]
    settings = read_settings({**head, **section, **whole})
    (parsed,) = read(write_settings(settings)).documents
    again = read_settings(parsed.value)
    assert effect(again) == effect(settings)
    assert again.namespaces.keys() == settings.namespaces.keys()
    for name, own in settings.namespaces.items():
        assert effect(again.namespaces[name]) == effect(own)
    for selected, before in zip(
        again.namespace_selectors, settings.namespace_selectors, strict=True
    ):
        assert selected.selector == before.selector
        assert effect(selected.settings) == effect(before.settings)


def test_every_key_of_a_namespace_is_drawn():
    known = settings_schema()["properties"]["namespaces"]["additionalProperties"]["properties"]
    assert SECTION.keys() == known.keys()
    assert NAMESPACE_ROUTING.keys() == known["routing"]["properties"].keys()
    assert ROUTING.keys() == settings_schema()["properties"]["routing"]["properties"].keys()


@hypothesis_settings(deadline=None)
@given(RENDERING)
def test_the_section_rendering_is_read_as_it_was_written(section):
    settings = read_rendering(section, RenderingSettings())
    assert read_rendering(write_rendering(settings), RenderingSettings()) == settings


@pytest.mark.parametrize(
    ("section", "sentence"),
    [
        ({"executor": {"httpPort": 0}}, "rendering.executor.httpPort"),
        ({"executer": {}}, "rendering.executer"),
        ({"executor": {"user": 0}}, "rendering.executor.user"),
        ({"executor": {"cpu": "much"}}, "rendering.executor.cpu"),
        ({"executor": {"cpu": -1}}, "rendering.executor.cpu"),
        ({"executor": {"memory": "1GB"}}, "rendering.executor.memory"),
        ({"executor": {"memory": ""}}, "rendering.executor.memory"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_place(section, sentence):
    from webhook.errors import SettingsError

    head = {"apiVersion": "graphgate.io/v1alpha1", "kind": "Settings"}
    with pytest.raises(SettingsError, match=sentence):
        read_settings({**head, "rendering": section})


def with_images(server):
    """Settings with the image of a model server, and with that of explainers."""
    return read_settings(
        {
            "apiVersion": "graphgate.io/v1alpha1",
            "kind": "Settings",
            "rendering": {
                "modelServerImages": {server: {"v2": "mine/mlserver:1"}},
                "explainerImages": {"image": "mine/alibi:1"},
            },
        }
    )


def test_images_of_the_settings_go_before_those_of_the_cluster():
    settings = with_images("SKLEARN_SERVER")
    known = Facts(
        model_servers={
            "SKLEARN_SERVER": {
                "protocols": {"v2": {"image": "theirs"}, "seldon": {"image": "theirs"}}
            }
        },
        explainer_images={"image": "theirs", "image_v2": "theirs"},
    )
    facts = settings.with_model_servers(known)
    assert server_protocols(facts, "SKLEARN_SERVER") == {
        "v2": {"image": "mine/mlserver:1"},
        "seldon": {"image": "theirs"},
    }
    assert [explainer_image(facts, p) for p in ("seldon", "v2")] == ["mine/alibi:1", "theirs"]


def test_images_of_the_settings_leave_open_what_else_the_cluster_has():
    settings = with_images("OUR_SERVER")
    facts = settings.with_model_servers(NO_FACTS)
    assert (facts.model_servers, facts.explainer_images) == (None, None)
    assert set(known_servers(facts)) > {"OUR_SERVER", "XGBOOST_SERVER"}


def test_servers_of_the_settings_keep_the_images_of_the_cluster():
    entry = {"protocols": {"seldon": {"image": "theirs"}}}
    settings = read_settings(
        {
            "apiVersion": "graphgate.io/v1alpha1",
            "kind": "Settings",
            "modelServers": ["SKLEARN_SERVER", "OUR_SERVER"],
        }
    )
    facts = settings.with_model_servers(
        Facts(model_servers={"SKLEARN_SERVER": entry, "XGBOOST_SERVER": entry})
    )
    assert facts.model_servers == {"SKLEARN_SERVER": entry, "OUR_SERVER": None}
