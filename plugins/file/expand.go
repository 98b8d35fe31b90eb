package file

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/kept"
	"github.com/rectify-project/rectify/sdk/schema"
	"github.com/rectify-project/rectify/sdk/target"
)

// ExpandInput is the input of file.expand.
type ExpandInput struct {
	Path    schema.TargetPath `json:"path" jsonschema_description:"The package (.msu, .cab)"`
	Sha256  string            `json:"sha256,omitempty" jsonschema:"pattern=^[0-9a-fA-F]{64}$" jsonschema_description:"Digest that the package must have"`
	Members string            `json:"members,omitempty" jsonschema:"default=*" jsonschema_description:"Which of the files in it are unpacked, with wildcards; a mask without a backslash is for the last part of their names"`
}

// ExpandOutput is the output of file.expand.
type ExpandOutput struct {
	Folder   schema.TargetPath `json:"folder" jsonschema_description:"The new folder that they were unpacked to"`
	Packages []Package         `json:"packages" jsonschema_description:"What was unpacked, in the order in which it is to be installed: servicing stacks first"`
}

const expandDoc = `The package must be a cabinet, as .cab files and all but the newest .msu files are; a cabinet in it is unpacked as a file. The new folder
stands beside the package and is named after it and its digest: where it is there already, with the same files, there is
nothing to do. It grows under another name and gets its own when it is whole. A package is refused whole when a name in
it could lead out of the folder or could be no file of Windows, when two names are the same, and when it unpacks to more than
10,000 files or 16 GiB. What a file updates is told by its name. Undo deletes the folder, unless something in it was changed since.
Live it serves Windows; an offline disk can be changed on any system.`

func expand(m mover) sdk.Action {
	return sdk.NewAction(sdk.ActionManifest{
		Name:          "expand",
		Summary:       "Unpack an update package into a new folder",
		Doc:           expandDoc,
		Targets:       targets(),
		Needs:         needs(),
		Effect:        sdk.Reversible,
		Risk:          sdk.RiskLow,
		Interruptible: true,
		Typical:       schema.Span(time.Minute),
	}, sdk.ActionHands[ExpandInput, ExpandOutput, expandToken]{
		Prepare: prepareExpand,
		Apply:   m.applyExpand,
		Assess:  assessExpand,
		Undo:    m.undoExpand,
	})
}

// expandToken says which package is unpacked where. What is in it, the package says; it can be too much for a token.
type expandToken struct {
	Version int     `json:"version"`
	Package string  `json:"package"` // Windows path
	Content content `json:"content"` // of the package
	Members string  `json:"members"` // mask
	Folder  string  `json:"folder"`  // Windows path of the folder that the package is in
	Name    string  `json:"name"`    // of the new folder in it
	Present bool    `json:"present,omitempty"`
}

func (t expandToken) check() error {
	return readable(t.Version, t.Package != "" && t.Folder != "" && target.CheckName(t.Name) == nil && len(t.Content.Sha256) == 2*sha256.Size)
}

// part is the name under which the folder grows, and under which undo deletes it.
func (t expandToken) part() string { return partName(t.Folder, t.Name, t.Content.Sha256) }

func (t expandToken) output(members []member) ExpandOutput {
	folder := joined(t.Folder, t.Name)
	return ExpandOutput{schema.TargetPath(folder), packages(folder, members)}
}

// expandRecord is the file of the state directory that holds what this action unpacks: the names before it begins, the
// digests before the folder gets its name. Without it nothing that is there was made by this action.
const expandRecord = "unpacked.json"

type unpacked struct {
	Version int      `json:"version"`
	Members []member `json:"members"`
}

type expandMaterial struct {
	Package content `json:"package"`
	Present bool    `json:"present"`
}

func prepareExpand(ctx context.Context, call *sdk.Call, in ExpandInput) (sdk.Preview[ExpandOutput, expandToken], error) {
	p := sdk.Preview[ExpandOutput, expandToken]{}
	pack, err := openPackage(ctx, call, string(in.Path))
	if err != nil {
		return p, argument(err, "/path")
	}
	defer pack.close()
	if err := pack.content.expect(in.Sha256, pack.path); err != nil {
		return p, err
	}
	members, err := pack.choose(in.Members)
	if err != nil {
		return p, err
	}
	folder, name, err := call.Target.Parent(string(in.Path))
	if err != nil {
		return p, argument(err, "/path")
	}
	defer folder.Close()
	there, err := folder.Look(name)
	if err != nil {
		return p, argument(err, "/path")
	}
	token := expandToken{Version: tokenVersion, Package: pack.path, Content: pack.content, Members: in.Members,
		Folder: folder.Path(), Name: expandedName(there.Name, pack.content, in.Members)}
	to := folder.Join(token.Name)
	switch _, err := folder.Look(token.Name); {
	case err == nil:
		whole, err := pack.measured(ctx, call, members)
		if err != nil {
			return p, argument(err, "/path")
		}
		wrong, err := differs(ctx, folder, token.Name, whole)
		if err != nil {
			return p, failure(err)
		}
		if wrong != "" {
			return p, sdk.Errorf(sdk.Unavailable, "%s exists already, and nothing is replaced: %s", to, wrong).
				WithHint("move it out of the way")
		}
		token.Present = true
	case !errors.Is(err, fs.ErrNotExist):
		return p, failure(err)
	}
	out := token.output(members)
	p.Predicted, p.Token, p.Material = &out, token, expandMaterial{pack.content, token.Present}
	if token.Present {
		p.NoOp, p.Summary = true, fmt.Sprintf("nothing to unpack: %s holds the files of %s already", to, pack.path)
		return p, nil
	}
	p.Summary = fmt.Sprintf("unpack %d of %d files of %s to %s", len(members), pack.count(), pack.path, to)
	p.Changes = []sdk.Change{{What: to, Before: "not there", After: fmt.Sprintf("folder with %d files of %s, %d bytes", len(members), pack.path, total(members))}}
	return p, nil
}

// expandedName is the same for the same files of the same package, and another one for others.
func expandedName(name string, c content, mask string) string {
	base := []rune(name)
	if dot := strings.LastIndexByte(name, '.'); dot > 0 {
		base = []rune(name[:dot])
	}
	sum := sha256.Sum256([]byte(c.Sha256 + "\x00" + strings.ToLower(mask)))
	return string(base[:min(len(base), 60)]) + "-expanded-" + hex.EncodeToString(sum[:4])
}

func (m mover) applyExpand(ctx context.Context, call *sdk.Call, _ ExpandInput, token expandToken, stateDir string) (sdk.Result[ExpandOutput], error) {
	out := sdk.Result[ExpandOutput]{}
	if err := token.check(); err != nil {
		return out, err
	}
	folder, err := call.Target.Folder(token.Folder)
	if err != nil {
		return out, failure(err)
	}
	defer folder.Close()
	a, record, err := token.assess(ctx, folder, stateDir)
	switch {
	case err != nil:
		return out, failure(err)
	case a.State == sdk.StateOther:
		return out, changed("%s", a.Reason)
	case a.State == sdk.StateAfter && !token.Present:
		out.Output = token.output(record.Members)
		return out, synced(folder)
	}
	pack, err := openPackage(ctx, call, token.Package)
	if err != nil {
		return out, failure(err)
	}
	defer pack.close()
	if pack.content != token.Content {
		return out, changed("%s was changed since this was planned: its digest is not %s", token.Package, token.Content.Sha256)
	}
	members, err := pack.choose(token.Members)
	if err != nil {
		return out, failure(err)
	}
	out.Output = token.output(members)
	if token.Present {
		return out, nil
	}
	if err := kept.Write(stateDir, expandRecord, unpacked{tokenVersion, members}); err != nil {
		return out, err
	}
	if err := removeUnpacked(ctx, call, folder, token.part(), members); err != nil { // what a crash has left, of this run or another
		return out, failure(err)
	}
	if err := token.grow(ctx, m, call, folder, pack, members, stateDir); err != nil {
		// What stays now, the next call removes; this one may have no time left.
		_ = removeUnpacked(context.WithoutCancel(ctx), call, folder, token.part(), members)
		return out, failure(err)
	}
	return out, synced(folder)
}

// grow unpacks into a folder of a temporary name, and gives it its own.
func (t expandToken) grow(ctx context.Context, m mover, call *sdk.Call, folder *target.Folder, pack *updatePackage, members []member, stateDir string) error {
	if err := folder.MakeFolder(t.part()); err != nil {
		return err
	}
	part, err := folder.Folder(t.part())
	if err != nil {
		return err
	}
	whole, err := pack.unpack(ctx, call, part, members)
	if err := errors.Join(err, part.Close()); err != nil { // Windows renames no folder that is open
		return err
	}
	if err := kept.Write(stateDir, expandRecord, unpacked{tokenVersion, whole}); err != nil {
		return err
	}
	call.Progress(sdk.Progress{Note: "naming " + folder.Join(t.Name)})
	return m.move(ctx, call, folder, t.part(), t.Name)
}

func assessExpand(ctx context.Context, call *sdk.Call, token expandToken, stateDir string) (sdk.Assessment, error) {
	if err := token.check(); err != nil {
		return sdk.Assessment{}, err
	}
	folder, err := call.Target.Folder(token.Folder)
	if errors.Is(err, fs.ErrNotExist) {
		return other("the folder %s is gone", token.Folder), nil
	}
	if err != nil {
		return sdk.Assessment{}, failure(err)
	}
	defer folder.Close()
	a, _, err := token.assess(ctx, folder, stateDir)
	if err != nil {
		return a, failure(err)
	}
	return a, nil
}

// assess gives the record too, empty where nothing was begun.
func (t expandToken) assess(ctx context.Context, folder *target.Folder, stateDir string) (sdk.Assessment, unpacked, error) {
	var record unpacked
	if t.Present {
		return sdk.Assessment{State: sdk.StateAfter, Reason: "the same files were there already"}, record, nil
	}
	ours, err := kept.Read(stateDir, expandRecord, &record)
	if err != nil {
		return sdk.Assessment{}, record, err
	}
	_, err = folder.Look(t.Name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		_, err := folder.Look(t.part())
		switch {
		case errors.Is(err, fs.ErrNotExist), err == nil && !ours:
			return sdk.Assessment{State: sdk.StateBefore}, record, nil
		case err != nil:
			return sdk.Assessment{}, record, err
		}
		return sdk.Assessment{State: sdk.StatePartial, Reason: "not everything is unpacked"}, record, nil
	case err != nil:
		return sdk.Assessment{}, record, err
	case !ours:
		return other("%s was made by somebody else since this was planned", folder.Join(t.Name)), record, nil
	}
	wrong, err := differs(ctx, folder, t.Name, record.Members)
	if err != nil {
		return sdk.Assessment{}, record, err
	}
	if wrong != "" {
		return other("%s was changed since it was unpacked: %s", folder.Join(t.Name), wrong), record, nil
	}
	return sdk.Assessment{State: sdk.StateAfter}, record, nil
}

// undoExpand takes the folder's name away first: what a crash leaves behind that is told from a folder in which somebody
// has deleted something.
func (m mover) undoExpand(ctx context.Context, call *sdk.Call, token expandToken, stateDir string) (sdk.Result[ExpandOutput], error) {
	out := sdk.Result[ExpandOutput]{Output: token.output(nil)}
	if err := token.check(); err != nil {
		return out, err
	}
	folder, err := call.Target.Folder(token.Folder)
	if errors.Is(err, fs.ErrNotExist) {
		return out, nil
	}
	if err != nil {
		return out, failure(err)
	}
	defer folder.Close()
	a, record, err := token.assess(ctx, folder, stateDir)
	if err != nil {
		return out, failure(err)
	}
	if token.Present || record.Version == 0 {
		return out, nil
	}
	out.Output = token.output(record.Members)
	if err := removeUnpacked(ctx, call, folder, token.part(), record.Members); err != nil {
		return out, failure(err)
	}
	switch a.State {
	case sdk.StateOther:
		return out, spared("%s", a.Reason)
	case sdk.StateAfter:
		call.Progress(sdk.Progress{Note: "deleting " + string(out.Output.Folder)})
		if err := m.move(ctx, call, folder, token.Name, token.part()); err != nil {
			return out, failure(err)
		}
		if err := removeUnpacked(ctx, call, folder, token.part(), record.Members); err != nil {
			return out, failure(err)
		}
	}
	if err := synced(folder); err != nil {
		return out, err
	}
	return out, kept.Drop(stateDir, expandRecord)
}
