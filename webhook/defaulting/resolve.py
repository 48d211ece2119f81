"""Which options hold in one namespace: the cluster's, the namespace's own, OpenShift's.

Here: step 1 of defaulting, and the warnings of it. Not here: the block parser and whether an SCC
is active (`podsecurity.openshift`).
"""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import replace
from typing import Any, NamedTuple

import orjson

from webhook.defaulting.options import (
    NAMESPACE_OVERRIDABLE_KEYS,
    DefaultingOptions,
    override_options,
)
from webhook.defaulting.walk import SECURITY_DEFAULTS_ANNOTATION
from webhook.errors import SettingsError
from webhook.graph.cluster_facts import Namespace
from webhook.podsecurity import openshift as scc
from webhook.podsecurity.ids import MAX_ID, MAX_USER_NAMESPACE_ID


class EffectiveOptions(NamedTuple):
    """The options of one namespace.

    user_in_user_namespace  the user id for templates with `hostUsers: false`
    warnings                why something asked for was not followed, one fact each
    """

    options: DefaultingOptions
    user_in_user_namespace: int | None
    warnings: tuple[str, ...] = ()

    @property
    def needs_no_container(self) -> bool:
        """Whether containers that set nothing need not be read: all goes to their pod.

        So it is out of the box.
        """
        options = self.options
        return (
            options.run_as_group is None
            and options.seccomp_profile is None
            and options.allow_privilege_escalation is None
            and options.drop_capabilities is None
        )


class _Overrides(NamedTuple):
    """The options with what a namespace overrides; what it did, and why it did not."""

    options: DefaultingOptions
    keys: Collection[str] = ()
    warnings: tuple[str, ...] = ()


def resolve_options(
    options: DefaultingOptions, namespace: Namespace | None, *, openshift: bool
) -> EffectiveOptions:
    """Return the options that hold in a namespace (None: it could not be read)."""
    namespace_facts = Namespace() if namespace is None else namespace
    options, overridden_keys, warnings = _apply_namespace_overrides(options, namespace_facts)
    if options.scope == "off":
        return EffectiveOptions(options, options.run_as_user, warnings)
    if options.openshift == "ignore" or not scc.is_scc_active(namespace_facts, openshift=openshift):
        return EffectiveOptions(options, _user_in_user_namespace(options.run_as_user), warnings)
    if options.openshift == "auto":
        return _defer_to_scc(options, overridden_keys, warnings)
    return _use_namespace_range(options, overridden_keys, warnings, namespace_facts)


def _apply_namespace_overrides(options: DefaultingOptions, namespace: Namespace) -> _Overrides:
    """Lay the namespace's annotation over the options; all of it or, with a warning, nothing."""
    text = namespace.annotations.get(SECURITY_DEFAULTS_ANNOTATION)
    if text is None:
        return _Overrides(options)
    if text == "disabled":
        return _Overrides(replace(options, scope="off"), NAMESPACE_OVERRIDABLE_KEYS)
    try:
        section = _read_object(text)
        return _Overrides(override_options(options, section), section.keys())
    except SettingsError as error:
        warning = f"namespace annotation {SECURITY_DEFAULTS_ANNOTATION} ignored: {_one_line(error)}"
        return _Overrides(options, warnings=(warning,))


_MAX_SHOWN_ERRORS = 5
"""What a warning shows of an annotation: kubectl cuts it off after 256 characters."""


def _one_line(error: SettingsError) -> str:
    sentences = str(error).splitlines()
    more = len(sentences) - _MAX_SHOWN_ERRORS
    shown = sentences[:_MAX_SHOWN_ERRORS] + ([f"and {more} more errors"] if more > 0 else [])
    return "; ".join(shown)


def _read_object(text: str) -> dict[str, Any]:
    """Return the JSON object that an annotation holds; raise SettingsError for anything else."""
    with suppress(orjson.JSONDecodeError):
        section = orjson.loads(text)
        if isinstance(section, dict):
            return section
    raise SettingsError('it is expected "disabled" or a JSON object')


def _defer_to_scc(
    options: DefaultingOptions, overridden_keys: Collection[str], warnings: tuple[str, ...]
) -> EffectiveOptions:
    """Write nothing that the SCC supplies: it knows the namespace's ids, and which SCC it is.

    A seccomp profile, for one, would keep a workload out of `anyuid` (measured).
    """
    scc_supplied: dict[str, tuple[str, Any]] = {
        "runAsUser": ("run_as_user", None),
        "runAsGroup": ("run_as_group", None),
        "fsGroup": ("fs_group", None),
        "seccompProfile": ("seccomp_profile", None),
        "dropCapabilities": ("drop_capabilities", None),
        "allowPrivilegeEscalation": ("allow_privilege_escalation", None),
        "runAsNonRoot": ("run_as_non_root", "off"),
    }
    if "runAsUser" in overridden_keys and options.run_as_user is not None:
        del scc_supplied["runAsNonRoot"]  # the marker goes with a user that we know
    changes = {
        name: value for key, (name, value) in scc_supplied.items() if key not in overridden_keys
    }
    return EffectiveOptions(
        replace(options, **changes),
        _user_admitted_by_scc(options.run_as_user, overridden_keys),
        warnings,
    )


def _use_namespace_range(
    options: DefaultingOptions,
    overridden_keys: Collection[str],
    warnings: tuple[str, ...],
    namespace: Namespace,
) -> EffectiveOptions:
    """Take user and groups from the namespace's ranges, whose first ids the SCC would take."""
    changes: dict[str, Any] = {}
    if "runAsUser" not in overridden_keys:
        user, warning = _first_user(options.run_as_user, namespace)
        changes["run_as_user"] = user
        warnings += () if warning is None else (warning,)
    if "runAsGroup" not in overridden_keys:
        changes["run_as_group"] = None  # no SCC demands or supplies one
    if "fsGroup" not in overridden_keys and options.fs_group is not None:
        changes["fs_group"] = _first_group(namespace)
    return EffectiveOptions(
        replace(options, **changes),
        _user_admitted_by_scc(options.run_as_user, overridden_keys),
        warnings,
    )


def _first_user(user: int | None, namespace: Namespace) -> tuple[int | None, str | None]:
    """Return the user id to write in a namespace with a range, or None and why."""
    text = namespace.annotations.get(scc.UID_RANGE_ANNOTATION)
    if text is None:
        return (
            None,
            (
                f"{scc.UID_RANGE_ANNOTATION}: not set on the namespace; the platform chooses the "
                "user id"
            ),
        )
    block = scc.parse_block(text)
    if block is None:
        reason = f"not <start>/<size> or <start>-<end>: {text!r}"
    elif block.start == 0:
        reason = "range starts at 0"
    elif block.end < block.start:
        reason = f"range {block} is empty"
    elif block.start > MAX_ID:
        reason = f"range {block} starts above {MAX_ID}"
    elif user is not None and user in block:
        return user, None
    else:
        return block.start, None
    return None, f"{scc.UID_RANGE_ANNOTATION}: {reason}; the platform chooses the user id"


def _first_group(namespace: Namespace) -> int | None:
    """Return the one fsGroup that restricted-v2 accepts, None if it is not unique."""
    blocks = scc.read_group_blocks(namespace)
    if not blocks or blocks[0].end < blocks[0].start or blocks[0].start > MAX_ID:
        return None
    return blocks[0].start


def _user_admitted_by_scc(user: int | None, overridden_keys: Collection[str]) -> int | None:
    """Return the user for `hostUsers: false` under SCC: one that restricted-v3 admits."""
    if "runAsUser" in overridden_keys:
        return _user_in_user_namespace(user)
    return user if user is not None and user in scc.RESTRICTED_V3_IDS else None


def _user_in_user_namespace(user: int | None) -> int | None:
    return user if user is not None and user <= MAX_USER_NAMESPACE_ID else None
