package file

import (
	"time"

	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/schema"
)

// RenameInput is the input of file.rename.
type RenameInput struct {
	Path      schema.TargetPath `json:"path" jsonschema_description:"The file or folder"`
	To        string            `json:"to" jsonschema_description:"Its new name, in the same folder; it must not exist yet"`
	Recreated string            `json:"recreated,omitempty" jsonschema:"enum=refuse,enum=set_aside,default=refuse" jsonschema_description:"What undo does when something with the old name was made since: refuse, or set it aside under a name of its own. It is never deleted"`
}

// RenameOutput is the output of file.rename.
type RenameOutput struct {
	From    schema.TargetPath `json:"from" jsonschema_description:"Its path before"`
	To      schema.TargetPath `json:"to" jsonschema_description:"Its path now"`
	Renamed bool              `json:"renamed" jsonschema_description:"Whether it was renamed; false where there was nothing to rename"`
}

func rename() sdk.Action {
	return sdk.DeclareAction[RenameInput, RenameOutput](sdk.ActionManifest{
		Name:    "rename",
		Summary: "Rename a file or folder in its folder",
		Doc: "The name changes in one step or not at all. What keeps a file open in it is named, and the rename is tried again a few times. " +
			"Undo gives the old name back.",
		Needs:         sdk.Needs{Elevation: true},
		Effect:        sdk.Reversible,
		Risk:          sdk.RiskMedium,
		Interruptible: true,
		Typical:       schema.Span(5 * time.Second),
	})
}

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

func copyFile() sdk.Action {
	return sdk.DeclareAction[CopyInput, CopyOutput](sdk.ActionManifest{
		Name:          "copy",
		Summary:       "Copy a file",
		Doc:           "A file that is there already is never replaced. The copy grows under another name and gets its own when it is whole. Undo deletes the copy, unless it was changed since.",
		Needs:         sdk.Needs{Elevation: true},
		Effect:        sdk.Reversible,
		Risk:          sdk.RiskLow,
		Interruptible: true,
		Typical:       schema.Span(10 * time.Second),
	})
}

// ExpandInput is the input of file.expand.
type ExpandInput struct {
	Path    schema.TargetPath `json:"path" jsonschema_description:"The package (.msu, .cab)"`
	Sha256  string            `json:"sha256,omitempty" jsonschema:"pattern=^[0-9a-fA-F]{64}$" jsonschema_description:"Digest that the package must have"`
	Members string            `json:"members,omitempty" jsonschema:"default=*" jsonschema_description:"Which of the files in it are unpacked, with wildcards"`
}

// ExpandOutput is the output of file.expand.
type ExpandOutput struct {
	Folder   schema.TargetPath `json:"folder" jsonschema_description:"The new folder that they were unpacked to"`
	Packages []Package         `json:"packages" jsonschema_description:"What was unpacked, in the order in which it is to be installed: servicing stacks first"`
}

// Package is a file that was unpacked.
type Package struct {
	Path schema.TargetPath `json:"path" jsonschema_description:"Where it is now"`
	Name string            `json:"name" jsonschema_description:"Its name in the package"`
	Kind string            `json:"kind" jsonschema:"enum=servicing_stack,enum=cumulative,enum=other" jsonschema_description:"What it updates"`
	Size schema.Bytes      `json:"size" jsonschema_description:"Its size"`
}

func expand() sdk.Action {
	return sdk.DeclareAction[ExpandInput, ExpandOutput](sdk.ActionManifest{
		Name:          "expand",
		Summary:       "Unpack an update package into a new folder",
		Doc:           "The folder grows under another name and gets its own when it is whole. Undo deletes it with what was unpacked.",
		Needs:         sdk.Needs{Elevation: true},
		Effect:        sdk.Reversible,
		Risk:          sdk.RiskLow,
		Interruptible: true,
		Typical:       schema.Span(time.Minute),
	})
}
