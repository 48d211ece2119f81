"""What a SeldonDeployment gets that its author left out: the whole of defaulting on one screen.

Here: the order of the defaults, the patch, laying the patch over a document. Not here: each
default (its own file), the templates of a document (`walk`), what a namespace changes about
the options (`resolve`).
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from webhook.defaulting import (
    allow_privilege_escalation,
    capabilities,
    fs_group,
    run_as_group,
    run_as_non_root,
    run_as_user,
    seccomp_profile,
)
from webhook.defaulting.options import DefaultingOptions
from webhook.defaulting.pod_template import PodTemplateDraft
from webhook.defaulting.resolve import EffectiveOptions, resolve_options
from webhook.defaulting.walk import iter_templates, read_template
from webhook.graph.cluster_facts import NO_FACTS, Facts
from webhook.graph.finding import Finding, Operation
from webhook.graph.model import get_mapping, get_str
from webhook.graph.path import Path, unescape_pointer_token


class DefaultingResult(NamedTuple):
    """What defaulting gives: add-operations in document order of templates, and warnings.

    Each warning is a Finding at metadata.namespace (or the root where that is missing) without a
    rule id: it says why the operator's or the namespace's options were not followed.
    """

    operations: tuple[Operation, ...] = ()
    warnings: tuple[Finding, ...] = ()


_NO_CHANGES = DefaultingResult()


def default_object(
    document: Any, options: DefaultingOptions, facts: Facts = NO_FACTS, namespace: str | None = None
) -> DefaultingResult:
    """Return what is to be added to a raw SeldonDeployment. Total: any JSON value, no exception.

    `namespace` is where the object goes; without it, the object's own metadata.namespace.
    Nothing the author wrote is changed; filling a filled document gives no operation.
    """
    own_namespace = _object_namespace(document)
    namespace_facts = facts.namespaces.get(own_namespace if namespace is None else namespace)
    effective = resolve_options(options, namespace_facts, openshift=facts.openshift)
    namespace_path = Path(("metadata", "namespace")) if own_namespace else Path()
    return DefaultingResult(
        tuple(_iter_operations(document, effective)),
        tuple(Finding(namespace_path, message) for message in effective.warnings),
    )


def default_pod(
    template: Any, options: DefaultingOptions, facts: Facts = NO_FACTS, namespace: str = ""
) -> DefaultingResult:
    """Return what is to be added to one raw pod template ({metadata, spec}), as `defaulter` does.

    For pods that no author wrote (a rendered explainer or orchestrator): no opt-out is looked for,
    and paths start at the template.
    """
    effective = resolve_options(options, facts.namespaces.get(namespace), openshift=facts.openshift)
    if effective.options.scope == "off":
        return _NO_CHANGES
    draft = read_template(template, "", at_pod=effective.options.scope == "pod")
    if draft is None:
        return _NO_CHANGES
    _set_defaults(draft, effective)
    return DefaultingResult(tuple(draft.build_patch()))


def apply_add_operations(document: Any, operations: Iterable[Operation]) -> Any:
    """Return `document` with add-operations on members of objects applied.

    Only what lies on the way to a new member is copied; everything else is shared with the
    document that came in, which is not changed. Raise LookupError or ValueError for a way that is
    not there.
    """
    root = document
    copied: set[int] = set()  # ids of our own copies: alive as long as the result is
    for operation in operations:
        *parents, member = operation["path"].split("/")[1:]
        if id(root) not in copied:
            root = root.copy()
            copied.add(id(root))
        parent = root
        for token in parents:
            key: Any = token
            if type(parent) is list:
                key = int(token)
            elif "~" in token:
                key = unescape_pointer_token(token)
            child = parent[key]
            if id(child) not in copied:
                child = parent[key] = child.copy()
                copied.add(id(child))
            parent = child
        parent[unescape_pointer_token(member)] = operation["value"]
    return root


def _set_defaults(draft: PodTemplateDraft, effective: EffectiveOptions) -> None:
    """Add every default to one working copy; the order matters, later ones see earlier ones."""
    options = effective.options
    user = effective.user_in_user_namespace if draft.has_user_namespace else options.run_as_user
    if user is not None:
        run_as_user.set_default(draft, user)
        if options.run_as_group is not None:
            run_as_group.set_default(draft, user, options.run_as_group)
    if options.fs_group is not None:
        fs_group.set_default(draft, options.fs_group, options.fs_group_change_policy)
    if options.run_as_non_root != "off":
        run_as_non_root.set_default(draft, always=options.run_as_non_root == "always")
    if options.seccomp_profile is not None:
        seccomp_profile.set_default(draft, options.seccomp_profile)
    if options.allow_privilege_escalation is False:
        allow_privilege_escalation.set_default(draft)
    if options.drop_capabilities is not None:
        capabilities.set_default(draft, options.drop_capabilities)


def _iter_operations(document: Any, effective: EffectiveOptions) -> Iterable[Operation]:
    options = effective.options
    if options.scope == "off":
        return
    at_pod = options.scope == "pod"
    for template in iter_templates(
        document,
        at_pod=at_pod,
        allow_opt_out=options.allow_opt_out,
        pods_only=at_pod and effective.needs_no_container,
    ):
        _set_defaults(template, effective)
        yield from template.build_patch()


def _object_namespace(document: Any) -> str:
    """Return metadata.namespace, "" if there is none."""
    return (
        get_str(get_mapping(document, "metadata"), "namespace")
        if isinstance(document, dict)
        else ""
    )
