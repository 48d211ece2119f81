"""`graphgate graph`: the inference graphs of SeldonDeployments as pictures."""

import sys
from pathlib import Path

import click

from webhook.cli.examples import examples
from webhook.cli.inputs import load_facts, load_settings
from webhook.cli.manifests import select_manifests
from webhook.cli.options import SettingsFlags, facts_option, output_option, settings_options
from webhook.cli.policy_options import policies_option, resolve_policy_context
from webhook.cli.standard_output import report_line, write_document, write_text
from webhook.cli.trees import draw_trees
from webhook.files import read_input


@click.command(
    "graph",
    epilog=examples("graphgate graph model.yaml", "graphgate graph -o svg model.yaml > model.svg"),
)
@click.argument("paths", nargs=-1, type=click.Path(allow_dash=True), metavar="[PATH|-]...")
@output_option("tree", "mermaid", "dot", "svg")
@click.option("--ascii", "only_ascii", is_flag=True, help="Draw the tree with ASCII only.")
@click.option(
    "--width",
    type=click.IntRange(40, 400),
    help="Columns of the tree. [default: the terminal's, else 80]",
)
@policies_option
@facts_option
@settings_options
def graph_command(
    paths: tuple[str, ...],
    output: str,
    only_ascii: bool,
    width: int | None,
    policy_paths: tuple[Path, ...],
    facts_file: Path | None,
    flags: SettingsFlags,
) -> None:
    """Draw inference graphs with their errors.

    Shows predictors, nodes and where they run.

    Several objects become one picture. Exit code 0, or 2 if something could not be read.
    """
    from webhook.lint.kind import is_seldon_deployment
    from webhook.lint.lint import find_in_object, read_document
    from webhook.picture import build_picture
    from webhook.yamldoc import read

    settings, facts = load_settings(flags), load_facts(facts_file)
    policy_context = resolve_policy_context(policy_paths, settings, flags)
    pictures, failed = [], False
    for path in select_manifests(paths).files:
        try:
            parsed_file = read(read_input(path))
        except OSError as error:
            report_line(f"{path} cannot be opened: {error.strerror}")
            failed = True
            continue
        for problem in parsed_file.errors:
            report_line(f"{path}:{problem.line}:{problem.column}: {problem}")
            failed = True
        for document in parsed_file.documents:
            if is_seldon_deployment(document.value):
                evaluated = read_document(document, settings, facts, policy_context)
                pictures.append(build_picture(evaluated, find_in_object(document, evaluated)))
    if not pictures:
        report_line("no SeldonDeployment found")
    elif output == "tree":
        write_text(draw_trees(pictures, width=width, only_ascii=only_ascii), styled=True)
    else:
        from importlib import import_module

        text: str = import_module(f"webhook.picture.{output}").write(pictures)
        write_document(text)
    sys.exit(2 if failed else 0)
