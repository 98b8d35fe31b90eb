package host_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/rectify-project/rectify/internal/forge/evtx"
	"github.com/rectify-project/rectify/internal/forge/hive"
	"github.com/rectify-project/rectify/internal/forge/host/example"
)

// tool is the path of a program that reads a format independently of this module; without it the test is skipped.
func tool(t *testing.T, name, pkg string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed (Debian package %s): %v", name, pkg, err)
	}
	return path
}

func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.Command(name, args...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", filepath.Base(name), strings.Join(args, " "), err, stderr.String())
	}
	return string(out)
}

// eachDisk writes every example disk into a folder of its own.
func eachDisk(t *testing.T, fn func(t *testing.T, d example.Disk, root string)) {
	for _, d := range example.Disks() {
		t.Run(d.Name, func(t *testing.T) {
			root := t.TempDir()
			if err := d.Machine.WriteTo(root); err != nil {
				t.Fatal(err)
			}
			fn(t, d, root)
		})
	}
}

// exported is an event as evtxexport shows it.
type exported struct {
	System struct {
		Provider struct {
			Name            string `xml:"Name,attr"`
			GUID            string `xml:"Guid,attr"`
			EventSourceName string `xml:"EventSourceName,attr"`
		}
		EventID struct {
			ID         int    `xml:",chardata"`
			Qualifiers string `xml:"Qualifiers,attr"`
		}
		Level       uint8
		Keywords    string
		TimeCreated struct {
			SystemTime string `xml:"SystemTime,attr"`
		}
		EventRecordID uint64
		Channel       string
		Computer      string
		Security      struct {
			UserID string `xml:"UserID,attr"`
		}
	}
	EventData struct {
		Data []struct {
			Name  string `xml:"Name,attr"`
			Value string `xml:",chardata"`
		}
		Binary string
	}
	UserData struct {
		Elements []struct {
			XMLName xml.Name
			Fields  []struct {
				XMLName xml.Name
				Value   string `xml:",chardata"`
			} `xml:",any"`
		} `xml:",any"`
	}
}

var eventXML = regexp.MustCompile(`(?s)<Event .*?</Event>`)

func TestEvtxexportAgrees(t *testing.T) {
	evtxexport := tool(t, "evtxexport", "libevtx-utils")
	eachDisk(t, func(t *testing.T, d example.Disk, root string) {
		for _, channel := range d.Machine.Channels() {
			file := filepath.Join(root, "Windows/System32/winevt/Logs", strings.ReplaceAll(channel, "/", "%4")+".evtx")
			want := d.Machine.Channel(channel)
			got := eventXML.FindAllString(output(t, evtxexport, "-f", "xml", file), -1)
			if len(got) != len(want) || len(want) == 0 {
				t.Fatalf("%s has %d events, expected %d", channel, len(got), len(want))
			}
			for i, e := range want {
				var x exported
				if err := xml.Unmarshal([]byte(got[i]), &x); err != nil {
					t.Fatalf("%s, event %d: %v", channel, i, err)
				}
				for what, pair := range map[string][2]any{
					"record":    {x.System.EventRecordID, uint64(i + 1)},
					"id":        {x.System.EventID.ID, int(e.ID)},
					"provider":  {x.System.Provider.Name, e.Provider},
					"guid":      {strings.ToLower(x.System.Provider.GUID), e.ProviderGUID},
					"source":    {x.System.Provider.EventSourceName, e.EventSourceName},
					"level":     {x.System.Level, e.Level},
					"keywords":  {x.System.Keywords, fmt.Sprintf("0x%016x", e.Keywords)},
					"time":      {x.System.TimeCreated.SystemTime, e.Time.UTC().Format("2006-01-02T15:04:05.0000000") + "00Z"},
					"channel":   {x.System.Channel, channel},
					"computer":  {x.System.Computer, d.Machine.Computer},
					"user":      {x.System.Security.UserID, string(e.UserSID)},
					"data":      {shownData(x), wantedData(e)},
					"binary":    {strings.ToLower(x.EventData.Binary), hex.EncodeToString(e.Binary)},
					"user data": {shownUserData(x), wantedUserData(e)},
				} {
					if pair[0] != pair[1] {
						t.Errorf("%s, event %d (%s %d): %s is %v, expected %v", channel, i, e.Provider, e.ID, what, pair[0], pair[1])
					}
				}
			}
		}
	})
}

func shownData(x exported) string {
	var out []string
	for _, d := range x.EventData.Data {
		out = append(out, d.Name+"="+strings.ToLower(d.Value))
	}
	return strings.Join(out, "|")
}

func wantedData(e evtx.Event) string {
	var out []string
	for _, f := range e.EventData {
		out = append(out, f.Name+"="+shown(f.Value))
	}
	return strings.Join(out, "|")
}

func shownUserData(x exported) string {
	var out []string
	for _, element := range x.UserData.Elements {
		out = append(out, element.XMLName.Local)
		for _, f := range element.Fields {
			out = append(out, f.XMLName.Local+"="+strings.ToLower(f.Value))
		}
	}
	return strings.Join(out, "|")
}

func wantedUserData(e evtx.Event) string {
	if e.UserData == nil {
		return ""
	}
	out := []string{e.UserData.Root}
	for _, f := range e.UserData.Fields {
		out = append(out, f.Name+"="+shown(f.Value))
	}
	return strings.Join(out, "|")
}

// shown is a value in the form that evtxexport gives it, in lower case.
func shown(v any) string {
	switch v := v.(type) {
	case evtx.HexInt32:
		return fmt.Sprintf("0x%08x", uint32(v))
	case time.Time:
		return strings.ToLower(v.UTC().Format("2006-01-02T15:04:05.0000000") + "00Z")
	}
	return strings.ToLower(fmt.Sprint(v))
}

func TestReglookupAgrees(t *testing.T) {
	reglookup := tool(t, "reglookup", "reglookup")
	eachDisk(t, func(t *testing.T, d example.Disk, root string) {
		for name, tree := range d.Machine.Hives() {
			want := map[string]string{}
			flatten(tree, "", want)
			lines := strings.Split(strings.TrimSpace(output(t, reglookup, filepath.Join(root, "Windows/System32/config", name))), "\n")[1:]
			seen := 0
			for _, line := range lines {
				cells := strings.Split(line, ",")
				path, kind := cells[0], cells[1]
				if path == "/" {
					continue
				}
				seen++
				value := kind
				if kind != "KEY" {
					value += " " + unquote(t, cells[2])
				}
				if w, ok := want[path]; !ok || w != value {
					t.Errorf("%s: %s is %q, expected %q", name, path, value, w)
				}
			}
			if seen != len(want) {
				t.Errorf("%s has %d keys and values, expected %d", name, seen, len(want))
			}
		}
	})
}

// flatten gives the keys and values of a tree as reglookup shows them, which quotes little of a path.
func flatten(k *hive.Key, path string, out map[string]string) {
	quote := strings.NewReplacer("%", "%25", "/", "%2F", ",", "%2C")
	for _, v := range k.Values {
		out[path+"/"+quote.Replace(v.Name)] = registryText(v) // the default value ends in the slash
	}
	for _, sub := range k.Keys {
		at := path + "/" + quote.Replace(sub.Name)
		out[at] = "KEY"
		flatten(sub, at, out)
	}
}

func registryText(v hive.Value) string {
	le := binary.LittleEndian
	switch v.Type {
	case 1:
		return "SZ " + narrow(v.Data)
	case 2:
		return "EXPAND_SZ " + narrow(v.Data)
	case 3:
		return "BINARY " + string(v.Data)
	case 4:
		return fmt.Sprintf("DWORD 0x%08X", le.Uint32(v.Data))
	case 11:
		return fmt.Sprintf("QWORD 0x%016X", le.Uint64(v.Data))
	}
	return fmt.Sprintf("type %d", v.Type)
}

func narrow(b []byte) string {
	var u []uint16
	for i := 0; i+1 < len(b); i += 2 {
		u = append(u, binary.LittleEndian.Uint16(b[i:]))
	}
	return strings.TrimRight(string(utf16.Decode(u)), "\x00")
}

func unquote(t *testing.T, s string) string {
	t.Helper()
	out, err := url.PathUnescape(s)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestHivexAgrees(t *testing.T) {
	hivexget := tool(t, "hivexget", "libhivex-bin")
	hivexregedit := tool(t, "hivexregedit", "libwin-hivex-perl")
	eachDisk(t, func(t *testing.T, d example.Disk, root string) {
		m := d.Machine
		system, software := filepath.Join(root, "Windows/System32/config/SYSTEM"), filepath.Join(root, "Windows/System32/config/SOFTWARE")
		for _, c := range []struct{ file, key, value, want string }{
			{system, `\Select`, "Current", "1"},
			{system, `\ControlSet001\Services\wuauserv`, "Start", "3"},
			{system, `\ControlSet001\Services\wuauserv`, "ObjectName", "LocalSystem"},
			{system, `\ControlSet001\Services\UsoSvc`, "DelayedAutostart", "1"},
			{system, `\ControlSet001\Control\ComputerName\ComputerName`, "ComputerName", m.Computer},
			{system, `\ControlSet001\Control\TimeZoneInformation`, "TimeZoneKeyName", m.Zone.Name},
			{system, `\ControlSet001\Control\TimeZoneInformation`, "Bias", fmt.Sprint(uint32(int32(m.Zone.Bias)))},
			{software, `\Microsoft\Windows NT\CurrentVersion`, "ProductName", m.Windows.ProductName},
			{software, `\Microsoft\Windows NT\CurrentVersion`, "CurrentBuild", fmt.Sprint(m.Windows.Build)},
			{software, `\Microsoft\Windows NT\CurrentVersion`, "UBR", fmt.Sprint(m.Windows.Revision)},
		} {
			got := strings.TrimSpace(output(t, hivexget, c.file, c.key, c.value))
			if n, err := strconv.ParseInt(got, 0, 64); err == nil {
				got = fmt.Sprint(uint32(n))
			}
			if got != c.want {
				t.Errorf("%s → %s is %q, expected %q", c.key, c.value, got, c.want)
			}
		}
		for name, tree := range m.Hives() {
			want := map[string]string{}
			flatten(tree, "", want)
			keys := 1 // the root
			for _, v := range want {
				if v == "KEY" {
					keys++
				}
			}
			got := output(t, hivexregedit, "--export", filepath.Join(root, "Windows/System32/config", name), `\`)
			if n := strings.Count(got, "\n["); n != keys {
				t.Errorf("%s has %d keys, expected %d", name, n, keys)
			}
		}
	})
}

func TestCabextractAgrees(t *testing.T) {
	cabextract := tool(t, "cabextract", "cabextract")
	found := 0
	eachDisk(t, func(t *testing.T, d example.Disk, root string) {
		cabinets, err := filepath.Glob(filepath.Join(root, "Windows/Logs/CBS/*.cab"))
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cabinets {
			found++
			out := t.TempDir()
			output(t, cabextract, "-q", "-d", out, c)
			name := strings.TrimSuffix(filepath.Base(c), ".cab") + ".log"
			b, err := os.ReadFile(filepath.Join(out, name))
			if err != nil {
				t.Fatal(err)
			}
			checkServicingLog(t, name, b, d.Machine.Zone.Bias)
		}
	})
	if found == 0 {
		t.Error("no disk has a cabinet")
	}
}

// TestTaskDefinitions reads the definitions as any program does that knows UTF-16 and XML.
func TestTaskDefinitions(t *testing.T) {
	eachDisk(t, func(t *testing.T, d example.Disk, root string) {
		tasks := filepath.Join(root, "Windows/System32/Tasks")
		err := filepath.WalkDir(tasks, func(path string, e os.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			if !bytes.HasPrefix(b, []byte{0xff, 0xfe}) {
				return errors.New(path + ": no byte order mark")
			}
			text := narrow(b[2:])
			if strings.Count(text, "\n") != strings.Count(text, "\r\n") {
				return errors.New(path + ": a line does not end in CRLF")
			}
			var task struct {
				URI     string `xml:"RegistrationInfo>URI"`
				UserID  string `xml:"Principals>Principal>UserId"`
				Start   string `xml:"Triggers>CalendarTrigger>StartBoundary"`
				Command string `xml:"Actions>Exec>Command"`
			}
			dec := xml.NewDecoder(strings.NewReader(text))
			dec.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
			if err := dec.Decode(&task); err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			rel, err := filepath.Rel(tasks, path)
			if err != nil {
				return err
			}
			if want := `\` + strings.ReplaceAll(rel, string(filepath.Separator), `\`); task.URI != want {
				t.Errorf("URI is %q, expected %q", task.URI, want)
			}
			if task.UserID == "" || task.Start == "" || task.Command == "" {
				t.Errorf("%s: %+v, expected a user, a start and a command", rel, task)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
