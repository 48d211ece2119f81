"""`graphgate facts`: what rules need to know about a cluster, written into a file."""

import click

from webhook.cli.cluster_options import ClusterFlags, cluster_options, namespaces_option
from webhook.cli.examples import examples
from webhook.cli.standard_output import report_line, write_document


@click.command(
    "facts",
    epilog=examples(
        "graphgate facts > facts.yaml", "graphgate facts -n models -n staging > facts.yaml"
    ),
)
@namespaces_option
@cluster_options
def facts_command(namespaces: tuple[str, ...], cluster: ClusterFlags) -> None:
    """Print facts about a cluster for checks without it.

    The file is for --facts of check, fix, render, review and others.

    Namespaces with labels and annotations, model servers, OpenShift, Kubernetes version, and how
    deep a graph the cluster keeps. What this user may not read is left out, and said on standard
    error.
    """
    from webhook.kube.facts import collect_facts
    from webhook.settings.facts_file import write_facts

    config = cluster.seldon_config_map
    client = cluster.open()
    try:
        gathered = collect_facts(client, namespaces, config)
    finally:
        client.close()
    for missing in gathered.missing:
        report_line(f"left out: {missing}")
    heading = f"# Written by graphgate facts, from {client.server}\n"
    write_document(write_facts(gathered.facts, heading))
