package target

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// running is a live machine whose drives are folders of a test.
func running(t *testing.T, names ...string) *Target {
	t.Helper()
	if runtime.GOOS == "windows" && len(names) > 0 {
		t.Skip("Windows has drives of its own, and no folder with the name of one")
	}
	root, err := os.OpenRoot(layOut(t, names...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	return newTarget(Spec{Kind: Live}, rootTree{root}, liveVariables([]string{`SystemDrive=C:`, `USERNAME=ann`, `TOOLS=D:\Tools`}))
}

func TestLivePaths(t *testing.T) {
	d := running(t)
	for name, c := range map[string]struct {
		path string
		want string // parts; empty: refused
	}{
		"system-drive":       {`\Windows\x`, `C:|Windows|x`},
		"other-drive":        {`d:\x`, `D:|x`},
		"drive":              {`D:\`, `D:`},
		"bare-drive":         {`D:`, `D:`},
		"variable":           {`%tools%\x`, `D:|Tools|x`},
		"variable-inside":    {`C:\Users\%USERNAME%\x`, `C:|Users|ann|x`},
		"default-windir":     {`%WinDir%\x`, `C:|Windows|x`},
		"system-root-prefix": {`\SystemRoot\x`, `C:|Windows|x`},
		"not-system-root":    {`\SystemRootX\x`, `C:|SystemRootX|x`},
		"lone-percent":       {`C:\50%\x`, `C:|50%|x`},
		"device":             {`C:\x\NUL`, ``},
		"device-extension":   {`C:\x\con.txt`, ``},
		"device-space":       {`C:\x\aux .txt`, ``},
		"serial-port":        {`C:\x\com1`, ``},
		"superscript-port":   {`C:\x\LPT².log`, ``},
		"device-folder":      {`C:\prn\x`, ``},
		"device-console":     {`C:\conin$`, ``},
		"dot-behind":         {`C:\x.\y`, ``},
		"blank-behind":       {`C:\x\y `, ``},
		"dot-wildcard":       {`C:\x\*.`, `C:|x|*.`},
		"not-a-device":       {`C:\console\comma\com10\nullable.txt`, `C:|console|comma|com10|nullable.txt`},
		"unc":                {`\\server\share`, ``},
		"physical-drive":     {`\\.\PhysicalDrive0`, ``},
	} {
		t.Run(name, func(t *testing.T) {
			parts, err := d.split(c.path, true)
			if got := strings.Join(parts, "|"); got != c.want || (err == nil) != (c.want != "") {
				t.Errorf("split(%q) = %q, %v; want %q", c.path, got, err, c.want)
			}
		})
	}
}

func TestLiveDisplay(t *testing.T) {
	d := running(t, "C:/Windows/x", "D:/")
	for path, want := range map[string]string{
		`c:\windows\X`: `C:\Windows\x`, `D:\`: `D:\`, `D:`: `D:\`, `E:\x`: `E:\x`,
	} {
		if got := d.Display(path); got != want {
			t.Errorf("Display(%q) = %q, want %q", path, got, want)
		}
	}
}

func TestLiveVariablesWithoutAnEnvironment(t *testing.T) {
	vars := liveVariables(nil)
	if vars["systemroot"] != `C:\Windows` || vars["windir"] != `C:\Windows` || vars["systemdrive"] != `C:` {
		t.Errorf("%v", vars)
	}
}

func FuzzSplit(f *testing.F) {
	for _, s := range []string{
		`%SystemRoot%\Logs\*.log`, `\\?\C:\x`, `C:\..\x`, `\??\UNC\a`, `C:x`, `%4%`, "%\x00%", `\SystemRoot`, `//a/b`, `C:\a:b`,
	} {
		f.Add(s)
	}
	root := f.TempDir()
	if err := os.Mkdir(filepath.Join(root, "Windows"), 0o755); err != nil {
		f.Fatal(err)
	}
	d, err := Open(Spec{Kind: Offline, Root: root})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { d.Close() })
	f.Fuzz(func(t *testing.T, path string) {
		parts, err := d.split(path, true)
		if err != nil {
			return
		}
		for _, p := range parts {
			if p == "" || p == "." || p == ".." || strings.ContainsAny(p, "/\\:\x00") {
				t.Fatalf("split(%q) = %q", path, parts)
			}
		}
		shown := d.windows(join(parts...))
		again, err := d.split(shown, false)
		if err != nil || !slices.Equal(again, parts) {
			t.Errorf("%q is shown as %q, which splits into %q, %v; want %q", path, shown, again, err, parts)
		}
	})
}
