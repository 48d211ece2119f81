"""A temporary folder that goes when its owner goes, also when the owner is killed.

A shell outside the owner's session holds the reading end of a pipe. The pipe closes when the
owner ends, for whatever reason; then the shell removes the folder and ends too.
"""

import shutil
import subprocess
import tempfile
from pathlib import Path

# Components that the kernel kills in the same moment may still write a file while the folder is
# being removed: hence up to 50 tries, a tenth of a second apart.
_JANITOR = """
cat >/dev/null
tries=0
until rm -rf -- "$1" || [ "$tries" -ge 50 ]; do tries=$((tries + 1)); sleep 0.1; done
"""


class Scratch:
    """A private folder; `remove` it, or leave that to the janitor."""

    def __init__(self, prefix: str) -> None:
        """Create the folder and its janitor."""
        self.path = Path(tempfile.mkdtemp(prefix=prefix))
        try:
            self._janitor = subprocess.Popen(
                ["/bin/sh", "-c", _JANITOR, "janitor", str(self.path)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                start_new_session=True,  # out of reach of Ctrl-C
            )
        except BaseException:
            shutil.rmtree(self.path, ignore_errors=True)
            raise

    def remove(self) -> None:
        """Remove the folder now, and let the janitor go; a second time does nothing."""
        # What the janitor would do, and at once: an error must not be silent here.
        if self.path.exists():
            shutil.rmtree(self.path)
        if self._janitor.stdin is not None:
            self._janitor.stdin.close()
        self._janitor.wait()
