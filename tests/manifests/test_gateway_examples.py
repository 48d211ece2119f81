"""The examples with a Gateway fit together: what attaches to what, and what is selected by what."""

from typing import Any

import yaml

from tests.manifests.support import MANIFESTS, ROOT, Object, load, only
from webhook.engine.evaluate import evaluate
from webhook.graph.cluster_facts import Facts
from webhook.graph.parse import parse
from webhook.rendering.render import Rendered, render
from webhook.rendering.routes.render import render_routes
from webhook.settings.model import Settings, read_settings
from webhook.settings.schema import settings_schema

FOLDER = MANIFESTS / "examples" / "gateway"
VALUES = yaml.safe_load((FOLDER / "values.yaml").read_text(encoding="utf-8"))
OURS = Facts(operator="graphgate")
GATEWAY = only(load(FOLDER / "gateway.yaml"), "Gateway")


def _settings() -> Settings:
    head = {"apiVersion": "graphgate.io/v1alpha1", "kind": "Settings"}
    return read_settings({**head, "routing": VALUES["routing"]})


def _objects(document: Object, *, routes: bool) -> list[Object]:
    settings = _settings()
    options = settings.rendering.render_options(settings.defaults, routing=settings.routing)
    make = render_routes if routes else render
    found: tuple[Rendered, ...] = make(parse(document), options, OURS)
    return [each.object for each in found]


def test_these_are_the_examples() -> None:
    names = ["canary", "gateway", "rollout", "shadow", "values"]
    assert [path.stem for path in sorted(FOLDER.iterdir())] == names


def test_every_object_is_admitted_without_a_word() -> None:
    for name in ("canary", "shadow", "rollout"):
        document = only(load(FOLDER / f"{name}.yaml"), "SeldonDeployment")
        decision = evaluate(document, _settings(), OURS, namespace="team")
        assert (decision.denials, decision.warnings) == ((), ()), name


def test_routes_attach_to_listeners_of_the_gateway() -> None:
    listeners = {each["name"]: each["hostname"] for each in GATEWAY["spec"]["listeners"]}
    canary = only(load(FOLDER / "canary.yaml"), "SeldonDeployment")
    own = only(load(FOLDER / "rollout.yaml"), "HTTPRoute")
    routes = [*_objects(canary, routes=True), own]
    assert [route["kind"] for route in routes] == ["HTTPRoute", "GRPCRoute", "HTTPRoute"]
    for route in routes:
        (parent,) = route["spec"]["parentRefs"]
        metadata = GATEWAY["metadata"]
        assert (parent["namespace"], parent["name"]) == (metadata["namespace"], metadata["name"])
        assert route["spec"]["hostnames"] == [listeners[parent["sectionName"]]]


def test_the_shadow_gets_a_share_of_the_requests() -> None:
    document = only(load(FOLDER / "shadow.yaml"), "SeldonDeployment")
    http, grpc = _objects(document, routes=True)
    filters = [each for route in (http, grpc) for each in route["spec"]["rules"][0]["filters"]]
    percents = [each["requestMirror"]["percent"] for each in filters if "requestMirror" in each]
    assert percents == [20, 20]


def test_the_rollout_runs_the_template_that_graphgate_makes() -> None:
    documents = load(FOLDER / "rollout.yaml")
    workloads = _objects(only(documents, "SeldonDeployment"), routes=False)
    deployment, rollout = only(workloads, "Deployment"), only(documents, "Rollout")
    reference = rollout["spec"]["workloadRef"]
    assert reference["name"] == deployment["metadata"]["name"]
    assert rollout["spec"]["selector"] == deployment["spec"]["selector"]
    assert deployment["spec"]["replicas"] == 0
    canary = rollout["spec"]["strategy"]["canary"]
    services = {each["metadata"]["name"]: each for each in documents if each["kind"] == "Service"}
    assert set(services) == {canary["stableService"], canary["canaryService"]}
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    ports = {port["containerPort"] for port in container["ports"]}
    for service in services.values():
        assert service["spec"]["selector"] == rollout["spec"]["selector"]["matchLabels"]
        assert {port["targetPort"] for port in service["spec"]["ports"]} < ports
    route = only(documents, "HTTPRoute")
    plugin: dict[str, Any] = canary["trafficRouting"]["plugins"]["argoproj-labs/gatewayAPI"]
    assert plugin["httpRoute"] == route["metadata"]["name"]
    (rule,) = route["spec"]["rules"]
    assert {reference["name"] for reference in rule["backendRefs"]} == set(services)


def test_the_page_names_every_setting() -> None:
    page = (ROOT / "docs" / "traffic.md").read_text(encoding="utf-8")
    table = page.partition("| key of `routing`")[2].partition("\n\n")[0]
    first_cells = " ".join(row.split("|")[1] for row in table.splitlines()[2:])
    keys = settings_schema()["properties"]["routing"]["properties"]
    assert first_cells.replace(",", "").split() == [f"`{key}`" for key in keys]
