"""`graphgate policies`: policies of an organisation, in addition to the rules."""

import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from webhook.cli.examples import examples
from webhook.cli.options import output_option
from webhook.cli.standard_output import report_line, write_document, write_line, write_text
from webhook.cli.terminal import format_rows
from webhook.errors import PolicyError
from webhook.files import read_input
from webhook.graph.well_known import SELDON_API_VERSION, SELDON_KIND
from webhook.runtime.single_document import read_single_document
from webhook.server.policy_files import parse_policies, read_files

if TYPE_CHECKING:
    from webhook.policy import PolicySet

_PATHS = click.argument("paths", nargs=-1, type=click.Path(path_type=Path), required=True)


@click.group(
    "policies",
    epilog=examples(
        "graphgate policies test policies", "graphgate policies lint policies exceptions.yaml"
    ),
)
def policies_command() -> None:
    """Test, check, list and convert policies."""


@policies_command.command(
    "test",
    epilog=examples(
        "graphgate policies test policies",
        "graphgate policies test -o junit policies > policies.xml",
    ),
)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@output_option("text", "json", "junit")
@click.option(
    "--filter",
    "name_filter",
    default="",
    metavar="TEXT",
    help="Run only cases whose name contains this text; * matches any characters.",
)
@click.option(
    "--require-coverage",
    is_flag=True,
    help="Fail unless each validation and matchCondition was both true and false.",
)
def test_command(
    paths: tuple[Path, ...], output: str, name_filter: str, *, require_coverage: bool
) -> None:
    """Run the tests of policies.

    Without PATHS, those in the folder "policies".

    Exit 0: all passed, 1: one failed, 2: a policy or test cannot be used.
    """
    from webhook.engine.policy_tests import evaluate_rendered_objects
    from webhook.policy.testing.runner import run_tests
    from webhook.report.policy_tests import render_json, render_junit, render_text

    if name_filter and require_coverage:
        raise click.UsageError("--require-coverage needs all cases; leave out --filter")

    contents = {
        file: content.decode(errors="replace")
        for file, content in read_files(paths or (Path("policies"),)).items()
    }
    run = run_tests(contents, name_filter, evaluate_rendered_objects)
    render = {"text": render_text, "json": render_json, "junit": render_junit}[output]
    if output == "text":
        write_text(render(run))
    else:
        write_document(render(run))
    failed = run.failed_results or (require_coverage and run.coverage_gaps)
    if name_filter and not run.results:
        raise click.UsageError(f'no case has "{name_filter}" in its name')
    sys.exit(2 if run.problems else 1 if failed else 0)


@policies_command.command(
    "lint",
    epilog=examples(
        "graphgate policies lint policies/", "graphgate policies lint policies exceptions.yaml"
    ),
)
@_PATHS
def lint_command(paths: tuple[Path, ...]) -> None:
    """Report errors and warnings about policies.

    Exit 2 if one cannot be used.
    """
    from webhook.graph.text import count_noun
    from webhook.policy.inventory import lint_notes, lint_policies

    policies = parse_policies(read_files(paths))
    for problem in policies.problems:
        write_line(f"error: {problem}")
    for sentence in lint_policies(policies, int(time.time())):
        write_line(f"warning: {sentence}")
    for sentence in lint_notes(policies):
        write_line(f"note: {sentence}")
    count = len(policies.policies)
    version = f", version {policies.version}" if policies.version else ""
    write_line(f"{count_noun(count, 'policy', 'policies')}{version}")
    sys.exit(2 if policies.problems else 0)


@policies_command.command(
    "list",
    epilog=examples(
        "graphgate policies list policies/", "graphgate policies list policies exceptions.yaml"
    ),
)
@_PATHS
def list_command(paths: tuple[Path, ...]) -> None:
    """List policies with severity, bindings and required version.

    The version is the oldest Kubernetes that supports the policy. Exit 2 if one cannot be used.
    """
    from webhook.policy.inventory import list_policies

    policies = parse_policies(read_files(paths))
    rows = list_policies(policies)
    if not rows:
        write_line("no policies found")
        sys.exit(_report_problems(policies))
    listed = [
        (
            row.name,
            f"{row.title} ({', '.join(filter(None, (row.severity, row.category)))}; "
            f"Kubernetes {row.since_version}; {', '.join(row.bindings) or 'no binding'})",
        )
        for row in rows
    ]
    write_text(format_rows(listed))
    sys.exit(_report_problems(policies))


@policies_command.command(
    "exceptions",
    epilog=examples(
        "graphgate policies exceptions policies",
        "graphgate policies exceptions -o json exceptions.yaml",
    ),
)
@_PATHS
@output_option("text", "json")
def exceptions_command(paths: tuple[Path, ...], output: str) -> None:
    """List exceptions with objects, expiry and reason.

    Exit 2 if one cannot be used.
    """
    from webhook.policy.inventory import list_exceptions

    policies = parse_policies(read_files(paths))
    rows = list_exceptions(policies, int(time.time()))
    if output == "json":
        from webhook.report.json_text import format_json

        fields = {"expires_at": "expiresAt"}
        exceptions = [{fields.get(k, k): v for k, v in asdict(row).items()} for row in rows]
        write_document(format_json({"exceptions": exceptions}))
        sys.exit(_report_problems(policies))
    for row in rows:
        write_line(f"{row.state}: {row.name}: {row.objects} exempt from {row.exemptions}")
        write_line(f"    until {row.expires_at}: {row.reason}")
    if not rows:
        write_line("no exceptions found")
    sys.exit(_report_problems(policies))


@policies_command.command(
    "bench",
    epilog=examples(
        "graphgate policies bench policies", "graphgate policies bench --seconds 0.2 policies"
    ),
)
@_PATHS
@click.option("--seconds", default=2.0, show_default=True, help="How long to measure.")
def bench_command(paths: tuple[Path, ...], seconds: float) -> None:
    """Measure the time that policies add to a review.

    The review is that of a graph with three nodes.
    """
    from webhook.graph.cluster_facts import NO_FACTS
    from webhook.policy import apply_request, evaluate_policies, mutate_object

    policies = parse_policies(read_files(paths))
    if code := _report_problems(policies):
        sys.exit(code)
    request = apply_request(_sample_deployment())
    rounds, begun = 0, time.thread_time()
    while time.thread_time() - begun < seconds:
        evaluate_policies(policies, request, NO_FACTS)
        mutate_object(policies, request, NO_FACTS)
        rounds += 1
    each = (time.thread_time() - begun) / rounds
    write_line(f"{len(policies.policies)} policies: {each * 1e6:.0f} µs of CPU a review")


@policies_command.command(
    "convert",
    epilog=examples(
        "graphgate policies convert --from kyverno policy.yaml",
        "graphgate policies convert --from kyverno policy.yaml > converted.yaml",
    ),
)
@click.option(
    "--from",
    "system",
    type=click.Choice(["kyverno", "gatekeeper"]),
    required=True,
    help="Which system the policies are for.",
)
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
def convert_command(system: str, file: Path) -> None:
    """Convert CEL policies of another system.

    Writes ValidatingAdmissionPolicies and MutatingAdmissionPolicies.

    Expressions stay word for word. Comments say what was left out, and what does not load. Exit 1
    if there is nothing to carry over or a policy does not load.
    """
    from webhook import yamldoc
    from webhook.policy import SourceObject, load_policy_set
    from webhook.policy.conversion import convert_documents, explain_problem
    from webhook.yamldoc.emitter import emit_documents

    try:
        parsed = yamldoc.read(read_input(file))
    except OSError as error:
        raise PolicyError(f"{file} cannot be read: {error.strerror}") from error
    if parsed.errors:
        raise PolicyError(*(f"{file}:{e.line}:{e.column}: {e}" for e in parsed.errors))
    conversion = convert_documents((each.value for each in parsed.documents), system)
    policies = load_policy_set(SourceObject("", value) for value in conversion.objects)
    for note in conversion.notes:
        write_line(f"# {note}")
    for problem in policies.problems:
        write_line(f"# {problem.name}: does not load: {explain_problem(problem.message, system)}")
    write_document(emit_documents(conversion.objects))
    if not conversion.objects:
        report_line(f"nothing to convert in {file}")
    sys.exit(1 if policies.problems or not conversion.objects else 0)


@policies_command.command(
    "convert-psp",
    epilog=examples(
        "graphgate policies convert-psp psp.yaml",
        "graphgate policies convert-psp psp.yaml > settings.yaml",
    ),
)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def convert_psp_command(file: Path) -> None:
    """Convert a PodSecurityPolicy into settings.

    Comments name what has no equivalent.
    """
    from webhook.graph.well_known import GRAPHGATE_API_VERSION
    from webhook.podsecurity.psp.convert import convert_psp
    from webhook.settings.model import KIND
    from webhook.yamldoc.emitter import emit_document

    conversion = convert_psp(read_single_document(file).value)
    settings = {"apiVersion": GRAPHGATE_API_VERSION, "kind": KIND, **conversion.settings}
    for note in conversion.notes:
        write_line(f"# {note}")
    write_document(emit_document(settings))


def _report_problems(policies: "PolicySet") -> int:
    """Say on standard error what cannot be used; return the exit code."""
    for problem in policies.problems:
        report_line(str(problem))
    return 2 if policies.problems else 0


def _sample_deployment() -> dict[str, object]:
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
        "apiVersion": SELDON_API_VERSION,
        "kind": SELDON_KIND,
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
