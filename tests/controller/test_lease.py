"""Who leads, on a clock that only the test moves; the API server decides between two."""

from tests.controller.fakes import Clock, FakeCluster
from webhook.controller.lease import Election

PATH = "/apis/coordination.k8s.io/v1/namespaces/ops/leases/graphgate"


def candidates(*names):
    cluster, clock = FakeCluster(), Clock()
    return (
        cluster,
        clock,
        [
            Election(
                cluster,
                namespace="ops",
                name="graphgate",
                identity=name,
                clock=clock,
                now=lambda: 0.25,
                jitter=lambda: 0.0,
            )
            for name in names
        ],
    )


def test_the_first_one_leads_and_says_so_in_the_lease():
    cluster, _, (a,) = candidates("a")
    a.attempt()
    assert a.leads
    assert cluster.objects[PATH]["spec"] == {
        "holderIdentity": "a",
        "leaseDurationSeconds": 15,
        "acquireTime": "1970-01-01T00:00:00.250000Z",
        "renewTime": "1970-01-01T00:00:00.250000Z",
        "leaseTransitions": 0,
    }


def test_the_second_one_waits_as_long_as_the_first_renews():
    _, clock, (a, b) = candidates("a", "b")
    a.attempt()
    for _ in range(20):
        b.attempt()
        clock.now += 2.0
        a.attempt()
    assert (a.leads, b.leads, b.holder) == (True, False, "a")


def test_the_second_one_takes_over_when_the_first_is_silent_for_as_long_as_the_lease_holds():
    cluster, clock, (a, b) = candidates("a", "b")
    a.attempt()
    b.attempt()
    clock.now += 14.9
    b.attempt()
    assert not b.leads
    clock.now += 0.1
    b.attempt()
    assert b.leads
    assert cluster.objects[PATH]["spec"]["leaseTransitions"] == 1
    a.attempt()
    assert not a.leads


def test_silence_counts_from_when_it_is_first_seen_not_from_the_holder_s_clock():
    _, clock, (a, b) = candidates("a", "b")
    a.attempt()
    clock.now += 100.0  # b starts long after a has died
    b.attempt()
    assert not b.leads
    clock.now += 15.0
    b.attempt()
    assert b.leads


def test_of_two_that_try_at_once_one_loses_by_conflict():
    cluster, clock, (a, b, c) = candidates("a", "b", "c")
    a.attempt()
    b.attempt()
    c.attempt()
    clock.now += 15.0
    b.attempt()
    stale = dict(cluster.objects[PATH]["metadata"], resourceVersion="101")
    cluster.objects[PATH] = {**cluster.objects[PATH], "metadata": stale}
    cluster.answers["PUT", "graphgate"] = (409, "the object has been modified")
    c.attempt()
    assert (b.leads, c.leads) == (True, False)


def test_who_cannot_renew_gives_up_before_others_may_begin():
    cluster, clock, (a, b) = candidates("a", "b")
    a.attempt()
    b.attempt()
    cluster.answers["GET", "graphgate"] = None
    clock.now += 9.9
    a.attempt()
    assert a.leads
    clock.now += 0.2
    a.attempt()
    assert not a.leads
    cluster.answers.clear()
    b.attempt()
    assert not b.leads


def test_who_ends_in_order_gives_the_lease_back():
    cluster, _, (a, b) = candidates("a", "b")
    told = []

    def elected():
        told.append("elected")
        a.stop()

    a.run(elected, lambda: told.append("lost"))
    assert told == ["elected"]
    assert cluster.objects[PATH]["spec"]["holderIdentity"] == ""
    b.attempt()
    assert b.leads


def test_losing_is_told_once_and_ends_the_campaign():
    cluster, clock, (a,) = candidates("a")
    told = []

    def elected():
        told.append("elected")
        cluster.answers["GET", "graphgate"] = None
        clock.now += 60.0

    a._terms = type(a._terms)(duration=15.0, deadline=10.0, pause=0.0)
    a.run(elected, lambda: told.append("lost"))
    assert told == ["elected", "lost"]
