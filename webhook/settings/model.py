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
    ratchet: true                     # errors that were there before an update only warn
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

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cached_property, partial
from typing import Any, Literal, cast

from webhook.defaulting.options import (
    HARDENED_OPTIONS,
    DefaultingOptions,
    find_option_contradictions,
    read_off,
    read_options,
    read_user_id,
)
from webhook.errors import SettingsError
from webhook.graph.cluster_facts import Facts
from webhook.graph.issue import Issue, ReadableDocument, Source
from webhook.graph.path import ROOT, has_path
from webhook.graph.selectors import parse_selector, read_selector
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
from webhook.settings.routing import find_routing_contradictions, read_routing
from webhook.settings.rule_set import EnabledRule, RuleSet
from webhook.settings.schema_errors import read_by_schema

KIND = "Settings"
_NO_FILE = Source("settings")
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
"""What a denial does: reject the object, warn, or only record it and leave the object as it is. An
object that exceeds a limit is rejected in every mode."""

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
                       that are not rules (`webhook.rules.other_ids`), with an action only
    model_servers      names of the configured model servers; None: not set
    pod_security       what is demanded of pods
    ratchet            whether errors that an object had before an update only warn
    on_rule_error      what happens to an object when a rule crashes
    operator           who reconciles: Seldon's operator or graphgate; auto: as the object and the
                       cluster show it (`engine.operator`)
    operator_version   the version of Seldon's operator; None: as the facts say
    controller_id      value of the label seldon.io/controller-id of objects that graphgate's
                       reconciler has
    rendering          what an operator sets about the objects that are rendered; the same for all
                       namespaces
    routing            how requests get to the predictors; its kind and prefix are the same for all
                       namespaces
    policies           where users' policies come from; the same for all namespaces
    mode               what a denial does
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
    operator_version: str | None = None
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
                    rule.words,
                )
                for rule in all_rules()
                for setting in [self.rules.get(rule.id, _DEFAULT_RULE_SETTING)]
                if (setting.action or rule.action) != "off" or rule.bound
            )
        )

    @cached_property
    def action_overrides(self) -> Mapping[str, Action]:
        """The actions of ids that are not rules, where they depart from what is built in."""
        configurable = configurable_ids()
        return {
            rule_id: setting.action
            for rule_id, setting in self.rules.items()
            if setting.action is not None and rule_id in configurable
        }

    def for_namespace(self, name: str, facts: Facts) -> "Settings":
        """Return the settings of a namespace.

        A name takes precedence over the longest matching pattern, a pattern over the first selector
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
        """These settings with the mode "enforce" everywhere, to show what a mode lets through."""
        return replace(self, mode="enforce").map_parts(lambda own: replace(own, mode="enforce"))

    @property
    def parts(self) -> tuple["Settings", ...]:
        """These settings and those of all namespaces that have their own."""
        selected = (each.settings for each in self.namespace_selectors)
        return (self, *self.namespaces.values(), *selected)

    def with_model_servers(self, facts: Facts) -> Facts:
        """Return the facts with the servers and images that the settings name.

        They take precedence over any other. A server that the cluster has, too, keeps its images.
        """
        facts = self.rendering.with_images(facts)
        if self.model_servers is None:
            return facts
        known = facts.model_servers or {}
        return replace(facts, model_servers={name: known.get(name) for name in self.model_servers})


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
    source: Source = _NO_FILE,
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
    source              where the document comes from

    Raise SettingsError, with a sentence for each error, which names the flag, variable or key.
    """
    section, issues, unreadable = ReadableDocument({})
    if document is not None:
        section, issues, unreadable = read_by_schema(document, _schema())
    elsewhere: list[str] = []
    if routing:
        head = {"apiVersion": GRAPHGATE_API_VERSION, "kind": KIND}
        flags = read_by_schema({**head, "routing": dict(routing)}, _schema())
        elsewhere += Source("flags").describe(flags.issues)
        unreadable |= flags.unreadable
        section = {**section, "routing": {**section.get("routing", {}), **flags.value["routing"]}}
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
    settings = _apply_section(start, section)
    try:
        user_id = _apply_user_id(settings.defaults, environment or {}, default_user_id)
        settings = replace(settings, defaults=user_id)
    except SettingsError as error:
        elsewhere.append(str(error))
    if pod_security is not None:
        pod_security_options = replace(
            settings.pod_security, level=pod_security.level, version=pod_security.version
        )
        settings = replace(settings, pod_security=pod_security_options)
    if operator is not None:
        settings = replace(settings, operator=cast("OperatorSetting", operator))
    if mode is not None:
        settings = replace(settings, mode=cast("Mode", mode))
    settings = replace(
        settings,
        namespaces={
            name: _apply_section(settings, changes)
            for name, changes in section.get("namespaces", {}).items()
        },
        namespace_selectors=tuple(
            NamespaceSelector(changes.get("selector", {}), _apply_section(settings, changes))
            for changes in section.get("namespaceSelectors", ())
        ),
    )
    contradictions = _find_contradictions(settings, section)
    known = (issue for issue in contradictions if not issue.follows_from(unreadable))
    errors = source.describe([*issues, *known]) + elsewhere
    if errors:
        raise SettingsError(*errors)
    return settings


def _find_contradictions(settings: Settings, section: Any) -> Iterator[Issue]:
    """Yield what no schema knows, by places of the file; what is inherited, where it is written."""
    if settings.policies.selector is not None:
        try:
            parse_selector(settings.policies.selector)
        except ValueError as error:
            place = ROOT / "policies" / "selector"
            yield Issue(place, f"{place}: {error}")
    parts = [(ROOT, settings)]
    parts += [(ROOT / "namespaces" / name, own) for name, own in settings.namespaces.items()]
    parts += [
        (ROOT / "namespaceSelectors" / index, each.settings)
        for index, each in enumerate(settings.namespace_selectors)
    ]
    inherited: list[Issue] = []
    for here, own in parts:
        for issue in _section_contradictions(own):
            keys = (issue.path, *issue.depends_on)
            places = tuple(here.join(key) for key in keys)
            if issue in inherited and not any(has_path(section, place) for place in places):
                continue
            if not here:
                inherited.append(issue)
            yield Issue(places[0], f"{places[0]} {issue.message}", (*keys, *places))


def _section_contradictions(settings: Settings) -> Iterator[Issue]:
    """Yield what cannot hold together in a part of the settings, by keys of its section."""
    sections = {
        ROOT / "defaults": find_option_contradictions(settings.defaults),
        ROOT / "routing": find_routing_contradictions(settings.routing),
    }
    if settings.pod_security.restrictions is not None:
        from webhook.podsecurity.psp.settings import find_psp_contradictions

        restrictions = find_psp_contradictions(settings.pod_security.restrictions)
        sections[ROOT / "podSecurity" / "restrictions"] = restrictions
    for here, issues in sections.items():
        for path, message, depends_on in issues:
            yield Issue(here.join(path), message, tuple(map(here.join, depends_on)))


def _apply_section(base: Settings, section: Mapping[str, Any]) -> Settings:
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
    return replace(
        base,
        defaults=read_options(defaults_section, base.defaults),
        apply_defaults_at=defaults_at,
        rules=rules,
        model_servers=base.model_servers if model_servers is None else tuple(model_servers),
        pod_security=_apply_pod_security(base.pod_security, section.get("podSecurity")),
        ratchet=section.get("ratchet", base.ratchet),
        mode=section.get("mode", base.mode),
        operator=section.get("operator", base.operator),
        operator_version=section.get("operatorVersion", base.operator_version),
        controller_id=section.get("controllerID", base.controller_id),
        routing=read_routing(section.get("routing"), base.routing),
        on_rule_error=cast(
            "Literal['deny', 'allow']", section.get("onRuleError", base.on_rule_error)
        ),
    )


def _expand_groups(section: Mapping[str, Any]) -> dict[str, Any]:
    """Return the section `rules` by ids: "*" is every rule, a group all of its own.

    An id takes precedence over its group, and a group over "*".
    """
    expanded: dict[str, Any] = {}
    for rule in all_rules():
        for name in (ALL_RULES, rule.group):
            if name in section:
                expanded[rule.id] = section[name]
    groups = {ALL_RULES, *(rule.group for rule in all_rules())}
    return {**expanded, **{name: of for name, of in section.items() if name not in groups}}


def _apply_pod_security(
    base: PodSecurityOptions, section: Mapping[str, Any] | None
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
        changes["restrictions"] = None if restrictions is None else read_psp_rules(restrictions)
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


def _schema() -> Mapping[str, Any]:
    from webhook.settings.schema import settings_schema  # reads every rule's page

    return settings_schema()
