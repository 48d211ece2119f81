"""What holds for the routes of every document, whatever it is."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rendering import documents
from tests.rendering.routes.documents import build
from tests.rendering.test_laws import places
from webhook.graph.cluster_facts import Facts
from webhook.graph.parse import parse
from webhook.graph.path import resolve_path
from webhook.rendering.options import RenderOptions
from webhook.rendering.render import render
from webhook.rendering.routes.options import RoutingOptions
from webhook.rendering.routes.render import render_routes

KINDS = [
    RoutingOptions(kind="gateway-api", gateway="gateways/public"),
    RoutingOptions(kind="gateway-api", gateway="gateways/public", grpc_hosts=("g.example.com",)),
    RoutingOptions(kind="istio"),
    RoutingOptions(kind="ambassador"),
]
NAMELESS = {"spec": build({"name": "main"})["spec"]}
routing = st.sampled_from(KINDS)


@settings(deadline=None, max_examples=60)
@given(documents.broken_documents(), documents.options, documents.facts, routing)
def test_no_document_makes_routes_raise(
    document: Any, options: RenderOptions, facts: Facts, routing: RoutingOptions
) -> None:
    """And they are JSON, whose origins exist in the document."""
    options = replace(options, routing=routing)
    for rendered in render_routes(parse(document), options, facts):
        json.dumps(rendered.object, allow_nan=False)
        for path, _ in places(rendered.object):
            resolve_path(document, rendered.trace(path))


@settings(deadline=None, max_examples=40)
@given(documents.documents(), documents.options, documents.facts, st.sampled_from(KINDS[:2]))
def test_a_route_leads_only_to_ports_of_services_that_are_rendered(
    document: dict[str, Any], options: RenderOptions, facts: Facts, routing: RoutingOptions
) -> None:
    options = replace(options, routing=routing, operator="graphgate")
    view = parse(document)
    ports = {
        (rendered.name, port["port"])
        for rendered in render(view, options, facts)
        if rendered.kind == "Service"
        for port in rendered.object["spec"]["ports"]
    }
    for route in render_routes(view, options, facts):
        for rule in route.object["spec"]["rules"]:
            mirrors = [f["requestMirror"] for f in rule.get("filters", ()) if "requestMirror" in f]
            for reference in (*rule["backendRefs"], *(m["backendRef"] for m in mirrors)):
                assert (reference["name"], reference["port"]) in ports


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
@pytest.mark.parametrize("document", [None, [], "x", {}, NAMELESS])
def test_what_is_no_deployment_has_no_routes(document: Any, kind: RoutingOptions) -> None:
    assert render_routes(parse(document), RenderOptions(routing=kind)) == ()
