"""graphgate may do what it needs, and nothing more; each right has its reason beside it."""

import re
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.manifests.support import MANIFESTS, ROOT, Object, load, only, parse
from webhook.controller.api import API_VERSIONS
from webhook.kube.facts import SELDON_CRD_NAME, SELDON_LEASE

TEMPLATES = MANIFESTS / "chart" / "templates"
OBJECTS = load(MANIFESTS / "install.yaml")

Right = tuple[str, str, str, str]
"""A verb, a group, a resource, and the name of the only object; "*" for all of them."""


def rights(rules: Iterable[Object]) -> set[Right]:
    """Return each right that rules give, one by one."""
    return {
        (verb, group, resource, name)
        for rule in rules
        for verb in rule["verbs"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for name in rule.get("resourceNames", ["*"])
    }


def held(objects: list[Object], account: str) -> dict[str, set[Right]]:
    """Return what an account may do: namespace ("" for the whole cluster) → rights."""
    roles = {(o["kind"], o["metadata"]["name"]): o["rules"] for o in objects if "rules" in o}
    found: dict[str, set[Right]] = {}
    for binding in (o for o in objects if "roleRef" in o):
        if account not in {subject["name"] for subject in binding["subjects"]}:
            continue
        reference = binding["roleRef"]
        where = binding["metadata"].get("namespace", "")
        given = rights(roles[reference["kind"], reference["name"]])
        found[where] = found.get(where, set()) | given
    return found


def each(verbs: str, group: str, resource: str, name: str = "*") -> set[Right]:
    return {(verb, group, resource, name) for verb in verbs.split()}


FACTS = (
    each("list watch", "", "namespaces")
    | each("list watch", "", "configmaps", "seldon-config")
    | each("list watch", "apiextensions.k8s.io", "customresourcedefinitions", SELDON_CRD_NAME)
    | each("get", "coordination.k8s.io", "leases", SELDON_LEASE)
)


def test_the_webhook_may_do_this_and_nothing_else() -> None:
    registration = "admissionregistration.k8s.io"
    assert held(OBJECTS, "graphgate") == {
        "graphgate-system": each("get update", "", "secrets", "graphgate-certificate")
        | each("get update", "coordination.k8s.io", "leases", "graphgate-certificate"),
        "": FACTS
        | each("get patch", registration, "mutatingwebhookconfigurations", "graphgate")
        | each("get patch", registration, "validatingwebhookconfigurations", "graphgate"),
    }


ROUTES = {
    "gateway-api": ("gateway.networking.k8s.io", ("httproutes", "grpcroutes")),
    "istio": ("networking.istio.io", ("virtualservices", "destinationrules")),
    "ambassador": ("getambassador.io", ("mappings", "tlscontexts")),
}
ROUTES_OF_ANYBODY = each("list watch", "networking.k8s.io", "ingresses").union(
    *(
        each("list watch", group, resource)
        for group, resources in ROUTES.values()
        for resource in resources
    )
)


POLICIES = (
    each("list watch", "", "configmaps")
    | each("list watch", "admissionregistration.k8s.io", "validatingadmissionpolicies")
    | each("list watch", "admissionregistration.k8s.io", "validatingadmissionpolicybindings")
    | each("list watch", "admissionregistration.k8s.io", "mutatingadmissionpolicies")
    | each("list watch", "admissionregistration.k8s.io", "mutatingadmissionpolicybindings")
)


def test_following_policies_takes_these_rights_more(everything: list[Object]) -> None:
    """All ConfigMaps, because no role can name a label; exceptions in one namespace only."""
    plain, given = held(OBJECTS, "graphgate"), held(everything, "graphgate")
    assert given[""] - plain[""] == POLICIES | each("create", "", "events")
    assert given["graphgate-system"] - plain["graphgate-system"] == each(
        "list watch", "graphgate.io", "policyexceptions"
    )


def test_kinds_of_parameters_are_granted_by_name(helm: Path) -> None:
    kinds = '[{"apiGroup":"example.com","resource":"limits"},{"resource":"services"}]'
    selector = "--set=cluster.policySelector=graphgate.io/policy=true"
    done = template(helm, selector, f"--set-json=cluster.paramKinds={kinds}")
    given = held(parse(done.stdout), "graphgate")[""]
    assert given - held(OBJECTS, "graphgate")[""] == (
        POLICIES | each("list watch", "example.com", "limits") | each("list watch", "", "services")
    )
    secrets = '--set-json=cluster.paramKinds=[{"resource":"secrets"}]'
    assert "Secrets are not read as parameters" in template(helm, selector, secrets).stderr
    anything = '--set-json=cluster.paramKinds=[{"apiGroup":"*","resource":"secrets"}]'
    assert "'*' does not match pattern" in template(helm, selector, anything).stderr


def template(helm: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    command: list[str | Path] = [helm, "template", "graphgate", MANIFESTS / "chart", *flags]
    return subprocess.run(
        [*command, "--namespace=graphgate-system"], capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def everything(helm: Path) -> list[Object]:
    """The chart with all that can be switched on, but for routes: one kind excludes the others."""
    switches = ("reconciler", "audit", "networkPolicy", "serviceMonitor")
    flags = [f"--set={switch}.enabled=true" for switch in switches]
    flags.append("--set=cluster.policySelector=graphgate.io/policy=true")
    flags.append("--set=webhooks.denialEvents=true")
    flags.append('--set-json=networkPolicy.apiServer=[{"podSelector":{}}]')
    return _template(helm, *flags)


def _template(helm: Path, *flags: str) -> list[Object]:
    command: list[str | Path] = [helm, "template", "graphgate", MANIFESTS / "chart", *flags]
    done = subprocess.run(
        [*command, "--namespace=graphgate-system"], check=True, stdout=subprocess.PIPE, text=True
    )
    return parse(done.stdout)


ACCOUNTS = ("graphgate", "graphgate-reconciler", "graphgate-audit")


def test_the_audit_may_do_this_and_nothing_else(everything: list[Object]) -> None:
    makes = "list watch create patch delete"
    assert held(everything, "graphgate-audit") == {
        "graphgate-system": each("list watch", "graphgate.io", "policyexceptions"),
        "": FACTS
        | POLICIES
        | each("get list watch", "machinelearning.seldon.io", "seldondeployments")
        | each(makes, "openreports.io", "reports")
        | each(makes, "wgpolicyk8s.io", "policyreports"),
    }


@pytest.mark.parametrize(
    ("reports", "groups"),
    [("openreports", {"openreports.io"}), ("policyreport", {"wgpolicyk8s.io"}), ("none", set())],
)
def test_the_audit_may_write_the_chosen_kind_only(
    helm: Path, reports: str, groups: set[str]
) -> None:
    objects = _template(helm, "--set=audit.enabled=true", f"--set=audit.reports={reports}")
    given = held(objects, "graphgate-audit")[""]
    assert {group for verb, group, *_ in given if verb == "create"} == groups


def test_events_on_denials_take_one_right_more(helm: Path) -> None:
    objects = _template(helm, "--set=webhooks.denialEvents=true")
    more = held(objects, "graphgate")[""] - held(OBJECTS, "graphgate")[""]
    assert more == each("create", "", "events")


def test_the_reconciler_may_do_this_and_nothing_else(everything: list[Object]) -> None:
    makes = "get list watch create patch delete"
    sdep = "machinelearning.seldon.io"
    assert held(everything, "graphgate-reconciler") == {
        "graphgate-system": each(
            "get update", "coordination.k8s.io", "leases", "graphgate-reconciler"
        ),
        "": FACTS
        | each("list watch", sdep, "seldondeployments")
        | each("patch", sdep, "seldondeployments/status")
        | each(makes, "apps", "deployments")
        | each(makes, "", "services")
        | each(makes, "autoscaling", "horizontalpodautoscalers")
        | each(makes, "policy", "poddisruptionbudgets")
        | each(makes, "keda.sh", "scaledobjects")
        | ROUTES_OF_ANYBODY
        | each("list", "discovery.k8s.io", "endpointslices")
        | each("list", "", "pods")
        | each("create", "", "events")
        | each("list", "coordination.k8s.io", "leases", SELDON_LEASE),
    }


@pytest.mark.parametrize("kind", ["gateway-api", "istio", "ambassador"])
def test_the_reconciler_may_make_the_routes_of_the_chosen_kind_only(helm: Path, kind: str) -> None:
    flags = ["--set=reconciler.enabled=true", "--set=routing.gateway=a/b"]
    plain = held(_template(helm, *flags), "graphgate-reconciler")[""]
    given = held(_template(helm, *flags, f"--set=routing.kind={kind}"), "graphgate-reconciler")[""]
    elsewhere = _template(helm, *flags, f"--set=settings.routing.kind={kind}")
    assert held(elsewhere, "graphgate-reconciler")[""] == given
    group, resources = ROUTES[kind]
    assert given - plain == {
        right
        for resource in resources
        for right in each("get create patch delete", group, resource)
    }


@pytest.mark.parametrize("kind", ["gateway-api", "istio", "ambassador"])
def test_the_reconciler_may_delete_routes_of_kinds_that_are_named(helm: Path, kind: str) -> None:
    set_now = "istio" if kind == "gateway-api" else "gateway-api"
    flags = ["--set=reconciler.enabled=true", f"--set=routing.kind={set_now}"]
    flags += ["--set=routing.gateway=a/b"]
    named = f"--set=reconciler.deleteRoutesOf={{{kind},{set_now}}}"
    plain = held(_template(helm, *flags), "graphgate-reconciler")[""]
    given = held(_template(helm, *flags, named), "graphgate-reconciler")[""]
    group, resources = ROUTES[kind]
    assert given - plain == {
        right for resource in resources for right in each("delete", group, resource)
    }


def test_the_reconciler_may_make_each_kind_that_it_makes(everything: list[Object]) -> None:
    """Routes are in the test above; Ingresses are looked at only."""
    given = held(everything, "graphgate-reconciler")[""]
    routes = {resource for _, resources in ROUTES.values() for resource in resources}
    for kind, version in API_VERSIONS.items():
        group = version.partition("/")[0] if "/" in version else ""
        resource = "ingresses" if kind == "Ingress" else f"{kind.lower()}s"
        is_made = resource not in {*routes, "ingresses"}
        verbs = "list watch create patch delete" if is_made else "list watch"
        assert each(verbs, group, resource) <= given
    assert {f"{kind.lower()}s" for kind in API_VERSIONS} >= routes


def test_no_secret_can_be_read_but_its_own(everything: list[Object]) -> None:
    for account in ACCOUNTS:
        for where, given in held(everything, account).items():
            secrets = {right for right in given if right[2] == "secrets"}
            assert all(where == "graphgate-system" for _ in secrets)
            assert {name for *_, name in secrets} <= {"graphgate-certificate"}


def test_nothing_is_given_by_a_wildcard(everything: list[Object]) -> None:
    for document in everything:
        for rule in document.get("rules", ()):
            values = [
                *rule.get("apiGroups", ()),
                *rule.get("resources", ()),
                *rule.get("verbs", ()),
            ]
            assert "*" not in values


def test_nothing_can_give_itself_more(everything: list[Object]) -> None:
    """No right to roles, accounts, tokens, or to act as somebody else."""
    given = set[Right]().union(
        *(given for account in ACCOUNTS for given in held(everything, account).values())
    )
    assert {resource for _, _, resource, _ in given}.isdisjoint(
        {"roles", "rolebindings", "clusterroles", "clusterrolebindings", "serviceaccounts"}
        | {"serviceaccounts/token", "users", "groups", "pods/exec", "nodes/proxy"}
    )
    assert {verb for verb, *_ in given}.isdisjoint({"escalate", "bind", "impersonate"})


@pytest.mark.parametrize("name", ["rbac.yaml", "reconciler.yaml", "audit.yaml"])
def test_each_right_has_its_reason_above_it(name: str) -> None:
    lines = (TEMPLATES / name).read_text(encoding="utf-8").splitlines()
    rules = [index for index, line in enumerate(lines) if line.startswith("  - apiGroups:")]
    assert rules
    for index in rules:
        above = lines[index - 1]
        # Rules for one purpose follow each other under one reason.
        assert above.startswith(("  # ", "    verbs: [get, list, watch, create, patch, delete]")), (
            lines[index]
        )


def test_the_threat_model_lists_every_right_of_the_webhook(everything: list[Object]) -> None:
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    listed = re.findall(r"\| (get, \w+|list, watch|create) \|", text)
    by_resource = {
        (resource, name): verb
        for verb, _, resource, name in _all_of("graphgate", everything)
        if verb != "get"
    }
    # The two webhook configurations stand in one row; so do policies, bindings and parameters (5).
    assert len(listed) == len(by_resource) - 1 - 4


def _all_of(account: str, objects: list[Object] = OBJECTS) -> set[Right]:
    return set[Right]().union(*held(objects, account).values())


def test_the_pods_are_restricted(everything: list[Object]) -> None:
    for document in everything:
        if document["kind"] != "Deployment":
            continue
        pod: dict[str, Any] = document["spec"]["template"]["spec"]
        assert pod["securityContext"] == {
            "runAsNonRoot": True,
            "seccompProfile": {"type": "RuntimeDefault"},
        }
        assert not pod.keys() & {"hostNetwork", "hostPID", "hostIPC"}
        for one in pod["containers"]:
            assert one["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
        kinds = {next(iter(volume.keys() - {"name"})) for volume in pod["volumes"]}
        assert kinds <= {"emptyDir", "secret", "configMap"}


def test_our_own_check_finds_the_pods_restricted(everything: list[Object]) -> None:
    from tests.documents_of import with_predictor
    from webhook.engine.evaluate import evaluate
    from webhook.graph.cluster_facts import NO_FACTS
    from webhook.podsecurity import parse_standard
    from webhook.settings.model import read_settings

    settings = read_settings(None, {}, pod_security=parse_standard("restricted"))
    for document in everything:
        if document["kind"] == "Deployment":
            pod = document["spec"]["template"]["spec"]
            (one,) = pod["containers"]
            graph = {"name": one["name"], "type": "MODEL", "children": []}
            sdep = with_predictor(componentSpecs=[{"spec": pod}], graph=graph)
            found = evaluate(sdep, settings, NO_FACTS)
            assert [f for f in found.denials if f.rule_id.startswith("pod-security/")] == []


def test_the_namespace_enforces_it() -> None:
    labels = only(OBJECTS, "Namespace")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
