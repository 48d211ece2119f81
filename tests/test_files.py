"""No path makes graphgate wait, or read without end."""

import errno
import io
import os
import re
import socket
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.server.pki import Authority
from webhook import files
from webhook.certificates.files import read_pair
from webhook.errors import CertificateError, PolicyError
from webhook.files import read_file, read_input
from webhook.runtime.tls import ReloadingTlsContext, load_tls_identity
from webhook.server.cert_check import certificate_trust_check
from webhook.server.policy_files import read_files

PACKAGE = Path(files.__file__).parent


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    path = tmp_path / "fifo.yaml"
    os.mkfifo(path)
    return path


def test_a_regular_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"content")
    assert read_file(path) == b"content"
    assert read_input(str(path)) == b"content"


def test_symbolic_links_are_followed_as_mounted_secrets_need(tmp_path: Path) -> None:
    (tmp_path / "..data").mkdir()
    (tmp_path / "..data" / "tls.key").write_bytes(b"content")
    (tmp_path / "tls.key").symlink_to("..data/tls.key")
    assert read_file(tmp_path / "tls.key") == b"content"


def test_a_file_without_a_size_is_read_to_its_end() -> None:
    assert read_file("/proc/self/status").startswith(b"Name:")


def test_a_fifo_is_refused_and_not_waited_for(fifo: Path) -> None:
    with pytest.raises(OSError, match='a FIFO, not a regular file \\("-" is standard input\\)'):
        read_file(fifo)


def test_a_link_to_a_fifo_is_refused_too(fifo: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(fifo)
    with pytest.raises(OSError, match="a FIFO"):
        read_file(link)


def test_a_fifo_that_takes_the_place_of_a_file_is_refused(
    fifo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    regular = Path(__file__).stat()
    monkeypatch.setattr(os, "stat", lambda _: regular)
    with pytest.raises(OSError, match="a FIFO"):
        read_file(fifo)


@pytest.mark.parametrize("device", ["/dev/null", "/dev/full", "/dev/zero"])
def test_a_device_is_refused_and_not_opened(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(os, "open", refuse)  # what opening does is the device's own affair
    with pytest.raises(OSError, match="a character device, not a regular file"):
        read_file(device)


def test_a_socket_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # the path of a socket is short
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("socket")
        with pytest.raises(OSError, match="a socket"):
            read_file("socket")


def test_a_folder_and_a_missing_file_are_what_the_system_says(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        read_file(tmp_path)
    with pytest.raises(FileNotFoundError):
        read_file(tmp_path / "none")


def test_a_file_has_a_size_and_one_byte_more_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * (1 << 20))
    assert len(read_file(path, 1 << 20)) == 1 << 20
    path.write_bytes(b"x" * ((1 << 20) + 1))
    with pytest.raises(OSError, match="larger than 1 MiB") as caught:
        read_file(path, 1 << 20)
    assert caught.value.errno == errno.EFBIG


def test_a_sparse_file_of_a_terabyte_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(OSError, match="larger than 1 MiB"):
        read_file(path, 1 << 20)


class Endless(io.RawIOBase):
    """Standard input that never ends; counts what was taken of it."""

    def __init__(self) -> None:
        self.taken = 0

    def read(self, size: int = -1) -> bytes:
        assert size >= 0
        self.taken += size
        return b"x" * size


def test_standard_input_has_the_same_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    endless = Endless()
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=endless))
    with pytest.raises(OSError, match="larger than 2 MiB"):
        read_input("-", 2 << 20)
    assert endless.taken <= (2 << 20) + 1


def test_certificates_keys_and_cas_are_read_so(fifo: Path, tmp_path: Path) -> None:
    Authority().issue().write(tmp_path)
    certificate, key = tmp_path / "tls.crt", tmp_path / "tls.key"
    for pair in ((fifo, key, None), (certificate, fifo, None), (certificate, key, fifo)):
        with pytest.raises(CertificateError, match="a FIFO"):
            load_tls_identity(*pair)
    with pytest.raises(CertificateError, match="a FIFO"):
        read_pair(certificate, fifo)
    check = certificate_trust_check(certificate, key, names=(), ca=fifo)
    assert "a FIFO" in check.probe().detail


def test_a_key_that_becomes_a_fifo_leaves_the_last_good_pair(fifo: Path, tmp_path: Path) -> None:
    Authority().issue().write(tmp_path)
    tls = ReloadingTlsContext(tmp_path / "tls.crt", tmp_path / "tls.key")
    fifo.rename(tmp_path / "tls.key")
    served = tls.identity
    with pytest.raises(CertificateError, match="a FIFO"):
        tls.reload_if_changed()
    assert tls.identity is served


def test_policies_are_read_so(fifo: Path) -> None:
    with pytest.raises(PolicyError, match="a FIFO"):
        read_files([fifo])


# What belongs to graphgate or to a package, and not to a user.
CONSTANTS = re.compile(r"with_name\(|__file__|\(folder / \"")
MODULES_OF_CONSTANTS = {
    "files.py",
    "audit/formats/html_format.py",
    "cel/time_zones.py",
    "cli/commands/schema.py",
}


def test_there_is_no_other_way_to_read_a_file() -> None:
    reads = re.compile(
        r"\.read_bytes\(\)|\.read_text\(|\bstdin\.(?!isatty)|(?<!def )(?<![\w.])open\(|\.open\(\"r"
    )
    found = [
        f"{path.relative_to(PACKAGE)}:{number}"
        for path in PACKAGE.rglob("*.py")
        if str(path.relative_to(PACKAGE)) not in MODULES_OF_CONSTANTS
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if reads.search(line) and not CONSTANTS.search(line)
    ]
    assert found == []
