"""`graphgate audit`: evaluate all SeldonDeployments of a cluster, or of files."""

import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from webhook.cli.cluster_options import (
    ClusterFlags,
    ObjectScope,
    cluster_options,
    scope_options,
)
from webhook.cli.examples import examples
from webhook.cli.impact_options import CompareOptions, compare_options, tell_impact
from webhook.cli.inputs import load_facts, load_settings
from webhook.cli.options import SettingsFlags, facts_option, output_option, settings_options
from webhook.cli.policy_options import (
    ClusterPolicyFlags,
    cluster_policy_options,
    policies_option,
    resolve_sources,
)
from webhook.cli.standard_output import report_line, write_document, write_text
from webhook.errors import PolicyError, SettingsError
from webhook.server.policy_files import parse_policies, read_files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from webhook.cli.audit_sources import Audited_co, ObjectAuditor
    from webhook.engine.policy_context import PolicyContext
    from webhook.graph.selectors import LabelSelector
    from webhook.kube.client import Client


@click.command(
    "audit",
    epilog=examples(
        "graphgate audit --compare-settings new.yaml", "graphgate audit -o html > audit.html"
    ),
)
@click.argument("paths", nargs=-1, type=click.Path(allow_dash=True), metavar="[PATH|-]...")
@output_option(
    "text", "json", "sarif", "junit", "csv", "html", note="; html is one self-contained page"
)
@scope_options
@click.option(
    "--team-label",
    default="team",
    show_default=True,
    metavar="KEY",
    help="Label of objects or namespaces that names the owning team.",
)
@cluster_policy_options
@compare_options
@policies_option
@facts_option
@cluster_options
@settings_options
def audit_command(
    paths: tuple[str, ...],
    output: str,
    scope: ObjectScope,
    team_label: str,
    cluster_policies: ClusterPolicyFlags,
    policy_paths: tuple[Path, ...],
    facts_file: Path | None,
    cluster: ClusterFlags,
    compare: CompareOptions,
    flags: SettingsFlags,
) -> None:
    """Check the SeldonDeployments of a cluster or of files.

    Checks every object of the cluster, or those in the files that are named.

    Exit 0: all would be allowed, 1: one would be denied, 2: something could not be evaluated.
    With --compare-… only verdicts that change are shown, and 1 means that an allowed object would
    be denied.
    """
    from webhook.audit import Auditor, Tally
    from webhook.audit.auditor import ObjectFilter, settings_version
    from webhook.audit.formats import DETAILED_FORMATS, open_writer
    from webhook.audit.impact import ImpactAuditor
    from webhook.audit.model import AuditContext
    from webhook.cli.audit_sources import Progress, audit_cluster, audit_files, source_name

    if compare and output not in {"text", "json"}:
        raise click.UsageError("--compare options support only the output formats text and json")
    settings = load_settings(flags)
    selected = ObjectFilter(frozenset(scope.namespaces), _parse_selector(scope.selector))
    selector = cluster_policies.cluster_policies_selector
    sources = resolve_sources(policy_paths, selector, settings, flags)
    facts = load_facts(facts_file)
    missing: tuple[str, ...] = ()
    objects: dict[str, Any] = {}
    client = None if paths else cluster.open()
    if client is not None:
        if facts_file is None:
            from webhook.kube.facts import collect_facts

            gathered = collect_facts(client, scope.namespaces, cluster.seldon_config_map)
            facts, missing = gathered.facts, gathered.missing
            for sentence in missing:
                report_line(f"facts missing: {sentence}")
        if sources.selector:
            objects = _cluster_policies(
                client, sources.selector, cluster_policies.exceptions_namespace
            )
    policy_context = _policy_context(sources.paths, objects)
    auditor = Auditor(
        settings if compare else settings.enforced,
        facts,
        policy_context,
        team_label,
        with_details=output in DETAILED_FORMATS,
    )

    def audit_all(by: "ObjectAuditor[Audited_co]") -> "Iterator[Audited_co]":
        with Progress() as progress:
            if client is not None:
                yield from audit_cluster(client, by, scope.namespaces, scope.selector, progress)
                client.close()
            else:
                yield from audit_files(paths, by, selected, progress)

    write = write_text if output == "text" else write_document
    if compare:
        other_flags = compare.flags(flags)
        other_settings = load_settings(other_flags)
        other_paths = compare.compare_policies or policy_paths
        other_sources = resolve_sources(other_paths, None, other_settings, other_flags)
        other = Auditor(
            other_settings, compare.facts(facts), _policy_context(other_sources.paths, objects)
        )
        sys.exit(tell_impact(audit_all(ImpactAuditor(auditor, other)), output, write))
    writer = open_writer(
        output,
        AuditContext(
            source=client.server if client is not None else source_name(paths),
            created_at=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            version=version("graphgate"),
            settings_version=settings_version(settings),
            policy_set_version=policy_context.policies.version if policy_context else "",
            kubernetes_version=_minor_version(facts.kubernetes_minor),
            missing=missing,
        ),
    )
    tally = Tally()
    for audited in audit_all(auditor):
        tally.add(audited)
        write(writer.add(audited))
    write(writer.finish(tally))
    if not tally.objects:
        report_line("no SeldonDeployment found")
    sys.exit(tally.exit_code)


def _minor_version(minor: int | None) -> str:
    return "" if minor is None else f"1.{minor}"


def _parse_selector(text: str) -> "LabelSelector":
    from webhook.graph.selectors import parse_selector

    try:
        return parse_selector(text)
    except ValueError as error:
        raise SettingsError(f"--selector: {error}") from error


def _cluster_policies(
    cluster: "Client", selector: str, exceptions_namespace: str | None
) -> dict[str, Any]:
    from webhook.cli.audit_sources import fetch_policies

    return dict(fetch_policies(cluster, selector, exceptions_namespace or cluster.namespace))


def _policy_context(paths: tuple[Path, ...], objects: dict[str, Any]) -> "PolicyContext | None":
    """Return the policies of files and cluster; None if there are none.

    Raise PolicyError if a file cannot be used. An object of the cluster that cannot is named, and
    left out: the webhook does the same.
    """
    if not (paths or objects):
        return None
    from webhook.engine.policy_context import PolicyContext

    policies = parse_policies(read_files(paths), objects)
    in_files = [str(each) for each in policies.problems if each.file not in objects]
    if in_files:
        raise PolicyError(*in_files)
    for problem in policies.problems:
        report_line(f"policy not used: {problem}")
    return PolicyContext(policies, int(time.time())) if policies.version else None
