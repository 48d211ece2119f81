"""Watches of the parameter objects that bindings refer to, and of no others.

    params = ParamsWatcher(transport, "team=ml", on_change=changed)
    params.follow({ParamReference("graphgate-system", name="registries")})
    params.items        {ParamKey("graphgate-system", "registries"): {…}}

A kind may be any that the API server serves and this account may list and watch, except Secrets:
messages of a policy may reveal what it reads.

Belongs here: one reflector for each reference, within bounds. Does not belong here: which
references there are (`policy_watcher`), missing parameters (parameterNotFoundAction,
`policy.params`).
"""

import logging
import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from webhook.kube.api_errors import ApiStatusError
from webhook.kube.param_budget import ParamBudget, ParamKey, memory_size
from webhook.kube.paths import collection_path, discovered_path, discovery_path
from webhook.kube.reflector import NamespacedName, Reflector, ReflectorConfig
from webhook.kube.requests import get
from webhook.kube.transport import Transport

logger = logging.getLogger(__name__)

MAX_REFERENCES = 100
"""References that are followed, each with a thread and a watch."""

_PAGE_SIZE = 4
"""Objects of one page. Each has up to 1 MiB, which may become 10 MB while it is read."""

_MAX_LOGGED = 100
"""Objects left out that are logged; the metric counts the others."""


ParamKind = tuple[str, str]
"""apiVersion and kind."""


@dataclass(frozen=True, slots=True, order=True)
class ParamReference:
    """What a paramRef chooses.

    namespace          "": that of each request, so any
    name               "": by `selector`, a label selector as kubectl's -l
    kind, api_version  the policy's paramKind
    """

    namespace: str = ""
    name: str = ""
    selector: str = ""
    kind: str = "ConfigMap"
    api_version: str = "v1"

    def __str__(self) -> str:
        what = self.name or f"({self.selector})"
        return f"{self.kind} {self.namespace}/{what}" if self.namespace else f"{self.kind} {what}"


class ParamsWatcher:
    """Parameter objects by reference, followed within the bounds of `param_budget`."""

    def __init__(
        self,
        transport: Transport,
        selector: str,
        *,
        on_change: Callable[[], None],
        transform: Callable[[str, str, Mapping[str, Any]], dict[str, Any]],
        config: ReflectorConfig | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """Initialise; no request before `follow`.

        selector   labels that an object has in any case
        transform  what is kept of an object, of its apiVersion, kind and itself
        on_change  called for each change, in any thread
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
        self._logged: set[ParamKey] = set()

    @property
    def items(self) -> dict[ParamKey, dict[str, Any]]:
        """What is kept."""
        return {
            ParamKey(*key, reference.kind, reference.api_version): value
            for reference, reflector in self._reflectors.items()
            for key, value in reflector.items.items()
        }

    @property
    def unreadable_kinds(self) -> Mapping[ParamKind, str]:
        """Why nothing is known of kinds: Secrets, what is not served, what may not be read."""
        reasons: dict[ParamKind, str] = {}
        for reference, reflector in self._reflectors.items():
            kind = reference.api_version, reference.kind
            error = reflector.last_error
            if not reflector.has_synced and isinstance(error, ApiStatusError):
                reasons.setdefault(kind, str(error))
        return reasons

    @property
    def reflectors(self) -> Mapping[str, Reflector[dict[str, Any]]]:
        """The reflectors, by what messages call them."""
        return {str(reference): reflector for reference, reflector in self._reflectors.items()}

    def follow(self, references: Iterable[ParamReference]) -> None:
        """Follow these references and no others."""
        wanted = sorted(set(references))
        self.unfollowed = tuple(wanted[MAX_REFERENCES:])
        kept = set(wanted[:MAX_REFERENCES])
        for reference in self._reflectors.keys() - kept:
            reflector = self._reflectors.pop(reference)
            self._answered.discard(reference)
            reflector.stop(0.0)
            for name in reflector.items:
                key = ParamKey(*name, reference.kind, reference.api_version)
                if key not in self.items:
                    self.budget.release(key)
            self._on_change()
        for reference in sorted(kept - self._reflectors.keys()):
            reflector = self._reflectors[reference] = self._new_reflector(reference)
            reflector.start()

    def pending(self) -> list[str]:
        """Return the references of which nothing is known yet, not even an error.

        A reference that was rejected counts as empty, so that one bad binding does not block
        others.
        """
        self._answered.update(
            reference
            for reference, reflector in self._reflectors.items()
            if reflector.has_synced or isinstance(reflector.last_error, ApiStatusError)
        )
        return [str(key) for key in self._reflectors if key not in self._answered]

    def stop(self, timeout: float) -> None:
        """End all of it."""
        for reflector in self._reflectors.values():
            reflector.stop(timeout)

    def _new_reflector(self, reference: ParamReference) -> Reflector[dict[str, Any]]:
        labels = ",".join(filter(None, (self._selector, reference.selector)))
        return Reflector(
            self._transport,
            f"{reference.api_version}/{reference.kind}",
            partial(self._keep, reference),
            find_path=partial(self._find_path, reference),
            on_change=self._note_change,
            on_delete=partial(self._note_deletion, reference),
            label_selector=labels,
            field_selector=f"metadata.name={reference.name}" if reference.name else "",
            config=self._config,
            jitter=self._jitter,
        )

    def _find_path(self, reference: ParamReference) -> str:
        """Return where the objects of a kind are; raise ApiStatusError if they are nowhere."""
        version, kind = reference.api_version, reference.kind
        if (version, kind) == ("v1", "ConfigMap"):
            return collection_path(version, kind, reference.namespace)
        if (version, kind) == ("v1", "Secret"):
            raise _refusal("Secrets are not read as parameters", "Forbidden", 403)
        discovery = get(self._transport, discovery_path(version)) or {}
        path = discovered_path(discovery, version, kind, reference.namespace)
        if path is None:
            raise _refusal(f"the API server does not serve {kind} in {version}", "NotFound", 404)
        return path

    def _keep(self, reference: ParamReference, raw: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return what is kept of an object; None where there is no room for it."""
        metadata = raw["metadata"]
        namespace, name = metadata.get("namespace") or "", metadata["name"]
        if reference.name and reference.name != name:
            return None
        key = ParamKey(namespace, name, reference.kind, reference.api_version)
        kept = self._transform(reference.api_version, reference.kind, raw)
        if self.budget.admit(key, memory_size(kept)):
            return kept
        if key not in self._logged and len(self._logged) < _MAX_LOGGED:
            self._logged.add(key)
            fields = {"object": str(key), "reason": self.budget.omitted.get(key, "")}
            logger.warning("policy_param_omitted", extra={"fields": fields})
        self._on_change()
        return None

    def _note_change(self, *_: object) -> None:
        self._on_change()

    def _note_deletion(self, reference: ParamReference, name: NamespacedName) -> None:
        if self.budget.release(ParamKey(*name, reference.kind, reference.api_version)):
            for reflector in list(self._reflectors.values()):
                reflector.relist()
        self._on_change()


def _refusal(sentence: str, reason: str, status: int) -> ApiStatusError:
    return ApiStatusError(sentence, status, reason, sentence, None)
