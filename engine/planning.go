package engine

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/engine/diagnose"
	"github.com/rectify-project/rectify/engine/fact"
	"github.com/rectify-project/rectify/engine/plan"
	"github.com/rectify-project/rectify/sdk/target"
)

// Wish is what an operator wants planned.
type Wish struct {
	Inputs  map[string]any    // canonical, with defaults
	Given   map[string]string // the inputs as they were set
	Assumed diagnose.Assumptions
	Choice  plan.Choice
	// Stamp is that of a plan that is made again; empty for a new one.
	Stamp string
	// SameAs is the identity of a target that this one stands for, by the operator's word.
	SameAs  string
	Version string // of rectify
}

// Planning is a diagnosis with the plan that follows from it.
type Planning struct {
	Playbook *check.Playbook
	Result   *diagnose.Result
	Plan     *plan.Plan
	Builder  *plan.Builder
	Facts    json.RawMessage // fact.Bundle
	// Identity is that of the target itself, whatever it stands for.
	Identity string
}

// Plan diagnoses and plans. Nothing is changed. The session must have been opened to record.
func (e *Engine) Plan(ctx context.Context, p *check.Playbook, s *Session, w Wish) (*Planning, error) {
	if s.now == nil {
		return nil, errors.New("a bundle is a recording, and nothing can be changed in it: name the machine's disk with --root, or run rectify on the machine")
	}
	if err := w.Choice.Check(p); err != nil {
		return nil, err
	}
	out := &Planning{Playbook: p, Result: diagnose.Run(ctx, p, s.observer, w.Inputs, s.Now, w.Assumed)}
	if err := e.build(ctx, s, w, out); err != nil {
		return nil, err
	}
	return out, ctx.Err()
}

// build plans on top of a diagnosis.
func (e *Engine) build(ctx context.Context, s *Session, w Wish, out *Planning) error {
	p, r := out.Playbook, out.Result
	if r.Outcome == diagnose.Seen || r.Outcome == diagnose.Unclear {
		fact.Gather(ctx, p, plan.Needed(p), r.Facts, r.Environment.Value, s.observer)
	}
	made := time.Now().UTC().Truncate(time.Second)
	stamp := w.Stamp
	if stamp == "" {
		stamp = made.Format("20060102-150405")
	}
	out.Builder = &plan.Builder{Playbook: p, Result: r, Target: s.Spec.Kind, Choice: w.Choice, Preparer: newHands(e.host, s.Spec)}
	out.Plan = out.Builder.Build(ctx, stamp)
	var err error
	if out.Identity, err = e.identity(ctx, s); err != nil {
		return err
	}
	identity := out.Identity
	if w.SameAs != "" {
		identity = w.SameAs
	}
	sum := sha256.Sum256(p.Document.Source)
	out.Plan.Rectify, out.Plan.Made = w.Version, made
	out.Plan.Playbook = plan.Playbook{ID: p.ID, Title: p.Title, File: p.Document.File, SHA256: hex.EncodeToString(sum[:])}
	out.Plan.Target = plan.Target{Identity: identity, Name: targetName(s), Spec: s.Spec}
	out.Plan.Inputs, out.Plan.Assumed = w.Given, plan.Verdicts(w.Assumed)
	out.Plan.Seal(p, r, w.Inputs)
	return out.facts(s)
}

// facts keeps the readings, as a bundle.
func (pl *Planning) facts(s *Session) error {
	b, err := s.Bundle(time.Now().UTC())
	if err != nil {
		return err
	}
	var data bytes.Buffer
	enc := json.NewEncoder(&data)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(b); err != nil {
		return fmt.Errorf("the readings cannot be kept: %w", err)
	}
	pl.Facts = bytes.TrimSpace(data.Bytes())
	return nil
}

// targetName is what people call a target.
func targetName(s *Session) string {
	if s.Spec.Kind == target.Offline {
		return filepath.Clean(s.Spec.Root)
	}
	return "this machine"
}
