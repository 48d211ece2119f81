"""What an operator may choose about defaulting, and how a choice is checked.

Here: the options, their names in settings files and namespace annotations, their checks.
Not here: where they are read from (flags, environment, files), what they do to a template.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from webhook.errors import SettingsError
from webhook.graph.issue import Issue
from webhook.graph.path import ROOT
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


def read_options(
    section: Mapping[str, Any], base: DefaultingOptions = DefaultingOptions()
) -> DefaultingOptions:
    """Return `base` with the settings' section "defaults" laid over it, as its schema admits it."""
    changes: dict[str, Any] = {
        _ATTRIBUTES[key]: _read_value(key, value) for key, value in section.items()
    }
    return replace(base, **changes)


def write_options(options: DefaultingOptions) -> dict[str, Any]:
    """Return the section "defaults" that has the effect of `options`, but for `applyAt`."""
    values = {key: getattr(options, attribute) for key, attribute in _ATTRIBUTES.items()}
    return {
        key: list(value) if isinstance(value, tuple) else value for key, value in values.items()
    }


def override_options(base: DefaultingOptions, section: Mapping[str, Any]) -> DefaultingOptions:
    """Return `base` with a namespace's overrides laid over it.

    Raise SettingsError, with a sentence for each unknown key, value that cannot be used and
    contradiction.
    """
    sentences: list[str] = []
    readable: dict[str, Any] = {}
    for key, value in section.items():
        if key not in _OVERRIDES:
            sentences.append(f"unknown key {key}")
            continue
        is_valid, requirement = _OVERRIDES[key]
        if is_valid(_read_value(key, value)):
            readable[key] = value
        else:
            sentences.append(f"{key} must be {requirement}")
    options = read_options(readable, base)
    unreadable = {ROOT / key for key in section.keys() - readable.keys()}
    sentences += [
        f"{issue.path} {issue.message}"
        for issue in find_option_contradictions(options)
        if not issue.follows_from(unreadable)
    ]
    if sentences:
        raise SettingsError(*sentences)
    return options


def find_option_contradictions(options: DefaultingOptions) -> Iterator[Issue]:
    """Yield what cannot hold together, by keys of the section."""
    if options.run_as_user != 0:
        return
    if not options.allow_root_default:
        yield Issue(ROOT / "runAsUser", "is 0 (root); root is not allowed as a default")
    if options.run_as_non_root == "always":
        depends_on = (ROOT / "runAsNonRoot",)
        yield Issue(ROOT / "runAsUser", "is 0, which contradicts runAsNonRoot: always", depends_on)


def _read_value(key: str, value: Any) -> Any:
    value = read_off(value) if key in _KEYS_WITH_OFF else value
    return tuple(value) if isinstance(value, list) else value


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


def _is_id(value: Any) -> bool:
    # type() and not isinstance(): True and False are ints in Python
    return value is None or (type(value) is int and 0 <= value <= MAX_ID)


def _is_one_of(*allowed: str | None) -> Callable[[Any], bool]:
    return lambda value: (value is None or isinstance(value, str)) and value in allowed


_KEYS_WITH_OFF = frozenset({"scope", "runAsNonRoot"})

_ID = f"an integer from 0 to {MAX_ID}"

_OVERRIDES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "scope": (_is_one_of("pod", "container", "off"), "pod, container or off"),
    "runAsUser": (_is_id, _ID),
    "runAsGroup": (_is_id, _ID),
    "fsGroup": (_is_id, _ID),
    "fsGroupChangePolicy": (
        _is_one_of("Always", "OnRootMismatch", None),
        "Always, OnRootMismatch or null",
    ),
    "runAsNonRoot": (
        _is_one_of("off", "when-user-set", "always"),
        "off, when-user-set or always",
    ),
    "allowPrivilegeEscalation": (
        lambda value: value is None or value is False,
        "false or null",
    ),
    "dropCapabilities": (
        lambda value: value is None or value == ("ALL",),
        '["ALL"] or null',
    ),
    "seccompProfile": (
        _is_one_of("RuntimeDefault", None),
        "RuntimeDefault or null",
    ),
}
"""Keys that a namespace may override: whether a raw value can be used, what it must be."""

NAMESPACE_OVERRIDABLE_KEYS = frozenset(_OVERRIDES)
"""The keys that a namespace may override; the rest is the cluster operator's alone."""

_ATTRIBUTES = {
    "scope": "scope",
    "runAsUser": "run_as_user",
    "runAsGroup": "run_as_group",
    "fsGroup": "fs_group",
    "fsGroupChangePolicy": "fs_group_change_policy",
    "runAsNonRoot": "run_as_non_root",
    "allowPrivilegeEscalation": "allow_privilege_escalation",
    "dropCapabilities": "drop_capabilities",
    "seccompProfile": "seccomp_profile",
    "openshift": "openshift",
    "allowOptOut": "allow_opt_out",
}
"""Key: attribute of DefaultingOptions."""
