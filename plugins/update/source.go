package update

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/rectify-project/rectify/internal/machine/agent"
	"github.com/rectify-project/rectify/internal/machine/registry"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/target"
)

// SourceInput is the input of `update.source`.
type SourceInput struct{}

// SourceOutput is the output of `update.source`.
type SourceOutput struct {
	WSUS         bool     `json:"wsus" jsonschema_description:"Whether quality updates come from a WSUS server"`
	Kind         string   `json:"kind" jsonschema:"enum=windows_update,enum=wsus,enum=mdm,enum=mixed" jsonschema_description:"Where updates come from; mdm is a server that device management set, mixed is a server for some kinds of updates and Windows Update for others"`
	Server       string   `json:"server,omitempty" jsonschema_description:"URL of the server that is in force; absent where there is none"`
	StatusServer string   `json:"status_server,omitempty" jsonschema_description:"URL that the machine reports to"`
	UseWUServer  bool     `json:"use_wu_server" jsonschema_description:"Whether the policy UseWUServer is 1; a server without it is ignored by Windows"`
	Policies     []Policy `json:"policies" jsonschema_description:"The policies on the source of updates that are set"`
	// What the agent says, beside the policies.
	Service string `json:"service,omitempty" jsonschema_description:"Name of the service that automatic updates come from, as the update agent of a running machine says; absent on a disk, and where the agent does not say"`
	Managed *bool  `json:"managed,omitempty" jsonschema_description:"Whether that service is a server of the organisation (WSUS), likewise"`
}

// Policy is a policy that is set.
type Policy struct {
	Name  string `json:"name" jsonschema_description:"Name of the value: WUServer"`
	Value string `json:"value" jsonschema_description:"What it is set to"`
	From  string `json:"from" jsonschema:"enum=group_policy,enum=mdm" jsonschema_description:"Who set it"`

	Evidence sdk.Evidence `json:"-"`
}

func sourceProbe(m machine) sdk.Probe {
	return sdk.NewProbe(sdk.ProbeManifest{
		Name:    "source",
		Summary: "Where the machine gets its updates",
		Doc: `Reads HKLM\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate and, for device management, HKLM\SOFTWARE\Microsoft\PolicyManager\current\device\Update. ` +
			`WUServer counts only with UseWUServer = 1, as for Windows itself. SetPolicyDrivenUpdateSourceForQualityUpdates = 0 takes quality updates from Windows Update all the same. ` +
			`A machine without these keys uses Windows Update. On a running machine the update agent is asked besides which service it takes automatic updates from; the policies decide. Partial where Windows had not written the hive whole when it stopped, and its transaction logs do not complete it.`,
		Targets: []sdk.TargetKind{sdk.Live, sdk.Offline},
		Needs:   sdk.Needs{Platforms: []string{"windows"}},
		Healthy: json.RawMessage(`{"wsus":false,"kind":"windows_update","use_wu_server":false,"policies":[]}`),
	}, func(ctx context.Context, call *sdk.Call, _ SourceInput) (sdk.Reading[SourceOutput], error) {
		r, err := registry.Open(call.Target)
		if err != nil {
			return sdk.Reading[SourceOutput]{}, registry.Explain(err)
		}
		defer r.Close()
		reading, err := source(r)
		if err == nil && call.Target.Kind() == target.Live {
			askSource(ctx, m.agent, &reading)
		}
		return reading, err
	})
}

// askSource adds what the agent says of where automatic updates come from; that it says nothing leaves the policies known.
func askSource(ctx context.Context, from agent.Sources, reading *sdk.Reading[SourceOutput]) {
	services, err := from.Services(ctx)
	for _, s := range services {
		if err == nil && s.DefaultAU {
			reading.Value.Service, reading.Value.Managed = s.Name, &s.Managed
			return
		}
	}
	reason := "the update agent names no service that automatic updates come from"
	if err != nil {
		reason = explain(err).Error()
	}
	reading.Missing = map[string]string{"/service": reason, "/managed": reason}
}

const (
	policyKey = `HKLM\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate`
	mdmKey    = `HKLM\SOFTWARE\Microsoft\PolicyManager\current\device\Update`
	// classes says, with the name of a kind of updates behind it, where those come from: 0 is Windows Update, 1 WSUS.
	classes = "SetPolicyDrivenUpdateSourceFor"
)

// policyValues are the values below a key that say where updates come from.
var policyValues = []struct {
	key, from string
	names     []string
}{
	{policyKey, "group_policy", []string{
		"WUServer", "WUStatusServer", "UpdateServiceUrlAlternate", "DoNotConnectToWindowsUpdateInternetLocations", "DisableWindowsUpdateAccess", "DisableDualScan",
		classes + "FeatureUpdates", classes + "QualityUpdates", classes + "DriverUpdates", classes + "OtherUpdates",
	}},
	{policyKey + `\AU`, "group_policy", []string{"UseWUServer", "UseUpdateClassPolicySource", "NoAutoUpdate", "AUOptions"}},
	{mdmKey, "mdm", []string{"UpdateServiceUrl", "UpdateServiceUrlAlternate", "AllowUpdateService", classes + "QualityUpdates", classes + "FeatureUpdates"}},
}

func source(r *registry.Registry) (sdk.Reading[SourceOutput], error) {
	policies, err := readPolicies(r)
	if err != nil {
		return sdk.Reading[SourceOutput]{}, registry.Explain(err)
	}
	reading := sdk.Observed(decide(policies))
	if stale := r.Dirty(policyKey); stale != "" {
		reading.Partial = "the hive SOFTWARE may be stale: " + stale
		reading.Settle = "the transaction logs of the hive: the files SOFTWARE.LOG1 and SOFTWARE.LOG2 beside it"
	}
	return reading, nil
}

func readPolicies(r *registry.Registry) ([]Policy, error) {
	found := []Policy{}
	for _, at := range policyValues {
		k, err := r.Key(at.key)
		if registry.Absent(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, name := range at.names {
			data, err := k.Value(name)
			switch {
			case errors.Is(err, registry.ErrNoValue):
				continue
			case err != nil:
				return nil, err
			}
			found = append(found, Policy{name, strings.TrimSpace(fmt.Sprint(data)), at.from, k.Evidence(name)})
		}
	}
	return found, nil
}

// decide says what the policies come to.
func decide(policies []Policy) SourceOutput {
	set := map[string]string{}
	for _, p := range policies {
		set[p.From+" "+p.Name] = p.Value
	}
	group := func(name string) string { return set["group_policy "+name] }
	out := SourceOutput{Kind: "windows_update", Policies: policies, UseWUServer: group("UseWUServer") == "1"}
	switch {
	case out.UseWUServer && group("WUServer") != "":
		out.Kind, out.Server, out.StatusServer = "wsus", group("WUServer"), group("WUStatusServer")
	case set["mdm UpdateServiceUrl"] != "":
		out.Kind, out.Server = "mdm", set["mdm UpdateServiceUrl"]
	default:
		return out
	}
	out.WSUS = true
	class := func(kind string) string {
		if v := group(classes + kind); v != "" && group("UseUpdateClassPolicySource") != "0" {
			return v
		}
		return set["mdm "+classes+kind]
	}
	out.WSUS = class("QualityUpdates") != "0"
	for _, kind := range []string{"FeatureUpdates", "QualityUpdates", "DriverUpdates", "OtherUpdates"} {
		if class(kind) == "0" {
			out.Kind = "mixed"
		}
	}
	return out
}
