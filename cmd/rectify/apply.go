package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/engine/plan"
	"github.com/rectify-project/rectify/sdk/target"
)

func (g *globals) applyCommand() *cobra.Command {
	var t targetFlags
	var consent consentFlags
	var same bool
	cmd := &cobra.Command{
		Use:   "apply PLAN.json",
		Short: "Carry a saved plan out, if what it rests on is as it was",
		Long: `Apply looks again: when the playbook, the target, the causes or the state that a
planned step rests on is not as it was when the plan was saved, it changes nothing and
shows the difference. What moves by itself, such as new events and free space, is no
difference. Then it goes on like rectify run.

Exit codes: those of rectify run; 6 the plan no longer holds, or was edited.`,
		Example: `  rectify apply plan.json
  rectify apply plan.json --yes --answer backup=snapshot-7`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			saved, err := plan.Load(args[0])
			if err != nil {
				return &exitError{code: exitPlan, err: err}
			}
			live := saved.Target.Spec.Kind == target.Live && t.root == ""
			return g.withRights(cmd.Context(), live, consent.liveFlags, !consent.yes, func() error {
				return g.showBad(g.apply(cmd.Context(), t, consent, saved, same))
			})
		},
	}
	cmd.Flags().StringVar(&t.root, "root", "", "where the disk is now; without it, where it was")
	cmd.Flags().StringVar(&t.playbooks, "playbooks", "", "folder of further playbooks")
	cmd.Flags().BoolVar(&same, "same-target", false, "take this target for the one that was planned for, although it lies elsewhere or is a copy")
	consent.add(cmd)
	return cmd
}

func (g *globals) apply(ctx context.Context, t targetFlags, consent consentFlags, saved *plan.Plan, same bool) error {
	if saved.Target.Spec.Kind == target.Offline && t.root == "" {
		t.root = saved.Target.Spec.Root
	}
	for name, value := range saved.Inputs {
		t.inputs = append(t.inputs, name+"="+value)
	}
	name := saved.Playbook.ID
	if strings.HasSuffix(saved.Playbook.File, ".yaml") && t.playbooks == "" && saved.Playbook.File != bundledName(saved.Playbook.ID) {
		name = saved.Playbook.File
	}
	j, err := g.begin(ctx, t, []string{name}, true)
	if err != nil {
		return err
	}
	defer j.close()
	p, err := sameText(j.playbooks, saved)
	if err != nil {
		return &exitError{code: exitPlan, err: fmt.Errorf("nothing was changed: %w", err)}
	}
	planning, differences, err := j.engine.Again(ctx, p, j.session, saved, same)
	if err != nil {
		return err
	}
	if len(differences) > 0 {
		var lines []string
		for _, d := range differences {
			lines = append(lines, "  "+d.String())
		}
		return &exitError{code: exitPlan, err: fmt.Errorf("nothing was changed: the plan no longer holds\n%s\nlook at it, and make a new plan with `rectify plan %s`", strings.Join(lines, "\n"), name)}
	}
	return g.carry(ctx, &prepared{j, planning, p}, consent)
}

// sameText finds the playbook that a plan was made with.
func sameText(found []*check.Playbook, saved *plan.Plan) (*check.Playbook, error) {
	for _, p := range found {
		sum := sha256.Sum256(p.Document.Source)
		if hex.EncodeToString(sum[:]) == saved.Playbook.SHA256 {
			return p, nil
		}
	}
	return nil, fmt.Errorf("the playbook %s is not the one that the plan was made with: make the plan anew with `rectify plan`", saved.Playbook.ID)
}

// bundledName is the file of a playbook that is part of the program.
func bundledName(id string) string { return id + ".yaml" }
