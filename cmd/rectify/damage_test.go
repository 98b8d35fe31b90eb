package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rectify-project/rectify/engine"
	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/engine/report"
)

// damage is something that happens to one file of a disk. It is given the file's content and random numbers of its own.
type damage struct {
	name string
	do   func(path string, whole []byte, rng *rand.Rand) error
}

// rewritten is damage to the content of a file.
func rewritten(name string, change func(b []byte, rng *rand.Rand) []byte) damage {
	return damage{name, func(path string, whole []byte, rng *rand.Rand) error {
		return os.WriteFile(path, change(bytes.Clone(whole), rng), 0o644)
	}}
}

// replaced is damage that puts something else where a file was.
func replaced(name string, put func(path string) error) damage {
	return damage{name, func(path string, _ []byte, _ *rand.Rand) error {
		return errors.Join(os.Remove(path), put(path))
	}}
}

func damages() []damage {
	cut := func(part float64) func([]byte, *rand.Rand) []byte {
		return func(b []byte, _ *rand.Rand) []byte { return b[:int(float64(len(b))*part)] }
	}
	all := []damage{
		rewritten("empty", cut(0)),
		rewritten("one-byte", func(b []byte, _ *rand.Rand) []byte { return b[:min(1, len(b))] }),
		rewritten("cut-at-a-tenth", cut(0.1)),
		rewritten("cut-at-a-half", cut(0.5)),
		rewritten("cut-before-the-end", func(b []byte, _ *rand.Rand) []byte { return b[:max(0, len(b)-3)] }),
		rewritten("cut-somewhere", func(b []byte, rng *rand.Rand) []byte { return b[:rng.IntN(len(b)+1)] }),
		rewritten("zeros", func(b []byte, _ *rand.Rand) []byte { return make([]byte, len(b)) }),
		rewritten("zeros-after-the-head", func(b []byte, _ *rand.Rand) []byte { clear(b[min(len(b), 4096):]); return b }),
		rewritten("random", func(b []byte, rng *rand.Rand) []byte { fill(b, rng); return b }),
		rewritten("random-after-the-head", func(b []byte, rng *rand.Rand) []byte { fill(b[min(len(b), 4096):], rng); return b }),
		rewritten("text", func([]byte, *rand.Rand) []byte { return bytes.Repeat([]byte("lorem ipsum\r\n"), 400) }),
		rewritten("trailing-random", func(b []byte, rng *rand.Rand) []byte {
			more := make([]byte, 5000)
			fill(more, rng)
			return append(b, more...)
		}),
		replaced("directory", func(path string) error { return os.Mkdir(path, 0o755) }),
	}
	for _, n := range []int{1, 8, 64, 1000} {
		all = append(all, rewritten(fmt.Sprintf("%d-bits-flipped", n), func(b []byte, rng *rand.Rand) []byte {
			for range n {
				if len(b) > 0 {
					b[rng.IntN(len(b))] ^= 1 << rng.IntN(8)
				}
			}
			return b
		}))
	}
	if runtime.GOOS != "windows" {
		all = append(all,
			replaced("link-out", func(path string) error { return os.Symlink("/etc/passwd", path) }),
			replaced("relative-link-out", func(path string) error {
				return os.Symlink(strings.Repeat("../", 30)+"etc/passwd", path)
			}),
			replaced("link-loop", func(path string) error { return os.Symlink(filepath.Base(path), path) }),
			replaced("link-to-nothing", func(path string) error { return os.Symlink("gone", path) }),
			replaced("endless-device", func(path string) error { return os.Symlink("/dev/zero", path) }),
		)
	}
	return append(all, unixDamages()...)
}

func fill(b []byte, rng *rand.Rand) {
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
}

// wreck is a copy of a sample disk that is damaged and made whole again.
type wreck struct {
	root  string
	files []string // relative, in order
	whole map[string][]byte
}

func copyDisk(t testing.TB, name string) *wreck {
	t.Helper()
	w := &wreck{root: filepath.Join(t.TempDir(), name), whole: map[string][]byte{}}
	from := filepath.Join("..", "..", "examples", "hosts", name)
	if err := os.CopyFS(w.root, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(w.root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(w.root, path)
		if err != nil {
			return err
		}
		w.files = append(w.files, rel)
		w.whole[rel], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// with damages files, calls look, and makes the files whole again.
func (w *wreck) with(t testing.TB, files []string, d damage, seed uint64, look func()) {
	t.Helper()
	for _, file := range files {
		h := fnv.New64a()
		fmt.Fprint(h, filepath.Base(w.root), filepath.ToSlash(file), d.name)
		if err := d.do(filepath.Join(w.root, file), w.whole[file], rand.New(rand.NewPCG(seed, h.Sum64()))); err != nil {
			t.Fatal(err)
		}
	}
	look()
	for _, file := range files {
		path := filepath.Join(w.root, file)
		if err := errors.Join(os.RemoveAll(path), os.WriteFile(path, w.whole[file], 0o644)); err != nil {
			t.Fatal(err)
		}
	}
}

// named gives the files whose names hold one of the words.
func (w *wreck) named(words ...string) []string {
	var found []string
	for _, file := range w.files {
		if slices.ContainsFunc(words, func(word string) bool { return strings.Contains(file, word) }) {
			found = append(found, file)
		}
	}
	return found
}

// talk is what an engine says on stderr.
type talk struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (k *talk) Write(b []byte) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.buf.Write(b)
}

// take gives what was said since it was last asked.
func (k *talk) take() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	s := k.buf.String()
	k.buf.Reset()
	return s
}

// wreckTimeout bounds the diagnosis of a damaged disk: it is there to fail a test that would hang.
const wreckTimeout = time.Minute

// diagnoseWreck diagnoses a disk. A disk whose time cannot be found has no report, and an error that says so.
func diagnoseWreck(t testing.TB, e *engine.Engine, p *check.Playbook, root string) (*report.Report, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), wreckTimeout)
	defer cancel()
	s, err := e.Open(ctx, engine.Where{Root: root})
	if err != nil {
		return nil, err
	}
	inputs, err := engine.Inputs(p, nil, false)
	if err != nil {
		t.Fatal(err)
	}
	r := report.Build(e.Diagnose(ctx, p, s, inputs), reportTarget(s))
	if ctx.Err() != nil {
		t.Fatalf("the diagnosis did not end within %s", wreckTimeout)
	}
	return r, nil
}

// judgeWreck says what is wrong with the report of a damaged disk: it may know less than that of the whole disk, and
// never says otherwise.
func judgeWreck(whole, got *report.Report) []string {
	var wrong []string
	complain := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	if got.Outcome != whole.Outcome && got.Outcome != "undetermined" {
		complain("outcome %q, on the whole disk %q", got.Outcome, whole.Outcome)
	}
	for _, f := range slices.Concat(got.Causes, got.Symptoms, []report.Finding{got.Applies}) {
		if f.Verdict == "undetermined" && len(f.Unknown) == 0 {
			complain("%s is undetermined without a reason", f.Name)
		}
		if slices.ContainsFunc(f.Unknown, func(u report.Unknown) bool { return u.Reason == "" }) {
			complain("%s rests on something unknown without a reason", f.Name)
		}
	}
	was := verdicts(whole)
	for cause, verdict := range verdicts(got) {
		if verdict == "confirmed" && was[cause] != "confirmed" || verdict == "ruled out" && was[cause] == "confirmed" {
			complain("%s is %s, on the whole disk %s", cause, verdict, was[cause])
		}
	}
	for _, f := range got.Facts {
		if f.Status != "observed" && f.Reason == "" {
			complain("%s is %s without a reason", f.Name, f.Status)
		}
		for _, word := range []string{"panic", "goroutine", "runtime error", "crashed", "killed", "gave no answer"} {
			if strings.Contains(f.Reason, word) {
				complain("%s: %s", f.Name, f.Reason)
			}
		}
	}
	return wrong
}

// TestDamagedDisks damages each file of the sample disks in turn, and those that tell of updates all at once: a choice of
// the damage, which changes with nothing. RECTIFY_DAMAGE=N does all of it with N seeds.
func TestDamagedDisks(t *testing.T) {
	seeds, _ := strconv.Atoi(os.Getenv("RECTIFY_DAMAGE")) // not a number, or none: the choice
	said := &talk{}
	g := &globals{program: program{stdout: said, stderr: said}, logLevel: "warn", lockFile: filepath.Join(t.TempDir(), "rectify.lock")}
	e, err := g.engine()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	p := bundled(t, e, "0x8024001E")
	for _, name := range []string{"task-interferes", "unexpected-restart", "corrupt-download", "healthy"} {
		t.Run(name, func(t *testing.T) {
			w := copyDisk(t, name)
			whole, err := diagnoseWreck(t, e, p, w.root)
			if err != nil {
				t.Fatal(err)
			}
			turn := 0
			try := func(files []string, of string, decisive bool) {
				for i, d := range damages() {
					turn++
					if seeds == 0 && (!decisive && turn%7 != 0 || decisive && i%2 != 0) {
						continue
					}
					for seed := range uint64(max(seeds, 1)) {
						w.with(t, files, d, seed, func() {
							got, err := diagnoseWreck(t, e, p, w.root)
							var wrong []string
							switch {
							case err == nil:
								wrong = judgeWreck(whole, got)
							case !decisive || !strings.HasPrefix(err.Error(), "the time of the target cannot be found: "):
								wrong = []string{err.Error()}
							}
							if s := said.take(); s != "" {
								wrong = append(wrong, "stderr: "+s)
							}
							for _, s := range wrong {
								t.Errorf("%s, %s, seed %d: %s", of, d.name, seed, s)
							}
						})
					}
				}
			}
			for _, file := range w.files {
				try([]string{file}, file, strings.HasSuffix(file, "System.evtx"))
			}
			try(w.named("System.evtx", "ReportingEvents", "WindowsUpdateClient", ".etl"), "what tells of updates", true)
			try(w.named(".evtx"), "every channel", true)
			try(w.named("config"), "every hive", true)
			try(w.files, "everything", true)
		})
	}
}
