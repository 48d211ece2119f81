"""Signing: the checksums, which cover every artefact, with cosign or minisign and a key."""

import shutil
import subprocess
from pathlib import Path

import click


def sign_command(tool: str, key: Path, file: Path) -> list[str]:
    """Return the command that writes the signature of a file beside it."""
    if tool == "cosign":
        signature = f"{file}.sig"
        return [
            "cosign",
            "sign-blob",
            "--yes",
            f"--key={key}",
            f"--output-signature={signature}",
            str(file),
        ]
    return ["minisign", "-S", "-s", str(key), "-m", str(file), "-x", f"{file}.minisig"]


def sign(tool: str, key: Path, file: Path) -> None:
    """Sign a file; the tool asks for the key's password."""
    if shutil.which(tool) is None:
        raise click.ClickException(f"--sign needs {tool}, which is not installed")
    subprocess.run(sign_command(tool, key, file), check=True, timeout=600)
