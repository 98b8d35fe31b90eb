package registry

import (
	"errors"
	"time"

	"github.com/rectify-project/rectify/internal/artefact/hive"
)

// Reader reads the registry of a running system, one question at a time: no key stays open between two, so that none
// is kept from being deleted. Paths are full and begin with `HKLM\` or `HKU\`. Errors wrap [ErrNoKey] or [ErrNoValue],
// or are a [*SystemError].
type Reader interface {
	// Written is when the key or one of its values last changed.
	Written(path string) (time.Time, error)
	Subkeys(path string) ([]string, error)
	Values(path string) ([]Entry, error)
	// Value reads a value's data whole, at most [hive.MaxData] bytes; "" names the default value.
	Value(path, name string) (Value, error)
	// Form is what the key is besides what it holds. It does not follow a link at the end of the path.
	Form(path string) (Form, error)
}

// Writer changes the registry of a running system, one thing at a time.
type Writer interface {
	// Create makes one key; the key above must be there. Made is false where it was there already, which then stays as
	// it is.
	Create(path string, form Form) (made bool, err error)
	Set(path string, v Value) error
	DeleteValue(path, name string) error
	// DeleteKey deletes a key with its values. The key must have no keys below.
	DeleteKey(path string) error
	// Secure gives a key the owner, group and access rights of a security descriptor.
	Secure(path, sddl string) error
	// Flush returns when all that was changed below the top of a path is on the disk.
	Flush(path string) error
}

// System is the registry of a running system. It is safe for use by several goroutines.
type System interface {
	Reader
	Writer
}

// Entry is a value without its data.
type Entry struct {
	Name string // empty: the default value
	Type hive.Type
	Size int // of the data, in bytes
}

// Value is a value as it is stored.
type Value struct {
	Name string    `json:"name"` // empty: the default value
	Type hive.Type `json:"type"`
	Data []byte    `json:"data"`
}

// Form is what a key is besides what it holds.
type Form struct {
	Class    string `json:"class,omitempty"`    // hardly any key has one
	Volatile bool   `json:"volatile,omitempty"` // gone with the next restart
	Link     bool   `json:"link,omitempty"`     // stands for another key
	// Security has owner, group and access rights as SDDL; empty where it is not known.
	Security string `json:"security,omitempty"`
}

// liveNode is a key of a running system.
type liveNode struct {
	system Reader
	path   string
	at     time.Time
}

func (n liveNode) written() time.Time { return n.at }

func (n liveNode) open(path string) (node, error) {
	full := n.path + `\` + path
	if _, err := place(full); err != nil {
		return nil, err
	}
	at, err := n.system.Written(full)
	return liveNode{n.system, full, at}, err
}

func (n liveNode) subkeys() ([]string, error)       { return n.system.Subkeys(n.path) }
func (n liveNode) entries() ([]Entry, error)        { return n.system.Values(n.path) }
func (n liveNode) value(name string) (Value, error) { return n.system.Value(n.path, name) }

// isAbsent tells what is not there from what cannot be read, of a disk as of a running system.
func isAbsent(err error) bool { return Absent(err) || errors.Is(err, hive.ErrNotExist) }
