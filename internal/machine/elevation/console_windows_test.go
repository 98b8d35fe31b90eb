package elevation

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// consoleSide is a process at a console that starts itself as administrator.
func consoleSide() int {
	in, errIn := os.OpenFile("CONIN$", os.O_RDWR, 0)
	out, errOut := os.OpenFile("CONOUT$", os.O_RDWR, 0)
	if errIn != nil || errOut != nil || !isConsole(in) || !isConsole(out) {
		return 20
	}
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt) // so that it outlives a Ctrl-C, which is for the elevated side
	fmt.Fprintln(out, "not elevated")
	code, err := Relaunch(context.Background(), []string{"console"}, Streams{In: in, Out: out, Err: out})
	if err != nil {
		fmt.Fprintln(out, err)
		return 21
	}
	return code
}

// atConsole is what is then done as administrator.
func atConsole(s *Session) int {
	for _, f := range []*os.File{os.Stdin, os.Stdout, os.Stderr} {
		if !isConsole(f) {
			fmt.Println("no console")
			return 22
		}
	}
	fmt.Println("elevated at the same console")
	if err := windows.GenerateConsoleCtrlEvent(windows.CTRL_C_EVENT, 0); err != nil { // as if somebody pressed Ctrl-C
		fmt.Println(err)
		return 23
	}
	select {
	case <-s.Interrupts():
		fmt.Println("interrupted")
		return 9
	case <-time.After(15 * time.Second):
		return 24
	}
}

// TestRelaunchAtConsole gives a process a console that nobody sees. What it starts as administrator speaks there, and hears
// its Ctrl-C.
func TestRelaunchAtConsole(t *testing.T) {
	var in, out [2]windows.Handle // read, write
	for _, pipe := range []*[2]windows.Handle{&in, &out} {
		if err := windows.CreatePipe(&pipe[0], &pipe[1], nil, 0); err != nil {
			t.Fatal(err)
		}
	}
	var console windows.Handle
	if err := windows.CreatePseudoConsole(windows.Coord{X: 80, Y: 25}, in[0], out[1], 0, &console); err != nil {
		t.Skipf("this system makes no consoles without a window: %v", err)
	}
	seen := make(chan string, 1)
	go func() {
		var text bytes.Buffer
		_, _ = io.Copy(&text, os.NewFile(uintptr(out[0]), "screen")) // ends with the console
		seen <- text.String()
	}()
	code := runAt(t, console)
	windows.ClosePseudoConsole(console)
	for _, h := range []windows.Handle{in[0], in[1], out[1]} {
		_ = windows.CloseHandle(h) // they are of no more use
	}
	select {
	case text := <-seen:
		if code != 9 || !strings.Contains(text, "elevated at the same console") || !strings.Contains(text, "interrupted") {
			t.Errorf("code %d; %q", code, text)
		}
	case <-time.After(20 * time.Second):
		t.Errorf("code %d; the console does not end", code)
	}
}

func runAt(t *testing.T, console windows.Handle) uint32 {
	t.Helper()
	attributes, err := windows.NewProcThreadAttributeList(1)
	if err != nil {
		t.Fatal(err)
	}
	defer attributes.Delete()
	if err := attributes.Update(windows.PROC_THREAD_ATTRIBUTE_PSEUDOCONSOLE, *(*unsafe.Pointer)(unsafe.Pointer(&console)), unsafe.Sizeof(console)); err != nil {
		t.Fatal(err)
	}
	start := windows.StartupInfoEx{ProcThreadAttributeList: attributes.List()}
	start.Cb = uint32(unsafe.Sizeof(start))
	start.Flags = windows.STARTF_USESTDHANDLES // of the console, not those of this process
	line := windows.StringToUTF16Ptr(windows.ComposeCommandLine([]string{os.Args[0], "at-console"}))
	var info windows.ProcessInformation
	if err := windows.CreateProcess(nil, line, nil, nil, false, windows.EXTENDED_STARTUPINFO_PRESENT, nil, nil, &start.StartupInfo, &info); err != nil {
		t.Fatal(err)
	}
	defer windows.CloseHandle(info.Process)
	defer windows.CloseHandle(info.Thread)
	defer windows.TerminateProcess(info.Process, 1) // it may have ended
	if event, err := windows.WaitForSingleObject(info.Process, 20_000); event != windows.WAIT_OBJECT_0 {
		t.Errorf("the process does not end: %d, %v", event, err)
	}
	var code uint32
	if err := windows.GetExitCodeProcess(info.Process, &code); err != nil {
		t.Error(err)
	}
	return code
}
