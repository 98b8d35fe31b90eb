package file

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	forge "github.com/rectify-project/rectify/internal/forge/cab"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/plugintest"
	"github.com/rectify-project/rectify/sdk/schema"
	"github.com/rectify-project/rectify/sdk/target"
)

var update = []string{"Windows10.0-KB5000803-x64-pkgProperties.txt", "Windows10.0-KB5000803-x64.cab", "WSUSSCAN.cab", "SSU-14393.4222-x64.cab", `sub\deep\x.txt`, `sub\y.txt`}

// withPackage is a disk with a package in C:\p.
func withPackage(t testing.TB, name string, content []byte) target.Spec {
	t.Helper()
	spec := layOut(t, "p/other = 1", "Windows/")
	if err := os.WriteFile(filepath.Join(spec.Root, "p", name), content, 0o640); err != nil {
		t.Fatal(err)
	}
	return spec
}

func TestExpand(t *testing.T) {
	pack := cabinet(t, update...)
	for name, c := range map[string]struct {
		file   string
		folder string // begin of the new folder's name
		input  ExpandInput
		names  []string // in the order of the output
	}{
		"all": {"windows10.0-kb5000803-x64.msu", "windows10.0-kb5000803-x64", ExpandInput{Path: `C:\p\windows10.0-kb5000803-x64.msu`}, []string{
			"servicing_stack SSU-14393.4222-x64.cab", "cumulative Windows10.0-KB5000803-x64.cab", "other WSUSSCAN.cab",
			"other Windows10.0-KB5000803-x64-pkgProperties.txt", `other sub\deep\x.txt`, `other sub\y.txt`}},
		"by-mask":           {"u.msu", "u", ExpandInput{Path: `C:\p\u.msu`, Members: "*kb*-X64.cab"}, []string{"cumulative Windows10.0-KB5000803-x64.cab"}},
		"by-mask-below":     {"u.msu", "u", ExpandInput{Path: `C:\p\u.msu`, Members: "*.txt"}, []string{"other Windows10.0-KB5000803-x64-pkgProperties.txt", `other sub\deep\x.txt`, `other sub\y.txt`}},
		"by-path":           {"u.msu", "u", ExpandInput{Path: `C:\p\u.msu`, Members: `sub\*`}, []string{`other sub\deep\x.txt`, `other sub\y.txt`}},
		"by-path-slash":     {"u.msu", "u", ExpandInput{Path: `C:\p\u.msu`, Members: `SUB/?.txt`}, []string{`other sub\y.txt`}},
		"any-case":          {"u.CAB", "u", ExpandInput{Path: `c:\P\U.cab`, Members: "ssu*"}, []string{"servicing_stack SSU-14393.4222-x64.cab"}},
		"without-extension": {"u", "u", ExpandInput{Path: `C:\p\u`, Members: "ssu*"}, []string{"servicing_stack SSU-14393.4222-x64.cab"}},
		"long-name":         {strings.Repeat("u", 251) + ".cab", strings.Repeat("u", 60), ExpandInput{Path: schema.TargetPath(`C:\p\` + strings.Repeat("u", 251) + ".cab"), Members: "ssu*"}, []string{"servicing_stack SSU-14393.4222-x64.cab"}},
		"digest":            {"u.cab", "u", ExpandInput{Path: `C:\p\u.cab`, Members: "ssu*", Sha256: digest(string(pack))}, []string{"servicing_stack SSU-14393.4222-x64.cab"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			scene := func(t testing.TB) plugintest.Scene {
				return plugintest.Scene{Target: withPackage(t, c.file, pack), Input: c.input}
			}
			keepsPromises(t, name, plugintest.ActionCase{Action: "expand", Scene: scene})

			d := prepared(t, "expand", withPackage(t, c.file, pack), c.input)
			before := listing(t, d.on.Root)
			out := apply[ExpandOutput](d)
			var names []string
			for _, p := range out.Packages {
				names = append(names, string(p.Kind)+" "+p.Name)
				if want := out.Folder + schema.TargetPath(`\`+p.Name); p.Path != want {
					t.Errorf("path %s, want %s", p.Path, want)
				}
				text := fmt.Sprintf("%s %d\n", p.Name, slices.Index(update, p.Name))
				b, err := os.ReadFile(filepath.Join(d.on.Root, filepath.FromSlash(strings.ReplaceAll(strings.TrimPrefix(string(p.Path), `C:\`), `\`, "/"))))
				if err != nil || !strings.HasPrefix(string(b), text) || schema.Bytes(len(b)) != p.Size {
					t.Errorf("%s has %d bytes, %v; want %d", p.Path, len(b), err, p.Size)
				}
			}
			if !slices.Equal(names, c.names) {
				t.Errorf("unpacked %q, want %q", names, c.names)
			}
			if !strings.HasPrefix(string(out.Folder), `C:\p\`+c.folder+"-expanded-") {
				t.Errorf("folder %s, want %s-expanded-…", out.Folder, c.folder)
			}
			if undo[ExpandOutput](d); !slices.Equal(listing(t, d.on.Root), before) {
				t.Errorf("undone: %q", listing(t, d.on.Root))
			}
		})
	}
}

// What was unpacked already is found again, by the next plan too; by another mask it is another folder.
func TestExpandAgain(t *testing.T) {
	spec := withPackage(t, "u.msu", cabinet(t, update...))
	first := prepared(t, "expand", spec, ExpandInput{Path: `C:\p\u.msu`})
	folder := apply[ExpandOutput](first).Folder
	before := listing(t, spec.Root)
	again := prepared(t, "expand", spec, ExpandInput{Path: `C:\p\U.MSU`, Members: "*"})
	p, err := again.Prepare("expand", spec, again.input)
	if err != nil || !p.NoOp || !strings.Contains(p.Summary, "nothing to unpack: "+string(folder)) {
		t.Fatalf("prepared again: %s, %v", p.Summary, err)
	}
	again.assess(sdk.StateAfter, "there already")
	if out := apply[ExpandOutput](again); out.Folder != folder || len(out.Packages) != len(update) {
		t.Errorf("applied again: %+v", out)
	}
	undo[ExpandOutput](again)
	if !slices.Equal(listing(t, spec.Root), before) {
		t.Error("undo has deleted what another run had unpacked")
	}
	if other := apply[ExpandOutput](prepared(t, "expand", spec, ExpandInput{Path: `C:\p\u.msu`, Members: "*.cab"})).Folder; other == folder {
		t.Errorf("other files of the package go to the same folder %s", other)
	}
	first.write(strings.ReplaceAll(strings.TrimPrefix(string(folder), `C:\`), `\`, "/")+"/new.txt", "somebody's")
	refused(t, "expand", spec, ExpandInput{Path: `C:\p\u.msu`}, sdk.Unavailable, "", "new.txt was not unpacked")
}

func TestExpandRefuses(t *testing.T) {
	good := cabinet(t, update...)
	many := forge.Cabinet{Folders: []forge.Folder{{}}}
	for i := range maxMembers + 1 {
		many.Folders[0].Files = append(many.Folders[0].Files, forge.File{Name: fmt.Sprint(i)})
	}
	tooMany, err := many.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		content []byte
		input   ExpandInput
		code    sdk.ErrorCode
		at      string
		words   string
	}{
		"upwards":             {cabinet(t, `a`, `..\..\evil.dll`), ExpandInput{}, sdk.InvalidInput, "/path", `"..\\..\\evil.dll"`},
		"upwards-slash":       {cabinet(t, `a/../../evil.dll`), ExpandInput{}, sdk.InvalidInput, "/path", "lead out"},
		"absolute":            {cabinet(t, `\Windows\evil.dll`), ExpandInput{}, sdk.InvalidInput, "/path", "lead out"},
		"drive":               {cabinet(t, `C:\evil.dll`), ExpandInput{}, sdk.InvalidInput, "/path", "lead out"},
		"stream":              {cabinet(t, `a:b`), ExpandInput{}, sdk.InvalidInput, "/path", "lead out"},
		"device":              {cabinet(t, `sub\nul.txt`), ExpandInput{}, sdk.InvalidInput, "/path", "no file name of Windows"},
		"hostile-by-the-way":  {cabinet(t, `a`, `..\b`), ExpandInput{Members: "a"}, sdk.InvalidInput, "/path", "lead out"},
		"twice":               {cabinet(t, `a`, `a`), ExpandInput{}, sdk.InvalidInput, "/path", `holds "a" twice`},
		"twice-other-case":    {cabinet(t, `sub\a`, `SUB\A`), ExpandInput{}, sdk.InvalidInput, "/path", "twice"},
		"twice-by-separators": {cabinet(t, `sub\a`, `sub/a`), ExpandInput{}, sdk.InvalidInput, "/path", "twice"},
		"file-and-folder":     {cabinet(t, `sub\a`, `Sub`), ExpandInput{}, sdk.InvalidInput, "/path", "twice"},
		"too-many":            {tooMany, ExpandInput{}, sdk.InvalidInput, "/path", "10001 files"},
		"too-large":           {declare(t, 9, 0x7fff8000), ExpandInput{}, sdk.InvalidInput, "/path", "bytes, at most 17179869184"},
		"no-cabinet":          {[]byte("MSWIM\x00\x00\x00 something else altogether, and longer than a header"), ExpandInput{}, sdk.Unsupported, "/path", "DISM"},
		"empty-file":          {nil, ExpandInput{}, sdk.Unsupported, "/path", "not a cabinet"},
		"cut":                 {good[:60], ExpandInput{}, sdk.Unavailable, "/path", "get the package again"},
		"no-such-member":      {good, ExpandInput{Members: "*.msu"}, sdk.NotFound, "/members", "it holds Windows10.0-KB5000803-x64-pkgProperties.txt"},
		"digest":              {good, ExpandInput{Sha256: strings.Repeat("0", 64)}, sdk.InvalidInput, "/sha256", digest(string(good))},
		"missing":             {good, ExpandInput{Path: `C:\p\none.msu`}, sdk.NotFound, "/path", `C:\p\none.msu`},
		"folder":              {good, ExpandInput{Path: `C:\p`}, sdk.Unavailable, "/path", "not a regular file"},
		"outside":             {good, ExpandInput{Path: `C:\..\u.msu`}, sdk.InvalidInput, "/path", "leads out"},
	} {
		t.Run(name, func(t *testing.T) {
			c.input.Path = cmpOr(c.input.Path, `C:\p\u.msu`)
			refused(t, "expand", withPackage(t, "u.msu", c.content), c.input, c.code, c.at, c.words)
		})
	}
}

// declare makes a cabinet of files, each in a folder of its own, that say to have size bytes and have a few.
func declare(t *testing.T, files int, size uint32) []byte {
	t.Helper()
	var c forge.Cabinet
	for i := range files {
		c.Folders = append(c.Folders, forge.Folder{Files: []forge.File{{Name: fmt.Sprint(i), Data: []byte("few")}}})
	}
	b, err := c.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	const header, folder, file = 36, 8, 18 // the name has one character
	for i := range files {
		binary.LittleEndian.PutUint16(b[header+i*folder+4:], 0xffff)
		binary.LittleEndian.PutUint32(b[header+files*folder+i*file:], size)
	}
	return b
}

// A package that holds less than it says is found out while it is unpacked, and nothing of it stays.
func TestExpandOfALiar(t *testing.T) {
	d := prepared(t, "expand", withPackage(t, "u.msu", declare(t, 2, 1<<20)), ExpandInput{Path: `C:\p\u.msu`})
	d.applyFails(sdk.Unavailable, "damaged cabinet")
	d.assess(sdk.StateBefore, "")
	undo[ExpandOutput](d)
}

func TestExpandMeanwhile(t *testing.T) {
	start := func(t *testing.T) (d *done, folder, part string) {
		d = prepared(t, "expand", withPackage(t, "u.msu", cabinet(t, update...)), ExpandInput{Path: `C:\p\u.msu`})
		var token expandToken
		if err := json.Unmarshal(d.token, &token); err != nil {
			t.Fatal(err)
		}
		return d, "p/" + token.Name, "p/" + token.part()
	}
	t.Run("package-changes", func(t *testing.T) {
		d, _, _ := start(t)
		if err := os.WriteFile(filepath.Join(d.on.Root, "p", "u.msu"), cabinet(t, "evil.cab"), 0o640); err != nil {
			t.Fatal(err)
		}
		d.applyFails(sdk.Unavailable, "was changed since this was planned")
	})
	t.Run("package-goes-afterwards", func(t *testing.T) {
		d, _, _ := start(t)
		out := apply[ExpandOutput](d)
		d.write("p/u.msu", "")
		if again := apply[ExpandOutput](d); !slices.Equal(again.Packages, out.Packages) {
			t.Errorf("applied again: %+v, want %+v", again, out)
		}
		undo[ExpandOutput](d)
		if got := listing(t, d.on.Root); !slices.Equal(got, []string{"Windows/", "p/", "p/other = 1"}) {
			t.Errorf("undone: %q", got)
		}
	})
	t.Run("somebody-else-makes-the-folder", func(t *testing.T) {
		d, folder, _ := start(t)
		d.write(folder+"/x", "somebody's")
		d.assess(sdk.StateOther, "was made by somebody else")
		d.applyFails(sdk.Unavailable, "was made by somebody else")
		undo[ExpandOutput](d)
		if got := listing(t, d.on.Root); !slices.Contains(got, folder+"/x = somebody's") {
			t.Errorf("undo has deleted what it had not made: %q", got)
		}
	})
	for name, c := range map[string]struct{ file, text, says string }{
		"file-changes":      {"WSUSSCAN.cab", "patched", "WSUSSCAN.cab is another one"},
		"file-changes-deep": {"sub/deep/x.txt", strings.Repeat("?", 6300), "sub/deep/x.txt is another one"},
		"file-goes":         {"sub/y.txt", "", "sub/y.txt is gone"},
		"folder-goes":       {"sub", "", "sub/deep/x.txt is gone"},
		"file-comes":        {"sub/new.txt", "somebody's", "sub/new.txt was not unpacked"},
	} {
		t.Run(name, func(t *testing.T) {
			d, folder, _ := start(t)
			apply[ExpandOutput](d)
			d.write(folder+"/"+c.file, c.text)
			d.assess(sdk.StateOther, c.says)
			d.undoFails(sdk.Unavailable, c.says)
			d.applyFails(sdk.Unavailable, c.says)
		})
	}
	t.Run("a-link-comes", func(t *testing.T) {
		skipLink(t, "link")
		d, folder, _ := start(t)
		apply[ExpandOutput](d)
		d.write(folder+"/WSUSSCAN.cab", "")
		if err := os.Symlink("../other", filepath.Join(d.on.Root, filepath.FromSlash(folder), "WSUSSCAN.cab")); err != nil {
			t.Fatal(err)
		}
		d.undoFails(sdk.Unavailable, "WSUSSCAN.cab is another one")
	})
	t.Run("crash-of-another-run", func(t *testing.T) {
		d, folder, part := start(t)
		d.write(part+"/sub/y.txt", "cut o")
		d.assess(sdk.StateBefore, "")
		apply[ExpandOutput](d)
		if got := listing(t, d.on.Root); slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, part) }) || !slices.Contains(got, folder+"/") {
			t.Errorf("applied: %q", got)
		}
	})
	t.Run("crash-and-somebody-else", func(t *testing.T) {
		d, _, part := start(t)
		d.write(part+"/somebody.txt", "somebody's")
		d.applyFails(sdk.Unavailable, "may not have been unpacked")
	})
}

// A call that is given up leaves nothing behind.
func TestExpandIsGivenUp(t *testing.T) {
	spec := withPackage(t, "u.msu", cabinet(t, update...))
	before := listing(t, spec.Root)
	for stop := range 12 {
		d := prepared(t, "expand", spec, ExpandInput{Path: `C:\p\u.msu`})
		on, err := target.Open(spec)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		calls := 0
		call := &sdk.Call{Target: on, Report: func(sdk.Progress) {
			if calls == stop {
				cancel()
			}
			calls++
		}}
		_, err = expand(mover{}).Apply(ctx, call, json.RawMessage(`{"path":"C:\\p\\u.msu"}`), d.token, d.state)
		cancel()
		if err == nil || sdk.AsError(err).Code != sdk.Canceled {
			t.Errorf("stopped at progress %d: %v", stop, err)
		}
		if err := on.Close(); err != nil {
			t.Error(err)
		}
		if after := listing(t, spec.Root); !slices.Equal(after, before) {
			t.Fatalf("stopped at progress %d: %q", stop, after)
		}
	}
}

func TestKindOfPackage(t *testing.T) {
	for name, want := range map[string]packageKind{
		"SSU-14393.4222-x64.cab":                       servicingStack,
		"ssu-20348.1-x64.cab":                          servicingStack,
		"Windows10.0-ServicingStack-KB5000803-x64.cab": servicingStack,
		"Windows10.0-KB5000803-x64.cab":                cumulative,
		"windows10.0-kb5000803-arm64.CAB":              cumulative,
		"Windows8.1-KB5001382-x64.msu":                 cumulative,
		"Windows10.0-KB4589210-v2-x64.cab":             cumulative,
		"Windows10.0-KB5000842-x64-NDP48.cab":          otherPackage,
		"Windows10.0-KB5000803-x64-pkgProperties.txt":  otherPackage,
		"WSUSSCAN.cab":                                 otherPackage,
		"":                                             otherPackage,
	} {
		if got := kindOfPackage(name); got != want {
			t.Errorf("%q is %s, want %s", name, got, want)
		}
	}
}
