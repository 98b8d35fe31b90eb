package condition

import (
	"github.com/rectify-project/rectify/engine/diag"
	"github.com/rectify-project/rectify/sdk/schema"
)

func numeric(t *schema.Type) bool {
	return t.Kind == schema.Int || t.Kind == schema.Number || t.Kind == schema.Size
}

func textual(t *schema.Type) bool {
	return (t.Kind == schema.Text || t.Kind == schema.Path) && t != versionType
}

// comparable says whether two values can be equal at all.
func comparable(a, b *schema.Type) bool {
	switch {
	case a == versionType || b == versionType:
		return a == b
	case numeric(a) && numeric(b), textual(a) && textual(b):
		return true
	case a.Kind != b.Kind:
		return false
	}
	return a.Kind == schema.Bool || a.Kind == schema.Time || a.Kind == schema.Duration || a.Kind == schema.HResult
}

// assignable says whether a value of one type can stand where another is expected.
func assignable(from, to *schema.Type) bool {
	switch {
	case from == nil || to == nil || to.Kind == schema.Any:
		return true
	case to.Kind == schema.List:
		return from.Kind == schema.List && (from.Elem.Kind == schema.Any || assignable(from.Elem, to.Elem))
	case to.Kind == schema.Map:
		if from.Kind == schema.Map {
			return assignable(from.Elem, to.Elem)
		}
		return from.Kind == schema.Object
	case to.Kind == schema.Object:
		return objectFits(from, to)
	case textual(from) && textual(to):
		return true
	case to.Kind == schema.Number && from.Kind == schema.Int, to.Kind == schema.Size && from.Kind == schema.Int, to.Kind == schema.Int && from.Kind == schema.Size:
		return true
	}
	return from.Kind == to.Kind
}

// objectFits says whether an object has every field that another needs and none that is of another type. Fields more
// than wanted are dropped by whoever takes it.
func objectFits(from, to *schema.Type) bool {
	if from.Kind != schema.Object {
		return false
	}
	for _, want := range to.Fields {
		have, ok := from.Field(want.Name)
		if !ok && want.Required || ok && !assignable(have.Type, want.Type) {
			return false
		}
	}
	return true
}

// Assignable says whether a value of one type can stand where another is expected: an argument, a default.
func Assignable(from, to *schema.Type) bool { return assignable(from, to) }

// unify is the type of a value that is of either type; nil when there is none.
func unify(a, b *schema.Type) *schema.Type {
	switch {
	case a == b:
		return a
	case a.Kind == schema.List && b.Kind == schema.List:
		switch {
		case a.Elem.Kind == schema.Any:
			return b
		case b.Elem.Kind == schema.Any:
			return a
		}
		if elem := unify(a.Elem, b.Elem); elem != nil {
			return schema.ListOf(elem)
		}
		return nil
	case a.Kind == schema.Object && b.Kind == schema.Object:
		return unifyObjects(a, b)
	case numeric(a) && numeric(b):
		switch {
		case a.Kind == schema.Number || b.Kind == schema.Number:
			return numberType
		case a.Kind == schema.Size || b.Kind == schema.Size:
			return sizeType
		}
		return intType
	case textual(a) && textual(b):
		return schema.Of(a.Kind)
	case comparable(a, b):
		return schema.Of(a.Kind)
	}
	return nil
}

// unifyObjects keeps the fields that both objects have with one type.
func unifyObjects(a, b *schema.Type) *schema.Type {
	out := schema.ObjectOf()
	for _, f := range a.Fields {
		g, ok := b.Field(f.Name)
		if !ok {
			continue
		}
		if t := unify(f.Type, g.Type); t != nil {
			out.Fields = append(out.Fields, schema.Field{Name: f.Name, Type: t, Required: f.Required && g.Required})
		}
	}
	return out
}

func didYouMean(word string, accepted []string) string {
	if s := diag.Suggest(word, accepted); s != "" {
		return "did you mean " + s + "?"
	}
	return ""
}
