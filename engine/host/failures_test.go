package host

import (
	"context"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rectify-project/rectify/sdk"
)

func TestStartFailures(t *testing.T) {
	table := map[string]struct {
		kind  Kind
		words []string
	}{
		"crash_at_start":        {Crashed, []string{"exit status 3", "fatal: cannot open config"}},
		"panic_at_start":        {Crashed, []string{"exit status 2", "panic: nobody expects it"}},
		"exit_silently":         {Crashed, []string{"exit status 0"}},
		"hang_at_start":         {StartTimeout, []string{"within 4s"}},
		"prints_garbage":        {Garbage, []string{"I am a friendly program"}},
		"prints_a_huge_line":    {Garbage, []string{"xxx…"}},
		"prints_bytes_for_ever": {Garbage, nil},
		"prints_odd_fields":     {Protocol, []string{`"b"`}},
		"other_core":            {Protocol, nil},
		"other_version":         {Protocol, []string{`"9"`, "this host speaks 1"}},
		"other_transport":       {Garbage, []string{"netrpc"}},
		"sends_a_certificate":   {Garbage, []string{"AAAA"}},
		"listens_elsewhere":     {Garbage, []string{"192.0.2.1"}},
		"dead_socket":           {Mute, []string{"it says that it listens"}},
		"mute_socket":           {Mute, []string{"does not answer"}},
		"mute_and_chatty":       {Mute, []string{"still here"}},
		"grandchild_stays":      {Crashed, []string{"exit status 4", "left a child"}},
		"renamed":               {BadManifest, []string{"somebody_else"}},
	}
	// All at once: no plugin waits for another, or fails with it.
	h := testHost(t, append(slices.Collect(maps.Keys(table)), "good")...)
	var calls sync.WaitGroup
	errs := sync.Map{}
	for name := range h.slots {
		calls.Go(func() {
			_, err := h.Observe(t.Context(), name+".do", live, map[string]any{"what": "greet"}, Events{})
			errs.Store(name, err)
		})
	}
	calls.Wait()
	if err, _ := errs.Load("good"); err != nil {
		t.Errorf("the one that does nothing wrong: %v", err)
	}
	for name, x := range table {
		t.Run(name, func(t *testing.T) {
			err, _ := errs.Load(name)
			e := want(t, err.(error), x.kind, x.words...)
			if e.Function != "do" {
				t.Errorf("the error is about %q", e.Function)
			}
		})
	}
}

// killedWord is how the end of a process that was killed reads.
var killedWord = map[bool]string{false: "killed", true: "exit status 1"}[runtime.GOOS == "windows"]

func TestCallFailures(t *testing.T) {
	for name, x := range map[string]struct {
		input map[string]any
		kind  Kind
		words []string
		next  bool // the process is still the same
	}{
		"exit":              {map[string]any{"what": "exit"}, Crashed, []string{"exit status 7", "no more of this"}, false},
		"killed":            {map[string]any{"what": "kill"}, Crashed, []string{killedWord}, false},
		"panic":             {map[string]any{"what": "panic"}, PluginError, []string{"panic in do: in the handler"}, true},
		"panic-aside":       {map[string]any{"what": "panic_aside"}, Crashed, []string{"exit status 2", "panic: in a goroutine"}, false},
		"grandchild-exit":   {map[string]any{"what": "grandchild_exit"}, Crashed, []string{"exit status 5"}, false},
		"never-answers":     {map[string]any{"what": "wait"}, Timeout, []string{"in time"}, false},
		"ignores-the-end":   {map[string]any{"what": "ignore"}, Timeout, nil, false},
		"answer-too-large":  {map[string]any{"what": "large", "size": 17 << 20}, PluginError, []string{"at most 16777216"}, true},
		"refuses":           {map[string]any{"what": "refuse"}, PluginError, []string{"not for you", "run as administrator"}, true},
		"unknown-argument":  {map[string]any{"wat": "x"}, InvalidInput, []string{"/wat"}, true},
		"argument-of-wrong": {map[string]any{"what": "x", "count": "many"}, InvalidInput, []string{"/count"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			h := testHost(t, "good")
			pid := func() any {
				a, err := h.Observe(t.Context(), "good.do", live, map[string]any{"what": "pid"}, Events{})
				if err != nil {
					t.Fatal(err)
				}
				return a.Value["count"]
			}
			before := pid()
			within := time.Minute
			if x.kind == Timeout {
				within = 500 * time.Millisecond
			}
			ctx, cancel := context.WithTimeout(t.Context(), within)
			defer cancel()
			_, err := h.Observe(ctx, "good.do", live, x.input, Events{})
			want(t, err, x.kind, x.words...)
			if after := pid(); (after == before) != x.next {
				t.Errorf("process %v before, %v after", before, after)
			}
		})
	}
}

func TestCallSurvives(t *testing.T) {
	for name, input := range map[string]map[string]any{
		"strange-log-lines":      {"what": "say"},
		"flood-of-log-lines":     {"what": "shout"},
		"grandchild-holds-out":   {"what": "grandchild"},
		"large-answer":           {"what": "large", "size": 15 << 20},
		"answer-beyond-messages": {"what": "large", "size": 5 << 20},
	} {
		t.Run(name, func(t *testing.T) {
			h := testHost(t, "good")
			a, err := h.Observe(t.Context(), "good.do", live, input, Events{})
			if err != nil {
				t.Fatal(err)
			}
			if size, ok := input["size"].(int); ok && len(a.Value["text"].(string)) != size {
				t.Errorf("the answer has %d bytes", len(a.Value["text"].(string)))
			}
		})
	}
}

func TestEvidenceIsCut(t *testing.T) {
	h := testHost(t, "good")
	a, err := h.Observe(t.Context(), "good.do", live, map[string]any{"what": "items", "size": 25_000}, Events{})
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Evidence) != 10_000 || a.EvidenceCut != 15_000 || len(a.Value["items"].([]any)) != 25_000 || a.Partial != "" {
		t.Errorf("%d items of evidence, %d cut, %d in the value, partial %q", len(a.Evidence), a.EvidenceCut, len(a.Value["items"].([]any)), a.Partial)
	}
}

func TestProgressIsThinned(t *testing.T) {
	h := testHost(t, "good")
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	var mu sync.Mutex
	n := 0
	_, err := h.Observe(ctx, "good.do", live, map[string]any{"what": "progress"}, Events{Progress: func(sdk.Progress) {
		mu.Lock()
		n++
		mu.Unlock()
	}})
	want(t, err, Timeout)
	mu.Lock()
	defer mu.Unlock()
	if n < 1 || n > 10 {
		t.Errorf("progress came %d times", n)
	}
}

func TestWrongTypes(t *testing.T) {
	h := testHost(t, "good")
	for name, x := range map[string]struct{ json, at string }{
		"text-for-a-number":   {`{"n":"x"}`, "/n"},
		"fraction":            {`{"n":1.5}`, "/n"},
		"unknown-field":       {`{"n":1,"m":2}`, "/m"},
		"deep":                {`{"n":1,"list":[{"code":1},{"code":"0x"}]}`, "/list/1/code"},
		"missing-field":       {`{}`, `"n"`},
		"not-an-object":       {`[1]`, "expected"},
		"not-json":            {`{"n":`, "JSON"},
		"nothing":             {``, "JSON"},
		"two-documents":       {`{"n":1}{"n":2}`, "JSON"},
		"too-large-a-number":  {`{"n":1e400}`, "/n"},
		"deeply-nested-array": {`{"n":1,"list":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + `}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := h.Observe(t.Context(), "good.raw", live, map[string]any{"json": x.json}, Events{})
			want(t, err, WrongType, x.at)
		})
	}
	a, err := h.Observe(t.Context(), "good.raw", live, map[string]any{"json": `{"n":9007199254740993}`}, Events{})
	if err != nil || a.Value["n"] != int64(9007199254740993) {
		t.Errorf("an integer beyond 2^53: %v, %v", a.Value, err)
	}
}

func TestUnknownNames(t *testing.T) {
	h := testHost(t, "good")
	for name, words := range map[string][]string{
		"other.do":   {`"other"`, "known are good"},
		"good.undo":  {`"undo"`, "do, raw"},
		"good":       {"PLUGIN.FUNCTION"},
		"acting.raw": {"acting"},
	} {
		_, err := h.Observe(t.Context(), name, live, nil, Events{})
		want(t, err, NotFound, words...)
	}
}

func TestManyCallsShareOneProcess(t *testing.T) {
	h := testHost(t, "good")
	pids := make(chan any, 20)
	var calls sync.WaitGroup
	for range cap(pids) {
		calls.Go(func() {
			a, err := h.Observe(t.Context(), "good.do", live, map[string]any{"what": "pid"}, Events{})
			if err != nil {
				t.Error(err)
			}
			pids <- a.Value["count"]
		})
	}
	calls.Wait()
	first := <-pids
	for range cap(pids) - 1 {
		if pid := <-pids; pid != first {
			t.Errorf("processes %v and %v", first, pid)
		}
	}
}

func TestOthersOutliveATimeout(t *testing.T) {
	h := testHost(t, "good")
	var calls sync.WaitGroup
	started := make(chan struct{})
	calls.Go(func() {
		close(started)
		if _, err := h.Observe(t.Context(), "good.do", live, map[string]any{"what": "slow", "span": "800ms"}, Events{}); err != nil {
			t.Errorf("the call that was in flight beside the one that timed out: %v", err)
		}
	})
	<-started
	ctx, cancel := context.WithTimeout(t.Context(), 400*time.Millisecond)
	defer cancel()
	_, err := h.Observe(ctx, "good.do", live, map[string]any{"what": "ignore"}, Events{})
	want(t, err, Timeout)
	calls.Wait()
}

func TestGivenUpAfterTwoStarts(t *testing.T) {
	h := testHost(t, "crash_at_start")
	for range 5 {
		_, err := h.Observe(t.Context(), "crash_at_start.do", live, nil, Events{})
		want(t, err, InvalidInput)
		_, err = h.Observe(t.Context(), "crash_at_start.do", live, map[string]any{"what": "greet"}, Events{})
		want(t, err, Crashed, "cannot open config")
	}
	if n := h.slots["crash_at_start"].failures; n != maxStarts {
		t.Errorf("started %d times", n)
	}
}

func TestCloseEndsCallsAndStarts(t *testing.T) {
	for _, name := range []string{"good", "hang_at_start", "mute_socket"} {
		t.Run(name, func(t *testing.T) {
			h := testHost(t, name)
			failed := make(chan error, 1)
			go func() {
				_, err := h.Observe(t.Context(), name+".do", live, map[string]any{"what": "ignore"}, Events{})
				failed <- err
			}()
			time.Sleep(300 * time.Millisecond)
			h.Close()
			want(t, <-failed, Closed)
			_, err := h.Observe(t.Context(), name+".do", live, map[string]any{"what": "greet"}, Events{})
			want(t, err, Closed)
		})
	}
}

func TestUninterruptibleActionGoesOn(t *testing.T) {
	h := testHost(t, "acting")
	state, path := t.TempDir(), t.TempDir()+"/note"
	input := map[string]any{"what": path, "span": "700ms"}
	p, err := h.Prepare(t.Context(), "acting.servicing", live, input)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err = h.Apply(ctx, "acting.servicing", live, input, p.Token, state, Events{})
	want(t, err, Detached, "goes on")
	h.Close()
	for range 100 {
		if _, err := os.Stat(path); err == nil {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Error("the action was cut off")
}

func TestEnvironmentIsSmall(t *testing.T) {
	t.Setenv("SECRET_TOKEN", "hunter2")
	h := testHost(t, "good")
	a, err := h.Observe(t.Context(), "good.do", live, map[string]any{"what": "env"}, Events{})
	if err != nil {
		t.Fatal(err)
	}
	env := a.Value["text"].(string)
	if strings.Contains(env, "hunter2") || !strings.Contains(env, "PATH=") || strings.Contains(env, "PRIVATE") {
		t.Errorf("the plugin sees %s", env)
	}
}
