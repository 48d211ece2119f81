"""One replica's part in the certificates: it takes part in the election, and serves what is there.

    with Upkeep(transport, place, folder, identity="graphgate-0") as upkeep:
        serve(config of upkeep.pair, judge, sources=[upkeep], checks=[… upkeep.health …])

Every ten seconds, in a thread of its own: renew or ask for the Lease; if it is ours, do what is
due; then read the Secret and the caBundles, and judge the certificate by them. The files are
written by `refresh`, which the server calls between two looks at them.

Belongs here: the rhythm, and what a replica says of its certificate. Does not belong here: what is
done to the cluster (`rotation`), who may do it (`lease`).
"""

import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, NamedTuple, Self

from webhook.certificates.files import write
from webhook.certificates.inspection import inspect
from webhook.certificates.minting import mint_authority, mint_server
from webhook.certificates.pair import KeyPair
from webhook.cluster import Transport
from webhook.cluster.backoff import Backoff
from webhook.controller.certificate_look import Found, Place, look
from webhook.controller.lease import Election, Terms
from webhook.controller.rotation import Lifetimes, Rotation
from webhook.errors import GraphgateError

logger = logging.getLogger("graphgate")

PAUSE = 10.0
"""Seconds between looks when all is well: four requests, five of the leader's. A caBundle that
somebody emptied is full again after as long."""

_FIRST = 0.5
"""Seconds to the next look when something is amiss, doubled each time up to PAUSE."""

_PATIENCE = 5.0
"""Seconds that a start waits for the first look. A kubelet asks for life after ten, and an API
server that accepts connections and says nothing would be waited for longer than that."""

_TERMS = Terms(duration=45.0, deadline=30.0, pause=PAUSE)
"""Renewed at each look. Whoever takes over late does no harm: what is due is due for months."""


class Health(NamedTuple):
    """Whether this replica's certificate will be believed, and why not."""

    state: Literal["ok", "degraded", "failed"]
    detail: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What the last look found.

    server   the certificate in the Secret; None: none yet
    faults   why an API server would not believe it
    """

    server: KeyPair | None = None
    faults: tuple[str, ...] = ("the Secret was not read yet",)


class Upkeep:
    """The thread, the files that the server reads, and the health. Its own context manager."""

    name = "certificate-secret"

    def __init__(
        self,
        transport: Transport,
        place: Place,
        folder: Path,
        *,
        identity: str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        lifetimes: Lifetimes | None = None,
        terms: Terms = _TERMS,
        pause: float = PAUSE,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """Prepare; nothing is asked before `start`. `folder` is for the two files, and private."""
        self._transport = transport
        self._place = place
        self._folder = folder
        self._now = now
        self._pause = pause
        self._rotation = Rotation(transport, place, now=now, lifetimes=lifetimes)
        self._election = Election(
            transport,
            namespace=place.namespace,
            name=place.secret,
            identity=identity,
            terms=terms,
            clock=time.monotonic,
        )
        self._backoff = Backoff(_FIRST, pause, jitter)
        self._seen = Seen()
        self._trouble = ""
        self._written: KeyPair | None = None
        self._in_use: KeyPair | None = None
        self._looked = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="certificates", daemon=True)

    @property
    def certificate(self) -> Path:
        """The file of the certificate."""
        return self._folder / "tls.crt"

    @property
    def key(self) -> Path:
        """The file of its key."""
        return self._folder / "tls.key"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Begin; write files that a server can start with, after the first look if it is quick."""
        self._thread.start()
        self._looked.wait(_PATIENCE)
        server = self._seen.server
        if server is None:
            # The server has to run to say why it is not ready. No API server trusts this pair.
            self._write(_stand_in(self._place, self._now()))
        else:
            self._write(server)
            self._written = self._in_use = server

    def stop(self) -> None:
        """End; give the Lease back if it is ours, so that the next one need not wait."""
        self._stopping.set()
        self._thread.join(timeout=1.0)

    def refresh(self) -> bool:
        """Write the files if the Secret holds another pair; return whether it does.

        The server reads the files and then calls this, again and again: what one call wrote is in
        use when the next one comes.
        """
        self._in_use = self._written
        server = self._seen.server
        if server is None or server == self._written:
            return False
        self._write(server)
        self._written = server
        return True

    def health(self) -> Health:
        """Return whether the certificate in use will be believed. No I/O."""
        seen, trouble = self._seen, self._trouble
        if self._in_use is None:
            reason = trouble or "; ".join(seen.faults) or "it is being put into use"
            return Health("failed", f"no certificate yet: {reason}")
        if seen.faults:
            return Health("failed", "; ".join(seen.faults))
        if trouble:
            return Health("degraded", trouble)
        role = "this replica renews it" if self._election.leads else "another replica renews it"
        return Health("ok", f"signed by a CA of every caBundle; {role}")

    def _run(self) -> None:
        while True:
            self._look()
            self._looked.set()
            if self._stopping.wait(self._nap()):
                break
        # `run` of an election that was stopped only gives the Lease back.
        self._election.stop()
        self._election.run(lambda: None, lambda: None)

    def _nap(self) -> float:
        if self._trouble or self._seen.faults:
            return self._backoff.next()
        self._backoff.reset()
        return self._pause

    def _look(self) -> None:
        trouble = ""
        try:
            self._election.attempt()
            if self._election.leads:
                trouble = self._settle()
            found = look(self._transport, self._place)
            self._seen = Seen(found.holding.server, tuple(self._faults(found)))
        except GraphgateError as error:
            trouble = str(error)
        except Exception:
            logger.exception("certificates not looked after")
            trouble = "a fault of graphgate, see its log"
        if trouble and trouble != self._trouble:
            logger.error("certificates", extra={"fields": {"reason": trouble}})
        self._trouble = trouble

    def _settle(self) -> str:
        """Do what is due; return what hindered it. What is there is served all the same."""
        try:
            self._rotation.settle()
        except GraphgateError as error:
            return str(error)
        return ""

    def _faults(self, found: Found) -> list[str]:
        """Return why an API server would not believe the certificate in the Secret."""
        server = found.holding.server
        if server is None:
            return [f"Secret {self._place.secret} holds none that could be served"]
        now = self._now()
        problems: dict[str, None] = {}
        for what, bundle in found.named_bundles(self._place):
            if not bundle:
                problems[f"the caBundle of {what} is empty"] = None
                continue
            inspected = inspect(server, now, bundle=bundle, names=self._place.names)
            problems.update(dict.fromkeys(inspected.problems))
        return [*problems]

    def _write(self, pair: KeyPair) -> None:
        # The key first: between the two renames the server sees a pair that does not match, and
        # goes on with the last one.
        write(self._folder, {"tls.key": pair.key, "tls.crt": pair.certificate})


def _stand_in(place: Place, now: datetime) -> KeyPair:
    return mint_server(mint_authority(now), place.names, now)
