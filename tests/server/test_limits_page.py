"""docs/operations/server.md names every limit, with the number that it has."""

import re
from dataclasses import asdict

import pytest

from tests.server.support import ROOT
from webhook.runtime import request_batch
from webhook.runtime.limits import Limits

SENTENCES = {
    "tls_handshake_timeout": "end of the TLS handshake | {:g} s |",
    "max_handshakes": "TLS handshakes in progress | {:,} |",
    "max_tls_messages": "TLS messages beside data, after the handshake | {:,} |",
    "header_timeout": "last byte of a request's head | {:g} s |",
    "body_timeout": "last byte of the body | {:g} s |",
    "idle_timeout": "open connection without a request | {:g} s |",
    "write_timeout": "answer that the peer does not read | {:g} s |",
    "tls_shutdown_timeout": "from sending to receiving the TLS close_notify | {:g} s |",
    "linger_timeout": "a peer has {:g} s to read it",
    "max_connections": "open connections | {:,} |",
    "reserved_connections": "a reserve of {:,} for newcomers",
    "min_idle_before_eviction": "idle for at least a second",
    "max_header_bytes": "more than {:.0f} KiB or",
    "max_headers": "or {:,} fields",
    "max_short_chunks": "too short ({:,}, and one more",
    "min_chunk_bytes": "one more for each {:,} bytes",
    "max_body_bytes": "the body is larger than {:.0f} MiB",
    "max_body_bytes_in_flight": "bodies that have arrived in part | {:.0f} MiB together",
}
UNITS = {
    "max_header_bytes": 1 << 10,
    "max_body_bytes": 1 << 20,
    "max_body_bytes_in_flight": 1 << 20,
}
PAGE = re.sub(r"\s+", " ", (ROOT / "docs/operations/server.md").read_text(encoding="utf-8"))


def test_every_limit_has_its_sentence() -> None:
    assert SENTENCES.keys() == asdict(Limits()).keys()


@pytest.mark.parametrize("name", SENTENCES)
def test_the_page_names_the_limit_in_force(name: str) -> None:
    value = getattr(Limits(), name)
    number = value / UNITS[name] if name in UNITS else value
    assert SENTENCES[name].format(number) in PAGE


def test_the_page_tells_what_waits_for_its_turn() -> None:
    seconds, per_byte = (
        request_batch._MAX_HANDICAP_SECONDS,
        request_batch._HANDICAP_SECONDS_PER_BYTE,
    )
    assert f"hold up to {request_batch._MAX_WAITING_BYTES >> 20} MiB" in PAGE
    assert f"{per_byte * 1e6:.0f} ms later for each kilobyte, and at most {seconds:g} s" in PAGE
