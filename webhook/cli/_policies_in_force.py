"""The policies of a running server, read anew when files or objects of the cluster change.

    files ────┐                        ┌─▶ in force, at the next review
              ├─▶ compiled in a thread ┤
    cluster ──┘                        └─▶ what cannot be used: named; its last good version stays

Files belong to the operator and are one unit: if one is bad, all stay as they were. Objects of the
cluster come from many hands and are judged one by one: a bad one never holds up the others.
"""

import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from webhook.cli._policies import Wanted, load_texts, texts, told
from webhook.errors import InvalidPolicy

if TYPE_CHECKING:
    from webhook.cluster.policies import LivePolicies
    from webhook.decisions.demands import Demands
    from webhook.policy import PolicySet
    from webhook.server.health import Check, State, Status
    from webhook.server.metrics import Metrics

logger = logging.getLogger("graphgate")


CLUSTER = "cluster:"
"""What the names of objects of the cluster begin with (`cluster.policies`)."""

_STAYS = " (its last good version stays in force)"


@dataclass(frozen=True, slots=True)
class InForce:
    """What was loaded.

    policies None: nothing was ever loaded, and the engine, which takes 20 MB, not even imported
    files    by name, the contents in force
    objects  of the cluster, by what messages call them: those in force
    known    whether `objects` are those of the cluster; False: they were not read yet
    fault    why the newest files are not; "": they are
    refused  sentences: objects of the cluster that are not in force as they are now
    """

    policies: "PolicySet | None"
    files: Mapping[str, bytes]
    objects: Mapping[str, Any] = field(default_factory=dict)
    known: bool = True
    fault: str = ""
    refused: tuple[str, ...] = ()


def settle(
    files: Mapping[str, bytes], newest: Mapping[str, Any] | None, before: InForce
) -> InForce:
    """Return what is in force when these are the newest files and objects; None: not read yet."""
    objects = newest or {}
    fault = ""
    try:
        policies = load_texts(files, objects)
        # A binding may wait for a policy of the cluster.
        problems = [p for p in policies.problems if p.file not in objects and not p.unbound]
        fault = told(list(map(str, problems))) if problems else ""
    except InvalidPolicy as unreadable:
        fault = str(unreadable)
    if fault:
        if before.policies is not None and before.objects == objects:
            return replace(before, fault=fault)
        files = before.files
        policies = load_texts(files, objects)
    refused: list[str] = []
    blind = _blind(policies)
    if blind:
        refused += [sentence for sentence in blind.values() if sentence]
        objects = {name: value for name, value in objects.items() if name not in blind}
        policies = load_texts(files, objects)
    bad = {problem.file for problem in policies.problems}
    good = {
        name: before.objects[name]
        for name in bad & objects.keys() & before.objects.keys()
        if objects[name] != before.objects[name]
    }
    refused += [
        f"{problem}{_STAYS if problem.file in good else ''}" for problem in policies.problems
    ]
    if good:
        objects = {**objects, **good}
        policies = load_texts(files, objects)
        bad = {problem.file for problem in policies.problems}
    in_force = {name: value for name, value in objects.items() if name not in bad}
    return InForce(policies, files, in_force, newest is not None, fault, tuple(refused))


def _blind(policies: "PolicySet") -> dict[str, str]:
    """Return policies of the cluster whose parameters nobody follows, with their bindings.

    They would deny everything, or nothing. By what messages call them, each with a sentence.
    """
    blind: dict[str, str] = {}
    for bound in (*policies.validating, *policies.mutating):
        policy = bound.policy
        kind = policy.param_kind
        if kind is None or kind[1] == "ConfigMap" or kind in policies.params:
            continue
        if not policy.file.startswith(CLUSTER):
            continue
        blind[policy.file] = (
            f"{policy.file}: its parameters are of kind {kind[1]}, and of those in the cluster "
            "only ConfigMaps are followed; --policies may name a file of them"
        )
        blind.update((binding.file, "") for binding in bound.bindings)
    return blind


class PoliciesInForce:
    """The last good policies, and the source that replaces them.

    Compiling takes a third of a second and more, so it happens in a thread while the last good
    set answers.
    """

    name = "policies"

    def __init__(self, wanted: Callable[[], Wanted], live: "LivePolicies | None" = None) -> None:
        """Load the files; raise InvalidPolicy if one of them cannot be used.

        wanted  where policies come from, asked again at each refresh
        live    what is followed in the cluster; None: nothing
        """
        self._wanted = wanted
        self._live = live
        files = texts(wanted().paths)
        policies = load_texts(files) if files else None
        found = policies.problems if policies else ()
        problems = [str(p) for p in found if live is None or not p.unbound]
        if problems:
            raise InvalidPolicy(told(problems))
        self._in_force = InForce(policies, files, known=live is None)
        self._read: tuple[Mapping[str, bytes], Mapping[str, Any] | None]
        self._read = files, {} if live is None else None
        self._loader = ThreadPoolExecutor(1, "policies")
        self._loading: Future[InForce] | None = None

    @property
    def policies(self) -> "PolicySet | None":
        """What is in force at this moment; None: nothing was ever loaded."""
        return self._in_force.policies

    def now(self, expired: Callable[[], bool] | None = None) -> "Demands | None":
        """Return what is demanded at this moment; None where there are no policies.

        expired  whether the time of the review is up
        """
        policies = self._in_force.policies
        if policies is None or not policies.version:
            return None
        from webhook.decisions.demands import Demands

        return Demands(policies, int(time.time()), expired)

    def refresh(self) -> bool:
        """Put what has changed into effect; raise InvalidPolicy while files cannot be used."""
        fault = self._begin() if self._loading is None else ""
        changed = self._loading is not None and self._loading.done() and self._end()
        fault = fault or self._in_force.fault or self._unfollowed()
        if fault:
            raise InvalidPolicy(fault)
        return changed

    def _begin(self) -> str:
        """Load what is new, in the thread; return why files cannot be read."""
        files, objects = self._read
        fault = ""
        try:
            files = texts(self._wanted().paths)
        except InvalidPolicy as unreadable:
            fault = str(unreadable)
        followed = self._live.objects if self._live else None
        objects = objects if followed is None else followed
        if (files, objects) != self._read:
            self._read = files, objects
            self._loading = self._loader.submit(settle, files, objects, self._in_force)
        return fault

    def _end(self) -> bool:
        """Put what was loaded in force."""
        loading, self._loading = self._loading, None
        before = self._in_force
        if loading is not None:
            self._in_force = loading.result()
        for sentence in self._in_force.refused:
            if sentence not in before.refused:
                logger.error("policy not used", extra={"fields": {"reason": sentence}})
        return self._in_force.policies is not before.policies

    def _unfollowed(self) -> str:
        """Return why what the settings now say of the cluster has no effect."""
        selector = self._wanted().selector
        if selector == (self._live.selector if self._live else None):
            return ""
        return f"policies.cluster is now {selector!r}; that takes a restart"

    def check(self) -> "Check":
        """Return what /readyz?verbose says of them."""
        from webhook.server.health import Check

        return Check("policies", self._probe)

    def _probe(self) -> "Status":
        from webhook.server.health import Status

        refused = self._in_force.refused
        detail = f"{self._count()} in force"
        if self._version():
            detail += f", version {self._version()}"
        state: State = "ok"
        followed = ""
        if self._live:
            state, followed = self._live.health()
        if state != "failed" and not self._in_force.known:
            state, followed = "failed", "those of the cluster are being compiled"
        if followed:
            detail += f"; {followed}"
        if refused:
            state = "degraded" if state == "ok" else state
            detail += f"; not used: {told(list(refused))}"
        return Status(state, detail)

    def _version(self) -> str:
        return self.policies.version if self.policies else ""

    def _count(self) -> int:
        return len(self.policies.policies) if self.policies else 0

    def show(self, metrics: "Metrics") -> None:
        """Show version and numbers among the metrics."""
        metrics.info(
            "policies_info",
            "The policies in force: a digest of all of them.",
            "version",
            self._version,
        )
        metrics.gauge("policies", "Policies in force.", self._count)
        metrics.gauge(
            "policies_refused",
            "Objects of the cluster that are not in force as they are now.",
            lambda: len(self._in_force.refused),
        )
