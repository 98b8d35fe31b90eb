package system

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/rectify-project/rectify/internal/machine/power"
	"github.com/rectify-project/rectify/internal/machine/registry"
	"github.com/rectify-project/rectify/internal/verification"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/plugintest"
)

func onlyWine(t *testing.T) {
	t.Helper()
	if !strings.HasPrefix(verification.System(), "Wine") {
		t.Skip("it changes the machine, which somebody may need")
	}
}

// policies reads what holding back changes, and the ledger, of this machine.
func policies(t *testing.T) map[string]string {
	t.Helper()
	store, err := registry.OpenStore(here(t))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, key := range []string{`HKLM\SOFTWARE\Rectify`, `HKLM\SOFTWARE\Rectify\RestartBlock`, `HKLM\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate`, auKey} {
		k, err := store.Key(key)
		if registry.Absent(err) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		found[key] = "key"
		values, err := k.Values()
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range values {
			v, err := k.Stored(entry.Name)
			if err != nil {
				t.Fatal(err)
			}
			found[key+" → "+v.Name] = v.Show()
		}
	}
	return found
}

func same(t *testing.T, what string, want, got map[string]string) {
	t.Helper()
	a, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(got)
	if err != nil || string(a) != string(b) {
		t.Errorf("%s the registry holds %s, %v; want %s", what, b, err, a)
	}
}

func TestBlockThisWindows(t *testing.T) {
	onlyWine(t)
	before := policies(t)
	c := plugintest.Serve(t, Plugin())
	input := map[string]any{}
	p, err := c.Prepare("block_restart", onLive, input)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "prepared,", before, policies(t))
	state := t.TempDir()
	if a, err := c.Apply("block_restart", onLive, input, p.Token, state); err != nil || string(a.Output) != `{"blocked":true}` {
		t.Fatalf("got %s, %v", a.Output, err)
	}
	now := policies(t)
	if now[auKey+" → NoAutoRebootWithLoggedOnUsers"] != "1 (0x1)" || now[`HKLM\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate → SetActiveHours`] != "1 (0x1)" {
		t.Errorf("held back, the registry holds %v", now)
	}
	if a, err := c.Assess("block_restart", onLive, p.Token, state); err != nil || a.State != sdk.StateAfter {
		t.Errorf("assessed as %v, %v", a, err)
	}
	u, err := c.Prepare("unblock_restart", onLive, input)
	if err != nil {
		t.Fatal(err)
	}
	allowed := t.TempDir()
	if _, err := c.Apply("unblock_restart", onLive, input, u.Token, allowed); err != nil {
		t.Fatal(err)
	}
	same(t, "allowed again,", before, policies(t))
	if _, err := c.Undo("unblock_restart", onLive, u.Token, allowed); err != nil {
		t.Fatal(err)
	}
	same(t, "held back again by undo,", now, policies(t))
	if _, err := c.Undo("block_restart", onLive, p.Token, state); err != nil {
		t.Fatal(err)
	}
	same(t, "undone,", before, policies(t))
	verification.Shown(t, "the policies are set, read back, and put back exactly, by another step and by undo", "system.block_restart", "system.unblock_restart")
}

// TestRestartThisWindows holds that a system which does not restart is not taken for one that will.
func TestRestartThisWindows(t *testing.T) {
	onlyWine(t)
	c := plugintest.Serve(t, Plugin())
	input := map[string]any{"reason": "a test"}
	p, err := c.Prepare("restart", onLive, input)
	if err != nil {
		t.Fatal(err)
	}
	var token restartToken
	if err := json.Unmarshal(p.Token, &token); err != nil {
		t.Fatal(err)
	}
	boot, err := power.Live().Boot()
	if err != nil || token.Boot.Precedes(boot) {
		t.Errorf("the token's start is %+v, this one is %+v, %v", token.Boot, boot, err)
	}
	state := t.TempDir()
	if a, err := c.Apply("restart", onLive, input, p.Token, state); err == nil || sdk.AsError(err).Code != sdk.Unsupported {
		t.Errorf("got %s, %v; want an unsupported system", a.Output, err)
	}
	if a, err := c.Assess("restart", onLive, p.Token, state); err != nil || a.State != sdk.StateBefore {
		t.Errorf("assessed as %v, %v", a, err)
	}
	verification.InPart(t, "a system that does not carry a restart out is caught, and the start of the machine is read", "system.restart")
}

func TestRestorePointOfThisWindows(t *testing.T) {
	onlyWine(t)
	c := plugintest.Serve(t, Plugin())
	input := map[string]any{"description": "a test"}
	p, err := c.Prepare("restore_point", onLive, input)
	if err != nil {
		t.Fatal(err)
	}
	state := t.TempDir()
	if a, err := c.Apply("restore_point", onLive, input, p.Token, state); err == nil {
		t.Errorf("a restore point is made where there are none: %s", a.Output)
	}
	if a, err := c.Assess("restore_point", onLive, p.Token, state); err != nil || a.State != sdk.StateBefore {
		t.Errorf("assessed as %v, %v", a, err)
	}
	verification.InPart(t, "restore points are listed by WMI; where none can be made, none is reported", "system.restore_point")
}
