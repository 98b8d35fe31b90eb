package host

import (
	"fmt"
	"time"

	"github.com/rectify-project/rectify/internal/forge/evtx"
)

// Results of an attempt to install an update and, the last one, of servicing.
const (
	ServiceStop       = 0x8024001E // WU_E_SERVICE_STOP
	IncorrectFileHash = 0x80246002 // WU_E_DM_INCORRECTFILEHASH
	Abort             = 0x800F0821 // CBS_E_ABORT
)

// Update is an update as the update client knows it.
type Update struct {
	Title    string
	KB       string // KB5000803
	GUID     string
	Revision uint32
	Package  string // its package in the component store; empty where servicing has no part in it
}

// Attempt is one attempt of the update client to download and install an update. The times of phases that it did not
// reach are zero.
type Attempt struct {
	Update      Update
	Downloading time.Time // event 44
	Installing  time.Time // event 43
	Ended       time.Time // event 19 or 20
	Result      uint32    // 0: success
}

// Attempt logs an attempt.
func (e *Events) Attempt(a Attempt) {
	update := data("updateTitle", a.Update.Title, "updateGuid", evtx.GUID(a.Update.GUID), "updateRevisionNumber", a.Update.Revision)
	if !a.Downloading.IsZero() {
		e.updateClient(channelSystem, a.Downloading, 44, 12, 0x8000000000002004, update)
	}
	if !a.Installing.IsZero() {
		if !a.Downloading.IsZero() {
			e.updateClient(channelUpdate, a.Installing.Add(-time.Second), 41, 12, 0x4000000000000014, update)
		}
		e.updateClient(channelSystem, a.Installing, 43, 13, 0x8000000000002008, update)
	}
	ended := append(update, data("serviceGuid", e.service())...)
	if a.Result == 0 {
		e.updateClient(channelSystem, a.Ended, 19, 13, 0x8000000000000018, ended)
		return
	}
	failed := append(data("errorCode", evtx.HexInt32(a.Result)), ended...)
	e.updateClient(channelSystem, a.Ended, 20, 13, 0x8000000000000028, failed)
}

// found logs the end of a search for updates.
func (e *Events) found(t time.Time, n uint32) {
	e.updateClient(channelUpdate, t, 26, 11, 0x4000000000000012, data("updateCount", n, "serviceGuid", e.service()))
}

// service is the id of the service that updates come from: a WSUS server or Windows Update.
func (e *Events) service() evtx.GUID {
	if e.managed {
		return "{3DA21691-E39D-4DA6-8A4B-B43877BCB1B7}"
	}
	return "{9482F4B4-E343-43B6-B170-9A65BC822C77}"
}

func (e *Events) updateClient(channel string, t time.Time, id uint16, opcode uint8, keywords uint64, fields []evtx.Field) {
	level := uint8(4)
	if id == 20 {
		level = 2
	}
	e.add(channel, evtx.Event{
		Provider: "Microsoft-Windows-WindowsUpdateClient", ProviderGUID: "{945a8954-c147-4acd-923f-40c45405a658}",
		ID: id, Version: 1, Level: level, Task: 1, Opcode: opcode, Keywords: keywords,
		Time: t, ProcessID: 1080, ThreadID: 3708, UserSID: localSystem, EventData: fields,
	})
}

// Attempt logs an attempt, traces it, and writes what servicing did for it.
func (m *Machine) Attempt(a Attempt) {
	m.Events.Attempt(a)
	m.history = append(m.history, a)
	m.traces.attempt(a)
	if a.Update.Package == "" || a.Installing.IsZero() {
		return
	}
	m.setup(a.Installing.Add(20*time.Second), 1, a.Update.KB, 0)
	if a.Result == 0 {
		m.installed = append(m.installed, a.Update)
		m.setup(a.Ended.Add(-5*time.Second), 2, a.Update.KB, 0)
		m.Service(a.Installing.Add(10*time.Second), "TrustedInstaller", Running)
		m.Serve(Session{Client: "WindowsUpdateAgent", Package: a.Update.Package, From: a.Installing.Add(10 * time.Second), To: a.Ended.Add(-4 * time.Second)})
		m.Service(a.Ended.Add(2*time.Minute), "TrustedInstaller", Stopped)
	}
}

// setup logs what servicing did with a package: 1 begins, 2 it is done, 3 it failed, 4 a restart is needed.
func (e *Events) setup(t time.Time, id uint16, kb string, code uint32) {
	payload := &evtx.UserData{Namespace: "http://manifests.microsoft.com/win/2004/08/windows/setup_provider"}
	intended := data("IntendedPackageState", uint32(5112), "IntendedPackageStateTextized", "Installed")
	payload.Fields = data("PackageIdentifier", kb)
	switch id {
	case 1:
		payload.Root = "CbsPackageInitiateChanges"
		payload.Fields = append(payload.Fields, data("InitialPackageState", uint32(5000), "InitialPackageStateTextized", "Absent")...)
		payload.Fields = append(payload.Fields, intended...)
	default:
		payload.Root = "CbsPackageChangeState"
		payload.Fields = append(payload.Fields, intended...)
		payload.Fields = append(payload.Fields, data("ErrorCode", fmt.Sprintf("0x%x", code))...)
	}
	payload.Fields = append(payload.Fields, data("Client", "WindowsUpdateAgent")...)
	e.add(channelSetup, evtx.Event{
		Provider: "Microsoft-Windows-Servicing", ProviderGUID: "{bd12f3b8-fc40-4a61-a307-b7a013a069c1}",
		ID: id, Task: 1, Keywords: 0x8000000000000000, Time: t, ProcessID: 4120, ThreadID: 4188, UserSID: localSystem, UserData: payload,
	})
}

// ServicingFailed logs that servicing gave up on the package of an update.
func (m *Machine) ServicingFailed(t time.Time, u Update, code uint32) { m.setup(t, 3, u.KB, code) }

// Defender is a definition update, of which there is one a day.
func Defender(version int) Update {
	return Update{
		Title: fmt.Sprintf("Security Intelligence Update for Microsoft Defender Antivirus - KB2267602 (Version 1.443.%d.0) - Current Channel (Broad)", version),
		KB:    "KB2267602", GUID: fmt.Sprintf("{d0b1c7a4-5e21-4c1c-9a57-0000%08x}", version), Revision: 200,
	}
}
