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
	Tell          func(Event) // may be nil
}

// UndoResult is how taking back ended.
type UndoResult struct {
	Undone []string      // summaries of what was taken back, in order
	Kept   []string      // what is not taken back, one line each
	Stop   *journal.Stop // why it is not complete; nil when it is
}

// ErrNothing says that a run has nothing that could be taken back.
var ErrNothing = errors.New("there is nothing to take back")

// Undo takes back what a run did, in reverse, each step read back. It stops at the first thing that somebody else has
// changed since. An error is one of the log's, or one for which nothing was begun; everything else is in the result.
func Undo(ctx context.Context, c UndoConfig) (UndoResult, error) {
	u := &undo{UndoConfig: c, ledger: ledger{c.Log, recall(c.Records)}, wanted: map[*intent]bool{}}
	u.Tell = inTurn(c.Tell)
	all := u.memory.root.deeds
	u.choose(all, len(c.Steps) == 0)
	u.keep(ctx, all)
	if !slices.ContainsFunc(all, u.wants) {
		return u.result, u.nothing()
	}
	if err := u.plugins(ctx); err != nil {
		return UndoResult{}, err
	}
	if err := u.note(journal.Undoing, "", journal.Undo{Steps: c.Steps, Who: c.Who}); err != nil {
		return UndoResult{}, err
	}
	err := u.list(ctx, all)
	switch {
	case isOfLog(err):
		return u.result, err
	case err != nil:
		u.result.Stop = &journal.Stop{Reason: undoReasonOf(err), Text: oneLine(err)}
		return u.result, u.note(journal.Stopped, "", *u.result.Stop)
	}
	return u.result, u.note(journal.Restored, "", journal.Undo{Steps: c.Steps, Who: c.Who, Kept: u.result.Kept})
}

// undoReasonOf is why an undo stops for an error: it was cancelled, or something failed.
func undoReasonOf(err error) string {
	var failed *stepError
	if !errors.Is(err, errInterrupted) && errors.As(err, &failed) {
		return stopFailed
	}
	return stopCancelled
}

// undo is a taking back.
type undo struct {
	UndoConfig
	ledger
	wanted map[*intent]bool // to be taken back
	result UndoResult
}

// choose notes what is to be taken back: the chosen steps, and all that is in them.
func (u *undo) choose(deeds []deed, all bool) {
	for _, d := range deeds {
		if d.entry != nil {
			u.choose(d.entry.deeds, all || u.chosen(d.entry.key))
		} else {
			u.wanted[d.intent] = all || u.chosen(d.intent.key)
		}
	}
}

// chosen says whether the operator has named a step, by its key or its id.
func (u *undo) chosen(key string) bool {
	return slices.Contains(u.Steps, key) || slices.Contains(u.Steps, idOf(key))
}

// wants says whether something is to be taken back, or a `finally` is owed: of a run or an undo that was cut off.
func (u *undo) wants(d deed) bool {
	if i := d.intent; i != nil {
		return u.wanted[i] && !i.undone && i.Effect == sdk.Reversible
	}
	e := d.entry
	all := len(u.Steps) == 0
	return e.undoOpen || all && (e.open || len(u.added(e)) > 0) || slices.ContainsFunc(e.deeds, u.wants)
}

// keep lists what would be taken back if it could be. A restart is over, and leaves nothing behind.
func (u *undo) keep(ctx context.Context, deeds []deed) {
	for _, d := range deeds {
		if d.entry != nil {
			u.keep(ctx, d.entry.deeds)
			continue
		}
		if i := d.intent; u.wanted[i] && i.Effect == sdk.Irreversible {
			if line := u.left(ctx, i); line != "" {
				u.result.Kept = append(u.result.Kept, fmt.Sprintf("%s: %s", i.key, line))
			}
		}
	}
}

// left says what there is of an effect that cannot be taken back; empty when there is nothing.
func (u *undo) left(ctx context.Context, i *intent) string {
	if i.settled {
		return i.Summary
	}
	found, err := u.Hands.Assess(ctx, i.call())
	switch {
	case err != nil:
		return i.Summary + ", as far as it got: " + err.Error()
	case found.State == sdk.StateBefore:
		return ""
	case found.State == sdk.StateAfter:
		return i.Summary
	}
	return i.Summary + ", in part " + found.Reason
}

func (u *undo) nothing() error {
	switch {
	case len(u.result.Kept) > 0:
		return fmt.Errorf("%w: what was done cannot be undone: %s", ErrNothing, strings.Join(u.result.Kept, "; "))
	case u.memory.restored:
		return fmt.Errorf("%w: it was all taken back before", ErrNothing)
	case len(u.Steps) > 0:
		return fmt.Errorf("%w: the run has changed nothing in %s, or it was taken back before", ErrNothing, strings.Join(u.Steps, ", "))
	}
	return fmt.Errorf("%w: the run has changed nothing", ErrNothing)
}

// plugins makes sure that the binaries which made the tokens are there, before anything is taken back.
func (u *undo) plugins(ctx context.Context) error {
	for _, i := range u.memory.intents {
		if !u.wants(deed{intent: i}) {
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

// list takes deeds back, the last first.
func (u *undo) list(ctx context.Context, deeds []deed) error {
	for _, d := range slices.Backward(deeds) {
		if !u.wants(d) {
			continue
		}
		if err := stopping(ctx, u.Stop); err != nil {
			return err
		}
		var err error
		if d.intent != nil {
			err = u.item(ctx, d.intent)
		} else {
			err = u.group(ctx, d.entry)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
