"""The chart renders what it promises, and refuses values that could not work."""

import base64
import json
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from tests.manifests.support import MANIFESTS, ROOT, Object, only, parse, schema_errors
from tools.generators import manifests
from webhook.rendering.routes.options import NO_ROUTING
from webhook.settings.model import read_settings

CHART = MANIFESTS / "chart"
VALUES: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
SCHEMA: dict[str, Any] = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))

HEAD = {"apiVersion": "graphgate.io/v1alpha1", "kind": "Settings"}
PROVIDED = "certificate.source=provided"
INJECTED = "certificate.source=injected"
CERT_MANAGER = "certificate.source=cert-manager"
OPENSHIFT = "certificate.source=openshift"
SELF = "certificate.source=managed"
CLOSED = 'networkPolicy={"enabled":true,"apiServer":[{"ipBlock":{"cidr":"10.0.0.0/28"}}]}'


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


def argument(one: dict[str, Any], flag: str) -> str | None:
    """Return what follows a flag; None if it is not given."""
    args = one["args"]
    return args[args.index(flag) + 1] if flag in args else None


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

    # "global" is Helm's own; the selector's two parts are absent by default, as all settings are.
    found = known(SCHEMA, VALUES)
    assert sorted(place for place in found if not place.startswith(".settings.")) == [
        ".global has no value",
        ".webhooks.namespaceSelector.matchExpressions has no value",
        ".webhooks.namespaceSelector.matchLabels has no value",
    ]


def test_every_value_is_used_by_a_template() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in (CHART / "templates").iterdir())
    # A whole mapping is handed on with toYaml; its last key need not be named then.
    whole = {"resources", "routing", "settings", "policies", "labels"}
    unused = [
        ".".join(path) for path in leaves(VALUES) if path[-1] not in text and whole.isdisjoint(path)
    ]
    assert unused == []
    assert all(f"alues.{key}" in text for key in VALUES)  # .Values or a helper's $values


def test_the_chart_has_the_version_of_the_project() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert chart["version"] == chart["appVersion"] == project["version"]


@pytest.mark.parametrize("target", manifests.TARGETS)
def test_the_committed_files_are_what_helm_renders(helm: Path, target: str) -> None:
    committed = (ROOT / target).read_text(encoding="utf-8")
    assert manifests.body_of(committed) == manifests.render(helm, manifests.TARGETS[target])


def test_without_a_ca_the_chart_says_how_to_get_one(helm: Path) -> None:
    done = run(helm, f"--set={PROVIDED}")
    assert (done.returncode, done.stdout) == (1, "")
    for words in (
        "the API server would trust no certificate of graphgate",
        "graphgate certs init --out certs/",
        "--set-file certificate.caBundle=certs/ca.crt",
        "--set certificate.source=managed",
    ):
        assert words in done.stderr


def test_a_ca_from_a_file_is_put_into_both_webhooks(helm: Path, tmp_path: Path) -> None:
    pem = b"-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n"
    (tmp_path / "ca.crt").write_bytes(pem)
    done = run(helm, f"--set={PROVIDED}", f"--set-file=certificate.caBundle={tmp_path / 'ca.crt'}")
    rendered = parse(done.stdout)
    objects = [o for o in rendered if o["kind"].endswith("WebhookConfiguration")]
    bundles = [w["clientConfig"]["caBundle"] for o in objects for w in o["webhooks"]]
    assert [base64.b64decode(bundle) for bundle in bundles] == [pem, pem]
    # The server is told too, and is not ready with a certificate of another CA.
    assert argument(container(rendered), "--tls-expect-ca") == "/etc/graphgate/ca.crt"
    assert only(rendered, "ConfigMap")["data"]["ca.crt"].encode() == pem


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


def test_openshift_is_asked_for_a_certificate_and_no_ca_is_written(helm: Path) -> None:
    objects = render(helm, OPENSHIFT)
    assert only(objects, "Service")["metadata"]["annotations"] == {
        "service.beta.openshift.io/serving-cert-secret-name": "graphgate-certs"
    }
    webhooks = [o for o in objects if o["kind"].endswith("WebhookConfiguration")]
    assert [o["metadata"]["annotations"] for o in webhooks] == [
        {"service.beta.openshift.io/inject-cabundle": "true"}
    ] * 2
    assert all("caBundle" not in w["clientConfig"] for o in webhooks for w in o["webhooks"])


def test_only_who_makes_the_certificate_may_write_a_bundle(helm: Path) -> None:
    """With any other source graphgate has no right to a Secret or a webhook configuration."""
    for source in (INJECTED, CERT_MANAGER, OPENSHIFT):
        rules = [r for o in render(helm, source) if "Role" in o["kind"] for r in o.get("rules", ())]
        assert {name for rule in rules for name in rule["resources"]} == {
            "namespaces",
            "customresourcedefinitions",
            "configmaps",
            "leases",
        }


def test_without_facts_and_certificates_of_its_own_it_has_no_token_and_no_right(helm: Path) -> None:
    objects = render(helm, INJECTED, "cluster.facts=false")
    assert not [o for o in objects if "Role" in o["kind"]]
    assert (
        only(objects, "Deployment")["spec"]["template"]["spec"]["automountServiceAccountToken"]
        is False
    )
    assert "--watch-cluster" not in container(objects)["args"]


def test_policies_of_the_cluster_are_followed_where_a_label_is_named(helm: Path) -> None:
    """The rights are in test_least_privilege.py; without the label there are none."""
    label = "cluster.policySelector=graphgate.io/policy=true"
    objects = render(helm, INJECTED, "cluster.facts=false", label, CLOSED)
    assert "--cluster-policies-selector=graphgate.io/policy=true" in container(objects)["args"]
    pod = only(objects, "Deployment")["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is True
    assert only(objects, "NetworkPolicy")["spec"]["egress"]
    plain = render(helm, INJECTED)
    assert not [a for a in container(plain)["args"] if a.startswith("--cluster-policies-selector")]
    assert not [o for o in plain if o["metadata"]["name"] == "graphgate-policies"]


def test_the_id_of_the_reconciler_is_evidence_for_the_webhook(helm: Path) -> None:
    def settings(*flags: str) -> Any:
        objects = render(helm, INJECTED, "reconciler.enabled=true", *flags)
        (config,) = (o for o in objects if o["metadata"]["name"] == "graphgate-settings")
        return yaml.safe_load(config["data"]["settings.yaml"])

    assert "controllerID" not in settings()
    assert settings("reconciler.controllerID=ml")["controllerID"] == "ml"
    assert settings("reconciler.controllerID=ml", "settings.controllerID=b")["controllerID"] == "b"


def test_policies_become_files_that_graphgate_reads(helm: Path, tmp_path: Path) -> None:
    policy = ROOT / "policies" / "library" / "owner-named" / "policy.yaml"
    done = run(helm, f"--set={INJECTED}", f"--set-file=policies.owner-named\\.yaml={policy}")
    assert done.stderr == ""
    objects = parse(done.stdout)
    (config,) = (o for o in objects if o["metadata"]["name"] == "graphgate-policies")
    assert config["data"] == {"owner-named.yaml": policy.read_text(encoding="utf-8")}

    (mount,) = (m for m in container(objects)["volumeMounts"] if m["name"] == "policies")
    file = f"{mount['mountPath']}/owner-named.yaml"
    assert argument(container(objects), "--policies") == file
    volumes = only(objects, "Deployment")["spec"]["template"]["spec"]["volumes"]
    assert {"name": "policies", "configMap": {"name": "graphgate-policies"}} in volumes

    # As the kubelet lays a ConfigMap out: a hidden folder, and links into it.
    hidden = tmp_path / "..data-1"
    hidden.mkdir()
    (hidden / "owner-named.yaml").write_text(config["data"]["owner-named.yaml"])
    (tmp_path / "owner-named.yaml").symlink_to(hidden / "owner-named.yaml")
    from webhook.cli.policy_options import load_policies

    loaded = load_policies((tmp_path / "owner-named.yaml",))
    assert loaded is not None
    assert not loaded.problems


EVERYTHING = (
    'policies={"a.yaml":"# none"}',
    'image={"repository":"r","pullSecrets":[{"name":"s"}]}',
    'nodeSelector={"a":"b"}',
    'tolerations=[{"key":"k","operator":"Exists"}]',
    'affinity={"nodeAffinity":{}}',
    "priorityClassName=high",
    'webhooks={"namespaceSelector":{"matchLabels":{"a":"b"}}}',
    'reconciler={"enabled":true,"namespaces":["ml","shop"],"selector":"team=a",'
    '"controllerID":"two","executorImage":"e:1","storageInitializerImage":"i:1"}',
    'networkPolicy={"enabled":true,"apiServer":[{"ipBlock":{"cidr":"10.0.0.0/28"}}],'
    '"metricsFrom":[{"podSelector":{}}]}',
    'serviceMonitor={"enabled":true,"labels":{"release":"p"}}',
)
ELSEWHERE = ("cert-manager.io/", "monitoring.coreos.com/")


@pytest.mark.parametrize("source", [SELF, INJECTED, CERT_MANAGER, OPENSHIFT])
@pytest.mark.parametrize("values", [(), EVERYTHING], ids=["defaults", "everything"])
def test_everything_rendered_is_of_kubernetes_published_types(
    helm: Path, source: str, values: tuple[str, ...]
) -> None:
    objects = render(helm, source, *values)
    evaluated = [o for o in objects if not o["apiVersion"].startswith(ELSEWHERE)]
    assert [schema_errors(document) for document in evaluated] == [""] * len(evaluated)


def test_no_two_objects_share_a_name(helm: Path) -> None:
    objects = render(helm, SELF, *EVERYTHING)
    names = [(o["kind"], o["metadata"].get("namespace"), o["metadata"]["name"]) for o in objects]
    assert sorted(set(names), key=str) == sorted(names, key=str)


def test_the_reconciler_is_off_until_it_is_asked_for(helm: Path) -> None:
    assert not [o for o in render(helm, SELF) if "reconciler" in o["metadata"]["name"]]


def test_the_reconciler_gets_its_flags(helm: Path) -> None:
    from webhook.cli.commands.reconcile import reconcile_command

    objects = render(helm, SELF, *EVERYTHING)
    (deployment,) = (
        o
        for o in objects
        if (o["kind"], o["metadata"]["name"]) == ("Deployment", "graphgate-reconciler")
    )
    (one,) = deployment["spec"]["template"]["spec"]["containers"]
    assert one["args"] == [
        "reconcile",
        *("--health-port", "8081"),
        *("--leader-elect-resource-name", "graphgate-reconciler"),
        *("--namespace", "ml", "--namespace", "shop"),
        *("--selector", "team=a"),
        *("--controller-id", "two"),
        *("--executor-image", "e:1"),
        *("--storage-initializer-image", "i:1"),
        *("--max-concurrent-rollouts", "5"),
        *("--seldon-config", "seldon-system/seldon-config"),
        *("--settings", "/etc/graphgate/settings.yaml"),
    ]
    known = {flag for parameter in reconcile_command.params for flag in parameter.opts}
    assert {arg for arg in one["args"] if arg.startswith("--")} <= known


def test_a_reconciler_of_some_namespaces_has_rights_in_these_only(helm: Path) -> None:
    objects = render(helm, SELF, *EVERYTHING)
    bindings = [o for o in objects if o.get("roleRef", {}).get("name") == "graphgate-reconciler"]
    found = {(o["kind"], o["metadata"]["namespace"], o["roleRef"]["kind"]) for o in bindings}
    assert found == {
        ("RoleBinding", "ml", "Role"),  # its Lease
        ("RoleBinding", "ml", "ClusterRole"),
        ("RoleBinding", "shop", "ClusterRole"),
    }


def named(objects: list[Object], kind: str) -> dict[str, Object]:
    """Return the objects of a kind by their names."""
    return {o["metadata"]["name"]: o for o in objects if o["kind"] == kind}


def test_the_network_policies_let_callers_in_and_only_the_api_server_out(helm: Path) -> None:
    cidr = [{"ipBlock": {"cidr": "10.0.0.0/28"}}]
    found = named(render(helm, SELF, *EVERYTHING), "NetworkPolicy")
    assert set(found) == {"graphgate", "graphgate-reconciler"}
    metrics = {"ports": [{"port": "health"}], "from": [{"podSelector": {}}]}
    for name, ingress in (
        ("graphgate", [{"ports": [{"port": "https"}], "from": cidr}, metrics]),
        ("graphgate-reconciler", [metrics]),
    ):
        policy = found[name]["spec"]
        assert policy["policyTypes"] == ["Ingress", "Egress"]
        assert policy["ingress"] == ingress
        assert policy["egress"] == [{"ports": [{"port": 443}, {"port": 6443}], "to": cidr}]


def test_a_network_policy_lets_nobody_out_or_in_who_has_no_reason(helm: Path) -> None:
    switches = ("cluster.facts=false", CLOSED, "reconciler.enabled=true")
    found = named(render(helm, INJECTED, *switches), "NetworkPolicy")
    assert found["graphgate"]["spec"]["egress"] == []
    assert found["graphgate-reconciler"]["spec"]["ingress"] == []


def test_the_documented_network_policy_is_what_the_chart_makes(helm: Path) -> None:
    page = (ROOT / "docs/operations/server.md").read_text(encoding="utf-8")
    section = page.partition("## Who may reach the ports")[2].partition("\n## ")[0]
    values, documented = map(yaml.safe_load, re.findall(r"```yaml\n(.*?)```", section, re.DOTALL))
    given = "networkPolicy=" + json.dumps(values["networkPolicy"])
    objects = render(helm, INJECTED, given)
    policy = only(objects, "NetworkPolicy")
    ports = {port["name"]: port["containerPort"] for port in container(objects)["ports"]}
    made = [
        {"ports": [{"port": ports[p["port"]]} for p in rule["ports"]], "from": rule["from"]}
        for rule in policy["spec"]["ingress"]
    ]
    assert made == documented["spec"]["ingress"]
    selector = documented["spec"]["podSelector"]["matchLabels"]
    assert selector.items() <= policy["spec"]["podSelector"]["matchLabels"].items()
    assert documented["spec"]["policyTypes"] == ["Ingress"]


@pytest.mark.parametrize("kind", ["NetworkPolicy", "Deployment", "PodDisruptionBudget", "Service"])
def test_webhook_and_reconciler_select_their_own_pods(helm: Path, kind: str) -> None:
    objects = render(helm, SELF, *EVERYTHING)
    pods = {
        name: o["spec"]["template"]["metadata"]["labels"]
        for name, o in named(objects, "Deployment").items()
    }
    for name, document in named(objects, kind).items():
        spec = document["spec"]
        selector = spec.get("podSelector") or spec["selector"]
        expected = selector.get("matchLabels", selector)
        assert [p for p, labels in pods.items() if expected.items() <= labels.items()] == [name]


def test_the_service_monitor_finds_the_metrics_of_every_pod(helm: Path) -> None:
    objects = render(helm, SELF, *EVERYTHING)
    monitor, services = only(objects, "ServiceMonitor"), named(objects, "Service")
    assert set(services) == set(named(objects, "Deployment"))
    (endpoint,) = monitor["spec"]["endpoints"]
    expected = monitor["spec"]["selector"]["matchLabels"]
    for service in services.values():
        ports = {port["name"]: port["targetPort"] for port in service["spec"]["ports"]}
        assert ports[endpoint["port"]] == "health"
        assert expected.items() <= service["metadata"]["labels"].items()
    assert monitor["metadata"]["labels"]["release"] == "p"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("defaultUserID=1000", [{"name": "DEFAULT_USER_ID", "value": "1000"}]),
        # Helm's own numbers are floats: this one would read 1.00062e+09.
        ("defaultUserID=1000620000", [{"name": "DEFAULT_USER_ID", "value": "1000620000"}]),
        ('defaultUserID="1000620000"', [{"name": "DEFAULT_USER_ID", "value": "1000620000"}]),
        ('defaultUserID=""', [{"name": "DEFAULT_USER_ID", "value": ""}]),
        ("defaultUserID=null", []),
    ],
)
def test_the_default_user_reaches_the_container(
    helm: Path, value: str, expected: list[dict[str, str]]
) -> None:
    env = container(render(helm, INJECTED, value))["env"]
    assert [one for one in env if one["name"] == "DEFAULT_USER_ID"] == expected


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
        ("webhooks.timeoutSeconds=1", "/webhooks/timeoutSeconds"),
        ('cluster.seldonConfig="seldon-config"', "/cluster/seldonConfig"),
        ('reconciler.controllerID="a b"', "/reconciler/controllerID"),
        ("disruptionBudget.maxUnavailable=0", "/disruptionBudget/maxUnavailable"),
        ('topologySpread.whenUnsatisfiable="Never"', "/topologySpread/whenUnsatisfiable"),
        ("networkPolicy.apiServerPorts=[]", "/networkPolicy/apiServerPorts"),
        ("networkPolicy.enabled=true", "/networkPolicy/apiServer"),
        ('serviceMonitor.interval="30"', "/serviceMonitor/interval"),
        ('policies={"a.txt":"x"}', "at '/policies': additional properties 'a.txt' not allowed"),
        ('webhooks.failurePolicy.validate="fail"', "/webhooks/failurePolicy/validate"),
        ('certificate.caBundle="LS0tLS1CRUdJTg=="', "/certificate/caBundle"),
        ('certificate.source="magic"', "/certificate/source"),
        ('image.digest="latest"', "/image/digest"),
        ('routing.kind="traefik"', "/routing/kind"),
        ('settings.rendering.executor.cpu="much"', "/settings/rendering/executor/cpu"),
        ('settings.rendering.executor.memory="1GB"', "/settings/rendering/executor/memory"),
        ('routing.kind="gateway-api"', "/routing/gateway"),
        ('routing.prefix="seldon"', "/routing/prefix"),
        ('settings.profile="hard"', "/settings/profile"),
        ('settings={"rule":{}}', "at '/settings': additional properties 'rule' not allowed"),
    ],
)
def test_a_value_that_could_not_work_is_refused(helm: Path, value: str, place: str) -> None:
    done = run(helm, '--set-json=certificate.source="injected"', f"--set-json={value}")
    assert (done.returncode, done.stdout) == (1, "")
    assert place in done.stderr


@pytest.mark.parametrize(
    "values",
    [
        'settings={"profil":"hardened"}',
        'settings={"rules":{"unknown-feild":{"action":"warn"}}}',
        'settings={"rules":{"unknown-field":{"action":"loud"}}}',
        'settings={"namespaces":{"Team":{}}}',
        'settings={"namespaces":{"team-a":{"mode":"audit"}}}',
        'settings={"podSecurity":{"level":"strict"}}',
    ],
)
def test_settings_that_graphgate_does_not_take_are_refused_by_helm(helm: Path, values: str) -> None:
    refused = run(helm, f"--set={INJECTED}", f"--set-json={values}")
    assert refused.returncode == 1
    assert "don't meet the specifications" in refused.stderr


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


def test_routing_becomes_a_section_of_the_settings_file(helm: Path) -> None:
    objects = render(
        helm,
        INJECTED,
        'routing={"kind":"istio","gateway":"a/b","hosts":["a.example.com"]}',
        'settings={"routing":{"gateway":"c/d"}}',
    )
    settings = yaml.safe_load(only(objects, "ConfigMap")["data"]["settings.yaml"])
    assert settings["routing"] == {
        **VALUES["routing"],
        "kind": "istio",
        "gateway": "c/d",
        "hosts": ["a.example.com"],
    }
    read_settings(settings)


def test_the_values_of_routing_are_those_of_the_settings() -> None:
    known = json.loads((ROOT / "policies" / "settings.schema.json").read_text(encoding="utf-8"))
    expected = known["properties"]["routing"]["properties"]
    written = SCHEMA["properties"]["routing"]["properties"]
    assert list(written) == list(VALUES["routing"]) == list(expected)
    for key, schema in written.items():
        for word in ("enum", "pattern"):
            if word in schema:
                assert schema[word] == expected[key][word]
    assert read_settings({**HEAD, "routing": VALUES["routing"]}).routing == NO_ROUTING


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
    assert names == {"gate-graphgate", "gate-graphgate-settings", "gate-graphgate-facts"}
