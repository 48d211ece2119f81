"""The pinned versions: the one place to change them.

After a change run `python -m tools.control_plane.pin`, which writes the go.mod and
go.sum files under `modules/` again. What belongs here: versions, and how each project stamps
its version into its binary. What does not: how to build (`build`) or where to look (`binaries`).
"""

from dataclasses import dataclass

# .go-version of the Kubernetes release below. Any Go of the same minor will do; another minor
# will not: Kubernetes 1.36 built with Go 1.27 answers /readyz, but its OpenAPI is broken and
# kubectl fails on it.
GO = "1.26.5"

# The oldest kubectl on PATH that is used instead of a built one: the oldest that these tests
# have been run with.
OLDEST_KUBECTL = (1, 32)


@dataclass(frozen=True, slots=True)
class Module:
    """A Go module that tools are built from; `name` is its folder under `modules/`.

    `stamps` are `-X` values for the linker; "{version}" is the version with its v,
    "{major}" and "{minor}" for its parts.
    """

    name: str
    path: str
    version: str
    stamps: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    @property
    def ldflags(self) -> str:
        """For `go build -ldflags`; without symbol tables, which would double the size."""
        major, minor, _ = self.version.removeprefix("v").split(".")
        stamps = (s.format(version=self.version, major=major, minor=minor) for s in self.stamps)
        return " ".join(["-s -w", *(f"-X {stamp}" for stamp in stamps)])


@dataclass(frozen=True, slots=True)
class Tool:
    """One binary and the package it is built from."""

    name: str
    module: Module
    package: str


def _kubernetes_stamps(released: str) -> tuple[str, ...]:
    """Return what Kubernetes' own release script stamps, twice: client-go keeps a copy.

    The commit is in no module archive. "archive" is upstream's word for a tree without .git.
    """
    values = (
        "gitVersion={version}",
        "gitMajor={major}",
        "gitMinor={minor}",
        "gitCommit=unknown",
        "gitTreeState=archive",
        f"buildDate={released}",
    )
    packages = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    return tuple(f"{package}.{value}" for package in packages for value in values)


KUBERNETES = Module(
    "kubernetes",
    "k8s.io/kubernetes",
    "v1.36.4",
    # The time at which the module was published, so that a rebuild gives the same bytes.
    stamps=_kubernetes_stamps(released="2026-08-20T11:51:43Z"),
    # The tags that Kubernetes' own release build sets; grpcnotrace lets the linker drop code.
    tags=("selinux", "notest", "grpcnotrace"),
)
# The newest patch of the minor that Kubernetes 1.36 is tested with (3.6.8 in its build files).
ETCD = Module("etcd", "go.etcd.io/etcd/server/v3", "v3.6.16")  # its version is a constant
KWOK = Module(
    "kwok", "sigs.k8s.io/kwok", "v0.8.0", stamps=("sigs.k8s.io/kwok/pkg/consts.Version={version}",)
)
HELM = Module(
    "helm",
    "helm.sh/helm/v4",
    "v4.3.1",
    stamps=(
        "helm.sh/helm/v4/internal/version.version={version}",
        "helm.sh/helm/v4/internal/version.gitTreeState=archive",
    ),
)
MODULES = (ETCD, KUBERNETES, KWOK, HELM)

# In the order in which they are built: a broken network shows at the small one first.
TOOLS = (
    Tool("etcd", ETCD, "go.etcd.io/etcd/server/v3"),
    Tool("kube-apiserver", KUBERNETES, "k8s.io/kubernetes/cmd/kube-apiserver"),
    Tool("kube-controller-manager", KUBERNETES, "k8s.io/kubernetes/cmd/kube-controller-manager"),
    Tool("kube-scheduler", KUBERNETES, "k8s.io/kubernetes/cmd/kube-scheduler"),
    Tool("kubectl", KUBERNETES, "k8s.io/kubernetes/cmd/kubectl"),
    Tool("kwok", KWOK, "sigs.k8s.io/kwok/cmd/kwok"),
    Tool("helm", HELM, "helm.sh/helm/v4/cmd/helm"),
)
