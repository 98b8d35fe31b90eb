// Package fakeservicing is a DISM for tests: it answers in the form of the real one, out of a store in a folder, and can be told
// to behave as badly as real ones have been seen to.
package fakeservicing

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/rectify-project/rectify/internal/machine/command"
	"github.com/rectify-project/rectify/internal/machine/servicing"
)

// DISM is a [command.Runner] that has one program, dism. Its fields are set before it is used.
type DISM struct {
	// Folder holds the store.
	Folder string
	// Files are the packages that can be added: full path → identity.
	Files map[string]string
	// Silent is a dism that returns 0 and says nothing, whatever it is asked, as on Wine.
	Silent bool
	// Lies is one that reports success and changes nothing.
	Lies bool
	// Waits is one whose changes wait for a restart.
	Waits bool
	// Fails are the codes that options end with, by option in lower case: "/add-package" → 0x800F081E.
	Fails map[string]uint32
	// Before is called before a change is carried out; nil: nothing happens.
	Before func()

	mu    sync.Mutex
	calls [][]string
}

var _ command.Runner = (*DISM)(nil)

// Package is one package of the store, in DISM's words.
type Package struct {
	Identity string
	State    string // "Installed"
	Release  string // "Security Update"
	Time     string // "3/15/2021 4:07 AM"
}

type store struct {
	Health   string // the sentence of a check
	Packages []Package
}

// The sentences on health.
const (
	Sound        = "No component store corruption detected."
	Repairable   = "The component store is repairable."
	Unrepairable = "The component store cannot be repaired."
)

const storeFile = "store.json"

// Fill makes the store anew.
func (d *DISM) Fill(health string, packages ...Package) error { return d.save(store{health, packages}) }

// Calls are the arguments of all calls so far.
func (d *DISM) Calls() [][]string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([][]string(nil), d.calls...)
}

func (d *DISM) load() (store, error) {
	var s store
	text, err := os.ReadFile(filepath.Join(d.Folder, storeFile))
	if errors.Is(err, fs.ErrNotExist) {
		return store{Health: Sound}, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	return s, err
}

func (d *DISM) save(s store) error {
	if len(s.Packages) == 0 {
		s.Packages = nil // the same bytes for the same store
	}
	text, err := json.Marshal(s)
	if err == nil {
		err = os.WriteFile(filepath.Join(d.Folder, storeFile), text, 0o600)
	}
	return err
}

const head = "\r\nDeployment Image Servicing and Management tool\r\nVersion: 10.0.19041.844\r\n\r\nImage Version: 10.0.19045.3570\r\n\r\n"

const done = "The operation completed successfully.\r\n"

// Run implements [command.Runner].
func (d *DISM) Run(ctx context.Context, p command.Program) (command.Result, error) {
	if p.Name != "dism" {
		return command.Result{}, &fs.PathError{Op: "open", Path: p.Name, Err: fs.ErrNotExist}
	}
	if err := ctx.Err(); err != nil {
		return command.Result{}, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls = append(d.calls, p.Args)
	if p.Started != nil {
		p.Started(command.Process{ID: 4711, Created: time.Unix(1_700_000_000, 0).UTC()})
	}
	code, text, err := d.answer(p.Args)
	if err != nil {
		return command.Result{}, err
	}
	if p.OutputFile != "" {
		if err := os.WriteFile(p.OutputFile, []byte(text), 0o600); err != nil {
			return command.Result{}, err
		}
	}
	return command.Result{Code: code, Output: command.Decode([]byte(text))}, nil
}

func (d *DISM) answer(args []string) (code uint32, text string, err error) {
	if d.Silent {
		return 0, "", nil
	}
	option, value := map[string]bool{}, map[string]string{}
	for _, a := range args {
		name, v, _ := strings.Cut(a, ":")
		option[strings.ToLower(name)], value[strings.ToLower(name)] = true, v
	}
	if !option["/online"] || !option["/english"] || value["/logpath"] == "" {
		return 87, head + "Error: 87\r\n\r\nThe test expects /Online, /English and /LogPath.\r\n", nil
	}
	for name, code := range d.Fails {
		if option[name] {
			return code, head + failed(code), nil
		}
	}
	s, err := d.load()
	if err != nil {
		return 0, "", err
	}
	switch {
	case option["/get-packages"]:
		return 0, list(s), nil
	case option["/get-packageinfo"]:
		code, text := info(s, value["/packagename"])
		return code, text, nil
	case option["/checkhealth"], option["/scanhealth"]:
		return 0, head + s.Health + "\r\n" + done, nil
	case option["/restorehealth"]:
		return d.change(s, func(s *store) { s.Health = Sound }, "The restore operation completed successfully.\r\n")
	case option["/add-package"]:
		identity := d.Files[value["/packagepath"]]
		if identity == "" {
			return 3, head + failed(3), nil
		}
		return d.change(s, func(s *store) { s.put(identity, d.state("Installed", "Install Pending")) }, "")
	case option["/remove-package"]:
		identity := value["/packagename"]
		if s.find(identity) == nil {
			return 0x800f0805, head + failed(0x800f0805), nil
		}
		return d.change(s, func(s *store) { s.remove(identity, d.Waits) }, "")
	}
	return 87, head + failed(87), nil
}

func (d *DISM) state(now, later string) string {
	if d.Waits {
		return later
	}
	return now
}

func (d *DISM) change(s store, change func(*store), also string) (uint32, string, error) {
	if d.Before != nil {
		d.Before()
	}
	if !d.Lies {
		change(&s)
		if err := d.save(s); err != nil {
			return 0, "", err
		}
	}
	code := uint32(0)
	if d.Waits {
		code = 3010
	}
	return code, head + "[===                         5.0%                           ] \r\n" +
		"[==========================100.0%==========================] \r\n" + also + done, nil
}

func (s *store) find(identity string) *Package {
	for i := range s.Packages {
		if strings.EqualFold(s.Packages[i].Identity, identity) {
			return &s.Packages[i]
		}
	}
	return nil
}

func (s *store) put(identity, state string) {
	if p := s.find(identity); p != nil {
		p.State = state
		return
	}
	s.Packages = append(s.Packages, Package{identity, state, "Update", "3/15/2021 4:07 AM"})
}

func (s *store) remove(identity string, later bool) {
	for i := range s.Packages {
		if !strings.EqualFold(s.Packages[i].Identity, identity) {
			continue
		}
		if later && s.Packages[i].State == "Installed" {
			s.Packages[i].State = "Uninstall Pending"
			return
		}
		s.Packages = append(s.Packages[:i], s.Packages[i+1:]...)
		return
	}
}

func failed(code uint32) string {
	shown := fmt.Sprint(code)
	if code > 0xffff {
		shown = fmt.Sprintf("0x%08x", code)
	}
	text := map[uint32]string{
		740: "Elevated permissions are required to run DISM. \r\nUse an elevated command prompt to complete these tasks.", 0x800f0805: "The specified package is not valid Windows package.",
		0x800f081e: "The specified package is not applicable to this image.", 0x800f081f: "The source files could not be found. ",
	}[code]
	if text == "" {
		text = "The command failed."
	}
	return "Error: " + shown + "\r\n\r\n" + text + "\r\n\r\nThe DISM log file can be found at C:\\Windows\\Logs\\DISM\\dism.log\r\n"
}

func list(s store) string {
	var b strings.Builder
	b.WriteString(head + "Packages listing:\r\n\r\n")
	for _, p := range s.Packages {
		fmt.Fprintf(&b, "Package Identity : %s\r\nState : %s\r\nRelease Type : %s\r\nInstall Time : %s\r\n\r\n", p.Identity, p.State, p.Release, p.Time)
	}
	return b.String() + done
}

func info(s store, identity string) (uint32, string) {
	p := s.find(identity)
	if p == nil {
		return 0x800f0805, head + failed(0x800f0805)
	}
	return 0, head + "Package information:\r\n\r\nPackage Identity : " + p.Identity + "\r\nApplicable : Yes\r\nCopyright : Microsoft Corporation\r\n" +
		"Company : Microsoft Corporation\r\nCreation Time : \r\nDescription : Fix for KB5000802\r\nInstall Client : DISM Package Manager Provider\r\n" +
		"Install Package Name : " + p.Identity + ".mum\r\nInstall Time : " + p.Time + "\r\nLast Update Time : \r\nName : default\r\n" +
		"Product Name : Package_for_RollupFix\r\nProduct Version : \r\nRelease Type : " + p.Release + "\r\nRestart Required : Possible\r\n" +
		"Support Information : http://support.microsoft.com/?kbid=5000802\r\nState : " + p.State + "\r\nDependency : \r\n" +
		"The package is fully offline installable.\r\n\r\nCustom Properties:\r\n\r\n(No custom properties found)\r\n\r\nFeatures listing for package : Package_for_RollupFix\r\n\r\n" +
		"(No features found for this package)\r\n\r\n" + done
}

// Lock is a [servicing.Lock] of one process.
type Lock struct {
	once sync.Once
	free chan struct{}
}

var _ servicing.Lock = (*Lock)(nil)

// Acquire implements [servicing.Lock].
func (l *Lock) Acquire(ctx context.Context) (func(), error) {
	l.once.Do(func() {
		l.free = make(chan struct{}, 1)
		l.free <- struct{}{}
	})
	select {
	case <-l.free:
		return func() { l.free <- struct{}{} }, nil
	case <-ctx.Done():
		return nil, servicing.ErrBusy
	}
}
