// Package fakeproxy is a machine for tests whose proxies are set as a test says.
package fakeproxy

import (
	"context"

	"github.com/rectify-project/rectify/internal/machine/proxy"
)

// Machine answers what it holds. Err fails whatever reads settings, RunErr what runs scripts.
type Machine struct {
	Static  proxy.Settings // of WinHTTP
	Kept    proxy.Stored
	Scripts map[string]proxy.Settings // by address; "" for all others
	Err     error
	RunErr  error
}

var _ proxy.Machine = Machine{}

// WinHTTP gives Static.
func (m Machine) WinHTTP(context.Context) (proxy.Settings, error) { return m.Static, m.Err }

// Stored gives Kept.
func (m Machine) Stored(context.Context) (proxy.Stored, error) { return m.Kept, m.Err }

// Run gives what Scripts says of an address.
func (m Machine) Run(_ context.Context, address string, _ proxy.Settings) (proxy.Settings, error) {
	if m.RunErr != nil {
		return proxy.Settings{}, m.RunErr
	}
	if s, ok := m.Scripts[address]; ok {
		return s, nil
	}
	if s, ok := m.Scripts[""]; ok {
		return s, nil
	}
	return proxy.Settings{}, proxy.ErrNoScript
}
