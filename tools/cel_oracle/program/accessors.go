package main

import (
	"fmt"
	"strings"

	celgo "github.com/google/cel-go/cel"

	plugincel "k8s.io/apiserver/pkg/admission/plugin/cel"
	"k8s.io/apiserver/pkg/admission/plugin/policy/mutating/patch"
	"k8s.io/apiserver/pkg/admission/plugin/policy/validating"
	"k8s.io/apiserver/pkg/admission/plugin/webhook/matchconditions"
)

// value accepts every type.
type value struct{ expression string }

func (v value) GetExpression() string { return v.expression }

func (v value) ReturnTypes() []*celgo.Type { return []*celgo.Type{celgo.AnyType} }

// accessorOf returns the expression with what kube-apiserver demands of its type in that place,
// and the names that are declared there (pkg/apis/admissionregistration/validation).
func accessorOf(c *Case) (plugincel.ExpressionAccessor, plugincel.OptionalVariableDeclarations, error) {
	declared := plugincel.OptionalVariableDeclarations{
		HasParams:     c.HasParams || !isNull(c.Params),
		HasAuthorizer: true,
	}
	switch c.Kind {
	case "validation":
		return &validating.ValidationCondition{Expression: c.Expression}, declared, nil
	case "condition":
		return &matchconditions.MatchCondition{Name: "condition", Expression: c.Expression}, declared, nil
	case "message":
		declared.HasAuthorizer = false
		return &validating.MessageExpressionCondition{MessageExpression: c.Expression}, declared, nil
	case "audit":
		return &validating.AuditAnnotationCondition{ValueExpression: strings.TrimSpace(c.Expression)}, declared, nil
	case "variable":
		return &validating.Variable{Name: "it", Expression: c.Expression}, declared, nil
	case "value":
		declared.HasPatchTypes = true
		return value{c.Expression}, declared, nil
	case "jsonpatch":
		declared.HasPatchTypes = true
		return &patch.JSONPatchCondition{Expression: strings.TrimSpace(c.Expression)}, declared, nil
	case "applyconfiguration":
		declared.HasPatchTypes = true
		return &patch.ApplyConfigurationCondition{Expression: strings.TrimSpace(c.Expression)}, declared, nil
	}
	return nil, declared, fmt.Errorf("unknown kind %q", c.Kind)
}

// isMutation tells whether a policy with this expression is a MutatingAdmissionPolicy.
func isMutation(kind string) bool {
	return kind == "jsonpatch" || kind == "applyconfiguration"
}
