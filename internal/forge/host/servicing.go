package host

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// servicing is what the servicing stack logs: CBS.log and the logs that it put aside.
type servicing struct {
	entries   []entry
	rotations []rotation
	sessions  int
}

// entry is a line with its time; level and component are empty in the lines that go on with the one before.
type entry struct {
	at   time.Time
	text string // without the time
}

// rotation says that the log was put aside at a time.
type rotation struct {
	at     time.Time
	packed bool
}

// Session is work of the servicing stack.
type Session struct {
	Client  string // WindowsUpdateAgent
	Package string
	From    time.Time
	To      time.Time // it ends, or the system stops it
	// Interrupted: the system told the servicing stack to stop at To, as it does when it restarts.
	Interrupted bool
	// Result is an HRESULT with its name: "0x800f0821 - CBS_E_ABORT"; empty: success.
	Result string
}

const success = "0x00000000 - S_OK"

// Serve writes a session into the servicing log. One that was not interrupted is followed by the stop for want of work,
// SHUTDOWN_REASON_AUTOSTOP, two minutes after its end, as on every machine.
func (m *Machine) Serve(s Session) {
	log := func(t time.Time, level, component, format string, args ...any) {
		text := fmt.Sprintf("%-22s%-7s%s", level, component, fmt.Sprintf(format, args...))
		m.servicing.entries = append(m.servicing.entries, entry{t, text})
	}
	cbs := func(t time.Time, format string, args ...any) { log(t, "Info", "CBS", format, args...) }
	more := func(t time.Time, text string) {
		m.servicing.entries = append(m.servicing.entries, entry{t, ""}, entry{t, text})
	}

	m.servicing.sessions++
	id := fmt.Sprintf("%d_%d", 31230000+s.From.Unix()/60%10000, 100000000+m.number(fmt.Sprintf("session %d", m.servicing.sessions), 4e9))
	from, utc := s.From, s.From.UTC()
	cbs(from, "TI: --- Initializing Trusted Installer ---")
	cbs(from, "TI: Last boot time: %s", m.Local(m.bootBefore(from)).Format("2006-01-02 15:04:05.000"))
	cbs(from, "Starting TrustedInstaller initialization.")
	cbs(from, "Ending TrustedInstaller initialization.")
	cbs(from, "Starting the TrustedInstaller main loop.")
	cbs(from, "TrustedInstaller service starts successfully.")
	cbs(from, "Starting TiWorker initialization.")
	cbs(from, "Ending TiWorker initialization.")
	cbs(from, "Starting the TiWorker main loop.")
	cbs(from, "Universal Time is: %s", utc.Format("2006-01-02 15:04:05.000"))
	cbs(from, `Loaded Servicing Stack v10.0.%d.%d with Core: C:\Windows\winsxs\amd64_microsoft-windows-servicingstack_31bf3856ad364e35_10.0.%[1]d.%[2]d_none_7dfa24947c9c0a36\cbscore.dll`,
		m.Windows.Build, m.Windows.Revision)
	log(from, "Info", "CSI", "00000001@%s WcpInitialize: wcp.dll version 10.0.%d.%d (WinBuild.160101.0800)", utc.Format("2006/1/2:15:04:05.000"), m.Windows.Build, m.Windows.Revision)
	cbs(from, "Session: %s initialized by client %s, external staging directory: (null), external registry directory: (null)", id, s.Client)
	if s.Package != "" {
		work := from.Add(4 * time.Second)
		cbs(work, "Appl: Evaluating package applicability for package %s, applicable state: Installed", s.Package)
		cbs(work, "Exec: Processing started.  Client: %s, Session: %s, Package: %s, Identifier: ", s.Client, id, s.Package)
		log(work.Add(time.Second), "Info", "CSI", "00000002@%s CSI Transaction @0x1d4b2f6e9a0 initialized for deployment engine {d16d444c-56d8-11d5-882d-0080c847b195} with flags 00000002 and client id [%d]'%s/'",
			work.Add(time.Second).UTC().Format("2006/1/2:15:04:05.000"), len(s.Package)+1, s.Package)
		more(work.Add(time.Second), "    (no changes of the component store are outstanding)")
	}
	if s.Interrupted {
		m.interrupted(s.To, cbs)
		return
	}
	result, level := success, "Info"
	if s.Result != "" {
		result, level = s.Result, "Error"
		log(s.To, "Error", "CBS", "Failed to process package changes. [HRESULT = %s]", result)
	}
	if s.Package != "" {
		log(s.To, level, "CBS", "Exec: Processing complete.  Session: %s, Package: %s, Identifier:  [HRESULT = %s]", id, s.Package, result)
	}
	cbs(s.To, "Session: %s finalized. Download error: 0x00000000 [S_OK], Reboot required: no [HRESULT = %s]", id, result)
	stop := s.To.Add(2 * time.Minute)
	cbs(stop, "Trusted Installer is shutting down because: SHUTDOWN_REASON_AUTOSTOP")
	cbs(stop, "TiWorker signaled for shutdown, going to exit.")
	cbs(stop, "CbsCoreFinalize: ExecutionEngineFinalize")
	cbs(stop, "Execution Engine Finalize")
	cbs(stop, "Ending the TiWorker main loop.")
	cbs(stop, "Ending the TrustedInstaller main loop.")
}

func (m *Machine) interrupted(t time.Time, cbs func(time.Time, string, ...any)) {
	cbs(t, "Trusted Installer signaled for shutdown, going to exit.")
	cbs(t, "Trusted Installer is shutting down because: SHUTDOWN_REASON_NOTIFICATION:PRESHUTDOWN")
	cbs(t, "Starting shutdown processing in TrustedInstaller service.")
	cbs(t, "Shtd: Begin shutdown processing.")
	cbs(t, "Setting ServicingInProgress flag to 2")
	cbs(t, "Shtd: Prepare for shutdown processing.")
	cbs(t, "Shtd: PreshutdownTimeout: 3600000ms, BlockTimeIncrement: 900000ms")
	cbs(t.Add(time.Second), "TiWorker signaled for shutdown, going to exit.")
	cbs(t.Add(time.Second), "CbsCoreFinalize: ExecutionEngineFinalize")
	cbs(t.Add(time.Second), "Execution Engine Finalize")
	cbs(t.Add(2*time.Second), "Ending the TrustedInstaller main loop.")
}

// RotateServicing puts the servicing log aside at a time, as a cabinet or as it is.
func (m *Machine) RotateServicing(t time.Time, packed bool) {
	m.servicing.rotations = append(m.servicing.rotations, rotation{t, packed})
}

// aside is a servicing log that was put aside.
type aside struct {
	name   string // without extension
	at     time.Time
	packed bool
	data   []byte
}

// servicingLogs are CBS.log and those that were put aside before it.
func (m *Machine) servicingLogs() (current []byte, old []aside) {
	entries := slices.Clone(m.servicing.entries)
	slices.SortStableFunc(entries, func(a, b entry) int { return a.at.Compare(b.at) })
	for _, r := range m.servicing.rotations {
		n := 0
		for n < len(entries) && entries[n].at.Before(r.at) {
			n++
		}
		name := "CbsPersist_" + r.at.UTC().Format("20060102150405")
		old = append(old, aside{name, m.Local(r.at), r.packed, m.servicingLog(entries[:n])})
		entries = entries[n:]
	}
	return m.servicingLog(entries), old
}

func (m *Machine) servicingLog(entries []entry) []byte {
	b := []byte("\ufeff")
	for i := 0; i < len(entries); i++ {
		e := entries[i]
		if e.text == "" { // a line without a time follows
			i++
			b = fmt.Appendf(b, "%s\r\n", entries[i].text)
			continue
		}
		b = fmt.Appendf(b, "%s, %s\r\n", m.Local(e.at).Format(time.DateTime), strings.TrimRight(e.text, "\r\n"))
	}
	return b
}
