package host

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rectify-project/rectify/internal/forge/cab"
	"github.com/rectify-project/rectify/internal/forge/hive"
)

// Files are the files of the disk by their path below its root, divided by slashes. An error tells of a story that
// cannot be.
func (m *Machine) Files() (map[string][]byte, error) {
	if err := errors.Join(m.faults...); err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for path, b := range m.files {
		files[path] = b
	}
	for _, channel := range m.Channels() {
		var b bytes.Buffer
		if err := m.Write(&b, channel); err != nil {
			return nil, err
		}
		files[channelFile(channel)] = b.Bytes()
	}
	for _, t := range m.tasks {
		files[t.file()] = t.definition(m.Zone)
	}
	for name, root := range m.Hives() {
		b, err := hive.Bytes(root, hive.Options{Name: `\SystemRoot\System32\Config\` + name})
		if err != nil {
			return nil, fmt.Errorf("hive %s of %s: %w", name, m.Computer, err)
		}
		files["Windows/System32/config/"+name] = b
	}
	m.addDistribution(files)
	if err := m.addServicing(files); err != nil {
		return nil, err
	}
	return files, m.addTraces(files)
}

// WriteTo puts the disk into a folder, which is made.
func (m *Machine) WriteTo(root string) error {
	files, err := m.Files()
	if err != nil {
		return err
	}
	for path, b := range files {
		if err := writeFile(filepath.Join(root, filepath.FromSlash(path)), b); err != nil {
			return err
		}
	}
	return nil
}

// WriteSystem puts the System channel of events in the place of that of the offline disk at root, in which the case of
// names does not count. All else on the disk stays as it is: a test tells with it what happened on a real disk.
func WriteSystem(root string, e *Events) error {
	var b bytes.Buffer
	if err := e.Write(&b, channelSystem); err != nil {
		return err
	}
	path := root
	for part := range strings.SplitSeq(channelFile(channelSystem), "/") {
		name, err := existing(path, part)
		if err != nil {
			return err
		}
		path = filepath.Join(path, name)
	}
	return writeFile(path, b.Bytes())
}

// existing is the name that an entry of a folder has, in whatever case; if there is none it is name.
func existing(folder, name string) (string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	for _, e := range entries {
		if strings.EqualFold(e.Name(), name) {
			return e.Name(), nil
		}
	}
	return name, nil
}

func writeFile(path string, b []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, b, 0o644)
}

func (m *Machine) addServicing(files map[string][]byte) error {
	const folder = "Windows/Logs/CBS/"
	current, old := m.servicingLogs()
	files[folder+"CBS.log"] = current
	for _, o := range old {
		if !o.packed {
			files[folder+o.name+".log"] = o.data
			continue
		}
		b, err := cab.Cabinet{Folders: []cab.Folder{{Method: cab.LZX(15), Files: []cab.File{{Name: o.name + ".log", Time: o.at, Data: o.data}}}}}.Bytes()
		if err != nil {
			return fmt.Errorf("%s.cab: %w", o.name, err)
		}
		files[folder+o.name+".cab"] = b
	}
	return nil
}

// channelFile is the file of a channel: its slash is written %4.
func channelFile(channel string) string {
	return "Windows/System32/winevt/Logs/" + strings.ReplaceAll(channel, "/", "%4") + ".evtx"
}

// newest is the time of the last event.
func (m *Machine) newest() time.Time {
	last := m.Installed
	for _, e := range m.channels[channelSystem] {
		if e.Time.After(last) {
			last = e.Time
		}
	}
	return last
}

// guidBytes is a GUID of this package as memory holds it.
func guidBytes(s string) []byte {
	b, err := hex.DecodeString(strings.NewReplacer("{", "", "}", "", "-", "").Replace(s))
	if err != nil || len(b) != 16 {
		panic("host: no GUID: " + s)
	}
	le, be := binary.LittleEndian, binary.BigEndian
	le.PutUint32(b, be.Uint32(b))
	le.PutUint16(b[4:], be.Uint16(b[4:]))
	le.PutUint16(b[6:], be.Uint16(b[6:]))
	return b
}
