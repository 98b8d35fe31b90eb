package target

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestGlob(t *testing.T) {
	outside := layOut(t, "secret.log")
	d := disk(t, "Windows/Logs/CBS/CBS.log", "Windows/Logs/CBS/CbsPersist_1.log", "Windows/Logs/CBS/CbsPersist_2.cab",
		"Windows/Logs/DISM/dism.log", "Windows/Logs/plain.log", "Windows/Logs/README", "a/out -> "+outside, "a/in/x.log",
		"a/loop -> loop", "a/dangling -> nowhere", "a/file.log", "link -> Windows")
	for name, c := range map[string]struct {
		pattern string
		want    string // sorted, joined by spaces, "C:\" left out
		is      error
	}{
		"name":                   {`C:\Windows\Logs\CBS\cbs.LOG`, `Windows\Logs\CBS\CBS.log`, nil},
		"star":                   {`%windir%\logs\cbs\cbs*.log`, `Windows\Logs\CBS\CBS.log Windows\Logs\CBS\CbsPersist_1.log`, nil},
		"question-mark":          {`C:\Windows\Logs\CBS\CbsPersist_?.*`, `Windows\Logs\CBS\CbsPersist_1.log Windows\Logs\CBS\CbsPersist_2.cab`, nil},
		"star-in-folders":        {`C:\Windows\Logs\*\*.log`, `Windows\Logs\CBS\CBS.log Windows\Logs\CBS\CbsPersist_1.log Windows\Logs\DISM\dism.log`, nil},
		"star-does-not-cross":    {`C:\Windows\*.log`, ``, nil},
		"all-names-the-dos-way":  {`C:\Windows\Logs\*.*`, `Windows\Logs\CBS Windows\Logs\DISM Windows\Logs\README Windows\Logs\plain.log`, nil},
		"nothing":                {`C:\Windows\Nope\*`, ``, nil},
		"no-such-name":           {`C:\Windows\nope.log`, ``, nil},
		"through-a-file":         {`C:\Windows\Logs\plain.log\*`, ``, nil},
		"through-a-link":         {`C:\link\Logs\D*\*`, `link\Logs\DISM\dism.log`, nil},
		"wildcard-passes-links":  {`C:\a\*\*.log`, `a\in\x.log`, nil},
		"wildcard-then-name":     {`C:\a\*\x.log`, `a\in\x.log`, nil},
		"named-link-out":         {`C:\a\out\*`, ``, ErrOutside},
		"named-link-out-to-name": {`C:\a\out\secret.log`, ``, ErrOutside},
		"root":                   {`C:\`, ``, nil},
		"dot-dot":                {`C:\*\..\..\*`, ``, ErrOutside},
		"other-drive":            {`D:\*`, ``, ErrOtherDrive},
	} {
		t.Run(name, func(t *testing.T) {
			skipLink(t, name)
			got, err := d.Glob(c.pattern)
			shown := strings.ReplaceAll(strings.Join(got, " "), `C:\`, "")
			if shown != c.want || !errors.Is(err, c.is) {
				t.Errorf("Glob(%q) = %q, %v; want %q, %v", c.pattern, shown, err, c.want, c.is)
			}
		})
	}
}

func TestGlobUnreadableFolder(t *testing.T) {
	root := layOut(t, "a/open/x.log", "a/shut/y.log")
	shut := filepath.Join(root, "a", "shut")
	if err := os.Chmod(shut, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(shut, 0o755) })
	if _, err := os.ReadDir(shut); err == nil {
		t.Skip("this user may read everything")
	}
	d, err := Open(Spec{Kind: Offline, Root: root})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	got, err := d.Glob(`C:\a\*\*.log`)
	if !slices.Equal(got, []string{`C:\a\open\x.log`}) || !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), `C:\a\shut`) {
		t.Errorf("Glob = %q, %v", got, err)
	}
}

// refusing is a tree one of whose folders cannot be read, whoever asks.
type refusing struct {
	tree
	name string
}

func (r refusing) ReadDir(name string) ([]fs.DirEntry, error) {
	if name == r.name {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return r.tree.ReadDir(name)
}

func TestGlobGivesTheRestBesideAnError(t *testing.T) {
	d := disk(t, "a/open/x.log", "a/shut/y.log")
	d.tree = refusing{d.tree, "a/shut"}
	got, err := d.Glob(`C:\a\*\*.log`)
	if !slices.Equal(got, []string{`C:\a\open\x.log`}) || !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), `C:\a\shut`) {
		t.Errorf("Glob = %q, %v", got, err)
	}
}

func TestWildcard(t *testing.T) {
	for name, c := range map[string]struct {
		pattern, text string
		want          bool
	}{
		"empty":              {"", "", true},
		"star-empty":         {"*", "", true},
		"question-empty":     {"?", "", false},
		"star-in-a-name":     {"a*c", "a*bc", true},
		"case":               {"ÄB*", "äbc", true},
		"backtrack":          {"*ab*ab", "xabyababab", true},
		"no-backtrack":       {"*ab*abc", "xabyababab", false},
		"many-stars":         {strings.Repeat("*a", 60) + "*b", strings.Repeat("a", 4000), false},
		"dot-needed":         {"a.*", "a", false},
		"dos-all":            {"*.*", "README", true},
		"question-is-a-rune": {"?", "ü", true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := newWildcard(c.pattern).match(c.text); got != c.want {
				t.Errorf("%.20q matches %.20q: %v", c.pattern, c.text, got)
			}
		})
	}
}

func bigFolder(b *testing.B) *Target {
	names := make([]string, 10_000)
	for i := range names {
		names[i] = fmt.Sprintf("Windows/WinSxS/amd64_component_%05d.manifest", i)
	}
	return disk(b, names...)
}

func BenchmarkGlobOf10000(b *testing.B) {
	d := bigFolder(b)
	for b.Loop() {
		if got, err := d.Glob(`%SystemRoot%\winsxs\*_COMPONENT_*.manifest`); err != nil || len(got) != 10_000 {
			b.Fatal(len(got), err)
		}
	}
}

func BenchmarkStatOfOtherCaseIn10000(b *testing.B) {
	d := bigFolder(b)
	for b.Loop() {
		if _, err := d.Stat(`%SystemRoot%\WINSXS\AMD64_component_05000.manifest`); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkStatOfMissingIn10000(b *testing.B) {
	d := bigFolder(b)
	for b.Loop() {
		if _, err := d.Stat(`%SystemRoot%\WinSxS\missing`); err == nil {
			b.Fatal("found")
		}
	}
}
