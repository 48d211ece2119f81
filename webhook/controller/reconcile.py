"""One look at one SeldonDeployment: from what is known to what is sent.

Total in one sense: whatever one object is, the others go on; its own look is repeated later and
ever more rarely.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple, Protocol

from webhook.controller.api import Api
from webhook.controller.carry_out import Carrier, NamespaceEnds, Result
from webhook.controller.index import Document, Index, Name
from webhook.controller.judge import Judgement, Setup, judge
from webhook.controller.pods import ASKED, why
from webhook.controller.restraint import Restraint
from webhook.graph.facts import Facts
from webhook.graph.model import mapping, text
from webhook.workloads.live import Child, Key
from webhook.workloads.metadata import APP, DEPLOYMENT_ID
from webhook.workloads.plan import Wanted, is_ready, plan
from webhook.workloads.status import Seen, Trouble, changes, report

PATIENCE = 15.0
"""Seconds for which pods may start before they are asked why they do not."""

LONGEST_WAIT = 300.0
"""Seconds between looks at pods that do not start, at most; each wait is twice the last."""

_REMEMBERED = 256
"""Judgements kept: an object is looked at some ten times while it is rolled out."""

Outcome = Literal["converged", "changed", "refused", "gone", "ending"]


class _Waiting(NamedTuple):
    """That pods do not start: when they are asked next, how long that was waited for, and why."""

    due: float
    pause: float
    notes: Mapping[str, str]


class Told(Protocol):
    """Takes what people should hear of; must not block."""

    def __call__(self, document: Mapping[str, Any], reason: str, message: str) -> None:
        """Tell of a change. A `reason` of trouble is "Refused", "Rejected", "NameTaken"."""


class Reconciler:
    """Looks at objects; used by several threads at once, each with an object of its own."""

    def __init__(
        self,
        api: Api,
        index: Index,
        *,
        setup: Callable[[], Setup],
        facts: Callable[[str], Facts],
        tell: Told,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Prepare.

        setup  returns what is set at this moment
        facts  returns what is known of the cluster, for an object in this namespace
        """
        self._api = api
        self._index = index
        self._setup = setup
        self._facts = facts
        self._tell = tell
        self._clock = clock
        self._now = now
        self._settled: dict[str, tuple[str, bytes]] = {}
        self._restraint = Restraint(clock)
        self._carrier = Carrier(api, index, self._settled)
        self._judged: OrderedDict[str, tuple[Any, Judgement]] = OrderedDict()
        self._lock = threading.Lock()
        self._waiting: dict[str, _Waiting] = {}

    def reconcile(self, name: Name) -> tuple[Outcome, float | None, bool]:
        """Bring one object nearer to what it should be.

        Returns what came of it, in how many seconds it is to be looked at again (None: when
        something changes), and whether it should come back by its back-off. Raises TryLater or
        ClusterUnavailable where nothing can be said at present.
        """
        document = self._index.document(name)
        if document is None or document.deleting:
            self._forget(document)
            return "gone", None, False
        raw = document.unpack()
        judgement = self._judge(document, raw, name[0])
        try:
            result, held_back = self._act(judgement, document, name)
        except NamespaceEnds:
            return "ending", None, False
        children = self._index.children(document.uid)
        notes, look_again = self._look_at_pods(judgement, children, document.uid, name[0])
        again = min((w for w in (held_back, look_again) if w is not None), default=None)
        seen = Seen(
            generation=document.generation,
            wanted=judgement.wanted,
            children=children,
            trouble=result.trouble,
            notes=notes,
            has_engine=self._setup().options.engine is not None,
        )
        if result.done:
            self._tell(raw, "Applied", ", ".join(result.done))
        written = self._write_status(judgement, seen, raw, name)
        if result.trouble:
            return "refused", again, result.again
        return ("changed" if result.done or written else "converged"), again, False

    def _judge(self, document: Document, raw: Mapping[str, Any], namespace: str) -> Judgement:
        setup, facts = self._setup(), self._facts(namespace).about(namespace)
        asked = (document.mark, setup, facts)
        with self._lock:
            known = self._judged.get(document.uid)
            if known is not None and known[0] == asked:
                self._judged.move_to_end(document.uid)
                return known[1]
        judgement = judge({k: v for k, v in raw.items() if k != "status"}, setup, facts)
        with self._lock:
            self._judged[document.uid] = asked, judgement
            while len(self._judged) > _REMEMBERED:
                self._judged.popitem(last=False)
        return judgement

    def _act(
        self, judgement: Judgement, document: Document, name: Name
    ) -> tuple[Result, float | None]:
        """Do what is to be done now; return what became of it, and when the rest may be done."""
        if judgement.obstacle:
            return Result(trouble=Trouble("Refused", judgement.obstacle)), None
        children = self._index.children(document.uid)
        actions, wait = self._restraint.allow(plan(judgement.wanted, children, self._settled))
        if not actions:
            return Result(), wait
        return self._carrier.carry_out(judgement, actions, document.uid, name[0]), wait

    def _look_at_pods(
        self, judgement: Judgement, children: Mapping[Key, Child], uid: str, namespace: str
    ) -> tuple[Mapping[str, str], float | None]:
        """Return why pods do not start, by Deployment, and when to look again."""
        unready = [
            one
            for one in judgement.wanted
            if one.key[0] == "Deployment" and not is_ready(one, children.get(one.key))
        ]
        if not unready:
            self._waiting.pop(uid, None)
            return {}, None
        now = self._clock()
        waiting = self._waiting.get(uid) or _Waiting(now + PATIENCE, PATIENCE, {})
        if now >= waiting.due:
            notes = {one.key[1]: self._why(one, namespace) for one in unready}
            told = {name: note for name, note in notes.items() if note}
            pause = min(2 * waiting.pause, LONGEST_WAIT)
            waiting = _Waiting(now + pause, pause, told)
        self._waiting[uid] = waiting
        return waiting.notes, waiting.due - now

    def _why(self, wanted: Wanted, namespace: str) -> str:
        selector = mapping(mapping(wanted.object["spec"], "selector"), "matchLabels")
        labels = {key: text(selector, key) for key in (APP, DEPLOYMENT_ID)}
        return why(self._api.pods(namespace, labels, ASKED))

    def _write_status(
        self, judgement: Judgement, seen: Seen, raw: Mapping[str, Any], name: Name
    ) -> bool:
        previous = mapping(raw, "status")
        moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self._now()))
        status = report(judgement.view, seen, previous, moment)
        patch = changes(previous, status)
        if not patch:
            return False
        answer = self._api.patch_status(*name, patch)
        if answer is not None:
            self._index.learn_document(name, answer)
        state, before = status["state"], text(previous, "state")
        if state != before and state == "Available":
            self._tell(raw, "Available", "every Deployment is rolled out")
        elif state == "Failed" and status.get("description") != previous.get("description"):
            reason = seen.trouble.reason if seen.trouble else "Failed"
            self._tell(raw, reason, status["description"])
        return True

    def _forget(self, document: Document | None) -> None:
        if document is not None:
            self._waiting.pop(document.uid, None)
            with self._lock:
                self._judged.pop(document.uid, None)
