"""The policies of a running server: files are one unit, objects of the cluster are judged each."""

import contextlib
import re
import subprocess
import sys
import time
from collections.abc import Iterable
from typing import Any

import pytest
import yaml

from tests import patience
from tests.documents_of import minimal
from tests.seeds import ROOT
from webhook.engine.evaluate import evaluate
from webhook.errors import KubeApiUnavailableError, PolicyError
from webhook.graph.cluster_facts import NO_FACTS
from webhook.kube.health import CheckResult
from webhook.runtime.metrics import ServerMetrics
from webhook.server.cluster_policies import ClusterPolicies
from webhook.server.policy_files import ResolvedPolicySources
from webhook.server.policy_store import PolicyStore
from webhook.settings.model import read_settings

ADMISSION = "admissionregistration.k8s.io/v1"
SELECTOR = "graphgate.io/policy=true"


def policy(name: str, message: str = "no", expression: str = "false", **spec: Any) -> Any:
    return {
        "apiVersion": ADMISSION,
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": name},
        "spec": {
            "matchConstraints": {
                "resourceRules": [
                    {
                        "apiGroups": ["machinelearning.seldon.io"],
                        "apiVersions": ["*"],
                        "operations": ["*"],
                        "resources": ["*"],
                    }
                ]
            },
            "validations": [{"expression": expression, "message": message}],
            **spec,
        },
    }


def binding(name: str, **spec: Any) -> Any:
    return {
        "apiVersion": ADMISSION,
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": name},
        "spec": {"policyName": name, "validationActions": ["Deny"], **spec},
    }


class FakeLive:
    """Objects of a cluster, as a test sets them."""

    selector = SELECTOR
    omitted_params = 0

    def __init__(self, *objects: Any) -> None:
        self.references: set[Any] = set()
        self.param_kinds: Any = None
        self.unreadable_param_kinds: dict[tuple[str, str], str] = {}
        self.objects: dict[str, Any] | None = None
        if objects:
            self.put(*objects)

    def put(self, *objects: Any) -> None:
        self.objects = {f"cluster:{o['kind']}/{o['metadata']['name']}": o for o in objects}

    def select(self, selector: str | None) -> bool:
        return False

    def follow_params(self, references: Iterable[Any], param_kinds: Any) -> None:
        self.references, self.param_kinds = set(references), param_kinds

    def health(self) -> CheckResult:
        if self.objects is None:
            return CheckResult("failed", "ConfigMap not read yet: in progress")
        return CheckResult("ok", f"{len(self.objects)} objects of the cluster")


def policy_store(live: Any = None, *paths: Any) -> PolicyStore:
    selector = SELECTOR if live else None
    return PolicyStore(lambda: ResolvedPolicySources(tuple(paths), selector), live)


def wait_until_loaded(policies: PolicyStore) -> PolicyStore:
    """Refresh as the server does until what is new has been taken in."""
    deadline = time.monotonic() + patience.SECONDS
    policies.reload_if_changed()
    while policies._loading is not None:
        assert time.monotonic() < deadline
        policies.reload_if_changed()
        time.sleep(0.01)
    return policies


def denial_messages(policies: PolicyStore) -> list[str]:
    """Return the facts that a valid object is denied for."""
    decision = evaluate(
        minimal(), read_settings(), NO_FACTS, policy_context=policies.current_context()
    )
    return [finding.message for finding in decision.denials]


def test_where_nothing_is_named_nothing_is_in_force():
    policies = wait_until_loaded(policy_store())
    assert policies.current_context() is None
    assert policies.readiness_check().probe().detail == "0 in force"


def test_without_policies_the_engine_is_not_even_imported():
    """It takes a third of a second and 20 MB."""
    program = """
import sys
from webhook.server.cluster_policies import ClusterPolicies
from webhook.server.policy_files import ResolvedPolicySources
from webhook.server.policy_store import PolicyStore
policies = PolicyStore(lambda: ResolvedPolicySources(()))
policies.reload_if_changed()
policies.readiness_check().probe()
assert policies.current_context() is None
sys.exit("webhook.policy" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == 0


def test_the_server_is_not_ready_before_the_cluster_was_read():
    live = FakeLive()
    policies = wait_until_loaded(policy_store(live))
    probe = policies.readiness_check().probe()
    assert (probe.state, probe.detail) == (
        "failed",
        "0 in force; ConfigMap not read yet: in progress",
    )
    live.put(policy("a"), binding("a"))
    probe = policies.readiness_check().probe()
    assert (probe.state, probe.detail) == (
        "failed",
        "0 in force; policies of the cluster are being compiled",
    )
    wait_until_loaded(policies)
    assert policies.readiness_check().probe().state == "ok"
    assert denial_messages(policies) == ["no"]


def test_a_cluster_without_policies_is_read_too():
    live = FakeLive()
    live.objects = {}
    policies = wait_until_loaded(policy_store(live))
    assert policies.readiness_check().probe().state == "ok"
    assert policies.current_context() is None


def test_files_and_cluster_work_together_and_a_file_goes_first(tmp_path):
    file = tmp_path / "a.yaml"
    file.write_text(yaml.safe_dump_all([policy("a", "of the file"), binding("a")]))
    live = FakeLive(policy("a", "of the cluster"), policy("b", "b"), binding("b"))
    policies = wait_until_loaded(policy_store(live, tmp_path))
    assert sorted(denial_messages(policies)) == ["b", "of the file"]
    probe = policies.readiness_check().probe()
    assert probe.state == "degraded"
    assert 'duplicate ValidatingAdmissionPolicy "a"' in probe.detail


def test_a_bad_object_is_named_and_the_others_are_in_force(caplog):
    live = FakeLive(
        policy("bad", expression="nonsense("), binding("bad"), policy("b"), binding("b")
    )
    policies = wait_until_loaded(policy_store(live))
    assert denial_messages(policies) == ["no"]
    probe = policies.readiness_check().probe()
    assert probe.state == "degraded"
    assert "cluster:ValidatingAdmissionPolicy/bad: bad: " in probe.detail
    reasons = [r.__dict__["fields"]["reason"] for r in caplog.records]
    assert len(reasons) == 1
    assert reasons[0].startswith("cluster:ValidatingAdmissionPolicy/bad: bad: ")


def test_the_last_good_version_of_an_object_stays_and_others_change():
    live = FakeLive(policy("a", "good"), binding("a"))
    policies = wait_until_loaded(policy_store(live))
    live.put(policy("a", expression="nonsense("), binding("a"), policy("b", "b"), binding("b"))
    wait_until_loaded(policies)
    assert sorted(denial_messages(policies)) == ["b", "good"]
    assert "(its last valid version stays in use)" in policies.readiness_check().probe().detail
    live.put(binding("a"), policy("b", "b"), binding("b"))
    wait_until_loaded(policies)
    assert denial_messages(policies) == ["b"]
    live.put(policy("a", "mended"), binding("a"))
    wait_until_loaded(policies)
    assert denial_messages(policies) == ["mended"]
    assert policies.readiness_check().probe().state == "ok"


def test_bad_files_hold_up_no_change_of_the_cluster(tmp_path):
    file = tmp_path / "a.yaml"
    file.write_text(yaml.safe_dump_all([policy("a", "file"), binding("a")]))
    live = FakeLive(policy("b", "b"), binding("b"))
    policies = wait_until_loaded(policy_store(live, tmp_path))
    file.write_text("spec: [")
    live.put(policy("c", "c"), binding("c"))
    wait_for(policies, ["c", "file"])
    with pytest.raises(PolicyError, match=re.escape(f'{file}:1:7: "[" is never closed')):
        policies.reload_if_changed()
    file.write_text(yaml.safe_dump_all([policy("a", "mended"), binding("a")]))
    wait_for(policies, ["c", "mended"])
    assert policies.reload_if_changed() is False


def wait_for(policies: PolicyStore, facts: list[str]) -> None:
    """Refresh until these are the denials; a refresh may say what is wrong with files."""
    deadline = time.monotonic() + patience.SECONDS
    while sorted(denial_messages(policies)) != facts:
        assert time.monotonic() < deadline, denial_messages(policies)
        with contextlib.suppress(PolicyError):
            policies.reload_if_changed()
        time.sleep(0.01)


def test_a_file_that_is_gone_is_reported_and_the_last_good_ones_stay(tmp_path):
    file = tmp_path / "a.yaml"
    file.write_text(yaml.safe_dump_all([policy("a", "file"), binding("a")]))
    policies = wait_until_loaded(policy_store(None, file))
    file.unlink()
    with pytest.raises(PolicyError, match="No such file"):
        policies.reload_if_changed()
    assert denial_messages(policies) == ["file"]


def test_a_binding_of_a_file_may_wait_for_a_policy_of_the_cluster(tmp_path):
    file = tmp_path / "a.yaml"
    file.write_text(yaml.safe_dump(binding("a")))
    with pytest.raises(PolicyError, match="no ValidatingAdmissionPolicy has that name"):
        policy_store(None, file)
    live = FakeLive(policy("b"), binding("b"))
    policies = wait_until_loaded(policy_store(live, file))
    assert policies.readiness_check().probe().state == "degraded"
    live.put(policy("a", "bound"))
    wait_until_loaded(policies)
    assert denial_messages(policies) == ["bound"]


def test_a_policy_whose_parameters_cannot_be_read_is_left_out_with_its_binding():
    """Natively its parameters are there; here they never are, and everything would be denied."""
    kind = {"apiVersion": "example.com/v1", "kind": "Limit"}
    reference = {"name": "x", "parameterNotFoundAction": "Deny"}
    live = FakeLive(policy("a", paramKind=kind), binding("a", paramRef=reference))
    live.unreadable_param_kinds = {("example.com/v1", "Limit"): "limits is forbidden"}
    policies = wait_until_loaded(policy_store(live))
    assert denial_messages(policies) == []
    detail = policies.readiness_check().probe().detail
    assert detail.count("not used") == 1
    assert "its parameters of kind Limit cannot be read: limits is forbidden" in detail
    live.unreadable_param_kinds = {}
    wait_until_loaded(policies)
    (message,) = denial_messages(policies)
    assert message.endswith('no Limit "x" found for the binding a')


def test_parameters_of_any_kind_come_from_the_cluster():
    kind = {"apiVersion": "example.com/v1", "kind": "Limit"}
    reference = {"name": "x", "parameterNotFoundAction": "Deny"}
    limit: Any = {"apiVersion": "example.com/v1", "kind": "Limit", "metadata": {"name": "x"}}
    limit["spec"] = {"most": 0}
    expression = "size(object.spec.predictors) <= params.spec.most"
    live = FakeLive(
        policy("a", "too many", expression, paramKind=kind), binding("a", paramRef=reference), limit
    )
    assert denial_messages(wait_until_loaded(policy_store(live))) == ["too many"]


def test_parameters_from_a_file_are_enough(tmp_path):
    limit = {"apiVersion": "example.com/v1", "kind": "Limit", "metadata": {"name": "x"}}
    (tmp_path / "limit.yaml").write_text(yaml.safe_dump(limit))
    kind = {"apiVersion": "example.com/v1", "kind": "Limit"}
    reference = {"name": "x", "parameterNotFoundAction": "Deny"}
    live = FakeLive(policy("a", paramKind=kind), binding("a", paramRef=reference))
    assert denial_messages(wait_until_loaded(policy_store(live, tmp_path))) == ["no"]


def test_a_list_as_kubectl_writes_one_is_read(tmp_path):
    items = [policy("a", "listed"), binding("a")]
    file = tmp_path / "a.yaml"
    file.write_text(yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": items}))
    assert denial_messages(policy_store(None, file)) == ["listed"]


def test_a_selector_without_a_cluster_is_named_and_files_stay_in_force(tmp_path):
    def no_cluster(selector: str) -> Any:
        raise KubeApiUnavailableError("there is no kubeconfig")

    (tmp_path / "a.yaml").write_text(yaml.safe_dump_all([policy("a", "file"), binding("a")]))
    selectors: list[str | None] = [None]
    policies = PolicyStore(
        lambda: ResolvedPolicySources((tmp_path,), selectors[-1]), ClusterPolicies(no_cluster)
    )
    policies.reload_if_changed()
    selectors.append("team=ml")
    with pytest.raises(
        PolicyError, match=r"cannot use policies\.selector 'team=ml': there is no kubeconf"
    ):
        policies.reload_if_changed()
    assert denial_messages(policies) == ["file"]


def test_metrics_tell_the_version_and_only_the_present_one():
    live = FakeLive(policy("a"), binding("a"), binding("nobody"))
    policies = wait_until_loaded(policy_store(live))
    metrics = ServerMetrics()
    policies.register_metrics(metrics)

    def versions() -> list[str]:
        text = metrics.render_metrics().decode()
        assert "graphgate_policies 1.0" in text
        assert "graphgate_policies_invalid 1.0" in text
        return re.findall(r'graphgate_policies_info\{version="([0-9a-f]{12})"\} 1.0', text)

    (first,) = versions()
    live.put(policy("a", "other"), binding("a"), binding("nobody"))
    wait_until_loaded(policies)
    (second,) = versions()
    assert first != second == policies.policies.version  # type: ignore[union-attr]


def test_parameters_that_bindings_of_files_refer_to_are_followed(tmp_path: Any) -> None:
    """Their names, or their labels as the API spells a selector."""
    from webhook.kube.param_watcher import ParamReference

    kind = {"apiVersion": "v1", "kind": "ConfigMap"}
    requirements = [
        {"key": "stage", "operator": "In", "values": ["prod", "dev"]},
        {"key": "team", "operator": "Exists"},
        {"key": "old", "operator": "DoesNotExist"},
        {"key": "tier", "operator": "NotIn", "values": ["x"]},
    ]
    by_name = {"name": "owners", "namespace": "shop", "parameterNotFoundAction": "Deny"}
    by_label = {
        "selector": {"matchLabels": {"a": "b"}, "matchExpressions": requirements},
        "parameterNotFoundAction": "Allow",
    }
    documents = [
        policy("one", paramKind=kind),
        binding("one", paramRef=by_name),
        policy("two", paramKind=kind),
        binding("two", paramRef=by_label),
        policy("three"),
        binding("three"),
    ]
    (tmp_path / "p.yaml").write_text(yaml.safe_dump_all(documents))
    live = FakeLive()
    policy_store(live, tmp_path)
    assert live.references == {
        ParamReference("shop", "owners"),
        ParamReference(selector="a=b,stage in (dev,prod),team,!old,tier notin (x)"),
    }
    assert live.param_kinds == {
        "ValidatingAdmissionPolicy": dict.fromkeys(("one", "two"), ("v1", "ConfigMap"))
    }


def test_the_metric_counts_parameters_that_are_left_out() -> None:
    live, metrics = FakeLive(), ServerMetrics()
    live.omitted_params = 3
    policy_store(live).register_metrics(metrics)
    assert "graphgate_policy_params_omitted 3" in metrics.render_metrics().decode()
