"""Mutants that change nothing anybody can see."""

KNOWN: frozenset[str] = frozenset(
    {
        # digits too many to convert: numbers of 11 digits are refused for their size anyway
        "webhook/podsecurity/openshift.py: 10 → 11",
        # zeros are taken from what is known to be digits
        "webhook/podsecurity/openshift.py: '0' → '0~'",
        # neither is a range
        "webhook/podsecurity/openshift.py: '' → '~'",
        # a mapping is one however it is asked
        "webhook/podsecurity/pod.py: context if type(context) is dict else as_mapping(context) → "
        "as_mapping(context) if type(context) is dict else as_mapping(context)",
        "webhook/podsecurity/pod.py: raw if type(raw) is dict else as_mapping(raw) → "
        "as_mapping(raw) if type(raw) is dict else as_mapping(raw)",
        # what is not told by a glance is looked at closely
        "webhook/podsecurity/validation/security_context.py: context is None or context == trivial "
        "→ context is None and context == trivial",
        # without the shortcut the same comes of the containers that are read
        "webhook/defaulting/walk.py: if pods_only and _is_silent_on_users(component): yield "
        "PodTemplateDraft(SecurityContextDra → if pods_only and "
        "_is_silent_on_users(component): yield from ()",
        # neither is the name of a namespace
        "webhook/defaulting/defaulter.py: '' → '~'",
        # only a Python that is built for FIPS asks what MD5 is used for
        "webhook/rendering/names.py: False → True",
        # a context to which nothing is added stays as it is
        "webhook/rendering/security_context.py: context is None or context == before → "
        "context is None and context == before",
        # under which name something is shared makes no difference
        "webhook/rendering/environment.py: 'labels as JSON' → 'labels as JSON~'",
        "webhook/rendering/metadata.py: 'inherited annotations' → 'inherited annotations~'",
        "webhook/rendering/metadata.py: 'pod labels' → 'pod labels~'",
        "webhook/rendering/metadata.py: 'predictor annotations' → 'predictor annotations~'",
        "webhook/rendering/metadata.py: 'predictor labels' → 'predictor labels~'",
        # no annotation has that name
        "webhook/rendering/routes/attachment.py: '' → '~'",
        # where nothing is to be found, nothing is found further on either
        "webhook/rules/pod/dangling_resource_claim.py: for (each, raw) in resources if "
        "type(raw) is dict and 'claims' in raw without type(raw) is dict and 'claims' in raw",
        "webhook/rules/pod/unknown_port_name.py: if not _names_a_port(container.raw, server): "
        "continue → if not _names_a_port(container.raw, server): pass",
        "webhook/rules/pod/unknown_port_name.py: () if server else _listed_names(container.raw) → "
        "() if server else ()",
        "webhook/rules/naming/colliding_names.py: 'explainer' in predictor.raw and "
        "get_mapping(predictor.raw, 'explainer') → 'explainer' in predictor.raw or "
        "get_mapping(predictor.raw, 'explainer')",
        "webhook/rules/pod/duplicate_container_name.py: if len(pod.containers_by_name) == "
        "len(pod.containers) + len(pod.init_containers): return → if len(pod.containers_by_name) "
        "== len(pod.containers) + len(pod.init_containers): pass",
        "webhook/rules/naming/_rename_fix.py: if 'metadata' not in component.raw: return [] → "
        "if 'metadata' not in component.raw: pass",
        "webhook/rules/pod/pod_resources_below_containers.py: bounded and orchestrators → "
        "bounded or orchestrators",
        "webhook/rules/predictor/traffic_not_100.py: deployment.predictors[0] if "
        "len(deployment.predictors) == 1 else None → None if len(deployment.predictors) == 1 "
        "else None",
        # what is not known may be a path, and so is "~"
        "webhook/rules/pod/unknown_variable_in_sub_path.py: None → '~'",
        # rules are called for such things alone; tests/rules/test_fields.py calls them for all
        "webhook/rules/graph/ab_test_extra_child.py: if node.implementation != 'RANDOM_ABTEST': "
        "return → if node.implementation != 'RANDOM_ABTEST': pass",
        # 0.0 is of the right type
        "webhook/rules/schema/_type_suggestions.py: 0 < value < 1 → 0 <= value < 1",
        # a field that has a type is there, and not meant to be itself
        "webhook/rules/schema/misspelled_required_field.py: if schema_error.kind != 'unknown': "
        "return → if schema_error.kind != 'unknown': pass",
        # a policy with problems is of no use, whatever is in it
        "webhook/policy/compiler.py: if expression is None: return None → if expression is None: "
        "pass",
        "webhook/policy/compiler.py: None → '~'",
        # nor is the time of a case that has one
        "webhook/policy/testing/reader.py: '' → '~'",
        # a container that is not there has no key
        "webhook/policy/json_patch.py: '' → '~'",
        # what has no expressions, or cannot be read, gives no problem further on either
        "webhook/policy/loader.py: source.value['kind'].endswith('Binding') or ROOT in "
        "shape.unreadable → source.value['kind'].endswith('Binding') and ROOT in shape.unreadable",
        "webhook/policy/loader.py: if source.value['kind'].endswith('Binding') or ROOT in "
        "shape.unreadable: return () → if source.value['kind'].endswith('Binding') or ROOT in "
        "shape.unreadable: pass",
        # without policies, exceptions or findings there is nothing further on either
        "webhook/policy/evaluator.py: if not policies.validating: return EMPTY_EVALUATION → "
        "if not policies.validating: pass",
        "webhook/policy/exceptions.py: not exceptions or not findings → not exceptions and "
        "(not findings)",
        "webhook/policy/exceptions.py: if not exceptions or not findings: return "
        "ExemptionResult(findings) → if not exceptions or not findings: pass",
        # nobody compares a fingerprint then
        "webhook/policy/exceptions.py: finding_fingerprint(finding, document) if has_fingerprints "
        "else '' → finding_fingerprint(finding, document) if has_fingerprints else "
        "finding_fingerprint(findin",
        # graphs alone are read since that is quicker, and with the pods just the same
        "webhook/policy/cel_graph_library.py: 'predictors' → 'predictors~'",
        "webhook/policy/cel_graph_library.py: spec.get('predictors') if type(spec) is dict else "
        "None → None if type(spec) is dict else None",
        "webhook/policy/cel_graph_library.py: type(predictors) is not list → "
        "type(predictors) is list",
        # what departs from nothing gives no finding; the old object would be rendered for it
        "webhook/engine/pod_checks.py: for other in rendered.values() if "
        "other.violations(standard) without other.violations(standard)",
        # what most objects have is let through at once, and gives no finding further on either
        "webhook/rules/predictor/traffic_not_100.py: if single_predictor and "
        "single_predictor.raw.get('traffic') in (None, 100): return → if single_predictor and "
        "single_predictor.raw.get('traffic') in (None, 100): pass",
        "webhook/rules/pod/resource_of_unknown_container.py: if not references: return → "
        "if not references: pass",
        "webhook/rules/pod/unknown_volume.py: volumes.keys() >= set(map(_get_name, mounts)) → "
        "volumes.keys() > set(map(_get_name, mounts))",
        "webhook/rules/pod/value_of_newer_kubernetes.py: minor >= _NEWEST → minor > _NEWEST",
        "webhook/rules/pod/pod_resources_below_containers.py: find_orchestrator_pod(predictor, "
        "deployment, facts) if bounded and orchestrators else None → find_orchestrator_pod("
        "predictor, deployment, facts) if bounded and orchestrators else find",
        "webhook/rules/_container_references.py: if 'projected' not in volume: continue → "
        "if 'projected' not in volume: pass",
        "webhook/rules/naming/colliding_names.py: len(predictors) > 1 → len(predictors) >= 1",
        "webhook/rules/graph/container_in_two_components.py: len(predictor.components) > 1 → "
        "len(predictor.components) >= 1",
        # of the old object more is asked then, and what nobody compares is left out
        "webhook/engine/evaluate.py: if wanted is not None and name not in wanted: continue → "
        "if wanted is not None and name not in wanted: pass",
        # one object makes one group further on as well
        "webhook/engine/rule_runner.py: if len(things) == 1: return "
        "((rules.fields.intersection(keys[0]), things, raws),) → if len(things) == 1: pass",
        # objects that are all alike make one group further on as well
        "webhook/engine/rule_runner.py: if len(distinct) == 1: return "
        "((rules.fields.intersection(*distinct), things, raws),) → if len(distinct) == 1: pass",
        # a thing that is its own key has the key's fields
        "webhook/engine/rule_runner.py: fields if keys is raws else "
        "rules.fields.intersection(alike_raws[0]) → rules.fields.intersection(alike_raws[0]) if "
        "keys is raws else rules.fields.intersection(al",
        # none of no rules is called
        "webhook/engine/rule_runner.py: words and plan.guarded → words or plan.guarded",
        # the same: what nobody compares is left out
        "webhook/engine/rule_runner.py: if only is not None: run.stopped.update((rule.id for rule "
        "in rule_set if rule.id not in on → if only is not None: pass",
        "webhook/engine/evaluate.py: None if only is None else {rule_id.partition('/')[0] for "
        "rule_id in only} → None if only is None else None",
        # no stage is of a module without a name
        "webhook/engine/stages.py: '' → '~'",
        # of nothing, the same is said further on
        "webhook/engine/evaluate.py: if not findings and (not rule_errors): return "
        "Decision(patch=evaluated.patch, suppressed=s → if not findings and (not rule_errors): "
        "pass",
        # bounds of what is remembered: a little more or less shows nowhere
        "webhook/engine/allow_cache.py: 4 → 5",
        "webhook/engine/allow_cache.py: 20 → 21",
        "webhook/engine/allow_cache.py: 128 → 129",
        "webhook/engine/allow_cache.py: 10 → 11",
        "webhook/engine/operator.py: 8 → 9",
        # neither is settings, and the value of a key that is remembered is never read
        "webhook/engine/allow_cache.py: None → '~'",
        # policies are asked about the object in the request
        "webhook/engine/rendered_policies.py: replace(self, object=mutated, kept=kept) "
        "without object=mutated",
        # of one rank and rule, those of another action go into another group
        "webhook/engine/dedupe.py: 2 → 3",
        # of a Scale nothing stays unread
        "webhook/engine/ratchet.py: False → True",
        # policies that are not about rendered objects are passed over further on as well
        "webhook/engine/policy_checks.py: if not any((is_about_rendered(bound.policy) for bound in "
        "policy_context.policies.validatin → if not any((is_about_rendered(bound.policy) for bound "
        "in policy_context.policies.validatin",
        # what is remembered is under another key then, and just as often found
        "webhook/engine/evaluate.py: '/' → '/~'",
        # an item in which no key comes again is one part
        "webhook/lint/lint.py: document.split_mapping(path / index) if index in places else () → "
        "document.split_mapping(path / index) if index in places else document.split_mapping("
        "path /",
        # a place in the removed item itself is gone with it
        "webhook/lint/autofix.py: int(index) > int(token) → int(index) >= int(token)",
    }
)
"""As `file: before → after`, each with its reason."""
