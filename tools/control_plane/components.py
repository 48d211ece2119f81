"""The command line of each component. In: a `Layout`. Out: arguments, without the program.

Admission plugins, authentication and storage stay at Kubernetes' defaults; every flag that
differs from them says why.
"""

from collections.abc import Callable
from pathlib import Path

from tools.control_plane.layout import Layout

# Cluster IPs lie on loopback too: what connects to one is refused at once, instead of sending
# packets to a network that the test machine may really have.
SERVICE_RANGE = "127.96.0.0/16"

_STAGES = Path(__file__).with_name("stages.yaml")


def etcd(layout: Layout) -> list[str]:
    """One member, plain HTTP on loopback, for data that nobody keeps."""
    client = f"http://127.0.0.1:{layout.ports.etcd}"
    peer = f"http://127.0.0.1:{layout.ports.etcd_peer}"
    return [
        "--name=tests",
        f"--data-dir={layout.path('etcd')}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=tests={peer}",
        "--unsafe-no-fsync",  # halves the time of a write; a power cut ends the tests anyway
        "--log-level=warn",
    ]


def kube_apiserver(layout: Layout) -> list[str]:
    """Authorization as kubeadm sets it up; client certificates and service account tokens."""
    return [
        f"--etcd-servers=http://127.0.0.1:{layout.ports.etcd}",
        "--bind-address=127.0.0.1",
        f"--secure-port={layout.ports.api}",
        # Without an address it looks for a network interface, and a sandbox may have none.
        "--advertise-address=127.0.0.1",
        # A loopback address is not allowed as an endpoint; nobody asks for these endpoints.
        "--endpoint-reconciler-type=none",
        f"--service-cluster-ip-range={SERVICE_RANGE}",
        "--authorization-mode=Node,RBAC",
        "--allow-privileged=true",  # as kubeadm: what may be privileged is PodSecurity's matter
        # Ends the controllers' watches at once when it is stopped; it would wait a minute for them.
        "--shutdown-watch-termination-grace-period=2s",
        f"--client-ca-file={layout.path('ca.crt')}",
        f"--tls-cert-file={layout.path('api.crt')}",
        f"--tls-private-key-file={layout.path('api.key')}",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={layout.path('tokens.pub')}",
        f"--service-account-signing-key-file={layout.path('tokens.key')}",
    ]


def kube_controller_manager(layout: Layout) -> list[str]:
    """Every controller, each with its own service account, as in a real cluster."""
    return [
        f"--kubeconfig={layout.kubeconfig('kube-controller-manager')}",
        "--leader-elect=false",  # there is one; an election costs seconds at each start
        "--secure-port=0",  # nobody asks it anything: one port fewer
        "--use-service-account-credentials=true",
        f"--root-ca-file={layout.path('ca.crt')}",
        f"--service-account-private-key-file={layout.path('tokens.key')}",
    ]


def kube_scheduler(layout: Layout) -> list[str]:
    """It alone gives a pod its node; without one even kwok leaves the pod Pending."""
    return [
        f"--kubeconfig={layout.kubeconfig('kube-scheduler')}",
        "--leader-elect=false",
        "--secure-port=0",
    ]


def kwok(layout: Layout) -> list[str]:
    """Plays every node: heartbeats for the nodes, phases for their pods; no container runs."""
    return [
        f"--kubeconfig={layout.kubeconfig('kwok')}",
        f"--config={_STAGES}",
        "--manage-all-nodes=true",
        "--node-ip=127.0.0.1",
        "--cidr=10.244.0.0/16",  # addresses that pods pretend to have
        "--node-lease-duration-seconds=40",  # the kubelet's own value
    ]


COMMANDS: dict[str, Callable[[Layout], list[str]]] = {
    "etcd": etcd,
    "kube-apiserver": kube_apiserver,
    "kube-controller-manager": kube_controller_manager,
    "kube-scheduler": kube_scheduler,
    "kwok": kwok,
}
