package elevation

import (
	"errors"
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/windows"
)

// pipes are their names in the order in which the elevated side comes to them.
var pipes = []string{control, input, output, failure}

// written says of a pipe that the unelevated side writes it; the others it reads.
func written(name string) bool { return name == control || name == input }

// pipeBuffer is the size of a pipe's buffers, in bytes.
const pipeBuffer = 64 << 10

// serve makes a pipe for one client on this machine that runs as this account, as an administrator or as the system. That
// the name is new shows that nobody waits behind it.
func serve(name string, write bool, account string) (windows.Handle, error) {
	descriptor, err := windows.SecurityDescriptorFromString("D:P(A;;GA;;;" + account + ")(A;;GA;;;BA)(A;;GA;;;SY)")
	if err != nil {
		return 0, fmt.Errorf("the access to a pipe: %w", err)
	}
	path, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return 0, err
	}
	attributes := windows.SecurityAttributes{SecurityDescriptor: descriptor}
	attributes.Length = uint32(unsafe.Sizeof(attributes))
	mode := uint32(windows.PIPE_ACCESS_INBOUND)
	if write {
		mode = windows.PIPE_ACCESS_OUTBOUND
	}
	pipe, err := windows.CreateNamedPipe(path, mode|windows.FILE_FLAG_FIRST_PIPE_INSTANCE,
		windows.PIPE_TYPE_BYTE|windows.PIPE_READMODE_BYTE|windows.PIPE_WAIT|windows.PIPE_REJECT_REMOTE_CLIENTS,
		1, pipeBuffer, pipeBuffer, 0, &attributes)
	if err != nil {
		return 0, os.NewSyscallError("CreateNamedPipe", err)
	}
	return pipe, nil
}

// errNobody says that the process never came to a pipe.
var errNobody = errors.New("nobody came")

// awaitClient waits for the client of a pipe, and makes sure that it is the process that was started. It gives errNobody when
// this process came itself.
func awaitClient(pipe windows.Handle, process uint32) error {
	if err := windows.ConnectNamedPipe(pipe, nil); err != nil && !errors.Is(err, windows.ERROR_PIPE_CONNECTED) && !errors.Is(err, windows.ERROR_NO_DATA) {
		return os.NewSyscallError("ConnectNamedPipe", err)
	}
	var client uint32
	if err := windows.GetNamedPipeClientProcessId(pipe, &client); err != nil {
		return os.NewSyscallError("GetNamedPipeClientProcessId", err)
	}
	switch client {
	case process:
		return nil
	case uint32(os.Getpid()):
		return errNobody
	}
	return fmt.Errorf("process %d came to the pipe, not %d, which was started", client, process)
}

// open opens the pipe of the process that started this one. That process cannot act with the rights of this one by it:
// it is told nothing of who came.
func open(name string, server uint32, write bool) (*os.File, error) {
	path, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return nil, err
	}
	access := uint32(windows.GENERIC_READ)
	if write {
		access = windows.GENERIC_WRITE
	}
	pipe, err := windows.CreateFile(path, access, 0, nil, windows.OPEN_EXISTING, windows.SECURITY_SQOS_PRESENT|windows.SECURITY_ANONYMOUS, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: name, Err: err}
	}
	var found uint32
	err = os.NewSyscallError("GetNamedPipeServerProcessId", windows.GetNamedPipeServerProcessId(pipe, &found))
	if err == nil && found != server {
		err = fmt.Errorf("the pipe %s belongs to process %d, not to %d, which started this one", name, found, server)
	}
	if err != nil {
		_ = windows.CloseHandle(pipe) // the error is of more worth
		return nil, err
	}
	return os.NewFile(uintptr(pipe), name), nil
}
