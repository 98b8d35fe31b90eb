package registry

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rectify-project/rectify/internal/machine/registry"
	"github.com/rectify-project/rectify/sdk"
)

// Bounds of an answer.
const (
	maxNames = 1000
	maxText  = 32 << 10 // bytes of one text
)

// ReadInput is the input of registry.read.
type ReadInput struct {
	Key   string  `json:"key" jsonschema_description:"Path of the key, such as HKLM\\SOFTWARE\\Policies\\Microsoft\\Windows\\WindowsUpdate"`
	Value *string `json:"value,omitempty" jsonschema_description:"Name of the value; empty for the default value. Without it the key itself is looked at"`
}

// ReadOutput is the answer of registry.read.
type ReadOutput struct {
	Key    string     `json:"key" jsonschema_description:"Full path of the key; CurrentControlSet is the control set that it stands for"`
	Exists bool       `json:"exists" jsonschema_description:"Whether the value exists, or the key where no value was asked for"`
	Type   string     `json:"type,omitempty" jsonschema:"enum=text,enum=list,enum=number,enum=binary" jsonschema_description:"What the value holds: text (REG_SZ, REG_EXPAND_SZ), list (REG_MULTI_SZ), number (REG_DWORD, REG_QWORD), binary (all others)"`
	Text   *string    `json:"text,omitempty" jsonschema_description:"A text as it stands, a number in decimal, a list with one item a line, bytes in hexadecimal"`
	Number *int64     `json:"number,omitempty" jsonschema_description:"A number; absent where it is beyond 2^63"`
	List   []string   `json:"list,omitempty" jsonschema_description:"The items of a list"`
	Values []string   `json:"values,omitempty" jsonschema_description:"Names of the values of a key, sorted, at most 1000"`
	Keys   []string   `json:"keys,omitempty" jsonschema_description:"Names of the keys below a key, sorted, at most 1000"`
	Cut    bool       `json:"cut,omitempty" jsonschema_description:"Whether there is more than is listed"`
	When   *time.Time `json:"written,omitempty" jsonschema_description:"When the key or one of its values last changed"`

	Evidence sdk.Evidence `json:"-"`
}

const readDoc = `On a running Windows: what the system says, in its 64-bit view. Of a disk: reads the hives below %SystemRoot%\System32\config, with what their transaction logs add to them. That a key or a value
does not exist is an answer; a hive that is missing or damaged makes the fact unknown. The answer is partial when Windows
was stopped before it had written all of the hive, and the logs that have the rest are not there.`

func readProbe(m opener) sdk.Probe {
	return sdk.NewProbe(sdk.ProbeManifest{
		Name:    "read",
		Summary: "A registry value, or what is in a key",
		Doc:     readDoc,
		Targets: []sdk.TargetKind{sdk.Live, sdk.Offline},
		Needs:   sdk.Needs{Platforms: []string{"windows"}},
		Healthy: json.RawMessage(`{"key":"","exists":false}`),
	}, func(_ context.Context, call *sdk.Call, in ReadInput) (sdk.Reading[ReadOutput], error) {
		machine, err := m.read(call.Target)
		if err != nil {
			return sdk.Reading[ReadOutput]{}, registry.Explain(err)
		}
		defer machine.Close()
		return read(machine, in)
	})
}

func read(machine *registry.Registry, in ReadInput) (sdk.Reading[ReadOutput], error) {
	r := sdk.Observed(ReadOutput{Key: in.Key})
	k, err := machine.Key(in.Key)
	if err == nil {
		r.Value.Key = k.Path()
		r.Value.Evidence = evidence(k, in.Value)
		if in.Value != nil {
			err = r.Value.value(k, *in.Value)
		} else {
			err = r.Value.list(k)
		}
	}
	if err != nil && !registry.Absent(err) {
		return r, explain(err)
	}
	if stale := machine.Dirty(in.Key); stale != "" {
		r.Partial = stale
		r.Settle = "the transaction logs of the hive: the files .LOG1 and .LOG2 beside it"
	}
	return r, nil
}

func evidence(k *registry.Key, value *string) sdk.Evidence {
	if value == nil {
		return k.Evidence("")
	}
	return k.Evidence(*value)
}

// explain gives the error to answer with.
func explain(err error) *sdk.Error {
	e := registry.Explain(err)
	if e.Code == sdk.InvalidInput {
		return e.WithPath("/key")
	}
	return e
}

// list fills in what is in a key.
func (out *ReadOutput) list(k *registry.Key) error {
	out.Exists = true
	if w := k.Written(); !w.IsZero() {
		out.When = &w
	}
	keys, err := k.Subkeys()
	if err != nil {
		return err
	}
	values, err := k.Values()
	if err != nil {
		return err
	}
	for _, v := range values {
		out.Values = append(out.Values, v.Name)
	}
	out.Keys = keys
	for _, names := range []*[]string{&out.Keys, &out.Values} {
		slices.SortFunc(*names, func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) })
		if len(*names) > maxNames {
			*names, out.Cut = (*names)[:maxNames], true
		}
	}
	return nil
}

// value fills in what a value holds.
func (out *ReadOutput) value(k *registry.Key, name string) error {
	data, err := k.Value(name)
	if err != nil {
		return err
	}
	out.Exists = true
	switch x := data.(type) {
	case string:
		out.Type = "text"
		out.text(x)
	case []string:
		out.Type = "list"
		out.text(strings.Join(x, "\n"))
		if len(x) > maxNames {
			x, out.Cut = x[:maxNames], true
		}
		out.List = x
	case uint32:
		out.number(uint64(x))
	case uint64:
		out.number(x)
	case []byte:
		out.Type = "binary"
		if len(x) > maxText/2 {
			x, out.Cut = x[:maxText/2], true
		}
		out.text(hex.EncodeToString(x))
	default:
		return fmt.Errorf("%s → %s holds a %T, which this version does not know", k.Path(), name, data)
	}
	return nil
}

func (out *ReadOutput) number(n uint64) {
	out.Type = "number"
	out.text(strconv.FormatUint(n, 10))
	if n <= math.MaxInt64 {
		i := int64(n)
		out.Number = &i
	}
}

func (out *ReadOutput) text(s string) {
	if len(s) > maxText {
		s, out.Cut = strings.ToValidUTF8(s[:maxText], ""), true
	}
	out.Text = &s
}
