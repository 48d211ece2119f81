"""From one raw policy, whose shape is right, to a Policy with its expressions compiled."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from webhook.cel.activation import MISSING, Closure, SlotLayout
from webhook.cel.checked_ast import Call, Ident, Select, walk
from webhook.cel.compiler import Compiler
from webhook.cel.environment import (
    OBJECT_TYPE,
    PATCH_TYPE,
    CheckedExpression,
    Environment,
    ExpressionError,
    ExpressionIssue,
)
from webhook.cel.functions import KUBERNETES_LIBRARIES
from webhook.cel.signatures import Library
from webhook.cel.types import BOOL, DYN, NULL, STRING, CelType, list_of, struct
from webhook.graph.model import get_list, get_mapping, get_str
from webhook.graph.path import ROOT, Path, resolve_path
from webhook.graph.selectors import read_selector
from webhook.graph.well_known import GRAPHGATE_PREFIX
from webhook.policy.cel_graph_library import GRAPH_LIBRARY
from webhook.policy.cel_types import (
    NAMESPACE_TYPE,
    REQUEST_TYPE,
    STRUCT_TYPES,
    VARIABLES_TYPE,
)
from webhook.policy.model import (
    SLOTS,
    AuditAnnotation,
    CompiledExpression,
    MatchCondition,
    MatchResources,
    Policy,
    PolicyMetadata,
    PolicyProblem,
    RenderedMode,
    ResourceRule,
    Validation,
)
from webhook.policy.object_types import names_seldon_deployments, seldon_deployment_types
from webhook.policy.reads import FieldRead, find_reads
from webhook.policy.sources import SourceObject
from webhook.policy.validation import PATCH_FIELDS

_RENDERED_MODES: Mapping[str, RenderedMode] = {"deny": "deny", "warn": "warn", "off": "off"}

_AUTHORIZER_UNSUPPORTED = (
    "authorizer is not supported: only the API server knows what a user may do"
)


def compile_policy(source: SourceObject) -> tuple[Policy | None, list[PolicyProblem]]:
    """Return the policy, or None with all that keeps its expressions from being used."""
    compiler = _PolicyCompiler(source)
    policy = compiler.compile()
    return (None if compiler.problems else policy), compiler.problems


def read_match_resources(raw: Mapping[str, Any]) -> MatchResources:
    """Return matchConstraints or matchResources."""
    rules = [_read_resource_rule(item) for item in get_list(raw, "resourceRules")]
    return MatchResources(
        resource_rules=tuple(rules) if rules else None,
        exclude_resource_rules=tuple(
            _read_resource_rule(item) for item in get_list(raw, "excludeResourceRules")
        ),
        exact_versions=raw.get("matchPolicy") == "Exact",
        namespace_selector=read_selector(get_mapping(raw, "namespaceSelector")),
        object_selector=read_selector(get_mapping(raw, "objectSelector")),
    )


def _read_resource_rule(raw: Mapping[str, Any]) -> ResourceRule:
    return ResourceRule(
        api_groups=frozenset(get_list(raw, "apiGroups")),
        api_versions=frozenset(get_list(raw, "apiVersions")),
        operations=frozenset(get_list(raw, "operations")),
        resources=frozenset(get_list(raw, "resources")),
        resource_names=frozenset(get_list(raw, "resourceNames")),
        scope=get_str(raw, "scope") or "*",
    )


class _PolicyCompiler:
    """The expressions of one policy; problems are collected and reported together."""

    def __init__(self, source: SourceObject) -> None:
        self.source = source
        self.raw = source.value
        self.spec = get_mapping(self.raw, "spec")
        self.metadata = get_mapping(self.raw, "metadata")
        self.annotations = get_mapping(self.metadata, "annotations")
        self.name = get_str(self.metadata, "name")
        self.problems: list[PolicyProblem] = []
        self.layout = SlotLayout(SLOTS)
        self.variables: dict[str, Compiler] = {}
        self.lazy_variables: dict[str, Closure] = {}
        self.expressions: list[CheckedExpression] = []
        self.compiled_annotations: dict[str, CompiledExpression | None] = {}
        self.type_warnings: list[PolicyProblem] = []
        libraries = (*KUBERNETES_LIBRARIES, GRAPH_LIBRARY)
        self.condition_environment = policy_environment(
            has_params=bool(self.spec.get("paramKind")), libraries=libraries
        )
        self.typed_environment = self._typed_environment()
        # matchConditions see no variables (KEP-3488), whatever comes before them in the file.
        self.environment = self.condition_environment.with_types(
            STRUCT_TYPES, {"variables": VARIABLES_TYPE}
        )

    def compile(self) -> Policy:
        """Return the policy; of no use if there are problems."""
        spec_path = ROOT / "spec"
        for index, item in enumerate(get_list(self.spec, "variables")):
            self._compile_variable(item, spec_path / "variables" / index)
        self._check_object_types(spec_path)
        match_conditions = tuple(
            MatchCondition(get_str(item, "name"), code)
            for index, item in enumerate(get_list(self.spec, "matchConditions"))
            if (
                code := self._compile_expression(
                    spec_path / "matchConditions" / index / "expression", self.condition_environment
                )
            )
        )
        validations = [
            self._compile_validation(index, item)
            for index, item in enumerate(get_list(self.spec, "validations"))
        ]
        audit_annotations = tuple(
            AuditAnnotation(get_str(item, "key"), code)
            for index, item in enumerate(get_list(self.spec, "auditAnnotations"))
            if (
                code := self._compile_audit_annotation(
                    spec_path / "auditAnnotations" / index / "valueExpression"
                )
            )
        )
        mutations = tuple(
            code
            for index, item in enumerate(get_list(self.spec, "mutations"))
            if (
                code := self._compile_mutation(
                    spec_path / "mutations" / index, get_str(item, "patchType")
                )
            )
        )
        param_kind = get_mapping(self.spec, "paramKind")
        return Policy(
            kind=self.raw["kind"],
            name=self.name,
            file=self.source.file,
            line=self.source.position(ROOT)[0],
            metadata=PolicyMetadata(
                title=self._annotation("title"),
                severity=self._annotation("severity"),
                category=self._annotation("category"),
                docs=self._annotation("docs"),
                remediation=self._annotation("remediation"),
            ),
            fails_open=self.spec.get("failurePolicy") == "Ignore",
            match_constraints=read_match_resources(get_mapping(self.spec, "matchConstraints")),
            param_kind=(get_str(param_kind, "apiVersion"), get_str(param_kind, "kind"))
            if param_kind
            else None,
            match_conditions=match_conditions,
            variables=self.variables,
            validations=tuple(filter(None, validations)),
            audit_annotations=audit_annotations,
            mutations=mutations,
            reinvoke_if_needed=self.spec.get("reinvocationPolicy") == "IfNeeded",
            initial_frame=(MISSING,) * self.layout.size,
            since_minor=max((e.since_minor for e in self.expressions), default=1),
            portable=all(e.portable for e in self.expressions),
            reads_namespace=any(
                isinstance(node, Ident) and node.name == "namespaceObject"
                for e in self.expressions
                for node in walk(e.ast.expr)
            ),
            reads_user=any(
                isinstance(node, Select) and node.field == "userInfo"
                for e in self.expressions
                for node in walk(e.ast.expr)
            ),
            on_rendered=self._rendered_mode(),
            type_warnings=tuple(self.type_warnings),
            reads=(reads := tuple(dict.fromkeys(self._find_reads()))),
            reads_replicas=any(read.fields[:2] == ("spec", "replicas") for read in reads)
            or any(
                isinstance(node, Call) and node.function == "graph.replicas"
                for e in self.expressions
                for node in walk(e.ast.expr)
            ),
        )

    def _find_reads(self) -> Iterator[FieldRead]:
        for expression in self.expressions:
            yield from find_reads(expression.ast.expr)

    def _rendered_mode(self) -> RenderedMode | Literal[""]:
        text = self._annotation("rendered")
        if text == "" or text in _RENDERED_MODES:
            return _RENDERED_MODES.get(text, "")
        path = Path(("metadata", "annotations", f"{GRAPHGATE_PREFIX}rendered"))
        message = f'annotation graphgate.io/rendered is "{text}"; allowed: deny, warn, off'
        self._add_problem(path, ExpressionIssue(message, 0))
        return ""

    def _typed_environment(self) -> Environment | None:
        """Return an environment in which `object` has types, for a policy that names its kind."""
        match_constraints = read_match_resources(get_mapping(self.spec, "matchConstraints"))
        validating = self.raw["kind"] == "ValidatingAdmissionPolicy"
        if not validating or not names_seldon_deployments(match_constraints):
            return None
        object_type, struct_types = seldon_deployment_types()
        names = {"object": object_type, "oldObject": object_type, "variables": VARIABLES_TYPE}
        return self.condition_environment.with_types({**STRUCT_TYPES, **struct_types}, names)

    def _check_object_types(self, spec_path: Path) -> None:
        """Note what the types of `object` say of validations, as status.typeChecking does."""
        environment = self.typed_environment
        if environment is None:
            return
        for item in get_list(self.spec, "variables"):
            try:
                type_ = environment.check(item["expression"]).type
            except ExpressionError:
                type_ = DYN
            environment = environment.with_field(VARIABLES_TYPE.name, item["name"], type_)
        for index, item in enumerate(get_list(self.spec, "validations")):
            for key in ("expression", "messageExpression"):
                if item.get(key):
                    self._note_type_warnings(
                        environment, spec_path / "validations" / index / key, item[key]
                    )

    def _note_type_warnings(self, environment: Environment, path: Path, text: str) -> None:
        try:
            environment.check(text)
        except ExpressionError as error:
            for issue in error.issues:
                position = self.source.position(path, issue.offset)
                self.type_warnings.append(
                    PolicyProblem(self.source.file, *position, self.name, issue.message)
                )

    def _annotation(self, name: str) -> str:
        return get_str(self.annotations, GRAPHGATE_PREFIX + name).strip()

    def _compile_variable(self, item: Mapping[str, Any], path: Path) -> None:
        name = f"variables.{item['name']}"
        expression = self._compile_expression(path / "expression", self.environment, returns=())
        # Known all the same where it is wrong, so that its users are not said to be wrong too.
        type_ = DYN if expression is None else expression.checked.type
        self.environment = self.environment.with_field(VARIABLES_TYPE.name, item["name"], type_)
        if expression is None:
            return
        self.layout.slot_for(name)
        self.variables[name] = expression.compiler
        self.lazy_variables[name] = expression.compiler.root

    def _compile_validation(self, index: int, item: Mapping[str, Any]) -> Validation | None:
        path = ROOT / "spec" / "validations" / index
        expression = self._compile_expression(path / "expression", self.environment)
        message_expression = None
        if item.get("messageExpression"):
            message_expression = self._compile_expression(
                path / "messageExpression", self.environment, (STRING,)
            )
        paths_expression = self._compile_annotation(
            "finding-paths", index, ("string", "list", "dyn")
        )
        fix_expression = self._compile_annotation("suggested-fix", index, ("list", "dyn"))
        if expression is None:
            return None
        return Validation(
            rule_id=f"policy/{self.name}/{index}",
            expression=expression,
            message=get_str(item, "message").strip(),
            message_expression=message_expression,
            reason=get_str(item, "reason") or "Invalid",
            remediation=self._annotation(f"remediation.{index}") or self._annotation("remediation"),
            paths_expression=paths_expression,
            fix_expression=fix_expression,
        )

    def _compile_annotation(
        self, name: str, index: int, returns: tuple[str, ...]
    ) -> CompiledExpression | None:
        """Return the expression in an annotation, of this validation or of all."""
        for key in (f"{GRAPHGATE_PREFIX}{name}.{index}", GRAPHGATE_PREFIX + name):
            if get_str(self.annotations, key):
                if key not in self.compiled_annotations:
                    self.compiled_annotations[key] = self._compile_expression(
                        Path(("metadata", "annotations", key)),
                        self.environment.with_patch_types(),
                        returns,
                        used_by_kubernetes=False,
                    )
                return self.compiled_annotations[key]
        return None

    def _compile_audit_annotation(self, path: Path) -> CompiledExpression | None:
        return self._compile_expression(path, self.environment, (STRING, NULL))

    def _compile_mutation(self, path: Path, patch_type: str) -> CompiledExpression | None:
        environment = self.environment.with_patch_types()
        merges = patch_type == "ApplyConfiguration"
        returns = struct(OBJECT_TYPE) if merges else list_of(struct(PATCH_TYPE))
        field = PATCH_FIELDS.get(patch_type, "")
        return self._compile_expression(path / field / "expression", environment, (returns,))

    def _compile_expression(
        self,
        path: Path,
        environment: Environment,
        returns: tuple[CelType | str, ...] = (BOOL,),
        *,
        used_by_kubernetes: bool = True,
    ) -> CompiledExpression | None:
        """Return a compiled expression, None after its problems were noted.

        returns             the types that it may have, or names of their kinds; empty: any
        used_by_kubernetes  an annotation is not
        """
        text = self._text_at(path)
        if text is None:
            return None
        try:
            expression = environment.check(text)
        except ExpressionError as error:
            for misuse in error.issues:
                self._add_problem(path, misuse)
            return None
        if returns and not _is_one_of(expression.type, returns):
            expected_types = " or ".join(map(str, returns))
            message = f"{path[-1]} must be of type {expected_types}, got {expression.type}"
            self._add_problem(path, ExpressionIssue(message, 0))
            return None
        if used_by_kubernetes:
            self.expressions.append(expression)
        compiler = Compiler(expression.ast, environment.functions, self.layout, self.lazy_variables)
        return CompiledExpression(expression, compiler, path)

    def _add_problem(self, path: Path, issue: ExpressionIssue) -> None:
        position = self.source.position(path, issue.offset)
        message = issue.message + (
            self._hint(issue.message) or _quotes_hint(self._text_at(path) or "", issue)
        )
        if issue.message.startswith("undeclared reference to 'authorizer'"):
            message = _AUTHORIZER_UNSUPPORTED
        self.problems.append(PolicyProblem(self.source.file, *position, self.name, message))

    def _text_at(self, path: Path) -> str | None:
        """Return the text of an expression; None where the shape is wrong, another problem."""
        try:
            text = resolve_path(self.raw, path)
        except LookupError:
            return None
        return text if isinstance(text, str) else None

    def _hint(self, message: str) -> str:
        name = message.partition("'")[2].partition("'")[0]
        if message.startswith("undeclared reference to"):
            if name == "params" and not self.spec.get("paramKind"):
                return "; the policy has no paramKind"
            if name == "variables":
                return "; variables are not available in matchConditions"
        names = [get_str(item, "name") for item in get_list(self.spec, "variables")]
        if message.startswith("undefined field") and name in names:
            return "; a variable can only be used after its definition"
        return ""


_UNQUOTED_INDEX = re.compile(r"\[\s*([A-Za-z_][\w.-]*(?:/[\w.-]+)?)\s*\]", re.ASCII)
_UNQUOTED_FIELD = re.compile(
    r"\b(?:labels|annotations|nodeSelector|data)\.([A-Za-z_][\w-]*(?:\.[\w-]+)*/[\w.-]+)",
    re.ASCII,
)


def _quotes_hint(text: str, issue: ExpressionIssue) -> str:
    """Return how a key is written where one is without quotes: labels.a/b, labels[a/b]."""
    if not issue.message.startswith("undeclared reference to"):
        return ""
    for pattern in (_UNQUOTED_INDEX, _UNQUOTED_FIELD):
        for match in pattern.finditer(text):
            if issue.offset in range(*match.span()):
                return f"; quote the key: ['{match[1]}']"
    return ""


def policy_environment(*, has_params: bool, libraries: tuple[Library, ...]) -> Environment:
    """Return the environment of a policy's expressions, before its variables."""
    names: dict[str, CelType | str] = {
        name: DYN for name in SLOTS if has_params or name != "params"
    }
    names |= {"request": REQUEST_TYPE, "namespaceObject": NAMESPACE_TYPE}
    return Environment(names, libraries, STRUCT_TYPES)


def _is_one_of(type_: CelType, allowed: tuple[CelType | str, ...]) -> bool:
    """Return whether a type is one of these; google.protobuf.BoolValue is as good as bool."""
    if type_.kind == "wrapper":
        return any(isinstance(other, CelType) and other.name == type_.name for other in allowed)
    return type_ in allowed or type_.name in allowed
