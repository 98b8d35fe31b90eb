package condition

import (
	"strings"
	"testing"
)

// runExamples runs the examples of the reference. A line is an expression, indented lines go on with the one before;
// `// → value` is what it comes to on the sample machine. A line of a wrong example ends in `// error: message`.
func runExamples(t *testing.T, doc string) {
	examples := 0
	doc = strings.ReplaceAll(doc, "\r\n", "\n")
	for _, block := range fenced.FindAllStringSubmatch(doc, -1) {
		joined := strings.ReplaceAll(strings.ReplaceAll(block[1], "\n  ", " \x00"), "\n\t", " \x00")
		for _, line := range strings.Split(joined, "\n") {
			line = strings.TrimSpace(strings.ReplaceAll(line, "\x00", ""))
			if line == "" {
				continue
			}
			examples++
			source, want := splitExample(line)
			e, problems := Compile(source, sampleTypes(), nil)
			if says, wrong := strings.CutPrefix(want, "error: "); wrong {
				if len(problems) == 0 || problems[0].Message != says {
					t.Errorf("%s: problems %v, want %q", source, problems, says)
				}
				continue
			}
			if len(problems) > 0 {
				t.Errorf("%s: %s", source, problems[0].Message)
				continue
			}
			value, ok := strings.CutPrefix(want, "→ ")
			if !ok {
				t.Errorf("%s: the example does not say what it comes to", line)
				continue
			}
			r := e.Eval(t.Context(), facts("tasks~ source!/server").value)
			got := show(r.Value, e.Type())
			if e.Type().Kind == boolType.Kind {
				got = r.Truth.String()
			}
			if got != value {
				t.Errorf("%s is %s, the reference says %s (%v)", source, got, value, r.Why)
			}
		}
	}
	if examples < 40 {
		t.Errorf("the reference has %d examples", examples)
	}
}

// splitExample parts an example from the last comment of its line; a text may hold an address.
func splitExample(line string) (source, want string) {
	i := strings.LastIndex(line, "// ")
	if i < 0 {
		return line, ""
	}
	return strings.TrimSpace(line[:i]), strings.TrimSpace(line[i+len("// "):])
}
