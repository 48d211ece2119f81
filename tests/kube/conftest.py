"""A fake API server and the real client, connected to it."""

import pytest

from tests.cli.conftest import run
from tests.kube.fake_api import FakeApi
from webhook.kube import connect

__all__ = ["run"]


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    """A proxy set for this machine would come between the client and loopback."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def api():
    with FakeApi() as running:
        yield running


@pytest.fixture
def transport(api, tmp_path):
    client = connect(kubeconfig=api.kubeconfig(tmp_path), context=None, environment={})
    yield client
    client.close()
