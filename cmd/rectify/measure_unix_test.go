//go:build linux || darwin

package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os/exec"
	"testing"
	"time"
)

// measurement is what one run of a program took.
type measurement struct {
	Wall     time.Duration
	CPU      time.Duration // of all processes of the run
	Resident int64         // the most memory that one process of the run had at a time, in bytes
	Exit     int
}

// gauge measures programs.
type gauge struct{ path string }

// newGauge builds the program that measures.
func newGauge(tb testing.TB) gauge {
	tb.Helper()
	return gauge{goBuild(tb, "measure", "./testdata/measure")}
}

// run runs a program to its end. What it prints goes to out; nil is nowhere.
func (g gauge) run(tb testing.TB, out io.Writer, program string, args ...string) measurement {
	tb.Helper()
	cmd := exec.Command(g.path, append([]string{program}, args...)...)
	var took bytes.Buffer
	cmd.Stdout, cmd.Stderr = out, &took
	err := cmd.Run()
	var m measurement
	if err == nil {
		err = json.Unmarshal(took.Bytes(), &m)
	}
	if err != nil {
		tb.Fatalf("%s %q: %v\n%s", program, args, err, &took)
	}
	return m
}
