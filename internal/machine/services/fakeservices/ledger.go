package fakeservices

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/rectify-project/rectify/internal/machine/services"
)

// Entries are those that were written.
func (m *Machine) Entries() (services.Entries, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := services.Entries{}
	for n, s := range m.ledger {
		e, err := services.DecodeEntry(s)
		if err != nil {
			return nil, fmt.Errorf("the entry of %s: %w", n, err)
		}
		all[n] = e
	}
	return all, nil
}

// Write keeps an entry.
func (m *Machine) Write(name string, e services.Entry) error {
	s, err := e.Encode()
	if err != nil {
		return err
	}
	m.mu.Lock()
	m.ledger[strings.ToLower(name)] = s
	m.mu.Unlock()
	m.tell("the ledger has an entry of " + name)
	return nil
}

// Delete removes an entry.
func (m *Machine) Delete(name string) error {
	m.mu.Lock()
	delete(m.ledger, strings.ToLower(name))
	m.mu.Unlock()
	m.tell("the ledger has no entry of " + name)
	return nil
}

// Now is the machine's clock.
func (m *Machine) Now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now
}

// Sleep moves the clock on.
func (m *Machine) Sleep(ctx context.Context, d time.Duration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now = m.now.Add(d)
	return ctx.Err()
}
