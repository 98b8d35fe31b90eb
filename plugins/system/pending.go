package system

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/rectify-project/rectify/internal/machine/agent"
	"github.com/rectify-project/rectify/internal/machine/registry"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/target"
)

// PendingRestartInput is the input of `system.pending_restart`.
type PendingRestartInput struct{}

// PendingRestartOutput is the output of `system.pending_restart`.
type PendingRestartOutput struct {
	Any       *bool           `json:"any,omitempty" jsonschema_description:"Whether anything waits for a restart"`
	Servicing *bool           `json:"servicing,omitempty" jsonschema_description:"Whether servicing or Windows Update wait for a restart, so that no update can be installed before it"`
	Signals   []PendingSignal `json:"signals,omitzero" jsonschema_description:"The signs that are there; left out where not all could be looked for"`

	Evidence []sdk.Evidence `json:"-"`
}

// PendingSignal is one sign of a pending restart.
type PendingSignal struct {
	Name            string `json:"name" jsonschema:"enum=cbs_reboot_pending,enum=cbs_reboot_in_progress,enum=cbs_packages_pending,enum=cbs_exclusive_session,enum=pending_xml,enum=update_reboot_required,enum=file_renames,enum=computer_rename,enum=domain_join,enum=server_roles" jsonschema_description:"Which sign"`
	BlocksServicing bool   `json:"blocks_servicing" jsonschema_description:"Whether no update can be installed before the restart"`
	Detail          string `json:"detail" jsonschema_description:"What was found"`

	Evidence sdk.Evidence `json:"-"`
}

func pendingRestartProbe() sdk.Probe {
	return sdk.NewProbe(sdk.ProbeManifest{
		Name:    "pending_restart",
		Summary: "Whether the machine waits for a restart",
		Doc: `Looks for the keys and values by which Windows itself remembers that it needs a restart. ` + "`servicing`" + ` rests on those of Component ` +
			`Based Servicing and Windows Update and on WinSxS\pending.xml alone: installers leave file renames behind all the time, which block no update. ` +
			`The update agent of a running machine can only add to ` + "`any`" + `. A sign that is not there is absent; where a hive cannot be read, or is stale (Windows keeps changes in its transaction logs for up to an hour), and no other sign is there, the answer is not known.`,
		Targets: []sdk.TargetKind{sdk.Live, sdk.Offline},
		Needs:   sdk.Needs{Platforms: []string{"windows"}},
		Healthy: json.RawMessage(`{"any":false,"servicing":false,"signals":[]}`),
	}, func(ctx context.Context, call *sdk.Call, _ PendingRestartInput) (sdk.Reading[PendingRestartOutput], error) {
		r, err := registry.Open(call.Target)
		if err != nil {
			return sdk.Reading[PendingRestartOutput]{}, registry.Explain(err)
		}
		defer r.Close()
		if call.Target.Kind() == target.Offline {
			return pendingRestart(ctx, r, call.Target, nil)
		}
		return pendingRestart(ctx, r, call.Target, agent.Live())
	})
}

// updateAgent is what is asked of the update agent of a running machine.
type updateAgent interface {
	// RebootRequired says whether an installation waits for a restart.
	RebootRequired(ctx context.Context) (bool, error)
}

const (
	servicingKey = `HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing`
	updateKey    = `HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update`
	rolesKey     = `HKLM\SOFTWARE\Microsoft\ServerManager\ServicingStorage\ServerComponentCache`
	sessionKey   = `HKLM\SYSTEM\CurrentControlSet\Control\Session Manager`
	namesKey     = `HKLM\SYSTEM\CurrentControlSet\Control\ComputerName`
	netlogonKey  = `HKLM\SYSTEM\CurrentControlSet\Services\Netlogon`
	pendingXML   = `%SystemRoot%\WinSxS\pending.xml`
)

// sign is one place to look at: nil where the sign is not there.
type sign struct {
	name   string
	blocks bool
	look   func(*registry.Registry) (*PendingSignal, error)
}

var signs = []sign{
	{"cbs_reboot_pending", true, keyExists(servicingKey + `\RebootPending`)},
	{"cbs_reboot_in_progress", true, keyExists(servicingKey + `\RebootInProgress`)},
	{"cbs_packages_pending", true, keyFilled(servicingKey + `\PackagesPending`)},
	{"cbs_exclusive_session", true, valueSet(servicingKey+`\SessionsPending`, "Exclusive")},
	{"update_reboot_required", true, keyExists(updateKey + `\RebootRequired`)},
	{"file_renames", false, fileRenames},
	{"computer_rename", false, computerRename},
	{"domain_join", false, domainJoin},
	{"server_roles", false, valueSet(rolesKey, "RestartRequired")},
}

// pendingRestart looks for the signs, and asks the agent where there is one.
func pendingRestart(ctx context.Context, r *registry.Registry, t *target.Target, asked updateAgent) (sdk.Reading[PendingRestartOutput], error) {
	out := PendingRestartOutput{Signals: []PendingSignal{}}
	var unread, unreadServicing error
	found := func(name string, blocks bool, s *PendingSignal, err error) {
		switch {
		case err != nil:
			unread = errors.Join(unread, err)
			if blocks {
				unreadServicing = errors.Join(unreadServicing, err)
			}
		case s != nil:
			s.Name, s.BlocksServicing = name, blocks
			out.Signals = append(out.Signals, *s)
		}
	}
	for _, s := range signs {
		signal, err := s.look(r)
		found(s.name, s.blocks, signal, err)
	}
	// What is in a hive that is stale was there; what is not in it may have been set since.
	for _, hive := range []string{"SOFTWARE", "SYSTEM"} {
		if stale := r.Dirty(`HKLM\` + hive); stale != "" {
			found("", hive == "SOFTWARE", nil, fmt.Errorf("the hive %s is stale: %s", hive, stale))
		}
	}
	signal, err := pendingFile(t)
	found("pending_xml", true, signal, err)
	reading, err := conclude(out, unread, unreadServicing)
	if err == nil && asked != nil && (reading.Value.Any == nil || !*reading.Value.Any) {
		askAgent(ctx, asked, &reading)
	}
	return reading, err
}

// askAgent adds what the update agent says. One that cannot be asked takes nothing away: what it goes by is among the signs.
func askAgent(ctx context.Context, asked updateAgent, reading *sdk.Reading[PendingRestartOutput]) {
	yes, err := asked.RebootRequired(ctx)
	if err != nil || !yes {
		return
	}
	reading.Value.Any = &yes
	delete(reading.Missing, "/any")
	reading.Value.Evidence = append(reading.Value.Evidence, at("/any", sdk.Evidence{Text: "the update agent says that an installation waits for a restart"}))
}

// conclude says what the signs mean: one is enough for yes, all places must have been read for no.
func conclude(out PendingRestartOutput, unread, unreadServicing error) (sdk.Reading[PendingRestartOutput], error) {
	reading := sdk.Reading[PendingRestartOutput]{Missing: map[string]string{}}
	servicing := false
	for _, s := range out.Signals {
		servicing = servicing || s.BlocksServicing
	}
	settle := func(to **bool, yes bool, pointer string, unread error) {
		if yes || unread == nil {
			*to = &yes
			return
		}
		reading.Missing[pointer] = firstLine(unread)
	}
	settle(&out.Any, len(out.Signals) > 0, "/any", unread)
	settle(&out.Servicing, servicing, "/servicing", unreadServicing)
	if unread != nil && len(out.Signals) == 0 && unreadServicing != nil {
		return reading, registry.Explain(first(unread))
	}
	if unread != nil { // what was found still counts
		for _, s := range out.Signals {
			out.Evidence = append(out.Evidence, at("/any", s.Evidence))
		}
		out.Signals = nil
		reading.Missing["/signals"] = "not every sign could be looked for: " + firstLine(unread)
	}
	if len(reading.Missing) == 0 {
		reading.Missing = nil
	}
	reading.Value = out
	return reading, nil
}

// first is the first of joined errors.
func first(err error) error {
	for {
		joined, ok := err.(interface{ Unwrap() []error })
		if !ok || len(joined.Unwrap()) == 0 {
			return err
		}
		err = joined.Unwrap()[0]
	}
}

func firstLine(err error) string { return first(err).Error() }
