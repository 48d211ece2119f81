"""What is admitted, Kubernetes runs: each object of each accepted fixture, tried by the API server.

As a dry run: all of its validation and admission, nothing stored.
"""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
import yaml

from tests.rendering.cases import CASES, load_case
from webhook.controller import apply_errors
from webhook.controller.desired_state import ControllerSettings, compute_desired_state
from webhook.graph.cluster_facts import Facts
from webhook.kube import ApiStatusError, apply, connect
from webhook.rendering.options import OrchestratorOptions, RenderOptions
from webhook.settings.model import Settings

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
ENGINES = {"engine": OrchestratorOptions("registry.example/executor:1"), "no engine": None}


def documents():
    """Yield name and content of every fixture that is one SeldonDeployment."""
    for file in sorted(FIXTURES.glob("*/*.yaml")):
        for document in yaml.safe_load_all(file.read_text()):
            if isinstance(document, dict) and document.get("kind") == "SeldonDeployment":
                yield f"{file.parent.name}/{file.stem}", document
    for name in CASES:
        yield f"workloads/{name}", load_case(name).document


def accepted(plane, namespace, engine, mention=""):
    """Yield every object of every accepted fixture, as it would be applied, behind its name.

    mention  a word that must be in the document
    """
    facts = Facts(model_servers=SERVERS, explainer_images=EXPLAINERS, kubernetes_minor=plane.minor)
    setup = ControllerSettings(Settings(), RenderOptions(orchestrator=engine))
    for name, document in documents():
        if not isinstance(document.get("metadata"), dict) or mention not in str(document):
            continue
        document["metadata"].setdefault("name", "iris")
        document["metadata"]["namespace"] = namespace
        document["metadata"]["uid"] = "9e1f0f6c-0000-4000-8000-000000000000"
        document["apiVersion"] = "machinelearning.seldon.io/v1"
        evaluation = compute_desired_state(document, setup, facts)
        if not evaluation.denials and not evaluation.blocking_error:
            yield from ((name, one) for one in evaluation.objects)


def rejection_message(transport, entry):
    """What the API server says against an object of `accepted`; "": nothing."""
    name, obj = entry[0], entry[1].object
    while True:
        try:
            apply(transport, obj, manager="graphgate", dry_run=True)
        except ApiStatusError as error:
            slimmer = apply_errors.drop_fields(obj, apply_errors.undeclared_fields(error.message))
            if slimmer == obj:
                return f"{name}: {apply_errors.locate_message(entry[1].rendered, error.message)}"
            obj = slimmer
        else:
            return ""


@pytest.mark.parametrize("engine", ENGINES)
def test_every_object_of_every_accepted_fixture_passes_a_dry_run(control_plane, namespace, engine):
    transport = connect(
        kubeconfig=str(control_plane.kubeconfig), context=None, environment=control_plane.env
    )
    # ScaledObjects are tried where KEDA's definition is: in test_reconcile.
    objects = accepted(control_plane, namespace, ENGINES[engine])
    tried = [e for e in objects if e[1].key[0] != "ScaledObject"]
    with ThreadPoolExecutor(4) as pool:
        message = [
            sentence
            for sentence in pool.map(partial(rejection_message, transport), tried)
            if sentence
        ]
    assert len(tried) > 300
    if message:
        pytest.fail("\n".join(message), pytrace=False)
