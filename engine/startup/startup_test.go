package startup

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rectify-project/rectify/internal/machine/tasks"
)

// shelf keeps what is registered.
type shelf map[string]string

func (s shelf) Register(_ context.Context, path, xml string) (tasks.Task, error) {
	s[path] = xml
	return tasks.Task{Path: path, XML: xml}, nil
}

func (s shelf) Delete(_ context.Context, path string) error {
	if _, there := s[path]; !there {
		return tasks.ErrNotFound
	}
	delete(s, path)
	return nil
}

func program(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rectify.exe")
	if err := os.WriteFile(path, []byte("a program"), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestKeptProgram(t *testing.T) {
	s := Startup{State: t.TempDir(), Program: program(t)}
	kept, err := s.keepProgram()
	if err != nil {
		t.Fatal(err)
	}
	if filepath.Dir(kept) != filepath.Join(s.State, "bin") {
		t.Errorf("it is kept at %s", kept)
	}
	// Somebody has changed the copy: what is run is what this program is.
	if err := os.WriteFile(kept, []byte("something else"), 0o700); err != nil {
		t.Fatal(err)
	}
	again, err := s.keepProgram()
	if err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(again); err != nil || again != kept || string(text) != "a program" {
		t.Errorf("%s holds %q, %v", again, text, err)
	}
	if left, err := os.ReadDir(filepath.Dir(kept)); err != nil || len(left) != 1 {
		t.Errorf("beside the program there is %v, %v", left, err)
	}
}

func TestUnprotectedIsRefused(t *testing.T) {
	made := shelf{}
	s := Startup{Tasks: made, State: t.TempDir(), Program: program(t), Unprotected: "everybody may write there"}
	if err := s.Arrange(t.Context(), "r1"); err == nil || !strings.Contains(err.Error(), "everybody may write there") || len(made) != 0 {
		t.Errorf("%v, %v", err, made)
	}
	if err := s.Release(t.Context(), "r1"); err != nil {
		t.Errorf("nothing to remove: %v", err)
	}
}

func TestRemovingFails(t *testing.T) {
	denied := errors.New("access is denied")
	s := Startup{Tasks: stuck{denied}}
	if err := s.Release(t.Context(), "r1"); !errors.Is(err, denied) || !strings.Contains(err.Error(), `\Rectify resume r1`) {
		t.Errorf("%v", err)
	}
}

type stuck struct{ err error }

func (s stuck) Register(context.Context, string, string) (tasks.Task, error) {
	return tasks.Task{}, s.err
}
func (s stuck) Delete(context.Context, string) error { return s.err }
