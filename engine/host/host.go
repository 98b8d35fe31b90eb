// Package host runs plugins: it starts each in its own process when it is first needed, calls it over mutual TLS,
// checks what it answers, and ends it with all that it has started. Whatever a plugin does, a call gives its answer or
// one [Error] in bounded time, and the host goes on.
package host

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/rectify-project/rectify/engine/trust"
	"github.com/rectify-project/rectify/sdk"
)

// Options say which plugins there are.
type Options struct {
	// Linked are the plugins that this executable serves itself, started as Executable with ServeArgs(name).
	Linked    []sdk.Plugin
	ServeArgs func(name string) []string
	// Executable is this program; empty means os.Executable.
	Executable string

	VendorDir string      // folder of vendor plugins; empty means none
	Lock      *trust.Lock // which of them may run
	// CacheDir keeps the manifests of vendor plugins; empty means rectify/manifests in the user's cache folder.
	CacheDir string

	Log          zerolog.Logger // what plugins write to stderr, and starts and ends at debug level
	StartTimeout time.Duration  // from the start to the manifest; 0 means 10 s
}

const defaultStartTimeout = 10 * time.Second

// Host runs plugins. It is safe for concurrent use.
type Host struct {
	options Options
	slots   map[string]*slot
	held    io.Closer // this program, so that nobody puts another one in its place
	closing chan struct{}

	mu     sync.Mutex
	closed bool
	work   sync.WaitGroup // starts and ends that go on in the background
}

// New makes a host. It starts nothing, and digests nothing; a folder of plugins that is not there is an error, and so is
// a vendor plugin with the name of a linked one. On Windows nobody can replace this program's file until the host is closed.
func New(o Options) (*Host, error) {
	if o.StartTimeout == 0 {
		o.StartTimeout = defaultStartTimeout
	}
	if o.Executable == "" {
		self, err := os.Executable()
		if err != nil {
			return nil, fmt.Errorf("this program does not know its own file: %w", err)
		}
		o.Executable = self
	}
	if o.CacheDir == "" {
		if dir, err := os.UserCacheDir(); err == nil {
			o.CacheDir = filepath.Join(dir, "rectify", "manifests")
		}
	}
	h := &Host{options: o, slots: map[string]*slot{}, closing: make(chan struct{})}
	for _, p := range o.Linked {
		if _, dup := h.slots[p.Name]; dup {
			return nil, fmt.Errorf("two linked plugins have the name %q", p.Name)
		}
		h.slots[p.Name] = newSlot(p.Name, linked{plugin: p, executable: o.Executable, args: o.ServeArgs(p.Name)})
	}
	if o.VendorDir != "" {
		if err := h.addVendors(); err != nil {
			return nil, err
		}
	}
	var err error
	if h.held, err = trust.Hold(o.Executable); err != nil {
		return nil, fmt.Errorf("this program cannot keep its own file from being replaced: %w", err)
	}
	return h, nil
}

func (h *Host) addVendors() error {
	found, err := trust.Discover(h.options.VendorDir)
	if err != nil {
		return err
	}
	for _, f := range found {
		if _, dup := h.slots[f.Name]; dup {
			return fmt.Errorf("%s has the name of a plugin that is built in: remove or rename it", f.Path)
		}
		h.slots[f.Name] = newSlot(f.Name, vendor{name: f.Name, path: f.Path, cache: h.options.CacheDir})
	}
	return nil
}

// find finds a plugin.
func (h *Host) find(name string) (*slot, error) {
	s, ok := h.slots[name]
	if !ok {
		known := slices.Sorted(maps.Keys(h.slots))
		message := fmt.Sprintf("no plugin has the name %q; known are %s", name, strings.Join(known, ", "))
		return nil, &Error{Plugin: name, Kind: NotFound, Message: message}
	}
	return s, nil
}

// background does work that [Host.Close] waits for. It is false when the host is closed.
func (h *Host) background(do func()) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return false
	}
	h.work.Go(do)
	return true
}

// process gives the running process of a plugin and takes part in it; it starts one when there is none. Callers that
// come meanwhile wait for the same start.
func (h *Host) process(ctx context.Context, s *slot) (*process, error) {
	s.mu.Lock()
	if s.current != nil && s.current.acquire() {
		p := s.current
		s.mu.Unlock()
		return p, nil
	}
	if s.failures >= maxStarts {
		defer s.mu.Unlock()
		return nil, s.failure
	}
	if s.starting == nil {
		st := &start{done: make(chan struct{})}
		if !h.background(func() { h.start(context.WithoutCancel(ctx), s, st) }) {
			s.mu.Unlock()
			return nil, closedError(s.name)
		}
		s.starting = st
	}
	st := s.starting
	st.waiting++
	s.mu.Unlock()
	select {
	case <-st.done:
	case <-ctx.Done():
		h.leave(s, st)
		return nil, gaveUp(ctx, s.name)
	}
	if st.err != nil {
		return nil, st.err
	}
	return st.process, nil
}

// leave gives back the part in a process that a caller no longer waits for.
func (h *Host) leave(s *slot, st *start) {
	s.mu.Lock()
	select {
	case <-st.done:
		if st.process != nil {
			h.release(st.process)
		}
	default:
		st.waiting--
	}
	s.mu.Unlock()
}

// release ends a call of a process.
func (h *Host) release(p *process) {
	if p.release() {
		h.background(p.end) // when the host is closed, that ends it
	}
}

// start starts a plugin for all that wait for it.
func (h *Host) start(ctx context.Context, s *slot, st *start) {
	began := time.Now()
	m, err := h.manifest(ctx, s)
	var p *process
	if err == nil {
		p, err = h.run(ctx, s, uncut(m))
	}
	if err == nil && (p.manifest.Name != s.name || p.manifest.Version != m.Version || p.manifest.Protocol != m.Protocol) {
		err = p.child.fail(BadManifest, fmt.Sprintf("the process says that it is %s %s, expected %s %s: was the executable replaced?",
			quoted(p.manifest.Name), quoted(p.manifest.Version), s.name, m.Version), nil)
		p.end()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.starting = nil
	defer close(st.done)
	if err != nil {
		s.failures++
		s.failure, st.err = err, err
		return
	}
	s.failures = 0
	s.current, st.process = p, p
	s.live = append(slices.DeleteFunc(s.live, func(p *process) bool { return !p.alive() }), p)
	p.calls = st.waiting
	h.options.Log.Debug().Str("plugin", s.name).Dur("took", time.Since(began)).Msg("started")
}

// run launches within the start timeout.
func (h *Host) run(ctx context.Context, s *slot, outlives bool) (*process, error) {
	ctx, expire := context.WithTimeout(ctx, h.options.StartTimeout)
	defer expire()
	p, err := h.launch(ctx, s, outlives)
	if err != nil {
		select {
		case <-h.closing:
			return nil, closedError(s.name)
		default:
			return nil, err
		}
	}
	go p.tidy()
	return p, nil
}

// Close ends every plugin with all that it has started, save actions that must not be cut off, and returns when they
// have ended. Calls in flight fail.
func (h *Host) Close() {
	h.mu.Lock()
	if !h.closed {
		h.closed = true
		close(h.closing)
	}
	h.mu.Unlock()
	var ends sync.WaitGroup
	h.work.Wait()
	for _, s := range h.slots {
		s.mu.Lock()
		for _, p := range s.live {
			ends.Go(p.end)
		}
		s.mu.Unlock()
	}
	ends.Wait()
	_ = h.held.Close() // it was read only; a second time it does nothing
}

func closedError(plugin string) *Error {
	return &Error{Plugin: plugin, Kind: Closed, Message: "the host is closed"}
}
