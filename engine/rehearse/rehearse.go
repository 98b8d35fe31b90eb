// Package rehearse runs the tests that stand beside a playbook: facts by hand or recorded ones take the place of a
// machine, its actions are carried out in memory, and what the playbook concludes, plans, does and takes back is compared
// with what its author expects. It needs no Windows and starts no process: the manifests of plugins are all that it knows
// of them.
//
// A test's facts come from, in this order: `facts`, the `bundle`, the healthy answer of the manifest where the test says
// `defaults: healthy`. What none of them has is not known, with the reason "not given in the test".
package rehearse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/engine/diag"
	"github.com/rectify-project/rectify/engine/playbook"
)

// suffix is how the name of a test file ends. The tests of x.yaml are in x_test.yaml beside it.
const suffix = "_test.yaml"

// Source is a file system with playbooks and their tests.
type Source struct {
	FS fs.FS
	// Display gives the name of a file as people know it.
	Display func(name string) string
	// WithoutBundles says that recorded bundles are not in the file system. Tests that need one are left out and counted.
	WithoutBundles bool
}

// Find lists the test files at or below a place of the file system, in its order. A playbook stands for its tests; the
// folder testdata is not searched.
func (s Source) Find(place string) ([]string, error) {
	info, err := fs.Stat(s.FS, place)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		name := TestsOf(place)
		if _, err := fs.Stat(s.FS, name); err != nil {
			return nil, fmt.Errorf("%s has no tests: there is no %s", s.Display(place), s.Display(name))
		}
		return []string{name}, nil
	}
	var found []string
	err = fs.WalkDir(s.FS, place, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != place && d.Name() == "testdata":
			return fs.SkipDir
		case !d.IsDir() && strings.HasSuffix(name, suffix):
			found = append(found, name)
		}
		return nil
	})
	return found, err
}

// IsTests says whether a file, by its name, holds tests.
func IsTests(name string) bool { return strings.HasSuffix(name, suffix) }

// TestsOf names the test file of a playbook; of a test file it is the file itself.
func TestsOf(name string) string {
	if IsTests(name) {
		return name
	}
	return strings.TrimSuffix(name, path.Ext(name)) + suffix
}

// Run runs the tests of one test file whose names are kept; keep may be nil. A file that cannot be read is an error; what
// is wrong in it, or in its playbook, is in the result.
func Run(ctx context.Context, s Source, name string, functions check.Catalog, keep func(test string) bool) (*File, error) {
	f, p, tests, err := load(s, name, functions)
	if err != nil || f.Problems.HasErrors() {
		return f, err
	}
	f.Playbook = p.ID
	f.Coverage = newCoverage(ctx, p)
	for i := range tests.Tests {
		t := &tests.Tests[i]
		switch {
		case keep != nil && !keep(t.Name.Value):
		case s.WithoutBundles && t.Bundle != nil:
			f.LeftOut++
		default:
			f.Tests = append(f.Tests, run(ctx, s.FS, path.Dir(name), p, tests.File, t, f.Coverage))
		}
	}
	return f, nil
}

// Check says what is wrong with a test file, its playbook and its bundles: all that keeps one of its tests from running.
// It runs none.
func Check(s Source, name string, functions check.Catalog) (*File, error) {
	f, p, tests, err := load(s, name, functions)
	if err != nil || f.Problems.HasErrors() {
		return f, err
	}
	f.Playbook = p.ID
	for i := range tests.Tests {
		_, more := prepare(s.FS, path.Dir(name), p, tests.File, &tests.Tests[i])
		f.Problems = append(f.Problems, more...)
	}
	return f, nil
}

// load reads a test file and its playbook. The playbook is of use when nothing in the problems is an error.
func load(s Source, name string, functions check.Catalog) (*File, *check.Playbook, *playbook.TestFile, error) {
	f := &File{File: s.Display(name), Tests: []Test{}, Sources: map[string][]byte{}}
	source, err := read(s.FS, name)
	if err != nil {
		return nil, nil, nil, err
	}
	f.Sources[f.File] = source
	tests, list := playbook.ParseTests(f.File, source)
	f.Problems = list
	p, err := f.loadPlaybook(s, strings.TrimSuffix(name, suffix)+".yaml", functions)
	if err != nil {
		return nil, nil, nil, err
	}
	return f, p, tests, nil
}

// loadPlaybook reads and checks the playbook; its warnings are a matter of `rectify check`.
func (f *File) loadPlaybook(s Source, name string, functions check.Catalog) (*check.Playbook, error) {
	source, err := read(s.FS, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s tests no playbook: there is no %s", f.File, s.Display(name))
	}
	if err != nil {
		return nil, err
	}
	display := s.Display(name)
	f.Sources[display] = source
	doc, list := playbook.Parse(display, source)
	var p *check.Playbook
	if !list.HasErrors() {
		var more diag.List
		p, more = check.Check(doc, possible{functions})
		list = append(list, more...)
	}
	for _, d := range list.Sorted() {
		if d.Severity == diag.Error {
			f.Problems = append(f.Problems, d)
		}
	}
	return p, nil
}

// read reads a file up to a little more than a document may have; the parser says so when it has more.
func read(fsys fs.FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, playbook.MaxBytes+1))
}

// run runs one test.
func run(ctx context.Context, files fs.FS, dir string, p *check.Playbook, file string, t *playbook.Test, coverage *Coverage) Test {
	out := Test{Name: t.Name.Value, Span: t.Name.Span, Status: Passed}
	stage, problems := prepare(files, dir, p, file, t)
	if out.Problems = problems; problems.HasErrors() {
		out.Status = Failed
		return out
	}
	c := newCourse(p, t, stage)
	c.conclude(ctx)
	coverage.concluded(ctx, c)
	x := &comparison{course: c, ctx: ctx}
	x.diagnosis(t.Expect)
	x.planning(t.Expect)
	if err := x.follow(ctx, t.Expect); err != nil {
		out.Problems = append(out.Problems, diag.Diagnostic{File: file, Span: t.Name.Span, Kind: "rehearsal", Message: "the steps cannot be rehearsed: " + err.Error()})
	}
	coverage.carried(c)
	out.Mismatches = x.mismatches
	if len(out.Mismatches) > 0 || out.Problems.HasErrors() {
		out.Status = Failed
	}
	return out
}

// follow carries the plan out, and takes it back, where the test demands something of that.
func (c *comparison) follow(ctx context.Context, e *playbook.Expectation) error {
	if !e.OfRun() {
		return nil
	}
	if err := c.carryOut(ctx); err != nil {
		return err
	}
	c.running(e)
	if !e.Undo() && !c.ran.Undo {
		return nil
	}
	if err := c.takeBack(ctx); err != nil {
		return err
	}
	c.undoing(e)
	return nil
}
