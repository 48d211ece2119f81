"""What an operator may choose about defaulting, and how a choice is checked.

Here: the options, their names in settings files and namespace annotations, their checks.
Not here: where they are read from (flags, environment, files), what they do to a template.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from webhook.errors import SettingsError
from webhook.podsecurity.ids import MAX_ID

DefaultingScope = Literal["pod", "container", "off"]
RunAsNonRootMode = Literal["off", "when-user-set", "always"]
OpenShiftMode = Literal["auto", "range-start", "ignore"]


@dataclass(frozen=True, slots=True)
class DefaultingOptions:
    """The choices of the operator. The built-in ones write the user id and nothing else.

    scope                       where values are written: pod level, container level, or nowhere
    run_as_user                 the user id for containers that have none; None: written nowhere
    run_as_group                the group id, written only beside our user id
    fs_group                    the volumes' group, pod level
    fs_group_change_policy      written only beside our fs_group
    run_as_non_root             when-user-set: where the user is known and not 0; always: also where
                                the image decides (the kubelet then refuses images that run as root)
    allow_privilege_escalation  False: written at container level
    drop_capabilities           ("ALL",): written where the author wrote neither drop nor add
    seccomp_profile             "RuntimeDefault": written at pod level
    openshift                   auto: leave identity to the SCC; range-start: the namespace's first
                                id; ignore: as if it were plain Kubernetes
    allow_opt_out               whether an annotation of the object may switch defaulting off
    allow_root_default whether 0 may be the default user
    """

    scope: DefaultingScope = "pod"
    run_as_user: int | None = 8888  # the value of Seldon Core's own chart, defaultUserID
    run_as_group: int | None = None
    fs_group: int | None = None
    fs_group_change_policy: str | None = None
    run_as_non_root: RunAsNonRootMode = "off"
    allow_privilege_escalation: bool | None = None
    drop_capabilities: tuple[str, ...] | None = None
    seccomp_profile: str | None = None
    openshift: OpenShiftMode = "auto"
    allow_opt_out: bool = True
    allow_root_default: bool = False


HARDENED_OPTIONS = DefaultingOptions(
    run_as_non_root="when-user-set",
    allow_privilege_escalation=False,
    drop_capabilities=("ALL",),
    seccomp_profile="RuntimeDefault",
)
"""The options of the `hardened` profile: a bare template comes out restricted-compliant."""

_DIGITS = re.compile("0*([0-9]{1,10})")  # 10 hold every id; int() of a huge text is slow

NAMESPACE_OVERRIDABLE_KEYS = frozenset(
    {
        "scope",
        "runAsUser",
        "runAsGroup",
        "fsGroup",
        "fsGroupChangePolicy",
        "runAsNonRoot",
        "allowPrivilegeEscalation",
        "dropCapabilities",
        "seccompProfile",
    }
)
"""The keys that a namespace may override; the rest is the cluster operator's alone."""


def read_options(
    section: Mapping[str, Any], base: DefaultingOptions = DefaultingOptions()
) -> DefaultingOptions:
    """Return `base` with the keys of the settings' section "defaults" laid over it.

    `section` has the names of pod-security options (`runAsUser`, `openshift`, …) and raw values.
    Raise SettingsError, with one sentence, for an unknown key, a value that cannot be used, or a
    contradiction.
    """
    return _merge_options(base, section, tuple(_OPTION_CHECKS), "defaults.")


def override_options(base: DefaultingOptions, section: Mapping[str, Any]) -> DefaultingOptions:
    """Return `base` with a namespace's overrides laid over it; raise SettingsError as above."""
    return _merge_options(base, section, NAMESPACE_OVERRIDABLE_KEYS, "")


def read_user_id(text: str, source: str, *, allow_root: bool = False) -> int | None:
    """Return the user id that a flag or variable called `source` holds; None if it is empty.

    Only plain decimal digits are an id. Raise SettingsError for anything else, for more than
    2147483647, and for 0 unless `allow_root`.
    """
    if text == "":
        return None
    digits = _DIGITS.fullmatch(text)
    if digits is None or (number := int(digits[1])) > MAX_ID:
        raise SettingsError(
            f"{source} must be a user id from 0 to {MAX_ID} in decimal digits, not {text!r}; "
            "leave it empty to set no user"
        )
    if number == 0 and not allow_root:
        raise SettingsError(f"{source} is 0 (root); allow it with --allow-root-default")
    return number


def read_off(value: Any) -> Any:
    """Return "off" for false, anything else as it is: for keys that may be `off`.

    YAML 1.1, which kubectl and Helm read, takes an unquoted `off` for false.
    """
    return "off" if value is False else value


def _merge_options(
    base: DefaultingOptions, section: Mapping[str, Any], allowed_keys: Collection[str], prefix: str
) -> DefaultingOptions:
    changes: dict[str, Any] = {}
    for key, raw_value in section.items():
        if key not in allowed_keys:
            raise SettingsError(f"unknown key {prefix}{key}")
        value = read_off(raw_value) if key in _KEYS_WITH_OFF else raw_value
        attribute, is_valid, requirement = _OPTION_CHECKS[key]
        if not is_valid(value):
            raise SettingsError(f"{prefix}{key} must be {requirement}")
        changes[attribute] = tuple(value) if isinstance(value, list) else value
    options = replace(base, **changes)
    if options.run_as_user == 0 and not options.allow_root_default:
        raise SettingsError(f"{prefix}runAsUser is 0 (root); root is not allowed as a default")
    if options.run_as_user == 0 and options.run_as_non_root == "always":
        raise SettingsError(f"{prefix}runAsUser: 0 contradicts runAsNonRoot: always")
    return options


def _is_id(value: Any) -> bool:
    # type() and not isinstance(): True and False are ints in Python
    return value is None or (type(value) is int and 0 <= value <= MAX_ID)


def _is_boolean(value: Any) -> bool:
    return type(value) is bool


def _is_one_of(*allowed: str | None) -> Callable[[Any], bool]:
    return lambda value: (value is None or isinstance(value, str)) and value in allowed


_KEYS_WITH_OFF = frozenset({"scope", "runAsNonRoot"})

_ID = f"an integer from 0 to {MAX_ID}"

_OPTION_CHECKS: dict[str, tuple[str, Callable[[Any], bool], str]] = {
    "scope": ("scope", _is_one_of("pod", "container", "off"), "pod, container or off"),
    "runAsUser": ("run_as_user", _is_id, _ID),
    "runAsGroup": ("run_as_group", _is_id, _ID),
    "fsGroup": ("fs_group", _is_id, _ID),
    "fsGroupChangePolicy": (
        "fs_group_change_policy",
        _is_one_of("Always", "OnRootMismatch", None),
        "Always, OnRootMismatch or null",
    ),
    "runAsNonRoot": (
        "run_as_non_root",
        _is_one_of("off", "when-user-set", "always"),
        "off, when-user-set or always",
    ),
    "allowPrivilegeEscalation": (
        "allow_privilege_escalation",
        lambda value: value is None or value is False,
        "false or null",
    ),
    "dropCapabilities": (
        "drop_capabilities",
        lambda value: value is None or value == ["ALL"],
        '["ALL"] or null',
    ),
    "seccompProfile": (
        "seccomp_profile",
        _is_one_of("RuntimeDefault", None),
        "RuntimeDefault or null",
    ),
    "openshift": (
        "openshift",
        _is_one_of("auto", "range-start", "ignore"),
        "auto, range-start or ignore",
    ),
    "allowOptOut": ("allow_opt_out", _is_boolean, "true or false"),
    "allowRootDefault": ("allow_root_default", _is_boolean, "true or false"),
}
"""Key: attribute of Options, whether a raw value can be used, what it must be."""
