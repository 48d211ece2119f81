package main

import (
	"encoding/base64"
	"fmt"
	"math"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"

	apiservercel "k8s.io/apiserver/pkg/cel"
	"k8s.io/apiserver/pkg/cel/mutation"
	"k8s.io/apiserver/pkg/cel/mutation/dynamic"
)

// tagged is a value with its CEL type: ["int", "5"], ["list", [...]], ["map", [[key, value], ...]].
type tagged = []any

// canonical returns a value in a form in which equal values have equal JSON: entries of a map are
// in the order of their keys' text, numbers are texts.
func canonical(v ref.Val) tagged {
	switch v := v.(type) {
	case nil:
		return tagged{"nothing"}
	case types.Null:
		return tagged{"null"}
	case types.Bool:
		return tagged{"bool", bool(v)}
	case types.Int:
		return tagged{"int", strconv.FormatInt(int64(v), 10)}
	case types.Uint:
		return tagged{"uint", strconv.FormatUint(uint64(v), 10)}
	case types.Double:
		return tagged{"double", double(float64(v))}
	case types.String:
		return tagged{"string", string(v)}
	case types.Bytes:
		return tagged{"bytes", base64.StdEncoding.EncodeToString(v)}
	case types.Timestamp:
		return tagged{"timestamp", v.Time.UTC().Format(time.RFC3339Nano)}
	case types.Duration:
		return tagged{"duration", strconv.FormatInt(int64(v.Duration), 10)}
	case *types.Type:
		return tagged{"type", v.TypeName()}
	case *types.Optional:
		if v.HasValue() {
			return tagged{"optional", canonical(v.GetValue())}
		}
		return tagged{"optional"}
	case *types.Err:
		return tagged{"error", v.Error()}
	case *mutation.JSONPatchVal:
		return jsonPatch(v)
	case *dynamic.ObjectVal:
		return tagged{"object", v.Type().TypeName(), native(v.Value())}
	}
	if known := kubernetes(v); known != nil {
		return known
	}
	if list, ok := v.(traits.Lister); ok {
		return tagged{"list", elements(list)}
	}
	if m, ok := v.(traits.Mapper); ok {
		return tagged{"map", entries(m)}
	}
	return tagged{"opaque", v.Type().TypeName(), fmt.Sprint(v.Value())}
}

// kubernetes returns a value of a type of Kubernetes' libraries, nil for any other. Some functions
// return a pointer where others return a value.
func kubernetes(v ref.Val) tagged {
	switch v := v.(type) {
	case apiservercel.Quantity:
		quantity := v.Quantity.DeepCopy() // AsDec changes what it is called on
		return tagged{"quantity", quantity.AsDec().String()}
	case *apiservercel.Quantity:
		return kubernetes(*v)
	case apiservercel.IP:
		return tagged{"ip", v.Addr.String()}
	case *apiservercel.IP:
		return kubernetes(*v)
	case apiservercel.CIDR:
		return tagged{"cidr", v.Prefix.String()}
	case *apiservercel.CIDR:
		return kubernetes(*v)
	case apiservercel.URL:
		return tagged{"url", v.URL.String()}
	case *apiservercel.URL:
		return kubernetes(*v)
	case apiservercel.Semver:
		return tagged{"semver", v.Version.String()}
	case *apiservercel.Semver:
		return kubernetes(*v)
	case apiservercel.Format:
		return format(v.Name)
	case *apiservercel.Format:
		return format(v.Name)
	}
	return nil
}

// format names a format as format.named() does: "dns1123Label", not "DNS1123Label".
func format(name string) tagged {
	first := strings.ToLower(name[:1])
	if strings.HasPrefix(name, "DNS") || strings.HasPrefix(name, "URI") {
		first = strings.ToLower(name[:3])
	}
	if strings.HasPrefix(name, "UUID") {
		first = "uuid"
	}
	return tagged{"format", first + name[len(first):]}
}

func double(f float64) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}

func jsonPatch(v *mutation.JSONPatchVal) tagged {
	made := tagged{"jsonpatch", v.Op, v.Path, v.From}
	if v.Val != nil {
		made = append(made, canonical(v.Val))
	}
	return made
}

func elements(list traits.Lister) []any {
	made := []any{}
	for it := list.Iterator(); it.HasNext() == types.True; {
		made = append(made, canonical(it.Next()))
	}
	return made
}

func entries(m traits.Mapper) []any {
	type entry struct {
		text string
		pair any
	}
	var found []entry
	for it := m.Iterator(); it.HasNext() == types.True; {
		key := it.Next()
		made := canonical(key)
		found = append(found, entry{fmt.Sprint(made), []any{made, canonical(m.Get(key))}})
	}
	sort.Slice(found, func(i, j int) bool { return found[i].text < found[j].text })
	pairs := []any{}
	for _, one := range found {
		pairs = append(pairs, one.pair)
	}
	return pairs
}

// native returns what an Object literal stands for. Values that were left in cel-go's form inside
// of it (elements of lists) are shown as what they are.
func native(v any) any {
	switch v := v.(type) {
	case map[string]any:
		made := map[string]any{}
		for key, inner := range v {
			made[key] = native(inner)
		}
		return made
	case []any:
		made := []any{}
		for _, inner := range v {
			made = append(made, native(inner))
		}
		return made
	case ref.Val:
		return canonical(v)
	}
	return canonical(types.DefaultTypeAdapter.NativeToValue(v))
}
