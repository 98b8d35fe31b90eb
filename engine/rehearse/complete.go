package rehearse

import (
	"slices"
	"strconv"
	"strings"

	"github.com/rectify-project/rectify/sdk/schema"
)

// notGiven is why a value is not known.
const notGiven = "not given in the test"

// complete fills in what a fact by hand leaves out. A field that is not given is, in this order: the number of items of
// the list that it counts; what the healthy answer has in its place, save a list that a given number contradicts; not
// known, where the type requires it. missing gets the JSON pointers of what is not known.
//
// Only objects are completed from the healthy answer, never the records of a list: what a test puts into a list stands
// as it is given.
func complete(t *schema.Type, given, healthy any, missing map[string]string) any {
	c := &completion{missing}
	return c.value(t, given, healthy, "")
}

type completion struct{ missing map[string]string }

func (c *completion) value(t *schema.Type, given, healthy any, at string) any {
	if t == nil {
		return given
	}
	switch x := given.(type) {
	case []any:
		if t.Kind != schema.List {
			return given
		}
		out := make([]any, len(x))
		for i := range x {
			out[i] = c.value(t.Elem, x[i], nil, at+"/"+strconv.Itoa(i))
		}
		return out
	case map[string]any:
		if t.Kind != schema.Object && t.Kind != schema.Map {
			return given
		}
		usual, _ := healthy.(map[string]any)
		return c.object(t, x, usual, at)
	}
	return given
}

func (c *completion) object(t *schema.Type, given, healthy map[string]any, at string) map[string]any {
	out := make(map[string]any, len(given))
	for name, v := range given {
		ft := t.Elem
		if f, known := t.Field(name); known {
			ft = f.Type
		}
		out[name] = c.value(ft, v, healthy[name], at+"/"+pointerKey(name))
	}
	for _, f := range t.Fields {
		if _, has := given[f.Name]; has {
			continue
		}
		if items, listed := given[f.Type.Counts].([]any); listed {
			out[f.Name] = int64(len(items))
			continue
		}
		usual, has := healthy[f.Name]
		switch {
		case has && !contradicted(t, f.Name, given, usual):
			out[f.Name] = usual
		case f.Required:
			pointer := at + "/" + pointerKey(f.Name)
			c.missing[pointer] = place(pointer) + " is " + notGiven
		}
	}
	for name, usual := range healthy { // of a map: entries that are not given
		if _, has := out[name]; !has && t.Elem != nil && t.Kind == schema.Map {
			out[name] = usual
		}
	}
	return out
}

// contradicted says whether a given number says of a list that it is not the usual one.
func contradicted(t *schema.Type, list string, given map[string]any, usual any) bool {
	items, isList := usual.([]any)
	return isList && slices.ContainsFunc(t.Fields, func(f schema.Field) bool {
		n, isCount := given[f.Name].(int64)
		return f.Type.Counts == list && isCount && n != int64(len(items))
	})
}

// place writes a JSON pointer as an expression would: failed[0].code.
func place(pointer string) string {
	var s strings.Builder
	for _, part := range strings.Split(pointer[1:], "/") {
		if _, err := strconv.Atoi(part); err == nil {
			s.WriteString("[" + part + "]")
			continue
		}
		if s.Len() > 0 {
			s.WriteString(".")
		}
		s.WriteString(part)
	}
	return s.String()
}

func pointerKey(name string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}
