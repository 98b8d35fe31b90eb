// Package taskxml reads the definitions of scheduled tasks: the XML files below System32\Tasks and, as far as what they
// run, the .job files below Windows\Tasks.
package taskxml

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"
)

// MaxSize is the size in bytes of the largest definition that is read.
const MaxSize = 1 << 20

// ErrTooLarge is the error for a file of more than MaxSize bytes.
var ErrTooLarge = errors.New("task definition is larger than 1 MiB")

// Definition is one task. Empty fields are absent in the file; Enabled has the default of the schema then.
type Definition struct {
	Format      Format
	URI         string // path of the task: \Microsoft\Windows\WindowsUpdate\Scheduled Start
	Author      string
	Source      string
	Description string
	Registered  Moment

	Enabled   bool
	Hidden    bool
	Principal Principal
	Actions   []Action
	Triggers  []Trigger // of a .job file: none are read
}

// Format is the kind of file that a definition came from.
type Format string

// The formats of task definitions.
const (
	XML Format = "xml"
	Job Format = "job"
)

// Principal is whom the task runs as.
type Principal struct {
	UserID    string // SID or name
	GroupID   string
	LogonType string // S4U, Password, InteractiveToken, …
	RunLevel  string // LeastPrivilege, HighestAvailable
}

// ActionKind is what an action does.
type ActionKind string

// The kinds of actions.
const (
	Exec    ActionKind = "exec"    // Command, Arguments, WorkingDirectory
	COM     ActionKind = "com"     // ClassID, Data
	Email   ActionKind = "email"   // no longer carried out by Windows
	Message ActionKind = "message" // no longer carried out by Windows
)

// Action is one thing that the task does.
type Action struct {
	Kind             ActionKind
	Command          string // as it is in the file: with environment variables, perhaps in quotes
	Arguments        string
	WorkingDirectory string
	ClassID          string // {…}
	Data             string
}

// Trigger is one thing that starts the task.
type Trigger struct {
	Kind          TriggerKind
	Enabled       bool
	Start, End    Moment
	Interval      string // of the repetition, an ISO 8601 duration: PT22H
	Delay         string // ISO 8601 duration: Delay or RandomDelay
	UserID        string // of a logon or session trigger
	SessionChange string // ConsoleConnect, SessionUnlock, …
	Query         string // of an event trigger: an XML query list
	StateName     string // of a WNF trigger, hexadecimal
	Schedule      string // of a calendar trigger: ScheduleByDay, ScheduleByWeek, ScheduleByMonth, ScheduleByMonthDayOfWeek
	Every         int    // of a calendar trigger by day or week: how many
}

// TriggerKind is what makes a trigger fire.
type TriggerKind string

// The kinds of triggers.
const (
	Calendar     TriggerKind = "calendar"
	Time         TriggerKind = "time"
	Boot         TriggerKind = "boot"
	Logon        TriggerKind = "logon"
	Idle         TriggerKind = "idle"
	Registration TriggerKind = "registration"
	Event        TriggerKind = "event"
	Session      TriggerKind = "session"
	WNF          TriggerKind = "wnf"
	Other        TriggerKind = "other"
)

// Moment is a date and time. It is local to the machine unless the file gives a zone. The zero value is none.
type Moment struct {
	Time  time.Time // in UTC if Zoned, else the wall clock with UTC as its location
	Zoned bool
}

// Parse reads a definition of either format, by its content.
func Parse(r io.Reader) (*Definition, error) {
	b, err := io.ReadAll(io.LimitReader(r, MaxSize+1))
	if err != nil {
		return nil, err
	}
	if len(b) > MaxSize {
		return nil, ErrTooLarge
	}
	if isJob(b) {
		return parseJob(b)
	}
	text, err := decode(b)
	if err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(bytes.TrimLeft(text, " \t\r\n"), []byte{'<'}) {
		return nil, fmt.Errorf("neither a task definition in XML nor a .job file (begins with % x)", b[:min(len(b), 8)])
	}
	return parseXML(text)
}

// parseMoment reads what the schema calls dateTime. A date that cannot be read is none: Windows ignores such a boundary.
func parseMoment(s string) Moment {
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return Moment{t.UTC(), true}
	}
	if t, err := time.Parse("2006-01-02T15:04:05.999999999", s); err == nil {
		return Moment{t, false}
	}
	return Moment{}
}
