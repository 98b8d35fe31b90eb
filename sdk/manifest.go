package sdk

import (
	"encoding/json"

	"github.com/rectify-project/rectify/sdk/schema"
)

// Manifest is what a plugin says of itself. Playbooks are checked with it before any process starts.
type Manifest struct {
	Protocol int              `json:"protocol"`
	Name     string           `json:"name"`
	Version  string           `json:"version"`
	Summary  string           `json:"summary"`
	Probes   []ProbeManifest  `json:"probes,omitempty"`
	Actions  []ActionManifest `json:"actions,omitempty"`
}

// TargetKind is what a function can work on.
type TargetKind string

// The targets.
const (
	Live    TargetKind = "live"    // this machine
	Offline TargetKind = "offline" // the disk of a Windows that is not running
)

// Needs is what must be there for a function to work.
type Needs struct {
	Elevation bool     `json:"elevation,omitempty"` // administrator rights on a live machine
	Network   bool     `json:"network,omitempty"`
	Platforms []string `json:"platforms,omitempty"` // of a live machine: GOOS names; empty means any
}

// ProbeManifest describes a probe.
type ProbeManifest struct {
	Name    string          `json:"name"` // without the plugin's: "search"
	Summary string          `json:"summary"`
	Doc     string          `json:"doc,omitempty"` // more, for `rectify plugins describe`
	Input   json.RawMessage `json:"input"`         // JSON Schema
	Output  json.RawMessage `json:"output"`        // JSON Schema
	// Targets that the probe serves in this version; none means that it is planned and not possible yet.
	Targets []TargetKind `json:"targets,omitempty"`
	Needs   Needs        `json:"needs,omitzero"`
	// Healthy is the answer on a healthy machine: what playbook tests assume for facts that they do not give. In a map
	// whose keys follow an argument, the key "*" stands for each of them.
	Healthy json.RawMessage `json:"healthy,omitempty"`
}

// Effect is what taking an action back can achieve.
type Effect string

// The effects.
const (
	Reversible   Effect = "reversible"   // Undo restores what was there
	Irreversible Effect = "irreversible" // nothing can take it back
	Restarts     Effect = "restarts"     // it restarts the machine; what it did is done
)

// Risk is how much can go wrong, and so who must approve.
type Risk string

// The risks, rising.
const (
	RiskNone   Risk = "none"
	RiskLow    Risk = "low"
	RiskMedium Risk = "medium"
	RiskHigh   Risk = "high"
)

// ActionManifest describes an action.
type ActionManifest struct {
	Name    string          `json:"name"`
	Summary string          `json:"summary"`
	Doc     string          `json:"doc,omitempty"`
	Input   json.RawMessage `json:"input"`
	Output  json.RawMessage `json:"output"`
	Targets []TargetKind    `json:"targets,omitempty"`
	Needs   Needs           `json:"needs,omitzero"`
	Effect  Effect          `json:"effect"`
	Risk    Risk            `json:"risk"` // unless the step says otherwise
	// Interruptible says that the action may be cut off at any instant. One that must not be (servicing, an update) is
	// never killed: not by a timeout, a cancel or the end of the host.
	Interruptible bool        `json:"interruptible"`
	Typical       schema.Span `json:"typical,omitempty"` // how long it usually takes
}

// Supports says whether targets holds a kind.
func Supports(targets []TargetKind, kind TargetKind) bool {
	for _, t := range targets {
		if t == kind {
			return true
		}
	}
	return false
}
