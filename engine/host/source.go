package host

import (
	"github.com/rectify-project/rectify/engine/trust"
	"github.com/rectify-project/rectify/sdk"
)

// source is where a plugin comes from.
type source interface {
	origin() Origin
	// verify decides whether the executable may be launched, and holds it until it is closed; nil when it is this program.
	verify(*trust.Lock) (*trust.Binary, error)
	command() (path string, args []string)
}

// Origin is where a plugin comes from.
type Origin string

// The origins.
const (
	Linked Origin = "linked" // part of this program
	Vendor Origin = "vendor" // an executable of its own
)

// linked is a plugin that this program serves itself.
type linked struct {
	plugin     sdk.Plugin
	executable string
	args       []string
}

func (l linked) origin() Origin                            { return Linked }
func (l linked) verify(*trust.Lock) (*trust.Binary, error) { return nil, nil }
func (l linked) command() (string, []string)               { return l.executable, l.args }

// vendor is a plugin with an executable of its own.
type vendor struct {
	name  string
	path  string
	cache string // folder
}

func (v vendor) origin() Origin { return Vendor }

func (v vendor) verify(lock *trust.Lock) (*trust.Binary, error) {
	b, err := lock.Verify(v.name, v.path)
	if err != nil {
		return nil, err
	}
	return &b, nil
}

func (v vendor) command() (string, []string) { return v.path, nil }
