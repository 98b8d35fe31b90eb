package execute

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/rectify-project/rectify/engine/journal"
	"github.com/rectify-project/rectify/engine/plan"
	"github.com/rectify-project/rectify/sdk"
)

// UndoConfig is what taking back needs: the records of the run, and nothing else of it.
type UndoConfig struct {
	Hands   Hands
	Log     Log
	Records []journal.Record
	Plan    *plan.Plan // as the records have it
	// Steps are the keys or ids of the steps to take back; empty for all.
	Steps []string
	// AcceptPlugins names the plugins of which another binary than the one that did the step may take it back.
	AcceptPlugins []string
	Who           journal.Person
	Stop          <-chan struct{}
	Tell          func(Event)
}

// UndoResult is how taking back ended.
type UndoResult struct {
	Undone []string      // summaries of what was taken back, in order
	Kept   []string      // what cannot be taken back, one line each
	Stop   *journal.Stop // why it is not complete; nil when it is
}

// ErrNothing says that a run has nothing that could be taken back.
var ErrNothing = errors.New("there is nothing to take back")

// Undo takes back what a run did, in reverse, each step read back. It stops at the first thing that somebody else has
// changed since. An error is one of the journal's, or one for which nothing was begun; everything else is in the result.
func Undo(ctx context.Context, c UndoConfig) (UndoResult, error) {
	if c.Tell == nil {
		c.Tell = func(Event) {}
	}
	u := &undo{UndoConfig: c, memory: recall(c.Records)}
	u.nodes = u.tree(c.Records)
	u.choose(u.nodes, len(c.Steps) == 0)
	if !slices.ContainsFunc(u.nodes, u.wants) {
		return UndoResult{}, u.nothing()
	}
	if err := u.plugins(ctx); err != nil {
		return UndoResult{}, err
	}
	if err := c.Log.Append(journal.Undoing, "", journal.Undo{Steps: c.Steps, Who: c.Who}); err != nil {
		return UndoResult{}, err
	}
	err := u.list(ctx, u.nodes)
	if isOfJournal(err) {
		return u.result, err
	}
	if err != nil {
		reason := "failed"
		if errors.Is(err, errCancelled) || errors.Is(err, errInterrupted) {
			reason = "cancelled"
		}
		u.result.Stop = &journal.Stop{Reason: reason, Text: err.Error()}
		return u.result, c.Log.Append(journal.Stopped, "", *u.result.Stop)
	}
	return u.result, c.Log.Append(journal.Restored, "", journal.Undo{Steps: c.Steps, Who: c.Who, Kept: u.result.Kept})
}

type undo struct {
	UndoConfig
	memory *memory
	nodes  []*node
	wanted map[*intent]bool // to be taken back
	result UndoResult
}

// node is an effect, or one entering of a group with what was done in it.
type node struct {
	key    string
	intent *intent // nil for a group
	items  []*node
}

// tree orders the effects of a run by the groups that they were done in.
func (u *undo) tree(records []journal.Record) []*node {
	stack := []*node{{}}
	n := 0
	for _, rec := range records {
		top := stack[len(stack)-1]
		switch rec.Kind {
		case journal.Entered, journal.Closed:
			if read[journal.Group](rec).Reason == undoReason {
				continue
			}
			open := slices.IndexFunc(stack, func(x *node) bool { return x.key == rec.Step })
			switch {
			case rec.Kind == journal.Closed && open > 0:
				stack = stack[:open]
			case rec.Kind == journal.Entered && open > 0: // it goes on after a crash
				stack = stack[:open+1]
			case rec.Kind == journal.Entered:
				g := &node{key: rec.Step}
				top.items = append(top.items, g)
				stack = append(stack, g)
			}
		case journal.Intended:
			switch read[journal.Intent](rec).Role {
			case roleUndo, roleHold, roleUndoFinally:
				continue
			case "":
				top.items = append(top.items, &node{key: rec.Step, intent: u.memory.intents[n]})
			}
			n++ // the memory has those of the plan and of each `finally`, in the same order
		}
	}
	return stack[0].items
}

// choose notes what is to be taken back: the chosen steps, and all that is in them.
func (u *undo) choose(nodes []*node, all bool) {
	if u.wanted == nil {
		u.wanted = map[*intent]bool{}
	}
	for _, n := range nodes {
		chosen := all || slices.ContainsFunc(u.Steps, func(s string) bool {
			return n.key == s || strings.HasPrefix(n.key, s+"[") && strings.HasSuffix(n.key, "]")
		})
		if n.intent != nil {
			u.wanted[n.intent] = chosen
		}
		u.choose(n.items, chosen)
	}
}

// wants says whether something in a node is to be taken back, or a `finally` is owed: of a run or an undo that was cut off.
func (u *undo) wants(n *node) bool {
	if n.intent != nil {
		return u.wanted[n.intent] && !n.intent.undone
	}
	g := u.memory.group(n.key)
	return g.undoOpen || g.open && len(u.Steps) == 0 || slices.ContainsFunc(n.items, u.wants)
}

func (u *undo) nothing() error {
	switch {
	case u.memory.restored:
		return fmt.Errorf("%w: it was all taken back before", ErrNothing)
	case len(u.Steps) > 0:
		return fmt.Errorf("%w: the run has changed nothing in %s", ErrNothing, strings.Join(u.Steps, ", "))
	}
	return fmt.Errorf("%w: the run has changed nothing", ErrNothing)
}

// plugins makes sure that the binaries which made the tokens are there, before anything is taken back.
func (u *undo) plugins(ctx context.Context) error {
	for _, i := range u.memory.intents {
		if i.undone || !u.wanted[i] {
			continue
		}
		was := i.Plugin
		now, err := u.Hands.Plugin(ctx, i.Uses)
		if err != nil {
			return fmt.Errorf("step %s was done with the plugin %s %s (sha256 %s, %s), which cannot be used: %w", i.key, was.Name, was.Version, short(was.SHA256), pathOf(was), err)
		}
		builtIn := was.Path == "" && now.Path == "" && was.Version == now.Version
		if now.SHA256 != was.SHA256 && !builtIn && !slices.Contains(u.AcceptPlugins, was.Name) {
			return fmt.Errorf("step %s was done with the plugin %s %s (sha256 %s, %s); the one at hand is %s (sha256 %s): use that one again, or let this one try with --accept-plugin %s",
				i.key, was.Name, was.Version, short(was.SHA256), pathOf(was), now.Version, short(now.SHA256), was.Name)
		}
	}
	return nil
}

func short(digest string) string { return digest[:min(len(digest), 12)] }

func pathOf(p journal.Plugin) string {
	if p.Path == "" {
		return "a part of rectify"
	}
	return p.Path
}

// list takes back nodes, the last first.
func (u *undo) list(ctx context.Context, nodes []*node) error {
	for _, n := range slices.Backward(nodes) {
		if !u.wants(n) {
			continue
		}
		if err := u.stopping(ctx); err != nil {
			return err
		}
		var err error
		if n.intent != nil {
			err = u.item(ctx, n.intent)
		} else {
			err = u.group(ctx, n)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (u *undo) stopping(ctx context.Context) error {
	if ctx.Err() != nil {
		return errInterrupted
	}
	select {
	case <-u.Stop:
		return errCancelled
	default:
		return nil
	}
}

// item takes one effect back, as far as it is there.
func (u *undo) item(ctx context.Context, i *intent) error {
	name := i.Summary
	if i.Effect != sdk.Reversible {
		if i.settled {
			u.result.Kept = append(u.result.Kept, fmt.Sprintf("%s: %s", i.key, name))
		}
		return nil
	}
	found, err := u.Hands.Assess(ctx, callOf(i.Intent))
	if err != nil {
		return u.fails(i, fmt.Sprintf("how it is now cannot be told: %v", err), "")
	}
	switch found.State {
	case sdk.StateBefore:
		i.undone = true
		return u.Log.Append(journal.Undone, i.key, journal.Outcome{Found: true, Summary: "it is as it was before", Attempt: i.Attempt})
	case sdk.StateOther:
		return u.fails(i, "somebody else has changed it since: "+found.Reason, sdk.StateOther)
	}
	applied, err := u.back(ctx, i, roleUndo)
	if err != nil {
		return err
	}
	i.undone = true
	u.result.Undone = append(u.result.Undone, name)
	u.tell(TakenBack, i, name)
	return u.Log.Append(journal.Undone, i.key, journal.Outcome{Summary: name, NeedsRestart: applied.NeedsRestart, Output: encode(applied.Output), Attempt: i.Attempt})
}

// back calls the undo of an effect and reads back that it is as before.
func (u *undo) back(ctx context.Context, i *intent, role string) (Applied, error) {
	data := i.Intent
	data.Role = role
	if err := u.Log.Append(journal.Intended, i.key, data); err != nil {
		return Applied{}, err
	}
	u.tell(TakesBack, i, i.Summary)
	applied, err := effect(ctx, u.lasting(i), func(ctx context.Context) (Applied, error) {
		return u.Hands.Undo(ctx, callOf(i.Intent), func(p sdk.Progress) { u.Tell(Event{Kind: Progress, Step: u.step(i), Progress: p}) })
	})
	switch {
	case err != nil && ctx.Err() != nil:
		return applied, errInterrupted
	case err != nil:
		return applied, u.fails(i, "it cannot be taken back: "+failure(err, "").Message, "")
	}
	found, err := u.Hands.Assess(ctx, callOf(i.Intent))
	switch {
	case err != nil && ctx.Err() != nil:
		return applied, errInterrupted
	case err != nil:
		return applied, u.fails(i, "how it is now cannot be told: "+err.Error(), "")
	case found.State != sdk.StateBefore:
		return applied, u.fails(i, fmt.Sprintf("taking it back was reported done, and reading back shows otherwise: the state is %q %s", found.State, found.Reason), found.State)
	}
	return applied, nil
}

func (u *undo) lasting(i *intent) lasting {
	return lasting{u.step(i), i.Uses, i.Interruptible, 0, u.Tell}
}

// fails writes down that an effect could not be taken back.
func (u *undo) fails(i *intent, message string, state sdk.State) error {
	f := journal.Failure{Message: message, State: state, Role: roleUndo, Hint: "look at it, mend it, then go on with `rectify undo`"}
	if err := u.Log.Append(journal.Failed, i.key, f); err != nil {
		return err
	}
	u.tell(Failed, i, message)
	return &stepError{u.step(i), f}
}

// step is what is told of an effect: the plan's step, else what the records have.
func (u *undo) step(i *intent) *plan.Step {
	if u.Plan != nil {
		if s := u.Plan.Find(i.key); s != nil {
			return s
		}
	}
	return &plan.Step{Key: i.key, ID: i.key, Title: i.Title, Uses: i.Uses, Kind: "action"}
}

func (u *undo) tell(kind EventKind, i *intent, text string) {
	u.Tell(Event{Kind: kind, Step: u.step(i), Text: text})
}
