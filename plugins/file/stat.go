package file

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/rectify-project/rectify/internal/machine/files"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/schema"
	"github.com/rectify-project/rectify/sdk/target"
)

// maxPaths bounds how many paths an answer lists.
const maxPaths = 200

// StatInput is the input of file.stat.
type StatInput struct {
	Path schema.TargetPath `json:"path" jsonschema_description:"A file or folder; wildcards are allowed in names"`
}

// StatOutput is the answer of file.stat.
type StatOutput struct {
	Exists bool         `json:"exists" jsonschema_description:"Whether there is at least one such file or folder"`
	Count  int          `json:"count" jsonschema_extras:"x-counts=paths" jsonschema_description:"How many there are"`
	Size   schema.Bytes `json:"size" jsonschema_extras:"x-grows=true" jsonschema_description:"Bytes of all the files among them; of folders nothing is added up"`
	Newest *time.Time   `json:"newest,omitempty" jsonschema_description:"When the one that was changed last was changed"`
	Cut    bool         `json:"cut,omitempty" jsonschema_description:"Whether there are more than are listed"`
	Paths  []Path       `json:"paths" jsonschema_description:"The first 200 of them by name"`
}

// Path is a file or folder.
type Path struct {
	Path     schema.TargetPath `json:"path" jsonschema_description:"Its full path"`
	Kind     string            `json:"kind" jsonschema:"enum=file,enum=folder,enum=other" jsonschema_description:"What it is; a link is what it leads to"`
	Size     schema.Bytes      `json:"size" jsonschema_description:"Bytes of a file; 0 for others"`
	Modified time.Time         `json:"modified" jsonschema_description:"When it was last changed; of a folder, when something was last added, renamed or removed in it"`
	Items    *int              `json:"items,omitempty" jsonschema_description:"How many files and folders are directly in a folder; absent where it cannot be listed"`

	Evidence sdk.Evidence `json:"-"`
}

const statDoc = `Looks at the file or folder of a path, or at all that a path with wildcards matches, in any case. That nothing is there
is an answer. The answer is partial when a folder on the way cannot be read, and when a link leads out of the disk.`

func statProbe() sdk.Probe {
	return sdk.NewProbe(sdk.ProbeManifest{
		Name:    "stat",
		Summary: "Whether files or folders exist, how large and how old they are",
		Doc:     statDoc,
		Targets: []sdk.TargetKind{sdk.Live, sdk.Offline},
		Needs:   sdk.Needs{Platforms: []string{"windows"}},
		Healthy: json.RawMessage(`{"exists":false,"count":0,"size":0,"paths":[]}`),
	}, stat)
}

func stat(ctx context.Context, call *sdk.Call, in StatInput) (sdk.Reading[StatOutput], error) {
	r := sdk.Observed(StatOutput{Paths: []Path{}})
	out := &r.Value
	found, err := call.Target.Glob(string(in.Path))
	var problems files.Problems
	var last error
	var place *fs.PathError
	switch {
	case errors.Is(err, target.ErrNotWindows):
		return r, sdk.Errorf(sdk.Unsupported, "%v", err)
	case errors.As(err, &place):
		if len(found) == 0 {
			return r, unreadable(err)
		}
		problems.Add(err.Error())
	case err != nil:
		return r, sdk.Errorf(sdk.InvalidInput, "%v", err).WithPath("/path")
	}
	for _, path := range found {
		if err := ctx.Err(); err != nil {
			return r, err
		}
		info, err := call.Target.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // it went meanwhile, or is a link to nothing
		}
		if err != nil {
			problems.Add(err.Error())
			last = err
			continue
		}
		out.add(call.Target, path, info)
	}
	if out.Count == 0 && last != nil {
		return r, unreadable(last) // what it is cannot be told, but it is there
	}
	out.Exists = out.Count > 0
	if !problems.Empty() {
		r.Partial = problems.String()
	}
	return r, nil
}

func unreadable(err error) *sdk.Error {
	if errors.Is(err, fs.ErrPermission) {
		return sdk.Errorf(sdk.AccessDenied, "%v", err).WithHint("run with the rights to read the folder")
	}
	return sdk.Errorf(sdk.Unavailable, "%v", err)
}

func (out *StatOutput) add(t *target.Target, path string, info fs.FileInfo) {
	out.Count++
	p := Path{Path: schema.TargetPath(path), Kind: "other", Modified: info.ModTime().UTC()}
	switch {
	case info.Mode().IsRegular():
		p.Kind, p.Size = "file", schema.Bytes(info.Size())
		out.Size += p.Size
	case info.IsDir():
		p.Kind = "folder"
	}
	if out.Newest == nil || p.Modified.After(*out.Newest) {
		out.Newest = &p.Modified
	}
	if len(out.Paths) == maxPaths {
		out.Cut = true
		return
	}
	if p.Kind == "folder" {
		if entries, err := t.ReadDir(path); err == nil {
			n := len(entries)
			p.Items = &n
		}
	}
	p.Evidence = sdk.Evidence{File: path, Time: p.Modified, Text: describe(p)}
	out.Paths = append(out.Paths, p)
}

func describe(p Path) string {
	switch {
	case p.Kind == "file":
		return fmt.Sprintf("file of %d bytes", p.Size)
	case p.Items != nil:
		return fmt.Sprintf("folder with %d items", *p.Items)
	}
	return p.Kind
}
