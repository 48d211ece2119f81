"""What can go wrong with the tests' control plane.

    ControlPlaneError
    ├── GoMissing         there is no Go to build with                    build exits with 3
    ├── AssetsMissing     KUBEBUILDER_ASSETS names a folder that is not there              2
    ├── BuildFailed       go build or go mod download ended with an error                   1
    ├── ComponentDied     etcd, kube-apiserver, … ended although nobody stopped it
    ├── NotReady          a deadline passed
    └── CommandFailed     kubectl or helm ended with another code than 0

Each message is what a person at the terminal reads, complete in itself.
"""


class ControlPlaneError(Exception):
    """The root: whoever catches this has caught everything from this package."""


class GoMissingError(ControlPlaneError):
    """Nothing can be built here; says what is missing and how to get it."""


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
