"""The settings: one frozen value, read once.

A flag wins over the environment, the environment over the file, the file over what is built in.
Only `cli` knows flags, environment and files; this module receives them as values.

    apiVersion: graphgate.io/v1alpha1
    kind: Settings
    profile: default                  # or hardened
    defaults: {runAsUser: 8888}
    podSecurity: {mode: warn}         # or enforce, off
    rules:
      traffic-not-100: {action: warn}
    modelServers: [SKLEARN_SERVER]
    ratchet: true                     # faults that were there before an update only warn
    onRuleError: deny           # or allow
    mode: enforce                     # or warn, observe
    routing: {kind: gateway-api, gateway: gateways/public}
    policies: {files: [ours]}         # beside this file
    namespaces:                       # by name, or by pattern
      team-a:
        rules: {unknown-field: {action: deny}}
      "sandbox-*":
        mode: observe
    namespaceSelectors:               # by the namespace's labels, the first that matches
    - selector: {matchLabels: {stage: dev}}
      mode: warn
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cached_property, partial
from typing import Any, Literal, cast

from webhook.defaulting.options import (
    HARDENED_OPTIONS,
    DefaultingOptions,
    read_off,
    read_options,
    read_user_id,
)
from webhook.errors import SettingsError
from webhook.graph.cluster_facts import Facts
from webhook.graph.selectors import read_selector
from webhook.graph.well_known import GRAPHGATE_API_VERSION
from webhook.podsecurity import Standard, parse_version
from webhook.rendering.routes.options import NO_ROUTING, RoutingOptions
from webhook.rules import (
    Action,
    Check,
    Rule,
    all_rules,
    freeze_parameters,
    to_keyword_arguments,
)
from webhook.rules.descriptors import configurable_ids
from webhook.settings.pod_security import PodSecurityOptions
from webhook.settings.rendering import RenderingSettings, read_rendering
from webhook.settings.routing import read_routing
from webhook.settings.rule_set import EnabledRule, RuleSet
from webhook.settings.schema_errors import describe_schema_error

KIND = "Settings"
ALL_RULES = "*"
"""In the section `rules`: every rule."""

USER_ID_VARIABLE = "DEFAULT_USER_ID"

PROFILES: Mapping[str, DefaultingOptions] = {
    "default": DefaultingOptions(),
    "hardened": HARDENED_OPTIONS,
}
"""What `profile` chooses: the options of defaulting that the rest of the file builds on."""


@dataclass(frozen=True, slots=True)
class RuleSetting:
    """What the operator wants of one rule; None and {} leave it as it is built in."""

    action: Action | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PolicySources:
    """Where users' policies come from, as it was written.

    files     files and folders; relative ones are beside the settings file
    selector  the labels of objects of the cluster that count, as kubectl's -l; None: none do
    rendered  what policies for pods and other rendered objects do where they would deny one; a
              policy's annotation graphgate.io/rendered goes first
    """

    files: tuple[str, ...] = ()
    selector: str | None = None
    rendered: Literal["deny", "warn", "off"] = "warn"


Mode = Literal["enforce", "warn", "observe"]
"""What comes of a denial: it refuses the object; it is a warning; it is recorded, and the object is
left as it is. What exceeds a bound is refused in every mode."""

MODES: tuple[Mode, ...] = ("enforce", "warn", "observe")
"""The strictest first."""


@dataclass(frozen=True, slots=True)
class NamespaceSelector:
    """The settings of namespaces with some labels.

    selector  as it was written: a LabelSelector
    """

    selector: Mapping[str, Any]
    settings: "Settings"

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Return whether a namespace with these labels has these settings."""
        return read_selector(self.selector).matches(labels)


OperatorSetting = Literal["auto", "graphgate", "seldon"]
"""Whose pods are evaluated; auto: as the object and the cluster show it."""


@dataclass(frozen=True)
class Settings:
    """Settings of graphgate.

    profile            the name of the profile it started from
    defaults           what is filled in
    apply_defaults_at  where they are written: into the stored object, or only into what is rendered
                       from it (GitOps tools then see no drift)
    rules              by id, where it departs from the rule's own action and parameters; also ids
                       that are no rules (`webhook.rules.other_ids`), with an action only
    model_servers      names of the configured model servers; None: not told
    pod_security       what is demanded of pods
    ratchet            whether faults that an object had before an update only warn
    on_rule_error      what happens to an object when a rule of ours crashes
    operator           who reconciles: Seldon's operator or graphgate; auto: as the object and the
                       cluster show it (`engine.operator`)
    controller_id      value of the label seldon.io/controller-id of objects that graphgate's
                       reconciler has
    rendering          what an operator sets about the objects that are rendered; the same for all
                       namespaces
    routing            how requests get to the predictors; its kind and prefix are the same for all
                       namespaces
    policies           where users' policies come from; the same for all namespaces
    mode               what comes of a denial
    namespaces         the complete settings of namespaces that have their own, by name or pattern
    namespace_selectors  likewise, by labels; the first that matches counts
    """

    profile: str = "default"
    mode: Mode = "enforce"
    defaults: DefaultingOptions = field(default_factory=DefaultingOptions)
    apply_defaults_at: Literal["admission", "render"] = "admission"
    rules: Mapping[str, RuleSetting] = field(default_factory=dict)
    model_servers: tuple[str, ...] | None = None
    pod_security: PodSecurityOptions = field(default_factory=PodSecurityOptions)
    ratchet: bool = True
    on_rule_error: Literal["deny", "allow"] = "deny"
    operator: OperatorSetting = "auto"
    controller_id: str = "graphgate"
    rendering: RenderingSettings = field(default_factory=RenderingSettings)
    routing: RoutingOptions = NO_ROUTING
    policies: PolicySources = field(default_factory=PolicySources)
    namespaces: Mapping[str, "Settings"] = field(default_factory=dict)
    namespace_selectors: tuple[NamespaceSelector, ...] = ()

    @cached_property
    def rule_set(self) -> RuleSet:
        """The rules that run, bound once and not for each review."""
        return RuleSet(
            tuple(
                EnabledRule(
                    rule.id,
                    setting.action or rule.action,
                    partial(_bind_parameters, rule, setting.parameters),
                    rule.subject,
                    rule.fields,
                    rule.inputs,
                    rule.local,
                    rule.in_table,
                    rule.bound,
                )
                for rule in all_rules()
                for setting in [self.rules.get(rule.id, _DEFAULT_RULE_SETTING)]
                if (setting.action or rule.action) != "off" or rule.bound
            )
        )

    @cached_property
    def action_overrides(self) -> Mapping[str, Action]:
        """The actions of ids that are no rules, where they depart from what is built in."""
        configurable = configurable_ids()
        return {
            rule_id: setting.action
            for rule_id, setting in self.rules.items()
            if setting.action is not None and rule_id in configurable
        }

    def for_namespace(self, name: str, facts: Facts) -> "Settings":
        """Return the settings of a namespace.

        The name goes before the longest pattern that matches it, that before the first selector
        that matches its labels, and that before these settings. Where the facts do not have its
        labels no selector counts, and the strictest mode of all holds.
        """
        own = self.namespaces.get(name)
        if own is not None:
            return own
        for pattern, settings in self._namespace_patterns:
            if fnmatchcase(name, pattern):
                return settings
        if not self.namespace_selectors:
            return self
        namespace = facts.namespaces.get(name)
        if namespace is None:
            return self._with_strictest_mode
        for selector in self.namespace_selectors:
            if selector.matches(namespace.labels):
                return selector.settings
        return self

    @cached_property
    def _namespace_patterns(self) -> tuple[tuple[str, "Settings"], ...]:
        patterns = [item for item in self.namespaces.items() if "*" in item[0]]
        return tuple(sorted(patterns, key=lambda item: (-len(item[0]), item[0])))

    @cached_property
    def _with_strictest_mode(self) -> "Settings":
        modes = {self.mode, *(each.settings.mode for each in self.namespace_selectors)}
        return replace(self, mode=min(modes, key=MODES.index))

    def map_parts(self, change: Callable[["Settings"], "Settings"]) -> "Settings":
        """Return these settings with a change made to those of each namespace."""
        return replace(
            self,
            namespaces={name: change(own) for name, own in self.namespaces.items()},
            namespace_selectors=tuple(
                replace(each, settings=change(each.settings)) for each in self.namespace_selectors
            ),
        )

    @cached_property
    def enforced(self) -> "Settings":
        """These settings with the mode "enforce" everywhere: what a mode lets through is told."""
        return replace(self, mode="enforce").map_parts(lambda own: replace(own, mode="enforce"))

    @property
    def parts(self) -> tuple["Settings", ...]:
        """These settings and those of all namespaces that have their own."""
        selected = (each.settings for each in self.namespace_selectors)
        return (self, *self.namespaces.values(), *selected)

    def with_model_servers(self, facts: Facts) -> Facts:
        """Return the facts with the servers and images that the settings name.

        They go before any other.
        """
        facts = self.rendering.with_images(facts)
        if self.model_servers is None:
            return facts
        return replace(facts, model_servers=dict.fromkeys(self.model_servers))


_DEFAULT_RULE_SETTING = RuleSetting()


def _bind_parameters(rule: Rule, parameters: Mapping[str, Any]) -> Check:
    return partial(rule.check, **to_keyword_arguments(parameters)) if parameters else rule.check


def read_settings(
    document: Any = None,
    environment: Mapping[str, str] | None = None,
    *,
    default_user_id: str | None = None,
    allow_root_default: bool = False,
    pod_security: Standard | None = None,
    operator: str | None = None,
    routing: Mapping[str, Any] | None = None,
    mode: str | None = None,
    source: str = "settings",
) -> Settings:
    """Return the effective settings.

    document            the settings file as JSON data; None: there is none
    environment         the process's environment; only DEFAULT_USER_ID is read
    default_user_id     the flag --default-user-id as text; None: not given
    allow_root_default  the flag of that name
    pod_security        the flag --pod-security: this standard holds, in the mode of the file
    operator            the flag --operator; None: not given
    mode                the flag --mode: it holds wherever no namespace has its own; None: not given
    routing             the flags --routing…, by the keys of the section `routing`; they go first
    source              how the file is called in sentences

    Raise SettingsError, with one sentence that names the flag, variable or key.
    """
    section: Mapping[str, Any] = {} if document is None else document
    if document is not None:
        _validate_schema(document, source)
    if routing:
        _validate_schema(
            {"apiVersion": GRAPHGATE_API_VERSION, "kind": KIND, "routing": dict(routing)}, "flags"
        )
        section = {**section, "routing": {**(section.get("routing") or {}), **routing}}
    profile = section.get("profile", "default")
    base = replace(PROFILES[profile], allow_root_default=allow_root_default)
    policies_section = section.get("policies") or {}
    policies = PolicySources(
        tuple(policies_section.get("files", ())),
        policies_section.get("selector"),
        read_off(policies_section.get("rendered", "warn")),
    )
    rendering = read_rendering(section.get("rendering"), RenderingSettings())
    start = Settings(profile=profile, defaults=base, policies=policies, rendering=rendering)
    settings = _apply_section(start, section, source)
    settings = replace(
        settings,
        defaults=_apply_user_id(settings.defaults, environment or {}, default_user_id),
    )
    if pod_security is not None:
        pod_security_options = replace(
            settings.pod_security, level=pod_security.level, version=pod_security.version
        )
        settings = replace(settings, pod_security=pod_security_options)
    if operator is not None:
        settings = replace(settings, operator=cast("OperatorSetting", operator))
    if mode is not None:
        settings = replace(settings, mode=cast("Mode", mode))
    namespace_sections = section.get("namespaces") or {}
    return replace(
        settings,
        namespaces={
            name: _apply_section(settings, changes or {}, f"{source}: namespaces.{name}")
            for name, changes in namespace_sections.items()
        },
        namespace_selectors=tuple(
            NamespaceSelector(
                changes["selector"],
                _apply_section(settings, changes, f"{source}: namespaceSelectors[{index}]"),
            )
            for index, changes in enumerate(section.get("namespaceSelectors") or ())
        ),
    )


def _apply_section(base: Settings, section: Mapping[str, Any], source: str) -> Settings:
    rules = dict(base.rules)
    for name, changes in _expand_groups(section.get("rules") or {}).items():
        inherited = rules.get(name, _DEFAULT_RULE_SETTING)
        rules[name] = RuleSetting(
            action=read_off(changes.get("action", inherited.action)),
            parameters={**inherited.parameters, **freeze_parameters(changes.get("parameters", {}))},
        )
    model_servers = section.get("modelServers")
    defaults_section = dict(section.get("defaults") or {})
    defaults_at = defaults_section.pop("applyAt", base.apply_defaults_at)
    try:
        options = read_options(defaults_section, base.defaults)
    except SettingsError as error:
        raise SettingsError(f"{source}: {error}") from error
    return replace(
        base,
        defaults=options,
        apply_defaults_at=defaults_at,
        rules=rules,
        model_servers=base.model_servers if model_servers is None else tuple(model_servers),
        pod_security=_apply_pod_security(base.pod_security, section.get("podSecurity"), source),
        ratchet=section.get("ratchet", base.ratchet),
        mode=section.get("mode", base.mode),
        operator=section.get("operator", base.operator),
        controller_id=section.get("controllerID", base.controller_id),
        routing=read_routing(section.get("routing"), base.routing, source),
        on_rule_error=cast(
            "Literal['deny', 'allow']", section.get("onRuleError", base.on_rule_error)
        ),
    )


def _expand_groups(section: Mapping[str, Any]) -> dict[str, Any]:
    """Return the section `rules` by ids: "*" is every rule, a group all of its own.

    An id goes before its group, and that before "*".
    """
    expanded: dict[str, Any] = {}
    for rule in all_rules():
        for name in (ALL_RULES, rule.group):
            if name in section:
                expanded[rule.id] = section[name]
    groups = {ALL_RULES, *(rule.group for rule in all_rules())}
    return {**expanded, **{name: of for name, of in section.items() if name not in groups}}


def _apply_pod_security(
    base: PodSecurityOptions, section: Mapping[str, Any] | None, source: str
) -> PodSecurityOptions:
    if not section:
        return base
    changes: dict[str, Any] = {}
    if "mode" in section:
        changes["mode"] = read_off(section["mode"])
    if "level" in section:
        changes["level"] = section["level"]
    if "version" in section:
        version = section["version"]
        changes["version"] = None if version is None else parse_version(version)
    if "restrictions" in section:
        from webhook.podsecurity.psp.settings import read_psp_rules

        restrictions = section["restrictions"]
        try:
            changes["restrictions"] = None if restrictions is None else read_psp_rules(restrictions)
        except SettingsError as error:
            raise SettingsError(f"{source}: {error}") from error
    return replace(base, **changes)


def _apply_user_id(
    options: DefaultingOptions, environment: Mapping[str, str], flag: str | None
) -> DefaultingOptions:
    """Lay flag and environment over the options: unset changes nothing, empty means none."""
    if flag is not None:
        value, source = flag, "--default-user-id"
    elif USER_ID_VARIABLE in environment:
        value, source = environment[USER_ID_VARIABLE], USER_ID_VARIABLE
    else:
        return options
    user = read_user_id(value, source, allow_root=options.allow_root_default)
    return replace(options, run_as_user=user)


def _validate_schema(document: Any, source: str) -> None:
    """Check the file by its JSON Schema; raise SettingsError for the first departure."""
    import jsonschema  # 60 ms of imports, for who has a settings file

    from webhook.settings.schema import settings_schema

    validator = jsonschema.Draft202012Validator(settings_schema())
    errors = sorted(validator.iter_errors(document), key=lambda error: list(map(str, error.path)))
    if not errors:
        return
    raise SettingsError(f"{source}: {describe_schema_error(errors[0])}")
