package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rectify-project/rectify/internal/machine/elevation"
)

// rights are those that Windows gives this process, and the way to more.
type rights interface {
	Read() (elevation.Standing, error)
	Relaunch(ctx context.Context, args []string, s elevation.Streams) (int, error)
}

// systemRights are those of this process.
type systemRights struct{}

func (systemRights) Read() (elevation.Standing, error) { return elevation.Read() }

func (systemRights) Relaunch(ctx context.Context, args []string, s elevation.Streams) (int, error) {
	return elevation.Relaunch(ctx, args, s)
}

// hostRights are the rights that commands ask for; nil where the running system is not Windows and has no such thing.
func hostRights() rights {
	if runtime.GOOS != "windows" {
		return nil
	}
	return systemRights{}
}

// liveFlags are about changing the running Windows.
type liveFlags struct {
	elevate           bool
	acceptUnprotected bool
}

func (l *liveFlags) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&l.elevate, "elevate", false, "on Windows, ask for the rights of an administrator when this prompt has not got them")
	f.BoolVar(&l.acceptUnprotected, "accept-unprotected-state", false, "on Windows, change things although others than administrators could read or change the folder of the journal")
}

// elevated says whether this process has the rights of an administrator; what cannot be known counts as not having them.
func (p program) elevated() bool {
	if p.rights == nil {
		return false
	}
	s, err := p.rights.Read()
	return err == nil && s.Elevated
}

// withRights does what changes the running Windows. Without the rights of an administrator it asks for them, where it may or
// where a person sits at the terminal, and starts the command again with them; where that is declined it goes on without, as
// far as looking goes.
func (g *globals) withRights(ctx context.Context, live bool, flag liveFlags, asks bool, do func() error) error {
	if g.rights == nil || !live {
		return do()
	}
	standing, err := g.rights.Read()
	if err != nil {
		fmt.Fprintf(g.stderr, "rectify: whether this process has the rights of an administrator is not known: %v\n", err)
		return do()
	}
	wanted := flag.elevate
	if !standing.Elevated && !wanted && asks && !standing.Remote && isTerminal(g.stdin) && isTerminal(g.stderr) {
		fmt.Fprint(g.stderr, "This prompt has not got the rights of an administrator, which every change needs, and some of what is\nlooked at. Ask Windows for them now? [Y/n] ")
		line, err := bufio.NewReader(g.stdin).ReadString('\n')
		answer := strings.ToLower(strings.TrimSpace(line))
		wanted = err == nil && (answer == "" || answer == "y" || answer == "yes")
	}
	if standing.Elevated || !wanted {
		return do()
	}
	code, err := g.rights.Relaunch(ctx, g.args, elevation.Streams{In: g.stdin, Out: g.stdout, Err: g.stderr})
	var lost *elevation.LostError
	switch {
	case errors.As(err, &lost): // it was started, and may have done what it was started for
		return &exitError{code: max(code, exitStopped), err: fmt.Errorf("%w; `rectify history` tells what was done", err)}
	case err != nil:
		return &exitError{code: exitApproval, err: fmt.Errorf("nothing was changed: %w", err)}
	}
	return &exitError{code: code, told: true}
}

// noteRights tells, before the running Windows is looked at, that not everything can be seen.
func (g *globals) noteRights(live bool) {
	if g.rights != nil && live && !g.elevated() {
		fmt.Fprintln(g.stderr, "rectify: note: without the rights of an administrator some of this Windows cannot be read; what could not be seen is named")
	}
}

var errNoRights = errors.New("changing the running Windows needs the rights of an administrator: start rectify from a prompt that was opened as administrator, or give --elevate")

// demandRights refuses to change the running Windows without the rights for it.
func (g *globals) demandRights(live bool) error {
	if g.rights == nil || !live || g.elevated() {
		return nil
	}
	return &exitError{code: exitApproval, err: fmt.Errorf("nothing was changed: %w", errNoRights)}
}
