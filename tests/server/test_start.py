"""What a server that cannot serve says, before anything is started."""

import socket
from pathlib import Path

import pytest

from tests.server.pki import Authority, Pair, encrypted
from tests.server.program import fake_handle_review
from webhook.errors import CertificateError, SettingsError
from webhook.server.config import ServerConfig
from webhook.server.lifecycle import serve


def config(folder: Path, **fields: object) -> ServerConfig:
    given = {"certificate": folder / "tls.crt", "key": folder / "tls.key", "host": "127.0.0.1"}
    return ServerConfig(**{**given, "port": 0, "health_port": 0, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(("field", "flag"), [("port", "--port"), ("health_port", "--health-port")])
def test_a_taken_port_is_named_with_its_flag(pair: Path, field: str, flag: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        with pytest.raises(SettingsError) as error_info:
            serve(config(pair, **{field: taken}), fake_handle_review)
    assert str(error_info.value) == (
        f"{flag} {taken}: the port is used by another process; stop it, or choose another port"
    )


def test_a_port_taken_on_all_addresses_is_named(pair: Path) -> None:
    with socket.create_server(("", 0)) as other:
        taken = other.getsockname()[1]
        with pytest.raises(SettingsError, match=f"--port {taken}: the port is used"):
            serve(config(pair, port=taken, host=""), fake_handle_review)


def test_one_port_for_both_is_refused(pair: Path) -> None:
    with pytest.raises(SettingsError, match="must differ; both are 8443"):
        serve(config(pair, port=8443, health_port=8443), fake_handle_review)


def test_a_number_that_is_no_port_is_refused(pair: Path) -> None:
    with pytest.raises(
        SettingsError, match="--port 65536: a port must be a number from 0 to 65535"
    ):
        serve(config(pair, port=65536), fake_handle_review)


def test_an_address_of_somebody_else_is_refused(pair: Path) -> None:
    with pytest.raises(SettingsError, match=r"192\.0\.2\.1 is not an address of this machine"):
        serve(config(pair, host="192.0.2.1"), fake_handle_review)


def test_a_missing_file_is_named(tmp_path: Path, authority: Authority) -> None:
    certificate, key = authority.issue().write(tmp_path)
    key.unlink()
    with pytest.raises(CertificateError) as error_info:
        serve(config(tmp_path), fake_handle_review)
    assert str(error_info.value) == (
        f"cannot read the key {key}: No such file or directory; set it with a flag,"
        ' or create one with "graphgate certs init"'
    )
    certificate.unlink()
    with pytest.raises(CertificateError, match=f"cannot read the certificate {certificate}"):
        serve(config(tmp_path), fake_handle_review)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(CertificateError, match="Is a directory"):
        serve(config(tmp_path, certificate=tmp_path), fake_handle_review)


def _mismatched(authority: Authority) -> Pair:
    return Pair(authority.issue().certificate, authority.issue().key)


FAULTS = {
    "does not belong to the certificate": _mismatched,
    "the key .* is encrypted; serve requires an unencrypted key": lambda a: encrypted(a.issue()),
    "the key .* contains no usable PEM private key": lambda a: Pair(a.issue().certificate, b"?"),
    "the certificate .* contains no PEM certificate": lambda a: Pair(b"?", a.issue().key),
}


@pytest.mark.parametrize(("sentence", "made"), FAULTS.items(), ids=FAULTS)
def test_a_pair_that_cannot_serve_is_one_sentence(
    tmp_path: Path, authority: Authority, sentence: str, made: "object"
) -> None:
    made(authority).write(tmp_path)  # type: ignore[operator]
    with pytest.raises(CertificateError, match=sentence) as error_info:
        serve(config(tmp_path), fake_handle_review)
    assert "\n" not in str(error_info.value)


def test_a_client_ca_that_is_none_is_named(pair: Path, tmp_path: Path) -> None:
    ca = tmp_path / "ca.crt"
    with pytest.raises(CertificateError, match=f"cannot read the client CA {ca}"):
        serve(config(pair, client_ca=ca), fake_handle_review)
    ca.write_text("?")
    with pytest.raises(CertificateError, match=f"the client CA {ca} contains no PEM certificate"):
        serve(config(pair, client_ca=ca), fake_handle_review)
