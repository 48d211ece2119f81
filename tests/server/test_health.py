"""/livez, /readyz and /metrics."""

import re
import ssl
from pathlib import Path
from typing import Any, cast

import pytest

from tests.server.support import Client, RunningServer, review, run_server
from webhook.runtime.health import Check, CheckResult, readiness_report
from webhook.runtime.metrics import ServerMetrics
from webhook.server.denial_events import DenialEvents


def test_alive_and_ready(server: RunningServer) -> None:
    assert server.get("/livez") == (200, "alive\n")
    assert server.get("/readyz") == (200, "ready\n")


def test_verbose_shows_every_check(server: RunningServer) -> None:
    status, text = server.get("/readyz?verbose")
    assert status == 200
    assert re.fullmatch(
        r"\[\+\] lifecycle: serving\n"
        r"\[\+\] certificate: valid until \S+Z, \d\d\.\d days left\n"
        r"\[\+\] certificate-reload: ok\n"
        r"ready\n",
        text,
    )


def test_the_health_port_has_no_other_path(server: RunningServer) -> None:
    assert server.get("/mutate")[0] == 404
    assert server.get("/livez/")[0] == 404


CHECKS = [
    Check("a", lambda: CheckResult("ok")),
    Check("b", lambda: CheckResult("degraded", "yesterday's settings")),
    Check("c", lambda: CheckResult("failed", "no cache yet")),
]


@pytest.mark.parametrize(
    ("checks", "verbose", "expected"),
    [
        (CHECKS[:2], False, (200, "ready\n")),
        (CHECKS[:2], True, (200, "[+] a: ok\n[!] b: yesterday's settings\nready\n")),
        (CHECKS, False, (503, "[-] c: no cache yet\nnot ready\n")),
        (
            CHECKS,
            True,
            (503, "[+] a: ok\n[!] b: yesterday's settings\n[-] c: no cache yet\nnot ready\n"),
        ),
    ],
)
def test_only_a_failed_check_makes_unready(
    checks: list[Check], verbose: bool, expected: tuple[int, str]
) -> None:
    assert readiness_report(checks, verbose=verbose) == expected


def test_refused_settings_keep_the_server_ready_and_are_shown(
    pair: Path, tmp_path: Path, trusting: ssl.SSLContext
) -> None:
    settings = tmp_path / "settings.yaml"
    settings.write_text("good")
    with run_server(pair, settings=str(settings)) as server:
        settings.write_text("bad")
        server.wait_for(
            "config_reload_failed", source="settings", reason="rules.no-such-rule is no rule"
        )
        status, text = server.get("/readyz?verbose")
        line = "[!] settings-reload: rules.no-such-rule is no rule; the last valid settings is"
        assert (status, line in text) == (200, True)
        assert server.metric('graphgate_reload_failures_total{source="settings"}') == 1
        client = Client(server.port, trusting)
        assert client.is_reviewed()
        client.close()
        settings.unlink()  # a crash of the source itself
        server.wait_for(
            "config_reload_failed",
            source="settings",
            reason="internal error of graphgate, see its log",
        )
        settings.write_text("good")  # as it was before
        server.wait_for("config_reloaded", source="settings")
        assert "[+] settings-reload: ok\n" in server.get("/readyz?verbose")[1]


def test_calls_decisions_and_findings_are_counted(pair: Path, trusting: ssl.SSLContext) -> None:
    with run_server(pair) as server:
        client = Client(server.port, trusting)
        for _ in range(3):
            client.post("/mutate", review())
        client.post("/validate", review(wish="deny"))
        client.post("/validate", review(wish="crash"))
        client.post("/validate", b"{}")
        client.post("/nowhere", b"{}")
        assert {
            name: server.metric(name)
            for name in (
                'graphgate_requests_total{code="200",endpoint="mutate"}',
                'graphgate_requests_total{code="200",endpoint="validate"}',
                'graphgate_requests_total{code="400",endpoint="validate"}',
                'graphgate_requests_total{code="404",endpoint="other"}',
                'graphgate_admission_decisions_total{decision="allowed",endpoint="mutate"}',
                'graphgate_admission_decisions_total{decision="denied",endpoint="validate"}',
                'graphgate_findings_total{action="deny",rule="traffic-not-100"}',
                'graphgate_findings_total{action="warn",rule="no-predictors"}',
                "graphgate_rule_errors_total",
                'graphgate_request_duration_seconds_count{endpoint="mutate"}',
                'graphgate_request_duration_seconds_bucket{endpoint="mutate",le="+Inf"}',
                "graphgate_requests_in_flight",
                "graphgate_request_body_bytes_in_flight",
                "graphgate_connections",
                "graphgate_log_lines_dropped_total",
            )
        } == {
            'graphgate_requests_total{code="200",endpoint="mutate"}': 3,
            'graphgate_requests_total{code="200",endpoint="validate"}': 2,
            'graphgate_requests_total{code="400",endpoint="validate"}': 1,
            'graphgate_requests_total{code="404",endpoint="other"}': 1,
            'graphgate_admission_decisions_total{decision="allowed",endpoint="mutate"}': 3,
            'graphgate_admission_decisions_total{decision="denied",endpoint="validate"}': 1,
            'graphgate_findings_total{action="deny",rule="traffic-not-100"}': 1,
            'graphgate_findings_total{action="warn",rule="no-predictors"}': 1,
            "graphgate_rule_errors_total": 1,
            'graphgate_request_duration_seconds_count{endpoint="mutate"}': 3,
            'graphgate_request_duration_seconds_bucket{endpoint="mutate",le="+Inf"}': 3,
            "graphgate_requests_in_flight": 0,
            "graphgate_request_body_bytes_in_flight": 0,
            "graphgate_connections": 1,
            "graphgate_log_lines_dropped_total": 0,
        }
        assert server.metric("process_resident_memory_bytes") > 0
        assert "_created" not in server.get("/metrics")[1]
        client.close()


def test_the_first_bucket_ends_at_half_a_millisecond(server: RunningServer, client: Client) -> None:
    client.is_reviewed()
    assert re.search(
        r'graphgate_request_duration_seconds_bucket\{endpoint="mutate",le="0.0005"\} ',
        server.get("/metrics")[1],
    )


def test_a_thousand_rules_are_distinguished_and_no_more() -> None:
    metrics = ServerMetrics()
    for number in range(1500):
        metrics.observe_decision("mutate", "denied", [(f"policy/p/{number}", "deny")], 0)
    text = metrics.render_metrics().decode()
    assert text.count("graphgate_findings_total{") == 1001
    assert 'graphgate_findings_total{action="deny",rule="other"} 500.0' in text


def documented() -> set[str]:
    page = (Path(__file__).parents[2] / "docs/operations/server.md").read_text()
    return set(re.findall(r"`(graphgate_\w+)`", page))


def test_every_metric_is_documented_and_no_other(server: RunningServer) -> None:
    with_events = ServerMetrics()
    DenialEvents(cast("Any", None)).register_metrics(with_events)  # `--denial-events`
    text = server.get("/metrics")[1] + with_events.render_metrics().decode()
    shown = re.findall(r"^# TYPE (graphgate_\w+) ", text, re.MULTILINE)
    assert documented() == {name for name in shown if not name.endswith("_created")}
