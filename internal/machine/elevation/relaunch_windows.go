package elevation

import (
	"context"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/windows"
)

// Relaunch starts this program again with the rights of an administrator, which a person is asked for, gives it the
// arguments (without the program's name), the working folder, the variables RECTIFY_* and NO_COLOR and the streams, and waits
// until it ends: the code is its exit code. At its beginning it must call [Join] with its arguments.
//
// When ctx ends it is asked to stop, and waited for still: nobody can end it, and what it does must be told.
// [ErrDeclined] and [ErrRemote] say that nothing was started. A [LostError] says that it was, and that not everything it said
// has arrived; the code is then its own, or 0 where it is not known. In may still be read from when Relaunch has returned.
func Relaunch(ctx context.Context, args []string, streams Streams) (int, error) {
	standing, err := Read()
	if err != nil {
		return 0, err
	}
	if standing.Remote {
		return 0, ErrRemote
	}
	i := newInvitation()
	line, err := commandLine(append([]string{i.argument()}, args...))
	if err != nil {
		return 0, err
	}
	g := greeting{Args: append([]string{}, args...), Environment: handedOn(os.Environ())}
	if g.Folder, err = os.Getwd(); err != nil {
		return 0, err
	}
	r, err := newRelay(i, standing.Account)
	if err != nil {
		return 0, &LostError{"making the pipes", err}
	}
	r.take(streams)
	g.Console = r.consoles

	process, err := startElevated(ctx, line)
	if err != nil {
		r.close()
		return 0, err
	}
	defer windows.CloseHandle(process)
	id, err := windows.GetProcessId(process)
	if err != nil {
		r.close()
		return 0, &LostError{"asking for the process", os.NewSyscallError("GetProcessId", err)}
	}
	r.begin(ctx, id, g)
	if err := awaitProcess(process); err != nil {
		return 0, &LostError{"waiting for it", err}
	}
	lost := r.finish()
	var code uint32
	if err := windows.GetExitCodeProcess(process, &code); err != nil {
		return 0, &LostError{"asking for its exit code", os.NewSyscallError("GetExitCodeProcess", err)}
	}
	if lost != nil {
		return int(code), &LostError{"relaying what it says", lost}
	}
	return int(code), nil
}

// longest bounds a command line of Windows, in UTF-16 units with the final zero.
const longest = 32767

// commandLine is the arguments as Windows takes them, and as the one who is asked is shown them.
func commandLine(args []string) (string, error) {
	quoted := make([]string, len(args))
	for i, a := range args {
		quoted[i] = windows.EscapeArg(a)
	}
	line := strings.Join(quoted, " ")
	if units, err := windows.UTF16FromString(line); err != nil {
		return "", fmt.Errorf("the arguments %q have a zero byte, which no command line can hold", args)
	} else if len(units) > longest {
		return "", fmt.Errorf("the command line of %d characters is too long to be started again as administrator, at most %d are taken: start rectify from a prompt that was opened as administrator", len(units)-1, longest-1)
	}
	return line, nil
}

func awaitProcess(process windows.Handle) error {
	event, err := windows.WaitForSingleObject(process, windows.INFINITE)
	if event == windows.WAIT_OBJECT_0 {
		return nil
	}
	return os.NewSyscallError("WaitForSingleObject", err)
}
