"""A certificate that callers would not believe makes the server unready, and says why."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from webhook.certificates.files import write_files
from webhook.certificates.init import init_certificates
from webhook.certificates.issue import issue_ca, issue_server_cert
from webhook.runtime.health import CheckResult
from webhook.server.cert_check import certificate_trust_check

NOW = datetime(2030, 1, 1, tzinfo=UTC)
NAME = "graphgate.graphgate-system.svc"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    init_certificates(tmp_path, now=NOW)
    return tmp_path


def trust_status(
    folder: Path, *, name: str = NAME, ca: bool = True, now: datetime = NOW
) -> CheckResult:
    check = certificate_trust_check(
        folder / "tls.crt",
        folder / "tls.key",
        names=[name],
        ca=folder / "ca.crt" if ca else None,
        clock=lambda: now,
    )
    return check.probe()


def test_a_certificate_of_the_ca_with_the_name_will_do(folder: Path) -> None:
    found = trust_status(folder)
    assert found == CheckResult("ok", f"made for {NAME}, signed by a CA of {folder / 'ca.crt'}")
    assert trust_status(folder, ca=False) == CheckResult("ok", f"made for {NAME}")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"name": "graphgate.elsewhere.svc"}, "is not valid for graphgate.elsewhere.svc"),
        ({"now": NOW + timedelta(days=3651)}, "expired on 2039-12-30T00:00:00Z"),
        ({"now": NOW - timedelta(days=1)}, "is not valid before 2029-12-31T23:00:00Z"),
    ],
)
def test_what_callers_would_refuse_is_named(
    folder: Path, change: dict[str, object], sentence: str
) -> None:
    found = trust_status(folder, **change)  # type: ignore[arg-type]
    assert found.state == "failed"
    assert sentence in found.detail


def test_an_unknown_ca_is_named(folder: Path) -> None:
    other = issue_ca(NOW)
    write_files(folder, {"ca.crt": other.certificate})
    found = trust_status(folder)
    assert found.state == "failed"
    assert f"{folder / 'tls.crt'} is not signed by a CA of the bundle" in found.detail
    assert trust_status(folder, ca=False).state == "ok"


def test_the_key_of_another_certificate_is_named(folder: Path) -> None:
    other = issue_server_cert(issue_ca(NOW), [NAME], NOW)
    write_files(folder, {"tls.key": other.key})
    found = trust_status(folder)
    assert found.state == "failed"
    assert f"{folder / 'tls.key'} does not belong to this certificate" in found.detail


@pytest.mark.parametrize("name", ["tls.crt", "tls.key", "ca.crt"])
def test_a_file_that_is_not_there_is_the_reload_s_matter(folder: Path, name: str) -> None:
    """What was read before is in use; all pods unready at once would help nobody."""
    (folder / name).unlink()
    found = trust_status(folder)
    assert found.state == "degraded"
    assert str(folder / name) in found.detail


def test_an_answer_holds_for_ten_seconds(folder: Path) -> None:
    moments = iter([NOW, NOW + timedelta(seconds=9), NOW + timedelta(seconds=10)])
    check = certificate_trust_check(
        folder / "tls.crt",
        folder / "tls.key",
        names=[NAME],
        ca=None,
        clock=lambda: next(moments),
    )
    assert check.probe().state == "ok"
    (folder / "tls.crt").unlink()
    assert [check.probe().state, check.probe().state] == ["ok", "degraded"]
