package pluginserver_test

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/rectify-project/rectify/internal/wire"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/pluginserver"
	"github.com/rectify-project/rectify/sdk/plugintest"
	"github.com/rectify-project/rectify/sdk/target"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "serve" {
		pluginserver.Serve(echo)
		return
	}
	os.Exit(m.Run())
}

type input struct {
	Names []string `json:"names"`
	Mode  string   `json:"mode" jsonschema:"enum=all,enum=any,default=any"`
}

type output struct {
	Mode string `json:"mode"`
	Kind string `json:"kind"`
}

var echo = sdk.Plugin{Name: "echo", Version: "0.1.0", Summary: "Says what it was told", Probes: []sdk.Probe{
	sdk.NewProbe(sdk.ProbeManifest{Name: "say", Summary: "Says it", Targets: []sdk.TargetKind{sdk.Live}},
		func(ctx context.Context, call *sdk.Call, in input) (sdk.Reading[output], error) {
			switch {
			case len(in.Names) > 0 && in.Names[0] == "panic":
				panic(errors.New("first line\nsecond line"))
			case len(in.Names) > 0 && in.Names[0] == "canceled":
				return sdk.Reading[output]{}, context.Canceled
			}
			return sdk.Observed(output{in.Mode, string(call.Target.Kind())}), nil
		}),
}}

func TestConform(t *testing.T) { plugintest.Conform(t, echo) }

func TestInputIsCheckedAndFilledIn(t *testing.T) {
	live, offline := target.Spec{Kind: target.Live}, target.Spec{Kind: target.Offline, Root: t.TempDir()}
	for name, x := range map[string]struct {
		probe, input string
		on           target.Spec
		want         string
		wrong        sdk.Error
	}{
		"default":        {"say", `{"names":[]}`, live, `{"mode":"any","kind":"live"}`, sdk.Error{}},
		"given":          {"say", `{"names":[],"mode":"all"}`, offline, `{"mode":"all","kind":"offline"}`, sdk.Error{}},
		"outside-enum":   {"say", `{"names":[],"mode":"some"}`, live, "", sdk.Error{Code: sdk.InvalidInput, Path: "/mode"}},
		"wrong-item":     {"say", `{"names":["a",5]}`, live, "", sdk.Error{Code: sdk.InvalidInput, Path: "/names/1"}},
		"unknown-field":  {"say", `{"names":[],"nam":1}`, live, "", sdk.Error{Code: sdk.InvalidInput, Path: "/nam"}},
		"not-json":       {"say", `{`, live, "", sdk.Error{Code: sdk.InvalidInput}},
		"unknown-probe":  {"sing", `{}`, live, "", sdk.Error{Code: sdk.InvalidInput}},
		"unknown-target": {"say", `{"names":[]}`, target.Spec{Kind: "lunar"}, "", sdk.Error{Code: sdk.Unavailable}},
		"no-such-disk":   {"say", `{"names":[]}`, target.Spec{Kind: target.Offline, Root: "/no/such/disk"}, "", sdk.Error{Code: sdk.Unavailable}},
		"panics":         {"say", `{"names":["panic"]}`, live, "", sdk.Error{Code: sdk.Internal}},
		"canceled":       {"say", `{"names":["canceled"]}`, live, "", sdk.Error{Code: sdk.Canceled}},
	} {
		t.Run(name, func(t *testing.T) {
			client := plugintest.Serve(t, echo)
			a, err := client.Observe(x.probe, x.on, []byte(x.input))
			if err == nil {
				if string(a.Value) != x.want {
					t.Errorf("got %s, want %s", a.Value, x.want)
				}
				return
			}
			if got := sdk.AsError(err); got.Code != x.wrong.Code || got.Path != x.wrong.Path || strings.Contains(got.Message, "second line") {
				t.Errorf("got %#v, want %#v", got, x.wrong)
			}
		})
	}
}

// A process that a host has started says where it listens, and ends when the host's end of its stdin does, however that comes
// about.
func TestEndsWithItsHost(t *testing.T) {
	credentials, _, err := wire.NewCredentials()
	if err != nil {
		t.Fatal(err)
	}
	line, err := credentials.Line()
	if err != nil {
		t.Fatal(err)
	}
	handshake := wire.Handshake()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "serve")
	cmd.Env = append(os.Environ(), handshake.MagicCookieKey+"="+handshake.MagicCookieValue)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := stdin.Write(line); err != nil {
		t.Fatal(err)
	}
	said, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil || strings.Count(said, "|") < 4 {
		t.Errorf("it says %q, %v", said, err)
	}
	if err := stdin.Close(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("it ends with %v", err)
	}
}

func TestStartedByHand(t *testing.T) {
	out, err := exec.Command(os.Args[0], "serve").CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 2 {
		t.Errorf("got %v, want exit code 2", err)
	}
	if lines := strings.Split(strings.TrimSpace(string(out)), "\n"); len(lines) != 2 || !strings.HasPrefix(lines[0], "echo 0.1.0 is a plugin of Rectify") {
		t.Errorf("said:\n%s", out)
	}
}
