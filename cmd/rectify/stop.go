package main

import (
	"context"
	"sync"
)

// stop is what Ctrl-C does: it ends the program, but of a command that changes a machine the first one only asks it to
// end after the step at hand, and the second one to end at once.
type stop struct {
	cancel context.CancelFunc

	mu     sync.Mutex
	asked  chan struct{}
	gentle bool // a first interrupt only asks
	once   bool // it has asked
	tell   func(again bool)
}

func newStop(cancel context.CancelFunc) *stop {
	return &stop{cancel: cancel, asked: make(chan struct{})}
}

// gently makes the first interrupt only ask. tell is called on each.
func (s *stop) gently(tell func(again bool)) <-chan struct{} {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gentle, s.tell = true, tell
	return s.asked
}

// wanted is closed when a first interrupt has asked for the end.
func (s *stop) wanted() <-chan struct{} {
	if s == nil {
		return nil
	}
	return s.asked
}

// interrupt is one Ctrl-C.
func (s *stop) interrupt() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tell != nil {
		s.tell(s.once)
	}
	if !s.gentle || s.once {
		s.cancel()
		return
	}
	s.once = true
	close(s.asked)
}
