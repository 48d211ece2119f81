"""`graphgate security`: the effective security context of each container, and its source."""

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from webhook.cli.examples import examples
from webhook.cli.inputs import load_facts, load_settings
from webhook.cli.manifests import report_nothing_found, select_manifests
from webhook.cli.options import SettingsFlags, facts_option, output_option, settings_options
from webhook.cli.standard_output import report_line, write_document, write_text
from webhook.cli.trees import draw_trees
from webhook.errors import DocumentError
from webhook.files import read_input

if TYPE_CHECKING:
    from webhook.engine.operator import OperatorChoice


@click.command(
    "security",
    epilog=examples(
        "graphgate security model.yaml",
        "graphgate security -o json --settings settings.yaml models/",
    ),
)
@click.argument("paths", nargs=-1, type=click.Path(allow_dash=True), metavar="[PATH|-]...")
@output_option("text", "json")
@facts_option
@settings_options
def security_command(
    paths: tuple[str, ...], output: str, facts_file: Path | None, flags: SettingsFlags
) -> None:
    """Show effective security settings.

    Shows the graph, the effective security context of each container, and what set each value.

    Containers that the operator adds are shown too: model servers, orchestrator, storage
    initializer, explainer. Exit code 0, or 2 if something could not be read.
    """
    from webhook.engine.evaluated_object import read_object
    from webhook.lint.kind import is_seldon_deployment
    from webhook.lint.lint import operator_of
    from webhook.lint.result import identify_object
    from webhook.picture import build_picture
    from webhook.report import security_context_text
    from webhook.report.security_context import explain_security
    from webhook.report.text import operator_lines
    from webhook.yamldoc import read

    settings, facts = load_settings(flags), load_facts(facts_file)
    results, trees, failed, others = [], [], False, 0
    operators: Counter[OperatorChoice] = Counter()
    for path in select_manifests(paths).files:
        try:
            parsed_file = read(read_input(path))
        except OSError as error:
            raise DocumentError(f"{path} cannot be opened: {error.strerror}") from error
        for problem in parsed_file.errors:
            report_line(f"{path}:{problem.line}:{problem.column}: {problem}")
            failed = True
        for document in parsed_file.documents:
            if is_seldon_deployment(document.value):
                evaluated = read_object(document.value, settings, facts)
                operators[operator_of(evaluated)] += 1
                explained = list(explain_security(evaluated))
                results.append((identify_object(document.value), explained))
                trees.append(draw_trees([build_picture(evaluated, ())]))
            else:
                others += 1
    if output == "json":
        values = [security_context_text.to_value(who, explained) for who, explained in results]
        write_document(security_context_text.format_json(values))
    else:
        blocks = [
            f"{tree}\n{security_context_text.format_text(who['name'], explained)}"
            for tree, (who, explained) in zip(trees, results, strict=True)
        ]
        write_text("\n".join(blocks), styled=True)
        if operators:
            write_text("\n" + "".join(f"{line}\n" for line in operator_lines(operators, "shown")))
    if not results and not failed:
        report_nothing_found(paths, others)
    sys.exit(2 if failed else 0)
