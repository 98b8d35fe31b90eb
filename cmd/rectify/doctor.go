package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/rectify-project/rectify/engine/doctor"
	"github.com/rectify-project/rectify/internal/machine/conformance"
	"github.com/rectify-project/rectify/sdk"
)

func (g *globals) doctorCommand() *cobra.Command {
	var file, suite string
	var from int
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Try, on this Windows, every function of the system that plugins use",
		Long: `Doctor looks at the Windows that it runs on, and changes nothing. It calls every
function of the system that plugins use, and tells which do what plugins take for
granted, which answer otherwise, and which are missing, with the exact error; then
what that means for each probe and action. Some of it needs administrator rights.

The report also goes into a file that can be sent in. It holds no name of the
machine or of a person.

Exit codes: 0 everything works that could be tried; 1 something does not; 3 there is
no Windows here, or the file cannot be written; 130 interrupted.`,
		Example: `  rectify doctor
  rectify doctor --output report.json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if suite != "" {
				return doctor.Serve(cmd.Context(), g.stdout, suites(), suite, from)
			}
			return g.doctor(cmd.Context(), file)
		},
	}
	f := cmd.Flags()
	f.StringVarP(&file, "output", "o", "", "file of the report; without it rectify-doctor-TIME.json in this folder")
	f.StringVar(&suite, "suite", "", "")
	f.IntVar(&from, "from", 0, "")
	_ = f.MarkHidden("suite") // they exist
	_ = f.MarkHidden("from")
	return cmd
}

func (g *globals) doctor(ctx context.Context, file string) error {
	if runtime.GOOS != "windows" {
		return &exitError{code: exitUnreadable, err: fmt.Errorf("doctor tries the functions of a running Windows, and this is %s: copy rectify.exe to the Windows machine and run it there", runtime.GOOS)}
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	r := &doctor.Report{Version: 1, Rectify: version(), System: conformance.System(), Machine: runtime.GOARCH, Elevated: g.elevated(), Made: time.Now().UTC().Truncate(time.Second)}
	if file == "" {
		file = "rectify-doctor-" + r.Made.Format("20060102-150405") + ".json"
	}
	ticker := newTicker(g.stderr)
	done := 0
	r.Entries = doctor.Examine(ctx, doctor.Config{
		Suites: suites(),
		Child: func(ctx context.Context, suite string, from int) *exec.Cmd {
			return exec.CommandContext(ctx, self, "doctor", "--suite", suite, "--from", strconv.Itoa(from))
		},
		Tell: func(e doctor.Entry) {
			done++
			ticker.progress("doctor", sdk.Progress{Note: fmt.Sprintf("%d checks: %s: %s", done, e.Suite, e.Name)})
		},
	})
	if err := ctx.Err(); err != nil {
		return err
	}
	if g.json() {
		err = writeJSON(g.stdout, r)
	} else {
		err = doctor.Text(g.stdout, r)
	}
	if err != nil {
		return err
	}
	if err := writeReport(file, r); err != nil {
		return &exitError{code: exitUnreadable, err: fmt.Errorf("the report could not be written: %w; name another file with --output", err)}
	}
	fmt.Fprintf(g.stderr, "rectify: the report to send in is %s\n", file)
	if r.Count(conformance.Works)+r.Count(conformance.Unasked) < len(r.Entries) {
		return &exitError{code: exitFound}
	}
	return nil
}

func writeReport(file string, r *doctor.Report) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(writeJSON(f, r), f.Close())
}
