// Package host makes Windows disks: event logs, traces, registry hives, task definitions and servicing logs of a
// machine that never was, from a short account of what happened on it. Tests and examples need disks on which the
// truth is known. The same account gives the same bytes.
package host

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"time"
)

// Machine is a Windows machine and what happened on it. All times are UTC; where Windows writes local times the machine
// converts them.
type Machine struct {
	*Events
	Windows Windows
	Zone    Zone
	// Installed is when Windows was set up: the System log begins there.
	Installed time.Time
	// TaskLog says whether the channel Microsoft-Windows-TaskScheduler/Operational is on.
	TaskLog bool

	tasks     []Task
	servicing servicing
	traces    traces
	installed []Update // in the order of their success
	history   []Attempt
	server    *updateServer
	files     map[string][]byte
	faults    []error // in the story
}

// updateServer is the policy "Specify intranet Microsoft update service location".
type updateServer struct {
	url string
	use bool
}

// UpdateServer sets the policy that names a WSUS server. Without use, the value UseWUServer, Windows ignores it.
func (m *Machine) UpdateServer(url string, use bool) {
	m.server, m.managed = &updateServer{url, use}, use
}

// New is a machine that nothing has happened on yet. The computer's name and the time of installation make its ids.
func New(w Windows, z Zone, computer string, installed time.Time) *Machine {
	m := &Machine{
		Events:    NewEvents(w, computer),
		Windows:   w,
		Zone:      z,
		Installed: installed,
		TaskLog:   true,
		files:     map[string][]byte{},
	}
	m.zone = z
	m.boot(installed)
	m.Task(ordinaryTasks...)
	return m
}

// Local is the wall clock of the machine.
func (m *Machine) Local(t time.Time) time.Time { return m.Zone.local(t) }

// File adds a file to the disk; the path is relative to its root, divided by slashes.
func (m *Machine) File(path string, data []byte) { m.files[path] = data }

// id makes a GUID of a name, always the same one for the machine.
func (e *Events) id(name string) string {
	h := sha256.Sum256([]byte(e.Computer + "\x00" + name))
	h[6], h[8] = h[6]&0x0f|0x40, h[8]&0x3f|0x80
	s := hex.EncodeToString(h[:16])
	return "{" + strings.Join([]string{s[:8], s[8:12], s[12:16], s[16:20], s[20:]}, "-") + "}"
}

// number makes a number below limit of a name, always the same one for the machine.
func (e *Events) number(name string, limit uint32) uint32 {
	h := sha256.Sum256([]byte(e.Computer + "\x00" + name))
	return binary.LittleEndian.Uint32(h[:]) % limit
}
