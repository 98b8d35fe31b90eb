package tasks_test

import (
	"strings"
	"testing"
	"time"

	"github.com/rectify-project/rectify/internal/artefact/taskxml"
	"github.com/rectify-project/rectify/internal/machine/tasks"
)

// awkward are arguments that are easily handed on otherwise than they are.
func awkward() map[string][]string {
	return map[string][]string{
		"plain":              {"plan", "apply"},
		"empty":              {"", "a", ""},
		"spaces":             {"a b", " c ", "d"},
		"quotes":             {`a"b`, `"`, `""`, `"c d"`},
		"backslashes":        {`C:\a\`, `C:\a b\`, `\\server\share`, `\`, `\\`},
		"slashes-and-quotes": {`a\"b`, `a\\"b c`, `\"`, `d e\\`},
		"markup":             {"<a>&amp;</a>", "&", "]]>", "'"},
		"languages":          {"ü", "中 文", "😀"},
		"one-percent":        {"100%"},
	}
}

func parsed(t *testing.T, p tasks.Program) *taskxml.Definition {
	t.Helper()
	xml, err := p.Definition()
	if err != nil {
		t.Fatal(err)
	}
	d, err := taskxml.Parse(strings.NewReader(xml))
	if err != nil {
		t.Fatalf("%v\n%s", err, xml)
	}
	return d
}

func TestProgram(t *testing.T) {
	until := time.Date(2024, 6, 8, 14, 0, 0, 0, time.FixedZone("", 2*60*60))
	d := parsed(t, tasks.Program{
		Description: "resumes <a> & b", Command: `C:\Program Files\Rectify\rectify.exe`, Arguments: []string{"resume", "a b"}, Folder: `C:\Some folder`, AtBoot: true, Until: until,
	})
	want := taskxml.Action{Kind: taskxml.Exec, Command: `"C:\Program Files\Rectify\rectify.exe"`, Arguments: `resume "a b"`, WorkingDirectory: `C:\Some folder`}
	if len(d.Actions) != 1 || d.Actions[0] != want {
		t.Errorf("actions %+v", d.Actions)
	}
	if d.Principal != (taskxml.Principal{UserID: "S-1-5-18", RunLevel: "HighestAvailable"}) || !d.Enabled || d.Hidden || d.Description != "resumes <a> & b" {
		t.Errorf("%+v", d)
	}
	if len(d.Triggers) != 1 || d.Triggers[0].Kind != taskxml.Boot || !d.Triggers[0].Enabled || d.Triggers[0].End != (taskxml.Moment{Time: until.UTC(), Zoned: true}) {
		t.Errorf("triggers %+v", d.Triggers)
	}
	if d := parsed(t, tasks.Program{Command: `C:\a.exe`, AtLogon: true}); len(d.Triggers) != 1 || d.Triggers[0].Kind != taskxml.Logon || !d.Triggers[0].Enabled {
		t.Errorf("triggers at logon %+v", d.Triggers)
	}
	if d := parsed(t, tasks.Program{Command: `C:\a.exe`}); len(d.Triggers) != 0 || d.Actions[0] != (taskxml.Action{Kind: taskxml.Exec, Command: `C:\a.exe`}) {
		t.Errorf("%+v", d)
	}
}

func TestProgramSettings(t *testing.T) {
	xml, err := tasks.Program{Command: `C:\a.exe`, AtBoot: true}.Definition()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">`, "<ExecutionTimeLimit>PT0S</ExecutionTimeLimit>",
		"<DisallowStartIfOnBatteries>false<", "<StopIfGoingOnBatteries>false<", "<AllowStartOnDemand>true<", "<MultipleInstancesPolicy>IgnoreNew<", "<Priority>5<",
	} {
		if !strings.Contains(xml, want) {
			t.Errorf("there is no %s in\n%s", want, xml)
		}
	}
	for _, never := range []string{"encoding", "LogonType", "EndBoundary", "DeleteExpiredTaskAfter", "Description", "WorkingDirectory"} {
		if strings.Contains(xml, never) {
			t.Errorf("there is a %s in\n%s", never, xml)
		}
	}
	bare, err := tasks.Program{Command: `C:\a.exe`}.Definition()
	if err != nil || strings.Contains(bare, "Trigger") {
		t.Errorf("%v: there is a trigger in\n%s", err, bare)
	}
}

func TestProgramRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		program tasks.Program
		want    string
	}{
		"nothing":            {tasks.Program{}, `"" is not the full path of a program`},
		"bare-name":          {tasks.Program{Command: "sc.exe"}, `"sc.exe" is not the full path`},
		"quoted":             {tasks.Program{Command: `"C:\a.exe"`}, "without quotes"},
		"relative-folder":    {tasks.Program{Command: `C:\a.exe`, Folder: "x"}, `the folder to work in "x"`},
		"until-what":         {tasks.Program{Command: `C:\a.exe`, Until: noon}, "needs AtBoot"},
		"variable":           {tasks.Program{Command: `C:\a.exe`, Arguments: []string{"%TEMP%"}}, "takes for a variable"},
		"variable-in-two":    {tasks.Program{Command: `C:\a.exe`, Arguments: []string{"%TE", "MP%"}}, "takes for a variable"},
		"variable-of-a-task": {tasks.Program{Command: `C:\a.exe`, Arguments: []string{"$(Arg0)"}}, "takes for a variable"},
		"variable-in-path":   {tasks.Program{Command: `C:\%a%\a.exe`}, "takes for a variable"},
		"line-break":         {tasks.Program{Command: `C:\a.exe`, Arguments: []string{"a\nb"}}, "the character U+000A"},
		"nul":                {tasks.Program{Command: `C:\a.exe`, Arguments: []string{"a\x00b"}}, "the character U+0000"},
		"not-utf-8":          {tasks.Program{Command: `C:\a.exe`, Arguments: []string{"a\xff"}}, "is not UTF-8"},
		"too-long":           {tasks.Program{Command: `C:\a.exe`, Arguments: []string{strings.Repeat("a", 33_000)}}, "33008 characters, at most 32000"},
	} {
		t.Run(name, func(t *testing.T) {
			if xml, err := c.program.Definition(); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q\n%s", err, c.want, xml)
			}
		})
	}
}

func TestAwkwardArgumentsKeepTheirText(t *testing.T) {
	for name, args := range awkward() {
		t.Run(name, func(t *testing.T) {
			got := parsed(t, tasks.Program{Command: `C:\a.exe`, Arguments: args}).Actions[0].Arguments
			for _, a := range args {
				if !strings.ContainsAny(a, `"\`) && !strings.Contains(got, a) {
					t.Errorf("%q is not in %q", a, got)
				}
			}
		})
	}
}
