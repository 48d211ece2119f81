"""From the objects of policy files to a PolicySet.

A policy that cannot be used is named with its place and left out; the others work.

Here: what is what, bindings to policies, the digest. Not here: shapes (`shape`), expressions
(`compiling`), files (`cli`).
"""

import hashlib
from collections.abc import Iterable
from typing import Any, cast

import orjson

from webhook.graph.model import items, mapping, text
from webhook.graph.path import ROOT, Path
from webhook.graph.words import nearest_word
from webhook.policy import exceptions, shape
from webhook.policy.compiling import compile_policy, read_match
from webhook.policy.policy import Action, Binding, Bound, Kind, ParamRef, Policy, PolicySet, Problem
from webhook.policy.selectors import read_selector
from webhook.policy.sources import Source

GROUP = "graphgate.io/"
"""Our own objects: exceptions are read, tests and settings are somebody else's."""

_NO_PARAMS = frozenset({"Kustomization", "Component", "CustomResourceDefinition"})


def load(sources: Iterable[Source]) -> PolicySet:
    """Return the policies, bindings, parameters and exceptions of these objects.

    Objects of other kinds are parameters for whoever asks for them. Raises nothing: what is wrong
    is in `PolicySet.problems`, in the order of the files.
    """
    loading = _Loading()
    kept = [source for source in sources if isinstance(source.value, dict)]
    for source in kept:
        loading.take(source)
    return loading.finish(_digest(source.value for source in kept))


class _Loading:
    """What was read so far."""

    def __init__(self) -> None:
        self.policies: dict[tuple[str, str], Policy] = {}
        self.bindings: dict[tuple[str, str], tuple[Binding, Source]] = {}
        self.params: dict[tuple[str, str], list[Any]] = {}
        self.exceptions: list[exceptions.PolicyException] = []
        self.problems: list[Problem] = []
        self.broken: set[tuple[str, str]] = set()

    def take(self, source: Source) -> None:
        """Read one object."""
        raw = source.value
        version, kind = text(raw, "apiVersion"), text(raw, "kind")
        if version.startswith(f"{shape.GROUP}/") and kind.startswith(("Validating", "Mutating")):
            if "AdmissionPolicy" in kind:
                self._policy_or_binding(source, kind)
        elif version == exceptions.API_VERSION and kind == exceptions.KIND:
            self._exception(source)
        elif version and kind and not version.startswith(GROUP) and kind not in _NO_PARAMS:
            self.params.setdefault((version, kind), []).append(raw)

    def _policy_or_binding(self, source: Source, kind: str) -> None:
        raw = source.value
        name = text(mapping(raw, "metadata"), "name")
        key = (kind, name)
        found = shape.faults(raw)
        if key in self.policies or key in self.bindings:
            found.append((ROOT / "metadata" / "name", f'a second {kind} of the name "{name}"'))
        if found:
            self.broken.add(key)
            self._report(source, name, found)
        elif kind.endswith("Binding"):
            self.bindings[key] = _binding(source), source
        else:
            policy, problems = compile_policy(source)
            self.problems.extend(problems)
            if policy is None:
                self.broken.add(key)
            else:
                self.policies[key] = policy

    def _exception(self, source: Source) -> None:
        found = exceptions.faults(source.value)
        if found:
            self._report(source, text(mapping(source.value, "metadata"), "name"), found)
        else:
            line, _ = source.position(ROOT)
            self.exceptions.append(exceptions.read_exception(source.value, source.file, line))

    def _report(self, source: Source, name: str, found: Iterable[tuple[Path, str]]) -> None:
        for path, fact in found:
            self.problems.append(Problem(source.file, *source.position(path), name, fact))

    def finish(self, version: str) -> PolicySet:
        """Return the set, policies by name."""
        bound: dict[tuple[str, str], list[Binding]] = {}
        for (kind, _), (binding, source) in self.bindings.items():
            key = (kind.removesuffix("Binding"), binding.policy)
            if key in self.policies:
                bound.setdefault(key, []).append(binding)
            elif key not in self.broken:
                self._without_policy(binding, source, key)
        policies = [
            Bound(policy, tuple(sorted(bound.get(key, ()), key=lambda b: b.name)))
            for key, policy in sorted(self.policies.items())
        ]
        return PolicySet(
            tuple(b for b in policies if b.policy.kind == "ValidatingAdmissionPolicy"),
            tuple(b for b in policies if b.policy.kind == "MutatingAdmissionPolicy"),
            {key: tuple(several) for key, several in self.params.items()},
            tuple(sorted(self.exceptions, key=lambda e: (e.namespace, e.name))),
            tuple(self.problems),
            version,
        )

    def _without_policy(self, binding: Binding, source: Source, key: tuple[str, str]) -> None:
        near = nearest_word(
            binding.policy, [name for kind, name in self.policies if kind == key[0]]
        )
        hint = f'; did you mean "{near}"?' if near else ""
        fact = f'policyName is "{binding.policy}", and there is no such {key[0]}{hint}'
        position = source.position(ROOT / "spec" / "policyName")
        self.problems.append(Problem(source.file, *position, binding.name, fact, unbound=True))


def _binding(source: Source) -> Binding:
    raw = source.value
    spec, reference = raw["spec"], raw["spec"].get("paramRef")
    params = None
    if reference is not None:
        selector = reference.get("selector")
        params = ParamRef(
            name=text(reference, "name"),
            namespace=text(reference, "namespace"),
            selector=None if selector is None else read_selector(selector),
            deny_if_missing=reference["parameterNotFoundAction"] == "Deny",
        )
    actions = tuple(cast("Action", word.lower()) for word in items(spec, "validationActions"))
    kind = cast("Kind", raw["kind"].removesuffix("Binding"))
    return Binding(
        kind=kind,
        name=raw["metadata"]["name"],
        policy=spec["policyName"],
        actions=actions,
        match=read_match(mapping(spec, "matchResources")),
        params=params,
        file=source.file,
        line=source.position(ROOT)[0],
    )


def _digest(values: Iterable[Any]) -> str:
    """Return the version of a set: the same for the same objects, in whatever order and layout."""
    texts = sorted(orjson.dumps(_meant(value), option=orjson.OPT_SORT_KEYS) for value in values)
    if not texts:
        return ""
    return hashlib.sha256(b"\n".join(texts)).hexdigest()[:12]


_SERVERS_OWN = ("managedFields", "resourceVersion", "uid", "generation", "creationTimestamp")


def _meant(value: dict[str, Any]) -> dict[str, Any]:
    """Return an object without what the API server writes into it."""
    metadata = {k: v for k, v in mapping(value, "metadata").items() if k not in _SERVERS_OWN}
    meant = {key: inner for key, inner in value.items() if key != "status"}
    return {**meant, "metadata": metadata}
