"""What a plain installation leaves out, and how to get it.

`pip install graphgate` brings what reads, checks and fixes files. The rest of pyproject.toml's
dependencies are extras; a command that needs one which is missing ends with one sentence.
"""

import sys

EXTRA_OF = {
    "re2": "policies",
    "tzdata": "policies",
    "cryptography": "server",
    "httptools": "server",
    "prometheus_client": "server",
    "starlette": "server",
    "uvicorn": "server",
    "uvloop": "server",
    "kubernetes": "cluster",
}
"""The extra of pyproject.toml that brings each module."""

_WHAT_IT_IS_FOR = {
    "policies": "Policies",
    "server": "The webhook, the reconciler and certificates",
    "cluster": "Commands that talk to a cluster",
}

_POSIX_ONLY = frozenset({"fcntl", "resource", "uvloop"})


def missing_extra(module: str | None, *, platform: str = sys.platform) -> str | None:
    """Return the sentence for a module that could not be imported; None if no extra brings it.

    module    as `ModuleNotFoundError.name` has it, such as "cryptography.x509"
    platform  as `sys.platform` has it
    """
    package = (module or "").partition(".")[0]
    if platform == "win32" and package in _POSIX_ONLY:
        return "this command does not run on Windows; use Linux, macOS or a container"
    extra = EXTRA_OF.get(package)
    if extra is None:
        return None
    return (
        f"{_WHAT_IT_IS_FOR[extra]} require packages that are not installed (no module "
        f"\"{package}\"): pip install 'graphgate[{extra}]'"
    )
