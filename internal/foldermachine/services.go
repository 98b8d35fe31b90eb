package foldermachine

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rectify-project/rectify/sdk/kept"
)

// Start types and states of services.
const (
	Auto     = "auto"
	Manual   = "manual"
	Disabled = "disabled"

	Running = "running"
	Stopped = "stopped"
)

// Service is a service. A service that starts makes its folder, with a file in it, when it is not there; while it runs its
// folder cannot be renamed. A triggered one is started whenever something happens, unless it is disabled.
type Service struct {
	StartType string `json:"start_type"`
	State     string `json:"state"`
	Folder    string `json:"folder,omitempty"` // data/cache
	Triggered bool   `json:"triggered,omitempty"`
}

func (s Service) check(name string) error {
	if s.StartType != Auto && s.StartType != Manual && s.StartType != Disabled {
		return fmt.Errorf("service %s: unknown start type %q; known are auto, disabled, manual", name, s.StartType)
	}
	if s.State != Running && s.State != Stopped {
		return fmt.Errorf("service %s: unknown state %q; known are running, stopped", name, s.State)
	}
	if s.Folder != "" {
		if err := checkPath(s.Folder); err != nil {
			return fmt.Errorf("service %s: %w", name, err)
		}
	}
	return nil
}

func serviceFile(name string) string { return servicesDir + "/" + name + ".json" }
func heldFile(name string) string    { return heldDir + "/" + name + ".json" }

// Service reads a service; fs.ErrNotExist when there is none of that name.
func (m Machine) Service(name string) (Service, error) {
	if err := checkName(name); err != nil {
		return Service{}, err
	}
	s, err := readJSON[Service](m, serviceFile(name))
	if err == nil {
		err = s.check(name)
	}
	return s, err
}

// Services reads all services, by name.
func (m Machine) Services() (map[string]Service, error) {
	return readAll(m, servicesDir, m.Service)
}

// readAll reads the things of a folder, by the names of their files.
func readAll[T any](m Machine, dir string, read func(name string) (T, error)) (map[string]T, error) {
	entries, err := os.ReadDir(m.path(dir))
	if err != nil {
		return nil, err
	}
	all := map[string]T{}
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), ".json")
		if !ok {
			continue
		}
		if all[name], err = read(name); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// SetService makes a service what is said, or makes it. A running one is not started by it: its folder is not made.
func (m Machine) SetService(name string, s Service) error {
	if err := errors.Join(checkName(name), s.check(name)); err != nil {
		return err
	}
	return m.locked(func() error { return m.writeJSON(serviceFile(name), s) })
}

// Trigger does what Windows does whenever something happens: it starts each stopped service that is triggered and not
// disabled. It may be called at any time, also while actions run.
func (m Machine) Trigger() error {
	services, err := m.Services()
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(services)) {
		if !services[name].startsByItself() {
			continue
		}
		err := m.changeService(name, func(s *Service) error {
			if !s.startsByItself() { // it was changed since it was read
				return nil
			}
			return m.start(name, s)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (s Service) startsByItself() bool {
	return s.Triggered && s.State == Stopped && s.StartType != Disabled
}

func (m Machine) bootService(name string) error {
	return m.changeService(name, func(s *Service) error {
		s.State = Stopped
		if s.StartType == Auto {
			return m.start(name, s)
		}
		return nil
	})
}

// changeService changes a service in one step. Nothing is written where it stays what it was.
func (m Machine) changeService(name string, change func(*Service) error) error {
	return m.locked(func() error {
		was, err := m.Service(name)
		if err != nil {
			return err
		}
		is := was
		if err := change(&is); err != nil || is == was {
			return err
		}
		return m.writeJSON(serviceFile(name), is)
	})
}

// start is what happens when a service starts, under the machine's lock: its folder is there before it is seen to run.
func (m Machine) start(name string, s *Service) error {
	if s.Folder != "" {
		if err := m.makeServiceFolder(name, s.Folder); err != nil {
			return err
		}
	}
	s.State = Running
	return nil
}

// makeServiceFolder makes the folder of a service unless it is there. It is never seen without its file.
func (m Machine) makeServiceFolder(name, folder string) error {
	there, err := m.exists(folder)
	if there || err != nil {
		return err
	}
	fresh, err := os.MkdirTemp(m.path(scratchDir), "folder-*")
	if err != nil {
		return err
	}
	marker := filepath.Join(fresh, markerOf(name))
	err = errors.Join(os.Chmod(fresh, 0o755), replaceFile(m.path(scratchDir), marker, []byte("the service "+name+" made this folder when it started\n")))
	if err == nil {
		err = os.MkdirAll(filepath.Dir(m.path(folder)), 0o755)
	}
	if err == nil {
		err = os.Rename(fresh, m.path(folder))
	}
	if err != nil {
		return err
	}
	return kept.SyncFolder(filepath.Dir(m.path(folder)))
}

// markerOf is the file that a service makes in a folder that it makes.
func markerOf(service string) string { return "made-by-" + service + ".txt" }

// user names a running service whose folder is a path or lies below it; empty when there is none.
func (m Machine) user(name string) (string, error) {
	services, err := m.Services()
	if err != nil {
		return "", err
	}
	for _, service := range slices.Sorted(maps.Keys(services)) {
		s := services[service]
		if s.State == Running && (s.Folder == name || strings.HasPrefix(s.Folder, name+"/")) {
			return service, nil
		}
	}
	return "", nil
}

// moveUnused renames a file or folder, unless a running service keeps it open.
func (m Machine) moveUnused(from, to string) error {
	return m.locked(func() error {
		user, err := m.user(from)
		if err != nil {
			return err
		}
		if user != "" {
			return fmt.Errorf("%q cannot be renamed to %q: the service %s runs and uses it; stop it, and hold it stopped", from, path.Base(to), user)
		}
		return m.move(from, to)
	})
}

// heldType reads the start type that a held service had; empty when it is not held.
func (m Machine) heldType(name string) (string, error) {
	h, err := readJSON[held](m, heldFile(name))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return h.StartType, err
}

type held struct {
	StartType string `json:"start_type"`
}

// standing is everything of a service that actions change.
type standing struct {
	State     string `json:"state"`
	StartType string `json:"start_type"`
	Held      string `json:"held,omitempty"` // the start type that it had before it was held
}

// own is the start type that a service has when it is not held.
func (s standing) own() string {
	if s.Held != "" {
		return s.Held
	}
	return s.StartType
}

func (m Machine) standing(name string) (standing, error) {
	s, err := m.Service(name)
	if err != nil {
		return standing{}, err
	}
	h, err := m.heldType(name)
	return standing{s.State, s.StartType, h}, err
}

// giveType gives a service the start type of a standing, and says whether that changed anything. The note of the type
// that was held is there before the type is taken away, and until it is given back.
func (m Machine) giveType(name string, want standing) (changed bool, err error) {
	err = m.locked(func() error {
		s, err := m.Service(name)
		if err != nil {
			return err
		}
		h, err := m.heldType(name)
		if err != nil {
			return err
		}
		if want.Held != "" && h != want.Held {
			changed = true
			if err := m.writeJSON(heldFile(name), held{want.Held}); err != nil {
				return err
			}
		}
		if s.StartType != want.StartType {
			changed = true
			s.StartType = want.StartType
			if err := m.writeJSON(serviceFile(name), s); err != nil {
				return err
			}
		}
		if want.Held == "" && h != "" {
			changed = true
			return m.remove(heldFile(name))
		}
		return nil
	})
	return changed, err
}

// giveState starts or stops a service, and says whether that changed anything. A disabled service is started only when it
// is forced: to put back one that ran although it was disabled.
func (m Machine) giveState(name, want string, force bool) (changed bool, err error) {
	err = m.changeService(name, func(s *Service) error {
		changed = s.State != want
		switch {
		case !changed:
			return nil
		case want == Stopped:
			s.State = Stopped
			return nil
		case s.StartType == Disabled && !force:
			return fmt.Errorf("the service %s is disabled and cannot be started: give it another start type first", name)
		}
		return m.start(name, s)
	})
	return changed, err
}
