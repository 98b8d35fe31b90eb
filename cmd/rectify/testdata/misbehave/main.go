// Command misbehave is a vendor's plugin for tests: its probe does what the name of its file says.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/pluginserver"
)

func main() {
	file := strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe")
	name := strings.TrimPrefix(file, "rectify-plugin-")
	if name == "stillborn" {
		fmt.Fprintln(os.Stderr, "the license of stillborn has run out")
		os.Exit(3)
	}
	pluginserver.Serve(sdk.Plugin{Name: name, Version: "1.0.0", Summary: "Misbehaves", Probes: []sdk.Probe{look(name)}})
}

// look is a probe that says what it answers, and answers what it wants.
type look string

func (look) Manifest() sdk.ProbeManifest {
	return sdk.ProbeManifest{
		Name: "look", Summary: "Misbehaves", Targets: []sdk.TargetKind{sdk.Live, sdk.Offline},
		Input:   json.RawMessage(`{"type":"object","properties":{},"additionalProperties":false}`),
		Output:  json.RawMessage(`{"type":"object","properties":{"bad":{"type":"boolean"},"text":{"type":"string"}},"required":["bad"],"additionalProperties":false}`),
		Healthy: json.RawMessage(`{"bad":false}`),
	}
}

func (l look) Observe(_ context.Context, call *sdk.Call, _ json.RawMessage) (sdk.Answer, error) {
	answer := `{"bad":true}`
	switch l {
	case "crashes":
		fmt.Fprintln(os.Stderr, "the last words of crashes")
		os.Exit(7)
	case "panics":
		panic("the last words of panics")
	case "hangs":
		time.Sleep(time.Hour) // deaf to its context
	case "floods":
		answer = `{"bad":true,"text":"` + strings.Repeat("x", 64<<20) + `"}`
	case "shouts":
		for range 100_000 {
			fmt.Fprintln(os.Stderr, "nobody wants to hear this, and it is said all the same")
			call.Progress(sdk.Progress{Done: 1})
		}
		os.Exit(8)
	case "lies":
		answer = `{"bad":"perhaps"}`
	case "mumbles":
		answer = `{"bad":tr`
	case "adds":
		answer = `{"bad":true,"more":1}`
	}
	return sdk.Answer{Value: json.RawMessage(answer)}, nil
}
