package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/windows"
)

// Live runs the programs of this machine.
func Live() Runner { return system{} }

type system struct{}

var _ Runner = system{}

// waitDelay is how long the output of a program that has ended is waited for: a process that it has left behind may hold it.
const waitDelay = 5 * time.Second

func (system) Run(ctx context.Context, p Program) (Result, error) {
	if err := p.check(); err != nil {
		return Result{}, err
	}
	folder, err := windows.GetSystemDirectory()
	if err != nil {
		return Result{}, fmt.Errorf("GetSystemDirectory: %w", err)
	}
	path := filepath.Join(folder, p.Name+".exe")
	if _, err := os.Stat(path); err != nil {
		return Result{}, err
	}
	if p.OutputFile != "" {
		return runUncut(path, folder, p)
	}
	cmd := exec.CommandContext(ctx, path, p.Args...)
	// Its folder is not ours: programs load libraries from where they are started.
	cmd.Dir, cmd.WaitDelay = folder, waitDelay
	cmd.SysProcAttr = &syscall.SysProcAttr{HideWindow: true, CreationFlags: windows.CREATE_NO_WINDOW}
	out := &bounded{}
	cmd.Stdout, cmd.Stderr = out, out
	if err := start(cmd, p); err != nil {
		return Result{}, err
	}
	err = cmd.Wait()
	if ctx.Err() != nil {
		return Result{}, ctx.Err()
	}
	code, err := exitCode(path, cmd, err)
	if err == nil && out.over {
		err = fmt.Errorf("%s: %w: %d bytes", path, ErrTooMuch, MaxOutput)
	}
	return Result{code, Decode(out.kept)}, err
}

// runUncut lets the program write to its file itself, so that it needs nobody to read.
func runUncut(path, folder string, p Program) (Result, error) {
	f, err := os.Create(p.OutputFile)
	if err != nil {
		return Result{}, err
	}
	defer f.Close()
	cmd := exec.Command(path, p.Args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = folder, f, f
	cmd.SysProcAttr = &syscall.SysProcAttr{HideWindow: true, CreationFlags: windows.CREATE_NO_WINDOW}
	if err := start(cmd, p); err != nil {
		return Result{}, err
	}
	code, err := exitCode(path, cmd, cmd.Wait())
	if err != nil {
		return Result{}, err
	}
	written, err := os.Open(p.OutputFile)
	if err != nil {
		return Result{}, err
	}
	defer written.Close()
	text, err := io.ReadAll(io.LimitReader(written, MaxOutput+1))
	if err == nil && len(text) > MaxOutput {
		err = fmt.Errorf("%s: %w: %d bytes", path, ErrTooMuch, MaxOutput)
	}
	return Result{code, Decode(text)}, err
}

func start(cmd *exec.Cmd, p Program) error {
	if err := cmd.Start(); err != nil {
		return err
	}
	if p.Started != nil {
		if process, err := identify(uint32(cmd.Process.Pid)); err == nil { // one that has ended already needs no watching
			p.Started(process)
		}
	}
	return nil
}

// exitCode takes an exit status for what it is, and everything else for an error.
func exitCode(path string, cmd *exec.Cmd, err error) (uint32, error) {
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended && !errors.Is(err, exec.ErrWaitDelay) {
		return 0, fmt.Errorf("%s: %w", path, err)
	}
	return uint32(cmd.ProcessState.ExitCode()), nil
}

// Spawn starts this executable again, as a worker that outlives the caller: outside of the job that ends with the caller's
// host, with its output in a file. It fails where the executable cannot be found again.
func Spawn(args []string, output string) (Process, error) {
	path, err := os.Executable()
	if err != nil {
		return Process{}, err
	}
	f, err := os.Create(output)
	if err != nil {
		return Process{}, err
	}
	defer f.Close()
	flags := uint32(windows.CREATE_NO_WINDOW | windows.CREATE_NEW_PROCESS_GROUP | windows.CREATE_BREAKAWAY_FROM_JOB)
	cmd, err := spawn(path, args, f, flags)
	if errors.Is(err, windows.ERROR_ACCESS_DENIED) {
		// A job that lets nobody out. Those of Rectify do; what other software has put us into, we cannot choose.
		cmd, err = spawn(path, args, f, flags&^windows.CREATE_BREAKAWAY_FROM_JOB)
	}
	if err != nil {
		return Process{}, err
	}
	process, err := identify(uint32(cmd.Process.Pid))
	return process, errors.Join(err, cmd.Process.Release())
}

func spawn(path string, args []string, out *os.File, flags uint32) (*exec.Cmd, error) {
	cmd := exec.Command(path, args...)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{HideWindow: true, CreationFlags: flags}
	return cmd, cmd.Start()
}

// Self is the calling process.
func Self() (Process, error) { return identify(uint32(os.Getpid())) }

func identify(id uint32) (Process, error) {
	h, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, id)
	if err != nil {
		return Process{}, fmt.Errorf("OpenProcess %d: %w", id, err)
	}
	defer windows.CloseHandle(h)
	return created(h, id)
}

func created(h windows.Handle, id uint32) (Process, error) {
	var at, exit, kernel, user windows.Filetime
	if err := windows.GetProcessTimes(h, &at, &exit, &kernel, &user); err != nil {
		return Process{}, fmt.Errorf("GetProcessTimes %d: %w", id, err)
	}
	return Process{id, time.Unix(0, at.Nanoseconds()).UTC()}, nil
}

// Running says whether a process has not ended. A process that must not be looked at is an error, not an answer.
func Running(p Process) (bool, error) {
	if p.ID == 0 { // the system's idle process, and the zero Process
		return false, nil
	}
	h, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION|windows.SYNCHRONIZE, false, p.ID)
	if errors.Is(err, windows.ERROR_INVALID_PARAMETER) { // nothing has that number
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("OpenProcess %d: %w", p.ID, err)
	}
	defer windows.CloseHandle(h)
	now, err := created(h, p.ID)
	if err != nil || !now.Created.Equal(p.Created) {
		return false, err
	}
	event, err := windows.WaitForSingleObject(h, 0)
	if err != nil {
		return false, fmt.Errorf("WaitForSingleObject %d: %w", p.ID, err)
	}
	return event == uint32(windows.WAIT_TIMEOUT), nil
}

// fromOEM decodes the code page of consoles.
func fromOEM(b []byte) string {
	const oem = 1 // CP_OEMCP
	n, err := windows.MultiByteToWideChar(oem, 0, &b[0], int32(len(b)), nil, 0)
	if err != nil || n <= 0 {
		return string([]rune(string(b)))
	}
	units := make([]uint16, n)
	if n, err = windows.MultiByteToWideChar(oem, 0, &b[0], int32(len(b)), &units[0], n); err != nil {
		return string([]rune(string(b)))
	}
	return syscall.UTF16ToString(units[:n])
}
