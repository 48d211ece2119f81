"""Files are written whole or not at all, and keys are for their owner."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from webhook.certificates.files import read_pair, write_files
from webhook.certificates.init import init_certificates
from webhook.certificates.verify import inspect
from webhook.errors import CertificateError

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_init_writes_four_files_that_belong_together(tmp_path: Path) -> None:
    out = tmp_path / "new" / "certs"
    written = init_certificates(out, now=NOW)
    assert written == [out / n for n in ("ca.crt", "ca.key", "tls.crt", "tls.key")]
    assert set(contents(out)) == {"ca.crt", "ca.key", "tls.crt", "tls.key"}
    bundle = (out / "ca.crt").read_bytes()
    server = inspect(
        read_pair(out / "tls.crt", out / "tls.key"),
        NOW,
        bundle=bundle,
        names=["graphgate.graphgate-system.svc"],
    )
    assert server.problems == ()
    assert inspect(read_pair(out / "ca.crt", out / "ca.key"), NOW).key_matches


def test_keys_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    written = init_certificates(tmp_path, now=NOW)
    assert [mode(path) for path in written] == [0o644, 0o600, 0o644, 0o600]


def test_init_names_the_service_it_is_given(tmp_path: Path) -> None:
    init_certificates(tmp_path, now=NOW, service="gate", namespace="ml")
    pair = read_pair(tmp_path / "tls.crt", tmp_path / "tls.key")
    assert "gate.ml.svc" in inspect(pair, NOW).names


def test_what_init_writes_lasts_ten_years_unless_asked_otherwise(tmp_path: Path) -> None:
    for lifetime, folder in ((None, "ten-years"), (timedelta(days=9), "nine-days")):
        out = tmp_path / folder
        if lifetime is None:
            init_certificates(out, now=NOW)
        else:
            init_certificates(out, now=NOW, lifetime=lifetime)
        for stem in ("ca", "tls"):
            end = inspect(read_pair(out / f"{stem}.crt", out / f"{stem}.key"), NOW).not_after
            assert end - NOW == (lifetime or timedelta(days=3650))


def test_init_does_not_overwrite_unless_forced(tmp_path: Path) -> None:
    (tmp_path / "tls.key").write_bytes(b"precious")
    with pytest.raises(CertificateError) as error_info:
        init_certificates(tmp_path, now=NOW)
    assert str(error_info.value) == (
        f"{tmp_path} holds tls.key already: choose another folder with --out, "
        "or replace all four files with --force"
    )
    assert contents(tmp_path) == {"tls.key": b"precious"}
    init_certificates(tmp_path, now=NOW, overwrite=True)
    assert len(contents(tmp_path)) == 4
    assert mode(tmp_path / "tls.key") == 0o600


def test_a_name_that_is_no_dns_label_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(CertificateError, match='the service "a_b" is not a DNS label'):
        init_certificates(tmp_path, now=NOW, service="a_b")
    assert contents(tmp_path) == {}


def test_a_failed_write_leaves_everything_as_it_was(tmp_path: Path) -> None:
    """The second file cannot be made (its name has a folder that is not there)."""
    write_files(tmp_path, {"tls.crt": b"old", "tls.key": b"old"})
    with pytest.raises(CertificateError, match="No such file or directory"):
        write_files(tmp_path, {"tls.crt": b"new", "missing/tls.key": b"new"})
    assert contents(tmp_path) == {"tls.crt": b"old", "tls.key": b"old"}


def test_a_failed_rename_leaves_no_draft(tmp_path: Path) -> None:
    (tmp_path / "tls.crt").mkdir()
    with pytest.raises(CertificateError, match="cannot write the certificates"):
        write_files(tmp_path, {"tls.crt": b"new"})
    assert [path.name for path in tmp_path.iterdir()] == ["tls.crt"]


def test_a_folder_that_is_a_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "certs").write_bytes(b"")
    with pytest.raises(CertificateError) as error_info:
        init_certificates(tmp_path / "certs", now=NOW)
    assert str(error_info.value) == (
        f"cannot write the certificates to {tmp_path / 'certs'}: File exists"
    )


def test_a_missing_file_is_named_with_the_way_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(CertificateError) as error_info:
        read_pair(tmp_path / "tls.crt", tmp_path / "tls.key")
    assert str(error_info.value) == (
        f"{tmp_path / 'tls.crt'} cannot be read: No such file or directory; "
        "create a certificate with graphgate certs init --out FOLDER"
    )


def test_a_read_pair_is_called_by_its_paths(tmp_path: Path) -> None:
    init_certificates(tmp_path, now=NOW)
    (tmp_path / "tls.key").write_bytes(b"")
    with pytest.raises(CertificateError) as error_info:
        inspect(read_pair(tmp_path / "tls.crt", tmp_path / "tls.key"), NOW)
    assert str(error_info.value) == f"{tmp_path / 'tls.key'} contains no PEM private key"
