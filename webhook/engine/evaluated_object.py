"""One object as it is evaluated: with its defaults, parsed once, and all that it is evaluated by.

The view of an object and its rendered objects come from here, so that webhook, command line, audit
and reconciler see the same. Not here: findings (`evaluate`).
"""

from dataclasses import dataclass, replace
from typing import Any

from webhook.defaulting import apply_add_operations, default_object
from webhook.engine.operator import resolve_operator, with_operator
from webhook.engine.policy_context import PolicyContext
from webhook.engine.rendered_pods import Rendering
from webhook.engine.rule_runner import ActionFinding
from webhook.graph.cluster_facts import Facts, Operator
from webhook.graph.finding import Finding, Operation
from webhook.graph.lazy import lazy
from webhook.graph.limits import truncate_to_limits
from webhook.graph.model import SeldonDeployment, as_mapping, get_mapping, get_str
from webhook.graph.parse import parse
from webhook.graph.submitted import AuthoredText, Submitted
from webhook.settings.model import Settings


@dataclass(eq=False)
class EvaluatedObject:
    """One SeldonDeployment, any JSON value, and what it is evaluated by.

    submitted            as it came
    document             with its defaults filled in, and with what policies change of it
    namespace            where it is or will be
    settings, facts      those of its namespace; the facts contain its operator
    given_settings, …    settings and facts as they were given
    policy_context       users' policies and exceptions; None: none
    old_document, old    the object before an update; None: it is created
    is_within_limits     whether it is known that no bound is exceeded
    authored_text        the text that it was read from; None: it came as JSON
    is_being_deleted     whether it only waits for its finalizers
    patch                what is added to what came
    missing_defaults     what should have been filled in before it came
    default_warnings     why defaults requested by the namespace are not applied
    mutations            findings: policies that could not change it
    """

    submitted: Any
    document: Any
    namespace: str
    settings: Settings
    facts: Facts
    operator: Operator
    given_settings: Settings
    given_facts: Facts
    policy_context: PolicyContext | None
    old_document: Any
    is_within_limits: bool
    authored_text: AuthoredText | None
    is_being_deleted: bool
    patch: tuple[Operation, ...] = ()
    missing_defaults: tuple[Operation, ...] = ()
    default_warnings: tuple[Finding, ...] = ()
    mutations: tuple[ActionFinding, ...] = ()
    old: "EvaluatedObject | None" = None

    @lazy
    def authored(self) -> Any:
        """What its author wrote of it, and its defaults: without what the API server adds."""
        return strip_server_fields(self.document)

    @lazy
    def view(self) -> SeldonDeployment:
        """That, parsed."""
        view = parse(
            self.authored,
            Submitted(self.submitted, self.authored_text),
            # A policy may have made it larger.
            is_within_limits=self.is_within_limits and self.policy_context is None,
        )
        view.render_inputs = self.settings.defaults, self.facts.namespaces.get(self.namespace)
        return view

    @lazy
    def readable_document(self) -> Any:
        """The whole of it, for policies; without what exceeds a bound."""
        return self.document if self.view.document is self.authored else self.view.document

    @lazy
    def rendering(self) -> Rendering:
        """Its rendered objects, rendered on first use."""
        return Rendering(
            self.view,
            self.settings.defaults,
            self.facts.namespaces.get(self.namespace),
            has_rendered_policies=self.policy_context is not None,
        )


def read_object(
    document: Any,
    settings: Settings,
    facts: Facts,
    *,
    namespace: str | None = None,
    old_document: Any = None,
    apply_defaults: bool = True,
    policy_context: PolicyContext | None = None,
    operator: Operator | None = None,
    authored_text: AuthoredText | None = None,
    is_creation: bool = False,
) -> EvaluatedObject:
    """Return an object with its defaults, and with what it is evaluated by; see `evaluate`.

    is_creation  whether it is about to be created: then nothing that it says makes it one that is
                 being deleted. (Of server-side apply the API server stores a deletionTimestamp that
                 an author writes; seen with Kubernetes 1.36.)

    Total: no value raises. Whatever is nested or long beyond the bounds stays as it is: it is
    refused.
    """
    if namespace is None:
        namespace = get_str(get_mapping(as_mapping(document), "metadata"), "namespace")
    own = settings.for_namespace(namespace, facts)
    known_facts = own.with_model_servers(facts)
    who = operator or resolve_operator(document, own, known_facts).name
    is_within_limits = not truncate_to_limits(document)[1]
    evaluated = EvaluatedObject(
        submitted=document,
        document=document,
        namespace=namespace,
        settings=own,
        facts=with_operator(known_facts, who, own.operator_version),
        operator=who,
        given_settings=settings,
        given_facts=facts,
        policy_context=policy_context if is_within_limits else None,
        old_document=old_document,
        is_within_limits=is_within_limits,
        authored_text=authored_text,
        is_being_deleted=not is_creation
        and _has_deletion_timestamp(document)
        and (old_document is None or _has_deletion_timestamp(old_document)),
    )
    if old_document is not None:
        old_operator = operator or resolve_operator(old_document, own, known_facts).name
        evaluated.old = _old_object(evaluated, old_operator)
    if not is_within_limits:
        return evaluated
    defaults = default_object(document, own.defaults, evaluated.facts, namespace)
    evaluated.default_warnings = defaults.warnings
    stores_defaults = own.mode != "observe" and own.apply_defaults_at == "admission"
    if apply_defaults or not stores_defaults:
        evaluated.document = apply_add_operations(document, defaults.operations)
    if apply_defaults and stores_defaults:
        evaluated.patch = defaults.operations
    elif stores_defaults:
        evaluated.missing_defaults = defaults.operations
    if policy_context is not None and apply_defaults and not evaluated.is_being_deleted:
        _mutate(evaluated, policy_context)
    return evaluated


def _has_deletion_timestamp(document: Any) -> bool:
    return bool(get_mapping(as_mapping(document), "metadata").get("deletionTimestamp"))


def _old_object(evaluated: EvaluatedObject, operator: Operator) -> EvaluatedObject:
    """Return the object before the update, as it is, under the same settings and facts."""
    return replace(
        evaluated,
        submitted=evaluated.old_document,
        document=evaluated.old_document,
        facts=with_operator(evaluated.facts, operator),
        operator=operator,
        is_within_limits=False,
        authored_text=None,
    )


def _mutate(evaluated: EvaluatedObject, policy_context: PolicyContext) -> None:
    """Apply users' mutating policies."""
    from webhook.engine import policy_checks

    mutated = policy_checks.apply_mutations(
        policy_context,
        evaluated.document,
        evaluated.old_document,
        evaluated.namespace,
        evaluated.facts,
    )
    evaluated.document, evaluated.mutations = mutated.document, mutated.findings
    if evaluated.settings.mode != "observe":
        evaluated.patch += mutated.operations


_SERVER_METADATA_FIELDS = frozenset(
    {
        "creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid",
    }
)  # fmt: skip
"""What the API server writes into `metadata`."""


def strip_server_fields(document: Any) -> Any:
    """Return what an author wrote of a document: without `status` and the server's metadata."""
    if type(document) is not dict:
        return document
    metadata = document.get("metadata")
    if type(metadata) is dict and not _SERVER_METADATA_FIELDS.isdisjoint(metadata):
        kept = {key: metadata[key] for key in metadata if key not in _SERVER_METADATA_FIELDS}
        document = {**document, "metadata": kept}
    if "status" in document:
        document = {key: document[key] for key in document if key != "status"}
    return document
