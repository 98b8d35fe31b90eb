package engine

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/engine/diag"
	"github.com/rectify-project/rectify/sdk/schema"
)

// Inputs types what the operator set, by name, and fills in the defaults. Inputs of other playbooks are no error when
// lenient is set, for runs of several playbooks at once.
func Inputs(p *check.Playbook, given map[string]string, lenient bool) (map[string]any, error) {
	out := map[string]any{}
	known := map[string]bool{}
	for _, in := range p.Inputs {
		known[in.Name] = true
		text, set := given[in.Name]
		switch {
		case set:
			v, err := in.Type.Scalar(fromText(text, in.Type))
			if err != nil {
				return nil, fmt.Errorf("input %s: %w", in.Name, err)
			}
			out[in.Name] = v
		case in.Default != nil:
			out[in.Name] = in.Default
		case !in.Optional:
			return nil, fmt.Errorf("the input %s must be set: --input %s=%s", in.Name, in.Name, in.Type)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if !known[name] && !lenient {
			return nil, unknownInput(p, name)
		}
	}
	return out, nil
}

// fromText reads what an operator wrote on the command line as JSON would hold it.
func fromText(text string, t *schema.Type) any {
	if t.Kind == schema.Bool {
		switch strings.ToLower(text) {
		case "true", "yes":
			return true
		case "false", "no":
			return false
		}
	}
	if t.Kind == schema.Int || t.Kind == schema.Number {
		if _, err := strconv.ParseFloat(text, 64); err == nil { // anything else is quoted as what it is: text
			return json.Number(text)
		}
	}
	return text
}

func unknownInput(p *check.Playbook, name string) error {
	var names []string
	for _, in := range p.Inputs {
		names = append(names, in.Name)
	}
	if len(names) == 0 {
		return fmt.Errorf("the playbook %s has no input %q; it has none", p.ID, name)
	}
	slices.Sort(names)
	hint := ""
	if s := diag.Suggest(name, names); s != "" {
		hint = "; did you mean " + s + "?"
	}
	return fmt.Errorf("the playbook %s has no input %q; it has %s%s", p.ID, name, strings.Join(names, ", "), hint)
}

func unknownCause(p *check.Playbook, name string) error {
	names := []string{"applies"}
	for _, c := range p.Causes {
		names = append(names, c.Name)
	}
	hint := ""
	if s := diag.Suggest(name, names); s != "" {
		hint = "; did you mean " + s + "?"
	}
	return fmt.Errorf("the playbook %s has no cause %q; it has %s%s", p.ID, name, strings.Join(names, ", "), hint)
}
