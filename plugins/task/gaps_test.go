package task

import (
	"strings"
	"testing"

	"github.com/rectify-project/rectify/internal/artefact/taskxml"
	"github.com/rectify-project/rectify/internal/forge/disk"
	"github.com/rectify-project/rectify/internal/forge/evtx"
)

func TestScriptsThatCannotBeRead(t *testing.T) {
	tests := map[string]struct {
		arguments string
		words     string
		partial   bool
	}{
		"on-the-disk":      {`/c C:\a.cmd`, "wuauserv", false},
		"on-another-drive": {`/c D:\a.cmd`, "", true},
		"on-a-server":      {`/c \\server\share\a.cmd`, "", true},
		"not-there":        {`/c C:\b.cmd`, "", true},
		"too-long":         {`/c C:\long.cmd`, "bits", true},
		"both":             {`/c C:\a.cmd D:\a.cmd`, "wuauserv", true},
		"no-script":        {`/c ver`, "", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			machine := disk.New(t, noon, map[string][]byte{
				"a.cmd":    []byte("net stop wuauserv\r\n"),
				"long.cmd": []byte("net stop bits\r\n" + strings.Repeat("rem\r\n", maxScript) + "net stop wuauserv\r\n"),
			})
			s := lookInto(machine, &taskxml.Definition{Actions: []taskxml.Action{{Kind: taskxml.Exec, Command: "cmd.exe", Arguments: test.arguments}}})
			if got := strings.Join(s.words, " "); got != test.words || (len(s.unread) > 0) != test.partial {
				t.Errorf("words %q, unread %q", got, s.unread)
			}
		})
	}
}

// TestEvidenceOfARun has the start of a run last in the log, as where it overwrote its oldest records.
func TestEvidenceOfARun(t *testing.T) {
	run := ran(`\X`, runA, 1, 2, 0)
	events := append(append([]evtx.Event{logged(taskCompleted, -60*24*5, `\Old`, runB)}, run[2:]...), run[1], run[0], logged(106, 120, `\New`, ""))
	machine := disk.New(t, moment(125), map[string][]byte{taskLog: disk.Log(t, events...)})
	_, answer, err := disk.Observe[RunsOutput](t, Plugin(), "runs", machine, windows)
	if err != nil || len(answer.Evidence) != 5 || answer.Evidence[0].EventID != taskStarted || answer.Evidence[1].EventID != processCreated {
		t.Errorf("%v, evidence %+v", err, answer.Evidence)
	}
}
