package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/admission"
	plugincel "k8s.io/apiserver/pkg/admission/plugin/cel"
	"k8s.io/apiserver/pkg/admission/plugin/policy/validating"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	"k8s.io/apiserver/pkg/authorization/authorizerfactory"
	"k8s.io/apiserver/pkg/cel/environment"
)

// How often an expression with a macro is evaluated. Go begins to walk through a map of up to eight
// entries at one of eight places, so two entries change their order once in eight times, and
// one in 5,000 answers that depend on it is not recognised.
const evaluations = 64

var macros = []string{".all(", ".exists", ".map(", ".filter(", ".transform", "Iterator", "format("}

type oracle struct {
	// For policies without variables: kube-apiserver then does not declare `variables`.
	bare       plugincel.Compiler
	schemas    *schemas
	allowing   authorizer.Authorizer
	remember   map[string]*policy
	empty      *policy
	interfaces admission.ObjectInterfaces
}

// policy is a compiler that knows a policy's variables.
type policy struct {
	compiler *plugincel.CompositedCompiler
	fault    string
}

func newOracle(crd string) (*oracle, error) {
	schemas, err := newSchemas(crd)
	if err != nil {
		return nil, err
	}
	made := &oracle{
		bare:       plugincel.NewCompiler(base()),
		schemas:    schemas,
		allowing:   authorizerfactory.NewAlwaysAllowAuthorizer(),
		remember:   map[string]*policy{},
		interfaces: admission.NewObjectInterfacesFromScheme(runtime.NewScheme()),
	}
	made.empty, err = newPolicy(nil, plugincel.OptionalVariableDeclarations{})
	return made, err
}

func base() *environment.EnvSet {
	return environment.MustBaseEnvSet(environment.DefaultCompatibilityVersion())
}

// newPolicy compiles variables; a fault in one is what the API server answers with 422.
func newPolicy(variables []Variable, declared plugincel.OptionalVariableDeclarations) (*policy, error) {
	compiler, err := plugincel.NewCompositedCompiler(base())
	if err != nil {
		return nil, err
	}
	made := &policy{compiler: compiler}
	var faults []string
	for index, v := range variables {
		declared.HasPatchTypes = false
		declared.HasAuthorizer = true
		accessor := &validating.Variable{Name: v.Name, Expression: v.Expression}
		result := compiler.CompileAndStoreVariable(accessor, declared, environment.NewExpressions)
		if result.Error != nil {
			faults = append(faults, fmt.Sprintf("variables[%d]: %s", index, result.Error.Detail))
		}
	}
	made.fault = strings.Join(faults, "\n")
	return made, nil
}

// policyOf returns the compiler of a case, remembered because one takes milliseconds to make.
func (o *oracle) policyOf(c *Case, declared plugincel.OptionalVariableDeclarations) (*policy, error) {
	if len(c.Variables) == 0 {
		return o.empty, nil
	}
	text, err := json.Marshal([]any{c.Variables, declared.HasParams})
	if err != nil {
		return nil, err
	}
	if made, ok := o.remember[string(text)]; ok {
		return made, nil
	}
	if len(o.remember) >= 256 {
		clear(o.remember)
	}
	made, err := newPolicy(c.Variables, declared)
	if err == nil {
		o.remember[string(text)] = made
	}
	return made, err
}

func (o *oracle) answerLine(line []byte) (answer *Answer) {
	// cel-go panics on some expressions, such as {b'a': 1}. The API server answers such a request
	// with an internal error: it refuses the policy, or what the policy is asked about.
	compiling := true
	defer func() {
		if fault := recover(); fault != nil {
			answer = &Answer{Error: fmt.Sprintf("panic: %v", fault)}
			if compiling {
				answer = &Answer{Compile: answer.Error}
			}
		}
	}()
	c, err := readCase(line)
	if err == nil {
		answer, err = o.answer(c, &compiling)
	}
	if err != nil {
		return &Answer{Unreadable: err.Error()}
	}
	return answer
}

func (o *oracle) answer(c *Case, compiling *bool) (*Answer, error) {
	if c.Kind == "typecheck" {
		return o.schemas.check(c), nil
	}
	accessor, declared, err := accessorOf(c)
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(c.Expression) == "" {
		return &Answer{Compile: "expression is not specified"}, nil
	}
	policy, err := o.policyOf(c, declared)
	if err != nil {
		return nil, err
	}
	if policy.fault != "" {
		return &Answer{Compile: policy.fault}, nil
	}
	var compiler plugincel.Compiler = policy.compiler
	// matchConditions know no variables; without variables there is no composition.
	if c.Kind == "condition" || len(c.Variables) == 0 && !isMutation(c.Kind) {
		compiler = o.bare
	}
	result := compiler.CompileCELExpression(accessor, declared, environment.NewExpressions)
	if result.Error != nil {
		return &Answer{Compile: strings.TrimPrefix(result.Error.Detail, "compilation failed: ")}, nil
	}
	*compiling = false
	return o.evaluate(c, policy, accessor, declared, &Answer{Type: result.OutputType.String()})
}

// input is what an expression is evaluated with.
type input struct {
	attributes *admission.VersionedAttributes
	request    *admissionv1.AdmissionRequest
	bindings   plugincel.OptionalVariableBindings
	namespace  *corev1.Namespace
}

func (o *oracle) inputOf(c *Case) (*input, error) {
	object, err := readObject(c.Object, "object")
	if err != nil {
		return nil, err
	}
	old, err := readObject(c.OldObject, "oldObject")
	if err != nil {
		return nil, err
	}
	params, err := readObject(c.Params, "params")
	if err != nil {
		return nil, err
	}
	namespace, err := readNamespace(c.NamespaceObject)
	if err != nil {
		return nil, err
	}
	request, err := readRequest(c.Request)
	if err != nil {
		return nil, err
	}
	kind := schema.GroupVersionKind{}
	if object != nil {
		kind = object.GetObjectKind().GroupVersionKind()
	}
	resource := schema.GroupVersionResource{
		Group: request.Resource.Group, Version: request.Resource.Version, Resource: request.Resource.Resource,
	}
	who := &user.DefaultInfo{Name: request.UserInfo.Username, Groups: request.UserInfo.Groups}
	record := admission.NewAttributesRecord(
		object, old, kind, request.Namespace, request.Name, resource, request.SubResource,
		admission.Operation(request.Operation), nil, false, who)
	return &input{
		attributes: &admission.VersionedAttributes{
			Attributes: record, VersionedObject: object, VersionedOldObject: old, VersionedKind: kind,
		},
		request:   request,
		bindings:  plugincel.OptionalVariableBindings{VersionedParams: params, Authorizer: o.allowing},
		namespace: plugincel.CreateNamespaceObject(namespace),
	}, nil
}

func (o *oracle) evaluate(
	c *Case, policy *policy, accessor plugincel.ExpressionAccessor,
	declared plugincel.OptionalVariableDeclarations, answer *Answer,
) (*Answer, error) {
	in, err := o.inputOf(c)
	if err != nil {
		return nil, err
	}
	evaluator := policy.compiler.CompileCondition(
		[]plugincel.ExpressionAccessor{accessor}, declared, environment.StoredExpressions)
	times := 1
	for _, macro := range macros {
		if strings.Contains(c.Expression, macro) || len(c.Variables) > 0 {
			times = evaluations
		}
	}
	first := ""
	for range times {
		once := *answer
		evaluateOnce(evaluator, in, &once)
		text, err := json.Marshal([]any{once.Value, once.Error})
		if err != nil {
			return nil, err
		}
		if first == "" {
			first = string(text)
			*answer = once
		} else if first != string(text) {
			answer.Unstable = true
			break
		} else if once.Cost != nil && answer.Cost != nil && *once.Cost > *answer.Cost {
			answer.Cost = once.Cost
		}
		if once.Cost == nil || *once.Cost > 20_000 {
			break
		}
	}
	if isMutation(c.Kind) && answer.Error == "" {
		o.patch(c, policy, accessor, declared, in, answer)
	}
	return answer, nil
}

func evaluateOnce(evaluator plugincel.ConditionEvaluator, in *input, answer *Answer) {
	results, left, err := evaluator.ForInput(
		context.Background(), in.attributes, in.request, in.bindings, in.namespace, celconfig.RuntimeCELCostBudget)
	if err != nil {
		answer.Error = plain(err)
		return
	}
	cost := celconfig.RuntimeCELCostBudget - left
	answer.Cost = &cost
	if fault := results[0].Error; fault != nil {
		answer.Error = plain(fault)
		return
	}
	answer.Value = canonical(results[0].EvalResult)
}

// plain returns an error's own words, without the expression that kube-apiserver puts before them.
func plain(err error) string {
	text := err.Error()
	if _, inner, found := strings.Cut(text, "' resulted in error: "); found {
		return inner
	}
	return text
}

var errNoSchema = errors.New("no schema for this kind")
