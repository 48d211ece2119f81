"""Rendered routes are objects of the types that gateways read, by their own definitions."""

import json
import sys
from functools import partial

import pytest
import yaml

from tests.apiserver.installed import eventually
from tests.rendering.routes.documents import build
from tests.seeds import EXAMPLES
from tools.control_plane.run import ControlPlane

EXPLAINER = {"explainer": {"type": "AnchorTabular"}}
DOCUMENTS = {
    "alone": [{"name": "main"}],
    "canary": [{"name": "main", "traffic": 75}, {"name": "canary", "traffic": 25}],
    "moved": [{"name": "main", "traffic": 0}, {"name": "canary", "traffic": 100}],
    "shadow": [{"name": "main", "traffic": 100}, {"name": "next", "shadow": True, "traffic": 10}],
    "most": [{"name": f"p{n}", "traffic": 5 if n else 25, **EXPLAINER} for n in range(16)],
}
ROUTING = {
    "gateway-api": {"kind": "gateway-api", "gateway": "gateways/public"},
    "gateway-api-grpc": {
        "kind": "gateway-api",
        "gateway": "gateways/public",
        "sectionName": "http",
        "hosts": ["models.example.com", "*.models.example.com"],
        "grpcSectionName": "grpc",
        "grpcHosts": ["grpc.example.com"],
    },
    "istio": {"kind": "istio", "hosts": ["models.example.com"], "istioTlsMode": "ISTIO_MUTUAL"},
}
KINDS = {"HTTPRoute", "GRPCRoute", "VirtualService", "DestinationRule"}


@pytest.fixture(scope="module")
def plane(binaries, foreign_crds):
    """A control plane of its own: definitions are for the whole cluster."""
    kinds = ("Gateway", "HTTPRoute", "GRPCRoute", "VirtualService", "Rollout")
    with ControlPlane.start(binaries) as running:
        for kind in kinds:
            running.kubectl("apply", "--server-side", "-f", str(foreign_crds[kind]))
        for path in (
            "gateway.networking.k8s.io/v1/httproutes",
            "gateway.networking.k8s.io/v1/grpcroutes",
            "gateway.networking.k8s.io/v1/gateways",
            "networking.istio.io/v1beta1/virtualservices",
            "networking.istio.io/v1beta1/destinationrules",
            "argoproj.io/v1alpha1/rollouts",
        ):
            eventually(partial(_is_served, running, path), f"{path} is served")
        running.create_namespace("team")
        yield running


def _is_served(plane, path):
    try:
        return plane.request("GET", f"/apis/{path}").status == 200
    except TimeoutError:  # so many definitions at once keep a slow machine busy
        return False


def _dry_run(plane, objects):
    """Apply with every unknown field refused; return what is refused."""
    flags = ("--server-side", "--dry-run=server", "--validate=strict", "--namespace=team")
    text = yaml.safe_dump_all(objects)
    return plane.kubectl("apply", *flags, "-f", "-", input=text, check=False).stderr


@pytest.mark.parametrize("routing", ROUTING.values(), ids=ROUTING)
@pytest.mark.parametrize("predictors", DOCUMENTS.values(), ids=DOCUMENTS)
def test_the_api_server_takes_every_route(plane, tmp_path, routing, predictors):
    annotations = {"seldon.io/istio-retries": "3", "seldon.io/istio-retries-timeout": "5"}
    settings = tmp_path / "settings.yaml"
    head = {"apiVersion": "graphgate.io/v1alpha1", "kind": "Settings"}
    settings.write_text(yaml.safe_dump({**head, "routing": routing, "operator": "graphgate"}))
    facts = tmp_path / "facts.yaml"
    facts.write_text(
        yaml.safe_dump({**head, "kind": "Facts", "explainer": {"image": "registry.example/a:1"}})
    )
    command = (sys.executable, "-m", "webhook", "render", "--settings", settings, "--facts", facts)
    document = json.dumps(build(*predictors, annotations=annotations))
    rendered = plane.run(*map(str, command), input=document)
    routes = [each for each in yaml.safe_load_all(rendered.stdout) if each["kind"] in KINDS]
    assert routes
    assert _dry_run(plane, routes) == ""


@pytest.mark.parametrize("name", ["gateway", "rollout"])
def test_the_examples_are_what_gateways_and_rollouts_read(plane, name):
    text = (EXAMPLES / "gateway" / f"{name}.yaml").read_text()
    kinds = ("SeldonDeployment", "Namespace")
    objects = [each for each in yaml.safe_load_all(text) if each["kind"] not in kinds]
    if name == "gateway":
        plane.create_namespace("gateways")
        for each in objects:
            each["metadata"].pop("namespace")
    assert _dry_run(plane, objects) == ""


def test_diff_shows_which_weights_move(plane):
    flags = ("--routing", "gateway-api", "--routing-gateway", "gateways/public")

    def graphgate(command, canary):
        predictors = [
            {"name": "main", "traffic": 100 - canary},
            {"name": "canary", "traffic": canary},
        ]
        document = json.dumps(build(*predictors))
        arguments = (sys.executable, "-m", "webhook", command, *flags, "-")
        return plane.run(*arguments, input=document, check=False)

    plane.kubectl(
        *("apply", "--server-side", "--field-manager=graphgate", "-f", "-"),
        input=graphgate("render", 10).stdout,
    )
    assert graphgate("diff", 10).stdout == ""
    ran = graphgate("diff", 40)
    changed = [
        line.replace(" ", "")
        for line in ran.stdout.splitlines()
        if line[:1] in "+-" and line[:3] not in ("---", "+++")
    ]
    assert ran.returncode == 1
    assert changed == ["-weight:90", "+weight:60", "-weight:10", "+weight:40"] * 2
