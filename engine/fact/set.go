package fact

import (
	"sync"
)

// Set is the facts of one diagnosis, in the order of the playbook's probes. It is safe for concurrent use.
type Set struct {
	mu    sync.Mutex
	order []string
	facts map[string]*Fact
}

// NewSet makes a set for probes in an order.
func NewSet(names []string) *Set {
	return &Set{order: names, facts: map[string]*Fact{}}
}

// Get gives the fact of a probe; nil when it was not read.
func (s *Set) Get(name string) *Fact {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.facts[name]
}

// Put adds a fact. A probe is read once in a phase: the first one stays.
func (s *Set) Put(f *Fact) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.facts[f.Name] == nil {
		s.facts[f.Name] = f
	}
}

// All gives the facts that were read, in the order of the playbook.
func (s *Set) All() []*Fact {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []*Fact
	for _, name := range s.order {
		if f := s.facts[name]; f != nil {
			out = append(out, f)
		}
	}
	return out
}
