package servicing

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/rectify-project/rectify/internal/machine/command"
)

// DISM is the component store as dism.exe shows it.
type DISM struct {
	Run  command.Runner
	Zone *time.Location // of the times that DISM prints; nil: this machine's
}

var _ Store = DISM{}

// saysAbsent says whether a failure may mean that there is no package of a name: what Windows does not find, and any complaint of
// servicing, which has the same code (CBS_E_INVALID_PACKAGE) for a name that is none. The whole list then decides.
func saysAbsent(f *Failure) bool {
	return f.Code == 0x80070490 || f.Code == 0x80070002 || f.Code>>16 == 0x800f
}

// Packages implements [Store].
func (d DISM) Packages(ctx context.Context) ([]Package, error) {
	text, err := d.look(ctx, "/Get-Packages", "/Format:List")
	if err != nil {
		return nil, err
	}
	return parsePackages(text, d.Zone)
}

// Package implements [Store].
func (d DISM) Package(ctx context.Context, identity string) (Package, error) {
	if _, err := ParseIdentity(identity); err != nil {
		return Package{}, err
	}
	text, err := d.look(ctx, "/Get-PackageInfo", "/PackageName:"+identity)
	if failed, is := errors.AsType[*Failure](err); is && saysAbsent(failed) {
		return d.listed(ctx, identity)
	}
	if err != nil {
		return Package{}, err
	}
	p, err := parsePackage(text, d.Zone)
	if err == nil && !sameIdentity(p.Identity, identity) {
		err = &FormatError{What: "the information on " + identity, Reason: fmt.Sprintf("it is of %q", p.Identity)}
	}
	return p, err
}

// listed looks for a package in the whole list.
func (d DISM) listed(ctx context.Context, identity string) (Package, error) {
	all, err := d.Packages(ctx)
	if err != nil {
		return Package{}, err
	}
	for _, p := range all {
		if sameIdentity(p.Identity, identity) {
			return p, nil
		}
	}
	return Package{Identity: identity, State: NotPresent, ReleaseType: "other"}, nil
}

// Health implements [Store].
func (d DISM) Health(ctx context.Context, scan bool) (Health, error) {
	mode := "/CheckHealth"
	if scan {
		mode = "/ScanHealth"
	}
	text, err := d.look(ctx, "/Cleanup-Image", mode)
	if err != nil {
		return "", err
	}
	return parseHealth(text)
}

// look runs a command that changes nothing. Its log goes to a folder of its own, so that Windows' own log keeps what it has.
func (d DISM) look(ctx context.Context, args ...string) (string, error) {
	folder, err := os.MkdirTemp("", "rectify-dism-*")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(folder)
	result, err := d.Run.Run(ctx, command.Program{Name: "dism", Args: withLog(folder, args)})
	if err != nil {
		return "", fmt.Errorf("dism %s: %w", args[0], err)
	}
	return result.Output, judge(args[0], result)
}

// Carry carries a change out and waits for its end, whatever becomes of ctx. DISM writes its output to output.txt and its log to
// dism.log of the folder. That it ended without an error proves nothing: read the state back.
func (d DISM) Carry(ctx context.Context, c Change, folder string, started func(command.Process)) (command.Result, error) {
	args, err := c.arguments()
	if err != nil {
		return command.Result{}, err
	}
	return d.Run.Run(context.WithoutCancel(ctx), command.Program{
		Name: "dism", Args: withLog(folder, args), OutputFile: filepath.Join(folder, outputFile), Started: started,
	})
}

// withLog gives the arguments that each command has: the running Windows, English whatever its language, an own log.
func withLog(folder string, args []string) []string {
	return append([]string{"/Online", "/English", "/LogPath:" + filepath.Join(folder, "dism.log")}, args...)
}
