package file

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"

	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/kept"
	"github.com/rectify-project/rectify/sdk/schema"
	"github.com/rectify-project/rectify/sdk/target"
)

// asideRecord is the file of the state directory that holds the name under which undo sets something aside.
const asideRecord = "set-aside.json"

type aside struct {
	Version int    `json:"version"`
	Name    string `json:"name"`
}

func (m mover) undoRename(ctx context.Context, call *sdk.Call, token renameToken, stateDir string) (sdk.Result[RenameOutput], error) {
	did := token.output()
	out := sdk.Result[RenameOutput]{Output: RenameOutput{From: did.To, To: did.From}}
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
	case s.after && s.from && !token.SetAside:
		return out, spared("%s has its old name taken: something else was made as %s since", did.To, did.From).
			WithHint("move it out of the way and undo again; with `recreated: set_aside` undo would have set it aside")
	case s.after && s.from:
		call.Progress(sdk.Progress{Note: "setting aside " + string(did.From)})
		if err := token.setAside(ctx, m, call, folder, stateDir); err != nil {
			return out, failure(err)
		}
		fallthrough
	case s.after:
		call.Progress(sdk.Progress{Note: "renaming " + string(did.To)})
		if err := m.move(ctx, call, folder, token.To, token.From); err != nil {
			return out, failure(err)
		}
		if s, err = token.look(folder); err != nil || !s.before {
			return out, errors.Join(err, spared("%s was renamed, and is not there now", did.From))
		}
		out.Output.Renamed = true
	case s.before:
	case s.to:
		return out, spared("%s is not what was renamed, somebody has changed it since", did.To)
	default:
		return out, spared("%s is gone", did.To)
	}
	if err := synced(folder); err != nil {
		return out, err
	}
	var a aside
	if found, err := kept.Read(stateDir, asideRecord, &a); err != nil {
		return out, err
	} else if found {
		if _, err := folder.Look(a.Name); err == nil {
			out.Output.SetAside = schema.TargetPath(folder.Join(a.Name))
		}
	}
	return out, nil
}

// setAside renames what has the old name now. The name that it gets is kept first, so that an undo that is called again
// can tell it.
func (t renameToken) setAside(ctx context.Context, m mover, call *sdk.Call, folder *target.Folder, stateDir string) error {
	name, err := t.freeAside(folder)
	if err != nil {
		return err
	}
	if err := kept.Write(stateDir, asideRecord, aside{tokenVersion, name}); err != nil {
		return err
	}
	if err := m.move(ctx, call, folder, t.From, name); err != nil {
		return err
	}
	return folder.Sync()
}

// maxAsides bounds how often undo sets something aside for one name.
const maxAsides = 100

// freeAside is the first name that nothing has yet of SoftwareDistribution.since-SoftwareDistribution.old, …-2, …-3.
func (t renameToken) freeAside(folder *target.Folder) (string, error) {
	base := asideName(t.From, t.To)
	for n := 1; n <= maxAsides; n++ {
		name := base
		if n > 1 {
			name = fmt.Sprintf("%s-%d", base, n)
		}
		switch _, err := folder.Look(name); {
		case errors.Is(err, fs.ErrNotExist):
			return name, nil
		case err != nil:
			return "", err
		}
	}
	return "", spared("%d things were set aside as %s already", maxAsides, folder.Join(base))
}

// longestAside leaves room for a number in file systems that count names in bytes.
const longestAside = 240

func asideName(from, to string) string {
	name := from + ".since-" + to
	if len(name) <= longestAside && target.CheckName(name) == nil {
		return name
	}
	sum := sha256.Sum256([]byte(from + "\x00" + to))
	return "set-aside-" + hex.EncodeToString(sum[:8])
}
