"""clusterTrustBundle and podCertificate: what graphgate says of them, an API server says as well.

From Kubernetes 1.37 on; older ones drop both unread. The pinned one is older: see `version_matrix`.
"""

import json

import pytest

from tests.rules.certificate_sources import INVALID, READ_SINCE_MINOR, RULE, VALID, denials, pod_of


@pytest.mark.parametrize("case", [*VALID, *INVALID])
def test_the_api_server_says_the_same(control_plane, namespace, case):
    sources = VALID.get(case) or INVALID[case]
    labels = {"app": "iris"}
    deployment = {
        "metadata": {"name": "iris"},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": json.loads(json.dumps(pod_of(sources))),
            },
        },
    }
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments?dryRun=All"
    answer = control_plane.request("POST", path, deployment)
    is_read = control_plane.minor >= READ_SINCE_MINOR
    assert answer.status == (422 if is_read and case in INVALID else 201), answer.body
    # Another rule denies what leaves a volume without a source: a field newer than the cluster.
    assert (RULE in denials(sources, control_plane.minor)) is (answer.status == 422)
