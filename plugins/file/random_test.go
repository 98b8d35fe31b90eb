package file

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/plugintest"
	"github.com/rectify-project/rectify/sdk/schema"
	"github.com/rectify-project/rectify/sdk/target"
)

// words are few, so that random trees have what collides: names of other cases, prefixes of others, odd ones.
var words = []string{"a", "A", "b", "ab", "a.b", "%temp%", "日", "x y"}

// seeds are how many random cases are tried.
func seeds(all uint64) uint64 {
	if thrifty {
		return all / 10
	}
	return all
}

func word(r *rand.Rand) string { return words[r.IntN(len(words))] }

func somePath(r *rand.Rand) string {
	path := word(r)
	for range r.IntN(3) {
		path += "/" + word(r)
	}
	return path
}

// randomDisk lays out a few files, folders and links. What cannot be, because a file is where a folder would go, is
// left out.
func randomDisk(t testing.TB, r *rand.Rand) target.Spec {
	t.Helper()
	root := t.TempDir()
	for range 3 + r.IntN(8) {
		path := filepath.Join(root, filepath.FromSlash(somePath(r)))
		content := []byte(strings.Repeat(word(r), r.IntN(50)))
		what := r.IntN(8)
		link := []string{"a", "..", "/etc", "b/a"}[r.IntN(4)]
		if os.MkdirAll(filepath.Dir(path), 0o755) != nil {
			continue
		}
		switch what {
		case 0:
			_ = os.Symlink(link, path)
		case 1:
			_ = os.Mkdir(path, 0o755)
		default:
			_ = os.WriteFile(path, content, 0o644)
		}
	}
	return target.Spec{Kind: target.Offline, Root: root}
}

// TestRandomTrees holds the actions to their promises on random disks, whatever they are asked: what Prepare refuses must
// change nothing, and what it does not must be done, undone and survive crashes.
func TestRandomTrees(t *testing.T) {
	if !canName(t, "日") {
		t.Skip("this file system cannot hold the names")
	}
	inputs := map[string]func(r *rand.Rand, root string) any{
		"rename": func(r *rand.Rand, root string) any {
			in := RenameInput{Path: existing(t, r, root), To: word(r)}
			if r.IntN(2) == 0 {
				in.To, in.Recreated = "new name", setAside
			}
			return in
		},
		"copy": func(r *rand.Rand, root string) any {
			in := CopyInput{Path: existing(t, r, root), To: windowsPath(somePath(r))}
			switch r.IntN(4) {
			case 0:
				in.To = in.Path
			case 1, 2:
				in.To = windowsPath("new")
			}
			return in
		},
	}
	for action, input := range inputs {
		outcomes := map[string]int{}
		for seed := range seeds(20) {
			scene := func(t testing.TB) plugintest.Scene {
				r := rand.New(rand.NewPCG(seed, 20260110))
				disk := randomDisk(t, r)
				return plugintest.Scene{Target: disk, Input: input(r, disk.Root)}
			}
			c := plugintest.ActionCase{Action: action, Scene: scene}
			s := scene(t)
			p, err := plugintest.Serve(t, Plugin()).Prepare(action, s.Target, s.Input)
			switch {
			case err != nil:
				c.Refuses = sdk.AsError(err).Code
				if c.Refuses == sdk.Internal || c.Refuses == sdk.AccessDenied {
					t.Errorf("%s %d: %+v: %v", action, seed, s.Input, err)
				}
				outcomes["refused"]++
			case p.NoOp:
				c.NoOp = true
				outcomes["nothing to do"]++
			default:
				outcomes["done"]++
			}
			t.Run(fmt.Sprintf("%s/%d", action, seed), func(t *testing.T) {
				t.Parallel()
				plugintest.Action(t, Plugin(), c)
			})
		}
		for _, outcome := range []string{"refused", "nothing to do", "done"} {
			if outcomes[outcome] == 0 && !thrifty {
				t.Errorf("%s: %v; no random disk tests %q", action, outcomes, outcome)
			}
		}
		t.Logf("%s: %v", action, outcomes)
	}
}

// existing is mostly the path of something that is there, now and then in another case.
func existing(t testing.TB, r *rand.Rand, root string) schema.TargetPath {
	t.Helper()
	var all []string
	err := filepath.WalkDir(root, func(path string, e os.DirEntry, err error) error {
		if name, _ := filepath.Rel(root, path); name != "." {
			all = append(all, filepath.ToSlash(name))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	path := all[r.IntN(len(all))]
	switch r.IntN(5) {
	case 0:
		path = somePath(r)
	case 1:
		path = strings.ToUpper(path)
	}
	return windowsPath(path)
}

func windowsPath(path string) schema.TargetPath {
	return schema.TargetPath(`C:\` + strings.ReplaceAll(path, "/", `\`))
}

// TestRandomPackages unpacks cabinets of random names: what is refused changes nothing, and what is not stays in the
// new folder.
func TestRandomPackages(t *testing.T) {
	if !canName(t, "日") {
		t.Skip("this file system cannot hold the names")
	}
	parts := append([]string{"..", ".", "nul", "c:", "KB1-x64.cab", "ssu-1.cab"}, words...)
	for seed := range seeds(12) {
		r := rand.New(rand.NewPCG(seed, 20260110))
		var names []string
		for range 1 + r.IntN(5) {
			from := r.IntN(6) // odd parts are rare
			if r.IntN(8) == 0 {
				from = 0
			}
			name := parts[from+r.IntN(len(parts)-from)]
			for range r.IntN(3) {
				name += `\` + words[r.IntN(len(words))]
			}
			names = append(names, name)
		}
		pack := cabinet(t, names...)
		scene := func(t testing.TB) plugintest.Scene {
			return plugintest.Scene{Target: withPackage(t, "u.msu", pack), Input: ExpandInput{Path: `C:\p\u.msu`}}
		}
		c := plugintest.ActionCase{Action: "expand", Scene: scene}
		s := scene(t)
		if _, err := plugintest.Serve(t, Plugin()).Prepare("expand", s.Target, s.Input); err != nil {
			c.Refuses = sdk.AsError(err).Code
			if c.Refuses != sdk.InvalidInput {
				t.Errorf("%q: %v", names, err)
			}
		}
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			plugintest.Action(t, Plugin(), c)
		})
	}
}
