package elevation

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sys/windows"
)

// Join makes a process that [Relaunch] has started the other end of it: with the working folder, the variables and the streams
// of the one that asked, in place of [os.Stdin], [os.Stdout] and [os.Stderr]. The arguments are those of the command line
// without the program's name; given back are those behind the hidden one. In a process that was started otherwise the session
// is nil and the arguments are as they were. It is called before anything else, once.
//
// An error says that the process must end: it is not elevated, or nobody hears it. What it prints is then heard by nobody.
func Join(args []string) (*Session, []string, error) {
	i, rest, is, err := invited(args)
	if err != nil || !is {
		return nil, args, err
	}
	// The working folder may be one that others write: no library is to be loaded from it.
	if err := windows.SetDllDirectory(""); err != nil {
		return nil, rest, os.NewSyscallError("SetDllDirectory", err)
	}
	opened := map[string]*os.File{}
	for _, name := range pipes {
		if opened[name], err = open(i.pipe(name), i.process, !written(name)); err != nil {
			return nil, rest, &LostError{"opening the pipes", err}
		}
	}
	g, err := readGreeting(opened[control])
	if err != nil {
		return nil, rest, &LostError{"reading what to do", err}
	}
	s := &Session{interrupts: make(chan os.Signal, 2), control: opened[control]}
	if err := s.adopt(i, g, opened); err != nil {
		return nil, rest, err
	}
	go s.listen()
	// From here on errors are heard.
	if err := g.accept(rest); err != nil {
		return s, rest, err
	}
	standing, err := Read()
	if err != nil {
		return s, rest, err
	}
	if !standing.Elevated {
		return s, rest, errors.New("this process was started as administrator and has not the rights of one: log on as an administrator")
	}
	for _, kv := range handedOn(g.Environment) {
		name, value, _ := strings.Cut(kv, "=")
		if err := os.Setenv(name, value); err != nil {
			return s, rest, err
		}
	}
	if err := os.Chdir(g.Folder); err != nil {
		return s, rest, fmt.Errorf("the working folder is not there for an administrator, to whom the drives that a user has mapped are not known: %w", err)
	}
	return s, rest, nil
}

// Session is the elevated side.
type Session struct {
	control    *os.File
	interrupts chan os.Signal

	once sync.Once // the end of the other side is one interrupt, unless there was one
}

// Interrupts gives an [os.Interrupt] for each Ctrl-C at the shared console, in place of what [os/signal] gives; and one,
// unless there was one already, when the side that asked wants this one to stop or has died.
func (s *Session) Interrupts() <-chan os.Signal { return s.interrupts }

// adopt takes the streams over: the console where there is one, else their pipes.
func (s *Session) adopt(i invitation, g greeting, opened map[string]*os.File) error {
	shared := len(g.Console) > 0 && attachConsole(i.process, s.interrupt) == nil
	for _, stream := range []struct {
		name    string
		console string
		file    **os.File
		handle  uint32
	}{
		{input, "CONIN$", &os.Stdin, windows.STD_INPUT_HANDLE},
		{output, "CONOUT$", &os.Stdout, windows.STD_OUTPUT_HANDLE},
		{failure, "CONOUT$", &os.Stderr, windows.STD_ERROR_HANDLE},
	} {
		f := opened[stream.name]
		if shared && slices.Contains(g.Console, stream.name) {
			console, err := os.OpenFile(stream.console, os.O_RDWR, 0) // both ways: the modes of a console are asked for by reading
			if err != nil {
				return &LostError{"opening its console", err}
			}
			_ = f.Close() // nothing was said by it
			f = console
		}
		// For the processes that this one starts, and for what the runtime says at its end.
		if err := windows.SetStdHandle(stream.handle, windows.Handle(f.Fd())); err != nil {
			return &LostError{"setting its " + stream.name, os.NewSyscallError("SetStdHandle", err)}
		}
		*stream.file = f
	}
	return nil
}

// listen waits for the end of the side that asked.
func (s *Session) listen() {
	_, _ = io.Copy(io.Discard, s.control) // nothing comes but the end
	s.once.Do(s.send)
}

func (s *Session) interrupt() {
	s.once.Do(func() {})
	s.send()
}

// send never waits: who has two interrupts to read needs no third.
func (s *Session) send() {
	select {
	case s.interrupts <- os.Interrupt:
	default:
	}
}
