package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rectify-project/rectify/engine/fact"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/schema"
)

func (g *globals) probeCommand() *cobra.Command {
	var t targetFlags
	var with []string
	cmd := &cobra.Command{
		Use:   "probe PLUGIN.PROBE",
		Short: "Look with one probe, by hand",
		Long: `Probe runs one probe and prints what it answers, with the evidence. Arguments are
given with --with NAME=VALUE; a list or a mapping is written as JSON.

Exit codes: 0 the probe answered, in full or in part; 2 wrong usage; 3 it did not
answer, and says why.`,
		Example: `  rectify probe event.query --root /mnt/disk --with channel=System --with ids=[20]
  rectify probe service.status --root /mnt/disk --with name=wuauserv`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.probe(cmd.Context(), t, args[0], with)
		},
	}
	t.add(cmd, false)
	cmd.Flags().StringArrayVarP(&with, "with", "w", nil, "an argument of the probe: NAME=VALUE")
	return cmd
}

// probeResult is what probe prints as JSON.
type probeResult struct {
	Probe    string            `json:"probe"`
	Status   fact.Status       `json:"status"`
	Reason   string            `json:"reason,omitempty"`
	Settle   string            `json:"settle,omitempty"`
	Covers   *sdk.Window       `json:"covers,omitempty"`
	Missing  map[string]string `json:"missing,omitempty"`
	Value    json.RawMessage   `json:"value,omitempty"`
	Evidence []sdk.Evidence    `json:"evidence,omitempty"`
}

func (g *globals) probe(ctx context.Context, t targetFlags, uses string, with []string) error {
	where, err := t.where(false)
	if err != nil {
		return err
	}
	e, err := g.engine()
	if err != nil {
		return err
	}
	defer e.Close()
	probe, err := e.Probe(ctx, uses)
	if err != nil {
		return usageError(err)
	}
	input, err := arguments(probe.Input, with)
	if err != nil {
		return usageError(fmt.Errorf("%s: %w", uses, err))
	}
	session, err := e.Open(ctx, where)
	if err != nil {
		return err
	}
	r := session.Observe(ctx, probe, input)
	out := probeResult{Probe: uses, Status: r.Status, Reason: r.Reason, Settle: r.Settle, Covers: r.Covers, Missing: r.Missing, Evidence: r.Evidence}
	if r.Known() {
		if out.Value, err = schema.Marshal(r.Value); err != nil {
			return err
		}
	}
	if g.json() {
		err = writeJSON(g.stdout, out)
	} else {
		err = g.showProbe(out)
	}
	if err == nil && !r.Known() {
		err = &exitError{code: exitUnreadable}
	}
	return err
}

// arguments reads NAME=VALUE pairs by the types that the probe takes.
func arguments(input *schema.Type, with []string) (map[string]any, error) {
	args := map[string]json.RawMessage{}
	for _, pair := range with {
		name, value, ok := strings.Cut(pair, "=")
		if !ok {
			return nil, fmt.Errorf("--with %q: write NAME=VALUE", pair)
		}
		f, known := input.Field(name)
		if !known {
			return nil, fmt.Errorf("there is no argument %q; it takes %s", name, strings.Join(input.FieldNames(), ", "))
		}
		raw := json.RawMessage(value)
		switch f.Type.Kind {
		case schema.List, schema.Object, schema.Map, schema.Int, schema.Number, schema.Bool:
			if !json.Valid(raw) && f.Type.Kind == schema.List {
				raw = quoted(strings.Split(value, ","))
			} else if !json.Valid(raw) {
				return nil, fmt.Errorf("the argument %s is %s: %q is not JSON", name, f.Type, value)
			}
		case schema.Size:
			n, err := schema.ParseSize(value)
			if err != nil {
				return nil, fmt.Errorf("the argument %s: %w", name, err)
			}
			raw = json.RawMessage(fmt.Sprint(n))
		default:
			raw = quoted(value)
		}
		args[name] = raw
	}
	doc, err := json.Marshal(args)
	if err != nil {
		return nil, err
	}
	v, err := input.Canonical(doc)
	if err != nil {
		return nil, err
	}
	return input.WithDefaults(v.(map[string]any)), nil
}

func quoted(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // text can always be written as JSON
	}
	return b
}

func (g *globals) showProbe(r probeResult) error {
	fmt.Fprintf(g.stdout, "%s: %s\n", r.Probe, r.Status)
	for _, line := range wrapWords(r.Reason, 76) {
		fmt.Fprintf(g.stdout, "  %s\n", line)
	}
	if r.Settle != "" {
		for i, line := range wrapWords("to settle it: "+r.Settle, 74) {
			fmt.Fprintf(g.stdout, "  %s%s\n", map[bool]string{true: "  "}[i > 0], line)
		}
	}
	if r.Value != nil {
		if err := writeJSON(g.stdout, r.Value); err != nil {
			return err
		}
	}
	for pointer, reason := range r.Missing {
		fmt.Fprintf(g.stdout, "missing %s: %s\n", pointer, reason)
	}
	for i, e := range r.Evidence {
		if i == 20 {
			fmt.Fprintf(g.stdout, "… and %d more places; --format json has all\n", len(r.Evidence)-i)
			break
		}
		fmt.Fprintf(g.stdout, "%s  %s\n", e.Pointer, e.Where())
	}
	return nil
}
