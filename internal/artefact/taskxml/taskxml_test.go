package taskxml

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
)

const whole = `<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.4" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <Triggers>
    <CalendarTrigger><StartBoundary>2024-01-02T03:00:00</StartBoundary><RandomDelay>PT4H</RandomDelay>
      <ScheduleByWeek><WeeksInterval>2</WeeksInterval><DaysOfWeek><Monday/></DaysOfWeek></ScheduleByWeek></CalendarTrigger>
    <TimeTrigger><StartBoundary>2026-03-29T03:16:00+02:00</StartBoundary><EndBoundary>2027-01-01T00:00:00Z</EndBoundary>
      <Enabled>false</Enabled><Repetition><Interval>PT22H</Interval></Repetition></TimeTrigger>
    <BootTrigger><Delay>PT1M</Delay></BootTrigger>
    <LogonTrigger><UserId>ERNIE\me</UserId></LogonTrigger>
    <EventTrigger><Subscription>&lt;QueryList/&gt;</Subscription></EventTrigger>
    <SessionStateChangeTrigger><StateChange>SessionUnlock</StateChange></SessionStateChangeTrigger>
    <WnfStateChangeTrigger><StateName>7550b9a33e06830d</StateName></WnfStateChangeTrigger>
    <FutureTrigger/>
  </Triggers>
  <Actions Context="Author">
    <Exec><Command>%SystemRoot%\system32\sc.exe</Command><Arguments>start wuauserv</Arguments><WorkingDirectory>C:\</WorkingDirectory></Exec>
    <ComHandler><ClassId>{F576B2F9-7850-4226-ADB0-E5993FED4F02}</ClassId><Data>ü &amp; 😀</Data></ComHandler>
    <SendEmail/>
  </Actions>
  <Principals>
    <Principal id="Other"><GroupId>S-1-5-32-544</GroupId></Principal>
    <Principal id="Author"><UserId>S-1-5-18</UserId><RunLevel>HighestAvailable</RunLevel><LogonType>S4U</LogonType></Principal>
  </Principals>
  <Settings><Enabled>false</Enabled><Hidden>true</Hidden></Settings>
  <RegistrationInfo><URI>\Microsoft\Windows\Test</URI><Author>me</Author><Date>2023-05-17T08:24:08.5</Date><Description>why</Description></RegistrationInfo>
</Task>`

func utf16Bytes(s string, order binary.AppendByteOrder, mark bool) (b []byte) {
	if mark {
		s = "\ufeff" + s
	}
	for _, u := range utf16.Encode([]rune(s)) {
		b = order.AppendUint16(b, u)
	}
	return b
}

func TestParseInAnyEncoding(t *testing.T) {
	want := &Definition{
		Format: XML, URI: `\Microsoft\Windows\Test`, Author: "me", Description: "why",
		Registered: Moment{time.Date(2023, 5, 17, 8, 24, 8, 5e8, time.UTC), false},
		Hidden:     true,
		Principal:  Principal{UserID: "S-1-5-18", LogonType: "S4U", RunLevel: "HighestAvailable"},
		Actions: []Action{
			{Kind: Exec, Command: `%SystemRoot%\system32\sc.exe`, Arguments: "start wuauserv", WorkingDirectory: `C:\`},
			{Kind: COM, ClassID: "{F576B2F9-7850-4226-ADB0-E5993FED4F02}", Data: "ü & 😀"},
			{Kind: Email},
		},
		Triggers: []Trigger{
			{Kind: Calendar, Enabled: true, Start: Moment{time.Date(2024, 1, 2, 3, 0, 0, 0, time.UTC), false}, Delay: "PT4H", Schedule: "ScheduleByWeek", Every: 2},
			{Kind: Time, Start: Moment{time.Date(2026, 3, 29, 1, 16, 0, 0, time.UTC), true}, End: Moment{time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), true}, Interval: "PT22H"},
			{Kind: Boot, Enabled: true, Delay: "PT1M"},
			{Kind: Logon, Enabled: true, UserID: `ERNIE\me`},
			{Kind: Event, Enabled: true, Query: "<QueryList/>"},
			{Kind: Session, Enabled: true, SessionChange: "SessionUnlock"},
			{Kind: WNF, Enabled: true, StateName: "7550b9a33e06830d"},
			{Kind: Other, Enabled: true},
		},
	}
	crlf := strings.ReplaceAll(whole, "\n", "\r\n")
	for name, in := range map[string][]byte{
		"utf-16le":            utf16Bytes(crlf, binary.LittleEndian, true),
		"utf-16be":            utf16Bytes(crlf, binary.BigEndian, true),
		"utf-16le-unmarked":   utf16Bytes(whole, binary.LittleEndian, false),
		"utf-16be-unmarked":   utf16Bytes(whole, binary.BigEndian, false),
		"utf-8-called-utf-16": []byte(whole),
		"utf-8-marked":        []byte("\ufeff" + whole),
		"utf-8-no-prolog":     []byte(whole[strings.Index(whole, "<Task"):]),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Parse(bytes.NewReader(in))
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("\n got %+v\nwant %+v", got, want)
			}
		})
	}
}

func TestParseDefaults(t *testing.T) {
	d, err := Parse(strings.NewReader(`<Task><Triggers><IdleTrigger><StartBoundary>soon</StartBoundary></IdleTrigger></Triggers></Task>`))
	if err != nil {
		t.Fatal(err)
	}
	if !d.Enabled || d.Hidden || len(d.Triggers) != 1 || !d.Triggers[0].Enabled || d.Triggers[0].Start != (Moment{}) {
		t.Errorf("got %+v", d)
	}
}

func TestParseRefuses(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"empty":          {"", "neither a task definition in XML nor a .job file"},
		"binary":         {"MZ\x90\x00\x03", "at offset 2"},
		"text":           {"hello", "begins with 68 65 6c 6c 6f"},
		"other-root":     {"<html></html>", "the root element is <html>, expected <Task>"},
		"not-closed":     {"<Task>\n<Actions>", "line 2"},
		"document-type":  {`<!DOCTYPE t [<!ENTITY a "b">]><Task/>`, "document type declaration"},
		"entity":         {`<Task><RegistrationInfo><URI>&a;</URI></RegistrationInfo></Task>`, "entity"},
		"too-deep":       {"<Task>" + strings.Repeat("<a>", 100), "nest deeper than 64"},
		"bad-encoding":   {"<Task>\n<a>\xff</a></Task>", "byte 0xff"},
		"only-a-comment": {"<!-- x -->", "no element"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse(strings.NewReader(c.in))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	if _, err := Parse(strings.NewReader(strings.Repeat(" ", MaxSize+1))); !errors.Is(err, ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
}

// job makes a .job file of its variable strings.
func job(flags uint32, fields ...string) []byte {
	b := make([]byte, jobFixed+2)
	copy(b, []byte{0x00, 0x0A, 1, 0})
	b[jobAppName] = jobFixed + 2
	binary.LittleEndian.PutUint32(b[jobFlags:], flags)
	for _, f := range fields {
		if f != "" {
			f += "\x00"
		}
		units := utf16.Encode([]rune(f))
		b = binary.LittleEndian.AppendUint16(b, uint16(len(units)))
		b = append(b, utf16Bytes(f, binary.LittleEndian, false)...)
	}
	return b
}

func TestParseJob(t *testing.T) {
	in := job(jobDisabled|jobHidden, `C:\Windows\notepad.exe`, "a b", "", "me", "why")
	d, err := Parse(bytes.NewReader(in))
	if err != nil {
		t.Fatal(err)
	}
	want := &Definition{Format: Job, Hidden: true, Author: "me", Description: "why",
		Actions: []Action{{Kind: Exec, Command: `C:\Windows\notepad.exe`, Arguments: "a b"}}}
	if !reflect.DeepEqual(d, want) {
		t.Errorf("got %+v, want %+v", d, want)
	}
	for n := jobFixed + 2; n < len(in); n++ {
		if _, err := Parse(bytes.NewReader(in[:n])); err == nil {
			t.Errorf("cut at %d: no error", n)
		}
	}
}

func TestRealTasks(t *testing.T) {
	dir := filepath.Join("..", "..", "..", "..", "shared", "corpus", "tasks")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("the corpus of real Windows tasks is not beside this checkout")
	}
	for file, want := range map[string]struct {
		uri, run string
		triggers int
	}{
		"puffyCid__win10__VSIX_Auto_Update":                  {`\Microsoft\VisualStudio\VSIX Auto Update`, `C:\Program Files (x86)\Microsoft Visual Studio\Installer\resources\app\ServiceHub\Services\Microsoft.VisualStudio.Setup.Service\VSIXAutoUpdate.exe`, 1},
		"puffyCid__win11__SoftLandingCreativeManagementTask": {`\SoftLanding\S-1-5-21-476446702-302789185-3387769606-1001\SoftLandingCreativeManagementTask`, "{F576B2F9-7850-4226-ADB0-E5993FED4F02}", 3},
		"puffyCid__win10__At1.job":                           {"", "cmd.exe", 0},
		"TRANSCRIBED__WindowsUpdate_Scheduled_Start.xml":     {`\Microsoft\Windows\WindowsUpdate\Scheduled Start`, `C:\Windows\system32\sc.exe start wuauserv`, -1},
	} {
		b, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		d, err := Parse(bytes.NewReader(b))
		if err != nil || len(d.Actions) != 1 {
			t.Errorf("%s: %+v, %v", file, d, err)
			continue
		}
		a := d.Actions[0]
		if run := strings.TrimSpace(a.Command + a.ClassID + " " + a.Arguments); d.URI != want.uri || run != want.run || want.triggers >= 0 && len(d.Triggers) != want.triggers {
			t.Errorf("%s: %+v", file, d)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(whole))
	f.Add(utf16Bytes(whole, binary.LittleEndian, true))
	f.Add(job(0, "a", "b", "c", "d", "e"))
	f.Fuzz(func(t *testing.T, in []byte) {
		d, err := Parse(bytes.NewReader(in))
		if (d == nil) == (err == nil) {
			t.Errorf("definition %v and error %v", d, err)
		}
	})
}
