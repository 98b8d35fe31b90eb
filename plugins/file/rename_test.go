package file

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/kept"
	"github.com/rectify-project/rectify/sdk/plugintest"
	"github.com/rectify-project/rectify/sdk/schema"
	"github.com/rectify-project/rectify/sdk/target"
)

func TestRename(t *testing.T) {
	disk := []string{"Windows/SoftwareDistribution/Download/x", "Windows/SoftwareDistribution/ReportingEvents.log", "Windows/a.log", "Windows/empty/", "Windows/100%windir%/x", "y"}
	for name, c := range map[string]struct {
		path schema.TargetPath
		to   string
		noop bool
		from schema.TargetPath // the output's; empty: path
	}{
		"folder":            {path: `C:\Windows\SoftwareDistribution`, to: "SoftwareDistribution.old-20260110"},
		"file":              {path: `C:\Windows\a.log`, to: "b.log"},
		"empty-folder":      {path: `C:\Windows\empty`, to: "full"},
		"in-the-root":       {path: `C:\y`, to: "z"},
		"any-case":          {path: `c:\windows\SOFTWAREDISTRIBUTION`, to: "sd", from: `C:\Windows\SoftwareDistribution`},
		"variable":          {path: `%SystemRoot%\softwaredistribution`, to: "sd", from: `C:\Windows\SoftwareDistribution`},
		"percent-in-a-name": {path: `C:\Windows\100%windir%\x`, to: "%temp%.txt"},
		"other-script":      {path: `C:\y`, to: "größe 日本"},
		"longest-name":      {path: `C:\y`, to: strings.Repeat("y", 255)},
		"nothing-there":     {path: `C:\Windows\none`, to: "other", noop: true},
		"no-folder":         {path: `C:\none\deep\x`, to: "other", noop: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if name == "other-script" && !canName(t, c.to) {
				t.Skip("this file system cannot hold the name")
			}
			input := RenameInput{Path: c.path, To: c.to}
			scene := func(t testing.TB) plugintest.Scene { return plugintest.Scene{Target: layOut(t, disk...), Input: input} }
			keepsPromises(t, name, plugintest.ActionCase{Action: "rename", Scene: scene, NoOp: c.noop})

			d := prepared(t, "rename", layOut(t, disk...), input)
			got := apply[RenameOutput](d)
			from := cmpOr(c.from, c.path)
			to := from[:strings.LastIndexByte(string(from), '\\')+1] + schema.TargetPath(c.to)
			if want := (RenameOutput{From: from, To: to, Renamed: !c.noop}); got != want {
				t.Errorf("output %+v, want %+v", got, want)
			}
			if got := undo[RenameOutput](d); got.From != to || got.To != from || got.Renamed == c.noop || got.SetAside != "" {
				t.Errorf("undone: %+v", got)
			}
		})
	}
}

func cmpOr(a, b schema.TargetPath) schema.TargetPath {
	if a != "" {
		return a
	}
	return b
}

func TestRenameRefuses(t *testing.T) {
	disk := layOut(t, "w/a", "w/B", "w/full/x", "w/link -> a", "w/out -> "+t.TempDir(), "way -> w")
	for name, c := range map[string]struct {
		input RenameInput
		code  sdk.ErrorCode
		at    string
		words string
	}{
		"to-exists":            {RenameInput{Path: `C:\w\a`, To: "B"}, sdk.InvalidInput, "/to", `C:\w\B exists already`},
		"to-exists-other-case": {RenameInput{Path: `C:\w\a`, To: "b"}, sdk.InvalidInput, "/to", "exists already"},
		"to-exists-folder":     {RenameInput{Path: `C:\w\a`, To: "full"}, sdk.InvalidInput, "/to", "move it out of the way"},
		"to-is-a-link":         {RenameInput{Path: `C:\w\a`, To: "link"}, sdk.InvalidInput, "/to", "exists already"},
		"to-itself":            {RenameInput{Path: `C:\w\a`, To: "a"}, sdk.InvalidInput, "/to", "has the name"},
		"to-itself-in-case":    {RenameInput{Path: `C:\w\a`, To: "A"}, sdk.InvalidInput, "/to", "does not tell case apart"},
		"to-another-folder":    {RenameInput{Path: `C:\w\a`, To: `full\a`}, sdk.InvalidInput, "/to", "stays in its folder"},
		"to-upwards":           {RenameInput{Path: `C:\w\a`, To: `..`}, sdk.InvalidInput, "/to", "dot"},
		"to-upwards-slash":     {RenameInput{Path: `C:\w\a`, To: `../a`}, sdk.InvalidInput, "/to", "bare name"},
		"to-a-drive":           {RenameInput{Path: `C:\w\a`, To: `C:\a`}, sdk.InvalidInput, "/to", "bare name"},
		"to-a-stream":          {RenameInput{Path: `C:\w\a`, To: `b:s`}, sdk.InvalidInput, "/to", "bare name"},
		"to-a-device":          {RenameInput{Path: `C:\w\a`, To: "nul"}, sdk.InvalidInput, "/to", "device"},
		"to-a-dot-behind":      {RenameInput{Path: `C:\w\a`, To: "b."}, sdk.InvalidInput, "/to", "dot"},
		"to-nothing":           {RenameInput{Path: `C:\w\a`, To: ""}, sdk.InvalidInput, "/to", "a name is expected"},
		"to-a-long-name":       {RenameInput{Path: `C:\w\a`, To: strings.Repeat("b", 256)}, sdk.InvalidInput, "/to", "at most 255"},
		"a-link":               {RenameInput{Path: `C:\w\link`, To: "c"}, sdk.Unavailable, "/path", "neither a file nor a folder (link)"},
		"a-link-out":           {RenameInput{Path: `C:\w\out`, To: "c"}, sdk.Unavailable, "/path", "link"},
		"through-a-link":       {RenameInput{Path: `C:\way\a`, To: "c"}, sdk.Unavailable, "/path", `C:\way: is a link`},
		"below-a-file":         {RenameInput{Path: `C:\w\a\b`, To: "c"}, sdk.Unavailable, "/path", "not a folder"},
		"drive":                {RenameInput{Path: `C:\`, To: "c"}, sdk.InvalidInput, "/path", "drive"},
		"other-drive":          {RenameInput{Path: `D:\w\a`, To: "c"}, sdk.InvalidInput, "/path", "another drive"},
		"upwards":              {RenameInput{Path: `C:\..\a`, To: "c"}, sdk.InvalidInput, "/path", "leads out"},
		"wildcards":            {RenameInput{Path: `C:\w\*`, To: "c"}, sdk.InvalidInput, "/path", "without wildcards"},
		"variable":             {RenameInput{Path: `%none%\a`, To: "c"}, sdk.InvalidInput, "/path", "%none%"},
		"recreated":            {RenameInput{Path: `C:\w\a`, To: "c", Recreated: "delete"}, sdk.InvalidInput, "/recreated", "set_aside"},
	} {
		t.Run(name, func(t *testing.T) {
			skipLink(t, name)
			refused(t, "rename", disk, c.input, c.code, c.at, c.words)
		})
	}
}

func TestRenameOfATwin(t *testing.T) {
	disk := layOut(t, "w/a", "w/A")
	if len(listing(t, disk.Root)) < 3 {
		t.Skip("this file system does not tell case apart")
	}
	for _, path := range []schema.TargetPath{`C:\w\a`, `C:\w\A`} {
		refused(t, "rename", disk, RenameInput{Path: path, To: "b"}, sdk.Unavailable, "/path", "does not tell case apart")
	}
}

// Where case is not told apart a name is found in any, and must be given back in its own.
func TestSpelling(t *testing.T) {
	on, err := target.Open(layOut(t, "w/Sd", "w/other"))
	if err != nil {
		t.Fatal(err)
	}
	defer on.Close()
	folder, err := on.Folder(`C:\w`)
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	for name, want := range map[string]string{"Sd": "Sd", "SD": "Sd", "sd": "Sd", "SD~1": ""} {
		if got, twin, err := spelling(folder, name); got != want || twin != "" || err != nil {
			t.Errorf("%q is listed as %q, twin %q, %v; want %q", name, got, twin, err, want)
		}
	}
}

func TestActionsNeedWindowsOrADisk(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("this is Windows")
	}
	for action, input := range map[string]any{
		"rename": RenameInput{Path: `C:\a`, To: "b"}, "copy": CopyInput{Path: `C:\a`, To: `C:\b`}, "expand": ExpandInput{Path: `C:\a.msu`},
	} {
		t.Run(action, func(t *testing.T) {
			_, err := plugintest.Serve(t, Plugin()).Prepare(action, target.Spec{Kind: target.Live}, input)
			if err == nil || sdk.AsError(err).Code != sdk.Unsupported {
				t.Errorf("got %v, want %s", err, sdk.Unsupported)
			}
		})
	}
}

// What others do between the plan and the change, and between the change and the undo.
func TestRenameMeanwhile(t *testing.T) {
	input := RenameInput{Path: `C:\w\sd`, To: "sd.old"}
	disk := []string{"w/sd/x = 1", "w/other = 2"}
	start := func(t *testing.T) *done { return prepared(t, "rename", layOut(t, disk...), input) }
	t.Run("old-name-is-written-to", func(t *testing.T) {
		d := start(t)
		d.write("w/sd/y", "new")
		apply[RenameOutput](d)
		d.write("w/sd.old/z", "newer")
		d.assess(sdk.StateAfter, "")
		undo[RenameOutput](d)
		if got := listing(t, d.on.Root); !slices.Contains(got, "w/sd/y = new") || !slices.Contains(got, "w/sd/z = newer") {
			t.Errorf("there is %q", got)
		}
	})
	t.Run("source-went", func(t *testing.T) {
		d := start(t)
		d.write("w/sd", "")
		d.assess(sdk.StateOther, "there is neither")
		d.applyFails(sdk.Unavailable, "is gone since this was planned")
		d.undoFails(sdk.Unavailable, "is gone")
	})
	t.Run("source-is-another", func(t *testing.T) {
		d := start(t)
		d.write("w/sd", "")
		d.write("w/sd", "a file now")
		d.assess(sdk.StateOther, "something else is there")
		d.applyFails(sdk.Unavailable, "is not what it was")
		d.undoFails(sdk.Unavailable, "is gone")
	})
	t.Run("source-is-made-anew", func(t *testing.T) {
		d := start(t)
		if err := os.Rename(filepath.Join(d.on.Root, "w", "sd"), filepath.Join(d.on.Root, "w", "moved")); err != nil {
			t.Fatal(err)
		}
		d.write("w/sd/x", "1")
		d.applyFails(sdk.Unavailable, "is not what it was")
	})
	t.Run("destination-appears", func(t *testing.T) {
		d := start(t)
		d.write("w/SD.OLD", "somebody's")
		d.assess(sdk.StateBefore, "something else was made")
		d.applyFails(sdk.Unavailable, "was made since this was planned")
		undo[RenameOutput](d) // nothing was changed, so nothing is to be taken back
	})
	t.Run("a-faithful-copy-of-both", func(t *testing.T) {
		d := start(t)
		copyOf := func(from, to string) {
			info, err := os.Stat(filepath.Join(d.on.Root, from))
			if err != nil {
				t.Fatal(err)
			}
			d.write(to+"/x", "1")
			if err := os.Chtimes(filepath.Join(d.on.Root, to), info.ModTime(), info.ModTime()); err != nil {
				t.Fatal(err)
			}
		}
		copyOf("w/sd", "w/sd.old")
		d.assess(sdk.StateBefore, "something else was made")
		d.applyFails(sdk.Unavailable, "was made since this was planned")
		d.write("w/sd.old", "")
		apply[RenameOutput](d)
		copyOf("w/sd.old", "w/sd")
		d.assess(sdk.StateOther, "something else was made")
		d.undoFails(sdk.Unavailable, "has its old name taken")
	})
	t.Run("result-is-another", func(t *testing.T) {
		d := start(t)
		apply[RenameOutput](d)
		d.write("w/sd.old", "")
		d.write("w/sd.old", "somebody's")
		d.assess(sdk.StateOther, "something else is there")
		d.undoFails(sdk.Unavailable, "is not what was renamed")
	})
	t.Run("folder-went", func(t *testing.T) {
		d := start(t)
		d.write("w", "")
		d.assess(sdk.StateOther, `the folder C:\w is gone`)
		d.applyFails(sdk.NotFound, `C:\w`)
	})
	t.Run("folder-is-a-link-now", func(t *testing.T) {
		skipLink(t, "link")
		d := start(t)
		w := filepath.Join(d.on.Root, "w")
		if err := os.Rename(w, filepath.Join(d.on.Root, "real")); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink("real", w); err != nil {
			t.Fatal(err)
		}
		d.applyFails(sdk.Unavailable, "is a link")
	})
}

// A service makes the folder anew while it runs again.
func TestRenameRecreated(t *testing.T) {
	disk := []string{"w/sd/x = old"}
	t.Run("refuse", func(t *testing.T) {
		d := prepared(t, "rename", layOut(t, disk...), RenameInput{Path: `C:\w\sd`, To: "sd.old"})
		out := apply[RenameOutput](d)
		d.write("w/SD/x", "new") // in another case, too
		d.assess(sdk.StateOther, `something else was made as C:\w\sd since`)
		d.undoFails(sdk.Unavailable, "recreated: set_aside")
		if again := apply[RenameOutput](d); again != out {
			t.Errorf("applied again: %+v, want %+v", again, out)
		}
	})
	t.Run("set-aside", func(t *testing.T) {
		d := prepared(t, "rename", layOut(t, disk...), RenameInput{Path: `C:\w\sd`, To: "sd.old", Recreated: setAside})
		apply[RenameOutput](d)
		d.write("w/sd/x", "new")
		d.assess(sdk.StateAfter, "undo would set it aside")
		for i := range 2 {
			out := undo[RenameOutput](d)
			if want := (RenameOutput{From: `C:\w\sd.old`, To: `C:\w\sd`, Renamed: i == 0, SetAside: `C:\w\sd.since-sd.old`}); out != want {
				t.Errorf("undone: %+v, want %+v", out, want)
			}
			d.assess(sdk.StateBefore, "")
		}
		// The same once more: what was set aside first is not touched.
		apply[RenameOutput](d)
		d.write("w/sd/x", "newer")
		if out := undo[RenameOutput](d); out.SetAside != `C:\w\sd.since-sd.old-2` {
			t.Errorf("undone: %+v", out)
		}
		want := []string{"w/", "w/sd.since-sd.old-2/", "w/sd.since-sd.old-2/x = newer", "w/sd.since-sd.old/", "w/sd.since-sd.old/x = new", "w/sd/", "w/sd/x = old"}
		if got := listing(t, d.on.Root); !slices.Equal(got, want) {
			t.Errorf("there is %q, want %q", got, want)
		}
	})
	t.Run("crash-between-both-renames", func(t *testing.T) {
		d := prepared(t, "rename", layOut(t, disk...), RenameInput{Path: `C:\w\sd`, To: "sd.old", Recreated: setAside})
		apply[RenameOutput](d)
		d.write("w/sd/x", "new")
		if err := kept.Write(d.state, asideRecord, aside{tokenVersion, "sd.since-sd.old"}); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(filepath.Join(d.on.Root, "w", "sd"), filepath.Join(d.on.Root, "w", "sd.since-sd.old")); err != nil {
			t.Fatal(err)
		}
		d.assess(sdk.StateAfter, "")
		if out := undo[RenameOutput](d); !out.Renamed || out.SetAside != `C:\w\sd.since-sd.old` {
			t.Errorf("undone: %+v", out)
		}
	})
	t.Run("crash-before-both-renames", func(t *testing.T) {
		d := prepared(t, "rename", layOut(t, disk...), RenameInput{Path: `C:\w\sd`, To: "sd.old", Recreated: setAside})
		apply[RenameOutput](d)
		d.write("w/sd/x", "new")
		d.write("w/sd.since-sd.old", "somebody's") // and the name that was kept is taken meanwhile
		if err := kept.Write(d.state, asideRecord, aside{tokenVersion, "sd.since-sd.old"}); err != nil {
			t.Fatal(err)
		}
		if out := undo[RenameOutput](d); out.SetAside != `C:\w\sd.since-sd.old-2` {
			t.Errorf("undone: %+v", out)
		}
	})
}

func TestAsideName(t *testing.T) {
	for name, c := range map[string]struct{ from, to, want string }{
		"short":         {"sd", "sd.old", "sd.since-sd.old"},
		"too-long":      {strings.Repeat("a", 200), strings.Repeat("b", 200), "set-aside-"},
		"many-bytes":    {strings.Repeat("日", 60), strings.Repeat("本", 60), "set-aside-"},
		"odd-old-name":  {"a?", "b", "set-aside-"},
		"blank-in-name": {"a b", "c d", "a b.since-c d"},
	} {
		t.Run(name, func(t *testing.T) {
			got := asideName(c.from, c.to)
			if !strings.HasPrefix(got, c.want) || target.CheckName(got+"-100") != nil || len(got) > 250 {
				t.Errorf("asideName(%q, %q) = %q, want %q", c.from, c.to, got, c.want)
			}
		})
	}
}

// The step of the playbook that this action is for, on a copy of a disk that has the error.
func TestRenameSoftwareDistribution(t *testing.T) {
	root := t.TempDir()
	if err := os.CopyFS(root, os.DirFS("../../examples/hosts/corrupt-download")); err != nil {
		t.Fatal(err)
	}
	before := states(t, root)
	d := prepared(t, "rename", target.Spec{Kind: target.Offline, Root: root},
		RenameInput{Path: `%SystemRoot%\SoftwareDistribution`, To: "SoftwareDistribution.old-20260110T090000", Recreated: setAside})
	out := apply[RenameOutput](d)
	if out.To != `C:\Windows\SoftwareDistribution.old-20260110T090000` {
		t.Errorf("output %+v", out)
	}
	for name, there := range map[string]bool{"SoftwareDistribution": false, "SoftwareDistribution.old-20260110T090000/ReportingEvents.log": true} {
		if _, err := os.Stat(filepath.Join(root, "Windows", name)); (err == nil) != there {
			t.Errorf("%s: %v, there: want %v", name, err, there)
		}
	}
	undo[RenameOutput](d)
	after := states(t, root)
	for name, was := range before {
		if name == "Windows" {
			continue // its time is that of the last rename in it
		}
		if is := after[name]; is != was {
			t.Errorf("%s: was %s, is %s", name, was, is)
		}
	}
	if len(after) != len(before) {
		t.Errorf("%d files and folders, %d before", len(after), len(before))
	}
}

// states tells size, mode and time of everything below a folder, by path.
func states(t *testing.T, root string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		all[filepath.ToSlash(name)] = fs.FormatFileInfo(info) + info.ModTime().String()
		if err == nil && info.Mode().IsRegular() {
			var b []byte
			b, err = os.ReadFile(path)
			all[filepath.ToSlash(name)] += string(b)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
