"""Policies, their parameters and exceptions, followed in the cluster: those that carry a label.

Of parameters, only those that a binding refers to (`param_watcher`): any author of ConfigMaps
can set the label. Their kind is the policy's paramKind.

    with PoliciesWatcher(transport, "team=ml", exceptions_in="graphgate-system") as live:
        live.objects    {"cluster:ConfigMap/shop/owners": {…}, …}; None while the first list is out
        live.health()   CheckResult("ok", "9 objects of the cluster")

Belongs here: which kinds are watched, and what is kept of each. Does not belong here: what the
objects mean, and which of them can be used (`policy.loader`).
"""

import random
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from webhook.graph.model import get_mapping, get_str
from webhook.graph.text import count_noun
from webhook.graph.well_known import (
    ADMISSION_REGISTRATION_API_VERSION,
    GRAPHGATE_API_VERSION,
    LAST_APPLIED_ANNOTATION,
)
from webhook.kube.api_errors import ApiStatusError
from webhook.kube.health import CheckResult
from webhook.kube.param_watcher import (
    MAX_REFERENCES,
    ParamKind,
    ParamReference,
    ParamsWatcher,
)
from webhook.kube.paths import collection_path
from webhook.kube.reflector import MAX_STALENESS_SECONDS, Reflector, ReflectorConfig
from webhook.kube.runnable import Runnable
from webhook.kube.transport import Transport

_WATCHED_KINDS = (
    (ADMISSION_REGISTRATION_API_VERSION, "ValidatingAdmissionPolicy"),
    (ADMISSION_REGISTRATION_API_VERSION, "ValidatingAdmissionPolicyBinding"),
    (ADMISSION_REGISTRATION_API_VERSION, "MutatingAdmissionPolicy"),
    (ADMISSION_REGISTRATION_API_VERSION, "MutatingAdmissionPolicyBinding"),
    (GRAPHGATE_API_VERSION, "PolicyException"),
)

_POLICY_KINDS = ("ValidatingAdmissionPolicy", "MutatingAdmissionPolicy")

_MAX_SHOWN_OMISSIONS = 3
"""Parameters left out that readiness names; the metric counts them all."""


_SERVER_MANAGED_METADATA = frozenset({"managedFields", "resourceVersion", "generation"})
"""What the API server changes by itself: a change of only these is not one."""


class PoliciesWatcher(Runnable):
    """The labelled objects of one cluster, followed. Its own context manager.

    A kind that the cluster does not serve (404: a Kubernetes before 1.36 has no
    MutatingAdmissionPolicy, PolicyException needs its definition) counts as empty.
    """

    def __init__(
        self,
        transport: Transport,
        selector: str,
        *,
        exceptions_namespace: str,
        reflector_config: ReflectorConfig | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """Initialise; no request before `start`.

        selector              labels, as kubectl's -l
        exceptions_namespace  the namespace whose PolicyExceptions count. One, because an exception
                              may name any namespace: its authors may exempt any object
        """
        self.selector = selector
        self._reflectors = {
            kind: Reflector(
                transport,
                collection_path(
                    version, kind, exceptions_namespace if version == GRAPHGATE_API_VERSION else ""
                ),
                partial(_project_object, version, kind),
                on_change=self._mark_dirty,
                label_selector=selector,
                config=reflector_config,
                jitter=jitter,
            )
            for version, kind in _WATCHED_KINDS
        }
        self._params = ParamsWatcher(
            transport,
            selector,
            on_change=self._mark_dirty,
            transform=_project_object,
            config=reflector_config,
            jitter=jitter,
        )
        self._file_references: frozenset[ParamReference] = frozenset()
        self._file_param_kinds: Mapping[str, Mapping[str, ParamKind]] = {}
        self._known_kinds: set[str] = set()
        self._objects: Mapping[str, Any] = {}
        self._is_complete = False
        self._is_dirty = True

    def start(self) -> None:
        """Begin; once."""
        for reflector in self._reflectors.values():
            reflector.start()

    def interrupt(self) -> None:
        """Have all threads end, without waiting for them."""
        self._stop(0.0)

    def stop(self) -> None:
        """End, within a second or so; threads that wait for the network end with the process."""
        self._stop(0.0)  # signal all before waiting for any
        self._stop(0.2)

    def _stop(self, timeout: float) -> None:
        for reflector in self._reflectors.values():
            reflector.stop(timeout)
        self._params.stop(timeout)

    def follow_params(
        self,
        references: Iterable[ParamReference],
        param_kinds: Mapping[str, Mapping[str, ParamKind]] | None = None,
    ) -> None:
        """Follow these parameters too: bindings in files refer to them.

        param_kinds  of policies in files, by kind and name: bindings of the cluster may name them
        """
        self._file_references = frozenset(references)
        self._file_param_kinds = param_kinds or {}

    @property
    def unreadable_param_kinds(self) -> Mapping[ParamKind, str]:
        """Why nothing is known of kinds of parameters."""
        return self._params.unreadable_kinds

    @property
    def omitted_params(self) -> int:
        """How many parameters are left out since there is no room for them."""
        return len(self._params.budget.omitted) + len(self._params.unfollowed)

    @property
    def objects(self) -> Mapping[str, Any] | None:
        """Every object by what messages call it; the same value until something changes.

        None while a kind has never been listed: a part of the policies is not a set of policies. A
        new binding comes with its parameters: until they are read, all stays as it was.
        """
        if self._pending_kinds():
            return None
        self._params.follow(self._param_references())
        if self._params.pending():
            return self._objects if self._is_complete else None
        self._is_complete = True
        if self._is_dirty:
            # First, so that a change that comes in between is not missed.
            self._is_dirty = False
            self._objects = {
                _object_label(kind, *key): value
                for kind, reflector in self._reflectors.items()
                for key, value in sorted(reflector.items.items())
            } | {f"cluster:{key}": value for key, value in sorted(self._params.items.items())}
        return self._objects

    def health(self) -> CheckResult:
        """Return whether the objects can be relied on, and why not."""
        pending = [
            f"{kind} not read yet: {self._reflectors[kind].last_error or 'in progress'}"
            for kind in self._pending_kinds()
        ]
        if pending:
            return CheckResult("failed", "; ".join(pending))
        pending = self._params.pending()
        if pending and not self._is_complete:
            return CheckResult("failed", f"{', '.join(pending)} not read yet")
        problems = self._omission_problems()
        problems += [
            f"{kind}: watch failed: {reflector.last_error}"
            if reflector.last_error
            else f"{kind}: nothing received for {reflector.staleness:.0f} s"
            for kind, reflector in {**self._reflectors, **self._params.reflectors}.items()
            if not _is_unserved(reflector)
            and (reflector.last_error or reflector.staleness > MAX_STALENESS_SECONDS)
        ]
        if problems:
            return CheckResult("degraded", "; ".join(problems))
        count = len(self.objects or ())
        return CheckResult("ok", f"{count_noun(count, 'object')} of the cluster")

    def _pending_kinds(self) -> list[str]:
        """Return the kinds of which nothing is known yet, not even that they are not served."""
        self._known_kinds.update(
            kind
            for kind, reflector in self._reflectors.items()
            if reflector.has_synced or _is_unserved(reflector)
        )
        return [kind for kind in self._reflectors if kind not in self._known_kinds]

    def _omission_problems(self) -> list[str]:
        """Return sentences about parameters that are left out, few of them."""
        omitted = sorted(self._params.budget.omitted.items())
        problems = [
            f"cluster:{key} left out: {reason}" for key, reason in omitted[:_MAX_SHOWN_OMISSIONS]
        ]
        if len(omitted) > _MAX_SHOWN_OMISSIONS:
            problems.append(f"{len(omitted) - _MAX_SHOWN_OMISSIONS} more left out")
        if self._params.unfollowed:
            count = len(self._params.unfollowed)
            problems.append(
                f"{count} parameters are not watched: at most {MAX_REFERENCES} references are"
            )
        return problems

    def _param_references(self) -> frozenset[ParamReference]:
        """Return what the bindings of the cluster and of the files refer to."""
        references = set(self._file_references)
        for policy_kind in _POLICY_KINDS:
            kinds = {
                name: param_kind
                for (_, name), policy in self._reflectors[policy_kind].items.items()
                if (param_kind := _read_param_kind(policy)) is not None
            }
            kinds = {**kinds, **self._file_param_kinds.get(policy_kind, {})}
            for binding in self._reflectors[f"{policy_kind}Binding"].items.values():
                reference = _read_reference(binding, kinds)
                if reference is not None:
                    references.add(reference)
        return frozenset(references)

    def _mark_dirty(self, *_: object) -> None:
        self._is_dirty = True


def _is_unserved(reflector: Reflector[Any]) -> bool:
    return isinstance(reflector.last_error, ApiStatusError) and reflector.last_error.status == 404


def _read_param_kind(policy: Mapping[str, Any]) -> ParamKind | None:
    """Return what a raw policy's paramKind says; None: nothing that can be read."""
    spec = policy.get("spec")
    param_kind = get_mapping(spec, "paramKind") if type(spec) is dict else {}
    version, kind = get_str(param_kind, "apiVersion"), get_str(param_kind, "kind")
    return (version, kind) if version and kind else None


def _read_reference(
    binding: Mapping[str, Any], param_kinds: Mapping[str, ParamKind]
) -> ParamReference | None:
    """Return what a raw binding's paramRef refers to; None: nothing, or it cannot be read.

    param_kinds  by policy; one that is not there yet has the usual kind
    """
    spec = binding.get("spec")
    param_ref = get_mapping(spec, "paramRef") if type(spec) is dict else {}
    selector = param_ref.get("selector")
    name, namespace = get_str(param_ref, "name"), get_str(param_ref, "namespace")
    policy = get_str(spec, "policyName") if type(spec) is dict else ""
    version, kind = param_kinds.get(policy, ("v1", "ConfigMap"))
    if name:
        return ParamReference(namespace, name, kind=kind, api_version=version)
    if type(selector) is not dict:
        return None
    from webhook.graph.selectors import read_selector  # a third of a second, if it is needed

    try:
        query = read_selector(selector).to_query()
    except (TypeError, AttributeError):
        return None  # the loader says what is wrong with it
    return ParamReference(namespace, selector=query, kind=kind, api_version=version)


def _object_label(kind: str, namespace: str, name: str) -> str:
    return "cluster:" + "/".join(part for part in (kind, namespace, name) if part)


def _project_object(api_version: str, kind: str, raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is kept of an object; in a list it does not say what it is."""
    metadata = {
        key: value for key, value in raw["metadata"].items() if key not in _SERVER_MANAGED_METADATA
    }
    annotations = metadata.get("annotations")
    if annotations and LAST_APPLIED_ANNOTATION in annotations:
        metadata["annotations"] = {
            key: value for key, value in annotations.items() if key != LAST_APPLIED_ANNOTATION
        }
    projected = {key: value for key, value in raw.items() if key != "status"}
    return {**projected, "apiVersion": api_version, "kind": kind, "metadata": metadata}
