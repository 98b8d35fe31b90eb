package trust

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

const digestA = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // whatever the umask
		t.Fatal(err)
	}
}

// folder is one that only its owner may write.
func folder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestLockRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), LockFile)
	l, err := Load(path)
	if err != nil || len(l.Pins()) != 0 {
		t.Fatalf("a lock that is not there: %v, %v", l, err)
	}
	l.Pin(Pin{"zeta", "1.0.0", "windows/amd64", digestA})
	l.Pin(Pin{"alpha", "1.0.0", "windows/amd64", digestA})
	l.Pin(Pin{"alpha", "1.0.0", "linux/amd64", digestA})
	l.Pin(Pin{"zeta", "2.0.0", "windows/amd64", digestA})
	if err := l.Save(path); err != nil {
		t.Fatal(err)
	}
	first, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Save(path); err != nil {
		t.Fatal(err)
	}
	second, err := os.ReadFile(path)
	if err != nil || string(first) != string(second) {
		t.Errorf("saving what was loaded changes it:\n%s\n%s", first, second)
	}
	var order []string
	for _, p := range again.Pins() {
		order = append(order, p.Name+" "+p.Platform+" "+p.Version)
	}
	if got := strings.Join(order, ", "); got != "alpha linux/amd64 1.0.0, alpha windows/amd64 1.0.0, zeta windows/amd64 2.0.0" {
		t.Errorf("order: %s", got)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestLoadRefuses(t *testing.T) {
	for name, x := range map[string]struct{ text, tells string }{
		"not-json":        {"name: x", "cannot be read"},
		"other-version":   {`{"version": 2, "plugins": []}`, "version 2"},
		"unknown-field":   {`{"version": 1, "plugin": []}`, "unknown field"},
		"odd-name":        {`{"version": 1, "plugins": [{"name": "../x", "sha256": "` + digestA + `"}]}`, `"../x"`},
		"no-digest":       {`{"version": 1, "plugins": [{"name": "x"}]}`, "SHA-256"},
		"upper-case":      {`{"version": 1, "plugins": [{"name": "x", "sha256": "` + strings.ToUpper(digestA) + `"}]}`, "lower-case"},
		"twice-the-same":  {`{"version": 1, "plugins": [{"name": "x", "sha256": "` + digestA + `"}, {"name": "x", "sha256": "` + digestA + `"}]}`, "twice"},
		"nothing-in-file": {"", "cannot be read"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), LockFile)
			write(t, path, x.text, 0o600)
			if _, err := Load(path); err == nil || !strings.Contains(err.Error(), x.tells) {
				t.Errorf("got %v, want it to tell %q", err, x.tells)
			}
		})
	}
}

func TestVerify(t *testing.T) {
	path := filepath.Join(folder(t), "rectify-plugin-x")
	write(t, path, "one", 0o755)
	b, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	var none *Lock
	var notPinned *NotPinnedError
	if _, err := none.Verify("x", path); !errors.As(err, &notPinned) || !strings.Contains(err.Error(), b.SHA256) || !strings.Contains(err.Error(), "rectify plugins lock") {
		t.Errorf("without a pin: %v", err)
	}
	l := &Lock{}
	l.Pin(Pin{"x", "1.0.0", "plan9/mips", b.SHA256})
	if _, err := l.Verify("x", path); !errors.As(err, &notPinned) {
		t.Errorf("pinned for another platform: %v", err)
	}
	l.Pin(Pin{"x", "1.0.0", Platform(), b.SHA256})
	b, err = l.Verify("x", path)
	if err != nil || b.Unchanged() != nil {
		t.Fatalf("pinned: %v, %v", err, b.Unchanged())
	}
	write(t, path+".new", "two", 0o755)
	if runtime.GOOS == "windows" {
		renamed, written, removed := os.Rename(path+".new", path), os.WriteFile(path, []byte("two"), 0o755), os.Remove(path)
		if renamed == nil || written == nil || removed == nil || b.Unchanged() != nil {
			t.Errorf("a file that is held was renamed over: %v, written: %v, removed: %v", renamed, written, removed)
		}
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
	if err := b.Unchanged(); err == nil {
		t.Error("a file that was replaced passes as unchanged")
	}
	var mismatch *MismatchError
	if _, err := l.Verify("x", path); !errors.As(err, &mismatch) || mismatch.Pinned.SHA256 != b.SHA256 || !strings.Contains(err.Error(), mismatch.Found) {
		t.Errorf("replaced: %v", err)
	}
}

func TestWritableByOthers(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("modes are of Unix; lists of access have a test of their own")
	}
	for name, x := range map[string]struct {
		folder, file os.FileMode
		tells        string
	}{
		"file-by-group":      {0o755, 0o775, "its group"},
		"file-by-everybody":  {0o755, 0o757, "everybody"},
		"folder-by-group":    {0o775, 0o755, "its group"},
		"folder-by-everyone": {0o777, 0o755, "its group and everybody"},
		"by-owner-only":      {0o755, 0o755, ""},
	} {
		t.Run(name, func(t *testing.T) {
			dir := folder(t)
			path := filepath.Join(dir, "rectify-plugin-x")
			write(t, path, "x", x.file)
			if err := os.Chmod(dir, x.folder); err != nil {
				t.Fatal(err)
			}
			_, err := Read(path)
			if x.tells == "" && err != nil || x.tells != "" && (err == nil || !strings.Contains(err.Error(), x.tells) || !strings.Contains(err.Error(), "chmod go-w")) {
				t.Errorf("got %v, want it to tell %q", err, x.tells)
			}
		})
	}
}

func TestLinkIntoAFolderOfOthers(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("not every user may make links there, and Wine makes none")
	}
	dir, open := folder(t), folder(t)
	write(t, filepath.Join(open, "x"), "x", 0o755)
	if err := os.Chmod(open, 0o777); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "rectify-plugin-x")
	if err := os.Symlink(filepath.Join(open, "x"), link); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(link); err == nil || !strings.Contains(err.Error(), open+" may be written") {
		t.Errorf("a link into a folder that everybody may write: %v", err)
	}
}

func TestBelongsToAnother(t *testing.T) {
	if runtime.GOOS == "windows" || os.Geteuid() != 0 {
		t.Skip("only root can give a file away")
	}
	path := filepath.Join(folder(t), "rectify-plugin-x")
	write(t, path, "x", 0o755)
	if err := os.Chown(path, 12345, -1); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(path); err == nil || !strings.Contains(err.Error(), "12345") {
		t.Errorf("a file of another user: %v", err)
	}
}

func TestDiscover(t *testing.T) {
	dir := folder(t)
	suffix := ""
	if runtime.GOOS == "windows" {
		suffix = ".exe"
	}
	for _, name := range []string{"rectify-plugin-b", "rectify-plugin-a", "rectify-plugin-Bad", "rectify-plugin-", "other", "rectify-plugin-a.txt"} {
		write(t, filepath.Join(dir, name+suffix), "x", 0o755)
	}
	if err := os.Mkdir(filepath.Join(dir, "rectify-plugin-folder"), 0o755); err != nil {
		t.Fatal(err)
	}
	found, err := Discover(dir)
	if err != nil || len(found) != 2 || found[0].Name != "a" || found[1].Name != "b" || !filepath.IsAbs(found[0].Path) {
		t.Errorf("found %+v, %v", found, err)
	}
	if _, err := Discover(filepath.Join(dir, "none")); err == nil || !strings.Contains(err.Error(), "does not exist") {
		t.Errorf("a folder that is not there: %v", err)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte(`{"version": 1, "plugins": [{"name": "x", "version": "1.0.0", "platform": "linux/amd64", "sha256": "` + digestA + `"}]}`))
	f.Add([]byte(`{"version": 1}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		path := filepath.Join(t.TempDir(), LockFile)
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		l, err := Load(path)
		if err != nil {
			return
		}
		if err := l.Save(path); err != nil {
			t.Fatal(err)
		}
		again, err := Load(path)
		if err != nil || len(again.Pins()) != len(l.Pins()) {
			t.Errorf("what was saved does not load: %v", err)
		}
	})
}
