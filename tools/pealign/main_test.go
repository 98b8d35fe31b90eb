package main

import (
	"bytes"
	"debug/pe"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

func build(t *testing.T, flags string) []byte {
	t.Helper()
	dir := t.TempDir()
	source, exe := filepath.Join(dir, "main.go"), filepath.Join(dir, "a.exe")
	if err := os.WriteFile(source, []byte("package main\n\nfunc main() { println(len(os)) }\n\nvar os = \"windows\"\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "build", "-ldflags", flags, "-o", exe, source)
	cmd.Env = append(os.Environ(), "GOOS=windows", "GOARCH=amd64")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	raw, err := os.ReadFile(exe)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func sections(t *testing.T, raw []byte) map[string][]byte {
	t.Helper()
	f, err := pe.NewFile(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	for _, s := range f.Sections {
		data, err := s.Data()
		if err != nil {
			t.Fatal(err)
		}
		out[s.Name] = data
	}
	return out
}

func TestAlign(t *testing.T) {
	was := build(t, "-s -w")
	is, err := align(was)
	if err != nil {
		t.Fatal(err)
	}
	before, after := sections(t, was), sections(t, is)
	if len(before) < 5 || len(after) != len(before) {
		t.Fatalf("%d sections, were %d", len(after), len(before))
	}
	for name, data := range before {
		if !bytes.Equal(bytes.TrimRight(after[name], "\x00"), bytes.TrimRight(data, "\x00")) {
			t.Errorf("the section %s is another one", name)
		}
	}
	f, err := pe.NewFile(bytes.NewReader(is))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range f.Sections {
		if s.Offset%page != 0 || s.Size%page != 0 {
			t.Errorf("%s is at %#x, %#x bytes", s.Name, s.Offset, s.Size)
		}
	}
	if again, err := align(is); err != nil || !bytes.Equal(again, is) {
		t.Errorf("a second time it changes: %v", err)
	}
}

func TestAlignRefuses(t *testing.T) {
	good := build(t, "-s -w")
	for name, raw := range map[string][]byte{
		"empty": nil, "text": []byte("no program at all, but a text that is long enough to hold the offset of a header"), "cut": good[:300],
		"no-sections": good[:2000], "symbols": build(t, ""),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := align(raw); err == nil {
				t.Error("aligned")
			}
		})
	}
}
