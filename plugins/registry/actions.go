package registry

import (
	"time"

	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/schema"
)

// SetInput is the input of registry.set.
type SetInput struct {
	Key    string   `json:"key" jsonschema_description:"Path of the key; what is missing of it is made"`
	Value  string   `json:"value" jsonschema_description:"Name of the value; empty for the default value"`
	Type   string   `json:"type" jsonschema:"enum=text,enum=expandable_text,enum=list,enum=number,enum=number64" jsonschema_description:"text (REG_SZ), expandable_text (REG_EXPAND_SZ), list (REG_MULTI_SZ), number (REG_DWORD), number64 (REG_QWORD)"`
	Text   *string  `json:"text,omitempty" jsonschema_description:"What a text holds"`
	Number *int64   `json:"number,omitempty" jsonschema_description:"What a number holds"`
	List   []string `json:"list,omitempty" jsonschema_description:"What a list holds"`
}

// SetOutput is the output of registry.set.
type SetOutput struct {
	Key     string `json:"key" jsonschema_description:"Full path of the key"`
	Value   string `json:"value" jsonschema_description:"Name of the value"`
	Existed bool   `json:"existed" jsonschema_description:"Whether the value existed before"`
	Changed bool   `json:"changed" jsonschema_description:"Whether it holds something else now"`
}

func set() sdk.Action {
	return sdk.DeclareAction[SetInput, SetOutput](sdk.ActionManifest{
		Name:    "set",
		Summary: "Set a registry value",
		Doc:     "What the value held is kept before it is changed. Undo gives it back, and removes the keys that were made if nothing else is in them.",
		Needs:   sdk.Needs{Elevation: true, Platforms: []string{"windows"}},
		Effect:  sdk.Reversible,
		Risk:    sdk.RiskMedium,
		Typical: schema.Span(time.Second),
	})
}

// DeleteInput is the input of registry.delete.
type DeleteInput struct {
	Key   string  `json:"key" jsonschema_description:"Path of the key"`
	Value *string `json:"value,omitempty" jsonschema_description:"Name of the value that is deleted. Without it the key is deleted with all that is below it"`
}

// DeleteOutput is the output of registry.delete.
type DeleteOutput struct {
	Key     string `json:"key" jsonschema_description:"Full path of the key"`
	Deleted bool   `json:"deleted" jsonschema_description:"Whether it was deleted; false where it did not exist"`
}

func remove() sdk.Action {
	return sdk.DeclareAction[DeleteInput, DeleteOutput](sdk.ActionManifest{
		Name:    "delete",
		Summary: "Delete a registry value, or a key with all that is below it",
		Doc:     "What is deleted is exported first. A key goes value by value, and so must not be cut off. Undo imports it again.",
		Needs:   sdk.Needs{Elevation: true, Platforms: []string{"windows"}},
		Effect:  sdk.Reversible,
		Risk:    sdk.RiskHigh,
		Typical: schema.Span(time.Second),
	})
}
