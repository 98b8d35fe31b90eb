package registry

import (
	"errors"
	"sync"

	"github.com/rectify-project/rectify/internal/artefact/hive"
	"github.com/rectify-project/rectify/sdk/target"
)

// disk is the registry of a Windows that is not running.
type disk struct {
	target *target.Target

	mu    sync.Mutex
	hives map[string]*opened
}

type opened struct {
	hive  *hive.Hive
	err   error
	files []target.File
}

func newDisk(t *target.Target) *disk { return &disk{target: t, hives: map[string]*opened{}} }

func (d *disk) close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	var errs []error
	for _, o := range d.hives {
		for _, f := range o.files {
			errs = append(errs, f.Close())
		}
		o.files, o.hive, o.err = nil, nil, errors.New("the registry was closed")
	}
	return errors.Join(errs...)
}

func (d *disk) top(path string) (*Key, string, error) {
	p, err := place(path)
	if err != nil {
		return nil, "", err
	}
	name, err := p.file(path)
	if err != nil {
		return nil, "", err
	}
	h, file, err := d.hive(name)
	if err != nil {
		return nil, "", err
	}
	root, err := h.Root()
	if err != nil {
		return nil, "", &HiveError{name, file, err}
	}
	return &Key{path: p.top, from: source{name, file, dirty(h)}, node: hiveNode{root}}, p.rest, nil
}

func (d *disk) info(name string) (hive.Info, error) {
	h, _, err := d.hive(name)
	if err != nil {
		return hive.Info{}, err
	}
	return h.Info(), nil
}

func dirty(h *hive.Hive) string {
	info := h.Info()
	if !info.Dirty || info.Recovered {
		return ""
	}
	s := "Windows had not written the hive whole when it stopped, and its transaction logs do not complete it"
	if len(info.LogProblems) > 0 {
		s += ": " + info.LogProblems[0]
	}
	return s
}

// hive opens a hive once.
func (d *disk) hive(name string) (*hive.Hive, string, error) {
	path := `%SystemRoot%\System32\config\` + name
	file := d.target.Display(path)
	d.mu.Lock()
	defer d.mu.Unlock()
	o := d.hives[name]
	if o == nil {
		o = &opened{}
		o.open(d.target, path)
		d.hives[name] = o
	}
	if o.err != nil {
		return nil, file, &HiveError{name, file, o.err}
	}
	return o.hive, file, nil
}

func (o *opened) open(t *target.Target, path string) {
	var main hive.Source
	if main, o.err = o.source(t, path); o.err != nil {
		return
	}
	var logs []hive.Source
	for _, suffix := range []string{".LOG1", ".LOG2", ".LOG"} {
		// A log that cannot be read leaves the hive dirty if it was needed, and that is said.
		if log, err := o.source(t, path+suffix); err == nil {
			logs = append(logs, log)
		}
	}
	o.hive, o.err = hive.Open(main, logs...)
}

func (o *opened) source(t *target.Target, path string) (hive.Source, error) {
	f, err := t.Open(path)
	if err != nil {
		return hive.Source{}, err
	}
	o.files = append(o.files, f)
	info, err := f.Stat()
	if err != nil {
		return hive.Source{}, err
	}
	return hive.Source{Reader: f, Size: info.Size()}, nil
}
