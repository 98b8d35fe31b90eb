//go:build !windows

package main

import (
	"context"
	"errors"

	"github.com/rectify-project/rectify/engine"
	"github.com/rectify-project/rectify/engine/journal"
)

// continuation is nothing: other systems than Windows are not repaired while they run.
func (g *globals) continuation(*journal.Store) engine.Continuation { return nil }

var errNoSessions = errors.New("only a running Windows has sessions to tell something")

func (g *globals) announce(context.Context, *journal.Store, string, string) error {
	return errNoSessions
}

func (g *globals) announceAtLogon(context.Context, string, string) error { return errNoSessions }
