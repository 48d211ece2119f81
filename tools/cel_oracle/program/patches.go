package main

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	plugincel "k8s.io/apiserver/pkg/admission/plugin/cel"
	"k8s.io/apiserver/pkg/admission/plugin/policy/mutating/patch"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/cel/environment"
)

// patch applies a mutation to the object, as the dispatcher of mutating policies does.
func (o *oracle) patch(
	c *Case, policy *policy, accessor plugincel.ExpressionAccessor,
	declared plugincel.OptionalVariableDeclarations, in *input, answer *Answer,
) {
	if in.attributes.VersionedObject == nil {
		return
	}
	evaluator := policy.compiler.CompileMutatingEvaluator(accessor, declared, environment.StoredExpressions)
	var patcher patch.Patcher
	if c.Kind == "jsonpatch" {
		patcher = patch.NewJSONPatcher(evaluator)
	} else {
		patcher = patch.NewApplyConfigurationPatcher(evaluator)
	}
	converter := o.schemas.converterOf(in.attributes.VersionedKind)
	if converter == nil {
		answer.Error, answer.Value = errNoSchema.Error(), nil
		return
	}
	request := patch.Request{
		MatchedResource:     schema.GroupVersionResource(in.request.Resource),
		VersionedAttributes: in.attributes,
		ObjectInterfaces:    o.interfaces,
		OptionalVariables:   in.bindings,
		Namespace:           (*corev1.Namespace)(in.namespace),
		TypeConverter:       converter,
	}
	ctx := policy.compiler.CreateContext(context.Background())
	patched, err := patcher.Patch(ctx, request, celconfig.RuntimeCELCostBudget)
	if err != nil {
		answer.Error, answer.Value = plain(err), nil
		return
	}
	if content, ok := patched.(*unstructured.Unstructured); ok {
		answer.Patched = content.Object
	}
}
