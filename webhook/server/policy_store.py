"""The policies of a running server, read again when files or objects of the cluster change.

    files ────┐                        ┌─▶ in force, at the next review
              ├─▶ compiled in a thread ┤
    cluster ──┘                        └─▶ what cannot be used: named; its last good version stays

Files belong to the operator and are one unit: if one is invalid, all keep their last version.
Objects of the cluster have many authors and are loaded one by one: an invalid one never affects
the others.
"""

import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from webhook.errors import KubeApiUnavailableError, PolicyError
from webhook.server.policy_files import (
    ResolvedPolicySources,
    parse_policies,
    read_files,
    summarize_problems,
)

if TYPE_CHECKING:
    from webhook.engine.policy_context import PolicyContext
    from webhook.kube.param_watcher import ParamKind
    from webhook.policy import PolicySet
    from webhook.runtime.health import Check, CheckResult, CheckState
    from webhook.runtime.metrics import ServerMetrics
    from webhook.server.cluster_policies import ClusterPolicies

logger = logging.getLogger("graphgate")


CLUSTER_PREFIX = "cluster:"
"""What the names of objects of the cluster begin with (`kube.policy_watcher`)."""

_KEPT_VERSION_SUFFIX = " (its last valid version stays in use)"


_Observed = tuple[Mapping[str, bytes], Mapping[str, Any] | None, "Mapping[ParamKind, str]"]
"""Files, objects of the cluster (None: not read yet), kinds of parameters that cannot be read."""


@dataclass(frozen=True, slots=True)
class PolicySetState:
    """What was loaded.

    policies None: nothing was ever loaded, and the engine, which takes 20 MB, not even imported
    files      by name, the contents in force
    objects    of the cluster, by what messages call them: those in force
    is_synced  whether `objects` are those of the cluster; False: they were not read yet
    error      why the newest files are not; "": they are
    rejected   sentences: objects of the cluster that are not in force as they are now
    """

    policies: "PolicySet | None"
    files: Mapping[str, bytes]
    objects: Mapping[str, Any] = field(default_factory=dict)
    is_synced: bool = True
    error: str = ""
    rejected: tuple[str, ...] = ()


def next_state(
    files: Mapping[str, bytes],
    observed: Mapping[str, Any] | None,
    unreadable_params: "Mapping[ParamKind, str]",
    previous: PolicySetState,
) -> PolicySetState:
    """Return what is in force when these are the newest files and objects; None: not read yet.

    unreadable_params  kinds of parameters of which nothing is known, and why
    """
    objects = observed or {}
    error = ""
    try:
        policies = parse_policies(files, objects)
        # A binding may wait for a policy of the cluster.
        problems = [p for p in policies.problems if p.file not in objects and not p.policy_missing]
        error = "\n".join(map(str, problems))
    except PolicyError as load_error:
        error = str(load_error)
    if error:
        if previous.policies is not None and previous.objects == objects:
            return replace(previous, error=error)
        files = previous.files
        policies = parse_policies(files, objects)
    rejected: list[str] = []
    unresolvable = _unresolvable_params(policies, unreadable_params)
    if unresolvable:
        rejected += [sentence for sentence in unresolvable.values() if sentence]
        objects = {name: value for name, value in objects.items() if name not in unresolvable}
        policies = parse_policies(files, objects)
    invalid_files = {problem.file for problem in policies.problems}
    last_good = {
        name: previous.objects[name]
        for name in invalid_files & objects.keys() & previous.objects.keys()
        if objects[name] != previous.objects[name]
    }
    rejected += [
        f"{problem}{_KEPT_VERSION_SUFFIX if problem.file in last_good else ''}"
        for problem in policies.problems
    ]
    if last_good:
        objects = {**objects, **last_good}
        policies = parse_policies(files, objects)
        invalid_files = {problem.file for problem in policies.problems}
    active = {name: value for name, value in objects.items() if name not in invalid_files}
    return PolicySetState(policies, files, active, observed is not None, error, tuple(rejected))


def _unresolvable_params(
    policies: "PolicySet", unreadable: "Mapping[ParamKind, str]"
) -> dict[str, str]:
    """Return policies of the cluster whose parameters cannot be read, with their bindings.

    They would deny everything, or nothing. By what messages call them, each with a sentence.
    """
    unresolvable: dict[str, str] = {}
    for bound_policy in (*policies.validating, *policies.mutating):
        policy = bound_policy.policy
        kind = policy.param_kind
        if kind is None or kind not in unreadable or kind in policies.params:
            continue
        if not policy.file.startswith(CLUSTER_PREFIX):
            continue
        unresolvable[policy.file] = (
            f"{policy.file}: its parameters of kind {kind[1]} cannot be read: {unreadable[kind]}; "
            "you can provide them in a file of --policies"
        )
        unresolvable.update((binding.file, "") for binding in bound_policy.bindings)
    return unresolvable


class PolicyStore:
    """The last good policies, and the source that replaces them.

    Compiling takes a third of a second and more, so it happens in a thread while the last good
    set answers.
    """

    name = "policies"

    def __init__(
        self,
        resolve_sources: Callable[[], ResolvedPolicySources],
        watched: "ClusterPolicies | None" = None,
    ) -> None:
        """Load the files; raise PolicyError if one of them cannot be used.

        resolve_sources  the sources of policies, called at each refresh
        watched          what is followed in the cluster; None: nothing can be
        """
        self._resolve_sources = resolve_sources
        self._watched = watched
        sources = resolve_sources()
        if watched is not None:
            watched.select(sources.selector)
        self._has_cluster = sources.selector is not None
        files = read_files(sources.paths)
        policies = parse_policies(files) if files else None
        self._follow_params(policies)
        all_problems = policies.problems if policies else ()
        problems = [str(p) for p in all_problems if not (self._has_cluster and p.policy_missing)]
        if problems:
            raise PolicyError(*problems)
        self._state = PolicySetState(policies, files, is_synced=not self._has_cluster)
        self._last_read: _Observed = (files, None if self._has_cluster else {}, {})
        self._loader = ThreadPoolExecutor(1, "policies")
        self._loading: Future[PolicySetState] | None = None

    @property
    def policies(self) -> "PolicySet | None":
        """What is in force at this moment; None: nothing was ever loaded."""
        return self._state.policies

    def current_context(self, expired: Callable[[], bool] | None = None) -> "PolicyContext | None":
        """Return what is demanded at this moment; None where there are no policies.

        expired  whether the time of the review is up
        """
        policies = self._state.policies
        if policies is None or not policies.version:
            return None
        from webhook.engine.policy_context import PolicyContext

        return PolicyContext(policies, int(time.time()), expired)

    def reload_if_changed(self) -> bool:
        """Put what has changed into effect; raise PolicyError while files cannot be used."""
        error = self._start_load() if self._loading is None else ""
        changed = self._loading is not None and self._loading.done() and self._finish_load()
        error = error or self._state.error
        if error:
            raise PolicyError(error)
        return changed

    def _start_load(self) -> str:
        """Load what is new, in the thread; return why files cannot be read."""
        files, objects, unreadable = self._last_read
        sources = self._resolve_sources()
        error = ""
        try:
            files = read_files(sources.paths)
        except PolicyError as load_error:
            error = str(load_error)
        if self._watched is not None:
            try:
                if self._watched.select(sources.selector):
                    self._follow_params(self._state.policies)
            except KubeApiUnavailableError as no_cluster:
                error = f"cannot use policies.selector {sources.selector!r}: {no_cluster}"
            observed = self._watched.objects
            if observed is not None:
                objects, unreadable = observed, self._watched.unreadable_param_kinds
        if (files, objects, unreadable) != self._last_read:
            self._last_read = files, objects, unreadable
            self._loading = self._loader.submit(next_state, *self._last_read, self._state)
        return error

    def _finish_load(self) -> bool:
        """Put what was loaded in force."""
        loading, self._loading = self._loading, None
        previous = self._state
        if loading is not None:
            self._state = loading.result()
            self._follow_params(self._state.policies)
        for sentence in self._state.rejected:
            if sentence not in previous.rejected:
                logger.error("policy_rejected", extra={"fields": {"reason": sentence}})
        return self._state.policies is not previous.policies

    def _follow_params(self, policies: "PolicySet | None") -> None:
        """Have the cluster's parameters followed that bindings of files refer to."""
        if self._watched is None or self._watched.selector is None or policies is None:
            return  # and the client of the API server is not even imported
        from webhook.kube.param_watcher import ParamReference

        references: list[ParamReference] = []
        kinds: dict[str, dict[str, ParamKind]] = {}
        for bound in (*policies.validating, *policies.mutating):
            policy = bound.policy
            if policy.param_kind is None:
                continue
            kinds.setdefault(policy.kind, {})[policy.name] = policy.param_kind
            version, kind = policy.param_kind
            references += [
                ParamReference(
                    reference.namespace,
                    reference.name,
                    reference.selector.to_query() if reference.selector else "",
                    kind,
                    version,
                )
                for reference in (binding.param_ref for binding in bound.bindings)
                if reference is not None
            ]
        self._watched.follow_params(references, kinds)

    def readiness_check(self) -> "Check":
        """Return what /readyz?verbose says of them."""
        from webhook.runtime.health import Check

        return Check("policies", self._status)

    def _status(self) -> "CheckResult":
        from webhook.runtime.health import CheckResult

        rejected = self._state.rejected
        detail = f"{self._count()} in force"
        if self._version():
            detail += f", version {self._version()}"
        state: CheckState = "ok"
        watch_detail = ""
        health = self._watched.health() if self._watched else None
        if health is not None:
            state, watch_detail = health
        if state != "failed" and not self._state.is_synced:
            state, watch_detail = "failed", "policies of the cluster are being compiled"
        if watch_detail:
            detail += f"; {watch_detail}"
        if rejected:
            state = "degraded" if state == "ok" else state
            detail += f"; not used: {summarize_problems(list(rejected))}"
        return CheckResult(state, detail)

    def _version(self) -> str:
        return self.policies.version if self.policies else ""

    def _count(self) -> int:
        return len(self.policies.policies) if self.policies else 0

    def register_metrics(self, metrics: "ServerMetrics") -> None:
        """Show version and numbers among the metrics."""
        metrics.register_info(
            "policies_info",
            "The current policies: a digest of all of them.",
            "version",
            self._version,
        )
        metrics.register_gauge("policies", "Number of current policies.", self._count)
        metrics.register_gauge(
            "policies_invalid",
            "Objects of the cluster whose current version is not used.",
            lambda: len(self._state.rejected),
        )
        metrics.register_gauge(
            "policy_params_omitted",
            "Parameters that are left out because they exceed the limits.",
            lambda: self._watched.omitted_params if self._watched else 0,
        )
