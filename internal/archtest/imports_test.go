// Package archtest holds the import law: who may know whom, and which packages touch no clock, file or process.
package archtest

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/rectify-project/rectify/"

// rule says what packages may not import. Patterns are package paths below the module, or of other modules; a final
// slash-star stands for everything below.
type rule struct {
	why    string
	from   []string
	except []string // of from
	never  []string
	allow  []string // of never
}

var rules = []rule{
	{
		why:    "nothing imports cmd, plugins, playbooks or examples, save cmd, which links what it ships",
		from:   []string{"*"},
		except: []string{"cmd/*"},
		never:  []string{module + "cmd/*", module + "plugins/*", module + "playbooks/*", module + "examples/*"},
	},
	{
		why:   "the SDK is all that a vendor imports: it knows neither the engine nor the format readers",
		from:  []string{"sdk/*"},
		never: []string{module + "engine/*", module + "internal/*"},
		allow: []string{module + "internal/wire"},
	},
	{
		why:   "a plugin imports what a vendor may, the format readers and the stores of a Windows machine",
		from:  []string{"plugins/*"},
		never: []string{module + "*"},
		allow: []string{module + "sdk/*", module + "internal/artefact/*", module + "internal/machine/*"},
	},
	{
		why:   "format readers know formats, not Rectify",
		from:  []string{"internal/artefact/*"},
		never: []string{module + "*"},
		allow: []string{module + "internal/artefact/*"},
	},
	{
		why:   "the stores of a Windows machine know formats and targets",
		from:  []string{"internal/machine/*"},
		never: []string{module + "*"},
		allow: []string{module + "internal/artefact/*", module + "internal/machine/*", module + "sdk/*"},
	},
	{
		why:    "only engine/playbook knows YAML",
		from:   []string{"*"},
		except: []string{"engine/playbook"},
		never:  []string{"gopkg.in/yaml.v3"},
	},
	{
		why:    "only engine/condition knows expr",
		from:   []string{"*"},
		except: []string{"engine/condition"},
		never:  []string{"github.com/expr-lang/expr/*"},
	},
	{
		why:    "only the two ends of the wire know gRPC, and only the host and the plugin server know go-plugin",
		from:   []string{"*"},
		except: []string{"internal/wire", "engine/host", "sdk/pluginserver", "sdk/plugintest"},
		never:  []string{"google.golang.org/grpc/*", "github.com/hashicorp/go-plugin/*"},
	},
	{
		why:   "the pure stages touch no clock, file, process or log",
		from:  []string{"engine/playbook", "engine/condition", "engine/check", "engine/diagnose", "engine/report", "engine/diag"},
		never: []string{"os", "os/exec", "net/*", "log/*", "syscall", "github.com/rs/zerolog/*", module + "engine/host", module + "engine/trust"},
	},
	{
		why:   "what is planned and done is decided without a process, a network or a log: hands and logs are given",
		from:  []string{"engine/plan", "engine/execute"},
		never: []string{"os/exec", "net/*", "log/*", "syscall", "github.com/rs/zerolog/*", module + "engine/host", module + "engine/trust"},
	},
	{
		why:   "what is done touches no file either: it is written down by the journal and done by plugins",
		from:  []string{"engine/execute"},
		never: []string{"os", "path/filepath", "database/*"},
	},
	{
		why:   "a plan knows nothing of what becomes of it",
		from:  []string{"engine/plan"},
		never: []string{module + "engine/execute", module + "engine/journal"},
	},
	{
		why:    "only engine/journal knows how the journal is stored",
		from:   []string{"*"},
		except: []string{"engine/journal"},
		never:  []string{"modernc.org/sqlite/*", "database/*"},
	},
	{
		why:    "what makes sample machines is for tests and generators",
		from:   []string{"*"},
		except: []string{"internal/forge/*"},
		never:  []string{module + "internal/forge/*"},
	},
	{
		why:   "the stages do not know the facade",
		from:  []string{"engine/playbook", "engine/condition", "engine/check", "engine/diagnose", "engine/report", "engine/diag", "engine/fact", "engine/host", "engine/trust", "engine/plan", "engine/execute", "engine/rehearse"},
		never: []string{module + "engine"},
	},
}

func TestImports(t *testing.T) {
	for _, p := range packages(t) {
		for _, imported := range p.Imports {
			for _, r := range rules {
				if r.forbids(p.name(), imported) {
					t.Errorf("%s imports %s: %s", p.name(), strings.TrimPrefix(imported, module), r.why)
				}
			}
		}
	}
}

// TestFirstPartyPluginsAreStrangers makes sure that no plugin knows another.
func TestFirstPartyPluginsAreStrangers(t *testing.T) {
	for _, p := range packages(t) {
		own, isPlugin := strings.CutPrefix(p.name(), "plugins/")
		if !isPlugin {
			continue
		}
		own, _, _ = strings.Cut(own, "/")
		for _, imported := range p.Imports {
			if other, ok := strings.CutPrefix(imported, module+"plugins/"); ok && !strings.HasPrefix(other+"/", own+"/") {
				t.Errorf("%s imports the plugin %s", p.name(), other)
			}
		}
	}
}

func (r rule) forbids(pkg, imported string) bool {
	return matches(r.from, pkg) && !matches(r.except, pkg) && matches(r.never, imported) && !matches(r.allow, imported) && imported != module+pkg
}

func matches(patterns []string, path string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		if dir, all := strings.CutSuffix(p, "/*"); all {
			return path == dir || strings.HasPrefix(path, dir+"/")
		}
		prefix, all := strings.CutSuffix(p, "*")
		return p == path || all && strings.HasPrefix(path, prefix)
	})
}

type goPackage struct {
	ImportPath string
	Imports    []string
}

func (p goPackage) name() string { return strings.TrimPrefix(p.ImportPath, module) }

// packages lists the module's packages with what their code, without tests, imports.
func packages(t *testing.T) []goPackage {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "../../...").Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("go list: %v\n%s", err, exit.Stderr)
		}
		t.Fatal(err)
	}
	var list []goPackage
	dec := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
	if len(list) < 20 {
		t.Fatalf("go list found %d packages only", len(list))
	}
	return list
}
