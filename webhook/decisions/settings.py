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
    servers: [SKLEARN_SERVER]
    ratchet: true                     # faults that were there before an update only warn
    onInternalFailure: deny           # or allow
    policies: {files: [ours]}         # beside this file
    namespaces:
      team-a:
        rules: {unknown-field: {action: deny}}
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any, Literal, cast

from webhook.decisions.plan import BoundRule, Plan
from webhook.decisions.pod_security import PodSecurity
from webhook.defaults.options import HARDENED, Options, read_options, read_user_id
from webhook.errors import InvalidSettings
from webhook.graph.facts import Facts
from webhook.graph.path import Path
from webhook.graph.words import nearest_word
from webhook.podsecurity import Standard, parse_version
from webhook.rules import Action, Check, Rule, all_rules, frozen

API_VERSION = "graphgate.io/v1alpha1"
KIND = "Settings"
USER_ID_VARIABLE = "DEFAULT_USER_ID"

PROFILES: Mapping[str, Options] = {"default": Options(), "hardened": HARDENED}
"""What `profile` chooses: the options of defaulting that the rest of the file builds on."""


@dataclass(frozen=True, slots=True)
class RuleSetting:
    """What the operator wants of one rule; None and {} leave it as it is built in."""

    action: Action | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PolicySources:
    """Where users' policies come from, as it was written.

    files    files and folders; relative ones are beside the settings file
    cluster  the labels of objects of the cluster that count, as kubectl's -l; None: none do
    """

    files: tuple[str, ...] = ()
    cluster: str | None = None


@dataclass(frozen=True)
class Settings:
    """Everything that an operator may choose about verdicts.

    profile              the name of the profile it started from
    defaults             what is filled in
    defaults_at          where they are written: into the stored object, or only into what is
                         rendered from it (GitOps tools then see no drift)
    rules                by id, where it departs from the rule's own action and parameters
    servers              names of the configured model servers; None: not told
    pod_security         what is demanded of pods
    ratchet              whether faults that an object had before an update only warn
    on_internal_failure  what happens to an object when a rule of ours crashes
    policies             where users' policies come from; the same for all namespaces
    namespaces           the complete settings of namespaces that have their own
    """

    profile: str = "default"
    defaults: Options = field(default_factory=Options)
    defaults_at: Literal["admission", "render"] = "admission"
    rules: Mapping[str, RuleSetting] = field(default_factory=dict)
    servers: tuple[str, ...] | None = None
    pod_security: PodSecurity = field(default_factory=PodSecurity)
    ratchet: bool = True
    on_internal_failure: Literal["deny", "allow"] = "deny"
    policies: PolicySources = field(default_factory=PolicySources)
    namespaces: Mapping[str, "Settings"] = field(default_factory=dict)

    @cached_property
    def plan(self) -> Plan:
        """The rules that run, bound once and not for each review."""
        return Plan(
            tuple(
                BoundRule(
                    rule.id,
                    setting.action or rule.action,
                    partial(_bound, rule, setting.parameters),
                    rule.wants,
                    rule.needs,
                )
                for rule in all_rules()
                for setting in [self.rules.get(rule.id, _AS_BUILT_IN)]
                if (setting.action or rule.action) != "ignore"
            )
        )

    def for_namespace(self, name: str) -> "Settings":
        """Return the settings of a namespace: its own if it has some, else these."""
        return self.namespaces.get(name, self)

    def with_servers(self, facts: Facts) -> Facts:
        """Return the facts with the servers that the settings name, which go before any other."""
        if self.servers is None:
            return facts
        return replace(facts, servers=dict.fromkeys(self.servers))


_AS_BUILT_IN = RuleSetting()


def _bound(rule: Rule, parameters: Mapping[str, Any]) -> Check:
    return partial(rule.check, **parameters) if parameters else rule.check


def read_settings(
    document: Any = None,
    environment: Mapping[str, str] | None = None,
    *,
    default_user_id: str | None = None,
    allow_root_default: bool = False,
    pod_security: Standard | None = None,
    source: str = "settings",
) -> Settings:
    """Return the effective settings.

    document            the settings file as JSON data; None: there is none
    environment         the process's environment; only DEFAULT_USER_ID is read
    default_user_id     the flag --default-user-id as text; None: not given
    allow_root_default  the flag of that name
    pod_security        the flag --pod-security: this standard holds, in the mode of the file
    source              how the file is called in sentences

    Raise InvalidSettings, with one sentence that names the flag, variable or key.
    """
    section: Mapping[str, Any] = {} if document is None else document
    if document is not None:
        _check_shape(document, source)
    profile = section.get("profile", "default")
    base = replace(PROFILES[profile], allow_root_default=allow_root_default)
    chosen = section.get("policies") or {}
    policies = PolicySources(tuple(chosen.get("files", ())), chosen.get("cluster"))
    start = Settings(profile=profile, defaults=base, policies=policies)
    settings = _with_section(start, section, source)
    settings = replace(
        settings,
        defaults=_with_user_id(settings.defaults, environment or {}, default_user_id),
    )
    if pod_security is not None:
        told = replace(
            settings.pod_security, level=pod_security.level, version=pod_security.version
        )
        settings = replace(settings, pod_security=told)
    own = section.get("namespaces") or {}
    return replace(
        settings,
        namespaces={
            name: _with_section(settings, changes or {}, f"{source}: namespaces.{name}")
            for name, changes in own.items()
        },
    )


def _with_section(base: Settings, section: Mapping[str, Any], source: str) -> Settings:
    rules = dict(base.rules)
    for name, changes in (section.get("rules") or {}).items():
        known = rules.get(name, _AS_BUILT_IN)
        rules[name] = RuleSetting(
            action=changes.get("action", known.action),
            parameters={**known.parameters, **frozen(changes.get("parameters", {}))},
        )
    servers = section.get("servers")
    written = dict(section.get("defaults") or {})
    defaults_at = written.pop("at", base.defaults_at)
    try:
        options = read_options(written, base.defaults)
    except InvalidSettings as error:
        raise InvalidSettings(f"{source}: {error}") from error
    return replace(
        base,
        defaults=options,
        defaults_at=defaults_at,
        rules=rules,
        servers=base.servers if servers is None else tuple(servers),
        pod_security=_with_pod_security(base.pod_security, section.get("podSecurity"), source),
        ratchet=section.get("ratchet", base.ratchet),
        on_internal_failure=cast(
            "Literal['deny', 'allow']", section.get("onInternalFailure", base.on_internal_failure)
        ),
    )


def _with_pod_security(
    base: PodSecurity, section: Mapping[str, Any] | None, source: str
) -> PodSecurity:
    if not section:
        return base
    changes: dict[str, Any] = {key: section[key] for key in ("mode", "level") if key in section}
    if "version" in section:
        version = section["version"]
        changes["version"] = None if version is None else parse_version(version)
    if "restrictions" in section:
        from webhook.podsecurity.restrictions_settings import read_restrictions

        demands = section["restrictions"]
        try:
            changes["restrictions"] = None if demands is None else read_restrictions(demands)
        except InvalidSettings as error:
            raise InvalidSettings(f"{source}: {error}") from error
    return replace(base, **changes)


def _with_user_id(options: Options, environment: Mapping[str, str], flag: str | None) -> Options:
    """Lay flag and environment over the options: unset changes nothing, empty means none."""
    if flag is not None:
        written, called = flag, "--default-user-id"
    elif USER_ID_VARIABLE in environment:
        written, called = environment[USER_ID_VARIABLE], USER_ID_VARIABLE
    else:
        return options
    user = read_user_id(written, called, allow_root=options.allow_root_default)
    return replace(options, run_as_user=user)


def _check_shape(document: Any, source: str) -> None:
    """Judge the file by its JSON Schema; raise InvalidSettings for the first departure."""
    import jsonschema  # 60 ms of imports, for who has a settings file

    from webhook.decisions.settings_schema import settings_schema

    validator = jsonschema.Draft202012Validator(settings_schema())
    errors = sorted(validator.iter_errors(document), key=lambda error: list(map(str, error.path)))
    if not errors:
        return
    error = errors[0]
    place = Path(error.absolute_path)
    raise InvalidSettings(f"{source}: {_sentence(error, place)}")


def _sentence(error: Any, place: Path) -> str:
    if error.validator == "additionalProperties":
        known = list(error.schema.get("properties", {}))
        unknown = next(key for key in error.instance if key not in known)
        near = nearest_word(str(unknown), known)
        hint = f'did you mean "{near}"?' if near else f"known are {', '.join(known)}"
        return f"unknown key {place / str(unknown)}; {hint}"
    if error.validator in {"const", "enum"}:
        known = [error.validator_value] if error.validator == "const" else error.validator_value
        return f"{place} is {error.instance!r}, not {' or '.join(map(str, known))}"
    return f"{place}: {error.message}"
