"""`graphgate review`: AdmissionReviews in, responses out, exactly as the server answers them."""

import sys
from pathlib import Path

import click

from webhook.cli.examples import examples
from webhook.cli.inputs import load_facts, load_settings
from webhook.cli.options import SettingsFlags, facts_option, settings_options
from webhook.cli.policy_options import policies_option, resolve_policy_context
from webhook.cli.standard_output import report_line, write_document
from webhook.errors import MalformedReviewError
from webhook.files import read_input


@click.command(
    "review",
    epilog=examples(
        "graphgate review review.json", "graphgate review --settings settings.yaml review.json"
    ),
)
@click.argument("file", type=click.Path(path_type=Path), default="-")
@click.option(
    "--endpoint",
    type=click.Choice(["mutate", "validate"]),
    default="mutate",
    show_default=True,
    help="Which endpoint responds.",
)
@click.option(
    "--replay",
    is_flag=True,
    help="Show which recorded responses would differ now; FILE comes from graphgate serve --record "
    "or from an audit log.",
)
@policies_option
@facts_option
@settings_options
def review_command(
    file: Path,
    endpoint: str,
    replay: bool,
    policy_paths: tuple[Path, ...],
    facts_file: Path | None,
    flags: SettingsFlags,
) -> None:
    """Answer AdmissionReviews from a file or standard input.

    FILE holds one review, or one a line. Each answer is a line. Exit 0: all allowed, 1: one was
    denied, 2: one could not be read. With --replay, 1: one that was allowed would be denied.
    """
    from webhook.admission import Endpoint, handle_review

    settings = load_settings(flags)
    facts = load_facts(facts_file)
    policy_context = resolve_policy_context(policy_paths, settings, flags)
    try:
        content = read_input(file)
    except OSError as error:
        raise MalformedReviewError(f"{file} cannot be read: {error.strerror}") from error
    if replay:
        from webhook.cli.replay import tell_replay

        sys.exit(tell_replay(content, settings, facts, policy_context))
    code = 0
    for number, body in _split_reviews(content):
        try:
            endpoint_name: Endpoint = "validate" if endpoint == "validate" else "mutate"
            result = handle_review(body, endpoint_name, settings, facts, policy_context)
        except MalformedReviewError as error:
            report_line(f"{file}:{number}: {error}")
            code = 2
            continue
        write_document(f"{result.body.decode()}\n")
        if result.verdict == "denied":
            code = max(code, 1)
    sys.exit(code)


def _split_reviews(content: bytes) -> list[tuple[int, bytes]]:
    """Return the reviews with their line: one for the whole content, or one for each line.

    If the first line is JSON by itself, the input is JSON lines, else one
    review.
    """
    import orjson

    lines = [(n, line) for n, line in enumerate(content.splitlines(), 1) if line.strip()]
    if not lines:
        raise MalformedReviewError("there is no AdmissionReview: the input is empty")
    try:
        orjson.loads(lines[0][1])
    except orjson.JSONDecodeError:
        if len(lines) > 1:
            return [(1, content)]
    return lines
