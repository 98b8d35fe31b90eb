// Package fact holds what was seen: one fact a probe, with its value, how far it can be relied upon, and its evidence.
// It runs the probes of a playbook, those that depend on nothing first and side by side, and keeps their readings in
// bundles that give the same facts elsewhere.
package fact

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/rectify-project/rectify/engine/condition"
	"github.com/rectify-project/rectify/sdk"
)

// Status is how far a fact is known. The zero value is a fact that was not read.
type Status int

// The statuses.
const (
	NotRead     Status = iota // an argument is not known, or nothing needed it
	Observed                  // known in full
	Partial                   // there may be more than was seen
	Failed                    // the reading went wrong
	Unsupported               // this target or this version cannot do it
	Skipped                   // the probe's `when` is false
)

var statusNames = [...]string{"not read", "observed", "partial", "failed", "unsupported", "skipped"}

// String is the word that reports and bundles use.
func (s Status) String() string { return statusNames[s] }

// MarshalText writes the word.
func (s Status) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the word.
func (s *Status) UnmarshalText(b []byte) error {
	for i, name := range statusNames {
		if name == string(b) {
			*s = Status(i)
			return nil
		}
	}
	return fmt.Errorf("unknown status %q; known are %s", b, strings.Join(statusNames[:], ", "))
}

// Reading is what one call of a probe brought.
type Reading struct {
	Status   Status
	Value    any               // canonical; of an observed or partial reading
	Reason   string            // why it is partial or not known
	Settle   string            // what would settle it
	Covers   *sdk.Window       // the time that a partial reading covers
	Missing  map[string]string // reason for each field that could not be filled, by JSON pointer
	Evidence []sdk.Evidence
	// EvidenceCut counts items of evidence that were too many to keep; the value is whole all the same.
	EvidenceCut int
	Plugin      string        // name and version of the plugin that read it
	Took        time.Duration // of the call
}

// Known says whether the reading has a value.
func (r Reading) Known() bool { return r.Status == Observed || r.Status == Partial }

// Fact is the reading of one probe of a playbook.
type Fact struct {
	Name  string // of the probe in the playbook
	Title string
	Uses  string // "log.search"
	Input any    // canonical arguments; nil when they are not known
	Reading
	// Roots are the reasons at the root of a fact that was not read, or only in part, because something else is not known.
	Roots []condition.Why
}

// Value is the fact in an expression.
func (f *Fact) Value() condition.Value {
	if !f.Known() {
		return condition.Unknown(f.Why()...)
	}
	o := &condition.Origin{Name: f.Name}
	if f.Status == Partial {
		o.Partial = f.Why()
	}
	for pointer, reason := range f.Missing {
		if o.Missing == nil {
			o.Missing = map[string]condition.Why{}
		}
		o.Missing[pointer] = condition.Why{Fact: f.Name, Reason: reason, Settle: f.Settle}
	}
	return condition.FromFact(o, f.Reading.Value)
}

// Why gives the reasons for which the fact is not known in full, those at the root where it was not read for them.
func (f *Fact) Why() []condition.Why {
	if len(f.Roots) > 0 {
		return f.Roots
	}
	reason := f.Reason
	if reason == "" {
		reason = f.Status.String()
	}
	return []condition.Why{{Fact: f.Name, Reason: reason, Settle: f.Settle}}
}

// narrow makes a known fact partial that was looked for only where other facts, known in part, say.
func (f *Fact) narrow(why []condition.Why) {
	if len(why) == 0 || !f.Known() {
		return
	}
	reason := "it was looked for only where other facts say, and " + incomplete(why[0])
	if f.Status == Partial {
		f.Roots = merge(f.Why(), why...)
		f.Reason += "; besides, " + reason
		return
	}
	f.Roots, f.Status, f.Reason, f.Settle = why, Partial, reason, why[0].Settle
}

func incomplete(w condition.Why) string {
	if w.Fact == "" {
		return w.Reason
	}
	return fmt.Sprintf("%q is not complete: %s", w.Fact, w.Reason)
}

// EvidenceFor gives the evidence of a part of the value, by its JSON pointer: that of the part itself and of what is in
// it. Where there is none, that of a single value is the evidence of what stands beside it, so that a count has that of
// its list; else it is the evidence of the smallest part round it, without that of its other parts: what was found
// for one pattern is no evidence that another was not.
func (f *Fact) EvidenceFor(pointer string) []sdk.Evidence {
	if found := f.evidence(func(at string) bool { return within(at, pointer) }); len(found) > 0 {
		return found
	}
	if round, ok := parent(pointer); ok && !f.holds(pointer) {
		if found := f.evidence(func(at string) bool { return within(at, round) }); len(found) > 0 {
			return found
		}
	}
	for round, ok := parent(pointer); ok; round, ok = parent(round) {
		if found := f.evidence(func(at string) bool { return at == round }); len(found) > 0 {
			return found
		}
	}
	return nil
}

func (f *Fact) evidence(of func(pointer string) bool) []sdk.Evidence {
	var found []sdk.Evidence
	for _, e := range f.Evidence {
		if of(e.Pointer) {
			found = append(found, e)
		}
	}
	return found
}

// holds says whether the part of the value at a JSON pointer is a list or an object.
func (f *Fact) holds(pointer string) bool {
	v := f.Reading.Value
	for _, key := range strings.Split(pointer, "/")[1:] {
		switch x := v.(type) {
		case map[string]any:
			v = x[unescape.Replace(key)]
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i < 0 || i >= len(x) {
				return false
			}
			v = x[i]
		default:
			return false
		}
	}
	switch v.(type) {
	case map[string]any, []any:
		return true
	}
	return false
}

// unescape undoes the escapes of a JSON pointer (RFC 6901, section 4), "~01" being "~1" in one pass.
var unescape = strings.NewReplacer("~1", "/", "~0", "~")

// parent is the pointer of the part that another is in.
func parent(pointer string) (string, bool) {
	i := strings.LastIndexByte(pointer, '/')
	if i < 0 {
		return "", false
	}
	return pointer[:i], true
}

// within says whether a JSON pointer lies in the part of a document that another names.
func within(pointer, part string) bool {
	return pointer == part || strings.HasPrefix(pointer, part+"/") || part == ""
}
