package file

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	forge "github.com/rectify-project/rectify/internal/forge/cab"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/plugintest"
	"github.com/rectify-project/rectify/sdk/target"
)

// layOut makes an offline disk of names: those ending in a slash are folders, "a -> b" is a symbolic link, "a = text" a
// file with this text, and the rest are files that hold their own name.
func layOut(t testing.TB, names ...string) target.Spec {
	t.Helper()
	root := t.TempDir()
	for _, n := range names {
		name, link, linked := strings.Cut(n, " -> ")
		name, text, written := strings.Cut(name, " = ")
		if !written {
			text = name
		}
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
			err = os.WriteFile(path, []byte(text), 0o640)
		}
		if err != nil {
			t.Skipf("this file system cannot hold %q: %v", n, err)
		}
	}
	return target.Spec{Kind: target.Offline, Root: root}
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

// canName says whether a file can have a name here. Wine knows the characters of its locale only.
func canName(t testing.TB, name string) bool {
	t.Helper()
	return os.WriteFile(filepath.Join(t.TempDir(), name), nil, 0o600) == nil
}

// thrifty says that each of the many steps of plugintest.Action takes long: through Wine's file system. Of cases that hold
// the same promises with other arguments only a few are put through it there.
const thrifty = runtime.GOOS == "windows"

// keepsPromises puts a case through plugintest.Action.
func keepsPromises(t *testing.T, name string, c plugintest.ActionCase) {
	t.Helper()
	switch name {
	case "folder", "there-already", "nothing-there":
	default:
		if thrifty {
			return
		}
	}
	plugintest.Action(t, Plugin(), c)
}

// listing names what is below a folder, sorted: folders end in a slash, files are followed by their content.
func listing(t testing.TB, root string) []string {
	t.Helper()
	var list []string
	err := filepath.Walk(root, func(path string, info os.FileInfo, err error) error {
		if err != nil || path == root {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		switch {
		case info.IsDir():
			name += "/"
		case info.Mode().IsRegular():
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			name += " = " + string(b)
		}
		list = append(list, name)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(list)
	return list
}

// done is an action that is prepared on a disk, and can be done in it.
type done struct {
	*plugintest.Client
	t      testing.TB
	action string
	on     target.Spec
	input  any
	token  json.RawMessage
	state  string
}

func prepared(t testing.TB, action string, on target.Spec, input any) *done {
	t.Helper()
	d := &done{plugintest.Serve(t, Plugin()), t, action, on, input, nil, t.TempDir()}
	p, err := d.Prepare(action, on, input)
	if err != nil {
		t.Fatal(err)
	}
	d.token = p.Token
	return d
}

// apply applies, and gives the output.
func apply[Out any](d *done) Out {
	d.t.Helper()
	a, err := d.Apply(d.action, d.on, d.input, d.token, d.state)
	if err != nil {
		d.t.Fatal(err)
	}
	return output[Out](d, a)
}

func undo[Out any](d *done) Out {
	d.t.Helper()
	a, err := d.Undo(d.action, d.on, d.token, d.state)
	if err != nil {
		d.t.Fatal(err)
	}
	return output[Out](d, a)
}

func output[Out any](d *done, a sdk.Applied) Out {
	d.t.Helper()
	var out Out
	if err := json.Unmarshal(a.Output, &out); err != nil {
		d.t.Fatal(err)
	}
	return out
}

// assess wants a state, and a reason that holds some words.
func (d *done) assess(want sdk.State, words string) {
	d.t.Helper()
	a, err := d.Assess(d.action, d.on, d.token, d.state)
	if err != nil || a.State != want || !strings.Contains(a.Reason, words) {
		d.t.Errorf("assessed %q (%s), %v; want %q, holding %q", a.State, a.Reason, err, want, words)
	}
}

// fails wants an error of a code that holds some words, and nothing changed on the disk.
func (d *done) fails(call string, do func() error, code sdk.ErrorCode, words string) {
	d.t.Helper()
	before := listing(d.t, d.on.Root)
	err := do()
	if err == nil || sdk.AsError(err).Code != code || !strings.Contains(err.Error(), words) {
		d.t.Errorf("%s gives %v, want code %s, holding %q", call, err, code, words)
	}
	if after := listing(d.t, d.on.Root); !slices.Equal(before, after) {
		d.t.Errorf("%s failed, and changed something:\n%q\n%q", call, before, after)
	}
}

func (d *done) applyFails(code sdk.ErrorCode, words string) {
	d.t.Helper()
	d.fails("Apply", func() error {
		_, err := d.Apply(d.action, d.on, d.input, d.token, d.state)
		return err
	}, code, words)
}

func (d *done) undoFails(code sdk.ErrorCode, words string) {
	d.t.Helper()
	d.fails("Undo", func() error {
		_, err := d.Undo(d.action, d.on, d.token, d.state)
		return err
	}, code, words)
}

// write writes a file of the disk, and removes one where the text is empty.
func (d *done) write(name, text string) {
	d.t.Helper()
	path := filepath.Join(d.on.Root, filepath.FromSlash(name))
	var err error
	if text == "" {
		err = os.RemoveAll(path)
	} else {
		err = errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644))
	}
	if err != nil {
		d.t.Fatal(err)
	}
}

// cabinet packs files that hold their own names several times.
func cabinet(t testing.TB, names ...string) []byte {
	t.Helper()
	c := forge.Cabinet{Folders: []forge.Folder{{Method: forge.MSZIP}}}
	for i, name := range names {
		data := []byte(strings.Repeat(fmt.Sprintf("%s %d\n", name, i), 1+300*i))
		c.Folders[0].Files = append(c.Folders[0].Files, forge.File{Name: name, Time: time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC), Data: data})
	}
	b, err := c.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// refused prepares, and wants an error of a code at a place of the input, holding some words, and nothing changed.
func refused(t *testing.T, action string, on target.Spec, input any, code sdk.ErrorCode, path, words string) {
	t.Helper()
	before := listing(t, on.Root)
	_, err := plugintest.Serve(t, Plugin()).Prepare(action, on, input)
	if err == nil {
		t.Fatalf("Prepare does not refuse, want code %s", code)
	}
	if e := sdk.AsError(err); e.Code != code || e.Path != path || !strings.Contains(e.Error(), words) {
		t.Errorf("got %v, code %s at %s; want code %s at %s, holding %q", e, e.Code, e.Path, code, path, words)
	}
	if after := listing(t, on.Root); !slices.Equal(before, after) {
		t.Errorf("Prepare has changed something:\n%q\n%q", before, after)
	}
}
