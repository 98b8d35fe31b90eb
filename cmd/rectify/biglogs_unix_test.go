//go:build unix

package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rectify-project/rectify/internal/forge/evtx"
)

// systemLog is the log of the channel System on a disk.
var systemLog = filepath.Join("Windows", "System32", "winevt", "Logs", "System.evtx")

// cbsFile is the servicing log of a disk.
var cbsFile = filepath.Join("Windows", "Logs", "CBS", "CBS.log")

// bigStart is when big logs begin.
var bigStart = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// create makes a file of a disk, and the folders above it.
func create(tb testing.TB, root, name string) *os.File {
	tb.Helper()
	path := filepath.Join(root, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		tb.Fatal(err)
	}
	f, err := os.Create(path)
	if err != nil {
		tb.Fatal(err)
	}
	return f
}

// bigEvent is record n of a big System channel: services that start and stop, and a failed update now and then.
func bigEvent(n uint64) (e evtx.Event, failure bool) {
	e = evtx.Event{
		Provider: "Service Control Manager", ID: 7036, Level: 4, RecordID: n, Time: bigStart.Add(time.Duration(n) * 5 * time.Second),
		Channel: "System", Computer: "SRV-BIG",
		EventData: []evtx.Field{{Name: "param1", Value: "Background Intelligent Transfer Service"}, {Name: "param2", Value: "running"}},
		Binary:    []byte("B\x00I\x00T\x00S\x00/\x004\x00\x00\x00"),
	}
	if n%5000 != 0 {
		return e, false
	}
	e.Provider, e.ID, e.Level, e.UserSID = "Microsoft-Windows-WindowsUpdateClient", 20, 2, "S-1-5-18"
	e.Binary, e.EventData = nil, []evtx.Field{
		{Name: "errorCode", Value: evtx.HexInt32(0x8024001E)}, {Name: "updateTitle", Value: fmt.Sprintf("An update (KB%07d)", 5900000+n/5000)},
		{Name: "updateGuid", Value: evtx.GUID(fmt.Sprintf("{%08x-ea87-49aa-b3fe-866aca9b23f2}", n))}, {Name: "updateRevisionNumber", Value: uint32(200)},
	}
	return e, true
}

// bigChannel writes a System channel of at least size bytes, numbered as Windows numbers it, and says how many failed
// updates it tells of. It is made in parts: a writer keeps what it writes.
func bigChannel(tb testing.TB, root string, size int64) (failures int) {
	tb.Helper()
	const part = 20_000
	f := create(tb, root, systemLog)
	defer f.Close()
	header := make([]byte, 4096)
	at, next := int64(len(header)), uint64(1)
	for at < size {
		var events []evtx.Event
		for range part {
			e, failure := bigEvent(next)
			if failure {
				failures++
			}
			events = append(events, e)
			next++
		}
		var b bytes.Buffer
		if err := evtx.Write(&b, events); err != nil {
			tb.Fatal(err)
		}
		copy(header, b.Bytes())
		n, err := f.WriteAt(b.Bytes()[len(header):], at)
		if err != nil {
			tb.Fatal(err)
		}
		at += int64(n)
	}
	chunks := (at - int64(len(header))) >> 16
	binary.LittleEndian.PutUint64(header[16:], uint64(chunks-1)) // the last chunk
	binary.LittleEndian.PutUint64(header[24:], next)
	binary.LittleEndian.PutUint16(header[42:], uint16(chunks))
	binary.LittleEndian.PutUint32(header[124:], crc32.ChecksumIEEE(header[:120]))
	if _, err := f.WriteAt(header, 0); err != nil {
		tb.Fatal(err)
	}
	return failures
}

// bigLines are lines of servicing logs; those without a time follow one that has it.
var bigLines = []string{
	"Info                  CBS    Appl: detect Parent, Package: Package_for_KB5000802~31bf3856ad364e35~amd64~~19041.867.1.8, Parent: Microsoft-Windows-Foundation-Package~31bf3856ad364e35~amd64~~10.0.19041.1, Disposition = Detect, VersionComp: EQ, BuildComp: GE",
	"Info                  CBS    Exec: Package: Package_for_RollupFix~31bf3856ad364e35~amd64~~19041.867.1.8 is already in the correct state, current: Installed, targeted: Installed",
	"Info                  CSI    000001d4 Component change list:\r\n  { new: 31bf3856ad364e35, amd64, 10.0.19041.867, microsoft-windows-servicingstack }\r\n  { old: 31bf3856ad364e35, amd64, 10.0.19041.1, microsoft-windows-servicingstack }",
	"Info                  CBS    Plan: Package: Microsoft-Windows-Client-Features-Package~31bf3856ad364e35~amd64~~10.0.19041.867, current: Installed, pending: Default, start: Installed, applicable: Installed, targeted: Installed, limit: Installed",
	"Info                  DPX    Extraction of file: amd64_microsoft-windows-i..nal-core-locale-fonts_31bf3856ad364e35_10.0.19041.1_none\\f\\segoeui.ttf succeeded",
	"Info                  CBS    Session: 30872635_2866325340 finalized. Reboot required: no [HRESULT = 0x00000000 - S_OK]",
	"Info                  CBS    Failed to internally open package. [HRESULT = 0x800f0805 - CBS_E_INVALID_PACKAGE]",
	"Warning               CBS    Exec: Package: Package_for_KB5000802~31bf3856ad364e35~amd64~~19041.867.1.8 has no applicable updates, disposition: 0x80070490",
	"Info                  CBS    Session: 30872635_2866325340 initialized by client WindowsUpdateAgent, external staging directory: (null), external registry directory: (null)",
}

// rareLines are those that the playbook looks for.
var rareLines = []string{
	"Info                  CBS    Trusted Installer is shutting down because: SHUTDOWN_REASON_AUTOSTOP",
	"Info                  CBS    Trusted Installer is shutting down because: SHUTDOWN_REASON_NOTIFICATION:PRESHUTDOWN",
	"Error                 CBS    Failed to process package changes. [HRESULT = 0x800f0821 - CBS_E_ABORT]",
	"Error                 CBS    Failed to resolve package [HRESULT = 0x80073712 - ERROR_SXS_COMPONENT_STORE_CORRUPT]",
}

// bigServicing writes a servicing log of at least size bytes over thirty days, with the moments in UTC that real ones
// hold, and says how many lines the playbook looks for.
func bigServicing(tb testing.TB, root string, size int64) (rare int) {
	tb.Helper()
	f := create(tb, root, cbsFile)
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	step := 30 * 24 * time.Hour / time.Duration(size/190) // lines have some 190 bytes
	var buf []byte
	for i, written := int64(0), int64(0); written < size; i++ {
		at := bigStart.Add(time.Duration(i) * step)
		buf = at.AppendFormat(buf[:0], "2006-01-02 15:04:05, ")
		switch {
		case i%40_000 == 39_999:
			buf = append(buf, rareLines[rare%len(rareLines)]...)
			rare++
		case i%2000 == 0:
			buf = fmt.Appendf(buf, "Info                  CSI    %08x@%s WcpInitialize: wcp.dll version 10.0.19041.867 (WinBuild.160101.0800)", i, at.Format("2006/1/2:15:04:05.000"))
		default:
			buf = append(buf, bigLines[i%int64(len(bigLines))]...)
		}
		buf = append(buf, "\r\n"...)
		if _, err := w.Write(buf); err != nil {
			tb.Fatal(err)
		}
		written += int64(len(buf))
	}
	if err := w.Flush(); err != nil {
		tb.Fatal(err)
	}
	return rare
}

// searchPatterns are those of the playbook.
func searchPatterns(tb testing.TB) map[string]string {
	tb.Helper()
	p := bundled(tb, newEngine(tb), "0x8024001E").Probe("servicing")
	for _, a := range p.With {
		if a.Name == "patterns" {
			out := map[string]string{}
			data, err := json.Marshal(a.Value.Const)
			if err == nil {
				err = json.Unmarshal(data, &out)
			}
			if err != nil || len(out) == 0 {
				tb.Fatalf("the patterns of the playbook are %s: %v", data, err)
			}
			return out
		}
	}
	tb.Fatal("the playbook searches for no patterns")
	return nil
}
