"""The reflector in its thread, over HTTP, against a server that misbehaves."""

import random
import threading

import pytest

from webhook.kube import Reflector, ReflectorConfig

PATH = "/api/v1/namespaces"

QUICK = ReflectorConfig(
    page_size=3, watch_timeout=1, read_timeout=10.0, backoff_base=0.01, max_backoff=0.02
)
"""The server ends each watch after a second; nothing waits long."""

SHORT_READ_TIMEOUT = ReflectorConfig(
    page_size=3, watch_timeout=600, read_timeout=0.2, backoff_base=0.01, max_backoff=0.02
)
"""A watch that says nothing for 0.2 s is given up."""


def team(obj):
    return (obj["metadata"].get("labels") or {}).get("team")


class RecordingHandler:
    """Takes changes; waits until they have led to what a test expects."""

    def __init__(self):
        self.changes = []
        self.replayed = {}
        self.wrong = []
        self._changed = threading.Condition()

    def __call__(self, key, old, new):
        with self._changed:
            self.changes.append((key[1], old, new))
            if self.replayed.get(key[1]) != old:
                self.wrong.append((key, self.replayed.get(key[1]), old))
            if new is None:
                self.replayed.pop(key[1], None)
            else:
                self.replayed[key[1]] = new
            self._changed.notify_all()

    def wait_for(self, expected):
        with self._changed:
            came = self._changed.wait_for(lambda: self.replayed == expected, 20.0)
        assert came, (self.replayed, expected)
        # What is told as old is what was told as new before.
        assert self.wrong == []


@pytest.fixture
def follow(transport):
    running = []

    def start(timing=QUICK, **options):
        listener = RecordingHandler()
        made = Reflector(transport, PATH, team, on_change=listener, config=timing, **options)
        made.start()
        running.append(made)
        assert made.wait_until_synced(20.0), made.last_error
        return made, listener

    yield start
    assert [made.stop() for made in running] == [True] * len(running)


def test_what_is_there_and_what_comes_later_is_seen(api, follow):
    for number in range(7):
        api.put(PATH, f"n{number}", labels={"team": "a"})
    made, listener = follow()
    api.put(PATH, "n0", labels={"team": "b"})
    api.remove(PATH, "n1")
    expected = {"n0": "b", **{f"n{number}": "a" for number in range(2, 7)}}
    listener.wait_for(expected)
    assert made.items == {("", name): value for name, value in expected.items()}


@pytest.mark.parametrize("fault", ["cut", "gone", "gone-at-once", "broken", "garbage", "silent"])
def test_nothing_is_lost_when_a_watch_goes_wrong(api, follow, fault):
    api.inject_faults(fault)
    _, listener = follow(SHORT_READ_TIMEOUT if fault == "silent" else QUICK)
    api.put(PATH, "a", labels={"team": "x"})
    listener.wait_for({"a": "x"})
    assert listener.changes == [("a", None, "x")]


def test_a_compacted_history_is_made_up_for_by_a_new_list(api, follow):
    api.put(PATH, "old", labels={"team": "x"})
    api.inject_faults("silent")
    _, listener = follow(SHORT_READ_TIMEOUT)
    api.remove(PATH, "old")
    api.put(PATH, "new", labels={"team": "y"})
    api.compact()
    listener.wait_for({"new": "y"})


@pytest.mark.parametrize("seed", range(5))
def test_no_change_is_lost_whatever_goes_wrong_in_between(api, follow, seed):
    """Replaying what was told gives what is there, however often the watch broke."""
    chance = random.Random(seed)
    _, listener = follow(SHORT_READ_TIMEOUT)
    expected: dict[str, str] = {}
    for _ in range(150):
        name = f"n{chance.randrange(12)}"
        if chance.random() < 0.1:
            kinds = ["cut", "gone", "gone-at-once", "broken", "garbage"]
            api.inject_faults(*chance.choices(kinds, k=2))
        if chance.random() < 0.03:
            api.compact()
        if name in expected and chance.random() < 0.4:
            api.remove(PATH, name)
            del expected[name]
        else:
            expected[name] = str(chance.random())
            api.put(PATH, name, labels={"team": expected[name]})
    listener.wait_for(expected)


def test_stop_ends_a_watch_that_is_silent(api, follow):
    api.inject_faults("silent")
    made, _ = follow(ReflectorConfig(read_timeout=600.0))
    api.wait_for(lambda: api.watches() == 1, "the watch begins")
    assert made.stop(timeout=20.0) is True


def test_stop_before_start_is_fine(transport):
    assert Reflector(transport, PATH, team).stop() is True


def test_a_selector_is_the_server_s_to_apply(api, follow):
    api.put(PATH, "a", labels={"team": "x"})
    api.put(PATH, "b", labels={"team": "y"})
    made, _ = follow(field_selector="metadata.name=b")
    assert made.items == {("", "b"): "y"}
