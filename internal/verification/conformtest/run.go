// Package conformtest runs conformance checks as tests.
package conformtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/rectify-project/rectify/internal/machine/conformance"
	"github.com/rectify-project/rectify/internal/verification"
)

// Known are the checks of a system that do not come out as "works", by name, with what is expected of them: the outcome, then
// a part of its detail, as in "differs: stays enabled". What is not named must work.
type Known map[string]string

// single is the variable by which a test tells its second process which check to run.
const single = "RECTIFY_CONFORMANCE_CHECK"

// Run runs each check of a suite as a subtest, and holds that it comes out as is known of the system. Those that work are
// recorded as verified for the functions that they serve.
func Run(t *testing.T, suite conformance.Suite, known Known) {
	t.Helper()
	run(t, suite, known, verification.Check)
}

// RunFake runs the checks of a suite that is that of a fake, on whatever system.
func RunFake(t *testing.T, suite conformance.Suite, known Known) {
	t.Helper()
	run(t, suite, known, verification.CheckOfFake)
}

func run(t *testing.T, suite conformance.Suite, known Known, record func(testing.TB, string, []string, conformance.Finding)) {
	t.Helper()
	if name := os.Getenv(single); name != "" {
		runSingle(t, suite, name)
		return
	}
	seen := map[string]bool{}
	for _, c := range suite.Checks {
		if seen[c.Name] {
			t.Errorf("two checks have the name %q", c.Name)
		}
		seen[c.Name] = true
		t.Run(c.Name, func(t *testing.T) {
			var f conformance.Finding
			if c.Deadly {
				f = apart(t, c)
			} else {
				f = c.Try(t.Context())
			}
			got := string(f.Outcome)
			if f.Detail != "" {
				got += ": " + f.Detail
			}
			want, named := known[c.Name]
			switch outcome, detail, _ := strings.Cut(want, ": "); {
			case !named && f.Outcome != conformance.Works:
				t.Errorf("%s", got)
			case named && (string(f.Outcome) != outcome || !strings.Contains(f.Detail, detail)):
				t.Errorf("%s; known of this system: %s", got, want)
			}
			record(t, suite.Name+": "+c.Name, c.Serves, f)
		})
	}
	for name := range known {
		if !seen[name] {
			t.Errorf("no check has the name %q", name)
		}
	}
}

const marker = "conformance finding "

func runSingle(t *testing.T, suite conformance.Suite, name string) {
	for _, c := range suite.Checks {
		if c.Name == name {
			line, err := json.Marshal(c.Try(t.Context()))
			if err != nil {
				t.Fatal(err)
			}
			fmt.Println(marker + string(line))
		}
	}
}

// apart runs a check in a second process of the same test.
func apart(t *testing.T, c conformance.Check) conformance.Finding {
	t.Helper()
	parent, _, _ := strings.Cut(t.Name(), "/")
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^"+parent+"$", "-test.count", "1")
	cmd.Env = append(os.Environ(), single+"="+c.Name)
	out, err := cmd.CombinedOutput()
	for line := range strings.Lines(string(out)) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), marker); ok {
			var f conformance.Finding
			if err := json.Unmarshal([]byte(rest), &f); err != nil {
				t.Fatal(err)
			}
			return f
		}
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return conformance.Finding{Outcome: conformance.Absent, Detail: "the process died: " + exit.Error()}
	}
	t.Fatalf("the check's process said nothing: %v\n%s", err, out)
	return conformance.Finding{}
}
