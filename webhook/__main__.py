"""The command `graphgate`; also `kubectl graphgate` and `python -m webhook`."""

import gc
import sys
import traceback

# Imports make many objects and no garbage: a tenth of the start went into looking for some.
gc.set_threshold(50_000, 20, 100)

from webhook.cli import graphgate  # noqa: E402 — after the line above
from webhook.cli.extras import missing_extra  # noqa: E402 — as above
from webhook.cli.standard_output import escape_unencodable, make_inert  # noqa: E402 — as above
from webhook.errors import GraphgateError  # noqa: E402 — as above


def main() -> None:
    """Run the command line; an error of the tree becomes a line for each sentence, exit code 2.

    So does a module that only an extra of the package brings. An error of graphgate itself is exit
    code 2, too: 1 would mean that something was denied.
    """
    escape_unencodable()
    try:
        graphgate()
    except GraphgateError as error:
        sys.stderr.write(format_error(error))
        sys.exit(2)
    except ModuleNotFoundError as error:
        sentence = missing_extra(error.name)
        if sentence is None:
            raise
        sys.stderr.write(f"graphgate: {sentence}\n")
        sys.exit(2)
    except Exception:  # noqa: BLE001 — whatever it is, exit code 1 would be wrong
        traceback.print_exc()
        sys.stderr.write("graphgate: this is an error of graphgate; please report it\n")
        sys.exit(2)


def format_error(error: GraphgateError) -> str:
    """Return the lines that standard error gets: one for each sentence."""
    return "".join(f"graphgate: {make_inert(sentence)}\n" for sentence in str(error).splitlines())


if __name__ == "__main__":
    main()
