package fakeservices

import (
	"context"
	"slices"

	"github.com/rectify-project/rectify/internal/machine/services"
)

func (m *Machine) denies(s *Service, rights ...services.Right) bool {
	return m.Limited || slices.ContainsFunc(rights, func(r services.Right) bool { return slices.Contains(s.Denies, r) })
}

// Granted asks for rights and does nothing.
func (m *Machine) Granted(ctx context.Context, name string, rights ...services.Right) error {
	_, err := read(m, "OpenService", name, func(n string, s *Service) (struct{}, error) {
		if m.denies(s, rights...) {
			return struct{}{}, failed("OpenService", n, services.ErrDenied)
		}
		return struct{}{}, ctx.Err()
	})
	return err
}

// Elevated is as the machine was set up.
func (m *Machine) Elevated() bool { return !m.Limited }
