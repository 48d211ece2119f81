"""Users' policies from files: the flag, the settings' key, and what is read for them."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from webhook.cli.option_group import option_group
from webhook.cli.standard_output import report_line
from webhook.errors import PolicyError
from webhook.server.policy_files import (
    ResolvedPolicySources,
    parse_policies,
    read_files,
)

if TYPE_CHECKING:
    from webhook.cli.options import SettingsFlags
    from webhook.engine.policy_context import PolicyContext
    from webhook.graph.cluster_facts import Facts
    from webhook.lint.result import Report
    from webhook.policy import PolicySet
    from webhook.settings.model import Settings


def policies_option(command: Callable[..., None]) -> Callable[..., None]:
    """Add --policies; the command gets `policy_paths`, and `load_demands` reads them."""
    return click.option(
        "--policies",
        "policy_paths",
        type=click.Path(path_type=Path),
        metavar="PATH",
        multiple=True,
        help="File or folder of policies and exceptions; may be repeated. "
        "[settings: policies.files]",
    )(command)


@dataclass(frozen=True, slots=True)
class ClusterPolicyFlags:
    """Which policies of the cluster count, and where its PolicyExceptions do."""

    cluster_policies_selector: str | None = None
    exceptions_namespace: str | None = None


cluster_policy_options = option_group(
    "cluster_policies",
    ClusterPolicyFlags,
    click.option(
        "--cluster-policies-selector",
        metavar="LABELS",
        help="Evaluate the cluster's policies and exceptions with these labels too. "
        "[settings: policies.selector]",
    ),
    click.option(
        "--exceptions-namespace",
        metavar="NAME",
        help="Namespace of the PolicyExceptions. [default: the pod's namespace, or the context's]",
    ),
)
"""Adds both flags; the command gets ClusterPolicyFlags as `cluster_policies`."""


def resolve_sources(
    paths: tuple[Path, ...],
    selector: str | None,
    settings: "Settings",
    flags: "SettingsFlags",
) -> ResolvedPolicySources:
    """Return what the flags say, and where they say nothing what the settings do."""
    file = flags.settings_file
    base_folder = Path() if file is None or str(file) == "-" else file.parent
    return ResolvedPolicySources(
        paths or tuple(base_folder / name for name in settings.policies.files),
        settings.policies.selector if selector is None else selector,
    )


def load_policies(paths: tuple[Path, ...]) -> "PolicySet | None":
    """Return the policies that the paths name; None if none is named.

    Raise PolicyError if one of them cannot be used: a gate with a missing bar is not a gate.
    """
    if not paths:
        return None
    policies = parse_policies(read_files(paths))
    if policies.problems:
        raise PolicyError(*map(str, policies.problems))
    return policies


def load_policy_context(paths: tuple[Path, ...]) -> "PolicyContext | None":
    """Return the current policies; None if there are none."""
    policies = load_policies(paths)
    if policies is None:
        return None
    from webhook.engine.policy_context import PolicyContext

    return PolicyContext(policies, int(time.time()))


def find_undecided(
    policy_context: "PolicyContext | None", report: "Report", facts: "Facts"
) -> tuple[str, ...]:
    """Return messages: which policies were not evaluated, and why."""
    if policy_context is None:
        return ()
    from webhook.policy.scope import describe_scope, is_about_rendered, namespace_note

    namespaces = {result.identity.get("namespace") or "default" for result in report.results}
    unknown = sorted(namespaces - facts.namespaces.keys())
    policies = policy_context.policies
    unasked: list[str] = []
    undecided: list[str] = []
    for bound in (*policies.validating, *policies.mutating):
        policy = bound.policy
        if not any(describe_scope(policy)) and not is_about_rendered(policy):
            unasked.append(policy.name)
        if unknown:
            undecided += [each.name for each in bound.bindings if namespace_note(policy, each)]
    sentences = []
    if undecided:
        sentences.append(
            f"{_name_some('binding', undecided)} not evaluated: namespaces are selected by label, "
            f"and the labels of {', '.join(unknown)} are not known (--facts)"
        )
    if unasked:
        sentences.append(f"{_name_some('policy', unasked)} not evaluated: no object here matches")
    return tuple(sentences)


_MAX_NAMED = 3
"""Policies or bindings that one sentence names; published sets have hundreds."""


def _name_some(noun: str, names: list[str]) -> str:
    """Return 'binding a', 'bindings a, b' or 'bindings a, b, c and 5 more'."""
    if len(names) == 1:
        return f"{noun} {names[0]}"
    more = f" and {len(names) - _MAX_NAMED} more" if len(names) > _MAX_NAMED else ""
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{plural} {', '.join(names[:_MAX_NAMED])}{more}"


def resolve_policy_context(
    paths: tuple[Path, ...], settings: "Settings", flags: "SettingsFlags"
) -> "PolicyContext | None":
    """Return the policies that flags or settings name; None if neither does.

    Those of the cluster are only for `serve`; a message on standard error says so.
    """
    sources = resolve_sources(paths, None, settings, flags)
    if sources.selector is not None:
        report_line(
            f"policies of the cluster ({sources.selector}) are not evaluated here; "
            "kubectl get -o yaml writes them into a file for --policies"
        )
    return load_policy_context(sources.paths)
