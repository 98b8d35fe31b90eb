package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/rectify-project/rectify/engine"
	"github.com/rectify-project/rectify/engine/journal"
	"github.com/rectify-project/rectify/engine/startup"
	"github.com/rectify-project/rectify/internal/machine/power"
	"github.com/rectify-project/rectify/internal/machine/tasks"
)

// continuation makes a run go on by itself after a restart.
func (g *globals) continuation(store *journal.Store) engine.Continuation {
	s, err := g.startup(store)
	if err != nil {
		fmt.Fprintf(g.stderr, "rectify: a run will not go on by itself after a restart: %v\n", err)
		return nil
	}
	return s
}

func (g *globals) startup(store *journal.Store) (startup.Startup, error) {
	dir, err := journal.Place(g.stateDir)
	if err != nil {
		return startup.Startup{}, err
	}
	self, err := os.Executable()
	if err != nil {
		return startup.Startup{}, err
	}
	s := startup.Startup{Tasks: tasks.Live(), State: dir, Program: self}
	if exposed := store.Unprotected(); exposed != nil {
		s.Unprotected = "the state folder is not protected, " + exposed.Reason
	}
	if g.pluginDir == "" { // and so no lock that counts
		return s, nil
	}
	for _, f := range []struct{ flag, path string }{{"--plugins", g.pluginDir}, {"--lock", g.lockFile}} {
		full, err := filepath.Abs(f.path)
		if err != nil {
			return startup.Startup{}, err
		}
		s.Flags = append(s.Flags, f.flag, full)
	}
	return s, nil
}

// title stands over a message to who is logged on.
const title = "Rectify"

// announce tells who is logged on how a run ended that went on by itself; where nobody is, who logs on next is told.
func (g *globals) announce(ctx context.Context, store *journal.Store, run, text string) error {
	told, err := power.Tell(title, text)
	if told > 0 {
		return nil
	}
	s, other := g.startup(store)
	if other == nil {
		other = s.TellAtLogon(ctx, run)
	}
	if other != nil {
		return errors.Join(err, other)
	}
	return nil
}

// announceAtLogon tells who has logged on, and sees to it that it is told once. Where nobody could be told the task stays, and
// tells who logs on next.
func (g *globals) announceAtLogon(ctx context.Context, run, text string) error {
	told, err := power.Tell(title, text)
	if told == 0 {
		return err
	}
	return errors.Join(err, startup.Startup{Tasks: tasks.Live()}.Told(ctx, run))
}
