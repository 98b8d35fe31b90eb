package foldermachine

import (
	"context"
	"errors"
	"io/fs"

	"github.com/rectify-project/rectify/sdk"
)

type markInput struct {
	Name string `json:"name" jsonschema_description:"Name of the mark"`
}

type markOutput struct {
	Name string `json:"name" jsonschema_description:"Name of the mark"`
}

type markToken struct {
	Name string `json:"name"`
	Was  bool   `json:"was,omitempty"` // whether it was there
}

// prepareMark previews an action that makes an empty file.
func prepareMark(m Machine, dir, name string) (sdk.Preview[markOutput, markToken], error) {
	var p sdk.Preview[markOutput, markToken]
	if err := checkName(name); err != nil {
		return p, badName(err, "/name")
	}
	file := dir + "/" + name
	there, err := m.exists(file)
	if err != nil {
		return p, err
	}
	p.Summary, p.NoOp = "make "+file, there
	if !there {
		p.Changes = []sdk.Change{{What: file, After: "file"}}
	}
	p.Predicted = &markOutput{name}
	p.Token = markToken{name, there}
	p.Material = map[string]any{"exists": there}
	return p, nil
}

func assessMark(dir string) func(Machine, markToken, string) (sdk.Assessment, error) {
	return func(m Machine, token markToken, _ string) (sdk.Assessment, error) {
		there, err := m.exists(dir + "/" + token.Name)
		return howFar(there, true, ""), err
	}
}

func (w *work) makeMark(dir, name string) error {
	file := dir + "/" + name
	there, err := w.exists(file)
	if there || err != nil {
		return err
	}
	if err := w.replace(file, nil); err != nil {
		return err
	}
	return w.did(file, "made")
}

func (w *work) removeMark(dir string, token markToken) error {
	file := dir + "/" + token.Name
	there, err := w.exists(file)
	if !there || token.Was || err != nil {
		return err
	}
	if err := w.remove(file); err != nil {
		return err
	}
	return w.did(file, "deleted")
}

type flakyInput struct {
	Name      string `json:"name" jsonschema_description:"Name of the mark"`
	FailTimes int    `json:"fail_times" jsonschema:"minimum=0,maximum=1000" jsonschema_description:"How often it fails on this machine before it works"`
}

type failures struct {
	Failures int `json:"failures"`
}

func flaky() sdk.Action {
	return newAction(sdk.ActionManifest{
		Name: "flaky", Summary: "Fail a few times, then make a mark",
		Doc:    "It fails before it has any effect. The machine counts the failures by the name of the mark.",
		Effect: sdk.Reversible, Risk: sdk.RiskLow, Interruptible: true,
	}, hands[flakyInput, markOutput, markToken]{
		prepare: func(m Machine, in flakyInput) (sdk.Preview[markOutput, markToken], error) {
			return prepareMark(m, marksDir, in.Name)
		},
		apply: func(_ context.Context, w *work, in flakyInput, token markToken) (sdk.Result[markOutput], error) {
			done := sdk.Result[markOutput]{Output: markOutput{token.Name}}
			file := flakyDir + "/" + token.Name + ".json"
			n, err := readJSON[failures](w.Machine, file)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return done, err
			}
			if n.Failures < in.FailTimes {
				if err := w.writeJSON(file, failures{n.Failures + 1}); err != nil {
					return done, err
				}
				return done, sdk.Errorf(sdk.Unavailable, "%s fails for the %d. time of %d", token.Name, n.Failures+1, in.FailTimes).WithHint("try again")
			}
			return done, w.makeMark(marksDir, token.Name)
		},
		assess: assessMark(marksDir),
		undo: func(_ context.Context, w *work, token markToken) (sdk.Result[markOutput], error) {
			return sdk.Result[markOutput]{Output: markOutput{token.Name}}, w.removeMark(marksDir, token)
		},
	})
}

func liar() sdk.Action {
	return newAction(sdk.ActionManifest{
		Name: "liar", Summary: "Say that a mark was made, and make none",
		Effect: sdk.Reversible, Risk: sdk.RiskLow, Interruptible: true,
	}, hands[markInput, markOutput, markToken]{
		prepare: func(m Machine, in markInput) (sdk.Preview[markOutput, markToken], error) {
			return prepareMark(m, marksDir, in.Name)
		},
		apply: func(_ context.Context, _ *work, _ markInput, token markToken) (sdk.Result[markOutput], error) {
			return sdk.Result[markOutput]{Output: markOutput{token.Name}}, nil
		},
		assess: assessMark(marksDir),
		undo: func(_ context.Context, _ *work, token markToken) (sdk.Result[markOutput], error) {
			return sdk.Result[markOutput]{Output: markOutput{token.Name}}, nil
		},
	})
}

func irreversible() sdk.Action {
	return newAction(sdk.ActionManifest{
		Name: "irreversible", Summary: "Do what nothing can take back",
		Effect: sdk.Irreversible, Risk: sdk.RiskHigh,
	}, hands[markInput, markOutput, markToken]{
		prepare: func(m Machine, in markInput) (sdk.Preview[markOutput, markToken], error) {
			return prepareMark(m, spentDir, in.Name)
		},
		apply: func(_ context.Context, w *work, _ markInput, token markToken) (sdk.Result[markOutput], error) {
			return sdk.Result[markOutput]{Output: markOutput{token.Name}}, w.makeMark(spentDir, token.Name)
		},
		assess: assessMark(spentDir),
	})
}

func hang() sdk.Action {
	return newAction(sdk.ActionManifest{
		Name: "hang", Summary: "Never come to an end",
		Doc:    "It changes nothing, and ends when it is cut off.",
		Effect: sdk.Reversible, Risk: sdk.RiskLow, Interruptible: true,
	}, hands[nothing, nothing, nothing]{
		prepare: func(Machine, nothing) (sdk.Preview[nothing, nothing], error) {
			return sdk.Preview[nothing, nothing]{Summary: "hang"}, nil
		},
		apply: func(ctx context.Context, w *work, _ nothing, _ nothing) (sdk.Result[nothing], error) {
			w.call.Progress(sdk.Progress{Note: "hangs"})
			<-ctx.Done()
			return sdk.Result[nothing]{}, ctx.Err()
		},
		assess: func(Machine, nothing, string) (sdk.Assessment, error) {
			return sdk.Assessment{State: sdk.StateBefore}, nil
		},
		undo: func(context.Context, *work, nothing) (sdk.Result[nothing], error) {
			return sdk.Result[nothing]{}, nil
		},
	})
}
