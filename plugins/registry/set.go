package registry

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/rectify-project/rectify/internal/machine/registry"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/schema"
)

// SetInput is the input of registry.set.
type SetInput struct {
	Key    string   `json:"key" jsonschema_description:"Path of the key; what is missing of it is made"`
	Value  string   `json:"value" jsonschema_description:"Name of the value; empty for the default value"`
	Type   string   `json:"type" jsonschema:"enum=text,enum=expandable_text,enum=list,enum=number,enum=number64" jsonschema_description:"text (REG_SZ), expandable_text (REG_EXPAND_SZ), list (REG_MULTI_SZ), number (REG_DWORD), number64 (REG_QWORD)"`
	Text   *string  `json:"text,omitempty" jsonschema_description:"What a text holds"`
	Number *int64   `json:"number,omitempty" jsonschema_description:"What a number holds"`
	List   []string `json:"list,omitempty" jsonschema_description:"What a list holds"`
}

// SetOutput is the output of registry.set.
type SetOutput struct {
	Key     string `json:"key" jsonschema_description:"Full path of the key"`
	Value   string `json:"value" jsonschema_description:"Name of the value"`
	Existed bool   `json:"existed" jsonschema_description:"Whether the value existed before"`
	Changed bool   `json:"changed" jsonschema_description:"Whether it holds something else now"`
}

func set(m opener) sdk.Action {
	return sdk.NewAction(sdk.ActionManifest{
		Name:    "set",
		Summary: "Set a registry value",
		Doc:     "What the value held is kept before it is changed. Undo gives it back, and removes the keys that were made if nothing else is in them.",
		Targets: live(),
		Needs:   needs(),
		Effect:  sdk.Reversible,
		Risk:    sdk.RiskMedium,
		Typical: schema.Span(time.Second),
	}, sdk.ActionHands[SetInput, SetOutput, valueToken]{
		Prepare: func(_ context.Context, call *sdk.Call, in SetInput) (sdk.Preview[SetOutput, valueToken], error) {
			var p sdk.Preview[SetOutput, valueToken]
			after, err := in.wanted()
			if err != nil {
				return p, err
			}
			s, err := m.change(call.Target)
			if err != nil {
				return p, explain(err)
			}
			defer s.Close()
			c, err := prepareValue(s, in.Key, in.Value, &after)
			if err != nil {
				return p, explain(err)
			}
			p.Token, p.Material, p.Changes, p.NoOp = c.token, c.token.material(), c.changes(), c.token.nothing()
			p.Predicted = new(setOutput(c.token))
			p.Summary = fmt.Sprintf("set %s to %s", c.token.what(), after.Show())
			if p.NoOp {
				p.Summary = fmt.Sprintf("%s is %s already", c.token.what(), after.Show())
			}
			return p, nil
		},
		Apply: func(_ context.Context, call *sdk.Call, in SetInput, token valueToken, stateDir string) (sdk.Result[SetOutput], error) {
			done := sdk.Result[SetOutput]{Output: setOutput(token)}
			after, err := in.wanted()
			if err == nil {
				err = token.check()
			}
			if err == nil && (markOf(after) != token.markAfter() || !strings.EqualFold(in.Value, token.Value)) {
				err = sdk.Errorf(sdk.InvalidInput, "the token was made for another value than %s", in.Value)
			}
			if err != nil {
				return done, err
			}
			return done, withValue(m, call, token, stateDir, func(c change) error { return c.apply(&after) })
		},
		Assess: assessValue(m),
		Undo: func(_ context.Context, call *sdk.Call, token valueToken, stateDir string) (sdk.Result[SetOutput], error) {
			done := sdk.Result[SetOutput]{Output: setOutput(token)}
			if err := token.check(); err != nil {
				return done, err
			}
			return done, withValue(m, call, token, stateDir, change.undo)
		},
	})
}

func setOutput(t valueToken) SetOutput {
	return SetOutput{t.Key, t.Value, t.Before != nil, !t.nothing()}
}

// wanted is the value that the input describes.
func (in *SetInput) wanted() (registry.Value, error) {
	var none registry.Value
	field, given := "text", in.Text != nil
	switch in.Type {
	case "list":
		field, given = "list", in.List != nil
	case "number", "number64":
		field, given = "number", in.Number != nil
	}
	for name, other := range map[string]bool{"text": in.Text != nil, "list": in.List != nil, "number": in.Number != nil} {
		if other && name != field {
			return none, sdk.Errorf(sdk.InvalidInput, "a %s is given for the type %s; expected a %s", name, in.Type, field).WithPath("/" + name)
		}
	}
	switch {
	case !given && in.Type != "list": // an empty list may be left out
		return none, sdk.Errorf(sdk.InvalidInput, "the type %s has no %s", in.Type, field).WithPath("/"+field).WithHint("say what the value is to hold: %s", field)
	case strings.ContainsRune(in.Value, 0):
		return none, sdk.Errorf(sdk.InvalidInput, "a NUL in the name %q", in.Value).WithPath("/value")
	}
	switch in.Type {
	case "text", "expandable_text":
		if strings.ContainsRune(*in.Text, 0) {
			return none, sdk.Errorf(sdk.InvalidInput, "a NUL in %q would end the text", *in.Text).WithPath("/text")
		}
		if in.Type == "text" {
			return registry.TextValue(in.Value, *in.Text), nil
		}
		return registry.ExpandableText(in.Value, *in.Text), nil
	case "list":
		for i, item := range in.List {
			if item == "" || strings.ContainsRune(item, 0) {
				return none, sdk.Errorf(sdk.InvalidInput, "%q would end the list; expected an item that is not empty and has no NUL", item).WithPath("/list/" + strconv.Itoa(i))
			}
		}
		return registry.ListValue(in.Value, in.List), nil
	}
	limit := int64(math.MaxUint32)
	if in.Type == "number64" {
		limit = math.MaxInt64
	}
	if *in.Number < 0 || *in.Number > limit {
		return none, sdk.Errorf(sdk.InvalidInput, "%d; expected 0 to %d for the type %s", *in.Number, limit, in.Type).WithPath("/number")
	}
	if in.Type == "number64" {
		return registry.Number64Value(in.Value, uint64(*in.Number)), nil
	}
	return registry.NumberValue(in.Value, uint32(*in.Number)), nil
}
