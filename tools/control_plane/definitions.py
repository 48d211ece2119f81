"""CustomResourceDefinitions of other projects: `provide_definitions`.

What graphgate renders for cert-manager, the Prometheus operator, KEDA, OpenShift, Gateway API and
Istio, and what an example has for Argo Rollouts, is evaluated by their own definitions; Contour's
are what the gateway of the tests starts with.
They are files in Go modules, which the Go module proxy has; nothing is built. Each is copied into
the cache of the binaries, once; what is there is not fetched again.
"""

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.control_plane.cache import Report, cache_folder, only_builder
from tools.control_plane.errors import BuildFailedError, GoMissingError
from tools.control_plane.toolchain import Go, build_environment, find_go

_SECONDS_FOR_A_DOWNLOAD = 600  # all are 30 MB; a slow line may need more than seconds


@dataclass(frozen=True, slots=True)
class Source:
    """A Go module and its definitions: kind → file in the module.

    `checksum` is what go.sum would say. It is compared here, because Go itself asks a checksum
    database only where the machine's settings allow that.
    """

    name: str
    path: str
    version: str
    checksum: str
    files: Mapping[str, str]

    @property
    def package(self) -> str:
        """What `go mod download` is given: "example.com/module@v1.2.3"."""
        return f"{self.path}@{self.version}"


SOURCES = (
    Source(
        "cert-manager",
        "github.com/cert-manager/cert-manager",
        "v1.21.2",
        "h1:UWgoYM+KLNtRlqmoWOKjKBOBUPVHeepQ6/ac3ERJW68=",
        {
            "Certificate": "deploy/crds/cert-manager.io_certificates.yaml",
            "Issuer": "deploy/crds/cert-manager.io_issuers.yaml",
        },
    ),
    Source(
        "keda",
        "github.com/kedacore/keda/v2",
        "v2.21.0",
        "h1:R6z2HZvstK4RLUMxroNACzBj74xGxt3kG59b5Xc+Xps=",
        {"ScaledObject": "config/crd/bases/keda.sh_scaledobjects.yaml"},
    ),
    Source(
        "prometheus-operator",
        "github.com/prometheus-operator/prometheus-operator",
        "v0.85.0",
        "h1:M5xLCLEoaW2IJfnuCwFzzpL+jSVQu3KGT84Pye+fW8s=",
        {
            "ServiceMonitor": (
                "example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml"
            ),
            "PodMonitor": "example/prometheus-operator-crd/monitoring.coreos.com_podmonitors.yaml",
        },
    ),
    Source(
        "openshift-api",
        "github.com/openshift/api",
        "v0.0.0-20251020135558-286504b695bc",  # it has no releases
        "h1:hUPxgvR9S2Xt6IUeToTVxSr6mYfV0dyedmccLoSrbIo=",
        {
            "SecurityContextConstraints": (
                "security/v1/zz_generated.crd-manifests/"
                "0000_03_config-operator_01_securitycontextconstraints.crd.yaml"
            )
        },
    ),
    Source(
        "gateway-api",
        "sigs.k8s.io/gateway-api",
        "v1.6.3",  # v1.7 needs another Go than the pinned Kubernetes
        "h1:lKpJa5bGlraC/QeACvCpsHLdmO6y0iKfzVl6gzaFEYc=",
        {
            # The channel "experimental" has every version that the gateway of the tests reads.
            kind: f"config/crd/experimental/gateway.networking.k8s.io_{plural}.yaml"
            for kind, plural in {
                "GatewayClass": "gatewayclasses",
                "Gateway": "gateways",
                "HTTPRoute": "httproutes",
                "GRPCRoute": "grpcroutes",
                "ReferenceGrant": "referencegrants",
                "TLSRoute": "tlsroutes",
                "TCPRoute": "tcproutes",
                "BackendTLSPolicy": "backendtlspolicies",
            }.items()
        },
    ),
    Source(
        "istio",
        "istio.io/api",
        "v1.32.0",
        "h1:37mJvg9I0biYZAEQF+MATs4FNeCpXEIVO3LFpVb6iNM=",
        # One file has all of them.
        {"VirtualService": "kubernetes/customresourcedefinitions.gen.yaml"},
    ),
    Source(
        "argo-rollouts",
        "github.com/argoproj/argo-rollouts",
        "v1.8.3",
        "h1:blbtQva4IK9r6gFh+dWkCrLnFdPOWiv9ubQYu36qeaA=",
        {"Rollout": "manifests/crds/rollout-crd.yaml"},
    ),
    Source(
        "contour",
        "github.com/projectcontour/contour",
        "v1.33.8",
        "h1:QoOfwqWws+CVRFpsRC2+f1DmB5IdurtyUtepIsiWfE0=",
        {"HTTPProxy": "examples/contour/01-crds.yaml"},
    ),
    Source(
        "openreports",
        "github.com/openreports/reports-api",
        "v0.2.1",
        "h1:g9KS3yle9Y1elmww4TK9EkD1rl6inIaiIJPX6e+u680=",
        {"Report": "config/crd/openreports.io_reports.yaml"},
    ),
    Source(
        "kyverno",
        "github.com/kyverno/kyverno",
        "v1.19.1",
        "h1:/MkgFii3/VlQfKR1JpC9tVwNNVNQTt2S4U6qCsafsTU=",
        {"PolicyReport": "config/crds/policyreport/wgpolicyk8s.io_policyreports.yaml"},
    ),
)


def provide_definitions(environ: Mapping[str, str], report: Report) -> dict[str, Path]:
    """Return the file of every definition by its kind; missing ones are fetched first.

    Raises GoMissing where there is no Go to fetch with, and BuildFailed.
    """
    cache = cache_folder(environ)
    if _missing(cache):
        cache.mkdir(parents=True, exist_ok=True)
        with only_builder(cache, report):
            # Asked again inside the lock: another run may have fetched them meanwhile.
            for source in _missing(cache):
                report(f"fetching definitions of {source.name} {source.version}")
                _fetch(source, cache, _find_go(environ), environ)
    return {kind: file for source in SOURCES for kind, file in _files(source, cache).items()}


def _missing(cache: Path) -> list[Source]:
    return [s for s in SOURCES if not all(f.is_file() for f in _files(s, cache).values())]


def _files(source: Source, cache: Path) -> dict[str, Path]:
    folder = cache / f"{source.name}-{source.version}"
    return {kind: folder / Path(file).name for kind, file in source.files.items()}


def _find_go(environ: Mapping[str, str]) -> Go:
    try:
        return find_go(environ.get("PATH", ""), [])
    except GoMissingError as missing:
        raise GoMissingError(
            "definitions of other projects are not in the cache, "
            "and there is no Go on PATH to fetch them with"
        ) from missing


def _fetch(source: Source, cache: Path, go: Go, environ: Mapping[str, str]) -> None:
    module = _download(source, go, environ)
    for kind, target in _files(source, cache).items():
        found = module / source.files[kind]
        if not found.is_file():
            raise BuildFailedError(f"{source.package} has no file {source.files[kind]}")
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished = target.with_name(f".{target.name}.partial")
        unfinished.write_bytes(found.read_bytes())
        unfinished.rename(target)


def _download(source: Source, go: Go, environ: Mapping[str, str]) -> Path:
    """Return the folder into which Go has unpacked the module."""
    try:
        done = subprocess.run(
            [str(go.command), "mod", "download", "-json", source.package],
            cwd=os.sep,  # no go.mod around
            env=build_environment(environ, go),
            capture_output=True,
            text=True,
            check=False,
            timeout=_SECONDS_FOR_A_DOWNLOAD,
        )
        answer = json.loads(done.stdout or "{}")
    except (subprocess.TimeoutExpired, ValueError) as error:
        raise BuildFailedError(f"go mod download {source.package}: {error}") from error
    if done.returncode != 0 or not answer.get("Dir"):
        why = answer.get("Error") or done.stderr.strip() or f"code {done.returncode}"
        raise BuildFailedError(f"go mod download {source.package}: {why}")
    if answer["Sum"] != source.checksum:
        raise BuildFailedError(
            f"go mod download {source.package}: its checksum is {answer['Sum']}, "
            f"not {source.checksum}"
        )
    return Path(answer["Dir"])
