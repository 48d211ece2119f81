"""A PodSecurityPolicy carried over into settings.

    spec.runAsUser: {rule: MustRunAs, ranges: [{min: 1000, max: 1999}]}
    →  podSecurity.restrictions.runAsUser, the same; defaults.runAsUser: 1000
    seccomp.security.alpha.kubernetes.io/defaultProfileName: runtime/default
    →  defaults.seccompProfile: RuntimeDefault

Here: the translation, and what has no equivalent. Not here: files, YAML, what restrictions mean.

A PodSecurityPolicy restricts what it leaves out (privileged, host ports, volumes …); settings
restrict only what they name. So a converted policy names everything.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from webhook.errors import PolicyError
from webhook.graph.model import as_mapping, get_mapping

_SECCOMP_DEFAULT = "seccomp.security.alpha.kubernetes.io/defaultProfileName"
_SECCOMP_ALLOWED = "seccomp.security.alpha.kubernetes.io/allowedProfileNames"
_RUNTIME_DEFAULT = ("runtime/default", "docker/default")
"""Two names of the profile that is called RuntimeDefault today."""

_APPARMOR = "apparmor.security.beta.kubernetes.io/"

_BOOLEAN_FIELDS = ("privileged", "hostNetwork", "hostPID", "hostIPC")
_ID_FIELDS = ("runAsUser", "runAsGroup", "fsGroup", "supplementalGroups")
_CONVERTED_FIELDS = frozenset(
    {
        *_BOOLEAN_FIELDS,
        *_ID_FIELDS,
        "readOnlyRootFilesystem",
        "allowPrivilegeEscalation",
        "defaultAllowPrivilegeEscalation",
        "hostPorts",
        "volumes",
        "requiredDropCapabilities",
        "allowedCapabilities",
        "defaultAddCapabilities",
        "seLinux",
    }
)

_UNCONVERTED_FIELDS = {
    "allowedHostPaths": "hostPath volumes are allowed or not; single paths cannot be listed",
    "allowedFlexVolumes": "flexVolume volumes are allowed or not; single drivers cannot be listed",
    "allowedCSIDrivers": "csi volumes are allowed or not; single drivers cannot be listed",
    "allowedProcMountTypes": "the Pod Security Standards check procMount",
    "allowedUnsafeSysctls": "the Pod Security Standards check sysctls",
    "forbiddenSysctls": "the Pod Security Standards check sysctls",
    "runtimeClass": "use a policy to require or default a runtimeClassName",
}


@dataclass(frozen=True, slots=True)
class Conversion:
    """Part of a Settings document, and one sentence for whatever it does not carry over."""

    settings: dict[str, Any]
    notes: tuple[str, ...]


def convert_psp(policy: Any) -> Conversion:
    """Return what a raw PodSecurityPolicy becomes.

    Raise InvalidPolicy if the document is not one, or has values that a cluster would reject.
    """
    if not isinstance(policy, dict) or policy.get("kind") != "PodSecurityPolicy":
        raise PolicyError("the document is not a PodSecurityPolicy")
    spec = policy.get("spec")
    if not isinstance(spec, dict):
        raise PolicyError("the PodSecurityPolicy has no spec")
    restrictions = {
        **{key: _read_boolean(spec, key, default=False) for key in _BOOLEAN_FIELDS},
        "allowPrivilegeEscalation": _read_boolean(spec, "allowPrivilegeEscalation", default=True),
        "readOnlyRootFilesystem": _read_boolean(spec, "readOnlyRootFilesystem", default=False),
        "hostPorts": _read_ranges(spec.get("hostPorts"), "hostPorts"),
        "volumes": _read_strings(spec, "volumes"),
        "capabilities": {
            "requiredDrop": _read_strings(spec, "requiredDropCapabilities"),
            "allowedAdd": _read_allowed_capabilities(spec),
        },
        **{key: _read_ids(spec[key], key) for key in _ID_FIELDS if spec.get(key) is not None},
    }
    settings = {
        "defaults": _defaulting_settings(restrictions),
        # A PodSecurityPolicy denies; restrictions do what the mode says.
        "podSecurity": {"mode": "enforce", "restrictions": restrictions},
    }
    if _annotation(policy, _SECCOMP_DEFAULT) in _RUNTIME_DEFAULT:
        settings["defaults"]["seccompProfile"] = "RuntimeDefault"
    return Conversion(settings, tuple(_notes(policy, spec)))


def _defaulting_settings(restrictions: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that write what the policy would have written into pods."""
    user = restrictions.get("runAsUser", {})
    must_not_be_root = user.get("rule") == "MustRunAsNonRoot"
    defaults: dict[str, Any] = {
        "runAsUser": _first_id(user),
        "runAsNonRoot": "always" if must_not_be_root else "off",
    }
    for key in ("runAsGroup", "fsGroup"):
        number = _first_id(restrictions.get(key, {}))
        if number is not None:
            defaults[key] = number
    if not restrictions["allowPrivilegeEscalation"]:
        defaults["allowPrivilegeEscalation"] = False
    if restrictions["capabilities"]["requiredDrop"] == ["ALL"]:
        defaults["dropCapabilities"] = ["ALL"]
    return defaults


def _annotation(policy: Mapping[str, Any], key: str) -> Any:
    return get_mapping(get_mapping(policy, "metadata"), "annotations").get(key)


def _first_id(ids: Mapping[str, Any]) -> int | None:
    ranges = ids.get("ranges")
    return ranges[0]["min"] if ids.get("rule") == "MustRunAs" and ranges else None


def _notes(policy: Mapping[str, Any], spec: Mapping[str, Any]) -> list[str]:
    notes = [
        f"spec.{key} is not carried over: {reason}"
        for key, reason in _UNCONVERTED_FIELDS.items()
        if spec.get(key)
    ]
    notes += [
        f"spec.{key} is not carried over: unknown field"
        for key in spec
        if key not in _CONVERTED_FIELDS and key not in _UNCONVERTED_FIELDS
    ]
    if spec.get("defaultAddCapabilities"):
        notes.append(
            "spec.defaultAddCapabilities is allowed, but no longer added: set the capabilities "
            "in the containers that need them"
        )
    if get_mapping(spec, "seLinux").get("rule") not in (None, "RunAsAny"):
        notes.append(
            "spec.seLinux is not carried over: the Pod Security Standards check SELinux types"
        )
    notes += _notes_on_defaults(spec)
    for key in get_mapping(get_mapping(policy, "metadata"), "annotations"):
        if key == _SECCOMP_DEFAULT and _annotation(policy, key) in _RUNTIME_DEFAULT:
            continue
        if key in (_SECCOMP_DEFAULT, _SECCOMP_ALLOWED):
            notes.append(
                f"annotation {key} is not carried over: set defaults.seccompProfile, the Pod "
                "Security Standards check profiles"
            )
        elif isinstance(key, str) and key.startswith(_APPARMOR):
            notes.append(
                f"annotation {key} is not carried over: the Pod Security Standards check AppArmor"
            )
    notes.append(
        "RBAC permissions to use the policy are not carried over: settings apply to every namespace"
    )
    return notes


def _notes_on_defaults(spec: Mapping[str, Any]) -> list[str]:
    notes = []
    user = get_mapping(spec, "runAsUser")
    if user.get("rule") == "MustRunAs" and _starts_at_0(user):
        notes.append("defaults.runAsUser is 0 (root): allow it with --allow-root-default")
    if get_mapping(spec, "supplementalGroups").get("rule") == "MustRunAs":
        notes.append("spec.supplementalGroups is required, but no longer added to pods")
    if spec.get("readOnlyRootFilesystem"):
        notes.append("spec.readOnlyRootFilesystem is required, but no longer added to pods")
    drop = spec.get("requiredDropCapabilities")
    if drop and drop != ["ALL"]:
        notes.append(
            "spec.requiredDropCapabilities is required, but no longer added to pods: "
            "defaults can only drop ALL"
        )
    if spec.get("defaultAllowPrivilegeEscalation") is False and spec.get(
        "allowPrivilegeEscalation", True
    ):
        notes.append(
            "spec.defaultAllowPrivilegeEscalation false is not carried over: "
            "set defaults.allowPrivilegeEscalation"
        )
    return notes


def _starts_at_0(ids: Mapping[str, Any]) -> bool:
    ranges = ids.get("ranges")
    return isinstance(ranges, list) and bool(ranges) and ranges[0].get("min") == 0


def _read_boolean(spec: Mapping[str, Any], key: str, *, default: bool) -> bool:
    value = spec.get(key)
    if value is None:
        return default
    if type(value) is not bool:
        raise PolicyError(f"spec.{key} must be true or false")
    return value


def _read_strings(spec: Mapping[str, Any], key: str) -> list[str]:
    value = spec.get(key)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise PolicyError(f"spec.{key} must be a list of strings")
    return list(value)


def _read_allowed_capabilities(spec: Mapping[str, Any]) -> list[str]:
    allowed = _read_strings(spec, "allowedCapabilities")
    return allowed + [c for c in _read_strings(spec, "defaultAddCapabilities") if c not in allowed]


def _read_ids(value: Any, key: str) -> dict[str, Any]:
    rule = as_mapping(value).get("rule")
    if rule not in ("RunAsAny", "MayRunAs", "MustRunAs", "MustRunAsNonRoot"):
        raise PolicyError(f"spec.{key}.rule is not a valid PodSecurityPolicy rule")
    ids: dict[str, Any] = {"rule": rule}
    if rule in ("MayRunAs", "MustRunAs"):
        ids["ranges"] = _read_ranges(value.get("ranges"), f"{key}.ranges")
    return ids


def _read_ranges(value: Any, key: str) -> list[dict[str, int]]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise PolicyError(f"spec.{key} must be a list")
    ranges = []
    for entry in value:
        low, high = as_mapping(entry).get("min"), as_mapping(entry).get("max")
        if type(low) is not int or type(high) is not int:
            raise PolicyError(f"spec.{key} must have integers as min and max")
        ranges.append({"min": low, "max": high})
    return ranges
