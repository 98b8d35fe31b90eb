package schema

import (
	"slices"
)

// Resolve gives the type of an answer for one call whose arguments are known in part: args holds the canonical values
// of the literal arguments; an argument that is computed is absent from it, and the keys of a map argument whose
// values are computed are still given.
//
//   - A map whose KeysFrom names an argument in args becomes an object with exactly those keys.
//   - An object with Variants gains the fields of each variant that args select. When args cover every combination
//     that the variants tell apart, the object is closed: a field outside of them is an error. Else it stays a map of
//     its element type beside the known fields.
func (t *Type) Resolve(args map[string]any) *Type {
	if t == nil || !t.depends() {
		return t
	}
	out := *t
	switch {
	case t.Kind == Map && t.KeysFrom != "":
		keys, ok := args[t.KeysFrom].(map[string]any)
		if !ok {
			break
		}
		out = Type{Kind: Object, Doc: t.Doc}
		for _, k := range sortedKeys(keys) {
			out.Fields = append(out.Fields, Field{Name: k, Type: t.Elem.Resolve(args), Required: true})
		}
		return &out
	case len(t.Variants) > 0:
		return t.resolveVariants(args)
	}
	if t.Elem != nil {
		out.Elem = t.Elem.Resolve(args)
	}
	if len(t.Fields) > 0 {
		out.Fields = slices.Clone(t.Fields)
		for i := range out.Fields {
			out.Fields[i].Type = out.Fields[i].Type.Resolve(args)
		}
	}
	return &out
}

// depends says whether the type can change with the arguments at all, so that most types are shared, not copied.
func (t *Type) depends() bool {
	if t.KeysFrom != "" || len(t.Variants) > 0 {
		return true
	}
	if t.Elem != nil && t.Elem.depends() {
		return true
	}
	return slices.ContainsFunc(t.Fields, func(f Field) bool { return f.Type.depends() })
}

func (t *Type) resolveVariants(args map[string]any) *Type {
	fields := slices.Clone(t.Fields)
	covered := map[string]map[any]bool{} // argument → values that a selected variant is about
	for _, v := range t.Variants {
		if !v.selected(args) {
			continue
		}
		for name, want := range v.When {
			if covered[name] == nil {
				covered[name] = map[any]bool{}
			}
			if single(want) {
				covered[name][want] = true
			}
		}
		for _, f := range v.Fields {
			f.Required = false // another event of the same call need not have it
			i := slices.IndexFunc(fields, func(have Field) bool { return have.Name == f.Name })
			switch {
			case i < 0:
				fields = append(fields, f)
			case fields[i].Type.Kind != f.Type.Kind:
				fields[i].Type = Of(Any) // events of one call, with the same name for different data
			}
		}
	}
	if len(covered) == 0 || !allCovered(args, covered) {
		elem := t.Elem
		if elem == nil {
			elem = Of(Any)
		}
		return &Type{Kind: Map, Doc: t.Doc, Elem: elem, Fields: fields}
	}
	return &Type{Kind: Object, Doc: t.Doc, Fields: fields}
}

func (v Variant) selected(args map[string]any) bool {
	for name, want := range v.When {
		if !single(want) || !slices.Contains(values(args[name]), want) {
			return false
		}
	}
	return true
}

func allCovered(args map[string]any, covered map[string]map[any]bool) bool {
	for name, known := range covered {
		for _, have := range values(args[name]) {
			if !single(have) || !known[have] {
				return false
			}
		}
	}
	return true
}

// single says whether a value is one that variants tell apart; lists and objects cannot be compared.
func single(v any) bool {
	switch v.(type) {
	case string, int64, bool:
		return true
	}
	return false
}

// values is a literal argument as a list.
func values(arg any) []any {
	switch a := arg.(type) {
	case nil:
		return nil
	case []any:
		return a
	}
	return []any{arg}
}
