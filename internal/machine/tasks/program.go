package tasks

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// Program is a program that the Task Scheduler is to run as SYSTEM, with all its rights: once for each [Scheduler.Run], and at
// each start of the machine, or each logon of somebody, where AtBoot or AtLogon says so. It has no time limit, it is started and goes on when a laptop runs on
// battery, a second run is not started beside one that goes on, and it has the priority that programs usually have (tasks by
// default have a lower one).
type Program struct {
	Description string   // for people who find the task; may be empty
	Command     string   // full path of the executable
	Arguments   []string // each as the program is to get it
	Folder      string   // full path that it works in; may be empty: System32 then
	AtBoot      bool
	AtLogon     bool // of anybody
	// Until ends AtBoot and AtLogon: at this time the Task Scheduler deletes the task. Zero: whoever registers the task deletes it.
	Until time.Time
}

// maxCommandLine is how long a command line can be, in UTF-16 code units.
const maxCommandLine = 32_000

// fullPath is a path on a drive.
var fullPath = regexp.MustCompile(`^[A-Za-z]:\\`)

// Definition writes it as the XML of a task, for [Scheduler.Register]. The error says what cannot be handed to a program in
// this way: the Task Scheduler would replace what looks like a variable (%NAME%, $(Arg0)), and characters of control do not
// survive.
func (p Program) Definition() (string, error) {
	if !fullPath.MatchString(p.Command) || strings.Contains(p.Command, `"`) {
		return "", fmt.Errorf(`the command %q is not the full path of a program: expected one such as C:\Windows\System32\sc.exe, without quotes`, p.Command)
	}
	if p.Folder != "" && (!fullPath.MatchString(p.Folder) || strings.Contains(p.Folder, `"`)) {
		return "", fmt.Errorf(`the folder to work in %q is not a full path: expected one such as C:\Windows, without quotes`, p.Folder)
	}
	if !p.Until.IsZero() && !p.AtBoot && !p.AtLogon {
		return "", errors.New("a time until which the task lasts needs AtBoot or AtLogon: a task without a trigger never expires")
	}
	arguments := commandLine(p.Arguments)
	if n := len(utf16.Encode([]rune(p.Command + arguments))); n > maxCommandLine {
		return "", fmt.Errorf("the command line has %d characters, at most %d are possible", n, maxCommandLine)
	}
	for _, text := range append([]string{p.Description, p.Command, p.Folder}, p.Arguments...) {
		if err := plain(text); err != nil {
			return "", err
		}
	}
	for name, text := range map[string]string{"command": p.Command, "folder to work in": p.Folder, "arguments": arguments} {
		if strings.Count(text, "%") > 1 || strings.Contains(text, "$(") {
			return "", fmt.Errorf("the %s %q holds what the Task Scheduler takes for a variable and replaces", name, text)
		}
	}
	d := p.document(arguments)
	var b bytes.Buffer
	b.WriteString("<?xml version=\"1.0\"?>\n") // no encoding: it is handed over as a string
	e := xml.NewEncoder(&b)
	e.Indent("", "  ")
	if err := e.Encode(d); err != nil {
		return "", fmt.Errorf("the definition of the task cannot be written: %w", err)
	}
	return b.String(), nil
}

// plain refuses text that does not come back as it was.
func plain(s string) error {
	if !utf8.ValidString(s) {
		return fmt.Errorf("%q is not UTF-8", s)
	}
	for _, c := range s {
		if c < ' ' || c == 0x7f || c == 0xFFFE || c == 0xFFFF {
			return fmt.Errorf("%q holds the character %U, which a task cannot hand on", s, c)
		}
	}
	return nil
}

// definition is a task in the schema of Windows 7 and later ([MS-TSCH] 2.5).
type definition struct {
	XMLName   xml.Name `xml:"Task"`
	Version   string   `xml:"version,attr"`
	Namespace string   `xml:"xmlns,attr"`
	Author    string   `xml:"RegistrationInfo>Author"`
	About     string   `xml:"RegistrationInfo>Description,omitempty"`
	Boot      *trigger `xml:"Triggers>BootTrigger"`
	Logon     *trigger `xml:"Triggers>LogonTrigger"`
	Principal struct {
		ID       string `xml:"id,attr"`
		UserID   string `xml:"UserId"`
		RunLevel string
		// No LogonType: the schema has no word for the one of service accounts.
	} `xml:"Principals>Principal"`
	Settings settings
	Actions  struct {
		Context string `xml:",attr"`
		Exec    struct {
			Command          string
			Arguments        string `xml:",omitempty"`
			WorkingDirectory string `xml:",omitempty"`
		}
	}
}

type trigger struct {
	EndBoundary string `xml:",omitempty"`
	Enabled     bool
}

type settings struct {
	MultipleInstancesPolicy    string
	DisallowStartIfOnBatteries bool
	StopIfGoingOnBatteries     bool
	StartWhenAvailable         bool
	RunOnlyIfNetworkAvailable  bool
	AllowStartOnDemand         bool
	Enabled                    bool
	Hidden                     bool
	RunOnlyIfIdle              bool
	WakeToRun                  bool
	DeleteExpiredTaskAfter     string `xml:",omitempty"`
	ExecutionTimeLimit         string
	Priority                   int
}

func (p Program) document(arguments string) *definition {
	d := &definition{Version: "1.2", Namespace: "http://schemas.microsoft.com/windows/2004/02/mit/task", Author: "Rectify", About: p.Description}
	d.Principal.ID, d.Principal.UserID, d.Principal.RunLevel = "Author", systemAccount, "HighestAvailable"
	d.Settings = settings{
		MultipleInstancesPolicy: "IgnoreNew", AllowStartOnDemand: true, Enabled: true,
		ExecutionTimeLimit: "PT0S", Priority: 5,
	}
	fires := &trigger{Enabled: true}
	if !p.Until.IsZero() {
		fires.EndBoundary = p.Until.UTC().Format("2006-01-02T15:04:05Z")
		d.Settings.DeleteExpiredTaskAfter = "PT0S"
	}
	if p.AtBoot {
		d.Boot = fires
	}
	if p.AtLogon {
		d.Logon = fires
	}
	d.Actions.Context = d.Principal.ID
	d.Actions.Exec.Command, d.Actions.Exec.Arguments, d.Actions.Exec.WorkingDirectory = p.Command, arguments, p.Folder
	if strings.Contains(p.Command, " ") {
		d.Actions.Exec.Command = `"` + p.Command + `"` // or the first word of it could be taken for the program
	}
	return d
}

// commandLine joins arguments as CommandLineToArgvW and the C runtime take them apart.
func commandLine(arguments []string) string {
	var b strings.Builder
	for i, a := range arguments {
		if i > 0 {
			b.WriteByte(' ')
		}
		if a != "" && !strings.ContainsAny(a, " \t\"") {
			b.WriteString(a)
			continue
		}
		b.WriteByte('"')
		slashes := 0
		for _, c := range []byte(a) {
			switch c {
			case '\\':
				slashes++
			case '"': // backslashes before a quote are doubled, and it gets one of its own
				b.WriteString(strings.Repeat(`\`, slashes+1))
				slashes = 0
			default:
				slashes = 0
			}
			b.WriteByte(c)
		}
		b.WriteString(strings.Repeat(`\`, slashes)) // before the closing quote too
		b.WriteByte('"')
	}
	return b.String()
}
