// Package servicing looks at and changes the component store of the Windows that is running, by DISM. What DISM says is read
// strictly: a system on which it returns 0 and says nothing has not answered, and an answer in another shape than is known is
// an error, never an empty list.
package servicing

import (
	"context"
	"time"
)

// Store is the component store.
type Store interface {
	// Packages lists all packages that the store shows, by identity.
	Packages(ctx context.Context) ([]Package, error)
	// Package tells of one package by its identity. One that the store does not have is in the state [NotPresent].
	Package(ctx context.Context, identity string) (Package, error)
	// Health says whether the store is damaged: by the mark that earlier operations have left, in seconds, or by a scan
	// of the whole store, in many minutes.
	Health(ctx context.Context, scan bool) (Health, error)
}

// Package is one package of the component store.
type Package struct {
	Identity    string // Package_for_KB5000802~31bf3856ad364e35~amd64~~19041.867.1.8
	State       State
	ReleaseType string    // as in the schema of dism.packages: "security_update"
	Installed   time.Time // zero where it is not installed or the time cannot be read; see Stamp
	Stamp       string    // the time of installation as DISM printed it
}

// State is the state of a package.
type State string

// The states.
const (
	NotPresent         State = "not_present"
	Staged             State = "staged"
	Resolved           State = "resolved"
	InstallPending     State = "install_pending"
	Installed          State = "installed"
	PartiallyInstalled State = "partially_installed"
	UninstallPending   State = "uninstall_pending"
	Superseded         State = "superseded"
)

// Arrived says whether a package is installed, will be after a restart, or has been replaced by a newer one.
func (s State) Arrived() bool { return s == Installed || s == InstallPending || s == Superseded }

// Gone says whether a package is not installed, or will not be after a restart.
func (s State) Gone() bool {
	return s == NotPresent || s == Staged || s == Resolved || s == UninstallPending
}

// Pending says whether a package waits for a restart.
func (s State) Pending() bool { return s == InstallPending || s == UninstallPending }

// Health is the state of the component store as a whole.
type Health string

// The states of health.
const (
	Healthy       Health = "healthy" // of a check: no damage has been noted so far
	Repairable    Health = "repairable"
	NotRepairable Health = "not_repairable"
)
