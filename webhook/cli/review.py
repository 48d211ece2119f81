"""`graphgate review`: AdmissionReviews in, responses out, exactly as the server answers them."""

import sys
from pathlib import Path

import click

from webhook.cli._options import (
    SettingsFlags,
    facts_option,
    load_facts,
    load_settings,
    read_bytes,
    settings_options,
)
from webhook.cli._policies import demands_of, policies_option
from webhook.errors import MalformedReview


@click.command("review")
@click.argument("file", type=click.Path(path_type=Path), default="-")
@click.option(
    "--endpoint",
    type=click.Choice(["mutate", "validate"]),
    default="mutate",
    show_default=True,
    help="Which endpoint is to answer.",
)
@policies_option
@facts_option
@settings_options
def review_command(
    file: Path,
    endpoint: str,
    policy_paths: tuple[Path, ...],
    facts_file: Path | None,
    flags: SettingsFlags,
) -> None:
    """Answer the AdmissionReviews in FILE (default: standard input).

    FILE holds one review, or one a line. Each answer is a line. Exit 0: all allowed, 1: one was
    denied, 2: one could not be read.
    """
    from webhook.admission import Endpoint, answer

    settings = load_settings(flags)
    facts = load_facts(facts_file)
    demands = demands_of(policy_paths, settings, flags)
    try:
        content = read_bytes(file)
    except OSError as error:
        raise MalformedReview(f"{file} cannot be read: {error.strerror}") from error
    code = 0
    for number, body in _reviews(content):
        try:
            which: Endpoint = "validate" if endpoint == "validate" else "mutate"
            given = answer(body, which, settings, facts, demands)
        except MalformedReview as error:
            click.echo(f"graphgate: {file}:{number}: {error}", err=True)
            code = 2
            continue
        click.echo(given.body)
        if given.verdict == "denied":
            code = max(code, 1)
    sys.exit(code)


def _reviews(content: bytes) -> list[tuple[int, bytes]]:
    """Return the reviews with their line: one for the whole content, or one for each line.

    JSON lines are told from one review that is spread over lines by whether the first line is
    JSON by itself.
    """
    import orjson

    lines = [(n, line) for n, line in enumerate(content.splitlines(), 1) if line.strip()]
    if not lines:
        raise MalformedReview("there is no AdmissionReview: the input is empty")
    try:
        orjson.loads(lines[0][1])
    except orjson.JSONDecodeError:
        if len(lines) > 1:
            return [(1, content)]
    return lines
