package kept

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rectify-project/rectify/sdk"
)

type begun struct {
	Version int               `json:"version"`
	Names   map[string]string `json:"names,omitempty"`
}

const name = "begun.json"

func wantError(t *testing.T, err error, code sdk.ErrorCode, words string) {
	t.Helper()
	var e *sdk.Error
	if !errors.As(err, &e) || e.Code != code || !strings.Contains(e.Message, words) {
		t.Errorf("got the error %v, want %s: …%s…", err, code, words)
	}
}

// wantFiles compares the names in a folder.
func wantFiles(t *testing.T, folder string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("there are %q, want %q", got, want)
	}
}

func TestRoundTrip(t *testing.T) {
	dir := t.TempDir()
	var got begun
	if found, err := Read(dir, name, &got); found || err != nil || !reflect.DeepEqual(got, begun{}) {
		t.Errorf("before anything is kept: %v %+v %v", found, got, err)
	}
	for _, want := range []begun{{1, map[string]string{"Ü": `a "b"`}}, {Version: 2}} { // the second is shorter
		if err := Write(dir, name, want); err != nil {
			t.Fatal(err)
		}
		var got begun
		if found, err := Read(dir, name, &got); !found || err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %v %+v %v, want %+v", found, got, err, want)
		}
		wantFiles(t, dir, name)
	}
	if text, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(text) != `{"version":2}` {
		t.Errorf("the file has %q, %v", text, err)
	}
	for range 2 {
		if err := Drop(dir, name); err != nil {
			t.Error(err)
		}
		wantFiles(t, dir)
	}
	if err := Write(dir, name, begun{Version: 3}); err != nil {
		t.Errorf("after it was dropped: %v", err)
	}
}

func TestLeftoversOfACrash(t *testing.T) {
	dir := t.TempDir()
	leave := func() {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name+scratch), []byte(`{"version":9,"names":{"half`), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	leave()
	if found, err := Read(dir, name, &begun{}); found || err != nil {
		t.Errorf("what was not kept whole is read: %v, %v", found, err)
	}
	if err := Drop(dir, name); err != nil {
		t.Errorf("drop beside a leftover: %v", err)
	}
	leave()
	if err := Write(dir, name, begun{Version: 1}); err != nil {
		t.Fatal(err)
	}
	wantFiles(t, dir, name)
	leave()
	var got begun
	if found, err := Read(dir, name, &got); !found || err != nil || got.Version != 1 {
		t.Errorf("beside a leftover: %v %+v %v", found, got, err)
	}
	if err := Drop(dir, name); err != nil {
		t.Errorf("drop beside a leftover: %v", err)
	}
	if found, err := Read(dir, name, &begun{}); found || err != nil {
		t.Errorf("after it was dropped: %v, %v", found, err)
	}
}

func TestDamaged(t *testing.T) {
	for name, text := range map[string]string{
		"empty":        "",
		"cut-off":      `{"version":1`,
		"trailing":     `{"version":1}{"version":2}`,
		"another-type": `{"version":"one"}`,
		"zeros":        "\x00\x00\x00\x00",
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "damaged.json")
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			found, err := Read(dir, "damaged.json", &begun{})
			wantError(t, err, sdk.Unavailable, "what was kept in the state directory cannot be read: "+path)
			if found {
				t.Error("it is found")
			}
			if err := Drop(dir, "damaged.json"); err != nil {
				t.Errorf("it cannot be dropped: %v", err)
			}
		})
	}
}

func TestTooMuch(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, name)
	f, err := os.Create(path)
	if err == nil {
		err = errors.Join(f.Truncate(MaxBytes+1), f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	_, err = Read(dir, name, &begun{})
	wantError(t, err, sdk.Unavailable, "bytes, expected at most 134217728")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	wantError(t, write(dir, name, make([]byte, MaxBytes+1)), sdk.Internal, "it has 134217729 bytes")
	wantFiles(t, dir)
}

func TestInTheWay(t *testing.T) {
	t.Run("a-folder", func(t *testing.T) {
		dir := t.TempDir()
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
		wantError(t, Write(dir, name, begun{}), sdk.Unavailable, "what undo needs cannot be kept in the state directory, so nothing more is changed")
		found, err := Read(dir, name, &begun{})
		wantError(t, err, sdk.Unavailable, "is no file")
		if found {
			t.Error("it is found")
		}
		wantError(t, Drop(dir, name), sdk.Unavailable, "the state directory cannot be changed")
		wantFiles(t, dir, name)
	})
	t.Run("a-folder-of-the-temporary-name", func(t *testing.T) {
		dir := t.TempDir()
		if err := Write(dir, name, begun{Version: 1}); err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(filepath.Join(dir, name+scratch), 0o700); err != nil {
			t.Fatal(err)
		}
		wantError(t, Write(dir, name, begun{Version: 2}), sdk.Unavailable, "cannot be kept")
		var got begun
		if found, err := Read(dir, name, &got); !found || err != nil || got.Version != 1 {
			t.Errorf("what was kept is not as it was: %v %+v %v", found, got, err)
		}
	})
	t.Run("no-state-directory", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "gone")
		wantError(t, Write(dir, name, begun{}), sdk.Unavailable, "cannot be kept")
		if found, err := Read(dir, name, &begun{}); found || err != nil {
			t.Errorf("read: %v, %v", found, err)
		}
		if err := Drop(dir, name); err != nil {
			t.Errorf("drop: %v", err)
		}
	})
}

func TestNames(t *testing.T) {
	for name, file := range map[string]string{
		"empty":           "",
		"slash":           "a/b",
		"backslash":       `a\b`,
		"stream":          "a:b",
		"parent":          "..",
		"self":            ".",
		"final-dot":       "a.",
		"space":           "a ",
		"nul":             "a\x00",
		"letters-of-more": "ä.json",
		"temporary":       "a.New",
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			wantError(t, Write(dir, file, begun{}), sdk.Internal, "nothing can be kept as")
			_, err := Read(dir, file, &begun{})
			wantError(t, err, sdk.Internal, "nothing can be kept as")
			wantError(t, Drop(dir, file), sdk.Internal, "nothing can be kept as")
			wantFiles(t, dir)
		})
	}
	for name, dir := range map[string]string{"no-directory": "", "relative-directory": "state"} {
		t.Run(name, func(t *testing.T) {
			wantError(t, Write(dir, "a", begun{}), sdk.InvalidInput, "not an absolute path")
		})
	}
	t.Run("no-json", func(t *testing.T) {
		dir := t.TempDir()
		wantError(t, Write(dir, "a", func() {}), sdk.Internal, "unsupported type")
		wantFiles(t, dir)
	})
}

// TestReadWhileItIsWritten reads a value again and again while it is replaced: it is always one of those that were kept.
func TestReadWhileItIsWritten(t *testing.T) {
	dir := t.TempDir()
	value := func(n int) begun {
		return begun{n, map[string]string{"n": strings.Repeat(fmt.Sprint(n%10), 1+n*97%5000)}}
	}
	if err := Write(dir, name, value(0)); err != nil {
		t.Fatal(err)
	}
	var readers sync.WaitGroup
	done := make(chan struct{})
	for range 2 {
		readers.Go(func() {
			for last := 0; ; {
				var got begun
				found, err := Read(dir, name, &got)
				if !found || err != nil || got.Version < last || !reflect.DeepEqual(got, value(got.Version)) {
					t.Errorf("after %d: %v %.80v %v", last, found, got, err)
					return
				}
				last = got.Version
				select {
				case <-done:
					return
				case <-time.After(2 * time.Millisecond): // for the writer: Windows replaces no file that is open
				}
			}
		})
	}
	for n := 1; n <= 20; n++ {
		if err := Write(dir, name, value(n)); err != nil {
			t.Error(err)
		}
	}
	close(done)
	readers.Wait()
}

func TestWriteFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "before.txt")
	for _, want := range []string{"a\r\n\x00long text", "b", ""} {
		if err := WriteFile(path, []byte(want)); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != want {
			t.Errorf("got %q %v, want %q", got, err, want)
		}
	}
	if err := SyncFolder(filepath.Dir(path)); err != nil {
		t.Error(err)
	}
	wantFiles(t, filepath.Dir(path), "before.txt")
	err := WriteFile(filepath.Join(path, "below-a-file"), nil)
	if err == nil {
		t.Error("a file is written below a file")
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"version":1,"names":{"a":"b"}}`))
	f.Add([]byte(`{"version":1e400}`))
	f.Add([]byte("null"))
	f.Add([]byte("\xff\xfe{\x00"))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
		var got begun
		found, err := Read(dir, name, &got)
		if found == (err != nil) {
			t.Errorf("found %v with the error %v", found, err)
		}
		if err != nil {
			wantError(t, err, sdk.Unavailable, "cannot be read")
			return
		}
		if err := Write(dir, name, got); err != nil {
			t.Error(err)
		}
	})
}
