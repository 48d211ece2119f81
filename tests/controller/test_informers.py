"""Which types are followed, as they come and go."""

import pytest

from tests.controller.fakes import FakeCluster
from webhook.controller.cache import Cache
from webhook.controller.config import ControllerConfig
from webhook.controller.informers import Informers
from webhook.errors import KubeApiUnavailableError

GATEWAY = "/apis/gateway.networking.k8s.io/v1"


def resources(*kinds):
    return {"metadata": {}, "resources": [{"kind": kind} for kind in kinds]}


def followed(informers):
    return {watch.path.rpartition("/")[2] for watch in informers}


@pytest.fixture
def cluster():
    return FakeCluster()


@pytest.fixture
def informers(cluster):
    cache = Cache(lambda *_: None)
    made = Informers(cluster, ControllerConfig(), cache, on_types_changed=lambda: None)
    yield made
    made.stop()


def test_what_every_cluster_has_is_always_followed(informers):
    always = followed(informers)
    assert {"seldondeployments", "deployments", "services", "ingresses"} <= always
    assert informers.refresh_types()
    assert followed(informers) == always


def test_without_an_answer_nothing_is_known_and_nothing_is_forgotten(cluster, informers):
    cluster.answers["GET", "keda.sh/v1alpha1"] = None
    with pytest.raises(KubeApiUnavailableError):
        informers.refresh_types()
    assert not informers.has_synced
    assert "ScaledObject" not in informers.served_kinds
    assert "Deployment" in informers.served_kinds


def test_a_type_that_is_not_there_at_first_and_one_that_goes(cluster, informers):
    cluster.objects[GATEWAY] = resources("HTTPRoute", "GRPCRoute", "Gateway")
    assert informers.refresh_types()
    assert {"httproutes", "grpcroutes"} <= followed(informers)
    assert {"HTTPRoute", "GRPCRoute"} <= informers.served_kinds
    assert not informers.refresh_types()
    del cluster.objects[GATEWAY]
    assert informers.refresh_types()
    assert not {"httproutes", "grpcroutes"} & followed(informers)
    assert "HTTPRoute" not in informers.served_kinds
