package doctor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rectify-project/rectify/internal/machine/conformance"
)

func outcome(err error) func(context.Context) error {
	return func(context.Context) error { return err }
}

// sick has every way in which a check can end.
func sick() []conformance.Suite {
	return []conformance.Suite{
		{Name: "services", Checks: []conformance.Check{
			{Name: "states are read", API: []string{"advapi32!QueryServiceStatusEx"}, Serves: []string{"service.status", "service.stop"}, Run: outcome(nil)},
			{Name: "a start type is changed", Changes: true, Run: func(context.Context) error { panic("doctor changed something") }},
			{Name: "dependents are listed", API: []string{"advapi32!EnumDependentServicesW"}, Serves: []string{"service.stop"},
				Run: outcome(conformance.Differs("it gives none, though RpcSs has some"))},
			{Name: "the list is whole", Serves: []string{"service.status"}, Run: outcome(errors.New("access is denied"))},
			{Name: "a change", Changes: true, Run: func(context.Context) error { panic("doctor changed something") }},
		}},
		{Name: "eventlog", Checks: []conformance.Check{
			{Name: "an event is rendered", API: []string{"wevtapi!EvtRender"}, Serves: []string{"event.query"}, Deadly: true, Run: func(context.Context) error {
				fmt.Fprintln(os.Stderr, "wine: unimplemented function wevtapi.dll.EvtRender, aborting")
				os.Exit(5)
				return nil
			}},
			{Name: "a deadly one that works", Serves: []string{"event.query"}, Deadly: true, Run: outcome(nil)},
			{Name: "it answers in time", Serves: []string{"event.query"}, Run: func(context.Context) error { time.Sleep(time.Hour); return nil }},
			{Name: "a fault", Run: func(context.Context) error { panic("index out of range") }},
			{Name: "noise", Run: func(context.Context) error { fmt.Println(`{"check":900}`); fmt.Println("not a line"); return nil }},
			{Name: "the channel Security", Run: outcome(conformance.Inapplicable("it needs administrator rights"))},
		}},
		{Name: "changes only", Checks: []conformance.Check{{Name: "never", Changes: true, Run: func(context.Context) error { panic("doctor changed something") }}}},
	}
}

func TestMain(m *testing.M) {
	if len(os.Args) == 4 && os.Args[1] == "child" {
		from, err := strconv.Atoi(os.Args[3])
		if err == nil {
			err = Serve(context.Background(), os.Stdout, sick(), os.Args[2], from)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func child(ctx context.Context, suite string, from int) *exec.Cmd {
	return exec.CommandContext(ctx, os.Args[0], "child", suite, strconv.Itoa(from))
}

func TestExamine(t *testing.T) {
	told := 0
	entries := Examine(t.Context(), Config{Suites: sick(), Child: child, Patience: 700 * time.Millisecond, Tell: func(Entry) { told++ }})
	want := []string{
		"states are read: works ",
		"dependents are listed: differs it gives none, though RpcSs has some",
		"the list is whole: differs access is denied",
		"an event is rendered: missing the process ended in the middle of it: exit status 5: wine: unimplemented function wevtapi.dll.EvtRender, aborting",
		"a deadly one that works: works ",
		"it answers in time: differs no answer within 700ms",
		"a fault: differs panic: index out of range",
		"noise: works ",
		"the channel Security: not applicable it needs administrator rights",
	}
	var got []string
	for _, e := range entries {
		got = append(got, fmt.Sprintf("%s: %s %s", e.Name, e.Outcome, e.Detail))
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if told != len(entries) {
		t.Errorf("%d of %d were told", told, len(entries))
	}
	r := &Report{System: "Windows 10.0.19045", Machine: "amd64", Made: time.Date(2026, 1, 10, 9, 0, 0, 0, time.UTC), Entries: entries}
	functions := map[string]string{}
	for _, f := range r.Functions() {
		functions[f.Name] = fmt.Sprintf("%d of %d", len(f.Wrong), f.Tried)
	}
	for name, want := range map[string]string{"service.status": "1 of 2", "service.stop": "1 of 2", "event.query": "2 of 3"} {
		if functions[name] != want {
			t.Errorf("%s: %s wrong, want %s", name, functions[name], want)
		}
	}
	var text strings.Builder
	if err := Text(&text, r); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{
		"not elevated", "  DIFFERS  dependents are listed\n", "calls advapi32!EnumDependentServicesW", "  MISSING  an event is rendered\n",
		"service.stop: 1 of 2 checks do not work: services: dependents are listed", "9 checks: 3 work, 4 differ, 1 missing, 1 not applicable. Nothing was changed.",
	} {
		if !strings.Contains(text.String(), part) {
			t.Errorf("the text lacks %q:\n%s", part, text.String())
		}
	}
}

func TestChildThatCannotRun(t *testing.T) {
	for name, start := range map[string]func(context.Context, string, int) *exec.Cmd{
		"no-program": func(ctx context.Context, _ string, _ int) *exec.Cmd {
			return exec.CommandContext(ctx, "./no such program")
		},
		"says-nothing": func(ctx context.Context, _ string, _ int) *exec.Cmd { return child(ctx, "no such suite", 0) },
	} {
		t.Run(name, func(t *testing.T) {
			entries := Examine(t.Context(), Config{Suites: sick()[:1], Child: start})
			if len(entries) == 0 || len(entries) > 5 {
				t.Fatalf("%d entries", len(entries))
			}
			for _, e := range entries {
				if e.Outcome != conformance.Different || e.Detail == "" {
					t.Errorf("%+v", e)
				}
			}
		})
	}
}

func TestExamineStops(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if entries := Examine(ctx, Config{Suites: sick(), Child: child}); len(entries) != 0 {
		t.Errorf("%d entries after the end", len(entries))
	}
}
