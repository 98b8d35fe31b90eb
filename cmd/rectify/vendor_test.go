package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rectify-project/rectify/engine/report"
)

// installVendors makes plugins of one program that does what its name says, and pins them.
func installVendors(t *testing.T, names ...string) (dir, lock string) {
	t.Helper()
	program := goBuild(t, "misbehave", "./testdata/misbehave")
	dir, lock = filepath.Join(filepath.Dir(program), "plugins"), filepath.Join(t.TempDir(), "rectify.lock")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(dir, "rectify-plugin-"+name+filepath.Ext(program)), data, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	rectifyOK(t, "rectify", "plugins", "lock", "--plugins", dir, "--lock", lock)
	return dir, lock
}

// TestVendorsMisbehave diagnoses with vendors' plugins that go wrong in the middle of it: each such fact says which
// plugin it was and what it did, and the rest is concluded.
func TestVendorsMisbehave(t *testing.T) {
	tests := map[string][]string{ // words of the fact's reason
		"crashes": {"plugin crashes", "exit status 7", "the last words of crashes"},
		"panics":  {"panics.look", "the last words of panics"},
		"hangs":   {"hangs.look gave no answer within 2s"},
		"floods":  {"floods.look", "at most 16777216 are allowed"},
		"shouts":  {"plugin shouts", "exit status 8", "nobody wants to hear this"},
		"lies":    {"lies.look", "/bad: expected bool"},
		"mumbles": {"mumbles.look", "JSON"},
		"adds":    {"adds.look", "more"},
	}
	var names []string
	for name := range tests {
		names = append(names, name)
	}
	slices.Sort(names)
	dir, lock := installVendors(t, append(names, "behaves")...)

	var probes, causes strings.Builder
	for _, name := range append(names, "behaves") {
		fmt.Fprintf(&probes, "  %s:\n    uses: %s.look\n    timeout: %s\n", name, name, map[bool]string{true: "2s", false: "1m"}[name == "hangs"])
		fmt.Fprintf(&causes, "  %s_it:\n    title: What %s says\n    when: %s.bad\n", name, name, name)
	}
	playbook := filepath.Join(t.TempDir(), "vendors.yaml")
	text := "rectify: v1\nid: test/vendors\ntitle: Vendors\nsummary: Asks vendors.\nprobes:\n" + probes.String() +
		"  update:\n    uses: service.status\n    with:\n      name: wuauserv\ncauses:\n" + causes.String() +
		"  manual:\n    title: The service is started by hand\n    when: update.start_type == \"manual\"\n"
	if err := os.WriteFile(playbook, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	disk := filepath.Join("..", "..", "examples", "hosts", "task-interferes")
	r := newRun(t, "rectify", "diagnose", playbook, "--plugins", dir, "--lock", lock, "--root", disk, "--format", "json", "--log-level", "error")
	r.start(t)
	if code := r.wait(t); code != exitDone {
		t.Fatalf("exit code %d: %s", code, &r.stderr)
	}
	got := r.report(t)
	is := verdicts(got)
	if is["manual"] != "confirmed" || is["behaves_it"] != "confirmed" {
		t.Errorf("the causes that rest on other plugins: %v", is)
	}
	for name, words := range tests {
		t.Run(name, func(t *testing.T) {
			f := got.Facts[slices.IndexFunc(got.Facts, func(f report.Fact) bool { return f.Name == name })]
			if f.Status != "failed" {
				t.Errorf("the fact is %s", f.Status)
			}
			for _, word := range words {
				if !strings.Contains(f.Reason, word) {
					t.Errorf("the reason does not say %q: %s", word, f.Reason)
				}
			}
			if len(f.Reason) > 4000 {
				t.Errorf("the reason has %d bytes", len(f.Reason))
			}
			cause := got.Causes[slices.IndexFunc(got.Causes, func(c report.Finding) bool { return c.Name == name+"_it" })]
			if cause.Verdict != "undetermined" || len(cause.Unknown) != 1 || cause.Unknown[0].Reason != f.Reason {
				t.Errorf("the cause is %s: %+v", cause.Verdict, cause.Unknown)
			}
		})
	}
}

// TestStillbornVendor checks a playbook that needs a plugin which ends before it is ready.
func TestStillbornVendor(t *testing.T) {
	dir, lock := installVendors(t, "stillborn")
	playbook := filepath.Join(t.TempDir(), "vendors.yaml")
	text := "rectify: v1\nid: test/vendors\ntitle: Vendors\nsummary: Asks vendors.\nprobes:\n  born:\n    uses: stillborn.look\ncauses:\n  it:\n    title: It\n    when: born.bad\n"
	if err := os.WriteFile(playbook, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	r := newRun(t, "rectify", "check", playbook, "--plugins", dir, "--lock", lock)
	r.start(t)
	if code := r.wait(t); code != exitFound {
		t.Errorf("exit code %d, want %d", code, exitFound)
	}
	for _, word := range []string{"stillborn", "vendors.yaml:7:", "has run out"} {
		if !strings.Contains(r.stdout.String(), word) {
			t.Errorf("the diagnostics do not say %q:\n%s", word, &r.stdout)
		}
	}
}
