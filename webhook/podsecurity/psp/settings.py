"""Restrictions as they are written in settings, under podSecurity.restrictions.

    runAsUser: {rule: MustRunAs, ranges: [{min: 1000, max: 1999}]}
    capabilities: {requiredDrop: [ALL], allowedAdd: []}
    volumes: [configMap, secret]

Here: reading and checking that mapping. Not here: what a restriction means (`restrictions`).
A key that is left out restricts nothing.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from webhook.graph.issue import Issue
from webhook.graph.path import ROOT, Path
from webhook.podsecurity.ids import MAX_ID
from webhook.podsecurity.psp.model import IdRange, IdStrategy, PspRules

_ID_KEYS = {
    "runAsUser": ("run_as_user", ("RunAsAny", "MustRunAs", "MustRunAsNonRoot")),
    "runAsGroup": ("run_as_group", ("RunAsAny", "MayRunAs", "MustRunAs")),
    "fsGroup": ("fs_group", ("RunAsAny", "MayRunAs", "MustRunAs")),
    "supplementalGroups": ("supplemental_groups", ("RunAsAny", "MayRunAs", "MustRunAs")),
}
"""Key: attribute, and the rules it may have (those of a PodSecurityPolicy)."""

_BOOLEAN_FIELDS = {
    "readOnlyRootFilesystem": "read_only_root_filesystem",
    "privileged": "privileged",
    "allowPrivilegeEscalation": "allow_privilege_escalation",
    "hostNetwork": "host_network",
    "hostPID": "host_pid",
    "hostIPC": "host_ipc",
}


def psp_rules_schema() -> dict[str, Any]:
    """Return the JSON Schema of the section."""
    return _mapping_schema(
        {
            **{
                key: _mapping_schema(
                    {"rule": {"enum": list(rules)}, "ranges": _ranges_schema(MAX_ID)}, ["rule"]
                )
                for key, (_, rules) in _ID_KEYS.items()
            },
            "capabilities": _mapping_schema({"requiredDrop": _WORDS, "allowedAdd": _WORDS}),
            "volumes": _WORDS,
            "hostPorts": _ranges_schema(65535),
            **{key: {"type": "boolean"} for key in _BOOLEAN_FIELDS},
        }
    )


_WORDS = {"type": "array", "items": {"type": "string"}}


def _ranges_schema(maximum: int) -> dict[str, Any]:
    number = {"type": "integer", "minimum": 0, "maximum": maximum}
    return {
        "type": "array",
        "items": _mapping_schema({"min": number, "max": number}, ["min", "max"]),
    }


def _mapping_schema(properties: dict[str, Any], required: Sequence[str] = ()) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**schema, "required": list(required)} if required else schema


def read_psp_rules(section: Mapping[str, Any]) -> PspRules:
    """Return the restrictions that a section describes, as its schema admits it."""
    capabilities = section.get("capabilities", {})
    values: dict[str, Any] = {
        attribute: IdStrategy(
            section[key].get("rule", "RunAsAny"), _read_ranges(section[key].get("ranges", ()))
        )
        for key, (attribute, _) in _ID_KEYS.items()
        if key in section
    }
    values |= {_BOOLEAN_FIELDS[key]: section[key] for key in _BOOLEAN_FIELDS if key in section}
    if "requiredDrop" in capabilities:
        values["required_drop"] = tuple(capabilities["requiredDrop"])
    if "allowedAdd" in capabilities:
        values["allowed_add"] = tuple(capabilities["allowedAdd"])
    if "volumes" in section:
        values["volumes"] = tuple(section["volumes"])
    if "hostPorts" in section:
        values["host_ports"] = _read_ranges(section["hostPorts"])
    return PspRules(**values)


def find_psp_contradictions(rules: PspRules) -> Iterator[Issue]:
    """Yield what cannot hold together, by keys of the section."""
    for key, (attribute, _) in _ID_KEYS.items():
        ids: IdStrategy = getattr(rules, attribute)
        here = ROOT / key / "ranges"
        if ids.rule in ("MustRunAs", "MayRunAs") and not ids.ranges:
            message = f"must contain at least one range for {ids.rule}"
            yield Issue(here, message, (ROOT / key / "rule",))
        yield from _reversed_ranges(ids.ranges, here)
    yield from _reversed_ranges(rules.host_ports or (), ROOT / "hostPorts")


def _reversed_ranges(ranges: tuple[IdRange, ...], here: Path) -> Iterator[Issue]:
    for index, span in enumerate(ranges):
        if span.min > span.max:
            at = here / index
            yield Issue(at, f"has min {span.min} above max {span.max}", (at / "min", at / "max"))


def _read_ranges(ranges: Iterable[Mapping[str, int]]) -> tuple[IdRange, ...]:
    return tuple(IdRange(span.get("min", 0), span.get("max", 0)) for span in ranges)


def write_psp_rules(restrictions: PspRules) -> dict[str, Any]:
    """Return the settings section that describes the restrictions; what is free is left out."""
    unrestricted = PspRules()
    section: dict[str, Any] = {
        key: {"rule": ids.rule, "ranges": _write_ranges(ids.ranges)}
        for key, (attribute, _) in _ID_KEYS.items()
        if (ids := getattr(restrictions, attribute)) != getattr(unrestricted, attribute)
    }
    capabilities: dict[str, Any] = {}
    if restrictions.required_drop:
        capabilities["requiredDrop"] = list(restrictions.required_drop)
    if restrictions.allowed_add is not None:
        capabilities["allowedAdd"] = list(restrictions.allowed_add)
    if capabilities:
        section["capabilities"] = capabilities
    if restrictions.volumes is not None:
        section["volumes"] = list(restrictions.volumes)
    if restrictions.host_ports is not None:
        section["hostPorts"] = _write_ranges(restrictions.host_ports)
    for key, attribute in _BOOLEAN_FIELDS.items():
        if (value := getattr(restrictions, attribute)) != getattr(unrestricted, attribute):
            section[key] = value
    return section


def _write_ranges(ranges: tuple[IdRange, ...]) -> list[dict[str, int]]:
    return [{"min": span.min, "max": span.max} for span in ranges]
