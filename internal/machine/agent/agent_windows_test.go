package agent

import (
	"errors"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/rectify-project/rectify/internal/machine/com"
	"github.com/rectify-project/rectify/internal/verification"
	"github.com/rectify-project/rectify/internal/verification/conformtest"
	"github.com/rectify-project/rectify/sdk/hresult"
)

func TestConformanceOnWindows(t *testing.T) {
	known := conformtest.Known{}
	if strings.HasPrefix(verification.System(), "Wine") {
		for _, c := range Suite(Live()).Checks {
			known[c.Name] = "missing: 0x80004001"
		}
		known["automatic updates come from one of the services"] = "missing: 0x80040154"
		// Wine answers both without looking at anything.
		delete(known, "the installer says whether it is busy")
		delete(known, "the agent says whether an installation waits for a restart")
	}
	conformtest.Run(t, Suite(Live()), known)
}

func onWine(t *testing.T) {
	t.Helper()
	if !strings.HasPrefix(verification.System(), "Wine") {
		t.Skip("this looks at what Wine does where Windows does something else")
	}
}

// TestSlots calls methods of the interfaces that Wine has too, and has each answered as Wine's method of that name answers.
// With WINEDEBUG=fixme+wuapi Wine's log also names each that was called, as wuapi.idl does.
func TestSlots(t *testing.T) {
	onWine(t)
	if err := com.Run(func() error { return callSlots(t) }); err != nil {
		t.Fatal(err)
	}
	verification.InPart(t, "the methods that Wine has too answer as Wine's of those names: most that they are not implemented", "update.history", "update.search", "update.install", "update.busy")
}

func callSlots(t *testing.T) error {
	s, err := session()
	if err != nil {
		return err
	}
	defer s.Release()
	searcher, err := s.Out(sessionCreateSearcher, "CreateUpdateSearcher")
	if err != nil {
		return err
	}
	defer searcher.Release()
	downloader, err := s.Out(sessionCreateDownloader, "CreateUpdateDownloader")
	if err != nil {
		return err
	}
	defer downloader.Release()
	installer, err := s.Out(sessionCreateInstaller, "CreateUpdateInstaller")
	if err != nil {
		return err
	}
	defer installer.Release()
	system, err := com.Create("SystemInformation", classSystemInformation, interfaceSystemInformation)
	if err != nil {
		return err
	}
	defer system.Release()
	text, err := com.NewBSTR("IsInstalled=0")
	if err != nil {
		return err
	}
	defer text.Free()
	var state com.Variant
	defer state.Clear()
	out := new(com.Object)
	var pins runtime.Pinner
	pins.Pin(out)
	defer pins.Unpin()
	at := uintptr(unsafe.Pointer(out))
	for _, m := range []struct {
		of     com.Object
		slot   int
		name   string
		args   []uintptr
		answer hresult.Code
	}{
		{s, sessionPutClient, "IUpdateSession.put_ClientApplicationID", []uintptr{text.Arg()}, 0},
		{searcher, searcherPutOnline, "IUpdateSearcher.put_Online", []uintptr{com.BoolArg(false)}, com.NotImplemented},
		{searcher, searcherHistoryCount, "IUpdateSearcher.GetTotalHistoryCount", []uintptr{at}, com.NotImplemented},
		{searcher, searcherQueryHistory, "IUpdateSearcher.QueryHistory", []uintptr{0, 1, at}, com.NotImplemented},
		{searcher, searcherSearch, "IUpdateSearcher.Search", []uintptr{text.Arg(), at}, com.NotImplemented},
		{downloader, downloaderPutUpdates, "IUpdateDownloader.put_Updates", []uintptr{0}, com.NotImplemented},
		{downloader, downloaderBegin, "IUpdateDownloader.BeginDownload", []uintptr{callbackArg(), callbackArg(), state.Arg(), at}, com.NotImplemented},
		{downloader, downloaderEnd, "IUpdateDownloader.EndDownload", []uintptr{0, at}, com.NotImplemented},
		{installer, installerIsBusy, "IUpdateInstaller.get_IsBusy", []uintptr{at}, 0},
		{installer, installerRestartFirst, "IUpdateInstaller.get_RebootRequiredBeforeInstallation", []uintptr{at}, com.NotImplemented},
		{installer, installerPutPrompts, "IUpdateInstaller.put_AllowSourcePrompts", []uintptr{com.BoolArg(false)}, com.NotImplemented},
		{installer, installerPutUpdates, "IUpdateInstaller.put_Updates", []uintptr{0}, com.NotImplemented},
		{installer, installerBegin, "IUpdateInstaller.BeginInstall", []uintptr{callbackArg(), callbackArg(), state.Arg(), at}, com.NotImplemented},
		{installer, installerEnd, "IUpdateInstaller.EndInstall", []uintptr{0, at}, com.NotImplemented},
		{system, systemRebootRequired, "ISystemInformation.get_RebootRequired", []uintptr{at}, 0},
	} {
		err := m.of.Call(m.slot, m.name, m.args...)
		if code, failed := com.CodeOf(err); failed && code != m.answer || !failed && (err != nil || m.answer != 0) {
			t.Errorf("%s answers %v, want %s", m.name, err, m.answer)
		}
	}
	return nil
}

// TestWhatIsNotImplemented has each question answered with the error that says so, and the exact code of it.
func TestWhatIsNotImplemented(t *testing.T) {
	onWine(t)
	a := Live()
	tests := map[string]func() error{
		"IUpdateSearcher.GetTotalHistoryCount: 0x80004001": func() error { _, err := a.History(t.Context(), 1); return err },
		"IUpdateSearcher.put_Online: 0x80004001":           func() error { _, err := a.Search(t.Context(), Query{Criteria: Offered}); return err },
		"CoCreateInstance UpdateServiceManager: 0x80040154": func() error {
			_, err := a.Services(t.Context())
			return err
		},
	}
	for want, ask := range tests {
		if err := ask(); !errors.Is(err, ErrNotImplemented) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	var told []Progress
	_, err := a.Install(t.Context(), nobody, func(p Progress) { told = append(told, p) })
	if !errors.Is(err, ErrNotImplemented) || len(told) != 2 {
		t.Errorf("install: %v after %v", err, told)
	}
}

// TestAbandoned holds that an installation is either abandoned or begun, and never both.
func TestAbandoned(t *testing.T) {
	early, late := &work{}, &work{}
	if !early.abandon() || early.begin() == nil {
		t.Error("an installation that nobody waits for is begun")
	}
	if late.begin() != nil || late.abandon() {
		t.Error("an installation that has begun is abandoned")
	}
}

// TestCallback calls the object that is told of jobs as COM does.
func TestCallback(t *testing.T) {
	o := *(*com.Object)(unsafe.Pointer(&[]uintptr{callbackArg()}[0]))
	for name, iid := range map[string]windows.GUID{
		"IUnknown": interfaceUnknown, "IAgileObject": interfaceAgile, "progress": interfaceInstallProgressed, "completed": interfaceInstallCompleted,
	} {
		same, err := o.Query(name, iid)
		if err != nil || object(same) != object(o) {
			t.Errorf("%s: %v", name, err)
		}
		same.Release()
	}
	if _, err := o.Query("IUpdate2", interfaceUpdate2); err == nil || !strings.Contains(err.Error(), "0x80004002") {
		t.Errorf("an interface that it does not have: %v", err)
	}
	if err := o.Call(3, "Invoke", 0, 0); err != nil {
		t.Error(err)
	}
}

// TestCallbackOfAnotherThread has it called by a thread that is not Go's, as the agent does.
func TestCallbackOfAnotherThread(t *testing.T) {
	invoke := callback.table[3]
	thread, _, err := windows.NewLazySystemDLL("kernel32.dll").NewProc("CreateThread").Call(0, 0, invoke, callbackArg(), 0, 0)
	if thread == 0 {
		t.Fatal(err)
	}
	defer windows.CloseHandle(windows.Handle(thread))
	if event, err := windows.WaitForSingleObject(windows.Handle(thread), 10_000); err != nil || event != windows.WAIT_OBJECT_0 {
		t.Fatalf("%d, %v", event, err)
	}
	var code uint32
	r, _, err := syscall.SyscallN(windows.NewLazySystemDLL("kernel32.dll").NewProc("GetExitCodeThread").Addr(), thread, uintptr(unsafe.Pointer(&code)))
	if r == 0 || code != 0 {
		t.Errorf("%d, %d, %v", r, code, err)
	}
}
