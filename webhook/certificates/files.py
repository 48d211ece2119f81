"""Read and write PEM files, so that no reader ever finds half of one.

What does not belong here: what is in the files (`verify`), which files there are (`init`).
"""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from webhook.certificates.pair import KeyPair
from webhook.errors import CertificateError
from webhook.files import MAX_PEM_BYTES, read_file

_PRIVATE_MODE = 0o600
_PUBLIC_MODE = 0o644


def read_pair(certificate: Path, key: Path) -> KeyPair:
    """Return the pair in two files; their paths are what later sentences call them.

    Raises CertificateError if one cannot be read; the content is not checked.
    """
    return KeyPair(_read(certificate), _read(key), str(certificate), str(key))


def write_files(folder: Path, contents: Mapping[str, bytes]) -> list[Path]:
    """Write files (name → content) into `folder`, which is made if need be; return their paths.

    Files called *.key can be read by their owner only. All are written in full under other names
    first: a full disk or a missing right leaves everything as it was. Then each is renamed into
    place, in the order given; a reader sees each file whole, old or new. Between two renames he
    may see a new certificate with an old key: he compares them (`verify.inspect`) and tries
    again. Raises CertificateError if a file cannot be written.
    """
    temporaries: list[tuple[Path, Path]] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            temporaries.append((_write_temporary(folder, name, content), folder / name))
        for temporary, final in temporaries:
            temporary.replace(final)
    except OSError as error:
        raise CertificateError(
            f"cannot write the certificates to {folder}: {error.strerror or error}"
        ) from error
    finally:
        for temporary, _ in temporaries:
            temporary.unlink(missing_ok=True)
    return [final for _, final in temporaries]


def _write_temporary(folder: Path, name: str, content: bytes) -> Path:
    """Write `content` under another name in the same folder (a rename needs that)."""
    # mkstemp makes the file 0600 from the start: a key is never readable, not even for a moment.
    descriptor, path = tempfile.mkstemp(prefix=f".{name}.", dir=folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            os.fchmod(descriptor, _PRIVATE_MODE if name.endswith(".key") else _PUBLIC_MODE)
            file.flush()
            os.fsync(descriptor)
    except OSError:
        Path(path).unlink(missing_ok=True)
        raise
    return Path(path)


def _read(path: Path) -> bytes:
    try:
        return read_file(path, MAX_PEM_BYTES)
    except OSError as error:
        raise CertificateError(
            f"{path} cannot be read: {error.strerror or error}; "
            "create a certificate with graphgate certs init --out FOLDER"
        ) from error
