package services

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// maxAnswer bounds what the manager may want to answer with; it is 8 KiB for a configuration, and 256 KiB for a list of services.
const maxAnswer = 1 << 20

func (manager) Status(ctx context.Context, name string) (Status, error) {
	return on(ctx, "QueryServiceStatusEx", name, windows.SERVICE_QUERY_STATUS, func(service windows.Handle) (Status, error) {
		var s windows.SERVICE_STATUS_PROCESS
		var needed uint32
		err := windows.QueryServiceStatusEx(service, windows.SC_STATUS_PROCESS_INFO, (*byte)(unsafe.Pointer(&s)), uint32(unsafe.Sizeof(s)), &needed)
		if err != nil {
			return Status{}, err
		}
		state, err := stateOf(s.CurrentState)
		return Status{
			State: state, PID: s.ProcessId, Shared: s.ServiceType&windows.SERVICE_WIN32_SHARE_PROCESS != 0,
			TakesStop: s.ControlsAccepted&windows.SERVICE_ACCEPT_STOP != 0,
			Exit:      s.Win32ExitCode, Specific: s.ServiceSpecificExitCode,
			Checkpoint: s.CheckPoint, Hint: time.Duration(s.WaitHint) * time.Millisecond,
		}, err
	})
}

// states are SERVICE_STOPPED (1) to SERVICE_PAUSED (7).
var states = [...]State{Stopped, StartPending, StopPending, Running, ContinuePending, PausePending, Paused}

func stateOf(n uint32) (State, error) {
	if n < 1 || n > uint32(len(states)) {
		return "", fmt.Errorf("its state is %d, expected 1 to %d", n, len(states))
	}
	return states[n-1], nil
}

func (manager) Configuration(ctx context.Context, name string) (Configuration, error) {
	return on(ctx, "QueryServiceConfig", name, windows.SERVICE_QUERY_CONFIG, func(service windows.Handle) (Configuration, error) {
		var c Configuration
		// The strings are pointed to, in the same buffer: it is kept until they are copied.
		var buffer []byte
		err := grown(func(b []byte, needed *uint32) (err error) {
			buffer = b
			return windows.QueryServiceConfig(service, (*windows.QUERY_SERVICE_CONFIG)(unsafe.Pointer(&b[0])), uint32(len(b)), needed)
		})
		if err != nil {
			return c, err
		}
		q := (*windows.QUERY_SERVICE_CONFIG)(unsafe.Pointer(&buffer[0]))
		if q.StartType >= uint32(len(startTypes)) {
			return c, fmt.Errorf("its start type is %d, expected 0 to %d", q.StartType, len(startTypes)-1)
		}
		c = Configuration{DisplayName: text(q.DisplayName), Account: text(q.ServiceStartName), Binary: text(q.BinaryPathName), Type: startTypes[q.StartType]}
		c.Delayed = flag(service, name, "delayed automatic start", windows.SERVICE_CONFIG_DELAYED_AUTO_START_INFO)
		c.Triggered = flag(service, name, "triggers", windows.SERVICE_CONFIG_TRIGGER_INFO)
		return c, nil
	})
}

func text(p *uint16) string {
	if p == nil {
		return ""
	}
	return windows.UTF16PtrToString(p)
}

// flag reads whether the first number of one level of a configuration is not 0: SERVICE_DELAYED_AUTO_START_INFO is a flag, and
// SERVICE_TRIGGER_INFO begins with the count of triggers. Not every system has every level.
func flag(service windows.Handle, name, what string, level uint32) Flag {
	var buffer []byte
	err := grown(func(b []byte, needed *uint32) error {
		buffer = b
		return windows.QueryServiceConfig2(service, level, &b[0], uint32(len(b)), needed)
	})
	if err != nil {
		return Flag{Err: failed("QueryServiceConfig2, "+what, name, err)}
	}
	return Flag{Value: *(*uint32)(unsafe.Pointer(&buffer[0])) != 0}
}

// grown calls with a larger buffer until that is large enough. The first is aligned for every structure, and large enough for most
// answers.
func grown(call func(b []byte, needed *uint32) error) error {
	size := uint32(1 << 10)
	for {
		words := make([]uint64, (size+7)/8)
		b := unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), len(words)*8)
		var needed uint32
		err := call(b, &needed)
		if !errors.Is(err, windows.ERROR_INSUFFICIENT_BUFFER) && !errors.Is(err, windows.ERROR_MORE_DATA) {
			return err
		}
		if needed <= size {
			needed = 2 * size
		}
		if needed > maxAnswer {
			return fmt.Errorf("the answer has %d bytes, at most %d are read: %w", needed, maxAnswer, err)
		}
		size = needed
	}
}

func (manager) Dependents(ctx context.Context, name string) ([]string, error) {
	return on(ctx, "EnumDependentServices", name, windows.SERVICE_ENUMERATE_DEPENDENTS, func(service windows.Handle) ([]string, error) {
		var names []string
		err := grown(func(b []byte, needed *uint32) error {
			var count uint32
			err := windows.EnumDependentServices(service, windows.SERVICE_ACTIVE, (*windows.ENUM_SERVICE_STATUS)(unsafe.Pointer(&b[0])), uint32(len(b)), needed, &count)
			if err != nil {
				return err
			}
			const each = unsafe.Sizeof(windows.ENUM_SERVICE_STATUS{})
			if uintptr(count)*each > uintptr(len(b)) {
				return fmt.Errorf("%d services in an answer of %d bytes", count, len(b))
			}
			names = nil
			for _, s := range unsafe.Slice((*windows.ENUM_SERVICE_STATUS)(unsafe.Pointer(&b[0])), count) {
				names = append(names, text(s.ServiceName))
			}
			return nil
		})
		return names, err
	})
}

func (manager) Names(ctx context.Context) ([]string, error) {
	const call = "EnumServicesStatusEx"
	return answered(ctx, call, "", func() ([]string, error) {
		scm, err := windows.OpenSCManager(nil, nil, windows.SC_MANAGER_CONNECT|windows.SC_MANAGER_ENUMERATE_SERVICE)
		if err != nil {
			return nil, failed("OpenSCManager", "", err)
		}
		defer windows.CloseServiceHandle(scm)
		var names []string
		err = grown(func(b []byte, needed *uint32) error {
			var count uint32
			err := windows.EnumServicesStatusEx(scm, windows.SC_ENUM_PROCESS_INFO, windows.SERVICE_WIN32, windows.SERVICE_STATE_ALL, &b[0], uint32(len(b)), needed, &count, nil, nil)
			if err != nil {
				*needed += uint32(len(b)) // what it names is what remains
				return err
			}
			const each = unsafe.Sizeof(windows.ENUM_SERVICE_STATUS_PROCESS{})
			if uintptr(count)*each > uintptr(len(b)) {
				return fmt.Errorf("%d services in an answer of %d bytes", count, len(b))
			}
			names = nil
			for _, s := range unsafe.Slice((*windows.ENUM_SERVICE_STATUS_PROCESS)(unsafe.Pointer(&b[0])), count) {
				names = append(names, text(s.ServiceName))
			}
			return nil
		})
		return names, failed(call, "", err)
	})
}

func (manager) ProcessStarted(ctx context.Context, pid uint32) (time.Time, error) {
	return answered(ctx, "GetProcessTimes", "", func() (time.Time, error) {
		process, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, pid)
		if err != nil {
			return time.Time{}, failed(fmt.Sprintf("OpenProcess %d", pid), "", err)
		}
		defer windows.CloseHandle(process)
		var created, exited, kernel, user windows.Filetime
		if err := windows.GetProcessTimes(process, &created, &exited, &kernel, &user); err != nil {
			return time.Time{}, failed(fmt.Sprintf("GetProcessTimes %d", pid), "", err)
		}
		if created.LowDateTime == 0 && created.HighDateTime == 0 {
			return time.Time{}, failed(fmt.Sprintf("GetProcessTimes %d", pid), "", errors.New("gave no time"))
		}
		return time.Unix(0, created.Nanoseconds()).UTC(), nil
	})
}

func changeConfig2(service windows.Handle, level uint32, info *windows.SERVICE_DELAYED_AUTO_START_INFO) error {
	return windows.ChangeServiceConfig2(service, level, (*byte)(unsafe.Pointer(info)))
}

var _ Manager = manager{}
