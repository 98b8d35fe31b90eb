package host

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/rectify-project/rectify/sdk"
)

// doomedHost is a host process that is killed while its plugins run. It prints the plugin's process id.
func doomedHost(plugin string) {
	h, err := New(Options{Linked: []sdk.Plugin{testPlugin(plugin)}, ServeArgs: serveArgs, StartTimeout: 5 * time.Second})
	if err != nil {
		panic(err)
	}
	a, err := h.Observe(context.Background(), plugin+".do", live, map[string]any{"what": "pid"}, Events{})
	if err != nil {
		panic(err)
	}
	fmt.Fprintln(os.Stdout, a.Value["count"])
	time.Sleep(time.Hour)
}
