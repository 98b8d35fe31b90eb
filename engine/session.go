package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/engine/fact"
	"github.com/rectify-project/rectify/engine/host"
	"github.com/rectify-project/rectify/sdk/target"
)

// Where says what to look at: a disk, a bundle, or this machine when both are empty.
type Where struct {
	Root   string    // folder that holds the disk's Windows folder
	Bundle string    // a recorded bundle
	Now    time.Time // overrides the target's own time
	Record bool      // keep the readings for a bundle
}

// Session is a target that is being looked at.
type Session struct {
	Kind        string // live, offline, bundle
	Name        string // root or bundle as it was named; empty live
	Now         time.Time
	ClockSource string // where Now comes from
	Spec        target.Spec

	observer fact.Observer  // of the diagnosis
	now      fact.Observer  // of readings that are taken again later; nil of a bundle
	recorder *fact.Recorder // nil where nothing is kept
}

// Open opens a target and finds its own time.
func (e *Engine) Open(ctx context.Context, w Where) (*Session, error) {
	switch {
	case w.Root != "" && w.Bundle != "":
		return nil, errors.New("a disk and a bundle cannot be looked at in one run: give --root or --bundle")
	case w.Bundle != "" && w.Record:
		return nil, errors.New("a bundle is a recording already: record a disk with --root, or this machine")
	case w.Bundle != "":
		return openBundle(w)
	}
	s := &Session{Kind: string(target.Live), Spec: target.Spec{Kind: target.Live}}
	if w.Root != "" {
		root, err := diskRoot(w.Root)
		if err != nil {
			return nil, err
		}
		s.Kind, s.Name, s.Spec = string(target.Offline), w.Root, target.Spec{Kind: target.Offline, Root: root}
	}
	if err := e.setClock(ctx, s, w.Now); err != nil {
		return nil, err
	}
	s.now = &hostObserver{e.host, s.Spec, e.progress}
	s.observer = s.now
	if w.Record {
		s.recorder = &fact.Recorder{Observer: s.now}
		s.observer = s.recorder
	}
	return s, nil
}

func openBundle(w Where) (*Session, error) {
	b, err := fact.LoadBundle(w.Bundle)
	if err != nil {
		return nil, err
	}
	s := &Session{Kind: "bundle", Name: w.Bundle, Now: b.Now.UTC(), ClockSource: "the time of recording", observer: b}
	if !w.Now.IsZero() {
		s.Now, s.ClockSource = w.Now.UTC(), "--now"
	}
	return s, nil
}

// diskRoot makes the path of a root absolute and makes sure that a Windows folder is in it.
func diskRoot(path string) (string, error) {
	t, err := target.Open(target.Spec{Kind: target.Offline, Root: path})
	if err != nil {
		return "", err
	}
	defer t.Close()
	if t.HasWindows() {
		return t.Spec().Root, nil
	}
	hint := "name the folder that holds the Windows folder"
	if strings.EqualFold(filepath.Base(t.Spec().Root), "Windows") {
		hint = "name the folder above it: " + filepath.Dir(path)
	} else if inner := windowsBelow(path); inner != "" {
		hint = "did you mean " + inner + "?"
	}
	return "", fmt.Errorf("there is no Windows folder in %s: %s", path, hint)
}

// windowsBelow finds a folder of the root that is itself the root of a Windows disk.
func windowsBelow(root string) string {
	entries, err := os.ReadDir(root)
	if err != nil {
		return ""
	}
	for _, entry := range entries[:min(len(entries), 100)] {
		if !entry.IsDir() {
			continue
		}
		path := filepath.Join(root, entry.Name())
		if t, err := target.Open(target.Spec{Kind: target.Offline, Root: path}); err == nil {
			has := t.HasWindows()
			_ = t.Close() // it was only read
			if has {
				return path
			}
		}
	}
	return ""
}

// clockTimeout bounds finding a target's own time.
const clockTimeout = 30 * time.Second

// setClock finds the target's own time, by asking the probe that knows it.
func (e *Engine) setClock(ctx context.Context, s *Session, override time.Time) error {
	if !override.IsZero() {
		s.Now, s.ClockSource = override.UTC(), "--now"
		s.Spec.Now = s.Now
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, clockTimeout)
	defer cancel()
	answer, err := e.host.Observe(ctx, "system.clock", s.Spec, map[string]any{}, host.Events{})
	if err != nil {
		return fmt.Errorf("the time of the target cannot be found: %w; give it with --now", err)
	}
	now, ok := answer.Value["now"].(time.Time)
	if !ok || now.IsZero() {
		return errors.New("the time of the target cannot be found: system.clock does not tell it; give it with --now")
	}
	s.Now = now
	s.ClockSource, _ = answer.Value["source"].(string)
	s.Spec.Now = s.Now
	return nil
}

// Bundle gives what a recording session has kept. A session that was not opened to record has nothing.
func (s *Session) Bundle(recorded time.Time) (*fact.Bundle, error) {
	if s.recorder == nil {
		return nil, errors.New("nothing was recorded: the target was not opened to record it")
	}
	name := s.Name
	if s.Kind == string(target.Offline) {
		name = filepath.Base(s.Spec.Root) // absolute: the name of a root given as . is that of its folder
	}
	return s.recorder.Bundle(fact.BundleTarget{Kind: s.Kind, Name: name}, s.Now, recorded)
}

// Observe takes one reading, with canonical arguments.
func (s *Session) Observe(ctx context.Context, probe *check.Probe, input map[string]any) fact.Reading {
	return s.observer.Observe(ctx, fact.Call{Probe: probe, Input: input})
}
