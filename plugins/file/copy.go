package file

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/kept"
	"github.com/rectify-project/rectify/sdk/schema"
	"github.com/rectify-project/rectify/sdk/target"
)

// CopyInput is the input of file.copy.
type CopyInput struct {
	Path   schema.TargetPath `json:"path" jsonschema_description:"The file"`
	To     schema.TargetPath `json:"to" jsonschema_description:"Where the copy goes: a full path with its name. Its folder must exist"`
	Sha256 string            `json:"sha256,omitempty" jsonschema:"pattern=^[0-9a-fA-F]{64}$" jsonschema_description:"Digest that the file must have"`
}

// CopyOutput is the output of file.copy.
type CopyOutput struct {
	To     schema.TargetPath `json:"to" jsonschema_description:"The copy"`
	Size   schema.Bytes      `json:"size" jsonschema_description:"Its size"`
	Sha256 string            `json:"sha256" jsonschema_description:"Its digest, in lower case"`
}

const copyDoc = `A file that is there already is never replaced; where it is the same, there is nothing to do. The copy grows under another
name beside its place, and gets its own when it is whole and its digest is right. No link is followed on the way to it.
Undo deletes the copy, unless it was changed since.
Live it serves Windows; an offline disk can be changed on any system.`

func copyFile(m mover) sdk.Action {
	return sdk.NewAction(sdk.ActionManifest{
		Name:          "copy",
		Summary:       "Copy a file",
		Doc:           copyDoc,
		Targets:       targets(),
		Needs:         needs(),
		Effect:        sdk.Reversible,
		Risk:          sdk.RiskLow,
		Interruptible: true,
		Typical:       schema.Span(10 * time.Second),
	}, sdk.ActionHands[CopyInput, CopyOutput, copyToken]{
		Prepare: prepareCopy,
		Apply:   m.applyCopy,
		Assess:  assessCopy,
		Undo:    undoCopy,
	})
}

type copyToken struct {
	Version int     `json:"version"`
	Source  string  `json:"source"` // Windows path
	Folder  string  `json:"folder"` // Windows path of the copy's folder
	Name    string  `json:"name"`   // of the copy
	Content content `json:"content"`
	Present bool    `json:"present,omitempty"` // the same file was there already, made by somebody else
}

func (t copyToken) check() error {
	return readable(t.Version, t.Source != "" && t.Folder != "" && target.CheckName(t.Name) == nil && len(t.Content.Sha256) == 2*sha256.Size)
}

func (t copyToken) output(path string) CopyOutput {
	return CopyOutput{schema.TargetPath(path), schema.Bytes(t.Content.Size), t.Content.Sha256}
}

// part is the name under which the copy grows. It follows from what is copied where, so that whoever copies it the next
// time finds what a crash has left, and does not depend on the copy's own name, which may be as long as names can be.
func (t copyToken) part() string { return partName(t.Folder, t.Name, t.Content.Sha256) }

func partName(facts ...string) string {
	sum := sha256.New()
	for _, fact := range facts {
		fmt.Fprintf(sum, "%s\x00", fact)
	}
	return "rectify-" + hex.EncodeToString(sum.Sum(nil)[:8]) + ".part"
}

// copyRecord is the file of the state directory that says that the copy was begun. Without it nothing that is there was
// made by this action, whatever it holds.
const copyRecord = "copy.json"

type begun struct {
	Version int `json:"version"`
}

type copyMaterial struct {
	Source  content `json:"source"`
	Present bool    `json:"present"`
}

func prepareCopy(ctx context.Context, call *sdk.Call, in CopyInput) (sdk.Preview[CopyOutput, copyToken], error) {
	p := sdk.Preview[CopyOutput, copyToken]{}
	source, err := call.Target.Open(string(in.Path))
	if err != nil {
		return p, argument(err, "/path")
	}
	defer source.Close()
	from := call.Target.Display(string(in.Path))
	have, err := measure(ctx, call, source, "reading "+from)
	if err != nil {
		return p, argument(err, "/path")
	}
	if err := have.expect(in.Sha256, from); err != nil {
		return p, err
	}
	folder, name, err := call.Target.Parent(string(in.To))
	if errors.Is(err, fs.ErrNotExist) {
		return p, argument(err, "/to").WithHint("make the folder first")
	}
	if err != nil {
		return p, argument(err, "/to")
	}
	defer folder.Close()
	token := copyToken{Version: tokenVersion, Source: from, Folder: folder.Path(), Name: name, Content: have}
	to := folder.Join(name)
	there, err := folder.Look(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := target.CheckName(name); err != nil {
			return p, argument(err, "/to")
		}
	case err != nil:
		return p, argument(err, "/to")
	default:
		token.Name, to = there.Name, folder.Join(there.Name)
		token.Present = there.Kind == target.FileEntry && there.Size == have.Size
		if token.Present {
			same, err := contentOf(ctx, folder, name)
			if err != nil {
				return p, argument(err, "/to")
			}
			token.Present = same == have
		}
		if !token.Present {
			return p, sdk.Errorf(sdk.InvalidInput, "%s exists already and is something else, and nothing is replaced", to).WithPath("/to").
				WithHint("give another name, or move it out of the way")
		}
	}
	out := token.output(to)
	p.Predicted, p.Token, p.Material = &out, token, copyMaterial{have, token.Present}
	if token.Present {
		p.NoOp, p.Summary = true, fmt.Sprintf("nothing to copy: %s is there already and is the same as %s", to, from)
		return p, nil
	}
	p.Summary = fmt.Sprintf("copy %s to %s", from, to)
	p.Changes = []sdk.Change{{What: to, Before: "not there", After: fmt.Sprintf("copy of %s, %d bytes", from, have.Size)}}
	return p, nil
}

func (m mover) applyCopy(ctx context.Context, call *sdk.Call, _ CopyInput, token copyToken, stateDir string) (sdk.Result[CopyOutput], error) {
	if err := token.check(); err != nil {
		return sdk.Result[CopyOutput]{}, err
	}
	folder, err := call.Target.Folder(token.Folder)
	if err != nil {
		return sdk.Result[CopyOutput]{}, failure(err)
	}
	defer folder.Close()
	out := sdk.Result[CopyOutput]{Output: token.output(folder.Join(token.Name))}
	if token.Present {
		return out, nil
	}
	a, err := token.assess(ctx, folder, stateDir)
	switch {
	case err != nil:
		return out, failure(err)
	case a.State == sdk.StateAfter:
		return out, synced(folder)
	case a.State == sdk.StateOther:
		return out, changed("%s", a.Reason)
	}
	if err := kept.Write(stateDir, copyRecord, begun{tokenVersion}); err != nil {
		return out, err
	}
	if err := removeFile(folder, token.part()); err != nil {
		return out, failure(err)
	}
	if err := token.grow(ctx, call, folder); err != nil {
		_ = removeFile(folder, token.part()) // if it stays, the next call removes it
		return out, failure(err)
	}
	call.Progress(sdk.Progress{Done: token.Content.Size, Total: token.Content.Size, Unit: "bytes", Note: "naming " + folder.Join(token.Name)})
	if err := m.move(ctx, call, folder, token.part(), token.Name); err != nil {
		_ = removeFile(folder, token.part())
		return out, failure(err)
	}
	return out, synced(folder)
}

// grow writes the copy under its temporary name, and holds it to the digest that was planned.
func (t copyToken) grow(ctx context.Context, call *sdk.Call, folder *target.Folder) error {
	source, err := call.Target.Open(t.Source)
	if err != nil {
		return err
	}
	defer source.Close()
	call.Progress(sdk.Progress{Total: t.Content.Size, Unit: "bytes", Note: "copying " + t.Source})
	part, err := folder.Create(t.part())
	if err != nil {
		return err
	}
	done := int64(0)
	limited := io.LimitReader(source, t.Content.Size+1) // it may grow for as long as it is read
	got, err := pour(ctx, part, limited, func(n int64) {
		done += n
		call.Progress(sdk.Progress{Done: done, Total: t.Content.Size, Unit: "bytes", Note: "copying " + t.Source})
	})
	if err == nil {
		err = part.Sync()
	}
	if err := errors.Join(err, part.Close()); err != nil {
		return err
	}
	if got != t.Content {
		return changed("%s was changed since this was planned: its digest is not %s", t.Source, t.Content.Sha256)
	}
	return nil
}

func assessCopy(ctx context.Context, call *sdk.Call, token copyToken, stateDir string) (sdk.Assessment, error) {
	if err := token.check(); err != nil {
		return sdk.Assessment{}, err
	}
	if token.Present {
		return sdk.Assessment{State: sdk.StateAfter, Reason: "the same file was there already"}, nil
	}
	folder, err := call.Target.Folder(token.Folder)
	if errors.Is(err, fs.ErrNotExist) {
		return other("the folder %s is gone", token.Folder), nil
	}
	if err != nil {
		return sdk.Assessment{}, failure(err)
	}
	defer folder.Close()
	a, err := token.assess(ctx, folder, stateDir)
	if err != nil {
		return sdk.Assessment{}, failure(err)
	}
	return a, nil
}

func (t copyToken) assess(ctx context.Context, folder *target.Folder, stateDir string) (sdk.Assessment, error) {
	ours, err := kept.Read(stateDir, copyRecord, &begun{})
	if err != nil {
		return sdk.Assessment{}, err
	}
	there, err := folder.Look(t.Name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		_, err := folder.Look(t.part())
		switch {
		case errors.Is(err, fs.ErrNotExist), err == nil && !ours:
			return sdk.Assessment{State: sdk.StateBefore}, nil
		case err != nil:
			return sdk.Assessment{}, err
		}
		return sdk.Assessment{State: sdk.StatePartial, Reason: "the copy is not complete"}, nil
	case err != nil:
		return sdk.Assessment{}, err
	case !ours:
		return other("%s was made by somebody else since this was planned", folder.Join(t.Name)), nil
	case there.Kind != target.FileEntry:
		return other("%s is a %s now", folder.Join(t.Name), there.Kind), nil
	}
	have, err := contentOf(ctx, folder, t.Name)
	if err != nil {
		return sdk.Assessment{}, err
	}
	if have != t.Content {
		return other("%s was changed since it was copied", folder.Join(t.Name)), nil
	}
	return sdk.Assessment{State: sdk.StateAfter}, nil
}

func undoCopy(ctx context.Context, call *sdk.Call, token copyToken, stateDir string) (sdk.Result[CopyOutput], error) {
	if err := token.check(); err != nil {
		return sdk.Result[CopyOutput]{}, err
	}
	out := sdk.Result[CopyOutput]{Output: token.output(joined(token.Folder, token.Name))}
	ours, err := kept.Read(stateDir, copyRecord, &begun{})
	if err != nil || !ours || token.Present {
		return out, err
	}
	folder, err := call.Target.Folder(token.Folder)
	if errors.Is(err, fs.ErrNotExist) {
		return out, nil // and the copy with it
	}
	if err != nil {
		return out, failure(err)
	}
	defer folder.Close()
	out.Output.To = schema.TargetPath(folder.Join(token.Name))
	a, err := token.assess(ctx, folder, stateDir)
	if err != nil {
		return out, failure(err)
	}
	if err := removeFile(folder, token.part()); err != nil {
		return out, failure(err)
	}
	switch a.State {
	case sdk.StateOther:
		return out, spared("%s", a.Reason)
	case sdk.StateAfter:
		call.Progress(sdk.Progress{Note: "deleting " + string(out.Output.To)})
		if err := removeFile(folder, token.Name); err != nil {
			return out, failure(err)
		}
	}
	if err := synced(folder); err != nil {
		return out, err
	}
	return out, kept.Drop(stateDir, copyRecord) // a file that is made there from now on is somebody else's
}

// removeFile deletes a file, if it is there; nothing else is ever deleted under its name.
func removeFile(folder *target.Folder, name string) error {
	there, err := folder.Look(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case there.Kind != target.FileEntry:
		return spared("%s is a %s, a file was expected", folder.Join(name), there.Kind)
	}
	return folder.Remove(name)
}
