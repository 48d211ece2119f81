"""The local copy of a list, step by step, against a script."""

import json
import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.kube.scripted import (
    CONNECTION_ERROR,
    EXPIRED_EVENT,
    ScriptedTransport,
    bookmark_line,
    error_response,
    event_line,
    list_response,
    make_object,
)
from webhook.kube.backoff import Backoff
from webhook.kube.reflector import Reflector, ReflectorConfig

PATH = "/api/v1/things"


class Clock:
    """Time that passes when a test says so."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now

    def advance_by(self, seconds):
        def passing():
            self.now += seconds

        return passing


def colour(obj):
    return obj.get("colour")


def reflector(*answers, project=colour, jitter=0.0, **options):
    transport = ScriptedTransport(*answers)
    changes = []
    clock = options.pop("clock", Clock())
    made = Reflector(
        transport,
        PATH,
        project,
        on_change=options.pop("on_change", lambda *change: changes.append(change)),
        clock=clock,
        jitter=lambda: jitter,
        **options,
    )
    return made, transport, changes


def key(name):
    return ("", name)


def test_a_list_is_read_page_by_page_and_then_watched_from_its_version():
    made, transport, changes = reflector(
        list_response(make_object("a", 3, colour="red"), version=9, rest="token"),
        list_response(make_object("b", 4, "team", colour="blue"), version=10),
        [bookmark_line(12)],
        label_selector="x=y",
        field_selector="metadata.name=a",
    )
    made.list_and_watch()
    selectors = {"labelSelector": "x=y", "fieldSelector": "metadata.name=a"}
    assert transport.requests == [
        ("GET", PATH, {**selectors, "limit": "20"}),
        ("GET", PATH, {**selectors, "limit": "50", "continue": "token"}),
        (
            "WATCH",
            PATH,
            {
                **selectors,
                "watch": "true",
                "allowWatchBookmarks": "true",
                "resourceVersion": "10",
                "timeoutSeconds": "50",
            },
        ),
    ]
    assert made.items == {("", "a"): "red", ("team", "b"): "blue"}
    assert changes == [(("", "a"), None, "red"), (("team", "b"), None, "blue")]
    assert (made.has_synced, made.last_error) == (True, None)
    assert [stream.closed for stream in transport.streams] == [True]


def test_events_change_the_copy_and_are_reported_with_old_and_new():
    made, _, changes = reflector(
        list_response(make_object("a", 1, colour="red")),
        [
            event_line("ADDED", make_object("b", 11, colour="blue")),
            event_line("MODIFIED", make_object("a", 12, colour="green")),
            event_line("DELETED", make_object("b", 13, colour="blue")),
        ],
    )
    made.list_and_watch()
    assert made.items == {key("a"): "green"}
    assert changes[1:] == [
        (key("b"), None, "blue"),
        (key("a"), "red", "green"),
        (key("b"), "blue", None),
    ]


def test_what_projects_to_the_same_is_no_change():
    made, _, changes = reflector(
        list_response(make_object("a", 1, colour="red")),
        [event_line("MODIFIED", make_object("a", 12, colour="red"))],
    )
    made.list_and_watch()
    assert changes == [(key("a"), None, "red")]


def test_what_projects_to_none_is_not_kept():
    made, _, changes = reflector(
        list_response(make_object("a", 1), make_object("b", 2, colour="red")),
        [event_line("MODIFIED", make_object("b", 12)), event_line("ADDED", make_object("c", 13))],
    )
    made.list_and_watch()
    assert made.items == {}
    assert changes == [(key("b"), None, "red"), (key("b"), "red", None)]


WIRE = b"".join(
    event_line("ADDED", make_object(f"n{number}", 11 + number, colour=f"rot\u00f6 {number}"))
    for number in range(4)
)


@given(st.lists(st.integers(0, len(WIRE)), max_size=8).map(sorted))
def test_events_may_come_in_pieces_cut_anywhere(cuts):
    edges = [0, *cuts, len(WIRE)]
    pieces = [WIRE[start:end] for start, end in pairwise(edges)]
    made, _, _ = reflector(list_response(), pieces)
    made.list_and_watch()
    assert made.items == {key(f"n{number}"): f"rot\u00f6 {number}" for number in range(4)}


def test_a_bookmark_moves_the_version_from_which_the_next_watch_begins():
    made, transport, _ = reflector(
        list_response(version=10), [bookmark_line(77)], [bookmark_line(78)]
    )
    made.list_and_watch()
    made.list_and_watch()
    assert [
        query["resourceVersion"] for verb, _, query in transport.requests if verb == "WATCH"
    ] == [
        "10",
        "77",
    ]


def test_an_event_cut_off_in_the_middle_comes_again_in_the_next_watch():
    whole, half = (
        make_object("a", 11, colour="red"),
        event_line("ADDED", make_object("b", 12, colour="blue")),
    )
    made, transport, changes = reflector(
        list_response(), [event_line("ADDED", whole), half[:20], CONNECTION_ERROR], [half]
    )
    assert made.list_and_watch() == 0.5
    assert (made.items, str(made.last_error)) == ({key("a"): "red"}, "the connection broke")
    made.list_and_watch()
    assert transport.requests[-1][2]["resourceVersion"] == "11"
    assert made.items == {key("a"): "red", key("b"): "blue"}
    assert len(changes) == 2
    assert made.last_error is None


@pytest.mark.parametrize(
    "gone", [[EXPIRED_EVENT], error_response(410, "Expired")], ids=["event", "answer"]
)
def test_410_leads_to_a_new_list(gone):
    made, transport, changes = reflector(
        list_response(make_object("a", 1, colour="red"), make_object("b", 2, colour="blue")),
        gone,
        list_response(
            make_object("b", 3, colour="green"), make_object("c", 4, colour="white"), version=50
        ),
        [bookmark_line(51)],
    )
    made.list_and_watch()
    made.list_and_watch()
    assert made.items == {key("b"): "green", key("c"): "white"}
    assert changes[2:] == [
        (key("a"), "red", None),
        (key("b"), "blue", "green"),
        (key("c"), None, "white"),
    ]
    assert [verb for verb, _, _ in transport.requests] == ["GET", "WATCH", "GET", "WATCH"]


def test_the_old_copy_stays_until_the_new_list_is_complete():
    made, _, changes = reflector(
        list_response(make_object("a", 1, colour="red")),
        [EXPIRED_EVENT],
        list_response(make_object("b", 2, colour="blue"), rest="token"),
        CONNECTION_ERROR,
        list_response(make_object("b", 2, colour="blue")),
        [bookmark_line(11)],
    )
    made.list_and_watch()
    made.list_and_watch()
    assert (made.items, changes) == ({key("a"): "red"}, [(key("a"), None, "red")])
    made.list_and_watch()
    assert made.items == {key("b"): "blue"}


def test_a_list_that_expires_between_two_pages_is_begun_again():
    made, transport, _ = reflector(
        list_response(make_object("a", 1, colour="red"), rest="token"),
        error_response(410, "Expired"),
        list_response(make_object("a", 1, colour="red")),
        [bookmark_line(11)],
    )
    assert (made.list_and_watch() > 0, made.has_synced) == (True, False)
    made.list_and_watch()
    assert made.has_synced
    assert "continue" not in transport.requests[2][2]


def test_delays_double_up_to_the_longest_while_nothing_works():
    made, _, _ = reflector(*[CONNECTION_ERROR] * 8)
    assert [made.list_and_watch() for _ in range(8)] == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 20.0, 20.0]


def test_410_again_and_again_is_answered_ever_more_slowly():
    made, _, _ = reflector(
        list_response(),
        [EXPIRED_EVENT],
        list_response(),
        [EXPIRED_EVENT],
        list_response(),
        [EXPIRED_EVENT],
    )
    assert [made.list_and_watch() for _ in range(3)] == [0.5, 1.0, 2.0]


def test_an_event_lets_delays_begin_again():
    made, _, _ = reflector(
        list_response(),
        CONNECTION_ERROR,
        CONNECTION_ERROR,
        [bookmark_line(11), CONNECTION_ERROR],
        CONNECTION_ERROR,
    )
    assert [made.list_and_watch() for _ in range(4)] == [0.5, 1.0, 0.5, 1.0]


def test_a_quiet_watch_that_lived_long_lets_delays_begin_again():
    clock = Clock()
    made, _, _ = reflector(
        list_response(),
        CONNECTION_ERROR,
        CONNECTION_ERROR,
        [clock.advance_by(30.0), CONNECTION_ERROR],
        CONNECTION_ERROR,
        clock=clock,
    )
    assert [made.list_and_watch() for _ in range(4)] == [0.5, 1.0, 0.5, 1.0]


def test_a_watch_that_ends_at_once_without_an_event_counts_as_a_failure():
    made, _, _ = reflector(list_response(), [], [])
    assert [made.list_and_watch(), made.list_and_watch()] == [0.5, 1.0]


def test_a_watch_that_the_server_ends_in_time_is_followed_by_the_next_at_once():
    clock = Clock()
    made, _, _ = reflector(list_response(), [clock.advance_by(50.0)], clock=clock)
    assert made.list_and_watch() == 0.0


def test_five_failures_without_an_event_lead_to_a_new_list():
    """A server restored from a backup does not call versions from its future expired."""
    made, transport, _ = reflector(
        list_response(),
        *[error_response(504, "Timeout", "too large resource version")] * 6,
        list_response(),
        [bookmark_line(11)],
    )
    for _ in range(7):
        made.list_and_watch()
    assert [verb for verb, _, _ in transport.requests] == ["GET", *["WATCH"] * 6, "GET", "WATCH"]


def test_the_server_s_wish_to_wait_is_followed_up_to_the_longest_delay():
    made, _, _ = reflector(
        error_response(429, "TooManyRequests", **{"retry-after": "7"}),
        error_response(429, "TooManyRequests", **{"retry-after": "3600"}),
    )
    assert [made.list_and_watch(), made.list_and_watch()] == [7.0, 20.0]


@pytest.mark.parametrize(
    "odd",
    [
        b"<html>\n",
        b"[]\n",
        b"null\n",
        b'{"type": "ADDED"}\n',
        b'{"type": "SUNG", "object": {"metadata": {"resourceVersion": "1"}}}\n',
        b'{"type": "ADDED", "object": null}\n',
        b'{"type": "ERROR", "object": null}\n',
        b"\xff\n",
    ],
)
def test_a_line_that_is_no_event_ends_the_watch_with_a_sentence(odd):
    made, _, _ = reflector(
        list_response(), [odd], [event_line("ADDED", make_object("a", 11, colour="red"))]
    )
    assert made.list_and_watch() == 0.5
    assert str(made.last_error).startswith(
        "the watch of /api/v1/things sent a line that is not an event: "
    )
    made.list_and_watch()
    assert (made.items, made.last_error) == ({key("a"): "red"}, None)


def test_an_event_without_end_ends_the_watch():
    made, _, _ = reflector(list_response(), [b"x" * 2**20] * 17)
    assert made.list_and_watch() == 0.5
    assert str(made.last_error) == "the watch of /api/v1/things sent an event over 16777216 bytes"


@pytest.mark.parametrize("answer", [b"<html>", b"[]", b"{}", b'{"metadata": []}'])
def test_an_answer_that_is_no_list_is_a_fault_and_no_crash(answer):
    from webhook.kube import Response

    made, _, _ = reflector(Response(200, answer))
    assert (made.list_and_watch(), made.has_synced) == (0.5, False)
    assert made.last_error is not None


def test_items_that_are_null_are_none():
    from webhook.kube import Response

    body = json.dumps({"metadata": {"resourceVersion": "7"}, "items": None}).encode()
    made, _, _ = reflector(Response(200, body), [bookmark_line(8)])
    made.list_and_watch()
    assert (made.items, made.has_synced) == ({}, True)


def poisonous(obj):
    return obj["colour"].upper()


def test_an_object_that_cannot_be_projected_stays_as_it_was_and_the_others_go_on(caplog):
    made, _, _ = reflector(
        list_response(make_object("a", 1, colour="red"), make_object("b", 2, colour=7)),
        [
            event_line("MODIFIED", make_object("a", 11, colour=None)),
            event_line("ADDED", make_object("c", 12, colour="blue")),
        ],
        project=poisonous,
    )
    made.list_and_watch()
    assert made.items == {key("a"): "RED", key("c"): "BLUE"}
    assert [record.getMessage() for record in caplog.records] == ["decode_failed"] * 2


def test_a_listener_that_crashes_gets_the_next_change_all_the_same(caplog):
    results = []

    def listener(key, old, new):
        results.append(new)
        raise RuntimeError("no")

    made, _, _ = reflector(
        list_response(make_object("a", 1, colour="red")),
        [event_line("MODIFIED", make_object("a", 11, colour="blue"))],
        on_change=listener,
    )
    made.list_and_watch()
    assert (results, made.last_error) == (["red", "blue"], None)
    assert [record.getMessage() for record in caplog.records] == ["handler_failed"] * 2


def test_the_copy_has_a_change_before_it_is_reported():
    seen: list[tuple[object, object]] = []
    copies: list[Reflector[str]] = []

    def listener(key, old, new):
        seen.append((copies[0].get(key), new))

    made, _, _ = reflector(
        list_response(make_object("a", 1, colour="red")),
        [event_line("DELETED", make_object("a", 11, colour="red"))],
        on_change=listener,
    )
    copies.append(made)
    made.list_and_watch()
    assert seen == [("red", "red"), (None, None)]


def test_age_counts_from_the_last_sign_and_a_bookmark_is_one():
    clock = Clock()
    made, _, _ = reflector(
        list_response(),
        [clock.advance_by(48.0), bookmark_line(11), clock.advance_by(5.0), CONNECTION_ERROR],
        clock=clock,
    )
    made.list_and_watch()
    assert made.staleness == 5.0
    clock.advance_by(7.0)()
    assert made.staleness == 12.0


def test_a_fault_is_logged_once_and_its_end_too(caplog):
    caplog.set_level("INFO")
    made, _, _ = reflector(CONNECTION_ERROR, CONNECTION_ERROR, list_response(), [bookmark_line(11)])
    for _ in range(3):
        made.list_and_watch()
    assert [record.getMessage() for record in caplog.records] == [
        "watch_failed",
        "watch_resumed",
    ]


@given(st.floats(0, 1), st.integers(0, 5000))
def test_a_delay_is_between_half_and_all_of_what_it_would_be(jitter, failures):
    backoff = Backoff(0.5, 20.0, lambda: jitter, failures)
    full = min(20.0, 0.5 * 2.0 ** min(failures, 20))
    assert full / 2 <= backoff.next_delay() <= full


def test_5000_objects_of_20_kb_are_kept_in_the_memory_of_what_is_projected():
    ballast = [{"manager": "kubectl", "fieldsV1": "x" * 20_000}]

    def pages():
        for start in range(0, 5000, 200):
            items = [
                {
                    "metadata": {
                        "name": f"team-{n}",
                        "resourceVersion": str(n),
                        "labels": {"team": f"t{n}"},
                        "managedFields": ballast,
                    }
                }
                for n in range(start, start + 200)
            ]
            yield list_response(*items, rest="more" if start < 4800 else "")

    def script():
        yield from pages()
        yield [bookmark_line(11)]

    class Generated(ScriptedTransport):
        def _next(self):
            return next(answers)

    answers = script()
    made = Reflector(
        Generated(),
        PATH,
        lambda obj: obj["metadata"]["labels"],
        config=ReflectorConfig(),
        clock=Clock(),
    )
    tracemalloc.start()
    try:
        made.list_and_watch()
        kept, peak = (size / 2**20 for size in tracemalloc.get_traced_memory())
    finally:
        tracemalloc.stop()
    assert len(made.items) == 5000
    # 100 MB have come by. What is kept is a few hundred bytes each. The peak is that of one page
    # of 4 MB (the JSON parser reserves 12 bytes for each of them), and not that of the list.
    assert (kept < 6, peak < 80) == (True, True), (kept, peak)
