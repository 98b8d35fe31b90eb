package services

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"golang.org/x/sys/windows"
)

// Open opens the service control manager of this machine.
func Open() (Machine, error) {
	return Machine{Manager: manager{}, Ledger: registryLedger{}, Clock: systemClock{}, Rights: processRights{}}, nil
}

type systemClock struct{}

func (systemClock) Now() time.Time { return time.Now() }

func (systemClock) Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// manager opens the service control manager and the service anew for each call, with the rights that the call needs: a service
// may be read by somebody who may not stop it.
type manager struct{}

// kinds are the errors of Windows that callers branch on.
var kinds = map[syscall.Errno]error{
	windows.ERROR_ACCESS_DENIED:              ErrDenied,
	windows.ERROR_SERVICE_DOES_NOT_EXIST:     ErrAbsent,
	windows.ERROR_SERVICE_DISABLED:           ErrDisabled,
	windows.ERROR_SERVICE_ALREADY_RUNNING:    ErrRunning,
	windows.ERROR_SERVICE_NOT_ACTIVE:         ErrNotActive,
	windows.ERROR_SERVICE_CANNOT_ACCEPT_CTRL: ErrBusy,
	windows.ERROR_SERVICE_DATABASE_LOCKED:    ErrBusy,
	windows.ERROR_DEPENDENT_SERVICES_RUNNING: ErrDependents,
	windows.ERROR_SERVICE_MARKED_FOR_DELETE:  ErrDeleted,
	windows.ERROR_SHUTDOWN_IN_PROGRESS:       ErrShuttingDown,
	windows.ERROR_INVALID_SERVICE_CONTROL:    ErrRefused,
}

func failed(call, name string, err error) error {
	if err == nil {
		return nil
	}
	e := &Error{Call: call, Name: name, Err: err}
	if code, ok := errors.AsType[syscall.Errno](err); ok {
		e.Kind = kinds[code]
		e.Err = fmt.Errorf("%w (%d)", code, uint32(code))
	}
	return e
}

// answerTime bounds a call: the manager itself gives a service 30 seconds to answer a request, or twice that while the machine
// starts. A manager that does not answer at all must not hang us.
const answerTime = 150 * time.Second

// answered makes a call, and gives it up when it takes too long or the context ends. One that was given up may still come about.
func answered[T any](ctx context.Context, call, name string, do func() (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	got := make(chan answer, 1)
	go func() {
		v, err := do()
		got <- answer{v, err}
	}()
	late := time.NewTimer(answerTime)
	defer late.Stop()
	var none T
	select {
	case a := <-got:
		return a.value, a.err
	case <-ctx.Done():
		return none, ctx.Err()
	case <-late.C:
		return none, &Error{Call: call, Name: name, Kind: ErrSilent, Err: fmt.Errorf("no answer within %s", answerTime)}
	}
}

// on opens a service for one call.
func on[T any](ctx context.Context, call, name string, access uint32, do func(service windows.Handle) (T, error)) (T, error) {
	return answered(ctx, call, name, func() (T, error) {
		var none T
		key, err := windows.UTF16PtrFromString(name)
		if err != nil {
			return none, failed(call, name, err)
		}
		scm, err := windows.OpenSCManager(nil, nil, windows.SC_MANAGER_CONNECT)
		if err != nil {
			return none, failed("OpenSCManager", "", err)
		}
		defer windows.CloseServiceHandle(scm)
		service, err := windows.OpenService(scm, key, access)
		if err != nil {
			return none, failed("OpenService", name, err)
		}
		defer windows.CloseServiceHandle(service)
		value, err := do(service)
		return value, failed(call, name, err)
	})
}

// request makes a call that gives nothing but an error.
func request(ctx context.Context, call, name string, access uint32, do func(service windows.Handle) error) error {
	_, err := on(ctx, call, name, access, func(service windows.Handle) (struct{}, error) { return struct{}{}, do(service) })
	return err
}

func (manager) Start(ctx context.Context, name string) error {
	return request(ctx, "StartService", name, windows.SERVICE_START, func(service windows.Handle) error {
		return windows.StartService(service, 0, nil)
	})
}

func (manager) Stop(ctx context.Context, name string) error {
	return request(ctx, "ControlService", name, windows.SERVICE_STOP, func(service windows.Handle) error {
		var status windows.SERVICE_STATUS
		return windows.ControlService(service, windows.SERVICE_CONTROL_STOP, &status)
	})
}

func (manager) SetType(ctx context.Context, name string, t StartType) error {
	value := uint32(windows.SERVICE_NO_CHANGE)
	for i, known := range startTypes {
		if t == known {
			value = uint32(i)
		}
	}
	if value == windows.SERVICE_NO_CHANGE {
		return failed("ChangeServiceConfig", name, fmt.Errorf("unknown start type %q", t))
	}
	return request(ctx, "ChangeServiceConfig", name, windows.SERVICE_CHANGE_CONFIG, func(service windows.Handle) error {
		return windows.ChangeServiceConfig(service, windows.SERVICE_NO_CHANGE, value, windows.SERVICE_NO_CHANGE, nil, nil, nil, nil, nil, nil, nil)
	})
}

func (manager) SetDelayed(ctx context.Context, name string, delayed bool) error {
	var info windows.SERVICE_DELAYED_AUTO_START_INFO
	if delayed {
		info.IsDelayedAutoStartUp = 1
	}
	return request(ctx, "ChangeServiceConfig2", name, windows.SERVICE_CHANGE_CONFIG, func(service windows.Handle) error {
		return changeConfig2(service, windows.SERVICE_CONFIG_DELAYED_AUTO_START_INFO, &info)
	})
}
