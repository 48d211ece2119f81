"""Restrictions as they are written in settings, under podSecurity.restrictions.

    runAsUser: {rule: MustRunAs, ranges: [{min: 1000, max: 1999}]}
    capabilities: {requiredDrop: [ALL], allowedAdd: []}
    volumes: [configMap, secret]

Here: reading and checking that mapping. Not here: what a restriction means (`restrictions`).
A key that is left out restricts nothing.
"""

from collections.abc import Mapping
from typing import Any

from webhook.errors import SettingsError
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


def read_psp_rules(section: Mapping[str, Any]) -> PspRules:
    """Return the restrictions that the settings' section "podSecurity.restrictions" describes.

    Raise SettingsError, with one sentence naming the key, for whatever cannot be used.
    """
    values: dict[str, Any] = {}
    for key, value in section.items():
        key_path = f"podSecurity.restrictions.{key}"
        if key in _ID_KEYS:
            attribute, rules = _ID_KEYS[key]
            values[attribute] = _read_ids(value, key_path, rules)
        elif key in _BOOLEAN_FIELDS:
            if type(value) is not bool:
                raise SettingsError(f"{key_path} must be true or false")
            values[_BOOLEAN_FIELDS[key]] = value
        elif key == "capabilities":
            values |= _read_capabilities(value, key_path)
        elif key == "volumes":
            values["volumes"] = _read_strings(value, key_path)
        elif key == "hostPorts":
            values["host_ports"] = _read_ranges(value, key_path, 65535)
        else:
            raise SettingsError(f"unknown key {key_path}")
    return PspRules(**values)


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


def _read_ids(value: Any, key_path: str, rules: tuple[str, ...]) -> IdStrategy:
    fields = _read_mapping(value, key_path, ("rule", "ranges"))
    rule = fields.get("rule")
    if rule not in rules:
        raise SettingsError(f"{key_path}.rule must be one of {', '.join(rules)}")
    ranges = _read_ranges(fields.get("ranges", []), f"{key_path}.ranges", 2147483647)
    if rule in ("MustRunAs", "MayRunAs") and not ranges:
        raise SettingsError(f"{key_path}.ranges must contain at least one range for {rule}")
    return IdStrategy(rule, ranges)


def _read_capabilities(value: Any, key_path: str) -> dict[str, Any]:
    fields = _read_mapping(value, key_path, ("requiredDrop", "allowedAdd"))
    values: dict[str, Any] = {}
    if "requiredDrop" in fields:
        values["required_drop"] = _read_strings(fields["requiredDrop"], f"{key_path}.requiredDrop")
    if "allowedAdd" in fields:
        values["allowed_add"] = _read_strings(fields["allowedAdd"], f"{key_path}.allowedAdd")
    return values


def _read_mapping(value: Any, key_path: str, keys: tuple[str, ...]) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise SettingsError(f"{key_path} must be a mapping with {' and '.join(keys)}")
    for key in value:
        if key not in keys:
            raise SettingsError(f"unknown key {key_path}.{key}")
    return value


def _read_ranges(value: Any, key_path: str, maximum: int) -> tuple[IdRange, ...]:
    if not isinstance(value, list):
        raise SettingsError(f"{key_path} must be a list of {{min, max}}")
    ranges = []
    for index, entry in enumerate(value):
        fields = _read_mapping(entry, f"{key_path}[{index}]", ("min", "max"))
        low, high = fields.get("min"), fields.get("max")
        if type(low) is not int or type(high) is not int or not 0 <= low <= high <= maximum:
            raise SettingsError(
                f"{key_path}[{index}] must have min and max with 0 <= min <= max <= {maximum}"
            )
        ranges.append(IdRange(low, high))
    return tuple(ranges)


def _read_strings(value: Any, key_path: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise SettingsError(f"{key_path} must be a list of strings")
    return tuple(value)
