"""Which checks hold at a level and version, and what all of them together say."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.defaulting.strategies import anything
from tests.podsecurity.generate import BREACHES, Breach, broken_templates, good_template
from webhook.podsecurity import LATEST, LEVELS, Level, Pod, check_ids, evaluate_pod
from webhook.podsecurity.check import go_quote
from webhook.podsecurity.checks import CHECKS
from webhook.podsecurity.effective import get_effective_contexts
from webhook.podsecurity.psp.model import IdRange, IdStrategy, PspRules, check_psp_rules
from webhook.podsecurity.validation.security_context import api_server_errors, runtime_warnings

BASELINE_0 = (
    "appArmorProfile",
    "capabilities_baseline",
    "hostNamespaces",
    "hostPathVolumes",
    "hostPorts",
    "privileged",
    "procMount",
    "seLinuxOptions",
    "seccompProfile_baseline",
    "sysctls",
    "windowsHostProcess",
)
RESTRICTED_37 = (
    "appArmorProfile",
    "hostNamespaces",
    "hostPorts",
    "hostProbesAndHostLifecycle",
    "privileged",
    "seLinuxOptions",
    "sysctls",
    "windowsHostProcess",
    "allowPrivilegeEscalation",
    "capabilities_restricted",
    "procMount_restricted",
    "restrictedVolumes",
    "runAsNonRoot",
    "runAsUser",
    "seccompProfile_restricted",
)


def test_privileged_checks_nothing() -> None:
    assert check_ids("privileged") == ()


def test_the_first_baseline() -> None:
    assert check_ids("baseline", 0) == BASELINE_0


def test_the_latest_restricted_has_its_own_checks_after_those_of_baseline() -> None:
    assert check_ids("restricted") == RESTRICTED_37


def test_the_set_of_checks_changes_at_known_versions_only() -> None:
    changes = [
        version
        for version in range(1, LATEST + 1)
        if check_ids("restricted", version) != check_ids("restricted", version - 1)
    ]

    assert changes == [8, 19, 22, 23, 34, 35]


def test_every_change_of_a_check_is_a_known_boundary() -> None:
    boundaries = {since for check in CHECKS for since, _ in check.versions}

    assert sorted(boundaries) == [0, 8, 19, 22, 23, 25, 27, 29, 31, 32, 34, 35, 37]


@pytest.mark.parametrize("version", range(LATEST + 1))
@pytest.mark.parametrize("level", LEVELS)
def test_a_good_pod_passes_everywhere(level: Level, version: int) -> None:
    template = good_template()

    assert evaluate_pod(Pod(template["spec"], template["metadata"]), level, version) == ()


@pytest.mark.parametrize("breach", BREACHES, ids=[breach.name for breach in BREACHES])
@pytest.mark.parametrize("level", ["baseline", "restricted"])
def test_a_breach_is_found_by_its_check_at_its_versions_and_by_no_other(
    breach: Breach, level: Level
) -> None:
    for template in broken_templates(breach):
        pod = Pod(template["spec"], template["metadata"])
        for version in range(LATEST + 1):
            found = [violation.check_id for violation in evaluate_pod(pod, level, version)]
            assert (version, found) == (version, breach.expected(level, version))


def test_every_check_is_broken_by_some_breach() -> None:
    found = {row[0] for breach in BREACHES for row in breach.baseline + breach.restricted}

    assert found == {check.id for check in CHECKS}


def test_a_version_newer_than_the_newest_rule_is_the_newest() -> None:
    pod = Pod({"containers": [{"name": "m"}]})

    assert evaluate_pod(pod, "restricted", 1000) == evaluate_pod(pod, "restricted")


def test_the_message_is_the_one_of_the_api_server() -> None:
    pod = Pod({"hostNetwork": True, "containers": [{"name": "m"}, {"name": "n"}]})

    assert ", ".join(map(str, evaluate_pod(pod, "restricted", 30))) == (
        "host namespaces (hostNetwork=true), "
        'allowPrivilegeEscalation != false (containers "m", "n" must set '
        "securityContext.allowPrivilegeEscalation=false), "
        'unrestricted capabilities (containers "m", "n" must set '
        'securityContext.capabilities.drop=["ALL"]), '
        'runAsNonRoot != true (pod or containers "m", "n" must set '
        "securityContext.runAsNonRoot=true), "
        'seccompProfile (pod or containers "m", "n" must set '
        'securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")'
    )


def test_a_windows_pod_is_asked_for_less_than_baseline_asks() -> None:
    # an overridden check does not come back, so what baseline refuses passes restricted: upstream
    # relies on the API server's refusal of these fields on Windows (never_runs reports them)
    context = {"runAsNonRoot": True, "capabilities": {"add": ["SYS_ADMIN"]}}
    spec = {"os": {"name": "windows"}, "containers": [{"name": "m", "securityContext": context}]}

    assert evaluate_pod(Pod(spec), "restricted", 25) == ()
    assert [v.check_id for v in evaluate_pod(Pod(spec), "baseline", 25)] == [
        "capabilities_baseline"
    ]
    assert api_server_errors(Pod(spec)) != ()


STRICT = PspRules(
    run_as_user=IdStrategy("MustRunAsNonRoot"),
    run_as_group=IdStrategy("MustRunAs", (IdRange(1, 2),)),
    fs_group=IdStrategy("MustRunAs", (IdRange(1, 2),)),
    supplemental_groups=IdStrategy("MustRunAs", (IdRange(1, 2),)),
    required_drop=("ALL",),
    allowed_add=(),
    volumes=(),
    host_ports=(),
    read_only_root_filesystem=True,
    privileged=False,
    allow_privilege_escalation=False,
    host_network=False,
    host_pid=False,
    host_ipc=False,
)


@settings(max_examples=500, deadline=None)
@given(anything, anything, st.sampled_from(LEVELS), st.integers(0, LATEST))
def test_no_pod_is_too_malformed_to_be_evaluated(
    spec: object, metadata: object, level: Level, version: int
) -> None:
    pod = Pod({"containers": [spec], "securityContext": spec, "volumes": [spec]}, metadata)

    for evaluated in (pod, Pod(spec, metadata)):
        evaluate_pod(evaluated, level, version)
        api_server_errors(evaluated)
        runtime_warnings(evaluated)
        get_effective_contexts(evaluated)
        check_psp_rules(evaluated, STRICT)


def test_words_are_quoted_as_go_quotes_them() -> None:
    assert go_quote("\uffff\U0001fffe") == r'"\uffff\U0001fffe"'
    assert go_quote('a"\\\a\b\f\n\r\t\v\x00\x7f\x80\xa0é\u200b\U000e0001😀') == (
        r'"a\"\\\a\b\f\n\r\t\v\x00\x7f\u0080\u00a0é\u200b\U000e0001😀"'
    )


def test_a_name_that_is_no_text_is_spelled_out() -> None:
    names = [container.name for container in Pod({"containers": [{}, {"name": 7}]}).containers]
    assert names == ["", "7"]
