"""The chart renders what it promises, and refuses values that could not work."""

import base64
import json
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from tests.manifests.support import MANIFESTS, ROOT, Object, faults, only, parse
from tools.generators import manifests

CHART = MANIFESTS / "chart"
VALUES: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
SCHEMA: dict[str, Any] = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))

INJECTED = "certificate.source=injected"
CERT_MANAGER = "certificate.source=cert-manager"


def run(helm: Path, *arguments: str, namespace: str = "ml") -> subprocess.CompletedProcess[str]:
    command: list[str | Path] = [
        helm,
        "template",
        "graphgate",
        CHART,
        f"--namespace={namespace}",
        *arguments,
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def render(helm: Path, *values: str, namespace: str = "ml") -> list[Object]:
    """Return the objects; a value is written as in `helm --set-json`, or as plain words."""
    flags = [f"--set-json={v}" if is_json(v) else f"--set={v}" for v in values]
    done = run(helm, *flags, namespace=namespace)
    assert done.stderr == ""
    return parse(done.stdout)


def is_json(value: str) -> bool:
    try:
        json.loads(value.partition("=")[2])
    except ValueError:
        return False
    return True


def container(objects: list[Object]) -> dict[str, Any]:
    (one,) = only(objects, "Deployment")["spec"]["template"]["spec"]["containers"]
    assert isinstance(one, dict)
    return one


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the place of every value that is no filled mapping."""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    else:
        yield path


def test_the_default_values_fit_their_schema() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    assert list(jsonschema.Draft7Validator(SCHEMA).iter_errors(VALUES)) == []


def test_the_schema_knows_every_value_and_no_other() -> None:
    def known(schema: dict[str, Any], values: Any, path: str = "") -> Iterator[str]:
        properties = schema.get("properties", {})
        if schema.get("additionalProperties") is not False or not isinstance(values, dict):
            return
        yield from (f"{path}.{key} has no value" for key in properties.keys() - values.keys())
        yield from (f"{path}.{key} has no schema" for key in values.keys() - properties.keys())
        for key in properties.keys() & values.keys():
            yield from known(properties[key], values[key], f"{path}.{key}")

    # "global" is Helm's own; the selector's two parts are absent by default.
    assert sorted(known(SCHEMA, VALUES)) == [
        ".global has no value",
        ".webhooks.namespaceSelector.matchExpressions has no value",
        ".webhooks.namespaceSelector.matchLabels has no value",
    ]


def test_every_value_is_used_by_a_template() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in (CHART / "templates").iterdir())
    # A whole mapping is handed on with toYaml; its last key need not be named then.
    whole = {"resources", "settings"}
    unused = [
        ".".join(path) for path in leaves(VALUES) if path[-1] not in text and path[0] not in whole
    ]
    assert unused == []
    assert all(f".Values.{key}" in text for key in VALUES)


def test_the_chart_has_the_version_of_the_project() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert chart["version"] == chart["appVersion"] == project["version"]


def test_the_base_is_the_chart_with_its_default_values(helm: Path) -> None:
    committed = (ROOT / manifests.TARGET).read_text(encoding="utf-8")
    assert "".join(committed.splitlines(keepends=True)[3:]) == manifests.render(helm)


def test_without_a_ca_the_chart_says_how_to_get_one(helm: Path) -> None:
    done = run(helm)
    assert (done.returncode, done.stdout) == (1, "")
    for words in (
        "the API server would trust no certificate of graphgate",
        "graphgate certs init --out certs/",
        "--set-file certificate.caBundle=certs/ca.crt",
        "--set certificate.source=cert-manager",
    ):
        assert words in done.stderr


def test_a_ca_from_a_file_is_put_into_both_webhooks(helm: Path, tmp_path: Path) -> None:
    pem = b"-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n"
    (tmp_path / "ca.crt").write_bytes(pem)
    done = run(helm, f"--set-file=certificate.caBundle={tmp_path / 'ca.crt'}")
    objects = [o for o in parse(done.stdout) if o["kind"].endswith("WebhookConfiguration")]
    bundles = [w["clientConfig"]["caBundle"] for o in objects for w in o["webhooks"]]
    assert [base64.b64decode(bundle) for bundle in bundles] == [pem, pem]


def test_cert_manager_is_asked_for_a_certificate_and_no_ca_is_written(helm: Path) -> None:
    objects = render(helm, CERT_MANAGER)
    webhooks = [o for o in objects if o["kind"].endswith("WebhookConfiguration")]
    assert [o["metadata"]["annotations"] for o in webhooks] == [
        {"cert-manager.io/inject-ca-from": "ml/graphgate"}
    ] * 2
    assert all("caBundle" not in w["clientConfig"] for o in webhooks for w in o["webhooks"])

    asked = {o["metadata"]["name"]: o["spec"] for o in objects if o["kind"] == "Certificate"}
    assert set(asked) == {"graphgate-ca", "graphgate"}
    assert asked["graphgate-ca"]["isCA"] is True
    assert asked["graphgate"]["secretName"] == "graphgate-certs"
    assert asked["graphgate"]["dnsNames"] == ["graphgate.ml.svc", "graphgate.ml.svc.cluster.local"]
    issuers = {o["metadata"]["name"] for o in objects if o["kind"] == "Issuer"}
    assert {spec["issuerRef"]["name"] for spec in asked.values()} == issuers


@pytest.mark.parametrize("source", [INJECTED, CERT_MANAGER])
def test_everything_rendered_is_of_kubernetes_published_types(helm: Path, source: str) -> None:
    """With every optional part switched on."""
    objects = render(
        helm,
        source,
        'image={"repository":"r","pullSecrets":[{"name":"s"}]}',
        'nodeSelector={"a":"b"}',
        'tolerations=[{"key":"k","operator":"Exists"}]',
        'affinity={"nodeAffinity":{}}',
        "priorityClassName=high",
        'webhooks={"namespaceSelector":{"matchLabels":{"a":"b"}}}',
    )
    judged = [o for o in objects if not o["apiVersion"].startswith("cert-manager.io/")]
    assert [faults(document) for document in judged] == [""] * 7


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("defaultUserID=1000", [{"name": "DEFAULT_USER_ID", "value": "1000"}]),
        # Helm's own numbers are floats: this one would read 1.00062e+09.
        ("defaultUserID=1000620000", [{"name": "DEFAULT_USER_ID", "value": "1000620000"}]),
        ('defaultUserID="1000620000"', [{"name": "DEFAULT_USER_ID", "value": "1000620000"}]),
        ('defaultUserID=""', [{"name": "DEFAULT_USER_ID", "value": ""}]),
        ("defaultUserID=null", None),
    ],
)
def test_the_default_user_reaches_the_container(
    helm: Path, value: str, expected: list[dict[str, str]] | None
) -> None:
    assert container(render(helm, INJECTED, value)).get("env") == expected


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ("defaultUserID=0", "/defaultUserID"),
        ("defaultUserID=2147483648", "/defaultUserID"),
        ('defaultUserID="abc"', "/defaultUserID"),
        ('defaultUserID=" 8888"', "/defaultUserID"),
        ("defaultUserID=8888.5", "/defaultUserID"),
        ("replica=2", "replica"),
        ("replicas=0", "/replicas"),
        ("webhooks.timeoutSeconds=31", "/webhooks/timeoutSeconds"),
        ('webhooks.failurePolicy.validate="fail"', "/webhooks/failurePolicy/validate"),
        ('certificate.caBundle="LS0tLS1CRUdJTg=="', "/certificate/caBundle"),
        ('certificate.source="self"', "/certificate/source"),
        ('image.digest="latest"', "/image/digest"),
    ],
)
def test_a_value_that_could_not_work_is_refused(helm: Path, value: str, place: str) -> None:
    done = run(helm, '--set-json=certificate.source="injected"', f"--set-json={value}")
    assert (done.returncode, done.stdout) == (1, "")
    assert place in done.stderr


def test_settings_become_the_settings_file(helm: Path) -> None:
    objects = render(
        helm,
        INJECTED,
        'settings={"kind":"Other","profile":"hardened","defaults":{"runAsGroup":1000620000}}',
    )
    assert yaml.safe_load(only(objects, "ConfigMap")["data"]["settings.yaml"]) == {
        "apiVersion": "graphgate.io/v1alpha1",
        "kind": "Settings",
        "profile": "hardened",
        "defaults": {"runAsGroup": 1000620000},
    }


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((), "graphgate:0.1.0"),
        (("image.repository=here/graphgate", "image.tag=7"), "here/graphgate:7"),
        (("image.digest=sha256:" + "0" * 64, "image.tag=x7"), "graphgate@sha256:" + "0" * 64),
    ],
)
def test_a_digest_wins_over_a_tag(helm: Path, values: tuple[str, ...], expected: str) -> None:
    if not values:
        version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        expected = f"graphgate:{version['version']}"
    flags = [f"--set-string={value}" for value in values]
    done = run(helm, f"--set={INJECTED}", *flags)
    assert container(parse(done.stdout))["image"] == expected


def test_the_release_namespace_is_always_left_out(helm: Path) -> None:
    for values in ((), ('webhooks.excludedNamespaces=["other","ml"]',)):
        objects = render(helm, INJECTED, *values)
        for kind in ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"):
            (webhook,) = only(objects, kind)["webhooks"]
            (condition,) = webhook["namespaceSelector"]["matchExpressions"]
            assert condition == {
                "key": "kubernetes.io/metadata.name",
                "operator": "NotIn",
                "values": ["other" if values else "kube-system", "ml"],
            }


def test_more_conditions_on_namespaces_come_on_top(helm: Path) -> None:
    objects = render(
        helm,
        INJECTED,
        'webhooks={"excludedNamespaces":[],"namespaceSelector":{"matchLabels":{"team":"ml"},'
        '"matchExpressions":[{"key":"k","operator":"Exists"}]}}',
    )
    (webhook,) = only(objects, "ValidatingWebhookConfiguration")["webhooks"]
    assert webhook["namespaceSelector"] == {
        "matchLabels": {"team": "ml"},
        "matchExpressions": [
            {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["ml"]},
            {"key": "k", "operator": "Exists"},
        ],
    }


def test_each_webhook_has_a_failure_policy_of_its_own(helm: Path) -> None:
    objects = render(helm, INJECTED, "webhooks.failurePolicy.mutate=Ignore")
    policies = {o["kind"]: o["webhooks"][0]["failurePolicy"] for o in objects if "webhooks" in o}
    assert policies == {
        "MutatingWebhookConfiguration": "Ignore",
        "ValidatingWebhookConfiguration": "Fail",
    }


def test_a_release_of_another_name_names_everything_after_itself(helm: Path) -> None:
    done = subprocess.run(
        [helm, "template", "gate", CHART, "--namespace=ml", f"--set={INJECTED}"],
        capture_output=True,
        text=True,
        check=True,
    )
    names = {o["metadata"]["name"] for o in parse(done.stdout)}
    assert names == {"gate-graphgate", "gate-graphgate-settings"}
