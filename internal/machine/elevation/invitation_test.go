package elevation

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"testing"
)

func TestInvitation(t *testing.T) {
	i := newInvitation()
	got, rest, is, err := invited([]string{i.argument(), "run", "x"})
	if err != nil || !is || got != i || !slices.Equal(rest, []string{"run", "x"}) {
		t.Errorf("%+v, %q, %t, %v; want %+v", got, rest, is, err, i)
	}
	if again := newInvitation(); again.name == i.name {
		t.Error("two invitations have one name")
	}
	for name, x := range map[string]struct {
		args    []string
		is, bad bool
	}{
		"none":           {nil, false, false},
		"other-argument": {[]string{"run", i.argument()}, false, false},
		"empty":          {[]string{hidden}, true, true},
		"no-name":        {[]string{hidden + "12"}, true, true},
		"short-name":     {[]string{hidden + "12-abcd"}, true, true},
		"path-for-name":  {[]string{hidden + `12-..\..\pipe\x`}, true, true},
		"no-process":     {[]string{hidden + "-" + i.name}, true, true},
		"large-process":  {[]string{hidden + "99999999999-" + i.name}, true, true},
		"minus":          {[]string{hidden + "-1-" + i.name}, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			_, rest, is, err := invited(x.args)
			if is != x.is || (err != nil) != x.bad || !slices.Equal(rest, x.args) {
				t.Errorf("%q, %t, %v", rest, is, err)
			}
		})
	}
}

func TestGreeting(t *testing.T) {
	g := greeting{Args: []string{"a b", `"\`, ""}, Folder: `C:\x`, Environment: []string{"RECTIFY_A=1"}, Console: []string{input}}
	raw, err := json.Marshal(g)
	if err != nil {
		t.Fatal(err)
	}
	got, err := readGreeting(bytes.NewReader(raw))
	if err != nil || got.accept(g.Args) != nil || got.Folder != g.Folder {
		t.Errorf("%+v, %v", got, err)
	}
	for name, args := range map[string][]string{"fewer": g.Args[:2], "other": {"a b", `"\`, "--yes"}, "more": append(slices.Clone(g.Args), "x")} {
		if got.accept(args) == nil {
			t.Errorf("%s: the command line %q passes for %q", name, args, g.Args)
		}
	}
	for name, text := range map[string]string{"empty": "", "cut": string(raw[:20]), "unknown-field": `{"shell":"x"}`, "other": "[1]", "endless": `{"folder":"` + strings.Repeat("x", maxGreeting)} {
		if _, err := readGreeting(io.MultiReader(strings.NewReader(text))); err == nil {
			t.Errorf("%s passes", name)
		}
	}
}

func TestHandedOn(t *testing.T) {
	got := handedOn([]string{"RECTIFY_A=1", "rectify_b=2=3", "NO_COLOR=", "PATH=/x", "GODEBUG=x", "SystemRoot=C:\\evil", "=C:=C:\\x", "RECTIFY", "XRECTIFY_=1"})
	if want := []string{"RECTIFY_A=1", "rectify_b=2=3", "NO_COLOR="}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func FuzzInvited(f *testing.F) {
	f.Add(newInvitation().argument())
	f.Add(hidden + "1-")
	f.Fuzz(func(t *testing.T, argument string) {
		i, _, is, err := invited([]string{argument})
		if is && err == nil && len(i.pipe(control)) != len(`\\.\pipe\rectify-`)+32+len("-control") {
			t.Errorf("%q names the pipe %q", argument, i.pipe(control))
		}
	})
}
