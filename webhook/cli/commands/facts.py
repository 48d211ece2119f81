"""`graphgate facts`: what a rule may want to know of a cluster, written into a file."""

import click

from webhook.cli.cluster_options import cluster_options, open_cluster, parse_config_map
from webhook.cli.examples import examples


@click.command(
    "facts",
    epilog=examples(
        "graphgate facts > facts.yaml", "graphgate facts -n models -n staging > facts.yaml"
    ),
)
@click.option(
    "-n",
    "--namespace",
    "namespaces",
    multiple=True,
    metavar="NAME",
    help="Only this namespace; may be repeated. [default: all]",
)
@cluster_options
def facts_command(
    namespaces: tuple[str, ...], kubeconfig: str | None, context: str | None, seldon_config: str
) -> None:
    """Print facts about a cluster for checks without it.

    The file is for --facts of check, review, fix and render.

    Namespaces with labels and annotations, model servers, OpenShift, Kubernetes version, and how
    deep a graph the cluster keeps. What this user may not read is left out, and said on standard
    error.
    """
    from webhook.kube.facts import collect_facts
    from webhook.settings.facts_file import write_facts

    config = parse_config_map(seldon_config)
    cluster = open_cluster(kubeconfig, context)
    try:
        gathered = collect_facts(cluster, namespaces, config)
    finally:
        cluster.close()
    for missing in gathered.missing:
        click.echo(f"graphgate: left out: {missing}", err=True)
    heading = f"# Written by graphgate facts, from {cluster.server}\n"
    click.echo(write_facts(gathered.facts, heading), nl=False)
