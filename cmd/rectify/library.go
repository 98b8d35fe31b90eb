package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rectify-project/rectify/engine"
	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/engine/diag"
	"github.com/rectify-project/rectify/engine/playbook"
	"github.com/rectify-project/rectify/playbooks"
	"github.com/rectify-project/rectify/sdk/hresult"
)

// entry is one playbook file that can be run.
type entry struct {
	file    string // as diagnostics name it
	source  []byte
	bundled bool
}

// library is the playbooks at hand: those that are part of the program, and those of a folder.
type library struct {
	engine  *engine.Engine
	entries []entry
}

// openLibrary finds the playbooks. dir may be empty.
func openLibrary(e *engine.Engine, dir string) (*library, error) {
	l := &library{engine: e}
	if dir != "" {
		if err := l.add(os.DirFS(dir), func(name string) string { return filepath.Join(dir, filepath.FromSlash(name)) }, false); err != nil {
			return nil, fmt.Errorf("the folder of playbooks cannot be read: %w", err)
		}
	}
	return l, l.add(playbooks.FS, func(name string) string { return name }, true)
}

func (l *library) add(from fs.FS, display func(string) string, bundled bool) error {
	return fs.WalkDir(from, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !isPlaybook(name) {
			return err
		}
		if info, err := fs.Stat(from, name); err != nil || info.IsDir() {
			return err
		} else if !info.Mode().IsRegular() { // opening a pipe would wait for ever
			return fmt.Errorf("%s is not a file", display(name))
		}
		f, err := from.Open(name)
		if err != nil {
			return err
		}
		source, err := readSource(f)
		if err != nil {
			return err
		}
		l.entries = append(l.entries, entry{display(name), source, bundled})
		return nil
	})
}

// readSource reads a playbook up to a little more than one may have, and closes it.
func readSource(f io.ReadCloser) ([]byte, error) {
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, playbook.MaxBytes+1))
}

func isPlaybook(name string) bool {
	return path.Ext(name) == ".yaml" && !strings.HasSuffix(name, "_test.yaml")
}

// badPlaybook is a playbook with errors; its diagnostics say which.
type badPlaybook struct {
	file   string
	source []byte
	list   diag.List
}

func (b *badPlaybook) Error() string { return "the playbook " + b.file + " is wrong" }

// load checks one entry.
func (l *library) load(ctx context.Context, e entry) (*check.Playbook, error) {
	p, list := l.engine.Load(ctx, e.file, e.source)
	if p == nil {
		return nil, &badPlaybook{e.file, e.source, list}
	}
	return p, nil
}

// all checks every playbook.
func (l *library) all(ctx context.Context) ([]*check.Playbook, error) {
	var out []*check.Playbook
	for _, e := range l.entries {
		p, err := l.load(ctx, e)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

// find finds the playbooks that a person means: a file, an id, or an error code in any spelling.
func (l *library) find(ctx context.Context, name string) ([]*check.Playbook, error) {
	if strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml") {
		f, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("the playbook cannot be read: %w", err)
		}
		source, err := readSource(f)
		if err != nil {
			return nil, fmt.Errorf("the playbook cannot be read: %w", err)
		}
		p, err := l.load(ctx, entry{file: name, source: source})
		if err != nil {
			return nil, err
		}
		return []*check.Playbook{p}, nil
	}
	all, err := l.all(ctx)
	if err != nil {
		return nil, err
	}
	code, notACode := hresult.Parse(name)
	var found []*check.Playbook
	var ids []string
	for _, p := range all {
		ids = append(ids, p.ID)
		if strings.EqualFold(p.ID, name) || notACode == nil && slices.Contains(p.Codes, code) {
			found = append(found, p)
		}
	}
	if len(found) > 0 {
		return found, nil
	}
	if notACode != nil {
		return nil, usageError(fmt.Errorf("%q is no error code, playbook id or .yaml file; the playbooks are %s", name, strings.Join(ids, ", ")))
	}
	return nil, usageError(fmt.Errorf("no playbook is about %s %s; there are %s (rectify explain %s says more)", code, code.Symbol(), strings.Join(ids, ", "), code))
}

// withLibrary does something with the playbooks at hand and an engine that is closed afterwards.
func (g *globals) withLibrary(dir string, do func(*library) error) error {
	e, err := g.engine()
	if err != nil {
		return err
	}
	defer e.Close()
	lib, err := openLibrary(e, dir)
	if err != nil {
		return err
	}
	return do(lib)
}

// showBad prints the diagnostics of a wrong playbook.
func (g *globals) showBad(err error) error {
	var bad *badPlaybook
	if !errors.As(err, &bad) {
		return err
	}
	r := diag.Renderer{Sources: map[string][]byte{bad.file: bad.source}, Color: isTerminal(g.stderr)}
	if err := r.Render(g.stderr, bad.list); err != nil {
		return err
	}
	return &exitError{code: exitFound, err: bad}
}
