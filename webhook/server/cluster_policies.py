"""The cluster's policies by labels that the settings may change while the server runs.

    cluster = ClusterPolicies(open_watcher)
    cluster.select("team=ml")       followed from now on
    cluster.select("team=risk")     what has the old label stays in force until this was read once

Belongs here: which watcher counts. Does not belong here: what it follows (`kube.policy_watcher`).
"""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from webhook.kube.health import CheckResult
    from webhook.kube.param_watcher import ParamKind, ParamReference
    from webhook.kube.policy_watcher import PoliciesWatcher


class ClusterPolicies:
    """One watcher, and during a change the one that is to replace it. Its own context manager."""

    def __init__(self, open_watcher: "Callable[[str], PoliciesWatcher]") -> None:
        """Initialise; no requests before labels are selected and it is entered.

        open_watcher  returns a watcher of the objects with these labels, not started; it raises
                      KubeApiUnavailableError where no cluster is known
        """
        self._open_watcher = open_watcher
        self._watcher: PoliciesWatcher | None = None
        self._incoming: PoliciesWatcher | None = None
        self._is_running = False

    def __enter__(self) -> Self:
        self._is_running = True
        if self._watcher is not None:
            self._watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        for watcher in self._watchers():
            watcher.stop()

    @property
    def selector(self) -> str | None:
        """The labels that were selected last; None: no object of the cluster counts."""
        newest = self._incoming or self._watcher
        return newest.selector if newest else None

    def select(self, selector: str | None) -> bool:
        """Have the objects with these labels count as soon as they were read; None: none at all.

        Return whether that is a change.
        """
        if selector == self.selector:
            return False
        opened = None
        if selector is not None and (self._watcher is None or selector != self._watcher.selector):
            opened = self._open_watcher(selector)
        self._end(self._incoming)
        self._incoming = None
        if selector is None:
            self._end(self._watcher)
            self._watcher = None
        elif opened is not None and self._is_running:
            self._incoming = opened
            opened.start()
        elif opened is not None:
            self._watcher = opened
        return True

    @property
    def objects(self) -> Mapping[str, Any] | None:
        """Every object that counts, by what messages call it; None: they were not read yet."""
        if self._incoming is not None and self._incoming.objects is not None:
            self._end(self._watcher)
            self._watcher, self._incoming = self._incoming, None
        return self._watcher.objects if self._watcher else {}

    def follow_params(
        self,
        references: "Iterable[ParamReference]",
        param_kinds: Mapping[str, Mapping[str, "ParamKind"]],
    ) -> None:
        """Follow the parameters that bindings in files refer to, as each watcher does."""
        kept = tuple(references)
        for watcher in self._watchers():
            watcher.follow_params(kept, param_kinds)

    @property
    def unreadable_param_kinds(self) -> "Mapping[ParamKind, str]":
        """Why nothing is known of kinds of parameters."""
        return self._watcher.unreadable_param_kinds if self._watcher else {}

    @property
    def omitted_params(self) -> int:
        """How many parameters are left out for want of room."""
        return self._watcher.omitted_params if self._watcher else 0

    def health(self) -> "CheckResult | None":
        """Return whether the objects can be relied on, and why not; None: none are selected."""
        from webhook.kube.health import CheckResult

        incoming, watcher = self._incoming, self._watcher
        if incoming is not None:
            detail = (
                f"objects with the labels {incoming.selector} not read yet: "
                f"{incoming.health().detail}"
            )
            before = f"those with {watcher.selector}" if watcher else "files alone"
            return CheckResult("degraded", f"{detail}; {before} stay in use")
        return watcher.health() if watcher else None

    def _watchers(self) -> "list[PoliciesWatcher]":
        return [watcher for watcher in (self._watcher, self._incoming) if watcher is not None]

    def _end(self, watcher: "PoliciesWatcher | None") -> None:
        """Stop a watcher in the background: the caller also answers reviews, and cannot wait."""
        if watcher is not None and self._is_running:
            watcher.interrupt()
