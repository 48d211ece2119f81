"""What is said at admission of how requests get to the predictors."""

from typing import Any

import pytest

from tests.rendering.routes.documents import build
from webhook.engine.evaluate import evaluate
from webhook.graph.cluster_facts import Facts
from webhook.graph.parse import parse
from webhook.rendering.options import RenderOptions
from webhook.rendering.routes.options import RoutingOptions
from webhook.rendering.routes.render import render_routes
from webhook.settings.model import Settings, read_settings

OURS = Facts(operator="graphgate")
CANARY = ({"name": "main", "traffic": 75}, {"name": "canary", "traffic": 25})
SHADOW = {"name": "next", "shadow": True}
ISTIO = {"kind": "istio", "gateway": "istio-system/public", "hosts": ["ml.example.com"]}
GATEWAY_API = {**ISTIO, "kind": "gateway-api"}
RULES = {
    "ignored-routing-annotation",
    "mesh-gateway-without-host",
    "too-many-split-predictors",
    "unapproved-gateway",
    "unapproved-host",
    "unapproved-route",
    "unrouted-traffic",
    "unsupported-mirror-percentage",
}


def _settings(routing: dict[str, Any] | None = None, **more: Any) -> Settings:
    head = {"apiVersion": "graphgate.io/v1alpha1", "kind": "Settings"}
    return read_settings({**head, "routing": routing or {}, **more})


def _findings(document, routing=None, facts=OURS, **more):
    decision = evaluate(document, _settings(routing, **more), facts)
    return [
        (action, finding.rule_id, str(finding.path), finding.message)
        for action, findings in (("deny", decision.denials), ("warn", decision.warnings))
        for finding in findings
        if finding.rule_id in RULES
    ]


def _claiming(**annotations):
    keys = {f"seldon.io/{key.replace('_', '-')}": value for key, value in annotations.items()}
    return build({"name": "main"}, annotations=keys)


def test_a_split_that_nothing_carries_out_is_told():
    assert _findings(build(*CANARY)) == [
        (
            "warn",
            "unrouted-traffic",
            "spec.predictors",
            "75/25 is not enforced: routing.kind is none",
        )
    ]


def test_a_shadow_that_gets_nothing_is_told():
    assert _findings(build({"name": "main", "traffic": 100}, SHADOW)) == [
        (
            "warn",
            "unrouted-traffic",
            "spec.predictors[1].shadow",
            'the shadow "next" gets no requests: routing.kind is none',
        )
    ]


@pytest.mark.parametrize("routing", [ISTIO, GATEWAY_API, {"kind": "ambassador"}])
def test_a_split_with_a_gateway_is_fine(routing):
    assert _findings(build(*CANARY, SHADOW), routing) == []


@pytest.mark.parametrize("facts", [Facts(), Facts(operator="seldon")])
def test_what_seldon_s_operator_routes_is_not_known(facts):
    assert _findings(build(*CANARY, SHADOW), facts=facts) == []


@pytest.mark.parametrize(
    "predictors", [({"name": "a"},), ({"name": "a", "traffic": 100},), ({"name": "a"}, SHADOW)[:1]]
)
def test_one_predictor_needs_no_split(predictors):
    assert _findings(build(*predictors)) == []


@pytest.mark.parametrize("routing", [ISTIO, GATEWAY_API], ids=lambda routing: routing["kind"])
@pytest.mark.parametrize("facts", [OURS, Facts(operator="seldon"), Facts()])
def test_nobody_takes_somebody_else_s_host(routing, facts):
    assert _findings(_claiming(istio_host="shop.example.com"), routing, facts) == [
        (
            "deny",
            "unapproved-host",
            'spec.annotations["seldon.io/istio-host"]',
            'host "shop.example.com" is not allowed here; allowed: ml.example.com',
        )
    ]


def test_the_object_s_own_annotations_count_where_the_spec_has_none():
    document = build({"name": "main"})
    document["metadata"]["annotations"] = {"seldon.io/istio-host": "shop.example.com"}
    (finding,) = _findings(document, ISTIO)
    assert finding[:3] == (
        "deny",
        "unapproved-host",
        'metadata.annotations["seldon.io/istio-host"]',
    )


def test_nobody_takes_a_host_where_routes_are_for_all_hosts():
    (finding,) = _findings(_claiming(istio_host="shop.example.com"), {"kind": "istio"})
    assert finding[3] == 'host "shop.example.com" is not allowed here; allowed: *'


@pytest.mark.parametrize("gateway", ["mesh", "public", "team/public"])
def test_nobody_takes_another_gateway(gateway):
    assert _findings(_claiming(istio_gateway=gateway), ISTIO) == [
        (
            "deny",
            "unapproved-gateway",
            'spec.annotations["seldon.io/istio-gateway"]',
            f'gateway "{gateway}" is not allowed here; allowed: istio-system/public',
        )
    ]


MAPPING = "kind: Mapping\nhost: shop.example.com\nprefix: /\nservice: iris\n"
SELDON = Facts(operator="seldon")


@pytest.mark.parametrize("facts", [OURS, SELDON])
def test_nobody_writes_a_route_of_ambassador_for_any_host(facts):
    predictor = {"name": "main", "annotations": {"getambassador.io/config": MAPPING}}
    assert _findings(build(predictor), {"kind": "ambassador"}, facts) == [
        (
            "deny",
            "unapproved-route",
            'spec.predictors[0].annotations["getambassador.io/config"]',
            "getambassador.io/config is not allowed here: Ambassador makes a route of it that may "
            "take any request",
        )
    ]
    assert _findings(build(predictor), ISTIO, facts) == []


@pytest.mark.parametrize("name", ["config", "header", "regex_header", "service_name"])
def test_nobody_lets_seldon_s_operator_write_such_a_route(name):
    document = _claiming(**{f"ambassador_{name}": MAPPING})
    key = f"seldon.io/ambassador-{name.replace('_', '-')}"
    assert _findings(document, {"kind": "ambassador"}, SELDON) == [
        (
            "deny",
            "unapproved-route",
            f'spec.annotations["{key}"]',
            f"{key} is not allowed here: Seldon's operator makes a route of it that may take any "
            "request",
        )
    ]
    (finding,) = _findings(document, {"kind": "ambassador"}, OURS)
    assert finding[:2] == ("warn", "ignored-routing-annotation")


def test_an_instance_of_ambassador_is_a_gateway():
    routing = {"kind": "ambassador"}
    assert _findings(_claiming(ambassador_id="shop"), routing) == [
        (
            "deny",
            "unapproved-gateway",
            'spec.annotations["seldon.io/ambassador-id"]',
            'gateway "shop" is not allowed here; the annotation must be left out',
        )
    ]
    assert _findings(_claiming(ambassador_id="shop"), {**routing, "gateway": "shop"}) == []


def test_what_is_allowed_may_be_chosen():
    routing = {
        **ISTIO,
        "allowedHosts": ["*.team.example.com"],
        "allowedGateways": ["team/private"],
    }
    document = _claiming(istio_host="a.team.example.com", istio_gateway="private")
    assert _findings(document, routing) == []


def test_a_namespace_may_have_hosts_of_its_own():
    own = {"team": {"routing": {"allowedHosts": ["shop.example.com"]}}}
    document = _claiming(istio_host="shop.example.com")
    assert _findings(document, ISTIO, namespaces=own) == []
    document["metadata"]["namespace"] = "other"
    assert len(_findings(document, ISTIO, namespaces=own)) == 1


def test_a_slip_of_the_pen_has_a_fix_that_a_person_confirms():
    settings = _settings(ISTIO)
    (denial,) = evaluate(_claiming(istio_host="ml.exampel.com"), settings, OURS).denials
    assert denial.remediation == "use ml.example.com"
    assert denial.fix[0]["value"] == "ml.example.com"
    assert denial.fix_safety == "unsafe"


def test_many_allowed_hosts_are_not_all_listed():
    routing = {**ISTIO, "allowedHosts": [f"h{n}.example.org" for n in range(9)]}
    (finding,) = _findings(_claiming(istio_host="x"), routing)
    assert finding[3].endswith("h3.example.org and 5 more")


def test_more_predictors_than_a_route_splits_between_are_denied():
    predictors = [{"name": f"p{n}", "traffic": 100 if n == 0 else 0} for n in range(17)]
    assert _findings(build(*predictors[:16], SHADOW), GATEWAY_API) == []
    assert _findings(build(*predictors), ISTIO) == []
    assert _findings(build(*predictors), GATEWAY_API) == [
        (
            "deny",
            "too-many-split-predictors",
            "spec.predictors",
            "an HTTPRoute splits between 16 predictors at most, got 17",
        )
    ]


def test_a_shadow_that_gets_more_copies_than_it_asks_for_is_told():
    old = Facts(operator="graphgate", mirrors_percent=False)
    for traffic, told in ((10, True), (None, False), (100, False)):
        document = build({"name": "main", "traffic": 100}, {**SHADOW, "traffic": traffic})
        found = [finding[1:3] for finding in _findings(document, GATEWAY_API, old)]
        expected = [("unsupported-mirror-percentage", "spec.predictors[1].traffic")]
        assert found == (expected if told else [])
        assert _findings(document, GATEWAY_API) == _findings(document, ISTIO, old) == []


@pytest.mark.parametrize(
    ("annotations", "kind", "reason"),
    [
        ({"ambassador_retries": "3"}, "none", "routing.kind is none"),
        ({"ambassador_retries": "3"}, "istio", "routing.kind is istio"),
        ({"ambassador_retries": "3"}, "ambassador", None),
        ({"istio_retries": "3"}, "istio", None),
        ({"istio_retries": "3"}, "gateway-api", "routing.kind is gateway-api"),
        ({"istio_host": "ml.example.com"}, "gateway-api", None),
        ({"istio_host": "ml.example.com"}, "none", "routing.kind is none"),
        ({"ambassador_config": "x"}, "ambassador", "it could take requests of other objects"),
        ({"ambassador_header": "seldon: x"}, "ambassador", "it could take requests"),
        ({"ambassador_service_name": "x"}, "ambassador", "it could take requests"),
        ({"rest_timeout": "9"}, "istio", None),
    ],
)
def test_an_annotation_of_another_gateway_is_told(annotations, kind, reason):
    routing = {"kind": "ambassador"} if kind == "ambassador" else {**ISTIO, "kind": kind}
    found = _findings(_claiming(**annotations), routing)
    assert [finding[:2] for finding in found] == (
        [("warn", "ignored-routing-annotation")] if reason else []
    )
    assert all(reason in finding[3] for finding in found)
    is_denied = kind == "ambassador" and reason is not None
    assert [f[1] for f in _findings(_claiming(**annotations), routing, SELDON)] == (
        ["unapproved-route"] if is_denied else []
    )


def test_steps_of_traffic_are_bounded_with_a_gateway_too():
    old, new = build(*CANARY), build({**CANARY[0], "traffic": 0}, {**CANARY[1], "traffic": 100})
    decision = evaluate(new, _settings(GATEWAY_API), OURS, old_document=old)
    shifts = [f for f in decision.warnings if f.rule_id == "large-traffic-shift"]
    assert [str(f.path) for f in shifts] == [
        "spec.predictors[0].traffic",
        "spec.predictors[1].traffic",
    ]


@pytest.mark.parametrize(
    ("routing", "annotations", "found"),
    [
        (ISTIO, {"istio_retries": "3", "istio_retries_timeout": "1"}, None),
        (ISTIO, {"istio_retries": "0", "istio_retries_timeout": "0"}, None),
        (ISTIO, {"istio_retries_timeout": "0"}, None),
        (ISTIO, {"istio_retries": "3"}, None),
        (ISTIO, {"istio_retries": "2147483647"}, None),
        (
            ISTIO,
            {"istio_retries": "3", "istio_retries_timeout": "0"},
            ("deny", "istio-retries-timeout must be at least 1 s, got 0"),
        ),
        (
            ISTIO,
            {"istio_retries": "3", "istio_retries_timeout": "-2"},
            ("deny", "istio-retries-timeout must be at least 1 s, got -2"),
        ),
        (
            ISTIO,
            {"istio_retries": "3", "istio_retries_timeout": "1000000000"},
            ("deny", "istio-retries-timeout must be at most 999999999 s, got 1000000000"),
        ),
        (
            ISTIO,
            {"istio_retries": "2147483648"},
            ("deny", "istio-retries must be at most 2147483647, got 2147483648"),
        ),
        (
            None,
            {"istio_retries": "3", "istio_retries_timeout": "0"},
            ("warn", "istio-retries-timeout must be at least 1 s, got 0"),
        ),
    ],
)
def test_retries_that_istio_refuses_are_told(routing, annotations, found):
    decision = evaluate(_claiming(**annotations), _settings(routing), OURS)
    told = [
        (action, finding.message)
        for action, findings in (("deny", decision.denials), ("warn", decision.warnings))
        for finding in findings
        if finding.rule_id == "annotation-not-a-number"
    ]
    assert told == ([] if found is None else [found])


ATTACHMENT = {"istio-gateway", "istio-host"}
RETRIES = {"istio-retries", "istio-retries-timeout"}
BREAKERS = ("max-connections", "max-pending-requests", "max-requests", "max-retries")
AMBASSADOR = {
    "ambassador-id",
    "ambassador-retries",
    *(f"ambassador-circuit-breakers-{limit}" for limit in BREAKERS),
}
TAKING = {f"ambassador-{name}" for name in ("config", "service-name", "header", "regex-header")}
READ = {
    "none": set(),
    "gateway-api": ATTACHMENT,
    "istio": ATTACHMENT | RETRIES,
    "ambassador": AMBASSADOR,
}


@pytest.mark.parametrize("kind", READ)
def test_each_annotation_that_no_gateway_of_this_kind_reads_is_told(kind):
    every = ATTACHMENT | RETRIES | AMBASSADOR | TAKING
    document = build({"name": "main"}, annotations={f"seldon.io/{key}": "1" for key in every})
    routing = {} if kind == "none" else {**ISTIO, "kind": kind}
    found = {
        path.split("seldon.io/")[1].removesuffix('"]'): message
        for action, rule, path, message in _findings(document, routing)
        if rule == "ignored-routing-annotation"
    }
    assert set(found) == every - READ[kind]
    assert all(("of other objects" in found[key]) is (key in TAKING) for key in found)


@pytest.mark.parametrize(
    ("routing", "annotations", "is_told"),
    [
        ({"allowedGateways": ["mesh"]}, {"istio_gateway": "mesh"}, True),
        (
            {"allowedGateways": ["mesh"], "allowedHosts": ["*"]},
            {"istio_gateway": "mesh", "istio_host": "ml.example.com"},
            False,
        ),
        (
            {"allowedGateways": ["mesh"], "hosts": ["ml.example.com"]},
            {"istio_gateway": "mesh"},
            False,
        ),
        (
            {"allowedGateways": ["mesh"], "hosts": ["*"]},
            {"istio_gateway": "mesh"},
            True,
        ),
        (
            {"allowedGateways": ["mesh", "istio-system/other"]},
            {"istio_gateway": "istio-system/other"},
            False,
        ),
        ({"allowedGateways": ["mesh"]}, {}, False),
    ],
)
def test_a_route_of_the_mesh_for_all_hosts_is_told(routing, annotations, is_told):
    """Istio's webhook refuses it; other gateways may have all hosts."""
    routing = {"kind": "istio", "gateway": "istio-system/public", **routing}
    found = _findings(_claiming(**annotations), routing)
    message = "Istio refuses a route of the gateway mesh for all hosts"
    told = [("deny", "mesh-gateway-without-host", message)] if is_told else []
    assert [(action, rule, text) for action, rule, _, text in found] == told


def test_a_gateway_that_was_taken_before_only_warns():
    old, new = _claiming(istio_gateway="shop/web"), _claiming(istio_gateway="shop/web")
    new["metadata"]["labels"] = {"team": "a"}
    decision = evaluate(new, _settings(ISTIO), OURS, old_document=old)
    assert decision.denials == ()
    assert "unapproved-gateway" in {f.rule_id for f in decision.warnings}
    assert evaluate(new, _settings(ISTIO), OURS, old_document=_claiming()).denied


@pytest.mark.parametrize(("count", "more"), [(4, ""), (5, ""), (6, " and 1 more")])
def test_as_many_gateways_are_listed_as_fit(count, more):
    allowed = [f"team/g{n}" for n in range(count - 1)]
    (found,) = _findings(_claiming(istio_gateway="x/y"), {**ISTIO, "allowedGateways": allowed})
    assert (" more" in found[3]) is bool(more)
    assert found[3].endswith(more)


@pytest.mark.parametrize(
    ("version", "told"),
    [
        ("1.17.1", ['host "a.example.com, b.example.org" is not allowed here']),
        ("1.18.0", ['host "b.example.org" is not allowed here']),
        (None, ['host "a.example.com, b.example.org" is not allowed here']),
    ],
)
def test_seldon_s_operator_reads_several_hosts_since_1_18(version, told):
    """Source: HostsFromAnnotation (operator/controllers/utils, v1.18.2)."""
    document = _claiming(istio_host="a.example.com, b.example.org")
    routing = {**ISTIO, "allowedHosts": ["*.example.com"]}
    known = Facts(operator="seldon", operator_version=version)
    found = _findings(document, routing, known, operator="seldon")
    hosts = [one[3].partition(";")[0] for one in found if one[1] == "unapproved-host"]
    assert hosts == told


@pytest.mark.parametrize(
    ("version", "hosts"),
    [("1.18.0", ["a.example", "b.example"]), ("1.17.1", ["a.example, b.example"])],
)
def test_its_route_is_for_each_of_the_hosts_that_it_reads(version, hosts):
    document = _claiming(istio_host="a.example, b.example")
    options = RenderOptions(operator="seldon", routing=RoutingOptions(kind="istio"))
    known = Facts(operator="seldon", operator_version=version)
    routes = render_routes(parse(document), options, known)
    assert [r.object["spec"]["hosts"] for r in routes if r.kind == "VirtualService"] == [hosts]
