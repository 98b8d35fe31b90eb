package update

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rectify-project/rectify/internal/machine/agent"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/kept"
	"github.com/rectify-project/rectify/sdk/schema"
	"github.com/rectify-project/rectify/sdk/target"
)

// SaveHistoryInput is the input of `update.save_history`.
type SaveHistoryInput struct{}

// SaveHistoryOutput is the output of `update.save_history`.
type SaveHistoryOutput struct {
	Entries *int     `json:"entries,omitempty" jsonschema_description:"How many entries were saved; absent where the database itself was copied, whose entries are not counted"`
	From    string   `json:"from" jsonschema:"enum=agent,enum=files,enum=nothing" jsonschema_description:"What was saved: what the Windows Update agent told, the files that it keeps the history in, or nothing because there is none"`
	Files   []string `json:"files,omitempty" jsonschema_description:"The files that were copied"`
}

// saveToken says nothing but its version: what is saved is what there is when it is saved.
type saveToken struct {
	Version int `json:"version"`
}

const saveTokenVersion = 1

func (t saveToken) check() error {
	if t.Version != saveTokenVersion {
		return sdk.Errorf(sdk.InvalidInput, "this is no token of update.save_history of version %d: version %d", saveTokenVersion, t.Version)
	}
	return nil
}

func saveHistoryAction(m machine) sdk.Action {
	return sdk.NewAction(sdk.ActionManifest{
		Name:    "save_history",
		Summary: "Save the update history with this run",
		Doc: `The history stands in SoftwareDistribution, and Settings shows it no more once that folder is set aside. What the Windows Update agent tells of it is kept with the run, as JSON. ` +
			`Where the agent cannot be asked, as while its service is kept from starting, the files that hold it are copied instead: DataStore.edb with its logs, and ReportingEvents.log. Nothing of the machine is changed, so that undo has nothing to take back; the copy is kept.`,
		Targets: []sdk.TargetKind{sdk.Live},
		Needs:   windows,
		Effect:  sdk.Reversible, Risk: sdk.RiskNone, Interruptible: true, Typical: schema.Span(5 * time.Second),
	}, sdk.ActionHands[SaveHistoryInput, SaveHistoryOutput, saveToken]{
		Prepare: m.prepareSave, Apply: m.applySave, Assess: assessSave, Undo: undoSave,
	})
}

const (
	distribution = `%SystemRoot%\SoftwareDistribution`
	dataStore    = distribution + `\DataStore\DataStore.edb`
	// maxHistory bounds how many entries are saved; machines of many years have some thousand.
	maxHistory = 100_000
	// maxCopied bounds the files that are copied, in bytes.
	maxCopied = 4 << 30
	// savedFile is written last: with it the history is saved.
	savedFile   = "history.json"
	keptFile    = "history-kept.json" // after an undo
	copyFolder  = "SoftwareDistribution"
	saveVersion = 1
)

// historyFiles are the files that the history stands in, as patterns of paths.
var historyFiles = []string{dataStore, distribution + `\DataStore\Logs\edb*`, distribution + `\ReportingEvents.log`}

// saved is the file that holds the history, or tells where it was copied from.
type saved struct {
	Version int               `json:"version"`
	Output  SaveHistoryOutput `json:"output"`
	Why     string            `json:"why,omitempty"` // the agent was not asked
	Entries []agent.Entry     `json:"entries,omitempty"`
	// Unreadable entries are those that the agent would not give.
	Unreadable int `json:"unreadable,omitempty"`
}

func (m machine) prepareSave(ctx context.Context, call *sdk.Call, _ SaveHistoryInput) (sdk.Preview[SaveHistoryOutput, saveToken], error) {
	p := sdk.Preview[SaveHistoryOutput, saveToken]{Token: saveToken{saveTokenVersion}, Material: map[string]any{}}
	h, err := m.agent.History(ctx, 1)
	if ctx.Err() != nil {
		return p, ctx.Err()
	}
	after := fmt.Sprintf("%d entries", h.Total)
	if err != nil {
		files, finding := find(call.Target)
		switch {
		case finding != nil:
			return p, sdk.Errorf(sdk.Unavailable, "the update history can neither be asked for (%v) nor found (%v)", explain(err), finding)
		case len(files) == 0:
			p.NoOp = true
			p.Summary = fmt.Sprintf("there is no update history to save: the agent has none (%v), and there is no %s", explain(err), call.Target.Display(dataStore))
			none := 0
			p.Predicted = &SaveHistoryOutput{Entries: &none, From: "nothing"}
			return p, nil
		}
		after = fmt.Sprintf("%d files of it; the agent cannot be asked: %v", len(files), explain(err))
	}
	p.Summary = "save the update history with the run: " + after
	p.Changes = []sdk.Change{{What: "copy of the update history in this run", After: after}}
	return p, nil
}

// find gives the files that the history stands in, by their full paths.
func find(t *target.Target) ([]string, error) {
	var found []string
	for _, pattern := range historyFiles {
		paths, err := t.Glob(pattern)
		if errors.Is(err, target.ErrNotWindows) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		found = append(found, paths...)
	}
	return found, nil
}

func assessSave(_ context.Context, _ *sdk.Call, token saveToken, stateDir string) (sdk.Assessment, error) {
	if err := token.check(); err != nil {
		return sdk.Assessment{}, err
	}
	j, err := jobIn(stateDir)
	if err != nil {
		return sdk.Assessment{}, err
	}
	switch _, err := os.Stat(filepath.Join(j.folder, savedFile)); {
	case err == nil:
		return sdk.Assessment{State: sdk.StateAfter, Reason: "it is saved"}, nil
	case errors.Is(err, fs.ErrNotExist):
		return sdk.Assessment{State: sdk.StateBefore, Reason: "it is not saved whole"}, nil
	default:
		return sdk.Assessment{}, sdk.Errorf(sdk.Unavailable, "%v", err)
	}
}

func (m machine) applySave(ctx context.Context, call *sdk.Call, _ SaveHistoryInput, token saveToken, stateDir string) (sdk.Result[SaveHistoryOutput], error) {
	none := sdk.Result[SaveHistoryOutput]{}
	if err := token.check(); err != nil {
		return none, err
	}
	j, err := jobIn(stateDir)
	if err != nil {
		return none, err
	}
	if s, err := readSaved(j, savedFile); s != nil || err != nil {
		if err != nil {
			return none, unavailable(err)
		}
		return sdk.Result[SaveHistoryOutput]{Output: s.Output}, nil
	}
	s, err := m.save(ctx, call, j)
	if err != nil {
		return none, unavailable(err)
	}
	if err := j.write(savedFile, s); err != nil {
		return none, unavailable(err)
	}
	call.Progress(sdk.Progress{Note: "saved"})
	return sdk.Result[SaveHistoryOutput]{Output: s.Output}, nil
}

// save gets the history from the agent, or else copies the files that it stands in.
func (m machine) save(ctx context.Context, call *sdk.Call, j job) (saved, error) {
	s := saved{Version: saveVersion}
	call.Progress(sdk.Progress{Note: "asking the Windows Update agent"})
	h, err := m.agent.History(ctx, maxHistory)
	if ctx.Err() != nil {
		return s, ctx.Err()
	}
	if err == nil {
		n := len(h.Entries)
		s.Entries, s.Unreadable, s.Output = h.Entries, h.Unreadable, SaveHistoryOutput{Entries: &n, From: "agent"}
		if h.Total > n+h.Unreadable {
			s.Why = fmt.Sprintf("%d older entries are left out", h.Total-n-h.Unreadable)
		}
		return s, nil
	}
	s.Why = explain(err).Error()
	files, err := find(call.Target)
	if err != nil {
		return s, fmt.Errorf("the update history can neither be asked for (%s) nor found: %w", s.Why, err)
	}
	if len(files) == 0 {
		nothing := 0
		s.Output = SaveHistoryOutput{Entries: &nothing, From: "nothing"}
		return s, nil
	}
	s.Output = SaveHistoryOutput{From: "files", Files: files}
	left := int64(maxCopied)
	for i, path := range files {
		call.Progress(sdk.Progress{Done: int64(i), Total: int64(len(files)), Unit: "files", Note: path})
		n, err := copyOut(ctx, call.Target, path, filepath.Join(j.folder, copyFolder), left)
		if held(err) {
			return s, sdk.Errorf(sdk.Unavailable, "the update history can neither be asked for (%s) nor copied: %v", s.Why, err).
				WithHint("stop the service wuauserv first: it holds its database open")
		}
		if err != nil {
			return s, fmt.Errorf("the update history can neither be asked for (%s) nor copied: %w", s.Why, err)
		}
		left -= n
	}
	return s, nil
}

// copyOut copies a file of the target into a folder, durably, under its own name.
func copyOut(ctx context.Context, t *target.Target, path, folder string, limit int64) (int64, error) {
	in, err := t.Open(path)
	if err != nil {
		return 0, err
	}
	defer in.Close()
	before, err := in.Stat()
	if err != nil {
		return 0, err
	}
	if before.Size() > limit {
		return 0, fmt.Errorf("%s has %d bytes, and at most %d more are copied", path, before.Size(), limit)
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return 0, err
	}
	name := filepath.Join(folder, path[strings.LastIndexByte(path, '\\')+1:])
	out, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return 0, err
	}
	n, err := io.Copy(out, &bounded{ctx, in, limit})
	if err = errors.Join(err, out.Sync(), out.Close()); err != nil {
		return n, err
	}
	after, err := t.Stat(path)
	if err != nil {
		return n, err
	}
	if n != before.Size() || after.Size() != before.Size() || !after.ModTime().Equal(before.ModTime()) {
		return n, fmt.Errorf("%s was changed while it was copied", path)
	}
	return n, kept.SyncFolder(folder)
}

// bounded reads no more than so many bytes, and stops when the context ends.
type bounded struct {
	ctx  context.Context
	from io.Reader
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if err := b.ctx.Err(); err != nil {
		return 0, err
	}
	if b.left <= 0 {
		return 0, io.EOF // what is longer than it was is seen afterwards
	}
	n, err := b.from.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// undoSave takes nothing back: the machine was not changed. What was saved is kept under another name, so that it can be told
// that it is undone.
func undoSave(_ context.Context, _ *sdk.Call, token saveToken, stateDir string) (sdk.Result[SaveHistoryOutput], error) {
	out := sdk.Result[SaveHistoryOutput]{Output: SaveHistoryOutput{From: "nothing"}}
	if err := token.check(); err != nil {
		return out, err
	}
	j, err := jobIn(stateDir)
	if err != nil {
		return out, err
	}
	err = os.Rename(filepath.Join(j.folder, savedFile), filepath.Join(j.folder, keptFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return out, unavailable(err)
	}
	s, err := readSaved(j, keptFile)
	if err == nil && s != nil {
		out.Output = s.Output
	}
	return out, unavailable(errors.Join(err, kept.SyncFolder(j.folder)))
}

func readSaved(j job, name string) (*saved, error) {
	s, err := read[saved](j, name)
	if s != nil && s.Version != saveVersion {
		err = fmt.Errorf("the history in %s has version %d, expected %d", j.folder, s.Version, saveVersion)
	}
	return s, err
}
