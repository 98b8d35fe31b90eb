package foldermachine

import (
	_ "embed"
	"errors"
	"strings"
)

//go:embed crash.yaml
var crash string

// CrashPlaybook is the text of a playbook for the machine that [Sample] makes: sixteen actions, most of them in nested
// groups with `each` and `finally`. It asks nobody, and changes nothing that undo does not restore.
func CrashPlaybook() []byte { return []byte(crash) }

// Sample makes a machine that has the problem of [CrashPlaybook]: running services that triggers start again, with folders
// below data; a disabled one; tasks of which one is disabled; and files.
func Sample(dir string) (Machine, error) {
	m, err := Create(dir)
	if err != nil {
		return m, err
	}
	for path, text := range map[string]string{
		"files/config/settings.ini":     "mode = fast\n",
		"files/config/defaults.ini":     "mode = default\n",
		"files/templates/letter.txt":    "Dear NAME,\n",
		"files/templates/invoice.txt":   "Total: SUM\n",
		"files/templates/more/memo.txt": "To: ALL\n",
		"files/templates/more/note.txt": strings.Repeat("note ", 200),
		"files/log/history.txt":         "installed\n",
		"data/cache/index.db":           "1 2 3\n",
		"data/cache/blobs/a.bin":        strings.Repeat("\x00\x01", 500),
		"data/queue/jobs.txt":           "job 1\njob 2\n",
		"data/index/words.txt":          "a\nb\n",
	} {
		err = errors.Join(err, m.WriteFile(path, text))
	}
	for name, s := range map[string]Service{
		"updater": {StartType: Manual, State: Running, Folder: "data/cache", Triggered: true},
		"sender":  {StartType: Auto, State: Running, Folder: "data/queue", Triggered: true},
		"indexer": {StartType: Auto, State: Running, Folder: "data/index", Triggered: true},
		"relay":   {StartType: Disabled, State: Stopped},
	} {
		err = errors.Join(err, m.SetService(name, s))
	}
	for name, t := range map[string]Task{
		"nightly": {Enabled: true, Command: "cleanup.exe /all"},
		"weekly":  {Enabled: true, Command: "defrag.exe"},
		"dormant": {Enabled: false, Command: "old.exe"},
	} {
		err = errors.Join(err, m.SetTask(name, t))
	}
	return m, errors.Join(err, m.SetProblem(Problem{Present: true, Items: []Item{{Name: "cache", Cure: "files/log/repaired.txt"}}}))
}
