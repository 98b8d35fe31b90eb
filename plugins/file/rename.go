package file

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/schema"
	"github.com/rectify-project/rectify/sdk/target"
)

// RenameInput is the input of file.rename.
type RenameInput struct {
	Path      schema.TargetPath `json:"path" jsonschema_description:"The file or folder"`
	To        string            `json:"to" jsonschema_description:"Its new name, in the same folder; it must not exist yet"`
	Recreated string            `json:"recreated,omitempty" jsonschema:"enum=refuse,enum=set_aside,default=refuse" jsonschema_description:"What undo does when something with the old name was made since: refuse, or set it aside under a name of its own. It is never deleted"`
}

// RenameOutput is the output of file.rename.
type RenameOutput struct {
	From     schema.TargetPath `json:"from" jsonschema_description:"Its path before"`
	To       schema.TargetPath `json:"to" jsonschema_description:"Its path now"`
	Renamed  bool              `json:"renamed" jsonschema_description:"Whether it was renamed; false where there was nothing to rename"`
	SetAside schema.TargetPath `json:"set_aside,omitempty" jsonschema_description:"Of undo: where it has put what had been made under the old name since"`
}

const renameDoc = `The name changes in one step or not at all, and nothing is ever replaced. Where nothing has the old name there is nothing to
do. A link is not renamed, and no link is followed on the way. On Windows a file or folder that is in use is tried again
a few times; if it stays so, the error names who has it open, as far as Windows knows. Undo gives the old name back to the same file or folder, whatever was written to it since.
Live it serves Windows; an offline disk can be changed on any system.`

// What undo does with something that has the old name again.
const setAside = "set_aside"

func rename(m mover) sdk.Action {
	return sdk.NewAction(sdk.ActionManifest{
		Name:          "rename",
		Summary:       "Rename a file or folder in its folder",
		Doc:           renameDoc,
		Targets:       targets(),
		Needs:         needs(),
		Effect:        sdk.Reversible,
		Risk:          sdk.RiskMedium,
		Interruptible: true,
		Typical:       schema.Span(5 * time.Second),
	}, sdk.ActionHands[RenameInput, RenameOutput, renameToken]{
		Prepare: prepareRename,
		Apply:   m.applyRename,
		Assess:  assessRename,
		Undo:    m.undoRename,
	})
}

// renameToken knows the renamed thing by itself, not by its name alone.
type renameToken struct {
	Version  int          `json:"version"`
	Folder   string       `json:"folder"` // the Windows path of the folder of both names
	From     string       `json:"from"`
	To       string       `json:"to"`
	Thing    target.Entry `json:"thing,omitzero"`      // zero where there was nothing to rename
	SetAside bool         `json:"set_aside,omitempty"` // what undo does with something that has the old name again
}

func (t renameToken) check() error {
	return readable(t.Version, t.Folder != "" && t.From != "" && target.CheckName(t.To) == nil)
}

// nothing says that there was nothing to rename when this was planned.
func (t renameToken) nothing() bool { return t.Thing == (target.Entry{}) }

func (t renameToken) output() RenameOutput {
	return RenameOutput{From: schema.TargetPath(joined(t.Folder, t.From)), To: schema.TargetPath(joined(t.Folder, t.To)), Renamed: !t.nothing()}
}

// joined is the Windows path of a name in a folder.
func joined(folder, name string) string { return strings.TrimSuffix(folder, `\`) + `\` + name }

func prepareRename(_ context.Context, call *sdk.Call, in RenameInput) (sdk.Preview[RenameOutput, renameToken], error) {
	p := sdk.Preview[RenameOutput, renameToken]{}
	if err := target.CheckName(in.To); err != nil {
		return p, sdk.Errorf(sdk.InvalidInput, "%v", err).WithPath("/to").WithHint("it stays in its folder; give a name, such as SoftwareDistribution.old")
	}
	token := renameToken{Version: tokenVersion, To: in.To, SetAside: in.Recreated == setAside}
	folder, name, err := call.Target.Parent(string(in.Path))
	if errors.Is(err, fs.ErrNotExist) {
		path := call.Target.Display(string(in.Path))
		token.Folder, token.From = path[:max(strings.LastIndexByte(path, '\\'), 0)], name
		return nothingToRename(token), nil
	}
	if err != nil {
		return p, argument(err, "/path")
	}
	defer folder.Close()
	token.Folder, token.From = folder.Path(), name
	thing, err := folder.Look(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nothingToRename(token), nil
	}
	if err != nil {
		return p, argument(err, "/path")
	}
	path := folder.Join(thing.Name)
	if thing.Kind != target.FileEntry && thing.Kind != target.FolderEntry {
		return p, sdk.Errorf(sdk.Unavailable, "%s is neither a file nor a folder (%s)", path, thing.Kind).WithPath("/path").
			WithHint("rename what the link leads to, where it is")
	}
	name, twin, err := spelling(folder, thing.Name)
	switch {
	case err != nil:
		return p, failure(err)
	case name == "":
		return p, sdk.Errorf(sdk.InvalidInput, "%s is not how its folder lists it", path).WithPath("/path").WithHint("write the name in full, not as Windows shortens it")
	case twin != "":
		return p, sdk.Errorf(sdk.Unavailable, "beside %s there is %s, and Windows does not tell case apart", folder.Join(name), twin).WithPath("/path").
			WithHint("rename one of both where case is told apart")
	}
	if strings.EqualFold(name, in.To) {
		return p, sdk.Errorf(sdk.InvalidInput, "%s has the name %q already; Windows does not tell case apart", path, in.To).WithPath("/to")
	}
	switch _, err := folder.Look(in.To); {
	case err == nil:
		return p, sdk.Errorf(sdk.InvalidInput, "%s exists already, and nothing is replaced", folder.Join(in.To)).WithPath("/to").
			WithHint("give another name, or move it out of the way")
	case !errors.Is(err, fs.ErrNotExist):
		return p, argument(err, "/to")
	}
	token.From, token.Thing = name, thing
	out := token.output()
	p.Summary = fmt.Sprintf("rename %s to %s", out.From, in.To)
	p.Changes = []sdk.Change{
		{What: string(out.From), Before: string(thing.Kind), After: "not there"},
		{What: string(out.To), Before: "not there", After: fmt.Sprintf("the %s that was %s", thing.Kind, name)},
	}
	p.Predicted, p.Token = &out, token
	p.Material = renameMaterial{thing.Kind}
	return p, nil
}

// spelling gives a name as its folder lists it, which is how undo must give it back; where case is not told apart it can
// be asked for in any. A twin differs from it in case only, as another system can make it: once the name is gone the
// twin would have it, and the name could not be given back.
func spelling(folder *target.Folder, name string) (listed, twin string, err error) {
	entries, err := folder.ReadDir()
	if err != nil {
		return "", "", err
	}
	for _, e := range entries {
		switch {
		case !strings.EqualFold(e.Name(), name):
		case listed == "":
			listed = e.Name()
		case e.Name() == name:
			listed, twin = name, listed
		default:
			twin = e.Name()
		}
	}
	return listed, twin, nil
}

// renameMaterial leaves out what is in the file or folder, and which one it is: it may be written to, or be made anew by
// a service, and the rename means the same.
type renameMaterial struct {
	Kind target.EntryKind `json:"kind,omitempty"` // empty where there is nothing to rename
}

func nothingToRename(token renameToken) sdk.Preview[RenameOutput, renameToken] {
	out := token.output()
	return sdk.Preview[RenameOutput, renameToken]{
		Summary:   fmt.Sprintf("nothing to rename: %s is not there", out.From),
		NoOp:      true,
		Predicted: &out,
		Token:     token,
		Material:  renameMaterial{},
	}
}

// standing is how things stand under both names.
type standing struct {
	from, to      bool // something has the name
	before, after bool // it is the thing that is to be renamed
}

func (t renameToken) look(folder *target.Folder) (standing, error) {
	var s standing
	from, err := folder.Look(t.From)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return s, failure(err)
	}
	s.from = err == nil
	s.before = s.from && from.Same(t.Thing)
	to, err := folder.Look(t.To)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return s, failure(err)
	}
	s.to = err == nil
	s.after = s.to && to.Same(t.Thing)
	if s.before && s.after { // one of both is a faithful copy, which has another number
		s.after = from.ID != t.Thing.ID || to.ID == t.Thing.ID
	}
	return s, nil
}

func (m mover) applyRename(ctx context.Context, call *sdk.Call, _ RenameInput, token renameToken, _ string) (sdk.Result[RenameOutput], error) {
	out := sdk.Result[RenameOutput]{Output: token.output()}
	if err := token.check(); err != nil {
		return out, err
	}
	if token.nothing() {
		return out, nil
	}
	folder, err := call.Target.Folder(token.Folder)
	if err != nil {
		return out, failure(err)
	}
	defer folder.Close()
	s, err := token.look(folder)
	switch {
	case err != nil:
		return out, err
	case s.after:
	case s.before && s.to:
		return out, changed("%s was made since this was planned, and nothing is replaced", out.Output.To)
	case s.before:
		call.Progress(sdk.Progress{Note: "renaming " + string(out.Output.From)})
		if err := m.move(ctx, call, folder, token.From, token.To); err != nil {
			return out, failure(err)
		}
		if s, err = token.look(folder); err != nil || !s.after {
			return out, errors.Join(err, changed("%s was renamed, and is not there now", out.Output.To))
		}
	case s.from:
		return out, changed("%s is not what it was when this was planned", out.Output.From)
	default:
		return out, changed("%s is gone since this was planned", out.Output.From)
	}
	return out, synced(folder)
}

func assessRename(_ context.Context, call *sdk.Call, token renameToken, _ string) (sdk.Assessment, error) {
	if err := token.check(); err != nil {
		return sdk.Assessment{}, err
	}
	if token.nothing() {
		return sdk.Assessment{State: sdk.StateAfter, Reason: "there was nothing to rename"}, nil
	}
	out := token.output()
	folder, err := call.Target.Folder(token.Folder)
	if errors.Is(err, fs.ErrNotExist) {
		return other("the folder %s is gone", token.Folder), nil
	}
	if err != nil {
		return sdk.Assessment{}, failure(err)
	}
	defer folder.Close()
	s, err := token.look(folder)
	switch {
	case err != nil:
		return sdk.Assessment{}, err
	case s.after && s.from && !token.SetAside:
		return other("it is %s, and something else was made as %s since", out.To, out.From), nil
	case s.after && s.from:
		return sdk.Assessment{State: sdk.StateAfter, Reason: fmt.Sprintf("something else was made as %s since; undo would set it aside", out.From)}, nil
	case s.after:
		return sdk.Assessment{State: sdk.StateAfter}, nil
	case s.before && s.to:
		return sdk.Assessment{State: sdk.StateBefore, Reason: fmt.Sprintf("something else was made as %s since", out.To)}, nil
	case s.before:
		return sdk.Assessment{State: sdk.StateBefore}, nil
	case s.from || s.to:
		return other("what was to be renamed is neither %s nor %s, something else is there", out.From, out.To), nil
	}
	return other("there is neither %s nor %s", out.From, out.To), nil
}

func other(format string, args ...any) sdk.Assessment {
	return sdk.Assessment{State: sdk.StateOther, Reason: fmt.Sprintf(format, args...)}
}

// synced makes a change of names outlast a loss of power.
func synced(folder *target.Folder) error {
	if err := folder.Sync(); err != nil {
		return failure(err)
	}
	return nil
}
