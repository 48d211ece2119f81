package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	utiljson "k8s.io/apimachinery/pkg/util/json"
)

// Case is one question: an expression in one place of a policy, and what it is asked about.
type Case struct {
	// Where the expression stands: validation, condition, message, audit, variable, jsonpatch,
	// applyconfiguration, typecheck. "value" is for any expression whose value is of interest:
	// a variable that may use the types of mutations.
	Kind       string     `json:"kind"`
	Expression string     `json:"expression"`
	Variables  []Variable `json:"variables"`
	// Whether the policy has a paramKind; a case with params has one.
	HasParams bool `json:"hasParams"`

	Object          json.RawMessage `json:"object"`
	OldObject       json.RawMessage `json:"oldObject"`
	Params          json.RawMessage `json:"params"`
	NamespaceObject json.RawMessage `json:"namespaceObject"`
	Request         json.RawMessage `json:"request"`
}

// Variable is one of spec.variables.
type Variable struct {
	Name       string `json:"name"`
	Expression string `json:"expression"`
}

// Answer is what kube-apiserver makes of a case. Exactly one of Compile, Error and Value is set;
// Warnings are set for a typecheck, and Patched beside Value for a mutation.
type Answer struct {
	// Why the API server refuses a policy with this expression.
	Compile string `json:"compile,omitempty"`
	// The static type of the expression, as cel-go writes it.
	Type string `json:"type,omitempty"`
	// Why the evaluation has no value.
	Error string `json:"error,omitempty"`
	Value any    `json:"value,omitempty"`
	// The object after a mutation.
	Patched any `json:"patched,omitempty"`
	// What status.typeChecking says: a list of texts, empty for an expression that it finds right.
	Warnings any `json:"warnings,omitempty"`
	// Runtime cost in Kubernetes' units, the greatest where it depends on the order of a map;
	// missing if the budget is exceeded.
	Cost *int64 `json:"cost,omitempty"`
	// The answer depends on the order in which Go walks through a map.
	Unstable bool `json:"unstable,omitempty"`
	// The case itself could not be read.
	Unreadable string `json:"unreadable,omitempty"`
}

func readCase(line []byte) (*Case, error) {
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	read := &Case{}
	if err := decoder.Decode(read); err != nil {
		return nil, err
	}
	return read, nil
}

func isNull(raw json.RawMessage) bool {
	text := strings.TrimSpace(string(raw))
	return text == "" || text == "null"
}

// readObject returns an object as the API server holds it (integers are int64), nil for null.
// The result is an interface on purpose: a nil pointer in it would not be nil.
func readObject(raw json.RawMessage, what string) (runtime.Object, error) {
	if isNull(raw) {
		return nil, nil
	}
	content := map[string]any{}
	if err := utiljson.Unmarshal(raw, &content); err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return &unstructured.Unstructured{Object: content}, nil
}

func readNamespace(raw json.RawMessage) (*corev1.Namespace, error) {
	if isNull(raw) {
		return nil, nil
	}
	namespace := &corev1.Namespace{}
	if err := json.Unmarshal(raw, namespace); err != nil {
		return nil, fmt.Errorf("namespaceObject: %w", err)
	}
	return namespace, nil
}

func readRequest(raw json.RawMessage) (*admissionv1.AdmissionRequest, error) {
	request := &admissionv1.AdmissionRequest{}
	if isNull(raw) {
		return request, nil
	}
	if err := json.Unmarshal(raw, request); err != nil {
		return nil, fmt.Errorf("request: %w", err)
	}
	return request, nil
}
