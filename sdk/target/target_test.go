package target

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
)

// disk lays out a folder: names ending in a slash are folders, "a -> b" is a symbolic link, the rest are files that
// hold their own name.
func disk(t testing.TB, names ...string) *Target {
	t.Helper()
	target, err := Open(Spec{Kind: Offline, Root: layOut(t, names...)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { target.Close() })
	return target
}

func layOut(t testing.TB, names ...string) string {
	t.Helper()
	root := t.TempDir()
	for _, n := range names {
		name, link, linked := strings.Cut(n, " -> ")
		path := filepath.Join(root, filepath.FromSlash(name))
		err := os.MkdirAll(filepath.Dir(path), 0o755)
		switch {
		case err != nil:
		case linked && !canLink():
		case linked:
			err = os.Symlink(link, path)
		case strings.HasSuffix(name, "/"):
			err = os.MkdirAll(path, 0o755)
		default:
			err = os.WriteFile(path, []byte(name), 0o644)
		}
		if err != nil {
			t.Skipf("this file system cannot hold %q: %v", n, err)
		}
	}
	return root
}

// canLink says whether symbolic links can be made here. Windows wants a right for it, and Wine says that it has made one and
// has not.
var canLink = sync.OnceValue(func() bool {
	dir, err := os.MkdirTemp("", "links-")
	if err != nil {
		return false
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "link")
	if os.Symlink("nowhere", path) != nil {
		return false
	}
	_, err = os.Lstat(path)
	return err == nil
})

// skipLink skips a case that has a link in its name where there are none.
func skipLink(t *testing.T, name string) {
	t.Helper()
	if strings.Contains(name, "link") && !canLink() {
		t.Skip("no symbolic links can be made here")
	}
}

func TestOpenSpellings(t *testing.T) {
	d := disk(t, "Windows/Logs/CBS/CBS.log", "ProgramData/x.txt",
		"Windows/System32/winevt/Logs/Microsoft-Windows-TaskScheduler%4Operational.evtx")
	for name, c := range map[string]struct{ path, want string }{
		"exact":               {`C:\Windows\Logs\CBS\CBS.log`, `C:\Windows\Logs\CBS\CBS.log`},
		"any-case":            {`c:\WINDOWS\logs\cbs\cbs.LOG`, `C:\Windows\Logs\CBS\CBS.log`},
		"slashes":             {`C:/Windows/Logs/CBS/CBS.log`, `C:\Windows\Logs\CBS\CBS.log`},
		"doubled-separators":  {`C:\\Windows\\Logs\.\CBS\CBS.log`, `C:\Windows\Logs\CBS\CBS.log`},
		"variable":            {`%SystemRoot%\Logs\CBS\CBS.log`, `C:\Windows\Logs\CBS\CBS.log`},
		"variable-any-case":   {`%wInDiR%\Logs\CBS\CBS.log`, `C:\Windows\Logs\CBS\CBS.log`},
		"no-drive":            {`\Windows\Logs\CBS\CBS.log`, `C:\Windows\Logs\CBS\CBS.log`},
		"win32-prefix":        {`\\?\C:\Windows\Logs\CBS\CBS.log`, `C:\Windows\Logs\CBS\CBS.log`},
		"nt-prefix":           {`\??\C:\Windows\Logs\CBS\CBS.log`, `C:\Windows\Logs\CBS\CBS.log`},
		"nt-system-root":      {`\SystemRoot\Logs\CBS\CBS.log`, `C:\Windows\Logs\CBS\CBS.log`},
		"program-data":        {`%ProgramData%\x.txt`, `C:\ProgramData\x.txt`},
		"percent-in-log-name": {`%SystemRoot%\System32\winevt\Logs\Microsoft-Windows-TaskScheduler%4Operational.evtx`, `C:\Windows\System32\winevt\Logs\Microsoft-Windows-TaskScheduler%4Operational.evtx`},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := d.Open(c.path)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			b, err := io.ReadAll(f)
			if want := strings.ReplaceAll(strings.TrimPrefix(c.want, `C:\`), `\`, "/"); err != nil || string(b) != want {
				t.Errorf("read %q, %v; want %q", b, err, want)
			}
			if got := d.Display(c.path); got != c.want {
				t.Errorf("Display = %q, want %q", got, c.want)
			}
		})
	}
}

func TestOpenRefuses(t *testing.T) {
	outside := filepath.Join(layOut(t, "secret"), "secret")
	d := disk(t, "Windows/x", "abs -> "+outside, "absdir -> "+filepath.Dir(outside), "up -> ../..",
		"Windows/nested -> ../up", "loop -> loop", "ping -> pong", "pong -> ping", "dangling -> nowhere",
		"inside -> Windows/x", "chain -> inside", "round -> Windows/../Windows/x", "colon:x", `back\slash`)
	for name, c := range map[string]struct {
		path string
		is   error  // nil: any
		says string // part of the message
	}{
		"dot-dot":               {`C:\..\secret`, ErrOutside, `".." is not allowed`},
		"dot-dot-inside":        {`C:\Windows\..\Windows\x`, ErrOutside, ""},
		"dot-dot-slash":         {`C:/Windows/../../secret`, ErrOutside, ""},
		"dot-dot-by-prefix":     {`\\?\C:\..\x`, ErrOutside, ""},
		"absolute-link":         {`C:\abs`, ErrOutside, ""},
		"absolute-link-folder":  {`C:\absdir\secret`, ErrOutside, ""},
		"relative-link":         {`C:\up`, nil, ""},
		"nested-link":           {`C:\Windows\nested\secret`, ErrOutside, ""},
		"link-to-itself":        {`C:\loop`, nil, "symbolic links"},
		"links-in-a-circle":     {`C:\ping\x`, nil, "symbolic links"},
		"dangling-link":         {`C:\dangling`, fs.ErrNotExist, ""},
		"other-drive":           {`D:\Windows\x`, ErrOtherDrive, "C:"},
		"unc":                   {`\\server\share\x`, ErrOtherDrive, "network"},
		"unc-slashes":           {`//server/share/x`, ErrOtherDrive, ""},
		"unc-by-prefix":         {`\\?\UNC\server\share\x`, ErrOtherDrive, ""},
		"device-space":          {`\\.\PhysicalDrive0`, ErrOtherDrive, ""},
		"global-root":           {`\\?\GLOBALROOT\Device\HarddiskVolume1\x`, ErrOtherDrive, "drive letter"},
		"volume-guid":           {`\\?\Volume{0a}\x`, ErrOtherDrive, ""},
		"prefix-twice":          {`\\?\\\?\C:\Windows\x`, ErrOtherDrive, ""},
		"stream":                {`C:\Windows\x:hidden`, nil, "colon"},
		"stream-of-folder":      {`C:\Windows::$INDEX_ALLOCATION\x`, nil, "colon"},
		"drive-twice":           {`C:\C:\Windows\x`, nil, "colon"},
		"drive-relative":        {`C:Windows\x`, nil, "backslash is expected"},
		"name-with-colon":       {`C:\colon:x`, nil, "colon"},
		"name-with-backslash":   {`C:\back\slash`, fs.ErrNotExist, ""},
		"unknown-variable":      {`%NoSuch%\x`, nil, "%NoSuch%"},
		"variable-in-mid-path":  {`C:\Users\%USERNAME%\x`, nil, "%USERNAME%"},
		"nul":                   {"C:\\Windows\\x\x00.txt", nil, "NUL"},
		"too-long":              {`C:\` + strings.Repeat("a", 40000), nil, "at most 32767"},
		"name-too-long":         {`C:\` + strings.Repeat("a", 5000), nil, ""},
		"folder":                {`C:\Windows`, nil, "not a regular file"},
		"root":                  {`C:\`, nil, "not a regular file"},
		"empty":                 {``, nil, "not a regular file"},
		"file-as-folder":        {`C:\Windows\x\y`, nil, ""},
		"missing":               {`C:\Windows\nope`, fs.ErrNotExist, `C:\Windows\nope`},
		"posix-absolute":        {outside, fs.ErrNotExist, ""},
		"not-a-drive":           {`1:\x`, nil, "colon"},
		"letter-that-is-no-one": {`é:\x`, nil, "colon"},
	} {
		t.Run(name, func(t *testing.T) {
			skipLink(t, name)
			if runtime.GOOS == "windows" && name == "name-with-backslash" {
				t.Skip("Windows cannot hold this name")
			}
			f, err := d.Open(c.path)
			if err == nil {
				f.Close()
				t.Fatal("opened")
			}
			if c.is != nil && !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %q; want %v, holding %q", err, c.is, c.says)
			}
		})
	}
	for _, path := range []string{`C:\inside`, `C:\chain`, `C:\round`} {
		t.Run("link-that-stays-inside", func(t *testing.T) {
			skipLink(t, "link")
			f, err := d.Open(path)
			if err != nil {
				t.Fatalf("it is refused: %v", err)
			}
			f.Close()
		})
	}
}

func TestOddNames(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows cannot hold these names")
	}
	d := disk(t, "w/a.txt", `w/b\c.txt`, "w/d:e.txt", "w/%SystemRoot%", "w/100%_x%.txt", "w/nul.txt", "w/ÄÖ.txt")
	got, err := d.Glob(`C:\w\*`)
	want := []string{`C:\w\%SystemRoot%`, `C:\w\100%_x%.txt`, `C:\w\a.txt`, `C:\w\nul.txt`, `C:\w\ÄÖ.txt`}
	if err != nil || !slices.Equal(got, want) {
		t.Fatalf("Glob = %q, %v; want %q", got, err, want)
	}
	for _, path := range append(got, `C:\w\äö.TXT`) { // what Glob gives can be opened again, whatever is in the name
		f, err := d.Open(path)
		if err != nil {
			t.Error(err)
			continue
		}
		f.Close()
	}
	entries, err := d.ReadDir(`C:\w`)
	if err != nil || len(entries) != len(want) {
		t.Fatalf("ReadDir gave %d entries, %v", len(entries), err)
	}
	for _, e := range entries {
		if info, err := e.Info(); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v, %v", e.Name(), info, err)
		}
	}
}

func TestNamesThatAreNotUTF8(t *testing.T) {
	d := disk(t, "w/\xff\xfe.txt", "w/ok.txt")
	got, err := d.Glob(`C:\w\*.TXT`)
	if err != nil || len(got) != 2 {
		t.Fatalf("Glob = %q, %v", got, err)
	}
	for _, path := range []string{"C:\\w\\\xff\xfe.txt", "C:\\w\\\uFFFD\uFFFD.txt"} { // the latter after a way through JSON
		f, err := d.Open(path)
		if err != nil {
			t.Error(err)
			continue
		}
		f.Close()
	}
}

func TestExactCaseWins(t *testing.T) {
	d := disk(t, "w/Log.txt", "w/LOG.txt")
	if entries, _ := d.ReadDir(`C:\w`); len(entries) < 2 {
		t.Skip("this file system does not tell case apart")
	}
	for asked, want := range map[string]string{
		`C:\w\Log.txt`: `C:\w\Log.txt`, `C:\w\LOG.txt`: `C:\w\LOG.txt`, `C:\w\log.txt`: `C:\w\LOG.txt`,
	} {
		if got := d.Display(asked); got != want {
			t.Errorf("Display(%q) = %q, want %q", asked, got, want)
		}
	}
}

func TestRememberedCaseIsVerified(t *testing.T) {
	root := layOut(t, "w/Before.txt")
	d, err := Open(Spec{Kind: Offline, Root: root})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for range 2 {
		if got := d.Display(`C:\W\BEFORE.TXT`); got != `C:\w\Before.txt` {
			t.Fatalf("Display = %q", got)
		}
	}
	at := func(name string) string { return filepath.Join(root, "w", name) }
	// In two steps: what finds names in any case may see nothing to do in one.
	if err := errors.Join(os.Rename(at("Before.txt"), at("x")), os.Rename(at("x"), at("beFORE.txt"))); err != nil {
		t.Fatal(err)
	}
	if got := d.Display(`C:\W\BEFORE.TXT`); got != `C:\w\beFORE.txt` {
		t.Errorf("after the renaming, Display = %q", got)
	}
	if err := os.Remove(filepath.Join(root, "w", "beFORE.txt")); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Stat(`C:\W\BEFORE.TXT`); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after the removal: %v", err)
	}
}

func TestRoots(t *testing.T) {
	root := layOut(t, "disk/Windows/System32/", "empty/", "file", "link -> disk", "odd/Windows")
	for name, c := range map[string]struct {
		root    string
		windows bool
		says    string
	}{
		"disk":                {"disk", true, ""},
		"link-to-a-disk":      {"link", true, ""},
		"no-windows":          {"empty", false, ""},
		"windows-is-a-file":   {"odd", false, ""},
		"windows-folder":      {"disk/Windows", false, ""},
		"file":                {"file", false, "not a folder"},
		"missing":             {"nope", false, "cannot be opened"},
		"nul-in-the-root":     {"a\x00b", false, "cannot be opened"},
		"trailing-separators": {"disk//", true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			skipLink(t, name)
			d, err := Open(Spec{Kind: Offline, Root: root + "/" + c.root})
			if c.says != "" {
				if err == nil || !strings.Contains(err.Error(), c.says) {
					t.Fatalf("error %v, want one holding %q", err, c.says)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			if d.HasWindows() != c.windows || d.Kind() != Offline || !filepath.IsAbs(d.Spec().Root) {
				t.Errorf("HasWindows %v, kind %v, root %q", d.HasWindows(), d.Kind(), d.Spec().Root)
			}
		})
	}
	for name, spec := range map[string]Spec{"no-root": {Kind: Offline}, "no-kind": {Root: root}, "odd-kind": {Kind: "LIVE"}} {
		if d, err := Open(spec); err == nil {
			d.Close()
			t.Errorf("%s: opened", name)
		}
	}
}

func TestLiveOnAnotherSystem(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("this is Windows")
	}
	d, err := Open(Spec{Kind: Live})
	if err != nil {
		t.Fatal(err)
	}
	_, openErr := d.Open(`C:\Windows`)
	_, globErr := d.Glob(`C:\*`)
	for _, err := range []error{openErr, globErr} {
		if !errors.Is(err, ErrNotWindows) {
			t.Errorf("error %v", err)
		}
	}
	if d.HasWindows() || d.Display(`%SystemRoot%\x`) != `%SystemRoot%\x` || d.Close() != nil {
		t.Error("a live machine without Windows is taken for one with it")
	}
}

func TestConcurrentUse(t *testing.T) {
	d := disk(t, "Windows/Logs/a.log")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				if _, err := d.Stat(`c:\windows\logs\A.LOG`); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}
