"""`graphgate watch`: audit a cluster in the background."""

import sys
from pathlib import Path
from typing import cast

import click

from webhook.cli.cluster_options import (
    ClusterFlags,
    HealthAddress,
    ObjectScope,
    cluster_options,
    health_options,
    scope_options,
)
from webhook.cli.durations import Duration
from webhook.cli.examples import examples
from webhook.cli.inputs import load_settings, reloadable_file
from webhook.cli.options import SettingsFlags, settings_options
from webhook.cli.policy_options import (
    ClusterPolicyFlags,
    cluster_policy_options,
    policies_option,
    resolve_sources,
)
from webhook.server.policy_files import ResolvedPolicySources


@click.command(
    "watch",
    epilog=examples(
        "graphgate watch --reports openreports", "graphgate watch -n models --interval 10m"
    ),
)
@scope_options
@click.option(
    "--reports",
    type=click.Choice(["auto", "openreports", "policyreport", "none"]),
    default="auto",
    show_default=True,
    help="Write Report (openreports.io) or PolicyReport (wgpolicyk8s.io); auto: what is installed.",
)
@click.option(
    "--interval",
    type=Duration(min_seconds=5.0),
    default="1h",
    show_default=True,
    help="How often to evaluate every object again, changed or not.",
)
@click.option(
    "--qps",
    type=click.FloatRange(0.1, 1000.0),
    default=20.0,
    show_default=True,
    help="Requests per second for objects and reports.",
)
@cluster_policy_options
@health_options
@policies_option
@cluster_options
@settings_options
def watch_command(
    scope: ObjectScope,
    reports: str,
    interval: float,
    qps: float,
    cluster_policies: ClusterPolicyFlags,
    health: HealthAddress,
    policy_paths: tuple[Path, ...],
    cluster: ClusterFlags,
    flags: SettingsFlags,
) -> None:
    """Audit a cluster in the background.

    Keeps reports and metrics of the cluster. Runs until SIGTERM.
    """
    from webhook.auditor.background import BackgroundAuditor, EvaluationInputs
    from webhook.auditor.config import AuditorConfig, ReportsSetting
    from webhook.auditor.metrics import AuditorMetrics
    from webhook.auditor.process import run
    from webhook.kube.facts_watcher import FactsWatcher
    from webhook.kube.policy_watcher import PoliciesWatcher
    from webhook.runtime.health import Check
    from webhook.server.cluster_policies import ClusterPolicies
    from webhook.server.policy_store import PolicyStore
    from webhook.server.settings_store import SettingsStore

    settings_store = SettingsStore(lambda: load_settings(flags), reloadable_file(flags))

    def policy_sources() -> ResolvedPolicySources:
        selector = cluster_policies.cluster_policies_selector
        return resolve_sources(policy_paths, selector, settings_store.settings, flags)

    transport = cluster.open()

    def open_watcher(labels: str) -> PoliciesWatcher:
        namespace = cluster_policies.exceptions_namespace or transport.namespace
        return PoliciesWatcher(transport, labels, exceptions_namespace=namespace)

    watched_policies = ClusterPolicies(open_watcher)
    facts_watcher = FactsWatcher(transport, cluster.seldon_config_map)
    policies = PolicyStore(policy_sources, watched_policies)
    policies_check = policies.readiness_check()
    config = AuditorConfig(
        namespaces=scope.namespaces,
        selector=scope.selector,
        reports=cast("ReportsSetting", reports),
        interval=interval,
        qps=qps,
        burst=max(2.0, qps * 2),
        health_host=health.health_host,
        health_port=health.health_port,
    )
    metrics = AuditorMetrics()
    facts_check = Check("facts", facts_watcher.health)
    auditor = BackgroundAuditor(
        config,
        transport,
        lambda: EvaluationInputs(
            settings_store.settings, facts_watcher.facts, policies.current_context()
        ),
        metrics,
        is_ready=lambda: all(
            check.probe().state != "failed" for check in (facts_check, policies_check)
        ),
    )
    sys.exit(
        run(
            config,
            auditor,
            metrics,
            background=[facts_watcher, watched_policies],
            sources=[*([settings_store] if flags.settings_file else []), policies],
            checks=[facts_check, policies_check],
        )
    )
