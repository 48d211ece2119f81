"""Why pods do not start, in the words of kubelet and scheduler."""

import pytest

from webhook.controller.pod_diagnostics import find_startup_failure


def pod(name="iris-x", age="2026-01-01T00:00:00Z", **status):
    return {"metadata": {"name": name, "creationTimestamp": age}, "status": status}


def state(**of):
    return [{"name": "classifier", "state": of}]


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ([], ""),
        ([pod(containerStatuses=state(running={}))], ""),
        ([pod(containerStatuses=state(waiting={"reason": "ContainerCreating"}))], ""),
        (
            [
                pod(
                    containerStatuses=state(
                        waiting={"reason": "ImagePullBackOff", "message": "no such image"}
                    )
                )
            ],
            "pod iris-x: classifier: ImagePullBackOff: no such image",
        ),
        (
            [pod(containerStatuses=state(terminated={"reason": "OOMKilled", "exitCode": 137}))],
            "pod iris-x: classifier: OOMKilled: exit code 137",
        ),
        (
            [
                pod(
                    conditions=[
                        {
                            "type": "PodScheduled",
                            "status": "False",
                            "reason": "Unschedulable",
                            "message": "0/2 nodes are available",
                        }
                    ]
                )
            ],
            "pod iris-x: Unschedulable: 0/2 nodes are available",
        ),
        (
            [pod(phase="Failed", reason="Evicted", message="low on memory")],
            "pod iris-x: Evicted: low on memory",
        ),
        ([{}, {"status": {"containerStatuses": [None, 7]}}], ""),
    ],
)
def test_the_first_reason_is_reported(found, said):
    assert find_startup_failure(found) == said


def test_the_youngest_pod_speaks_first():
    waiting = state(waiting={"reason": "CrashLoopBackOff"})
    old = pod("old", "2026-01-01T00:00:00Z", containerStatuses=waiting)
    new = pod("new", "2026-01-02T00:00:00Z", containerStatuses=waiting)
    assert find_startup_failure([old, new]) == "pod new: classifier: CrashLoopBackOff"
