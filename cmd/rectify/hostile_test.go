package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestHostilePlaybooks checks playbooks that are made to cost much, or are none at all.
func TestHostilePlaybooks(t *testing.T) {
	bomb := "rectify: v1\na: &a [x, x, x, x, x, x, x, x, x]\n"
	for c := 'b'; c <= 'j'; c++ {
		bomb += fmt.Sprintf("%c: &%c [%s]\n", c, c, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*%c, ", c-1), 9), ", "))
	}
	valid := "rectify: v1\nid: a/b\ntitle: t\nsummary: s\nprobes:\n  info:\n    uses: system.info\ncauses:\n  c:\n    title: t\n    when: "
	tests := map[string]struct{ text, want string }{
		"two-megabytes":       {valid + "true\n" + strings.Repeat("# a comment\n", 2<<20/12), "at most 1048576 are allowed [too-large]"},
		"one-long-line":       {"title: " + strings.Repeat("x", 2<<20), "at most 1048576 are allowed [too-large]"},
		"nested-lists":        {"a: " + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000), "[too-deep]"},
		"nested-mappings":     {"a: " + strings.Repeat("{a: ", 20_000) + "1" + strings.Repeat("}", 20_000), "[too-deep]"},
		"nested-blocks":       {strings.Repeat("- ", 20_000) + "a\n", "[too-deep]"},
		"alias-bomb":          {bomb, "[too-large]"},
		"alias-of-itself":     {"rectify: v1\na: &a [*a]\n", "[alias]"},
		"nested-expression":   {valid + strings.Repeat("(", 5_000) + "true" + strings.Repeat(")", 5_000) + "\n", "at most 4096 are allowed [too-large]"},
		"nested-conditions":   {valid + strings.Repeat("not(", 900) + "true" + strings.Repeat(")", 900) + "\n", "when"},
		"many-keys":           {"rectify: v1\n" + lines("k%d: 1\n", 40_000), "[unknown-key]"},
		"many-probes":         {strings.Replace(valid, "causes:", lines("  p%d: {uses: system.info}\n", 30_000)+"causes:", 1) + "nobody.knows\n", "[too-large]"},
		"nothing":             {"", "the file is empty"},
		"nul":                 {strings.Repeat("\x00", 5000), "[encoding]"},
		"not-utf-8":           {"rectify: v1\ntitle: \xff\xfe\n", "[encoding]"},
		"several-documents":   {strings.Repeat("rectify: v1\n---\n", 1000), "document"},
		"control-characters":  {"rectify: v1\ntitle: \"\x1b[2J\"\n", "U+001B"},
		"binary":              {"MZ\x90\x00\x03", "[encoding]"},
		"no-mapping":          {"- a\n- b\n", "mapping"},
		"merge-of-an-alias":   {"rectify: v1\n<<: *nobody\n", "nobody"},
		"tag-of-another-kind": {"rectify: !!binary aGVsbG8=\n", "rectify"},
	}
	for name, c := range tests {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "hostile.yaml")
			if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			r := newRun(t, "rectify", "check", file)
			r.start(t)
			if code := r.wait(t); code != exitFound || !strings.Contains(r.stdout.String(), c.want) || r.stderr.Len() > 0 {
				t.Errorf("exit code %d, want %d with %q:\n%.1500s%s", code, exitFound, c.want, &r.stdout, &r.stderr)
			}
			if r.stdout.Len() > 256<<10 {
				t.Errorf("%d bytes of diagnostics", r.stdout.Len())
			}
			if strings.ContainsAny(r.stdout.String(), "\x00\x1b") {
				t.Error("the diagnostics hold control characters of the playbook")
			}
		})
	}
}

func lines(format string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// hostileFile is a file that is made, and a command line that names it.
type hostileFile struct {
	file string
	make func(path string) error
	args string // DIR stands for the folder of the file, DISK for a sample disk
	code int
	want string // on stderr or stdout
}

// TestHostileFiles names files on the command line that are none, or have no end.
func TestHostileFiles(t *testing.T) {
	disk, err := filepath.Abs(filepath.Join("..", "..", "examples", "hosts", "healthy"))
	if err != nil {
		t.Fatal(err)
	}
	size := int64(64 << 30)
	if runtime.GOOS == "windows" { // where such a file takes the place that it seems to
		size = 1 << 30
	}
	endless := func(path string) error {
		return errors.Join(os.WriteFile(path, nil, 0o755), os.Truncate(path, size))
	}
	write := func(text string) func(string) error {
		return func(path string) error { return os.WriteFile(path, []byte(text), 0o600) }
	}
	tests := map[string]hostileFile{
		"playbook-without-end":       {"x.yaml", endless, "diagnose DIR/x.yaml --root DISK", exitFound, "[too-large]"},
		"checked-without-end":        {"x.yaml", endless, "check DIR/x.yaml", exitFound, "[too-large]"},
		"playbooks-without-end":      {"x.yaml", endless, "diagnose 0x8024001E --playbooks DIR --root DISK", exitFound, "[too-large]"},
		"playbook-is-a-folder":       {"x.yaml", func(p string) error { return os.Mkdir(p, 0o755) }, "check DIR/x.yaml", exitUnreadable, "directory"},
		"lock-without-end":           {"x.lock", endless, "explain 0x8024001E --lock DIR/x.lock", exitUnreadable, "at most 1048576 are read"},
		"lock-cut-off":               {"x.lock", write("{"), "explain 0x8024001E --lock DIR/x.lock", exitUnreadable, "the lock "},
		"lock-is-a-folder":           {"x.lock", func(p string) error { return os.Mkdir(p, 0o755) }, "explain 0x8024001E --lock DIR/x.lock", exitUnreadable, "is not a file"},
		"bundle-without-end":         {"x.json", endless, "diagnose 0x8024001E --bundle DIR/x.json", exitUnreadable, "at most 256.0 MiB are read"},
		"bundle-cut-off":             {"x.json", write(`{"rectify_bundle": 1,`), "diagnose 0x8024001E --bundle DIR/x.json", exitUnreadable, "is not a bundle"},
		"bundle-nested":              {"x.json", write(`{"rectify_bundle": 1, "readings": ` + strings.Repeat("[", 100_000)), "diagnose 0x8024001E --bundle DIR/x.json", exitUnreadable, "is not a bundle"},
		"bundle-of-another-type":     {"x.json", write(`{"rectify_bundle": 1, "now": "2026-01-01T00:00:00Z", "readings": [{"uses": "update.attempts", "input": {}, "status": "observed", "value": {"failed": 7}}]}`), "diagnose 0x8024001E --bundle DIR/x.json", exitDone, "UNDETERMINED"},
		"record-into-nowhere":        {"x.json", write("{}"), "record 0x8024001E --root DISK -o DIR/no/x.json", exitUnreadable, "x.json"},
		"record-over-another":        {"x.json", write("{}"), "record 0x8024001E --root DISK -o DIR/x.json", exitUnreadable, "exists already"},
		"root-is-a-file":             {"x", write(""), "diagnose 0x8024001E --root DIR/x", exitUnreadable, "is not a folder"},
		"windows-is-a-file":          {"Windows", write(""), "diagnose 0x8024001E --root DIR", exitUnreadable, "there is no Windows folder"},
		"time-out-of-range":          {"x", write(""), "diagnose 0x8024001E --root DISK --now 99999-01-01T00:00:00Z", exitUsage, "is not a time"},
		"input-of-another-type":      {"x", write(""), "diagnose 0x8024001E --root DISK -i since=soon", exitUsage, "input since"},
		"folder-of-plugins-missing":  {"x", write(""), "diagnose 0x8024001E --root DISK --plugins DIR/no", exitUnreadable, "does not exist"},
		"folder-of-plugins-a-file":   {"x", write(""), "diagnose 0x8024001E --root DISK --plugins DIR/x", exitUnreadable, "the folder of plugins cannot be read"},
		"pattern-of-a-probe-too-big": {"x", write(""), `probe log.search --root DISK --with files=x --with patterns={"a":"(a{1000}){1000}"}`, exitUsage, "is not a regular expression"},
	}
	maps.Copy(tests, hostilePipes())
	for name, c := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := c.make(filepath.Join(dir, c.file)); err != nil {
				t.Fatal(err)
			}
			r := newRun(t, "rectify", strings.Fields(strings.NewReplacer("DIR", dir, "DISK", disk).Replace(c.args))...)
			r.start(t)
			code := r.wait(t)
			if said := r.stdout.String() + r.stderr.String(); code != c.code || !strings.Contains(said, c.want) {
				t.Errorf("exit code %d, want %d with %q:\n%.1500s", code, c.code, c.want, said)
			}
		})
	}
}
