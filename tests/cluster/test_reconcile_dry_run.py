"""What is admitted, Kubernetes runs: each object of each accepted fixture, tried by the API server.

As a dry run: all of its validation and admission, nothing stored.
"""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
import yaml

from tests.workloads.cases import CASES, case
from webhook.cluster import Refused, apply, connect
from webhook.controller import refusals
from webhook.controller.judge import Setup, judge
from webhook.decisions.settings import Settings
from webhook.graph.facts import Facts
from webhook.workloads.options import Engine, Options

FIXTURES = Path(__file__).parent.parent / "rules" / "fixtures"
PROTOCOLS = {
    name: {"image": "registry.example/server", "defaultImageVersion": "1"}
    for name in ("seldon", "v2", "tensorflow")
}
SERVERS = {
    f"{name}_SERVER": {"protocols": PROTOCOLS}
    for name in (
        *("SKLEARN", "XGBOOST", "MLFLOW", "TENSORFLOW"),
        *("TRITON", "HUGGINGFACE", "TEMPO"),
    )
}
EXPLAINERS = {"image": "registry.example/alibi:1", "image_v2": "registry.example/alibi:2"}
FACTS = Facts(servers=SERVERS, explainer=EXPLAINERS, minor=36)
ENGINES = {"engine": Engine("registry.example/executor:1"), "no engine": None}


def documents():
    """Yield name and content of every fixture that is one SeldonDeployment."""
    for file in sorted(FIXTURES.glob("*/*.yaml")):
        for document in yaml.safe_load_all(file.read_text()):
            if isinstance(document, dict) and document.get("kind") == "SeldonDeployment":
                yield f"{file.parent.name}/{file.stem}", document
    for name in CASES:
        yield f"workloads/{name}", case(name).document


def accepted(namespace, engine, mention=""):
    """Yield every object of every accepted fixture, as it would be applied, behind its name.

    mention  a word that must be in the document
    """
    setup = Setup(Settings(), Options(engine=engine))
    for name, document in documents():
        if not isinstance(document.get("metadata"), dict) or mention not in str(document):
            continue
        document["metadata"].setdefault("name", "iris")
        document["metadata"]["namespace"] = namespace
        document["metadata"]["uid"] = "9e1f0f6c-0000-4000-8000-000000000000"
        document["apiVersion"] = "machinelearning.seldon.io/v1"
        judgement = judge(document, setup, FACTS)
        if not judgement.denials and not judgement.obstacle:
            yield from ((name, one) for one in judgement.wanted)


def refusal(transport, entry):
    """What the API server says against an object of `accepted`; "": nothing."""
    name, obj = entry[0], entry[1].object
    while True:
        try:
            apply(transport, obj, manager="graphgate", dry_run=True)
        except Refused as error:
            slimmer = refusals.without(obj, refusals.undeclared(error.message))
            if slimmer == obj:
                return f"{name}: {refusals.quote(entry[1].source, error.message)}"
            obj = slimmer
        else:
            return ""


@pytest.mark.parametrize("engine", ENGINES)
def test_every_object_of_every_accepted_fixture_passes_a_dry_run(control_plane, namespace, engine):
    transport = connect(
        kubeconfig=str(control_plane.kubeconfig), context=None, environment=control_plane.env
    )
    # ScaledObjects are tried where KEDA's definition is: in test_reconcile.
    tried = [e for e in accepted(namespace, ENGINES[engine]) if e[1].key[0] != "ScaledObject"]
    with ThreadPoolExecutor(4) as pool:
        said = [sentence for sentence in pool.map(partial(refusal, transport), tried) if sentence]
    assert len(tried) > 300
    if said:
        pytest.fail("\n".join(said), pytrace=False)
