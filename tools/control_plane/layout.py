"""The folder of one running control plane: its ports, keys and kubeconfigs.

`prepare` makes everything that the components need before the first of them starts.
"""

import random
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.control_plane.access import write_kubeconfig
from tools.control_plane.certificates import Authority, Pair, create_authority, create_signing_key

# Who each component is; the roles for these names are part of every cluster.
_USERS = {
    "kube-controller-manager": ("system:kube-controller-manager", ()),
    "kube-scheduler": ("system:kube-scheduler", ()),
    # In a real cluster a node's kubelet writes what kwok writes, for all nodes at once.
    "kwok": ("kwok", ("system:masters",)),
    "admin": ("kubernetes-admin", ("system:masters",)),
}


@dataclass(frozen=True, slots=True)
class Ports:
    """Loopback ports; etcd needs two, although it has no peer."""

    api: int
    etcd: int
    etcd_peer: int


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything of one control plane is."""

    folder: Path
    ports: Ports
    authority: Authority

    @property
    def server(self) -> str:
        """The API server's URL."""
        return f"https://127.0.0.1:{self.ports.api}"

    def path(self, name: str) -> Path:
        """Return the path of a file in the folder."""
        return self.folder / name

    def kubeconfig(self, name: str) -> Path:
        """Return the kubeconfig of a component, or of "admin"."""
        return self.folder / f"{name}.kubeconfig"

    def log(self, name: str) -> Path:
        """Return the log of a component."""
        return self.folder / "logs" / f"{name}.log"

    def add_user(self, name: str, user: str, groups: tuple[str, ...]) -> Path:
        """Write a kubeconfig for a user that the API server will know by certificate."""
        pair = self.authority.mint_client(user, groups)
        file = self.kubeconfig(name)
        return write_kubeconfig(file, self.server, self.authority.certificate, pair)


def prepare(folder: Path) -> Layout:
    """Choose ports, issue certificates, write kubeconfigs into a new, private folder."""
    layout = Layout(folder, _choose_ports(), create_authority("graphgate-tests"))
    (folder / "logs").mkdir(exist_ok=True)
    layout.path("ca.crt").write_bytes(layout.authority.certificate)
    names = ("kubernetes.default.svc", "kubernetes.default", "kubernetes", "localhost", "127.0.0.1")
    _write_pair(layout, "api", layout.authority.mint_server(names))
    _write_pair(layout, "admin", layout.authority.mint_client(*_USERS["admin"]))
    tokens = create_signing_key()
    layout.path("tokens.pub").write_bytes(tokens.public)
    layout.path("tokens.key").write_bytes(tokens.private)
    for name, (user, groups) in _USERS.items():
        layout.add_user(name, user, groups)
    return layout


def _write_pair(layout: Layout, stem: str, pair: Pair) -> None:
    layout.path(f"{stem}.crt").write_bytes(pair.certificate)
    layout.path(f"{stem}.key").write_bytes(pair.key)


def _choose_ports() -> Ports:
    free = _free_ports()
    return Ports(api=next(free), etcd=next(free), etcd_peer=next(free))


def _free_ports() -> Iterator[int]:
    """Yield ports on which nothing listens now, each one once.

    From below the range that the kernel lends to outgoing connections: a port from inside it can
    be taken by anybody's client while the API server is stopped to be started again.
    """
    # 15000: above the well-known ones of databases and development servers. At random, so that
    # two test workers that start in the same moment rarely choose the same.
    candidates = list(range(15000, _first_ephemeral_port()))
    random.shuffle(candidates)
    return (port for port in candidates if _is_free(port))


def _first_ephemeral_port() -> int:
    try:
        first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    except (OSError, ValueError):
        first = 0
    # 32768 is Linux' default; a machine with another range may leave no room above 15000.
    return first if first > 16000 else 32768


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As Go listens: a connection of an earlier server in TIME_WAIT is not a hindrance.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
