"""Which options hold in one namespace: the cluster's, the namespace's own, OpenShift's.

Here: step 1 of defaulting, and the warnings of it. Not here: the block parser and whether an SCC
is active (`podsecurity.openshift`).
"""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import replace
from typing import Any, NamedTuple

import orjson

from webhook.defaults.options import OVERRIDABLE, Options, override
from webhook.defaults.templates import OPT_OUT
from webhook.errors import InvalidSettings
from webhook.graph.facts import Namespace
from webhook.podsecurity import openshift as scc
from webhook.podsecurity.ids import LARGEST_USER_NAMESPACE_ID, MAX_ID


class Resolved(NamedTuple):
    """The options of one namespace.

    user_in_user_namespace  the user id for templates with `hostUsers: false`
    warnings                why something asked for was not followed, one fact each
    """

    options: Options
    user_in_user_namespace: int | None
    warnings: tuple[str, ...] = ()

    @property
    def user_only(self) -> bool:
        """Whether nothing but a user id is to be written, as it is out of the box."""
        options = self.options
        return (
            options.run_as_group is None
            and options.fs_group is None
            and options.run_as_non_root == "off"
            and options.seccomp_profile is None
            and options.allow_privilege_escalation is None
            and options.drop_capabilities is None
        )


_NO_KEYS: frozenset[str] = frozenset()


def resolve(options: Options, namespace: Namespace | None, *, openshift: bool) -> Resolved:
    """Return the options that hold in a namespace (None: it could not be read)."""
    if namespace is None:
        known = Namespace()
        overridden: Collection[str] = _NO_KEYS
        warnings: tuple[str, ...] = ()
    else:
        known = namespace
        options, overridden, warnings = _overridden(options, namespace)
    if options.level == "off":
        return Resolved(options, options.run_as_user, warnings)
    if options.openshift == "ignore" or not scc.is_active(known, openshift=openshift):
        return Resolved(options, _in_user_namespace(options.run_as_user), warnings)
    if options.openshift == "auto":
        return _left_to_scc(options, overridden, warnings)
    return _from_range(options, overridden, warnings, known)


def _overridden(
    options: Options, namespace: Namespace
) -> tuple[Options, Collection[str], tuple[str, ...]]:
    """Lay the namespace's annotation over the options; all of it or, with a warning, nothing."""
    text = namespace.annotations.get(OPT_OUT)
    if text is None:
        return options, _NO_KEYS, ()
    if text == "disabled":
        return replace(options, level="off"), OVERRIDABLE, ()
    try:
        section = _read_object(text)
        return override(options, section), section.keys(), ()
    except InvalidSettings as error:
        return options, _NO_KEYS, (f"namespace annotation {OPT_OUT} ignored: {error}",)


def _read_object(text: str) -> dict[str, Any]:
    """Return the JSON object that an annotation holds; raise InvalidSettings for anything else."""
    with suppress(orjson.JSONDecodeError):
        section = orjson.loads(text)
        if isinstance(section, dict):
            return section
    raise InvalidSettings('it is neither "disabled" nor a JSON object')


def _left_to_scc(
    options: Options, overridden: Collection[str], warnings: tuple[str, ...]
) -> Resolved:
    """Write nothing that the SCC supplies: it knows the namespace's ids, and which SCC it is.

    A seccomp profile, for one, would keep a workload out of `anyuid` (measured).
    """
    nothing: dict[str, tuple[str, Any]] = {
        "runAsUser": ("run_as_user", None),
        "runAsGroup": ("run_as_group", None),
        "fsGroup": ("fs_group", None),
        "seccompProfile": ("seccomp_profile", None),
        "dropCapabilities": ("drop_capabilities", None),
        "allowPrivilegeEscalation": ("allow_privilege_escalation", None),
        "runAsNonRoot": ("run_as_non_root", "off"),
    }
    if "runAsUser" in overridden and options.run_as_user is not None:
        del nothing["runAsNonRoot"]  # the marker goes with a user that we know
    changes = {name: value for key, (name, value) in nothing.items() if key not in overridden}
    return Resolved(
        replace(options, **changes), _under_scc(options.run_as_user, overridden), warnings
    )


def _from_range(
    options: Options,
    overridden: Collection[str],
    warnings: tuple[str, ...],
    namespace: Namespace,
) -> Resolved:
    """Take user and groups from the namespace's ranges, whose first ids the SCC would take."""
    changes: dict[str, Any] = {}
    if "runAsUser" not in overridden:
        user, fact = _user_of_range(options.run_as_user, namespace)
        changes["run_as_user"] = user
        warnings += () if fact is None else (fact,)
    if "runAsGroup" not in overridden:
        changes["run_as_group"] = None  # no SCC demands or supplies one
    if "fsGroup" not in overridden and options.fs_group is not None:
        changes["fs_group"] = _first_group(namespace)
    return Resolved(
        replace(options, **changes), _under_scc(options.run_as_user, overridden), warnings
    )


def _user_of_range(user: int | None, namespace: Namespace) -> tuple[int | None, str | None]:
    """Return the user id to write in a namespace with a range, or None and why."""
    text = namespace.annotations.get(scc.UID_RANGE)
    if text is None:
        return None, f"{scc.UID_RANGE}: not set on the namespace; user id left to the platform"
    block = scc.parse_block(text)
    if block is None:
        fact = f"not <start>/<size> or <start>-<end>: {text!r}"
    elif block.start == 0:
        fact = "range starts at 0"
    elif block.end < block.start:
        fact = f"range {block} is empty"
    elif block.start > MAX_ID:
        fact = f"range {block} starts above {MAX_ID}"
    elif user is not None and user in block:
        return user, None
    else:
        return block.start, None
    return None, f"{scc.UID_RANGE}: {fact}; user id left to the platform"


def _first_group(namespace: Namespace) -> int | None:
    """Return the one fsGroup that restricted-v2 accepts, None if it cannot be told."""
    blocks = scc.group_blocks(namespace)
    if not blocks or blocks[0].end < blocks[0].start or blocks[0].start > MAX_ID:
        return None
    return blocks[0].start


def _under_scc(user: int | None, overridden: Collection[str]) -> int | None:
    """Return the user for `hostUsers: false` under SCC: one that restricted-v3 admits."""
    if "runAsUser" in overridden:
        return _in_user_namespace(user)
    return user if user is not None and user in scc.RESTRICTED_V3 else None


def _in_user_namespace(user: int | None) -> int | None:
    return user if user is not None and user <= LARGEST_USER_NAMESPACE_ID else None
