// Package verification records what tests have shown of the functions of plugins, and on which system: on a Windows, on Wine,
// or against a fake only. docs/windows-verification.md is made of these records; it claims nothing that is not among them.
package verification

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/rectify-project/rectify/internal/machine/conformance"
	"github.com/rectify-project/rectify/internal/verification/table"
)

// Folder is the variable that names the folder which records are written into; without it none are.
const Folder = "RECTIFY_VERIFICATION"

// Shown records, when the test passes, that it has shown something of functions of plugins on this system. On a system that
// is not Windows that was by a fake.
func Shown(t testing.TB, what string, functions ...string) {
	t.Helper()
	record(t, table.Record{System: System(), Kind: table.Function, What: what, Outcome: conformance.Works}, functions)
}

// InPart records, when the test passes, that it has shown on this system a part of functions, or that what the system does not carry
// out is caught; and not that they do what they are for.
func InPart(t testing.TB, what string, functions ...string) {
	t.Helper()
	record(t, table.Record{System: System(), Kind: table.Part, What: what, Outcome: conformance.Works}, functions)
}

// ShownByFake records, when the test passes, that it has shown something against a fake, on whatever system it runs.
func ShownByFake(t testing.TB, what string, functions ...string) {
	t.Helper()
	record(t, table.Record{System: table.Fake, Kind: table.Function, What: what, Outcome: conformance.Works}, functions)
}

// Check records what a conformance check found.
func Check(t testing.TB, name string, functions []string, f conformance.Finding) {
	t.Helper()
	record(t, table.Record{System: System(), Kind: table.Call, What: name, Outcome: f.Outcome}, functions)
}

// CheckOfFake records what a conformance check found of a fake.
func CheckOfFake(t testing.TB, name string, functions []string, f conformance.Finding) {
	t.Helper()
	record(t, table.Record{System: table.Fake, Kind: table.Call, What: name, Outcome: f.Outcome}, functions)
}

// System is where this process runs, in the words of a [table.Record]: what is not Windows can show nothing of it but by a fake.
func System() string {
	if runtime.GOOS != "windows" {
		return table.Fake
	}
	return conformance.System()
}

func record(t testing.TB, r table.Record, functions []string) {
	dir := os.Getenv(Folder)
	if dir == "" {
		return
	}
	t.Cleanup(func() {
		if t.Failed() || t.Skipped() {
			return
		}
		var lines []byte
		for _, r.Function = range functions {
			line, err := json.Marshal(r)
			if err != nil {
				t.Error(err)
				return
			}
			lines = append(append(lines, line...), '\n')
		}
		name := runtime.GOOS + "-" + strings.Map(plain, filepath.Base(os.Args[0])) + ".jsonl"
		file, err := os.OpenFile(filepath.Join(dir, name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
		if err == nil {
			_, err = file.Write(lines)
			err = errors.Join(err, file.Close())
		}
		if err != nil {
			t.Error(err)
		}
	})
}

func plain(r rune) rune {
	if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
		return r
	}
	return '-'
}
