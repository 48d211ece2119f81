"""What is installed is well-formed, current, harmless to its cluster, and needs two commands."""

import base64
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.manifests.support import MANIFESTS, ROOT, Object, load, only, parse, schema_errors
from tools.generators import manifests
from webhook.certificates.init import init_certificates
from webhook.certificates.pair import KeyPair
from webhook.certificates.verify import inspect

OBJECTS = load(MANIFESTS / "install.yaml")
NAMESPACE = only(OBJECTS, "Namespace")
PROVIDED = load(MANIFESTS / "provided" / "graphgate.yaml")
FOLDERS = [MANIFESTS / "base", MANIFESTS / "provided"]

WEBHOOKS = {
    document["kind"]: webhook
    for document in OBJECTS
    if document["kind"].endswith("WebhookConfiguration")
    for webhook in document["webhooks"]
}
POD: dict[str, Any] = only(OBJECTS, "Deployment")["spec"]["template"]["spec"]
(CONTAINER,) = POD["containers"]


def test_the_check_of_the_published_types_can_say_no() -> None:
    assert schema_errors({**NAMESPACE, "spec": {"finalisers": []}}) != ""
    assert schema_errors({**NAMESPACE, "metadata": {"name": 1}}) != ""


@pytest.mark.parametrize("document", OBJECTS, ids=lambda o: o["kind"])
def test_every_object_is_of_kubernetes_published_types(document: Object) -> None:
    assert schema_errors(document) == ""


def test_the_base_holds_these_objects_and_no_other() -> None:
    assert sorted((o["kind"], o["metadata"]["name"]) for o in OBJECTS) == [
        ("ClusterRole", "graphgate-certificate"),
        ("ClusterRole", "graphgate-facts"),
        ("ClusterRoleBinding", "graphgate-certificate"),
        ("ClusterRoleBinding", "graphgate-facts"),
        ("ConfigMap", "graphgate-settings"),
        ("Deployment", "graphgate"),
        ("Lease", "graphgate-certificate"),
        ("MutatingWebhookConfiguration", "graphgate"),
        ("Namespace", "graphgate-system"),
        ("PodDisruptionBudget", "graphgate"),
        ("Role", "graphgate"),
        ("RoleBinding", "graphgate"),
        ("Secret", "graphgate-certificate"),
        ("Service", "graphgate"),
        ("ServiceAccount", "graphgate"),
        ("ValidatingWebhookConfiguration", "graphgate"),
    ]


def test_every_namespaced_object_is_in_our_namespace() -> None:
    cluster_wide = {
        "ClusterRole",
        "ClusterRoleBinding",
        "Namespace",
        "MutatingWebhookConfiguration",
        "ValidatingWebhookConfiguration",
    }
    assert {o["metadata"].get("namespace") for o in OBJECTS if o["kind"] not in cluster_wide} == {
        "graphgate-system"
    }


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda f: f.name)
def test_every_file_of_a_folder_is_in_its_kustomization(folder: Path) -> None:
    content = yaml.safe_load((folder / "kustomization.yaml").read_text(encoding="utf-8"))
    files = sorted(path.name for path in folder.iterdir())
    assert files == sorted(["kustomization.yaml", *content["resources"]])


def test_the_base_holds_what_the_one_file_holds() -> None:
    base = [
        document
        for name in ("namespace.yaml", "graphgate.yaml")
        for document in load(MANIFESTS / "base" / name)
    ]
    assert base == OBJECTS


def test_the_files_are_what_the_chart_rendered_to_when_it_was_last_changed() -> None:
    """Needs no Helm: the head of the file holds digests of the chart and of the text."""
    assert manifests.files() == {
        target: (ROOT / target).read_text(encoding="utf-8") for target in manifests.TARGETS
    }


def client(path: str) -> dict[str, Any]:
    return {"service": {"name": "graphgate", "namespace": "graphgate-system", "path": path}}


COMMON = {
    "failurePolicy": "Fail",
    "timeoutSeconds": 3,
    "sideEffects": "None",
    "admissionReviewVersions": ["v1"],
    "matchPolicy": "Equivalent",
    "rules": [
        {
            "apiGroups": ["machinelearning.seldon.io"],
            "apiVersions": ["v1", "v1alpha3", "v1alpha2"],
            "resources": ["seldondeployments", "seldondeployments/scale"],
            "operations": ["CREATE", "UPDATE"],
            "scope": "Namespaced",
        }
    ],
    "matchConditions": [
        {
            "name": "not-being-deleted",
            "expression": 'request.operation == "CREATE" || '
            "!has(object.metadata.deletionTimestamp) || !has(oldObject.metadata.deletionTimestamp)",
        }
    ],
    "namespaceSelector": {
        "matchExpressions": [
            {
                "key": "kubernetes.io/metadata.name",
                "operator": "NotIn",
                "values": ["kube-system", "graphgate-system"],
            }
        ]
    },
}


def test_one_mutating_and_one_validating_webhook_match_seldondeployments_only() -> None:
    expected = {
        "MutatingWebhookConfiguration": {
            "name": "mutate.graphgate.io",
            "clientConfig": client("/mutate"),
            "reinvocationPolicy": "IfNeeded",
            **COMMON,
        },
        "ValidatingWebhookConfiguration": {
            "name": "validate.graphgate.io",
            "clientConfig": client("/validate"),
            **COMMON,
        },
    }
    assert expected == WEBHOOKS


def test_the_served_versions_are_all_matched() -> None:
    """A version that the CRD serves and no rule names would pass unjudged on older clusters."""
    (crd,) = load(MANIFESTS / "crd" / "seldondeployments.yaml")
    served = {version["name"] for version in crd["spec"]["versions"] if version["served"]}
    for webhook in WEBHOOKS.values():
        assert set(webhook["rules"][0]["apiVersions"]) == served


def test_the_webhooks_call_a_port_that_the_service_has_and_the_container_listens_on() -> None:
    (port,) = only(OBJECTS, "Service")["spec"]["ports"]
    listening = {p["name"]: p["containerPort"] for p in CONTAINER["ports"]}
    # 443 is what a webhook's service reference means when it names no port.
    assert (port["port"], listening[port["targetPort"]]) == (443, 8443)
    assert CONTAINER["livenessProbe"]["httpGet"] == {"path": "/livez", "port": "health"}
    assert CONTAINER["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "health"}
    assert listening["health"] == 8081


def test_service_budget_and_spread_select_the_pods() -> None:
    deployment = only(OBJECTS, "Deployment")["spec"]
    labels = deployment["template"]["metadata"]["labels"]
    selectors = [
        only(OBJECTS, "Service")["spec"]["selector"],
        deployment["selector"]["matchLabels"],
        only(OBJECTS, "PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
        *(s["labelSelector"]["matchLabels"] for s in POD["topologySpreadConstraints"]),
    ]
    assert len(selectors) == 5
    for selector in selectors:
        assert selector.items() <= labels.items()
        assert selector == selectors[0]


def test_the_container_gets_what_it_serves_with() -> None:
    assert CONTAINER["args"] == [
        "serve",
        *("--port", "8443"),
        *("--health-port", "8081"),
        *("--cert-source", "managed"),
        *("--name", "graphgate"),
        "--watch-cluster",
        *("--seldon-config", "seldon-system/seldon-config"),
        *("--review-timeout", "2"),
        *("--settings", "/etc/graphgate/settings.yaml"),
    ]
    assert CONTAINER["env"] == [
        {"name": "DEFAULT_USER_ID", "value": "8888"},
        {"name": "TMPDIR", "value": "/run/graphgate"},
    ]


def test_with_a_certificate_from_elsewhere_it_gets_the_files_and_the_name() -> None:
    pod = only(PROVIDED, "Deployment")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    changed = [arg for arg in container["args"] if arg not in CONTAINER["args"]]
    assert changed == [
        *("--tls-cert", "/certs/tls.crt"),
        *("--tls-key", "/certs/tls.key"),
        *("--tls-expect-san", "graphgate.graphgate-system.svc"),
    ]
    mounts = {m["name"]: (m["mountPath"], m.get("readOnly")) for m in container["volumeMounts"]}
    assert mounts["certificate"] == ("/certs", True)
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    assert volumes["certificate"]["secret"] == {
        "secretName": "graphgate-certs",
        "items": [
            {"key": "tls.crt", "path": "tls.crt"},
            {"key": "tls.key", "path": "tls.key"},
        ],
    }


def test_the_flags_are_those_of_the_command() -> None:
    from webhook.cli.commands.serve import serve_command

    known = {flag for parameter in serve_command.params for flag in parameter.opts}
    assert {arg for arg in CONTAINER["args"] if arg.startswith("--")} <= known


def test_the_mounted_folders_hold_the_files_that_are_named() -> None:
    mounts = {m["name"]: (m["mountPath"], m.get("readOnly")) for m in CONTAINER["volumeMounts"]}
    assert mounts == {"run": ("/run/graphgate", None), "settings": ("/etc/graphgate", True)}
    volumes = {volume.pop("name"): volume for volume in map(dict, POD["volumes"])}
    assert volumes == {
        "run": {"emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}},
        "settings": {"configMap": {"name": "graphgate-settings"}},
    }


def test_what_is_written_at_run_time_is_installed_empty() -> None:
    """So an upgrade leaves its content alone, and an uninstallation takes it away."""
    for kind in ("Secret", "Lease"):
        found = only(OBJECTS, kind)
        assert set(found) - {"type"} == {"apiVersion", "kind", "metadata"}


def test_the_settings_file_is_one_that_graphgate_reads() -> None:
    (name, text), *more = only(OBJECTS, "ConfigMap")["data"].items()
    assert (name, more) == ("settings.yaml", [])
    assert yaml.safe_load(text) == {"apiVersion": "graphgate.io/v1alpha1", "kind": "Settings"}


def test_the_pod_is_restricted_and_names_no_user() -> None:
    assert NAMESPACE["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert POD["securityContext"] == {
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert CONTAINER["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_two_pods_survive_a_drain_and_an_update() -> None:
    deployment = only(OBJECTS, "Deployment")["spec"]
    assert deployment["replicas"] == 2
    assert deployment["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    assert only(OBJECTS, "PodDisruptionBudget")["spec"]["maxUnavailable"] == 1


def test_a_pod_is_given_longer_to_end_than_the_server_takes() -> None:
    from webhook.server.config import ServerConfig

    config = ServerConfig(certificate=Path("tls.crt"), key=Path("tls.key"))
    assert POD["terminationGracePeriodSeconds"] > config.shutdown_delay + config.shutdown_grace


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The two folders that the installation needs, away from the checkout's own certificates."""
    shutil.copytree(MANIFESTS, tmp_path / "manifests")
    (tmp_path / "certs").mkdir()
    shutil.copy(ROOT / "certs" / "kustomization.yaml", tmp_path / "certs")
    return tmp_path


def test_certs_init_and_kustomize_give_webhooks_that_trust_the_server(
    copy: Path, kubectl: Path
) -> None:
    now = datetime.now(UTC)
    init_certificates(copy / "certs", now=now)
    objects = kustomize(kubectl, copy / "certs")
    assert [schema_errors(document) for document in objects] == [""] * (len(PROVIDED) + 1)

    secret = only(objects, "Secret")
    pod = only(objects, "Deployment")["spec"]["template"]["spec"]
    (name,) = (v["secret"]["secretName"] for v in pod["volumes"] if "secret" in v)
    assert (secret["metadata"], secret["type"]) == (
        {"name": name, "namespace": "graphgate-system"},
        "kubernetes.io/tls",
    )
    data = {key: base64.b64decode(value) for key, value in secret["data"].items()}
    assert set(data) == {"ca.crt", "tls.crt", "tls.key"}

    for kind in WEBHOOKS:
        (webhook,) = only(objects, kind)["webhooks"]
        service = webhook["clientConfig"]["service"]
        found = inspect(
            KeyPair(data["tls.crt"], data["tls.key"]),
            now,
            bundle=base64.b64decode(webhook["clientConfig"]["caBundle"]),
            names=[f"{service['name']}.{service['namespace']}.svc"],
        )
        assert found.problems == ()


def test_kustomize_changes_nothing_else(copy: Path, kubectl: Path) -> None:
    init_certificates(copy / "certs", now=datetime.now(UTC))
    objects = [o for o in kustomize(kubectl, copy / "certs") if o["kind"] != "Secret"]
    for document in objects:
        for webhook in document.get("webhooks", ()):
            del webhook["clientConfig"]["caBundle"]

    def order(document: Object) -> str:
        return f"{document['kind']} {document['metadata']['name']}"

    assert sorted(objects, key=order) == sorted(PROVIDED, key=order)


def test_kustomize_builds_the_base(kubectl: Path) -> None:
    def order(document: Object) -> str:
        return f"{document['kind']} {document['metadata']['name']}"

    objects = kustomize(kubectl, MANIFESTS / "base")
    assert sorted(objects, key=order) == sorted(OBJECTS, key=order)


def test_without_certificates_kustomize_makes_nothing(copy: Path, kubectl: Path) -> None:
    done = subprocess.run(
        [kubectl, "kustomize", copy / "certs"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "ca.crt" in done.stderr


def kustomize(kubectl: Path, folder: Path) -> list[Object]:
    done = subprocess.run(
        [kubectl, "kustomize", folder], check=True, stdout=subprocess.PIPE, text=True
    )
    return parse(done.stdout)
