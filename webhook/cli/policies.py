"""`graphgate policies`: what an organisation wants, beyond what a graph must be."""

import sys
import time
from pathlib import Path

import click

from webhook.cli._options import read_one
from webhook.cli._policies import load_texts, texts

_PATHS = click.argument("paths", nargs=-1, type=click.Path(path_type=Path), required=True)


@click.group("policies")
def policies_command() -> None:
    """Test, check and list policies; carry PodSecurityPolicies over."""


@policies_command.command("test")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", type=click.Choice(["text", "junit"]), default="text", show_default=True
)
def test_command(paths: tuple[Path, ...], output: str) -> None:
    """Run the tests of the policies in files and folders (default: policies).

    Exit 0: all passed, 1: one failed, 2: a policy or test cannot be used.
    """
    from webhook.policy.trial_report import junit_report, text_report
    from webhook.policy.trials import run_tests

    contents = {
        file: content.decode(errors="replace")
        for file, content in texts(paths or (Path("policies"),)).items()
    }
    run = run_tests(contents)
    click.echo(junit_report(run) if output == "junit" else text_report(run), nl=False)
    sys.exit(2 if run.problems else 1 if run.failed else 0)


@policies_command.command("lint")
@_PATHS
def lint_command(paths: tuple[Path, ...]) -> None:
    """Say what is wrong or odd about policies. Exit 2 if one cannot be used."""
    from webhook.policy.listing import lint

    policies = load_texts(texts(paths))
    for problem in policies.problems:
        click.echo(f"error: {problem}")
    for sentence in lint(policies):
        click.echo(f"odd: {sentence}")
    count = len(policies.policies)
    click.echo(f"{count} polic{'y' if count == 1 else 'ies'}, version {policies.version}")
    sys.exit(2 if policies.problems else 0)


@policies_command.command("list")
@_PATHS
def list_command(paths: tuple[Path, ...]) -> None:
    """List policies with severity, bindings and the oldest Kubernetes that takes them."""
    from webhook.policy.listing import policy_rows

    rows = policy_rows(load_texts(texts(paths)))
    formatter = click.HelpFormatter(width=120)
    formatter.write_dl(
        [
            (
                row.name,
                f"{row.title} ({', '.join(filter(None, (row.severity, row.category)))}; "
                f"Kubernetes {row.since}; {', '.join(row.bindings) or 'no binding'})",
            )
            for row in rows
        ]
    )
    click.echo(formatter.getvalue(), nl=False)


@policies_command.command("exceptions")
@_PATHS
def exceptions_command(paths: tuple[Path, ...]) -> None:
    """List who is exempt from what, until when, and why."""
    from webhook.policy.listing import exception_rows

    rows = exception_rows(load_texts(texts(paths)), int(time.time()))
    for row in rows:
        click.echo(f"{row.state}: {row.name}: {row.objects} exempt from {row.exempt}")
        click.echo(f"    until {row.until}: {row.reason}")
    if not rows:
        click.echo("there are no exceptions")


@policies_command.command("bench")
@_PATHS
@click.option("--seconds", default=2.0, show_default=True, help="How long to measure.")
def bench_command(paths: tuple[Path, ...], seconds: float) -> None:
    """Measure what the policies cost on a review of a three-node graph."""
    from webhook.graph.facts import NOTHING_KNOWN
    from webhook.policy import evaluate, mutate, request_of

    policies = load_texts(texts(paths))
    request = request_of(_three_nodes())
    rounds, begun = 0, time.thread_time()
    while time.thread_time() - begun < seconds:
        evaluate(policies, request, NOTHING_KNOWN)
        mutate(policies, request, NOTHING_KNOWN)
        rounds += 1
    each = (time.thread_time() - begun) / rounds
    click.echo(f"{len(policies.policies)} policies: {each * 1e6:.0f} µs of CPU a review")


@policies_command.command("convert-psp")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def convert_psp_command(file: Path) -> None:
    """Carry a PodSecurityPolicy over into settings; say what has no equivalent."""
    import yaml

    from webhook.decisions.settings import API_VERSION, KIND
    from webhook.podsecurity.convert_psp import convert_psp

    conversion = convert_psp(read_one(file))
    settings = {"apiVersion": API_VERSION, "kind": KIND, **conversion.settings}
    for note in conversion.notes:
        click.echo(f"# {note}")
    click.echo(yaml.safe_dump(settings, sort_keys=False), nl=False)


def _three_nodes() -> dict[str, object]:
    """Return a valid SeldonDeployment of a common size."""
    names = ("scale", "classify", "label")
    container = {
        "resources": {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "1Gi"}},
        "env": [{"name": f"OPTION_{number}", "value": "x" * 20} for number in range(8)],
    }
    graph: dict[str, object] = {}
    for name in reversed(names):
        graph = {"name": name, "type": "MODEL", "children": [graph] if graph else []}
    return {
        "apiVersion": "machinelearning.seldon.io/v1",
        "kind": "SeldonDeployment",
        "metadata": {"name": "bench", "namespace": "models", "labels": {"team": "a"}},
        "spec": {
            "predictors": [
                {
                    "name": "main",
                    "graph": graph,
                    "componentSpecs": [
                        {
                            "spec": {
                                "containers": [
                                    {
                                        "name": name,
                                        "image": f"registry.example/{name}:1",
                                        **container,
                                    }
                                    for name in names
                                ]
                            }
                        }
                    ],
                }
            ]
        },
    }
