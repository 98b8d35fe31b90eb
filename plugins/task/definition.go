package task

import (
	"strings"

	"github.com/rectify-project/rectify/internal/artefact/taskxml"
	"github.com/rectify-project/rectify/sdk/target"
)

// tasksFolder holds the definitions: the file of the task \A\B is A\B below it.
const tasksFolder = `%SystemRoot%\System32\Tasks`

// open reads the definition of a task, and gives the file that it stands in.
func open(t *target.Target, path string) (*taskxml.Definition, string, error) {
	// The folder is spelled out, so that percent signs in the name of a task stand for themselves.
	file := t.Display(tasksFolder) + `\` + strings.Trim(path, `\`)
	f, err := t.Open(file)
	if err != nil {
		return nil, file, err
	}
	defer f.Close()
	d, err := taskxml.Parse(f)
	return d, file, err
}

// command is what the actions of a task run, as a whole command line; several actions are divided by semicolons.
func command(d *taskxml.Definition) string {
	var lines []string
	for _, a := range d.Actions {
		switch a.Kind {
		case taskxml.Exec:
			lines = append(lines, strings.TrimSpace(a.Command+" "+a.Arguments))
		case taskxml.COM:
			lines = append(lines, strings.TrimSpace("COM "+a.ClassID+" "+a.Data))
		default:
			lines = append(lines, string(a.Kind))
		}
	}
	return strings.Join(lines, "; ")
}

// program is the first program that a task runs, and its arguments.
func program(d *taskxml.Definition) (executable, arguments string) {
	for _, a := range d.Actions {
		if a.Kind == taskxml.Exec {
			return strings.Trim(a.Command, `"`), a.Arguments
		}
	}
	return "", ""
}

// account writes the accounts of Windows itself as SIDs, which are the same in every language; others stay as they are.
func account(name string) string {
	_, last, qualified := strings.Cut(name, `\`)
	if !qualified {
		last = name
	}
	switch strings.ToUpper(last) {
	case "SYSTEM", "LOCALSYSTEM":
		return "S-1-5-18"
	case "LOCAL SERVICE", "LOCALSERVICE":
		return "S-1-5-19"
	case "NETWORK SERVICE", "NETWORKSERVICE":
		return "S-1-5-20"
	}
	return name
}

// user is the account that a task runs as: of a user, or of a group whose members it runs for.
func user(d *taskxml.Definition) string {
	if d.Principal.UserID != "" {
		return account(d.Principal.UserID)
	}
	return d.Principal.GroupID
}

// describe says in words when a trigger fires.
func describe(tr taskxml.Trigger) string {
	s := string(tr.Kind)
	add := func(label, value string) {
		if value != "" {
			s += " " + label + value
		}
	}
	add("", tr.Schedule)
	if !tr.Start.Time.IsZero() {
		layout := "2006-01-02T15:04:05"
		if tr.Start.Zoned {
			layout += "Z"
		}
		add("from ", tr.Start.Time.Format(layout))
	}
	add("every ", tr.Interval)
	add("delayed ", tr.Delay)
	add("of ", tr.UserID)
	add("on ", tr.SessionChange)
	add("on ", tr.Query)
	if !tr.Enabled {
		s += " (disabled)"
	}
	return s
}
