package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/rectify-project/rectify/engine"
	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/engine/report"
)

// TestMain lets the test binary be rectify: in scripts by its name, and as the server of plugins for engines that tests
// make in this process.
func TestMain(m *testing.M) {
	if len(os.Args) == 4 && os.Args[1] == "plugin" && os.Args[2] == "serve" {
		os.Exit(program{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr}.main(context.Background(), os.Args[1:]))
	}
	testscript.Main(m, map[string]func(){"rectify": main})
}

func TestScripts(t *testing.T) {
	hosts, err := filepath.Abs("../../examples/hosts")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"exitcode": exitCode, "samereport": sameReport, "buildvendor": buildVendor, "changefile": changeFile, "copydisk": scriptCopyDisk, "samedisk": scriptSameDisk, "edit": edit},
		UpdateScripts:       os.Getenv("UPDATE_SCRIPTS") != "",
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOSTS", hosts)
			env.Setenv("VENDOR", filepath.Join(hosts, "..", "vendor-hello"))
			env.Setenv("XDG_CACHE_HOME", filepath.Join(env.WorkDir, "cache"))
			env.Setenv("XDG_STATE_HOME", filepath.Join(env.WorkDir, "state"))
			return nil
		},
	})
}

// exitCode is a script command: "exitcode 3 rectify diagnose …" demands the exit code.
func exitCode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exitcode CODE COMMAND ARG...")
	}
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if strconv.Itoa(got) != args[0] {
		ts.Fatalf("exit code %d, want %s", got, args[0])
	}
}

// buildVendor is a script command that builds the vendor's plugin of the examples into a folder.
func buildVendor(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: buildvendor FOLDER")
	}
	name := "rectify-plugin-hello"
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	ts.Check(os.MkdirAll(ts.MkAbs(args[0]), 0o755))
	cmd := exec.Command("go", "build", "-o", filepath.Join(ts.MkAbs(args[0]), name), "../../examples/vendor-hello")
	if out, err := cmd.CombinedOutput(); err != nil {
		ts.Fatalf("go build: %v\n%s", err, out)
	}
}

// changeFile is a script command that adds a byte to each file of a folder.
func changeFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: changefile FOLDER")
	}
	entries, err := os.ReadDir(ts.MkAbs(args[0]))
	ts.Check(err)
	for _, e := range entries {
		f, err := os.OpenFile(filepath.Join(ts.MkAbs(args[0]), e.Name()), os.O_APPEND|os.O_WRONLY, 0)
		ts.Check(err)
		_, err = f.Write([]byte{0})
		ts.Check(err)
		ts.Check(f.Close())
	}
}

// scriptCopyDisk is a script command that copies a sample disk: "copydisk corrupt-download disk".
func scriptCopyDisk(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: copydisk HOST FOLDER")
	}
	ts.Check(os.CopyFS(ts.MkAbs(args[1]), os.DirFS(filepath.Join(ts.Getenv("HOSTS"), args[0]))))
}

// scriptSameDisk is a script command that demands that a copy of a sample disk is as the sample is: "samedisk corrupt-download disk".
func scriptSameDisk(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: samedisk HOST FOLDER")
	}
	want, err := contents(filepath.Join(ts.Getenv("HOSTS"), args[0]))
	ts.Check(err)
	got, err := contents(ts.MkAbs(args[1]))
	ts.Check(err)
	if same := maps.Equal(want, got); same == neg {
		ts.Fatalf("%s is as %s: %v, want %v", args[1], args[0], same, !neg)
	}
}

// contents reads a tree: the text of each file, and each folder.
func contents(root string) (map[string]string, error) {
	tree := map[string]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil || d.IsDir() {
			tree[name+"/"] = ""
			return err
		}
		text, err := os.ReadFile(path)
		tree[name] = string(text)
		return err
	})
	return tree, err
}

// edit is a script command that replaces a text in a file, which must hold it: "edit plan.json old new".
func edit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: edit FILE OLD NEW")
	}
	text := ts.ReadFile(args[0])
	if !strings.Contains(text, args[1]) {
		ts.Fatalf("%s does not hold %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Replace(text, args[1], args[2], 1)), 0o600))
}

// sameReport is a script command that demands that two reports say the same of whatever they looked at.
func sameReport(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: samereport FILE FILE")
	}
	var reports [2]map[string]any
	for i, file := range args {
		ts.Check(json.Unmarshal([]byte(ts.ReadFile(file)), &reports[i]))
		if len(reports[i]) < 5 {
			ts.Fatalf("%s is no report", file)
		}
		delete(reports[i], "target")
	}
	if !reflect.DeepEqual(reports[0], reports[1]) {
		ts.Fatalf("the reports differ")
	}
}

// newEngine makes an engine with the plugins of the program.
func newEngine(t testing.TB) *engine.Engine {
	t.Helper()
	g := &globals{program: program{stdin: nil, stdout: io.Discard, stderr: os.Stderr}, logLevel: "warn", lockFile: filepath.Join(t.TempDir(), "rectify.lock")}
	e, err := g.engine()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

// bundled loads a playbook that is part of the program.
func bundled(t testing.TB, e *engine.Engine, name string) *check.Playbook {
	t.Helper()
	lib, err := openLibrary(e, "")
	if err != nil {
		t.Fatal(err)
	}
	found, err := lib.find(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return found[0]
}

// diagnoseDisk diagnoses a disk with a playbook.
func diagnoseDisk(t testing.TB, e *engine.Engine, p *check.Playbook, root string) *report.Report {
	t.Helper()
	s, err := e.Open(t.Context(), engine.Where{Root: root})
	if err != nil {
		t.Fatal(err)
	}
	inputs, err := engine.Inputs(p, nil, false)
	if err != nil {
		t.Fatal(err)
	}
	return report.Build(e.Diagnose(t.Context(), p, s, inputs), reportTarget(s))
}

// verdicts gives the verdict of each cause.
func verdicts(r *report.Report) map[string]string {
	out := map[string]string{}
	for _, c := range r.Causes {
		out[c.Name] = c.Verdict
	}
	return out
}
