"""Settings written as a settings file: complete, with a comment at each rule."""

from collections.abc import Mapping
from typing import Any

from webhook.defaulting.options import write_options
from webhook.graph.well_known import GRAPHGATE_API_VERSION
from webhook.podsecurity.psp.settings import write_psp_rules
from webhook.rules import all_rules, docs
from webhook.rules.descriptors import other_descriptors
from webhook.settings.model import KIND, PolicySources, Settings
from webhook.settings.pod_security import PodSecurityOptions
from webhook.settings.rendering import write_rendering
from webhook.settings.routing import write_routing
from webhook.yamldoc.emitter import emit_document


def write_settings(settings: Settings, heading: str = "") -> str:
    """Return the text of a settings file that has the effect of `settings`.

    heading  comment lines that go before it, each with its "# "
    """
    head: dict[str, Any] = {
        "apiVersion": GRAPHGATE_API_VERSION,
        "kind": KIND,
        "profile": settings.profile,
        **_section(settings),
        "rendering": write_rendering(settings.rendering),
        "routing": write_routing(settings.routing),
    }
    policies = settings.policies
    if policies != PolicySources():
        head["policies"] = {
            "files": list(policies.files),
            "selector": policies.selector,
            "rendered": policies.rendered,
        }
    tail: dict[str, Any] = {}
    if settings.namespaces:
        tail["namespaces"] = {
            name: _namespace_section(own) for name, own in settings.namespaces.items()
        }
    if settings.namespace_selectors:
        tail["namespaceSelectors"] = [
            {"selector": dict(each.selector), **_namespace_section(each.settings)}
            for each in settings.namespace_selectors
        ]
    return (
        heading
        + emit_document(head)
        + _rules_section(settings)
        + (emit_document(tail) if tail else "")
    )


def _namespace_section(settings: Settings) -> dict[str, Any]:
    return {
        **_section(settings),
        "routing": write_routing(settings.routing, of_namespace=True),
        "rules": _changed_rules(settings),
    }


def _section(settings: Settings) -> dict[str, Any]:
    """Return what a namespace may set, too, but for the rules."""
    section: dict[str, Any] = {
        "mode": settings.mode,
        "defaults": {"applyAt": settings.apply_defaults_at, **write_options(settings.defaults)},
        "podSecurity": _pod_security_section(settings.pod_security),
        "ratchet": settings.ratchet,
        "onRuleError": settings.on_rule_error,
        "operator": settings.operator,
        "operatorVersion": settings.operator_version,
        "controllerID": settings.controller_id,
    }
    if settings.model_servers is not None:
        section["modelServers"] = list(settings.model_servers)
    return section


def _changed_rules(settings: Settings) -> dict[str, Any]:
    """Return the rules, and ids that are not rules, whose settings are not the built-in ones."""
    rules: dict[str, Any] = {
        rule: {"action": setting.action, "parameters": _plain(setting.parameters)}
        for rule, setting in settings.rules.items()
    }
    for rule in rules.values():
        if rule["action"] is None:
            del rule["action"]
        if not rule["parameters"]:
            del rule["parameters"]
    return rules


def _plain(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {k: list(v) if isinstance(v, tuple) else v for k, v in parameters.items()}


def _pod_security_section(options: PodSecurityOptions) -> dict[str, Any]:
    restrictions = options.restrictions
    return {
        "mode": options.mode,
        "level": options.level,
        "version": None if options.version is None else f"v1.{options.version}",
        "restrictions": None if restrictions is None else write_psp_rules(restrictions),
    }


def _rules_section(settings: Settings) -> str:
    lines = ["rules:\n"]
    for rule in all_rules():
        setting = settings.rules.get(rule.id)
        action = setting.action if setting and setting.action else rule.action
        title = docs.parse_docstring(rule.docstring).title
        lines.append(f"  # {title}\n  {rule.id}:\n    {emit_document({'action': action})}")
        parameters = {**rule.parameters, **(setting.parameters if setting else {})}
        if parameters:
            nested = emit_document({"parameters": _plain(parameters)}).splitlines(keepends=True)
            lines.extend(f"    {line}" for line in nested)
    for rule_id, descriptor in other_descriptors().items():
        chosen = settings.action_overrides.get(rule_id, descriptor.action)
        if descriptor.configurable and chosen is not None:
            action_line = emit_document({"action": chosen})
            lines.append(f"  # {descriptor.title}\n  {rule_id}:\n    {action_line}")
    return "".join(lines)
