package host

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rectify-project/rectify/internal/forge/etl"
)

// traces are what the update services trace.
type traces struct {
	orchestrator []etl.Event // Update Orchestrator: ProgramData\USOShared\Logs\System
	client       []etl.Event // update client: Windows\Logs\WindowsUpdate
}

func (t *traces) attempt(a Attempt) {
	result := func(hr uint32) etl.Field {
		title := a.Update.Title
		return etl.Unicode("Results", fmt.Sprintf("%s:%s:hr=0x%x", strings.ToLower(a.Update.GUID), title, hr))
	}
	uso := func(at time.Time, level uint8, name string, fields ...etl.Field) {
		t.orchestrator = append(t.orchestrator, etl.Event{
			Time: at, ProcessID: 4604, ThreadID: 5212, Level: level, Name: name, Fields: fields,
			Provider: "Microsoft.Windows.Update.Orchestrator", ProviderGUID: "{dbc217a8-018f-4d8e-a849-acea31bc93f9}",
		})
	}
	failedDownload := a.Installing.IsZero() && a.Result != 0
	if !a.Downloading.IsZero() {
		uso(a.Downloading, 4, "Download started", etl.Unicode("Updates", strings.ToLower(a.Update.GUID)+":"+a.Update.Title))
		t.agent(a.Downloading, "DownloadManager", "Added download job for update "+strings.ToUpper(a.Update.GUID))
		switch {
		case failedDownload:
			uso(a.Ended, 2, "Error Originate:DownloadHandler::UpdateDownloadResult:1893", etl.HResult("hr", a.Result))
			uso(a.Ended.Add(2*time.Millisecond), 4, "Download finished", result(a.Result))
			t.agent(a.Ended, "DownloadManager", fmt.Sprintf("Error 0x%08x occurred while downloading update; notifying dependent calls.", a.Result))
		case !a.Installing.IsZero():
			uso(a.Installing.Add(-time.Second), 4, "Download finished", result(0))
		}
	}
	if !a.Installing.IsZero() {
		uso(a.Installing, 4, "Install started", etl.Unicode("Updates", strings.ToLower(a.Update.GUID)+":"+a.Update.Title))
		uso(a.Ended, 4, "Install finished", result(a.Result))
		t.agent(a.Ended, "Agent", fmt.Sprintf("Install completed for update %s, hr = 0x%08x", strings.ToUpper(a.Update.GUID), a.Result))
	}
}

// scan traces a search for updates.
func (t *traces) scan(at time.Time, took time.Duration) {
	t.agent(at, "Agent", "* START * Finding updates CallerId = Update;taskhostw  Id = 1")
	t.agent(at.Add(took), "Agent", "* END * Finding updates CallerId = Update;taskhostw  Id = 1, Exit code = 0x00000000")
}

func (t *traces) agent(at time.Time, component, text string) {
	t.client = append(t.client, etl.Event{
		Time: at, ProcessID: 1080, ThreadID: 3708, Name: component, Fields: []etl.Field{etl.Unicode("Info", text)},
		Provider: "WUTraceLogging", ProviderGUID: "{0b7a6f19-47c4-454e-8c5c-e868d637e4d8}",
	})
}

// Trace adds a line to the trace of the update client.
func (m *Machine) Trace(t time.Time, component, text string) { m.traces.agent(t, component, text) }

// addTraces puts the traces on the disk. Before Windows 10 1709 the update client traced messages whose text only the
// symbols have.
func (m *Machine) addTraces(files map[string][]byte) error {
	uso := sorted(m.traces.orchestrator)
	if len(uso) > 0 {
		name := fmt.Sprintf("UpdateSessionOrchestration.%s.1.etl", strings.Trim(m.id("orchestrator"), "{}"))
		err := m.addTrace(files, "ProgramData/USOShared/Logs/System/"+name, "UpdateSessionOrchestration", records(uso))
		if err != nil {
			return err
		}
	}
	client := sorted(m.traces.client)
	if len(client) == 0 {
		return nil
	}
	var list []etl.Record
	if m.Windows.Build < 16299 {
		for i, e := range client {
			list = append(list, etl.Message{
				Time: e.Time, ProcessID: e.ProcessID, ThreadID: e.ThreadID, GUID: "{3a34c7c5-9d6e-4f5c-8b1f-0c2d1e9a7b60}",
				Number: uint16(10 + i%7), Arguments: []byte{byte(i), 0, 0, 0},
			})
		}
	} else {
		list = records(client)
	}
	name := fmt.Sprintf("WindowsUpdate.%s.1.etl", m.Local(client[0].Time).Format("20060102.150405.000"))
	return m.addTrace(files, "Windows/Logs/WindowsUpdate/"+name, "WindowsUpdate_trace_log", list)
}

func (m *Machine) addTrace(files map[string][]byte, path, session string, list []etl.Record) error {
	t := etl.Trace{Session: session, File: `C:\` + strings.ReplaceAll(path, "/", `\`), Build: m.Windows.Build, Records: list}
	t.Start, t.End = m.Installed, m.newest().Add(time.Minute)
	b, err := t.Bytes()
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	files[path] = b
	return nil
}

func sorted(events []etl.Event) []etl.Event {
	events = slices.Clone(events)
	slices.SortStableFunc(events, func(a, b etl.Event) int { return a.Time.Compare(b.Time) })
	return events
}

func records(events []etl.Event) []etl.Record {
	out := make([]etl.Record, len(events))
	for i, e := range events {
		out[i] = e
	}
	return out
}
