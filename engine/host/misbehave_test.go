package host

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/rectify-project/rectify/sdk"
)

// misbehaviours are what plugins do instead of serving.
var misbehaviours = map[string]func(){
	"crash_at_start": func() {
		fmt.Fprintln(os.Stderr, "fatal: cannot open config")
		os.Exit(3)
	},
	"panic_at_start": func() { panic("nobody expects it") },
	"exit_silently":  func() {},
	"hang_at_start":  func() { time.Sleep(time.Hour) },
	"prints_garbage": func() {
		fmt.Println("Hello, I am a friendly program!")
		time.Sleep(time.Hour)
	},
	"prints_a_huge_line": func() {
		fmt.Print(strings.Repeat("x", 8<<20))
		fmt.Println()
		time.Sleep(time.Hour)
	},
	"prints_bytes_for_ever": func() {
		block := make([]byte, 1<<20)
		for {
			if _, err := os.Stdout.Write(block); err != nil {
				return
			}
		}
	},
	"prints_odd_fields": func() {
		fmt.Println("a|b|c|d")
		time.Sleep(time.Hour)
	},
	"other_core": func() {
		fmt.Println("9|1|unix|/nowhere|grpc")
		time.Sleep(time.Hour)
	},
	"other_version": func() {
		fmt.Println("1|9|unix|/nowhere|grpc")
		time.Sleep(time.Hour)
	},
	"other_transport": func() {
		fmt.Println("1|1|unix|/nowhere|netrpc")
		time.Sleep(time.Hour)
	},
	"sends_a_certificate": func() {
		fmt.Println("1|1|unix|/nowhere|grpc|" + strings.Repeat("A", 80))
		time.Sleep(time.Hour)
	},
	"listens_elsewhere": func() {
		fmt.Println("1|1|tcp|192.0.2.1:80|grpc")
		time.Sleep(time.Hour)
	},
	"dead_socket": func() {
		fmt.Println("1|1|unix|/nowhere/at/all|grpc")
		time.Sleep(time.Hour)
	},
	"worker": func() {
		time.Sleep(700 * time.Millisecond)
		_ = os.WriteFile(os.Getenv(workerNote), []byte("done"), 0o600) // the test misses it
	},
	"mute_socket":      func() { mute(false) },
	"mute_and_chatty":  func() { mute(true) },
	"grandchild_stays": func() { startGrandchild(); fmt.Fprintln(os.Stderr, "left a child"); os.Exit(4) },
}

// mute listens and accepts, and says nothing.
func mute(chatty bool) {
	network, address := "unix", filepath.Join(os.Getenv("PLUGIN_UNIX_SOCKET_DIR"), "plugin1")
	if runtime.GOOS == "windows" { // as go-plugin does there
		network, address = "tcp", "127.0.0.1:0"
	}
	l, err := net.Listen(network, address)
	if err != nil {
		panic(err)
	}
	fmt.Printf("1|1|%s|%s|grpc\n", network, l.Addr())
	for chatty {
		fmt.Fprintln(os.Stderr, `{"@level":"info","@message":"still here"}`)
	}
	for {
		if _, err := l.Accept(); err != nil {
			return
		}
	}
}

// flood is more lines than are forwarded.
var flood = map[bool]int{false: 20 * maxForwarded, true: 2 * maxForwarded}[runtime.GOOS == "windows"] // where each takes long

// startWorker starts a process that outlives the plugin, as an action that must not be cut off does.
func startWorker(note string) {
	cmd := exec.Command(os.Args[0], "plugin", "serve", "worker")
	cmd.Env = append(os.Environ(), workerNote+"="+note)
	leaveTree(cmd)
	if err := cmd.Start(); err != nil {
		panic(err)
	}
}

const workerNote = "RECTIFY_TEST_NOTE"

// startGrandchild starts a process that holds this one's stderr open.
func startGrandchild() {
	cmd := exec.Command(os.Args[0], "plugin", "serve", "hang_at_start")
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		panic(err)
	}
}

// do is a probe that does what it is told.
func do(ctx context.Context, call *sdk.Call, in doInput) (sdk.Reading[doOutput], error) {
	out := doOutput{Text: "hello", Count: in.Count}
	switch in.What {
	case "greet":
		out.Items = []item{{"one", sdk.Evidence{File: `C:\Windows\x.log`, Line: 7, Text: "bad \xff byte"}}}
		return sdk.Reading[doOutput]{Value: out, Partial: "half", Settle: "ask", Missing: map[string]string{"/when": "unknown"},
			Covers: &sdk.Window{From: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}}, nil
	case "say":
		fmt.Fprintln(os.Stderr, `{"@message": 5, "@level": {}, "@timestamp": []}`)
		fmt.Fprintln(os.Stderr, `{"@message": "well", "@level": "warn", "n": 5}`)
		fmt.Fprintln(os.Stderr, `[ERROR] plain`)
		fmt.Println("printed on stdout")
	case "shout":
		for i := range flood {
			fmt.Fprintln(os.Stderr, "line", i)
		}
		fmt.Fprint(os.Stderr, strings.Repeat("y", 1<<20))
	case "exit":
		fmt.Fprintln(os.Stderr, "no more of this")
		os.Exit(7)
	case "panic":
		panic("in the handler\nsecond line")
	case "panic_aside":
		go panic("in a goroutine")
		<-ctx.Done()
	case "kill":
		p, _ := os.FindProcess(os.Getpid())
		_ = p.Kill()
		time.Sleep(time.Hour)
	case "grandchild":
		startGrandchild()
	case "worker":
		startWorker(in.Path)
	case "grandchild_exit":
		startGrandchild()
		os.Exit(5)
	case "wait":
		<-ctx.Done()
		return sdk.Reading[doOutput]{}, ctx.Err()
	case "ignore":
		time.Sleep(time.Hour)
	case "progress":
		for {
			call.Progress(sdk.Progress{Done: 1})
			if ctx.Err() != nil {
				return sdk.Reading[doOutput]{}, ctx.Err()
			}
		}
	case "items":
		for range in.Size {
			out.Items = append(out.Items, item{"x", sdk.Evidence{File: "f", Line: 1}})
		}
	case "large":
		out.Text = strings.Repeat("z", in.Size)
	case "refuse":
		return sdk.Reading[doOutput]{}, sdk.Errorf(sdk.AccessDenied, "not for you").WithHint("run as administrator")
	case "env":
		out.Text = strings.Join(os.Environ(), "\n")
	case "pid":
		out.Count = os.Getpid()
	case "slow":
		time.Sleep(time.Duration(in.Span))
	}
	return sdk.Observed(out), nil
}

// rawProbe answers with whatever JSON it is asked for, and lies about its type.
type rawProbe struct{}

func (rawProbe) Manifest() sdk.ProbeManifest {
	object := `{"type":"object","properties":{"json":{"type":"string"},"evidence":{"type":"integer"}},"additionalProperties":false}`
	answer := `{"type":"object","properties":{"n":{"type":"integer"},"list":{"type":"array","items":{"type":"object","properties":{"code":{"type":"integer"}},"additionalProperties":false}}},"required":["n"],"additionalProperties":false}`
	return sdk.ProbeManifest{Name: "raw", Summary: "Lies", Input: json.RawMessage(object), Output: json.RawMessage(answer), Targets: []sdk.TargetKind{sdk.Live}}
}

func (rawProbe) Observe(_ context.Context, _ *sdk.Call, input json.RawMessage) (sdk.Answer, error) {
	var in struct {
		JSON     string `json:"json"`
		Evidence int    `json:"evidence"`
	}
	if err := json.Unmarshal(input, &in); err != nil {
		return sdk.Answer{}, err
	}
	return sdk.Answer{Value: json.RawMessage(in.JSON), Evidence: make([]sdk.Evidence, in.Evidence)}, nil
}

// schemaProbe has a manifest that its writer did not think through.
type schemaProbe struct{ summary, schema string }

func (s schemaProbe) Manifest() sdk.ProbeManifest {
	return sdk.ProbeManifest{Name: "look", Summary: s.summary, Input: json.RawMessage(s.schema), Output: json.RawMessage(s.schema)}
}

func (schemaProbe) Observe(context.Context, *sdk.Call, json.RawMessage) (sdk.Answer, error) {
	return sdk.Answer{}, nil
}
