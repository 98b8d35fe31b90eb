package host

import (
	"sync"

	"github.com/rectify-project/rectify/sdk"
)

// maxStarts is how often in a row a plugin may fail to start, or to say what it is; after that it is given up for the
// run.
const maxStarts = 2

// slot is the place of one plugin: what it is, and the process that it has now.
type slot struct {
	name   string
	source source

	describing chan struct{} // holds the one that asks; guards what follows
	described  *description
	refusals   int // times that it could not be asked
	refusal    error

	mu       sync.Mutex
	current  *process
	live     []*process // current, and retired ones that still have calls
	starting *start
	failures int // starts that failed in a row
	failure  error
}

// start is a start in progress, shared by all that need the plugin.
type start struct {
	waiting int           // guarded by the slot
	done    chan struct{} // closed when process or err is set
	process *process
	err     error
}

func newSlot(name string, from source) *slot {
	return &slot{name: name, source: from, describing: make(chan struct{}, 1)}
}

// description is a manifest with its functions by name.
type description struct {
	manifest sdk.Manifest
	probes   map[string]*function
	actions  map[string]*function
}
