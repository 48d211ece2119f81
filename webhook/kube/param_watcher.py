"""The ConfigMaps that bindings refer to, followed; no other one is ever asked for.

    params = ParamsWatcher(transport, "team=ml", on_change=changed)
    params.follow({ParamReference("graphgate-system", name="registries")})
    params.items        {("graphgate-system", "registries"): {…}}

Belongs here: one reflector for each reference, within bounds. Does not belong here: which
references there are (`policy_watcher`), what a binding makes of a parameter that is not there
(parameterNotFoundAction, `policy.params`).
"""

import logging
import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from webhook.kube.api_errors import ApiStatusError
from webhook.kube.param_budget import NamespacedName, ParamBudget, memory_size
from webhook.kube.paths import collection_path
from webhook.kube.reflector import Reflector, ReflectorConfig
from webhook.kube.transport import Transport

logger = logging.getLogger(__name__)

MAX_REFERENCES = 100
"""References that are followed, each with a thread and a watch."""

_PAGE_SIZE = 4
"""ConfigMaps of one page. Each has up to 1 MiB, which may become 10 MB while it is read."""

_MAX_LOGGED = 100
"""Objects left out that are logged; the metric counts the others."""


@dataclass(frozen=True, slots=True, order=True)
class ParamReference:
    """What a paramRef chooses.

    namespace  "": that of each request, so any
    name       "": by `selector`, a label selector as kubectl's -l
    """

    namespace: str = ""
    name: str = ""
    selector: str = ""

    def __str__(self) -> str:
        what = self.name or f"({self.selector})"
        return f"{self.namespace}/{what}" if self.namespace else what


class ParamsWatcher:
    """ConfigMaps by reference, followed within the bounds of `param_budget`."""

    def __init__(
        self,
        transport: Transport,
        selector: str,
        *,
        on_change: Callable[[], None],
        transform: Callable[[Mapping[str, Any]], dict[str, Any]],
        config: ReflectorConfig | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """Prepare; nothing is asked before `follow`.

        selector   labels that a ConfigMap has in any case
        transform  what is kept of an object
        on_change  told of each change, in whichever thread
        """
        self.budget = ParamBudget()
        self.unfollowed: tuple[ParamReference, ...] = ()
        self._transport = transport
        self._selector = selector
        self._on_change = on_change
        self._transform = transform
        self._config = replace(config or ReflectorConfig(), page_size=_PAGE_SIZE)
        self._jitter = jitter
        self._reflectors: dict[ParamReference, Reflector[dict[str, Any]]] = {}
        self._answered: set[ParamReference] = set()
        self._logged: set[NamespacedName] = set()

    @property
    def items(self) -> dict[NamespacedName, dict[str, Any]]:
        """What is kept, by namespace and name."""
        merged: dict[NamespacedName, dict[str, Any]] = {}
        for reflector in self._reflectors.values():
            merged.update(reflector.items)
        return merged

    @property
    def reflectors(self) -> Mapping[str, Reflector[dict[str, Any]]]:
        """The reflectors, by what messages call them."""
        return {f"ConfigMap {key}": reflector for key, reflector in self._reflectors.items()}

    def follow(self, references: Iterable[ParamReference]) -> None:
        """Follow these references and no others."""
        wanted = sorted(set(references))
        self.unfollowed = tuple(wanted[MAX_REFERENCES:])
        kept = set(wanted[:MAX_REFERENCES])
        for reference in self._reflectors.keys() - kept:
            reflector = self._reflectors.pop(reference)
            self._answered.discard(reference)
            reflector.stop(0.0)
            for key in reflector.items.keys() - self.items.keys():
                self.budget.release(key)
            self._on_change()
        for reference in sorted(kept - self._reflectors.keys()):
            reflector = self._reflectors[reference] = self._new_reflector(reference)
            reflector.start()

    def pending(self) -> list[str]:
        """Return the references of which nothing is known yet, not even an error.

        A reference that was refused counts as empty, so that one bad binding holds up nobody.
        """
        self._answered.update(
            reference
            for reference, reflector in self._reflectors.items()
            if reflector.has_synced or isinstance(reflector.last_error, ApiStatusError)
        )
        return [f"ConfigMap {key}" for key in self._reflectors if key not in self._answered]

    def stop(self, timeout: float) -> None:
        """End all of it."""
        for reflector in self._reflectors.values():
            reflector.stop(timeout)

    def _new_reflector(self, reference: ParamReference) -> Reflector[dict[str, Any]]:
        labels = ",".join(filter(None, (self._selector, reference.selector)))
        return Reflector(
            self._transport,
            collection_path("v1", "ConfigMap", reference.namespace),
            partial(self._keep, reference),
            on_change=self._note_change,
            on_delete=self._note_deletion,
            label_selector=labels,
            field_selector=f"metadata.name={reference.name}" if reference.name else "",
            config=self._config,
            jitter=self._jitter,
        )

    def _keep(self, reference: ParamReference, raw: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return what is kept of an object; None where there is no room for it."""
        metadata = raw["metadata"]
        key = metadata.get("namespace") or "", metadata["name"]
        if reference.name and reference.name != key[1]:
            return None
        kept = self._transform(raw)
        if self.budget.admit(key, memory_size(kept)):
            return kept
        if key not in self._logged and len(self._logged) < _MAX_LOGGED:
            self._logged.add(key)
            fields = {"object": "/".join(key), "reason": self.budget.omitted.get(key, "")}
            logger.warning("policy_param_omitted", extra={"fields": fields})
        self._on_change()
        return None

    def _note_change(self, *_: object) -> None:
        self._on_change()

    def _note_deletion(self, key: NamespacedName) -> None:
        if self.budget.release(key):
            for reflector in list(self._reflectors.values()):
                reflector.relist()
        self._on_change()
