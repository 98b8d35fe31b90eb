package foldermachine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/rectify-project/rectify/sdk"
)

type slowInput struct {
	Name   string `json:"name" jsonschema_description:"Name of what is done"`
	Steps  int    `json:"steps" jsonschema:"minimum=1,maximum=10000" jsonschema_description:"How many steps it has"`
	Millis int    `json:"millis,omitempty" jsonschema:"minimum=0,maximum=60000" jsonschema_description:"How long to wait after each step"`
}

type slowOutput struct {
	Name  string `json:"name" jsonschema_description:"Name of what is done"`
	Steps int    `json:"steps" jsonschema_description:"How many steps are done, read back"`
}

type slowToken struct {
	Name   string `json:"name"`
	Before int    `json:"before"` // steps that were done
	After  int    `json:"after"`
	Millis int    `json:"millis,omitempty"`
}

// slow makes slow, which must not be cut off, or slow_cut, which may be.
func slow(name, summary string, interruptible bool) sdk.Action {
	return newAction(sdk.ActionManifest{
		Name: name, Summary: summary,
		Doc:    "Adds a line to a file for each step; steps that are done are not done again. Undo takes line after line away.",
		Effect: sdk.Reversible, Risk: sdk.RiskLow, Interruptible: interruptible,
	}, hands[slowInput, slowOutput, slowToken]{
		prepare: prepareSlow,
		apply: func(ctx context.Context, w *work, _ slowInput, token slowToken) (sdk.Result[slowOutput], error) {
			return w.goTo(ctx, token, token.After)
		},
		assess: assessSlow,
		undo: func(ctx context.Context, w *work, token slowToken) (sdk.Result[slowOutput], error) {
			return w.goTo(ctx, token, token.Before)
		},
	})
}

func stepsFile(name string) string { return stepsDir + "/" + name }

// stepsDone counts the steps that are done.
func (m Machine) stepsDone(name string) (int, error) {
	text, err := readFile(m.path(stepsFile(name)))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	return bytes.Count(text, []byte{'\n'}), err
}

func (m Machine) setSteps(name string, n int) error {
	if n == 0 {
		return m.remove(stepsFile(name))
	}
	var text bytes.Buffer
	for i := range n {
		fmt.Fprintf(&text, "step %d\n", i+1)
	}
	return m.replace(stepsFile(name), text.Bytes())
}

func prepareSlow(m Machine, in slowInput) (sdk.Preview[slowOutput, slowToken], error) {
	var p sdk.Preview[slowOutput, slowToken]
	if err := checkName(in.Name); err != nil {
		return p, badName(err, "/name")
	}
	before, err := m.stepsDone(in.Name)
	if err != nil {
		return p, err
	}
	after := max(before, in.Steps)
	p.Summary = fmt.Sprintf("do %s in %d steps", in.Name, in.Steps)
	p.NoOp = before == after
	if !p.NoOp {
		p.Changes = []sdk.Change{{What: stepsFile(in.Name), Before: fmt.Sprintf("%d steps", before), After: fmt.Sprintf("%d steps", after)}}
	}
	p.Predicted = &slowOutput{in.Name, after}
	p.Token = slowToken{in.Name, before, after, in.Millis}
	p.Material = map[string]any{"steps": before}
	return p, nil
}

func assessSlow(m Machine, token slowToken, _ string) (sdk.Assessment, error) {
	n, err := m.stepsDone(token.Name)
	if err != nil {
		return sdk.Assessment{}, err
	}
	if n < token.Before || n > token.After {
		return sdk.Assessment{State: sdk.StateOther, Reason: fmt.Sprintf("%d steps are done; there were %d, and were to be %d", n, token.Before, token.After)}, nil
	}
	return howFar(n == token.After, n == token.Before, fmt.Sprintf("%d of %d steps are done", n, token.After)), nil
}

// goTo does one step after the other, or takes one after the other back.
func (w *work) goTo(ctx context.Context, token slowToken, goal int) (sdk.Result[slowOutput], error) {
	for {
		n, err := w.stepsDone(token.Name)
		out := sdk.Result[slowOutput]{Output: slowOutput{token.Name, n}}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil || n == goal {
			return out, err
		}
		w.call.Progress(sdk.Progress{Done: int64(n), Total: int64(token.After), Unit: "steps"})
		next, detail := n+1, fmt.Sprintf("step %d done", n+1)
		if n > goal {
			next, detail = n-1, fmt.Sprintf("step %d taken back", n)
		}
		if err := w.setSteps(token.Name, next); err != nil {
			return out, err
		}
		if err := errors.Join(w.did(stepsFile(token.Name), detail), w.pause(ctx, token.Millis)); err != nil {
			return out, err
		}
	}
}
