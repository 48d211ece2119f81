"""What a caller gets for what it sends."""

import json
import ssl

import pytest

from tests.server.support import JSON, Client, RunningServer, connect, review
from webhook.runtime.limits import Limits


@pytest.mark.parametrize("endpoint", ["mutate", "validate"])
def test_a_review_is_answered_with_its_uid(client: Client, endpoint: str) -> None:
    status, text, headers = client.post(f"/{endpoint}?timeout=10s", review("u-7"))
    assert (status, headers["content-type"]) == (200, "application/json")
    assert json.loads(text) == {
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "response": {"uid": "u-7", "allowed": True},
    }
    assert headers["date"].endswith(" GMT")
    assert "server" not in headers


def test_a_connection_is_kept_for_the_next_review(client: Client) -> None:
    assert [client.is_reviewed(f"u-{n}") for n in range(5)] == [True] * 5


def test_a_request_with_connection_close_is_the_last_one(
    server: RunningServer, trusting: ssl.SSLContext
) -> None:
    body = review()
    head = "POST /mutate HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    head += f"Connection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    with connect(server.port, trusting) as peer:
        peer.sendall(head.encode() + body)
        answer = b""
        while data := peer.recv(65536):  # to the end, which the server makes
            answer += data
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"\r\nconnection: close\r\n" in answer


REFUSED = {
    "no review": ("/mutate", b"{}", JSON, 400, "the body is not an AdmissionReview\n"),
    "no JSON": ("/mutate", b"{", JSON, 400, "the body is not an AdmissionReview\n"),
    "no body": ("/mutate", b"", JSON, 400, "the body is not an AdmissionReview\n"),
    "no content type": ("/mutate", review(), {}, 415, None),
    "YAML": ("/mutate", review(), {"Content-Type": "application/yaml"}, 415, None),
    "wrong path": ("/muttate", review(), JSON, 404, None),
    "a slash too many": ("/mutate/", review(), JSON, 404, None),
    "the root": ("/", review(), JSON, 404, None),
    "health on the wrong port": ("/livez", review(), JSON, 404, None),
    "our own crash": (
        "/mutate",
        review(wish="explode"),
        JSON,
        500,
        "internal error of graphgate while evaluating this review, see its log\n",
    ),
}


@pytest.mark.parametrize(
    ("path", "body", "headers", "status", "text"), REFUSED.values(), ids=REFUSED
)
def test_what_cannot_be_evaluated_is_refused_and_the_connection_kept(
    client: Client, path: str, body: bytes, headers: dict[str, str], status: int, text: str | None
) -> None:
    found, message, _ = client.post(path, body, headers)
    assert found == status
    assert text is None or message == text
    assert client.is_reviewed()


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_only_post_is_served(client: Client, method: str) -> None:
    client.request(method, "/mutate", headers=JSON)
    response = client.getresponse()
    assert (response.status, response.headers["allow"]) == (405, "POST")
    text = f"{method} /mutate is not served; use POST /mutate or /validate\n"
    assert response.read().decode() == text
    assert client.is_reviewed()


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "Application/JSON"])
def test_the_content_type_is_read_as_a_media_type(client: Client, kind: str) -> None:
    assert client.post("/mutate", review(), {"Content-Type": kind})[0] == 200


def test_a_body_beyond_the_limit_is_refused(client: Client) -> None:
    body = b" " * (Limits().max_body_bytes + 1)
    assert client.post("/mutate", body)[:2] == (413, "the body is larger than 7340032 bytes\n")
    assert client.is_reviewed()


def test_a_body_beyond_the_limit_is_refused_without_its_length_too(client: Client) -> None:
    chunks = (b" " * 1024 * 1024 for _ in range(8))
    client.request("POST", "/mutate", chunks, JSON, encode_chunked=True)
    response = client.getresponse()
    assert (response.status, response.read()) == (413, b"the body is larger than 7340032 bytes\n")
    assert client.is_reviewed()


def test_a_body_at_the_limit_is_evaluated(client: Client) -> None:
    body = review("u-9")
    body += b" " * (Limits().max_body_bytes - len(body))
    status, text, _ = client.post("/mutate", body)
    assert (status, json.loads(text)["response"]["uid"]) == (200, "u-9")


def test_a_decision_is_one_line_of_the_log(server: RunningServer, client: Client) -> None:
    client.post("/validate", review("u-logged", wish="deny", object={"secret": "value"}))
    line = server.wait_for("admission_review", uid="u-logged")
    assert line.pop("milliseconds") >= 0
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "info",
        "event": "admission_review",
        "endpoint": "validate",
        "uid": "u-logged",
        "namespace": "models",
        "name": "iris",
        "operation": "CREATE",
        "verdict": "denied",
        "rules": ["no-predictors", "traffic-not-100"],
    }


def test_a_name_of_a_megabyte_makes_no_such_line(server: RunningServer, client: Client) -> None:
    assert client.post("/validate", review("u" * 1_000_000))[0] == 200
    line = server.wait_for("admission_review")
    while not line["uid"].startswith("uuu"):
        line = server.wait_for("admission_review")
    assert line["uid"] == "u" * 1024 + "… (1000000 characters)"


def test_a_crash_of_the_handler_is_in_the_log_and_nowhere_else(
    server: RunningServer, client: Client
) -> None:
    text = client.post("/mutate", review(wish="explode"))[1]
    line = server.wait_for("review_failed")
    assert "a secret of ours" not in text
    assert "RuntimeError: a secret of ours" in line["traceback"]


def test_a_crash_of_a_rule_is_in_the_log_with_the_rule(
    server: RunningServer, client: Client
) -> None:
    assert client.post("/mutate", review("u-crash", wish="crash"))[0] == 200
    line = server.wait_for("rule_error", uid="u-crash")
    assert line["rule"] == "traffic-not-100"
    assert "ZeroDivisionError: why" in line["traceback"]


def test_a_malformed_review_is_in_the_log_with_the_reason(
    server: RunningServer, client: Client
) -> None:
    client.post("/mutate", b"[]")
    line = server.wait_for("malformed_review")
    assert (line["endpoint"], line["reason"]) == ("mutate", "the body is not an AdmissionReview")


def test_an_upgrade_is_not_spoken_and_ends_the_connection(
    server: RunningServer, client: Client
) -> None:
    headers = {**JSON, "Connection": "Upgrade", "Upgrade": "websocket"}
    status, _, found = client.post("/mutate", review(), headers)
    assert status < 500
    assert found["connection"] == "close"


def test_bytes_that_are_no_http_are_answered_with_400(
    server: RunningServer, trusting: ssl.SSLContext
) -> None:
    with connect(server.port, trusting) as peer:
        peer.sendall(b"\x00\x01 nonsense\r\n\r\n")
        assert peer.recv(1024).startswith(b"HTTP/1.1 400 ")


def test_requests_sent_together_are_answered_in_their_order(
    server: RunningServer, trusting: ssl.SSLContext
) -> None:
    uids = [f"u-{number}" for number in range(50)]
    head = "POST /mutate HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    requests = [head + f"Content-Length: {len(review(uid))}\r\n\r\n" for uid in uids]
    text = b"".join(r.encode() + review(uid) for r, uid in zip(requests, uids, strict=True))
    with connect(server.port, trusting) as peer:
        peer.sendall(text)
        message = b""
        while message.count(b'"allowed":true') < len(uids):
            message += peer.recv(65536)
    answers = [part.partition(b"\r\n\r\n")[2] for part in message.split(b"HTTP/1.1 ")[1:]]
    assert [json.loads(answer)["response"]["uid"] for answer in answers] == uids
