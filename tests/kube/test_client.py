"""The official client as a wire: what it sends, and the sentence for everything that goes wrong."""

import datetime
import json
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from types import SimpleNamespace

import pytest

from tests.seeds import ROOT
from webhook.errors import KubeApiUnavailableError
from webhook.kube import (
    ApiStatusError,
    apply,
    collection_path,
    connect,
    create,
    delete,
    get,
    object_path,
    update,
)

DEPLOYMENTS = "/apis/apps/v1/namespaces/shop/deployments"
DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web", "namespace": "shop"},
    "spec": {"replicas": 2},
}


def test_a_request_carries_the_token_and_a_name(api, transport):
    api.put(DEPLOYMENTS, "web", namespace="shop")
    get(transport, f"{DEPLOYMENTS}/web")
    (request,) = api.requests
    desired = ("authorization", "user-agent", "accept")
    assert {name: request.headers[name] for name in desired} == {
        "authorization": "Bearer secret-token",
        "user-agent": "graphgate",
        "accept": "application/json",
    }


def test_an_object_that_is_not_there_is_none(transport):
    assert get(transport, f"{DEPLOYMENTS}/web") is None


def test_an_object_comes_as_it_is_with_fields_that_no_client_knows(api, transport):
    api.put(DEPLOYMENTS, "web", spec={"template": {"spec": {"newerThanAll": [None, 1.5]}}})
    assert get(transport, f"{DEPLOYMENTS}/web") == {
        "metadata": {"name": "web", "resourceVersion": "101"},
        "spec": {"template": {"spec": {"newerThanAll": [None, 1.5]}}},
    }


def test_apply_is_a_server_side_apply_by_force(api, transport):
    apply(transport, DEPLOYMENT, manager="graphgate")
    (request,) = api.requests
    assert (request.method, request.path, request.query, request.body) == (
        "PATCH",
        f"{DEPLOYMENTS}/web",
        {"fieldManager": "graphgate", "force": "true"},
        DEPLOYMENT,
    )
    assert request.headers["content-type"] == "application/apply-patch+yaml"


def test_apply_can_be_a_dry_run_elsewhere(api, transport):
    obj = {**DEPLOYMENT, "metadata": {"name": "web"}}
    apply(transport, obj, manager="m", namespace="shop", dry_run=True)
    (request,) = api.requests
    assert (request.path, request.query) == (
        f"{DEPLOYMENTS}/web",
        {"fieldManager": "m", "force": "true", "dryRun": "All"},
    )


def test_what_json_libraries_disagree_on_is_sent_all_the_same(api, transport):
    obj = {**DEPLOYMENT, "spec": {"replicas": 2**70, "text": "\ud800"}}
    api.set_response(f"{DEPLOYMENTS}/web", 200, {})
    apply(transport, obj, manager="m")
    assert api.requests[0].body == obj


def test_create_and_update_send_json(api, transport):
    event = {"kind": "Event", "reason": "Denied"}
    assert create(transport, "/api/v1/namespaces/shop/events", event) == {**event, "created": True}
    lease = {"kind": "Lease", "metadata": {"resourceVersion": "7"}}
    assert update(transport, "/apis/coordination.k8s.io/v1/namespaces/a/leases/b", lease) == lease
    assert [(r.method, r.headers["content-type"]) for r in api.requests] == [
        ("POST", "application/json"),
        ("PUT", "application/json"),
    ]


def test_delete_sends_its_precondition(api, transport):
    api.put(DEPLOYMENTS, "web", uid="u1")
    path = f"{DEPLOYMENTS}/web"
    assert delete(transport, path, uid="u1") is True
    assert api.requests[0].body == {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "propagationPolicy": "Background",
        "preconditions": {"uid": "u1"},
    }
    with pytest.raises(ApiStatusError) as refused:
        delete(transport, path, uid="another")
    assert (refused.value.status, refused.value.reason) == (409, "Conflict")
    assert delete(transport, f"{DEPLOYMENTS}/gone") is False


def test_a_refusal_says_who_what_and_why(api, transport):
    message = 'namespaces is forbidden: User "u" cannot list resource "namespaces"'
    api.set_response(
        "/api/v1/namespaces", 403, {"code": 403, "reason": "Forbidden", "message": message}
    )
    with pytest.raises(ApiStatusError) as error:
        get(transport, "/api/v1/namespaces")
    assert str(error.value) == (
        f"the API server at {api.url} refused GET /api/v1/namespaces: {message} "
        "(403 Forbidden); this user needs a role that allows it"
    )


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"<html>bad gateway</html>", "<html>bad gateway</html> (502)"),
        (b"", "no reason given (502)"),
        (b"[]", "[] (502)"),
        (b'{"message": 7, "reason": {}}', "no reason given (502)"),
    ],
)
def test_a_refusal_of_no_api_server_is_a_sentence_too(api, transport, body, told):
    api.set_response("/version", 502, body)
    with pytest.raises(ApiStatusError) as error:
        get(transport, "/version")
    assert str(error.value) == f"the API server at {api.url} refused GET /version: {told}"


def test_an_answer_that_is_no_json_is_a_sentence(api, transport):
    api.set_response("/version", 200, b"<html>log in</html>")
    with pytest.raises(KubeApiUnavailableError, match=r"^the response is not JSON"):
        get(transport, "/version")


def kubeconfig(tmp_path, **cluster):
    document = {
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "u", "user": {}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    file = tmp_path / "config"
    file.write_text(json.dumps(document))
    return str(file)


def test_a_refused_connection_is_a_sentence(tmp_path):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        transport = connect(
            kubeconfig=kubeconfig(tmp_path, server=url), context=None, environment={}
        )
        with pytest.raises(KubeApiUnavailableError) as error:
            get(transport, "/version")
    assert str(error.value) == f"cannot reach the API server at {url}: connection refused"


def test_silence_is_a_sentence(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        transport = connect(
            kubeconfig=kubeconfig(tmp_path, server=url), context=None, environment={}
        )
        with pytest.raises(KubeApiUnavailableError) as error:
            transport.request("GET", "/version", timeout=0.05)
        transport.close()
    assert (
        str(error.value) == f"the API server at {url} did not respond to GET /version within 0.05 s"
    )


def test_an_answer_cut_off_is_a_sentence(tmp_path):
    def answer():
        with server.accept()[0] as connection:
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=answer)
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        transport = connect(
            kubeconfig=kubeconfig(tmp_path, server=url), context=None, environment={}
        )
        with pytest.raises(KubeApiUnavailableError) as error:
            get(transport, "/version")
        thread.join()
        transport.close()
    assert str(error.value).startswith(
        f"the connection to the API server at {url} broke during GET /version: "
    )


def test_a_name_that_resolves_to_nothing_is_a_sentence(tmp_path):
    url = "http://api.invalid:6443"
    transport = connect(kubeconfig=kubeconfig(tmp_path, server=url), context=None, environment={})
    with pytest.raises(KubeApiUnavailableError, match=f"^cannot reach the API server at {url}: "):
        get(transport, "/version")


@pytest.mark.parametrize(
    "content",
    ["", "[]", "a: [", "{}", "null", '{"current-context": "x", "contexts": null}', "contexts: 7"],
)
def test_a_kubeconfig_that_cannot_be_used_is_a_sentence(tmp_path, content):
    file = tmp_path / "config"
    file.write_text(content)
    with pytest.raises(KubeApiUnavailableError, match=f"^cannot use the kubeconfig {file}: "):
        connect(kubeconfig=str(file), context=None, environment={})


def test_a_kubeconfig_or_context_that_is_not_there_is_a_sentence(tmp_path, api):
    with pytest.raises(KubeApiUnavailableError, match=r"^cannot use the kubeconfig /nowhere: "):
        connect(kubeconfig="/nowhere", context=None, environment={})
    with pytest.raises(KubeApiUnavailableError, match=r"cannot use the kubeconfig .*other"):
        connect(kubeconfig=api.kubeconfig(tmp_path), context="other", environment={})


def test_without_any_credentials_the_places_looked_at_are_named():
    with pytest.raises(KubeApiUnavailableError) as error:
        connect(kubeconfig=None, context=None, environment={"HOME": "/nowhere"})
    assert str(error.value) == (
        "no cluster configured: no --kubeconfig, no KUBECONFIG, no ~/.kube/config, and not running "
        "in a pod"
    )


def test_a_pod_without_a_service_account_is_a_sentence():
    pod = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"}
    with pytest.raises(KubeApiUnavailableError, match=r"automountServiceAccountToken: true$"):
        connect(kubeconfig=None, context=None, environment=pod)


def test_without_the_client_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "kubernetes", None)
    with pytest.raises(KubeApiUnavailableError) as error:
        connect(kubeconfig=None, context=None, environment={})
    assert str(error.value) == (
        "the Kubernetes client is not installed; pip install 'graphgate[cluster]'"
    )


def test_importing_the_package_imports_no_kubernetes():
    program = "import sys, webhook.kube.facts_watcher; print('kubernetes' in sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert result.stdout == "False\n"


def test_a_pod_s_token_is_read_again_when_the_kubelet_has_replaced_it(tmp_path, monkeypatch):
    """Tokens of service accounts live for an hour; the client looks again after a minute."""
    import kubernetes.config.incluster_config as pod

    token, authority = tmp_path / "token", tmp_path / "ca.crt"
    token.write_text("first")
    authority.write_text("a certificate")
    monkeypatch.setattr(pod, "SERVICE_TOKEN_FILENAME", str(token))
    monkeypatch.setattr(pod, "SERVICE_CERT_FILENAME", str(authority))
    environment = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"}
    transport = connect(kubeconfig=None, context=None, environment=environment)
    assert transport.server == "https://10.0.0.1:443"
    assert transport.headers()["authorization"] == "bearer first"
    token.write_text("second")
    assert transport.headers()["authorization"] == "bearer first"
    later = datetime.datetime.now() + datetime.timedelta(minutes=2)
    clock = SimpleNamespace(now=lambda: later)
    monkeypatch.setattr(pod, "datetime", SimpleNamespace(datetime=clock))
    assert transport.headers()["authorization"] == "bearer second"


def test_the_kubeconfig_is_found_as_kubectl_finds_it(api, tmp_path):
    file = api.kubeconfig(tmp_path)
    by_variable = connect(kubeconfig=None, context=None, environment={"KUBECONFIG": file})
    (tmp_path / ".kube").mkdir()
    (tmp_path / ".kube" / "config").write_text((tmp_path / "kubeconfig").read_text())
    by_home = connect(kubeconfig=None, context=None, environment={"HOME": str(tmp_path)})
    assert [by_variable.server, by_home.server] == [api.url, api.url]


@pytest.mark.parametrize(("written", "found"), [("", "default"), ("shop", "shop")])
def test_the_context_s_namespace_is_known(api, tmp_path, written, found):
    file = api.kubeconfig(tmp_path, namespace=written)
    assert connect(kubeconfig=file, context=None, environment={}).namespace == found


@pytest.mark.parametrize(
    ("api_version", "kind", "namespace", "path"),
    [
        ("v1", "Namespace", "", "/api/v1/namespaces"),
        ("v1", "Service", "shop", "/api/v1/namespaces/shop/services"),
        ("apps/v1", "Deployment", "", "/apis/apps/v1/deployments"),
        ("v1", "Service", "../x", "/api/v1/namespaces/..%2Fx/services"),
    ],
)
def test_a_collection_has_its_path(api_version, kind, namespace, path):
    assert collection_path(api_version, kind, namespace) == path


def test_an_object_s_own_namespace_goes_before_the_one_given():
    assert object_path(DEPLOYMENT, "other") == f"{DEPLOYMENTS}/web"
    nameless = {**DEPLOYMENT, "metadata": {"name": "a/b"}}
    assert object_path(nameless, "shop") == f"{DEPLOYMENTS}/a%2Fb"


def test_after_a_silence_no_other_old_connection_is_tried(tmp_path):
    """A network that swallows what passes on connections that are open; new ones work."""
    both = threading.Barrier(2)

    def serve(connection):
        with connection:
            connection.recv(65536)
            both.wait()  # requests come in twos, so that there are two connections
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
            while connection.recv(65536):
                pass  # the second request and all later ones

    def accept():
        with suppress(OSError):
            while True:
                connection = listener.accept()[0]
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

    def ask_twice_at_once():
        with ThreadPoolExecutor(2) as pool:
            requests = [pool.submit(client.request, "GET", "/version", timeout=5.0) for _ in "ab"]
            return [one.result().status for one in requests]

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        config = kubeconfig(tmp_path, server=url)
        client = connect(kubeconfig=config, context=None, environment={})
        assert ask_twice_at_once() == [200, 200]
        with pytest.raises(KubeApiUnavailableError, match="did not respond to GET /version within"):
            client.request("GET", "/version", timeout=0.05)
        assert ask_twice_at_once() == [200, 200]
        client.close()


def test_connections_of_many_calls_at_once_are_kept(tmp_path, caplog):
    together = threading.Barrier(20)
    opened = []

    def serve(connection):
        with connection:
            while connection.recv(65536):
                together.wait()
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    def accept():
        with suppress(OSError):
            while True:
                opened.append(listener.accept()[0])
                threading.Thread(target=serve, args=(opened[-1],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        config = kubeconfig(tmp_path, server=url)
        client = connect(kubeconfig=config, context=None, environment={})
        for _ in range(3):
            with ThreadPoolExecutor(20) as pool:
                requests = [pool.submit(client.request, "GET", "/version") for _ in range(20)]
            assert {one.result().status for one in requests} == {200}
        client.close()
    assert len(opened) == 20
    assert caplog.records == []
