package main

import (
	"fmt"
	"os"
	"regexp"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/controller/openapi/builder"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"k8s.io/apiserver/pkg/admission/plugin/policy/validating"
	"k8s.io/apiserver/pkg/cel/openapi/resolver"
	"k8s.io/client-go/applyconfigurations"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/kube-openapi/pkg/validation/spec"
	"sigs.k8s.io/yaml"
)

// schemas has the types of objects: Kubernetes' own, and one CustomResourceDefinition's.
type schemas struct {
	builtIn    managedfields.TypeConverter
	definition *apiextensionsv1.CustomResourceDefinition
	custom     map[string]managedfields.TypeConverter // by version
	components map[string]map[string]*spec.Schema     // by version
}

func newSchemas(crd string) (*schemas, error) {
	made := &schemas{
		builtIn:    applyconfigurations.NewTypeConverter(scheme.Scheme),
		custom:     map[string]managedfields.TypeConverter{},
		components: map[string]map[string]*spec.Schema{},
	}
	if crd == "" {
		return made, nil
	}
	text, err := os.ReadFile(crd)
	if err != nil {
		return nil, err
	}
	definition := &apiextensionsv1.CustomResourceDefinition{}
	if err := yaml.Unmarshal(text, definition); err != nil {
		return nil, fmt.Errorf("%s: %w", crd, err)
	}
	made.definition = definition
	for _, version := range definition.Spec.Versions {
		openapi, err := builder.BuildOpenAPIV3(definition, version.Name, builder.Options{V2: false})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", crd, err)
		}
		// As in policy/mutating/patch/typeconverter.go.
		converter, err := managedfields.NewTypeConverter(openapi.Components.Schemas, false)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", crd, err)
		}
		made.custom[version.Name] = converter
		made.components[version.Name] = openapi.Components.Schemas
	}
	return made, nil
}

func (s *schemas) converterOf(kind schema.GroupVersionKind) managedfields.TypeConverter {
	if s.isCustom(kind) {
		return s.custom[kind.Version]
	}
	return s.builtIn
}

func (s *schemas) isCustom(kind schema.GroupVersionKind) bool {
	return s.definition != nil && kind.Group == s.definition.Spec.Group && kind.Kind == s.definition.Spec.Names.Kind
}

// ResolveSchema implements resolver.SchemaResolver for the kind of the definition.
func (s *schemas) ResolveSchema(kind schema.GroupVersionKind) (*spec.Schema, error) {
	components, ok := s.components[kind.Version]
	if !ok || !s.isCustom(kind) {
		return nil, fmt.Errorf("%v: %w", kind, resolver.ErrSchemaNotFound)
	}
	find := func(ref string) (*spec.Schema, bool) {
		found, ok := components[componentName.ReplaceAllString(ref, "")]
		return found, ok
	}
	for name, component := range components {
		if hasKind(component, kind) {
			return resolver.PopulateRefs(find, name)
		}
	}
	return nil, fmt.Errorf("%v: %w", kind, resolver.ErrSchemaNotFound)
}

var componentName = regexp.MustCompile(`^#/components/schemas/`)

func hasKind(component *spec.Schema, kind schema.GroupVersionKind) bool {
	kinds, _ := component.Extensions["x-kubernetes-group-version-kind"].([]any)
	for _, one := range kinds {
		named, _ := one.(map[string]any)
		if named["group"] == kind.Group && named["version"] == kind.Version && named["kind"] == kind.Kind {
			return true
		}
	}
	return false
}

// The name under which TypeChecker declares a type ends in the nanoseconds of the clock.
var stamped = regexp.MustCompile(`(\b[A-Z]\w*?)\d{5,}\b`)

// check returns what status.typeChecking would say of a validation.
func (s *schemas) check(c *Case) *Answer {
	if s.definition == nil {
		return &Answer{Unreadable: errNoSchema.Error()}
	}
	group, names := s.definition.Spec.Group, s.definition.Spec.Names
	mapper := meta.NewDefaultRESTMapper(nil)
	var rules []admissionregistrationv1.NamedRuleWithOperations
	for version := range s.custom {
		mapper.AddSpecific(
			schema.GroupVersionKind{Group: group, Version: version, Kind: names.Kind},
			schema.GroupVersionResource{Group: group, Version: version, Resource: names.Plural},
			schema.GroupVersionResource{Group: group, Version: version, Resource: names.Singular},
			meta.RESTScopeNamespace)
	}
	rules = append(rules, admissionregistrationv1.NamedRuleWithOperations{
		RuleWithOperations: admissionregistrationv1.RuleWithOperations{
			Rule: admissionregistrationv1.Rule{
				APIGroups: []string{group}, APIVersions: []string{"v1"}, Resources: []string{names.Plural},
			},
		},
	})
	policy := &admissionregistrationv1.ValidatingAdmissionPolicy{}
	policy.Spec.MatchConstraints = &admissionregistrationv1.MatchResources{ResourceRules: rules}
	policy.Spec.Validations = []admissionregistrationv1.Validation{{Expression: c.Expression}}
	for _, v := range c.Variables {
		policy.Spec.Variables = append(policy.Spec.Variables,
			admissionregistrationv1.Variable{Name: v.Name, Expression: v.Expression})
	}
	if c.HasParams {
		policy.Spec.ParamKind = &admissionregistrationv1.ParamKind{APIVersion: "v1", Kind: "ConfigMap"}
	}
	checker := validating.TypeChecker{SchemaResolver: s, RestMapper: mapper}
	warnings := []string{}
	for _, warning := range checker.Check(policy) {
		warnings = append(warnings, stamped.ReplaceAllString(warning.Warning, "$1"))
	}
	return &Answer{Warnings: warnings}
}
