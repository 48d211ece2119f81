"""The command `graphgate`; also `kubectl graphgate` and `python -m webhook`."""

import gc
import sys

# Imports make many objects and no garbage: a tenth of the start went into looking for some.
gc.set_threshold(50_000, 20, 100)

from webhook.cli import graphgate  # noqa: E402 — after the line above
from webhook.errors import GraphgateError  # noqa: E402 — as above


def main() -> None:
    """Run the command line; an error of the tree becomes one sentence and exit code 2."""
    try:
        graphgate()
    except GraphgateError as error:
        sys.stderr.write(f"graphgate: {error}\n")
        sys.exit(2)
    except BrokenPipeError:
        # The reader (head, less) has what it wanted. Closing stdout again would complain.
        sys.stderr.close()
        sys.exit(0)


if __name__ == "__main__":
    main()
