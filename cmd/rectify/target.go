package main

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/rectify-project/rectify/engine"
	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/engine/report"
)

// targetFlags say what to look at.
type targetFlags struct {
	root, bundle, now string
	inputs            []string
	playbooks         string
}

func (t *targetFlags) add(cmd *cobra.Command, withBundle bool) {
	f := cmd.Flags()
	f.StringVar(&t.root, "root", "", "folder that holds the Windows folder of a disk; without it, this machine")
	f.StringVar(&t.now, "now", "", "the target's time (RFC 3339), instead of its own")
	if withBundle {
		f.StringVar(&t.bundle, "bundle", "", "recorded readings to look at instead of a machine")
	}
}

// live says whether the running machine is looked at.
func (t *targetFlags) live() bool { return t.root == "" && t.bundle == "" }

func (t *targetFlags) addPlaybook(cmd *cobra.Command) {
	cmd.Flags().StringArrayVarP(&t.inputs, "input", "i", nil, "set an input of the playbook: NAME=VALUE")
	cmd.Flags().StringVar(&t.playbooks, "playbooks", "", "folder of further playbooks")
}

// where says what to look at, as the engine wants it.
func (t *targetFlags) where(record bool) (engine.Where, error) {
	w := engine.Where{Root: t.root, Bundle: t.bundle, Record: record}
	if t.now != "" {
		at, err := time.Parse(time.RFC3339, t.now)
		if err != nil {
			return w, usageError(fmt.Errorf("--now %q is not a time: write it as 2026-01-10T09:00:00Z", t.now))
		}
		w.Now = at
	}
	return w, nil
}

// given reads the --input flags.
func (t *targetFlags) given() (map[string]string, error) {
	out := map[string]string{}
	for _, s := range t.inputs {
		name, value, ok := strings.Cut(s, "=")
		if !ok {
			return nil, usageError(fmt.Errorf("--input %q: write NAME=VALUE", s))
		}
		out[name] = value
	}
	return out, nil
}

// reportTarget says in a report what was looked at.
func reportTarget(s *engine.Session) report.Target {
	return report.Target{Kind: s.Kind, Name: s.Name, Now: s.Now, Clock: s.ClockSource}
}

// job is what diagnose and record begin with: playbooks, and a target to look at.
type job struct {
	engine    *engine.Engine
	session   *engine.Session
	playbooks []*check.Playbook
	named     bool // the playbook was named; else all of them are asked
	given     map[string]string
}

// begin reads the flags, loads the playbooks and opens the target. The job is closed by the caller.
func (g *globals) begin(ctx context.Context, t targetFlags, args []string, record bool) (*job, error) {
	j := &job{named: len(args) == 1}
	var err error
	if j.given, err = t.given(); err != nil {
		return nil, err
	}
	where, err := t.where(record)
	if err != nil {
		return nil, err
	}
	g.tellOfDead()
	g.noteRights(t.live())
	if j.engine, err = g.engine(); err != nil {
		return nil, err
	}
	if err := j.open(ctx, t, args, where); err != nil {
		j.close()
		return nil, err
	}
	return j, nil
}

func (j *job) open(ctx context.Context, t targetFlags, args []string, where engine.Where) error {
	lib, err := openLibrary(j.engine, t.playbooks)
	if err != nil {
		return err
	}
	if j.named {
		j.playbooks, err = lib.find(ctx, args[0])
	} else {
		j.playbooks, err = lib.all(ctx)
	}
	if err != nil {
		return err
	}
	if where.Root == "" && where.Bundle == "" {
		if err := j.leaveOut(runtime.GOOS); err != nil {
			return err
		}
	}
	j.session, err = j.engine.Open(ctx, where)
	return err
}

// leaveOut takes out the playbooks that are not about machines such as this one, which is to be looked at live.
func (j *job) leaveOut(goos string) error {
	j.playbooks = slices.DeleteFunc(j.playbooks, func(p *check.Playbook) bool { return !p.RunsOn(goos) })
	if len(j.playbooks) == 0 {
		return usageError(fmt.Errorf("this machine runs %s, and no playbook asked for is about that: name a disk with --root, or a bundle with --bundle", goos))
	}
	return nil
}

func (j *job) close() { j.engine.Close() }

// inputs types what the operator set, for one of the playbooks. When none was named, one that cannot be run for want of
// an input is left out, and said so: the others are asked all the same.
func (g *globals) inputs(j *job, p *check.Playbook) (inputs map[string]any, leftOut bool, err error) {
	inputs, err = engine.Inputs(p, j.given, !j.named)
	switch {
	case err == nil:
		return inputs, false, nil
	case j.named:
		return nil, false, usageError(err)
	}
	fmt.Fprintf(g.stderr, "rectify: %s is left out: %v\n", p.ID, err)
	return nil, true, nil
}
