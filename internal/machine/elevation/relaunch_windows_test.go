package elevation

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"golang.org/x/sys/windows"
)

// The test binary is its own elevated side: it says what it is, reads, and ends with the code that it is told.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && strings.HasPrefix(os.Args[1], hidden) {
		_ = os.Unsetenv("RECTIFY_A") // Wine hands the environment on, Windows gives a new one
	}
	s, args, err := Join(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "join:", err)
		os.Exit(3)
	}
	switch {
	case s == nil && len(os.Args) == 2 && os.Args[1] == "at-console":
		os.Exit(consoleSide())
	case s == nil:
		os.Exit(m.Run())
	case len(args) == 1 && args[0] == "console":
		os.Exit(atConsole(s))
	}
	os.Exit(elevatedSide(s, args))
}

// told is what the elevated side says of itself.
type told struct {
	Standing Standing
	Args     []string
	Folder   string
	A        string
}

func elevatedSide(s *Session, args []string) int {
	standing, err := Read()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 4
	}
	folder, _ := os.Getwd()
	if err := json.NewEncoder(os.Stdout).Encode(told{standing, args, folder, os.Getenv("RECTIFY_A")}); err != nil {
		return 5
	}
	switch args[0] {
	case "stop":
		fmt.Fprint(os.Stderr, "ready")
		<-s.Interrupts()
		fmt.Fprint(os.Stderr, ", stopped")
		return 6
	case "flood":
		_, _ = io.Copy(os.Stdout, io.LimitReader(zeroes{}, 1<<20)) // what is missing is counted
	case "panic":
		panic("in the elevated side")
	}
	in, err := io.ReadAll(os.Stdin)
	fmt.Fprintf(os.Stderr, "read %q, %v", in, err)
	return 7
}

type zeroes struct{}

func (zeroes) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestRelaunch(t *testing.T) {
	t.Setenv("RECTIFY_A", "a \"b\" ü")
	folder := t.TempDir()
	t.Chdir(folder)
	before, err := Read()
	if err != nil {
		t.Fatal(err)
	}
	hostile := []string{"args", "", " ", `"`, `\`, `a\`, `a b\`, `a b\\`, `\"`, `a\\"b c`, "%PATH%", "&calc", "|", "^", "<>", "tab\tnew\nline", "ü日本\U0001f600", "--elevated-by=x", "'", "*", "/c", strings.Repeat("x", 20_000)}
	var out, fail bytes.Buffer
	code, err := Relaunch(t.Context(), hostile, Streams{In: strings.NewReader("line one\nline two"), Out: &out, Err: &fail})
	if err != nil || code != 7 {
		t.Fatalf("code %d, %v; %s", code, err, fail.String())
	}
	var got told
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if !got.Standing.Elevated || !got.Standing.Administrator || got.Standing.Account != before.Account {
		t.Errorf("before %+v, afterwards %+v", before, got.Standing)
	}
	if !reflect.DeepEqual(got.Args, hostile) {
		t.Errorf("arguments %q, want %q", got.Args, hostile)
	}
	same := func(a, b string) bool {
		x, errX := os.Stat(a)
		y, errY := os.Stat(b)
		return errX == nil && errY == nil && os.SameFile(x, y)
	}
	if !same(got.Folder, folder) || got.A != "a \"b\" ü" {
		t.Errorf("%+v", got)
	}
	if want := `read "line one\nline two", <nil>`; fail.String() != want {
		t.Errorf("stderr %q, want %q", fail.String(), want)
	}
}

func TestRelaunchEnds(t *testing.T) {
	for name, x := range map[string]struct {
		arg  string
		code int
		fail string
		size int
	}{
		"much-output": {"flood", 7, "read", 1 << 20},
		"panic":       {"panic", 2, "panic: in the elevated side", 0},
	} {
		t.Run(name, func(t *testing.T) {
			var out, fail bytes.Buffer
			code, err := Relaunch(t.Context(), []string{x.arg}, Streams{Out: &out, Err: &fail})
			if err != nil || code != x.code || !strings.Contains(fail.String(), x.fail) || out.Len() < x.size {
				t.Errorf("code %d, %v, %d bytes; %s", code, err, out.Len(), fail.String())
			}
		})
	}
}

// stopper ends a context when it has seen what it waits for.
type stopper struct {
	seen string
	stop context.CancelFunc
}

func (s *stopper) Write(p []byte) (int, error) {
	s.seen += string(p)
	s.stop()
	return len(p), nil
}

func TestRelaunchIsStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	fail := &stopper{stop: cancel}
	code, err := Relaunch(ctx, []string{"stop"}, Streams{Err: fail})
	if err != nil || code != 6 || fail.seen != "ready, stopped" {
		t.Errorf("code %d, %v; %q", code, err, fail.seen)
	}
}

func TestRelaunchRefuses(t *testing.T) {
	for name, x := range map[string]struct{ arg, tells string }{
		"zero-byte": {"a\x00b", "zero byte"},
		"too-long":  {strings.Repeat("y", 40_000), "too long"},
	} {
		if _, err := Relaunch(t.Context(), []string{x.arg}, Streams{}); err == nil || !strings.Contains(err.Error(), x.tells) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestJoinRefuses makes sure that an elevated process does nothing for somebody who is not the one that started it.
func TestJoinRefuses(t *testing.T) {
	standing, err := Read()
	if err != nil {
		t.Fatal(err)
	}
	i := newInvitation()
	if _, _, err := Join([]string{i.argument()}); !errors.As(err, new(*LostError)) {
		t.Errorf("without pipes: %v", err)
	}
	pipe, err := serve(i.pipe(control), true, standing.Account)
	if err != nil {
		t.Fatal(err)
	}
	defer windows.CloseHandle(pipe)
	if _, err := serve(i.pipe(control), true, standing.Account); err == nil {
		t.Error("a pipe was made behind one of the same name")
	}
	i.process++
	if _, _, err := Join([]string{i.argument()}); !errors.As(err, new(*LostError)) || !strings.Contains(err.Error(), "belongs to process") {
		t.Errorf("the pipe of another process: %v", err)
	}

	i = newInvitation()
	if pipe, err = serve(i.pipe(control), true, standing.Account); err != nil {
		t.Fatal(err)
	}
	defer windows.CloseHandle(pipe)
	f, err := open(i.pipe(control), i.process, false)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := awaitClient(pipe, i.process+1); !errors.Is(err, errNobody) {
		t.Errorf("this process came to its own pipe: %v", err)
	}
	if err := awaitClient(pipe, i.process); err != nil {
		t.Errorf("the process that was started came: %v", err)
	}
}

func TestExecutableIsHeld(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.exe")
	if err := os.WriteFile(path, []byte("x"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := shellExecute(path, "", filepath.Dir(path)); err == nil {
		t.Error("a file that is no program was started")
	}
	if err := os.Remove(path); err != nil {
		t.Errorf("it is held still: %v", err)
	}
}
