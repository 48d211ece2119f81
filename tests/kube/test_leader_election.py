"""Who leads, on a clock that only the test moves; the API server decides between two."""

from tests.controller.fakes import Clock, FakeCluster
from webhook.kube.leader_election import LeaderElector

PATH = "/apis/coordination.k8s.io/v1/namespaces/ops/leases/graphgate"


def candidates(*names):
    cluster, clock = FakeCluster(), Clock()
    return (
        cluster,
        clock,
        [
            LeaderElector(
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
    a.try_acquire_or_renew()
    assert a.is_leader
    assert cluster.objects[PATH]["spec"] == {
        "holderIdentity": "a",
        "leaseDurationSeconds": 15,
        "acquireTime": "1970-01-01T00:00:00.250000Z",
        "renewTime": "1970-01-01T00:00:00.250000Z",
        "leaseTransitions": 0,
    }


def test_the_second_one_waits_as_long_as_the_first_renews():
    _, clock, (a, b) = candidates("a", "b")
    a.try_acquire_or_renew()
    for _ in range(20):
        b.try_acquire_or_renew()
        clock.now += 2.0
        a.try_acquire_or_renew()
    assert (a.is_leader, b.is_leader, b.holder) == (True, False, "a")


def test_the_second_one_takes_over_when_the_first_is_silent_for_as_long_as_the_lease_holds():
    cluster, clock, (a, b) = candidates("a", "b")
    a.try_acquire_or_renew()
    b.try_acquire_or_renew()
    clock.now += 14.9
    b.try_acquire_or_renew()
    assert not b.is_leader
    clock.now += 0.1
    b.try_acquire_or_renew()
    assert b.is_leader
    assert cluster.objects[PATH]["spec"]["leaseTransitions"] == 1
    a.try_acquire_or_renew()
    assert not a.is_leader


def test_silence_counts_from_when_it_is_first_seen_not_from_the_holder_s_clock():
    _, clock, (a, b) = candidates("a", "b")
    a.try_acquire_or_renew()
    clock.now += 100.0  # b starts long after a has died
    b.try_acquire_or_renew()
    assert not b.is_leader
    clock.now += 15.0
    b.try_acquire_or_renew()
    assert b.is_leader


def test_of_two_that_try_at_once_one_loses_by_conflict():
    cluster, clock, (a, b, c) = candidates("a", "b", "c")
    a.try_acquire_or_renew()
    b.try_acquire_or_renew()
    c.try_acquire_or_renew()
    clock.now += 15.0
    b.try_acquire_or_renew()
    stale = dict(cluster.objects[PATH]["metadata"], resourceVersion="101")
    cluster.objects[PATH] = {**cluster.objects[PATH], "metadata": stale}
    cluster.answers["PUT", "graphgate"] = (409, "the object has been modified")
    c.try_acquire_or_renew()
    assert (b.is_leader, c.is_leader) == (True, False)


def test_who_cannot_renew_gives_up_before_others_may_begin():
    cluster, clock, (a, b) = candidates("a", "b")
    a.try_acquire_or_renew()
    b.try_acquire_or_renew()
    cluster.answers["GET", "graphgate"] = None
    clock.now += 9.9
    a.try_acquire_or_renew()
    assert a.is_leader
    clock.now += 0.2
    a.try_acquire_or_renew()
    assert not a.is_leader
    cluster.answers.clear()
    b.try_acquire_or_renew()
    assert not b.is_leader


def test_who_ends_in_order_gives_the_lease_back():
    cluster, _, (a, b) = candidates("a", "b")
    results = []

    def elected():
        results.append("elected")
        a.stop()

    a.run(elected, lambda: results.append("lost"))
    assert results == ["elected"]
    assert cluster.objects[PATH]["spec"]["holderIdentity"] == ""
    b.try_acquire_or_renew()
    assert b.is_leader


def test_losing_is_reported_once_and_ends_the_campaign():
    cluster, clock, (a,) = candidates("a")
    results = []

    def elected():
        results.append("elected")
        cluster.answers["GET", "graphgate"] = None
        clock.now += 60.0

    a._config = type(a._config)(lease_duration=15.0, renew_deadline=10.0, retry_period=0.0)
    a.run(elected, lambda: results.append("lost"))
    assert results == ["elected", "lost"]
