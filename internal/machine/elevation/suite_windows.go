package elevation

import (
	"context"
	"errors"
	"os"

	"golang.org/x/sys/windows"

	"github.com/rectify-project/rectify/internal/machine/conformance"
)

// Suite tries what asking for rights, and being started with them, rests on. No check changes anything.
func Suite() conformance.Suite {
	return conformance.Suite{Name: "elevation", Checks: []conformance.Check{
		{
			Name: "the standing of a process is told",
			API:  []string{"advapi32!GetTokenInformation", "advapi32!CheckTokenMembership"},
			Run: func(context.Context) error {
				s, err := Read()
				switch {
				case err != nil:
					return conformance.Missing("%v", err)
				case s.Account == "":
					return conformance.Differs("the process has no account")
				case s.System && !s.Administrator:
					return conformance.Differs("the system is no administrator: %+v", s)
				}
				return nil
			},
		},
		{
			Name: "rights that are held back stand behind a linked token",
			API:  []string{"advapi32!GetTokenInformation"},
			Run:  checkLinked,
		},
		{
			Name: "a process is in the group of everybody, and in none that is nobody's",
			API:  []string{"advapi32!CreateWellKnownSid", "advapi32!CheckTokenMembership"},
			Run: func(context.Context) error {
				everybody, err := member(0, windows.WinWorldSid)
				nobody, errNobody := member(0, windows.WinNullSid)
				if err := errors.Join(err, errNobody); err != nil {
					return conformance.Missing("%v", err)
				}
				if !everybody || nobody {
					return conformance.Differs("in the group of everybody %t, in that of nobody %t", everybody, nobody)
				}
				return nil
			},
		},
		{
			Name: "a pipe has one server and one client, and each is told which process the other is",
			API: []string{"kernel32!CreateNamedPipeW", "kernel32!ConnectNamedPipe", "kernel32!GetNamedPipeClientProcessId", "kernel32!GetNamedPipeServerProcessId",
				"advapi32!ConvertStringSecurityDescriptorToSecurityDescriptorW"},
			Run: checkPipe,
		},
		{
			Name: "a program is started by ShellExecuteEx, its console left and another one joined",
			API:  []string{"shell32!ShellExecuteExW", "kernel32!FreeConsole", "kernel32!AttachConsole", "kernel32!SetConsoleCtrlHandler", "kernel32!SetStdHandle", "kernel32!SetDllDirectoryW"},
			Run: func(context.Context) error { // they are looked for, not called: they would ask, or take the console away
				for _, name := range []*windows.LazyProc{procShellExecuteEx, procFreeConsole, procAttachConsole, procSetCtrlHandler} {
					if err := name.Find(); err != nil {
						return conformance.Missing("%v", err)
					}
				}
				return nil
			},
		},
		{
			Name: "a name in Global\\ is one for all sessions, and held by one process",
			API:  []string{"kernel32!CreateMutexExW", "kernel32!OpenMutexW"},
			Run:  checkMutex,
		},
	}}
}

func checkLinked(context.Context) error {
	token := windows.GetCurrentProcessToken()
	kind, err := elevationType(token)
	switch {
	case err != nil:
		return conformance.Missing("%v", err)
	case kind < 1 || kind > elevationLimited:
		return conformance.Differs("the type of elevation is %d, expected 1, 2 or 3", kind)
	case kind != elevationLimited:
		return conformance.Inapplicable("no rights are held back from this process (type of elevation %d)", kind)
	}
	full, err := token.GetLinkedToken()
	if err != nil {
		return conformance.Missing("GetTokenInformation(TokenLinkedToken): %v", err)
	}
	defer full.Close()
	if _, err := member(full, windows.WinBuiltinAdministratorsSid); err != nil {
		return conformance.Differs("%v", err)
	}
	return nil
}

func checkPipe(context.Context) error {
	s, err := Read()
	if err != nil {
		return conformance.Missing("%v", err)
	}
	i := newInvitation()
	pipe, err := serve(i.pipe(control), true, s.Account)
	if err != nil {
		return conformance.Missing("%v", err)
	}
	defer windows.CloseHandle(pipe)
	if second, err := serve(i.pipe(control), true, s.Account); err == nil {
		_ = windows.CloseHandle(second) // it should not be there
		return conformance.Differs("a second server of one pipe was accepted")
	}
	f, err := open(i.pipe(control), i.process, false)
	if err != nil {
		return conformance.Differs("the client: %v", err)
	}
	defer f.Close()
	if again, err := open(i.pipe(control), i.process, false); err == nil {
		_ = again.Close() // it should not be there
		return conformance.Differs("a second client of one pipe was accepted")
	}
	if err := awaitClient(pipe, uint32(os.Getpid())); err != nil {
		return conformance.Differs("the server: %v", err)
	}
	return nil
}

func checkMutex(context.Context) error {
	name := windows.StringToUTF16Ptr(`Global\rectify-` + newInvitation().name)
	first, err := windows.CreateMutexEx(nil, name, 0, windows.MUTEX_ALL_ACCESS)
	if err != nil {
		return conformance.Missing("CreateMutexEx: %v", err)
	}
	second, err := windows.CreateMutexEx(nil, name, 0, windows.MUTEX_ALL_ACCESS)
	if second != 0 {
		_ = windows.CloseHandle(second) // it is the first one's
	}
	if !errors.Is(err, windows.ERROR_ALREADY_EXISTS) {
		_ = windows.CloseHandle(first) // the verdict is there
		return conformance.Differs("a second mutex of the name: %v, expected ERROR_ALREADY_EXISTS", err)
	}
	if err := windows.CloseHandle(first); err != nil {
		return conformance.Differs("CloseHandle: %v", err)
	}
	if left, err := windows.OpenMutex(windows.SYNCHRONIZE, false, name); err == nil {
		_ = windows.CloseHandle(left) // it should not be there
		return conformance.Differs("the mutex outlives its handles")
	}
	return nil
}
