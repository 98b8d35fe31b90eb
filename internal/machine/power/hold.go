package power

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/rectify-project/rectify/internal/machine/registry"
	"github.com/rectify-project/rectify/sdk/target"
)

// Hold keeps Windows Update from restarting the machine by itself, by the values that its policies document. What was there
// before is in a ledger on the machine, so that whoever comes later, after a crash too, puts back exactly that.
//
// The values, as "Manage device restarts after updates" and "Manage additional Windows Update settings" of Microsoft Learn have
// them:
//
//   - AU\NoAutoRebootWithLoggedOnUsers = 1: no restart by itself while somebody is logged on;
//   - AU\AlwaysAutoRebootAtScheduledTime = 0, where it is set: it would overrule the first;
//   - SetActiveHours = 1 with ActiveHoursStart and ActiveHoursEnd round the present hour: no restart by itself between them,
//     whether somebody is logged on or not. They may be 18 hours apart, 12 before Windows 10 1703.
//
// A deadline that a policy sets for an update is stronger than all of them.
type Hold struct{ Registry *registry.Store }

const (
	policyKey  = `HKLM\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate`
	auKey      = policyKey + `\AU`
	ledgerRoot = `HKLM\SOFTWARE\Rectify`
	ledgerKey  = ledgerRoot + `\RestartBlock`
	ledgerName = "Ledger"
	versionKey = `HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion`
)

const ledgerVersion = 1

// Ledger is what holding restarts back has changed.
type Ledger struct {
	Version  int       `json:"version"`
	Made     []string  `json:"made,omitempty"` // keys that were not there, outermost first
	Settings []Setting `json:"settings"`
	Aborted  bool      `json:"aborted,omitempty"` // a shutdown that was counting down was called off
}

// Setting is one value.
type Setting struct {
	Key    string          `json:"key"`
	Now    registry.Value  `json:"now"`
	Before *registry.Value `json:"before,omitempty"` // nil: it was not there
}

func (s Setting) String() string { return s.Key + " → " + s.Now.Name }

// Shown is what was there before, for people.
func (s Setting) Shown() string {
	if s.Before == nil {
		return "not set"
	}
	return s.Before.Show()
}

// Active hours may be as far apart as this, and in versions before build 15063 as that.
const (
	activeHours    = 18
	oldActiveHours = 12
	lastOldBuild   = 15063
)

// Plan says what holding back at a local time would change.
func (h Hold) Plan(now time.Time) (*Ledger, error) {
	hours, err := h.longestHours()
	if err != nil {
		return nil, err
	}
	start := (now.Hour() + 23) % 24
	wanted := []Setting{
		{Key: auKey, Now: registry.NumberValue("NoAutoRebootWithLoggedOnUsers", 1)},
		{Key: policyKey, Now: registry.NumberValue("SetActiveHours", 1)},
		{Key: policyKey, Now: registry.NumberValue("ActiveHoursStart", uint32(start))},
		{Key: policyKey, Now: registry.NumberValue("ActiveHoursEnd", uint32((start+hours)%24))},
	}
	l := &Ledger{Version: ledgerVersion}
	for _, key := range []string{ledgerRoot, auKey} { // the policy's own key is above that of AU
		made, err := h.Registry.Absentees(key)
		if err != nil {
			return nil, err
		}
		l.Made = append(l.Made, made...)
	}
	always := Setting{Key: auKey, Now: registry.NumberValue("AlwaysAutoRebootAtScheduledTime", 0)}
	if always.Before, err = h.stored(always); err != nil {
		return nil, err
	}
	if always.Before != nil {
		l.Settings = append(l.Settings, always)
	}
	for _, s := range wanted {
		if s.Before, err = h.stored(s); err != nil {
			return nil, err
		}
		l.Settings = append(l.Settings, s)
	}
	return l, nil
}

func (h Hold) longestHours() (int, error) {
	k, err := h.Registry.Key(versionKey)
	if err != nil {
		return 0, err
	}
	text, err := k.Text("CurrentBuildNumber")
	if err != nil {
		return 0, err
	}
	build, err := strconv.Atoi(text)
	if err != nil {
		return 0, fmt.Errorf("%s → CurrentBuildNumber is %q, expected a number", versionKey, text)
	}
	if build < lastOldBuild {
		return oldActiveHours, nil
	}
	return activeHours, nil
}

func (h Hold) stored(s Setting) (*registry.Value, error) {
	v, err := h.Registry.Stored(s.Key, s.Now.Name)
	if registry.Absent(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &v, nil
}

// Ledger reads what is held back; nil: nothing is.
func (h Hold) Ledger() (*Ledger, error) {
	v, err := h.Registry.Stored(ledgerKey, ledgerName)
	if registry.Absent(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	text, err := v.Decode()
	if err != nil {
		return nil, err
	}
	s, ok := text.(string)
	if !ok {
		return nil, fmt.Errorf("%s → %s is a %v, expected a text", ledgerKey, ledgerName, v.Type)
	}
	var l Ledger
	if err := json.Unmarshal([]byte(s), &l); err != nil {
		return nil, fmt.Errorf("%s → %s cannot be read: %w", ledgerKey, ledgerName, err)
	}
	return &l, l.Check()
}

// Check refuses a ledger that holding back cannot have made: what it names is changed when it is taken back.
func (l *Ledger) Check() error {
	if l.Version != ledgerVersion {
		return fmt.Errorf("the ledger of held restarts has version %d, expected %d", l.Version, ledgerVersion)
	}
	if len(l.Settings) == 0 {
		return errors.New("the ledger of held restarts names no value")
	}
	values := []string{"NoAutoRebootWithLoggedOnUsers", "AlwaysAutoRebootAtScheduledTime", "SetActiveHours", "ActiveHoursStart", "ActiveHoursEnd"}
	for _, s := range l.Settings {
		if s.Key != policyKey && s.Key != auKey || !slices.Contains(values, s.Now.Name) || s.Before != nil && s.Before.Name != s.Now.Name {
			return fmt.Errorf("the ledger of held restarts names %s, which is none of its values", s)
		}
	}
	keys := []string{ledgerRoot, `HKLM\SOFTWARE\Policies`, `HKLM\SOFTWARE\Policies\Microsoft`, `HKLM\SOFTWARE\Policies\Microsoft\Windows`, policyKey, auKey}
	for _, key := range l.Made {
		if !slices.Contains(keys, key) {
			return fmt.Errorf("the ledger of held restarts names the key %s, which is none of its keys", key)
		}
	}
	return nil
}

// Write makes a ledger durable. It comes before the first value is set.
func (h Hold) Write(l *Ledger) error {
	text, err := json.Marshal(l)
	if err != nil {
		return err
	}
	if _, err := h.Registry.Create(ledgerKey); err != nil {
		return err
	}
	if err := h.Registry.Set(ledgerKey, registry.TextValue(ledgerName, string(text))); err != nil {
		return err
	}
	return h.Registry.Flush(ledgerKey)
}

// Set sets what a ledger has; done is called behind each value.
func (h Hold) Set(l *Ledger, done func(Setting)) error {
	for _, s := range l.Settings {
		if _, err := h.Registry.Create(s.Key); err != nil {
			return err
		}
		if err := h.Registry.Set(s.Key, s.Now); err != nil {
			return err
		}
		done(s)
	}
	return h.Registry.Flush(policyKey)
}

// Standing says how the values of a ledger stand.
type Standing struct {
	Set    int       // as the ledger has set them
	Before int       // as they were before
	Others []Setting // otherwise: somebody has changed them since
}

// Standing looks at the values of a ledger.
func (h Hold) Standing(l *Ledger) (Standing, error) {
	var at Standing
	for _, s := range l.Settings {
		is, err := h.stored(s)
		switch {
		case err != nil:
			return Standing{}, err
		case same(is, &s.Now):
			at.Set++
		case same(is, s.Before):
			at.Before++
		default:
			at.Others = append(at.Others, s)
		}
	}
	return at, nil
}

func same(a, b *registry.Value) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Type == b.Type && slices.Equal(a.Data, b.Data)
}

// Release puts back what was there before a ledger, and takes the ledger away. Values that somebody else has changed since stay
// as they are, and are given back.
func (h Hold) Release(l *Ledger, done func(Setting)) (left []Setting, err error) {
	for _, s := range slices.Backward(l.Settings) {
		is, err := h.stored(s)
		if err != nil {
			return left, err
		}
		switch {
		case same(is, s.Before):
			continue
		case !same(is, &s.Now):
			left = append(left, s)
			continue
		case s.Before == nil:
			err = h.Registry.DeleteValue(s.Key, s.Now.Name)
		default:
			err = h.Registry.Set(s.Key, *s.Before)
		}
		if err != nil {
			return left, err
		}
		done(s)
	}
	for _, key := range slices.Backward(l.Made) {
		if key == ledgerRoot {
			continue
		}
		if _, err := h.Registry.DeleteEmpty(key); err != nil {
			return left, err
		}
	}
	return left, h.forget(l)
}

// forget takes the ledger away, when nothing needs it any more.
func (h Hold) forget(l *Ledger) error {
	if err := h.Registry.Flush(policyKey); err != nil && !registry.Absent(err) {
		return err
	}
	if err := h.Registry.DeleteValue(ledgerKey, ledgerName); err != nil {
		return err
	}
	if _, err := h.Registry.DeleteEmpty(ledgerKey); err != nil {
		return err
	}
	if slices.Contains(l.Made, ledgerRoot) {
		if _, err := h.Registry.DeleteEmpty(ledgerRoot); err != nil {
			return err
		}
	}
	return h.Registry.Flush(`HKLM\SOFTWARE`)
}

// OpenHold opens the registry of a live target to hold restarts back in.
func OpenHold(t *target.Target) (Hold, error) {
	store, err := registry.OpenStore(t)
	return Hold{store}, err
}
