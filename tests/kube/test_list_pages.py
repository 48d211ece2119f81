"""Pages of a list are bounded in bytes, whatever size the objects have."""

import json

import pytest

from tests.kube.scripted import make_object
from webhook.kube import ReflectorConfig, Response
from webhook.kube.list_watch import list_pages

PAGE_SIZE = ReflectorConfig().page_size


class Server:
    """Serves objects page by page, and remembers limits and sizes."""

    server, namespace = "https://fake", "default"

    def __init__(self, sizes):
        self._objects = [
            make_object(f"o{number}", number + 1, padding="x" * size)
            for number, size in enumerate(sizes)
        ]
        self._encode = lambda content: json.dumps(content).encode()
        self.limits: list[int] = []
        self.bytes: list[int] = []

    def request(self, _method, _path, *, query, **_options):
        start, limit = int(query.get("continue", 0)), int(query["limit"])
        end = start + limit
        rest = str(end) if end < len(self._objects) else ""
        metadata = {"resourceVersion": "1", "continue": rest}
        body = self._encode({"metadata": metadata, "items": self._objects[start:end]})
        self.limits.append(limit)
        self.bytes.append(len(body))
        return Response(200, body)


def read(server):
    pages = list_pages(server, "/things", {}, page_size=PAGE_SIZE, timeout=1.0)
    return [obj["metadata"]["name"] for page in pages for obj in page.items]


@pytest.mark.parametrize(
    ("count", "size"), [(0, 0), (1, 10), (1000, 100), (300, 133_000), (5, 1_500_000)]
)
def test_every_object_is_read_once_whatever_the_sizes(count, size):
    server = Server([size] * count)
    assert read(server) == [f"o{number}" for number in range(count)]


def test_small_objects_come_in_full_pages_soon():
    server = Server([1_000] * 1_000)
    read(server)
    assert server.limits[:4] == [20, PAGE_SIZE, PAGE_SIZE, PAGE_SIZE]


def test_pages_of_large_objects_stay_small():
    server = Server([133_000] * 200)
    read(server)
    assert max(server.bytes) < 3 * 2**20


def test_large_objects_after_small_ones_cost_one_page_until_they_are_noticed():
    server = Server([100] * 400 + [133_000] * 400)
    read(server)
    assert max(server.bytes) < PAGE_SIZE * 140_000
    assert sorted(server.bytes)[-3] < 3 * 2**20
