package registry

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/rectify-project/rectify/internal/artefact/hive"
	"github.com/rectify-project/rectify/internal/machine/registry"
	"github.com/rectify-project/rectify/sdk"
)

// tokenVersion is the version of all tokens of this plugin.
const tokenVersion = 1

// mark tells one value from another without its data, which can be larger than a token.
type mark struct {
	Type   hive.Type `json:"type"`
	Size   int       `json:"size"`
	Digest string    `json:"sha256"`
}

func markOf(v registry.Value) mark {
	sum := sha256.Sum256(v.Data)
	return mark{v.Type, len(v.Data), hex.EncodeToString(sum[:])}
}

// valueToken is the token of a value that is set or deleted.
type valueToken struct {
	Version int      `json:"version"`
	Key     string   `json:"key"`
	Value   string   `json:"value"`            // in the case that it has
	Before  *mark    `json:"before,omitempty"` // nil: it does not exist
	After   *mark    `json:"after,omitempty"`
	Missing []string `json:"missing,omitempty"` // the keys that do not exist, outermost first
}

func (t valueToken) what() string { return valueName(t.Key, t.Value) }

// valueName names a value as [sdk.Change] wants it: in the same words in all actions.
func valueName(key, value string) string {
	if value == "" {
		value = "(default)"
	}
	return key + " → " + value
}

func (t valueToken) markAfter() mark {
	if t.After == nil {
		return mark{}
	}
	return *t.After
}

// nothing says that there is nothing to do.
func (t valueToken) nothing() bool { return sameMark(t.Before, t.After) }

func sameMark(a, b *mark) bool { return a == nil && b == nil || a != nil && b != nil && *a == *b }

func (t valueToken) material() any {
	return map[string]any{"key": t.Key, "value": t.Value, "before": t.Before, "missing": t.Missing}
}

// check refuses a token that this plugin cannot have made.
func (t valueToken) check() error {
	ok := t.Version == tokenVersion && checkKey(t.Key) == nil
	for _, m := range []*mark{t.Before, t.After} {
		ok = ok && (m == nil || len(m.Digest) == sha256.Size*2 && m.Size >= 0)
	}
	for _, m := range t.Missing {
		ok = ok && checkKey(m) == nil && (m == t.Key || strings.HasPrefix(t.Key, m+`\`))
	}
	if !ok {
		return badToken()
	}
	return nil
}

func badToken() error {
	return sdk.Errorf(sdk.InvalidInput, "the token is none of this action, or of a later version of it")
}

// checkKey refuses paths that are not those of a key of a hive, which alone are changed.
func checkKey(path string) error {
	if strings.Count(strings.Trim(path, `\`), `\`) < 2 {
		return &registry.PathError{Path: path, Reason: `expected a key of a hive, as in HKLM\SOFTWARE\Policies`}
	}
	return nil
}
