"""`graphgate serve`: the admission webhook."""

import contextlib
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from webhook.cli.certificate_options import installation_options, managed_certificate
from webhook.cli.cluster_options import (
    ClusterFlags,
    Connection,
    cluster_options,
    health_port_option,
)
from webhook.cli.durations import Duration
from webhook.cli.examples import examples
from webhook.cli.inputs import load_settings, reloadable_file
from webhook.cli.options import SettingsFlags, settings_options
from webhook.cli.policy_options import policies_option, resolve_sources
from webhook.server.cluster_policies import ClusterPolicies
from webhook.server.policy_files import ResolvedPolicySources
from webhook.server.policy_store import PolicyStore

if TYPE_CHECKING:
    from webhook.certificates.rotation.rotator import CertificateRotator
    from webhook.kube.facts_watcher import FactsWatcher
    from webhook.kube.policy_watcher import PoliciesWatcher
    from webhook.runtime.health import Check
    from webhook.runtime.hot_reload import Reloadable

DEFAULT_POLICY_SELECTOR = "graphgate.io/policy=true"
"""The labels of policies in the cluster where none are named."""


@click.command(
    "serve",
    epilog=examples(
        "graphgate serve --tls-cert certs/tls.crt --tls-key certs/tls.key",
        "graphgate serve --cert-source managed --watch-cluster --settings settings.yaml",
    ),
)
@click.option("--host", default="", help="Address to listen on. [default: every one]")
@click.option("--port", default=8443, show_default=True, help="HTTPS: /mutate and /validate.")
@health_port_option
@click.option(
    "--tls-cert",
    type=click.Path(path_type=Path),
    default=Path("certs/tls.crt"),
    show_default=True,
    help="PEM file of the certificate and its chain; reloaded when it changes.",
)
@click.option(
    "--tls-key",
    type=click.Path(path_type=Path),
    default=Path("certs/tls.key"),
    show_default=True,
    help="PEM file of its key.",
)
@click.option(
    "--client-ca",
    type=click.Path(path_type=Path),
    help="PEM file of a client CA; clients without a certificate signed by it are rejected.",
)
@click.option(
    "--tls-expect-san",
    "tls_expect_sans",
    multiple=True,
    metavar="NAME",
    help="Name that the certificate must have, or the server is not ready; may be repeated.",
)
@click.option(
    "--tls-expect-ca",
    type=click.Path(path_type=Path),
    help="PEM file of the CA that must have signed the certificate, or the server is not ready.",
)
@click.option(
    "--cert-source",
    type=click.Choice(["file", "managed"]),
    default="file",
    show_default=True,
    help="Where the certificate comes from: files (--tls-cert, --tls-key), or managed by "
    "graphgate, "
    "which keeps it in a Secret and sets the caBundle of its webhooks; see certs/README.md.",
)
@installation_options
@click.option(
    "--review-timeout",
    type=Duration(allow_zero=False),
    default="2s",
    show_default=True,
    help="How long one review may take; less than the webhooks' timeoutSeconds.",
)
@click.option(
    "--shutdown-delay",
    type=Duration(),
    default="10s",
    show_default=True,
    help="How long to continue serving after SIGTERM.",
)
@click.option(
    "--watch-cluster",
    is_flag=True,
    help="Follow the cluster's namespaces, model servers and version; see docs/facts.md.",
)
@click.option(
    "--denial-events",
    is_flag=True,
    help="Create an Event for a denied object; never on a dry run, and few at once.",
)
@click.option(
    "--record",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Record reviews in this folder (64 MiB at most) for graphgate review --replay; possible "
    "secrets are replaced.",
)
@cluster_options
@click.option(
    "--cluster-policies-selector",
    is_flag=False,
    flag_value=DEFAULT_POLICY_SELECTOR,
    metavar="[LABELS]",
    help="Evaluate the cluster's policies, their ConfigMaps and PolicyExceptions too: those with "
    f"these labels, as kubectl's -l. [without a value: {DEFAULT_POLICY_SELECTOR}; settings: "
    "policies.selector]",
)
@policies_option
@settings_options
def serve_command(
    host: str,
    port: int,
    health_port: int,
    tls_cert: Path,
    tls_key: Path,
    client_ca: Path | None,
    tls_expect_sans: tuple[str, ...],
    tls_expect_ca: Path | None,
    cert_source: str,
    namespace: str | None,
    name: str,
    review_timeout: float,
    shutdown_delay: float,
    watch_cluster: bool,
    denial_events: bool,
    record: Path | None,
    cluster: ClusterFlags,
    cluster_policies_selector: str | None,
    policy_paths: tuple[Path, ...],
    flags: SettingsFlags,
) -> None:
    """Serve the admission webhook over TLS.

    Runs until SIGTERM.
    """
    from webhook.graph.cluster_facts import NO_FACTS
    from webhook.server.cert_check import certificate_trust_check
    from webhook.server.config import ServerConfig
    from webhook.server.denial_events import DenialEvents
    from webhook.server.handler import AdmissionReviewHandler, warm_up
    from webhook.server.lifecycle import serve
    from webhook.server.recorder import ReviewRecorder
    from webhook.server.settings_store import SettingsStore

    manages_certificate = cert_source == "managed"
    if manages_certificate and (tls_expect_sans or tls_expect_ca):
        raise click.UsageError("--tls-expect-san and --tls-expect-ca are for --cert-source=file")
    if cluster_policies_selector == "":
        raise click.UsageError("--cluster-policies-selector must not be empty")
    watched_facts = _watch_facts(cluster) if watch_cluster else None
    settings_store = SettingsStore(lambda: load_settings(flags), reloadable_file(flags), warm_up)

    def policy_sources() -> ResolvedPolicySources:
        return resolve_sources(
            policy_paths, cluster_policies_selector, settings_store.settings, flags
        )

    selector = policy_sources().selector
    asks_cluster = watch_cluster or manages_certificate or selector or denial_events
    if (cluster.kubeconfig or cluster.context) and not asks_cluster:
        raise click.UsageError(
            "--kubeconfig and --context are for --watch-cluster, --cluster-policies-selector, "
            "--denial-events or --cert-source=managed"
        )
    watched_policies = ClusterPolicies(lambda labels: _watch_policies(cluster, namespace, labels))
    sources: list[Reloadable] = [settings_store] if flags.settings_file else []
    checks = [_cluster_check(watched_facts)] if watched_facts else []
    policies = PolicyStore(policy_sources, watched_policies)
    review_handler = AdmissionReviewHandler(
        settings_store,
        policies,
        (lambda: watched_facts.facts) if watched_facts else (lambda: NO_FACTS),
        review_timeout=review_timeout,
    )
    sources.append(policies)
    checks.append(policies.readiness_check())
    events = DenialEvents(cluster.open()) if denial_events else None
    handle = events.around(review_handler) if events else review_handler
    with contextlib.ExitStack() as running:
        if record is not None:
            handle = running.enter_context(ReviewRecorder(record)).around(handle)
        if manages_certificate:
            rotator = running.enter_context(managed_certificate(cluster, namespace, name))
            tls_cert, tls_key = rotator.certificate_file, rotator.key_file
            sources.append(rotator)
            checks.append(_certificate_check(rotator))
        elif tls_expect_sans or tls_expect_ca:
            checks.append(
                certificate_trust_check(tls_cert, tls_key, names=tls_expect_sans, ca=tls_expect_ca)
            )
        config = ServerConfig(
            certificate=tls_cert,
            key=tls_key,
            client_ca=client_ca,
            host=host,
            port=port,
            health_port=health_port,
            shutdown_delay=shutdown_delay,
        )
        if manages_certificate or selector:
            # Small files in memory, and the first certificate of an installation should not wait;
            # neither should a policy.
            config = replace(config, reload_interval=1.0)
        code = serve(
            config,
            handle,
            sources=sources,
            checks=checks,
            register_metrics=lambda metrics: [
                each.register_metrics(metrics) for each in (policies, events) if each
            ],
            background=[each for each in (watched_facts, watched_policies, events) if each],
        )
    sys.exit(code)


def _watch_facts(cluster: ClusterFlags) -> "FactsWatcher":
    """Return the facts of a cluster, not yet watched; raise KubeApiUnavailableError without one."""
    from webhook.kube.facts_watcher import FactsWatcher

    return FactsWatcher(cluster.open(), cluster.seldon_config_map)


def _watch_policies(cluster: Connection, namespace: str | None, selector: str) -> "PoliciesWatcher":
    """Return the policies of a cluster, not yet watched.

    Raise KubeApiUnavailableError without one.
    """
    from webhook.kube.policy_watcher import PoliciesWatcher

    transport = cluster.open()
    return PoliciesWatcher(
        transport, selector, exceptions_namespace=namespace or transport.namespace
    )


def _cluster_check(watched_facts: "FactsWatcher") -> "Check":
    """Return the check that the facts were read once, and are being followed."""
    from webhook.runtime.health import Check

    return Check("cluster", watched_facts.health)


def _certificate_check(rotator: "CertificateRotator") -> "Check":
    """Return the check that API servers will believe the certificate in use."""
    from webhook.runtime.health import Check

    return Check("trust", rotator.health)
