"""Fixtures: one CA and one server for all tests that change nothing."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.pki import Authority
from tests.server.support import Client, RunningServer, run_server, trust_context


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="session")
def trusting(authority: Authority) -> ssl.SSLContext:
    return trust_context(authority.pem)


@pytest.fixture(scope="session")
def pair(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a valid pair, for tests that change nothing in it."""
    folder = tmp_path_factory.mktemp("pair")
    authority.issue().write(folder)
    return folder


@pytest.fixture(scope="session")
def server(pair: Path) -> Iterator[RunningServer]:
    with run_server(pair) as server:
        yield server


@pytest.fixture
def client(server: RunningServer, trusting: ssl.SSLContext) -> Iterator[Client]:
    client = Client(server.port, trusting)
    yield client
    client.close()
