"""The ASGI application answers what `graphgate serve` answers."""

import asyncio
import base64
import http.client
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from tests import patience
from tests.admission.test_wire import encoded_review
from tests.documents_of import minimal
from tests.server.program import SettingsFile, fake_handle_review
from tests.server.support import JSON, ROOT, TIMEOUT_SECONDS, Client, review
from webhook.admission import Endpoint, ReviewResult, handle_review
from webhook.errors import SettingsError
from webhook.graph.cluster_facts import NO_FACTS
from webhook.runtime.health import Check, CheckResult
from webhook.runtime.limits import Limits
from webhook.runtime.metrics import ServerMetrics
from webhook.server.asgi import create_app, create_default_app
from webhook.server.uvicorn_server import UvicornConnection, uvicorn_config
from webhook.settings.model import read_settings

SETTINGS = "apiVersion: graphgate.io/v1alpha1\nkind: Settings\nprofile: default\n"
LARGEST = Limits().max_body_bytes
CALLS = {
    "allowed": ("POST", "/mutate?timeout=10s", review("u-7"), JSON),
    "denied": ("POST", "/validate", review("u-8", wish="deny"), JSON),
    "malformed": ("POST", "/validate", b"{", JSON),
    "no body": ("POST", "/mutate", b"", JSON),
    "our own crash": ("POST", "/mutate", review(wish="explode"), JSON),
    "a crash of a rule": ("POST", "/mutate", review(wish="crash"), JSON),
    "no content type": ("POST", "/mutate", review(), {}),
    "YAML": ("POST", "/mutate", review(), {"Content-Type": "application/yaml"}),
    "a parameter of the type": (
        "POST",
        "/mutate",
        review(),
        {"Content-Type": "Application/JSON; charset=utf-8"},
    ),
    "wrong path": ("POST", "/muttate", review(), JSON),
    "a slash too many": ("POST", "/mutate/", review(), JSON),
    "two slashes": ("POST", "//mutate", review(), JSON),
    "an escaped question mark": ("POST", "/mutate%3Fa", review(), JSON),
    "the root": ("POST", "/", review(), JSON),
    "a long path": ("POST", "/" + "m" * 2000, review(), JSON),
    "metrics": ("GET", "/metrics", b"", {}),
    "POST to the health check": ("POST", "/livez", review(), JSON),
    "DELETE of the readiness": ("DELETE", "/readyz?verbose", b"", {}),
    "GET": ("GET", "/mutate", b"", JSON),
    "PUT": ("PUT", "/validate", review(), JSON),
    "an unusual method": ("PURGE", "/validate", review(), JSON),
    "as large as may be": ("POST", "/mutate", review("u-9").ljust(LARGEST), JSON),
    "too large": ("POST", "/mutate", b" " * (LARGEST + 1), JSON),
    "too large for a wrong path": ("POST", "/x", b" " * (LARGEST + 1), JSON),
}


@pytest.fixture(scope="module")
def asgi() -> Iterator[TestClient]:
    with TestClient(create_app(fake_handle_review)) as client:
        yield client


@pytest.mark.parametrize(("method", "path", "body", "headers"), CALLS.values(), ids=CALLS)
def test_both_doors_give_the_same_answer(
    asgi: TestClient,
    client: Client,
    method: str,
    path: str,
    body: bytes,
    headers: dict[str, str],
) -> None:
    client.request(method, path, body, headers)
    served = client.getresponse()
    answer = asgi.request(method, f"http://testserver{path}", content=body, headers=headers)
    names = ("content-type", "content-length", "allow")
    assert (answer.status_code, answer.content, [answer.headers.get(n) for n in names]) == (
        served.status,
        served.read(),
        [served.headers.get(n) for n in names],
    )


def _core(settings: Any, body: bytes, endpoint: Endpoint) -> ReviewResult:
    return handle_review(body, endpoint, settings, NO_FACTS)


@pytest.mark.parametrize("endpoint", ["mutate", "validate"])
@pytest.mark.parametrize(
    ("document", "allowed"),
    [(minimal(), True), (minimal(lambda d: d["spec"].update(predictors=[])), False)],
    ids=["valid", "denied"],
)
def test_the_answer_is_the_core_s_byte_for_byte(
    endpoint: Endpoint, document: dict[str, Any], allowed: bool
) -> None:
    handler = partial(_core, read_settings(None, {}))
    body = encoded_review(document)
    answer = TestClient(create_app(handler)).post(f"/{endpoint}", content=body, headers=JSON)
    assert (answer.status_code, answer.content) == (200, handler(body, endpoint).body)
    assert answer.json()["response"]["allowed"] is allowed


def call(app: Starlette, messages: list[dict[str, Any]]) -> list[Any]:
    """Call the application as a server does, message by message; what it sends."""
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/mutate",
        "query_string": b"",
        "headers": [(b"content-type", b"application/json")],
    }
    asyncio.run(app(scope, receive, send))
    return sent


def test_a_body_without_its_length_is_bounded_while_it_arrives() -> None:
    app = create_app(fake_handle_review, limits=Limits(max_body_bytes=4096))
    piece = {"type": "http.request", "body": b" " * 1024, "more_body": True}
    messages = [piece] * 64
    start, body = call(app, messages)
    assert (start["status"], body["body"]) == (413, b"the body is larger than 4096 bytes\n")
    assert len(messages) == 64 - 5


def test_a_caller_that_is_gone_is_not_judged() -> None:
    piece = {"type": "http.request", "body": review(), "more_body": True}
    metrics = ServerMetrics()
    app = create_app(fake_handle_review, metrics=metrics)
    assert call(app, [piece, {"type": "http.disconnect"}]) == []
    assert b"graphgate_requests_total{" not in metrics.render_metrics()


def test_calls_are_counted_as_they_are_by_serve() -> None:
    metrics = ServerMetrics()
    client = TestClient(create_app(fake_handle_review, metrics=metrics))
    client.post("/mutate", content=review(), headers=JSON)
    client.post("/validate", content=b"{", headers=JSON)
    text = metrics.render_metrics().decode()
    assert 'graphgate_requests_total{code="200",endpoint="mutate"} 1.0' in text
    assert 'graphgate_requests_total{code="400",endpoint="validate"} 1.0' in text


def test_health_is_answered(asgi: TestClient) -> None:
    assert asgi.get("/livez").text == "alive\n"
    assert asgi.get("/readyz?verbose").text == "[+] lifespan: ok\nready\n"


def test_a_failed_check_makes_it_unready() -> None:
    check = Check("policies", lambda: CheckResult("failed", "not compiled"))
    with TestClient(create_app(fake_handle_review, checks=[check])) as client:
        answer = client.get("/readyz")
    assert (answer.status_code, answer.text) == (503, "[-] policies: not compiled\nnot ready\n")


def test_an_application_that_is_mounted_serves_below_its_place(tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text("good")
    app = create_app(fake_handle_review, sources=[SettingsFile(tmp_path / "settings.yaml")])
    client = TestClient(Starlette(routes=[Mount("/admission", app)]))
    assert client.post("/admission/mutate", content=review(), headers=JSON).status_code == 200
    wrong = client.post("/admission/muttate", content=review(), headers=JSON)
    assert wrong.text == "POST /muttate is not served; use POST /mutate or /validate\n"
    assert client.get("/admission/readyz?verbose").text == (
        "[!] lifespan: the lifespan is not running: changed files are not read\n"
        "[+] settings-reload: ok\nready\n"
    )


@contextmanager
def running(config: uvicorn.Config) -> Iterator[int]:
    """Run uvicorn in a thread; its port."""
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:  # a caller waits, if need be
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(TIMEOUT_SECONDS)
            assert not thread.is_alive()


def connected(port: int) -> closing[http.client.HTTPConnection]:
    return closing(http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS))


@pytest.mark.parametrize("http_option", ["httptools", "h11", UvicornConnection])
def test_a_real_uvicorn_serves_it(http_option: Any) -> None:
    app = create_app(fake_handle_review)
    config = uvicorn_config(app, http=http_option, log_config=None)
    with running(config) as port, connected(port) as connection:
        for method, path, body in [
            ("POST", "/mutate?timeout=10s", review("u-7")),
            ("POST", "/mutate", b" " * (LARGEST + 1)),
            ("POST", "/muttate", b""),
            ("GET", "/livez", b""),
        ]:
            connection.request(method, path, body, JSON)
            answer = connection.getresponse()
            expected = TestClient(create_app(fake_handle_review)).request(
                method, path, content=body, headers=JSON
            )
            assert (answer.status, answer.read()) == (expected.status_code, expected.content)


def test_our_connections_close_under_uvicorn_when_they_are_asked_to() -> None:
    config = uvicorn_config(create_app(fake_handle_review), log_config=None)
    head = b"GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    with (
        running(config) as port,
        socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_SECONDS) as peer,
    ):
        peer.sendall(head)
        answer = b""
        while data := peer.recv(65536):  # to the end, which the server makes
            answer += data
    assert b"\r\nconnection: close\r\n" in answer
    assert answer.endswith(b"\r\n\r\nalive\n")


def test_our_connections_have_their_limits_under_uvicorn() -> None:
    metrics = ServerMetrics()
    limits = Limits(max_headers=8)
    app = create_app(fake_handle_review, limits=limits, metrics=metrics)
    with running(uvicorn_config(app, log_config=None)) as port, connected(port) as connection:
        connection.request("POST", "/mutate", review(), {f"x-{n}": "1" for n in range(9)})
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (
            431,
            b"the head has more than 65536 bytes or 8 fields\n",
        )
    text = metrics.render_metrics().decode()
    assert 'graphgate_connections_aborted_total{reason="header_too_large"} 1.0' in text


def test_an_idle_connection_of_ours_does_not_hold_up_the_end_of_uvicorn() -> None:
    config = uvicorn_config(create_app(fake_handle_review), log_config=None)
    with ExitStack() as stack, running(config) as port:
        connection = stack.enter_context(connected(port))
        connection.request("GET", "/livez")
        assert connection.getresponse().read() == b"alive\n"


def test_a_tls_peer_that_says_no_goodbye_does_not_hold_up_the_end_of_uvicorn(
    pair: Path, trusting: ssl.SSLContext
) -> None:
    app = create_app(fake_handle_review, limits=Limits(tls_shutdown_timeout=0.1))
    files = {"ssl_certfile": pair / "tls.crt", "ssl_keyfile": pair / "tls.key"}
    config = uvicorn_config(app, log_config=None, **files)
    # Without our limit the loop waits 30 s for the peer, longer than `running` does.
    with ExitStack() as stack, running(config) as port:
        client = stack.enter_context(closing(Client(port, trusting)))
        assert client.is_reviewed()


def test_our_connections_serve_no_other_application() -> None:
    config = uvicorn_config(Starlette(), log_config=None)
    with pytest.raises(RuntimeError, match=r"serves an application of webhook\.server\.asgi"):
        UvicornConnection(config, None, {})


@pytest.mark.parametrize("http_option", ["auto", "webhook.server.uvicorn_server:UvicornConnection"])
def test_the_documented_command_serves_with_settings_of_the_environment(
    tmp_path: Path, http_option: str
) -> None:
    settings = tmp_path / "settings.yaml"
    settings.write_text(SETTINGS)
    command = ["--factory", "webhook.server.asgi:create_default_app", "--port", "0"]
    with subprocess.Popen(
        [sys.executable, "-m", "uvicorn", *command, "--http", http_option],
        cwd=ROOT,
        env={**os.environ, "GRAPHGATE_SETTINGS": str(settings), "DEFAULT_USER_ID": "4711"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            lines = iter(process.stdout.readline, "")
            port = next(
                int(m[1]) for line in lines if (m := re.search(r"running on .*:(\d+)", line))
            )
            with connected(port) as connection:
                connection.request("POST", "/mutate", encoded_review(minimal()), JSON)
                response = json.loads(connection.getresponse().read())["response"]
            decision = next(json.loads(line) for line in lines if '"admission_review"' in line)
        finally:
            process.terminate()
            process.wait(TIMEOUT_SECONDS)
    assert response["allowed"]
    assert "4711" in base64.b64decode(response["patch"]).decode()
    assert (decision["uid"], decision["verdict"]) == ("0b4f-1", "allowed")


def test_policies_of_the_cluster_are_refused_and_not_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tmp_path / "settings.yaml"
    settings.write_text(SETTINGS + "policies: {selector: a=b}\n")
    monkeypatch.setenv("GRAPHGATE_SETTINGS", str(settings))
    with pytest.raises(SettingsError, match=r"policies\.selector: .* require graphgate serve"):
        create_default_app()


def test_the_lowest_uvicorn_that_is_declared_is_the_one_that_make_tries() -> None:
    declared = re.search(r'"uvicorn>=([\d.]+),<', (ROOT / "pyproject.toml").read_text())
    tried = re.search(r"\$\(or \$\(UVICORN\),([\d.]+)\)", (ROOT / "Makefile").read_text())
    assert declared is not None
    assert tried is not None
    assert tried[1].startswith(declared[1])


def test_neither_serve_nor_the_command_line_imports_them() -> None:
    code = (
        "import sys, webhook.__main__, webhook.cli.commands.serve, webhook.server.lifecycle, "
        "webhook.server.handler; print(sorted({'starlette', 'uvicorn'} & sys.modules.keys()))"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=patience.SECONDS,
        check=True,
    )
    assert printed.stdout == "[]\n"
