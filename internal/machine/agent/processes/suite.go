package processes

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rectify-project/rectify/internal/machine/conformance"
)

// Suite tries what is relied upon. The system must be the one that this process runs on, or hold it.
func Suite(s System) conformance.Suite {
	own := uint32(os.Getpid())
	return conformance.Suite{Name: "processes", Checks: []conformance.Check{
		{
			Name:   "a process that runs is listed by the name of its file",
			API:    []string{"kernel32!CreateToolhelp32Snapshot", "kernel32!Process32FirstW", "kernel32!Process32NextW"},
			Serves: []string{"update.busy"},
			Run: func(ctx context.Context) error {
				list, err := s.List(ctx)
				if err != nil {
					return err
				}
				i := slices.IndexFunc(list, func(p Process) bool { return p.ID == own })
				if i < 0 {
					return conformance.Differs("of %d processes none has the number of this one, %d", len(list), own)
				}
				if want := filepath.Base(os.Args[0]); !strings.EqualFold(list[i].Name, want) {
					return conformance.Differs("this process is listed as %q, and is %q", list[i].Name, want)
				}
				return nil
			},
		},
		{
			Name:   "a process that works has done more than before",
			API:    []string{"kernel32!OpenProcess", "kernel32!GetProcessTimes", "kernel32!GetProcessIoCounters"},
			Serves: []string{"update.busy"},
			Run: func(ctx context.Context) error {
				before, err := s.Done(own)
				if err != nil {
					return err
				}
				for range 10_000_000 { // some seconds; the clock of the processor ticks every 16 ms
					after, err := s.Done(own)
					switch {
					case err != nil:
						return err
					case after.Processor < before.Processor || after.Transfers < before.Transfers:
						return conformance.Differs("what it has done has become less: %+v, then %+v", before, after)
					case after != before:
						return nil
					case ctx.Err() != nil:
						return ctx.Err()
					}
				}
				return conformance.Differs("it worked, and the counters stand still")
			},
		},
		{
			Name:   "a process that is not there is an error",
			API:    []string{"kernel32!OpenProcess"},
			Serves: []string{"update.busy"},
			Run: func(context.Context) error {
				if _, err := s.Done(0xFFFFFFF0); err == nil {
					return conformance.Differs("a process that is not there has done something")
				}
				return nil
			},
		},
	}}
}
