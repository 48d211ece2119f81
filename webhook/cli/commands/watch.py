"""`graphgate watch`: audit a cluster in the background."""

import sys
from pathlib import Path
from typing import cast

import click

from webhook.cli.cluster_options import cluster_options, open_cluster, parse_config_map
from webhook.cli.durations import Duration
from webhook.cli.examples import examples
from webhook.cli.inputs import load_settings, reloadable_file
from webhook.cli.options import SettingsFlags, settings_options
from webhook.cli.policy_options import policies_option, resolve_sources
from webhook.server.policy_files import ResolvedPolicySources


@click.command(
    "watch",
    epilog=examples(
        "graphgate watch --reports openreports", "graphgate watch -n models --interval 10m"
    ),
)
@click.option(
    "--namespace",
    "-n",
    "namespaces",
    multiple=True,
    metavar="NAME",
    help="Evaluate objects in this namespace only; may be repeated. [default: all]",
)
@click.option(
    "--selector",
    "-l",
    default="",
    metavar="LABELS",
    help="Evaluate objects with these labels only.",
)
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
@click.option(
    "--cluster-policies-selector",
    metavar="LABELS",
    help="Evaluate the cluster's policies and exceptions with these labels too. "
    "[settings: policies.selector]",
)
@click.option(
    "--exceptions-namespace",
    metavar="NAME",
    help="Namespace of the PolicyExceptions. [default: the pod's namespace, or the context's]",
)
@click.option("--health-host", default="", help="Address to listen on. [default: every one]")
@click.option(
    "--health-port", default=8081, show_default=True, help="HTTP: /livez, /readyz and /metrics."
)
@policies_option
@cluster_options
@settings_options
def watch_command(
    namespaces: tuple[str, ...],
    selector: str,
    reports: str,
    interval: float,
    qps: float,
    cluster_policies_selector: str | None,
    exceptions_namespace: str | None,
    health_host: str,
    health_port: int,
    policy_paths: tuple[Path, ...],
    kubeconfig: str | None,
    context: str | None,
    seldon_config: str,
    flags: SettingsFlags,
) -> None:
    """Audit a cluster in the background.

    Keeps reports and metrics of the cluster. Runs until SIGTERM.
    """
    from webhook.auditor.background import BackgroundAuditor, Judgement
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
        return resolve_sources(
            policy_paths, cluster_policies_selector, settings_store.settings, flags
        )

    transport = open_cluster(kubeconfig, context)

    def open_watcher(labels: str) -> PoliciesWatcher:
        namespace = exceptions_namespace or transport.namespace
        return PoliciesWatcher(transport, labels, exceptions_namespace=namespace)

    cluster_policies = ClusterPolicies(open_watcher)
    facts_watcher = FactsWatcher(transport, parse_config_map(seldon_config))
    policies = PolicyStore(policy_sources, cluster_policies)
    policies_check = policies.readiness_check()
    config = AuditorConfig(
        namespaces=tuple(dict.fromkeys(namespaces)),
        selector=selector,
        reports=cast("ReportsSetting", reports),
        interval=interval,
        qps=qps,
        burst=max(2.0, qps * 2),
        health_host=health_host,
        health_port=health_port,
    )
    metrics = AuditorMetrics()
    facts_check = Check("facts", facts_watcher.health)
    auditor = BackgroundAuditor(
        config,
        transport,
        lambda: Judgement(settings_store.settings, facts_watcher.facts, policies.current_context()),
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
            background=[facts_watcher, cluster_policies],
            sources=[*([settings_store] if flags.settings_file else []), policies],
            checks=[facts_check, policies_check],
        )
    )
