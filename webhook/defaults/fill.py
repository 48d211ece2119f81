"""What a SeldonDeployment gets that its author left out: the whole of defaulting on one screen.

Here: the order of the defaults, the patch, laying the patch over a document. Not here: each
default (its own file), the templates of a document (`templates`), what a namespace changes about
the options (`resolve`).
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from webhook.defaults import (
    allow_privilege_escalation,
    capabilities,
    fs_group,
    run_as_group,
    run_as_non_root,
    run_as_user,
    seccomp_profile,
)
from webhook.defaults.options import Options
from webhook.defaults.resolve import Resolved, resolve
from webhook.defaults.template import Template
from webhook.defaults.templates import read_template, templates
from webhook.graph.facts import NOTHING_KNOWN, Facts
from webhook.graph.finding import Finding, Operation
from webhook.graph.model import mapping, text
from webhook.graph.path import Path


class Filling(NamedTuple):
    """What defaulting gives: add-operations in document order of templates, and warnings.

    Each warning is a Finding at metadata.namespace (or the root where that is missing) without a
    rule id: it says why the operator's or the namespace's options were not followed.
    """

    operations: tuple[Operation, ...] = ()
    warnings: tuple[Finding, ...] = ()


_NOTHING_TO_DO = Filling()


def fill(
    document: Any, options: Options, facts: Facts = NOTHING_KNOWN, namespace: str | None = None
) -> Filling:
    """Return what is to be added to a raw SeldonDeployment. Total: any JSON value, no exception.

    `namespace` is where the object goes; without it, the object's own metadata.namespace.
    Nothing the author wrote is changed; filling a filled document gives no operation.
    """
    own = _namespace_of(document)
    known = facts.namespaces.get(own if namespace is None else namespace)
    resolved = resolve(options, known, openshift=facts.openshift)
    place = Path(("metadata", "namespace")) if own else Path()
    return Filling(
        tuple(_operations(document, resolved)),
        tuple(Finding(place, fact) for fact in resolved.warnings),
    )


def fill_pod(
    template: Any, options: Options, facts: Facts = NOTHING_KNOWN, namespace: str = ""
) -> Filling:
    """Return what is to be added to one raw pod template ({metadata, spec}), as `fill` does.

    For pods that no author wrote (a rendered explainer or orchestrator): no opt-out is looked for,
    and paths start at the template.
    """
    resolved = resolve(options, facts.namespaces.get(namespace), openshift=facts.openshift)
    if resolved.options.level == "off":
        return _NOTHING_TO_DO
    copy = read_template(template, "", at_pod=resolved.options.level == "pod")
    if copy is None:
        return _NOTHING_TO_DO
    _fill_template(copy, resolved)
    return Filling(tuple(copy.operations()))


def apply(document: Any, operations: Iterable[Operation]) -> Any:
    """Return `document` with add-operations on members of objects carried out.

    Only what lies on the way to a new member is copied; everything else is shared with the
    document that came in, which is not changed. Raise LookupError or ValueError for a way that is
    not there.
    """
    root = document
    copied: set[int] = set()  # ids of our own copies: alive as long as the result is
    for operation in operations:
        *way, last = operation["path"].split("/")[1:]
        if id(root) not in copied:
            root = root.copy()
            copied.add(id(root))
        here = root
        for token in way:
            key: Any = int(token) if isinstance(here, list) else _plain(token)
            below = here[key]
            if id(below) not in copied:
                below = below.copy()
                here[key] = below
                copied.add(id(below))
            here = below
        here[_plain(last)] = operation["value"]
    return root


def _fill_template(template: Template, resolved: Resolved) -> None:
    """Add every default to one working copy; the order matters, later ones see earlier ones."""
    options = resolved.options
    user = resolved.user_in_user_namespace if template.user_namespace else options.run_as_user
    if user is not None:
        run_as_user.fill(template, user)
        if options.run_as_group is not None:
            run_as_group.fill(template, user, options.run_as_group)
    if options.fs_group is not None:
        fs_group.fill(template, options.fs_group, options.fs_group_change_policy)
    if options.run_as_non_root != "off":
        run_as_non_root.fill(template, always=options.run_as_non_root == "always")
    if options.seccomp_profile is not None:
        seccomp_profile.fill(template, options.seccomp_profile)
    if options.allow_privilege_escalation is False:
        allow_privilege_escalation.fill(template)
    if options.drop_capabilities is not None:
        capabilities.fill(template, options.drop_capabilities)


def _operations(document: Any, resolved: Resolved) -> Iterable[Operation]:
    options = resolved.options
    if options.level == "off":
        return
    at_pod = options.level == "pod"
    briefly = at_pod and resolved.user_only
    for template in templates(
        document, at_pod=at_pod, allow_opt_out=options.allow_opt_out, briefly=briefly
    ):
        _fill_template(template, resolved)
        yield from template.operations()


def _namespace_of(document: Any) -> str:
    """Return metadata.namespace, "" if there is none."""
    return text(mapping(document, "metadata"), "namespace") if isinstance(document, dict) else ""


def _plain(token: str) -> str:
    return token.replace("~1", "/").replace("~0", "~") if "~" in token else token
