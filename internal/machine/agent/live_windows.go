package agent

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unsafe"

	"github.com/rectify-project/rectify/internal/machine/com"
	"github.com/rectify-project/rectify/sdk/hresult"
)

// Live is the agent of this machine. Nothing is asked of it before a method is called.
func Live() Agent { return live{} }

type live struct{}

// client is how the agent's own history and log name who asked.
const client = "Rectify"

// How long the agent may take where the context sets no earlier end.
const (
	quickly       = 2 * time.Minute
	searchOffline = 10 * time.Minute
	searchOnline  = 45 * time.Minute
)

// ask asks the agent, for as long as the limit. The agent cannot be interrupted: when the context ends first, its answer is
// not waited for.
func ask[T any](ctx context.Context, limit time.Duration, op string, do func() (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	value, err := com.Do(ctx, do)
	if ended := ctx.Err(); ended != nil && errors.Is(err, ended) {
		return value, fmt.Errorf("%s: the Windows Update agent has not answered: %w", op, err)
	}
	return value, known(err)
}

// known makes an [Error] of an HRESULT.
func known(err error) error {
	if e, ok := errors.AsType[*com.Error](err); ok {
		return &Error{e.Method, e.Code}
	}
	return err
}

// session makes an IUpdateSession, which knows who asks.
func session() (com.Object, error) {
	s, err := com.Create("UpdateSession", classSession, interfaceSession)
	if err != nil {
		return s, err
	}
	name, err := com.NewBSTR(client)
	if err == nil {
		err = s.Call(sessionPutClient, "IUpdateSession.put_ClientApplicationID", name.Arg())
		name.Free()
	}
	if err != nil {
		s.Release()
		return com.Object{}, err
	}
	return s, nil
}

// made uses an object and releases it.
func made[T any](o com.Object, err error, use func(com.Object) (T, error)) (T, error) {
	if err != nil {
		var nothing T
		return nothing, err
	}
	defer o.Release()
	return use(o)
}

// withSession asks something of a session.
func withSession[T any](use func(com.Object) (T, error)) (T, error) {
	s, err := session()
	return made(s, err, use)
}

// code reads a LONG property that is an HRESULT.
func code(o com.Object, slot int, name string) (hresult.Code, error) {
	n, err := o.Int(slot, name)
	return hresult.Code(uint32(n)), err
}

// decimal is a DECIMAL ([MS-OAUT] 2.2.26).
type decimal struct {
	_     uint16
	scale uint8
	sign  uint8
	high  uint32
	low   uint64
}

// whole reads a DECIMAL property that is a whole number of bytes, or 0 where it is none.
func whole(o com.Object, slot int, name string) (int64, error) {
	d, err := com.Get[decimal](o, slot, name)
	if err != nil || d.scale != 0 || d.sign != 0 || d.high != 0 || d.low > 1<<62 {
		return 0, err
	}
	return int64(d.low), nil
}

// identity is ParseID of what the agent gave: what has another form is left as it is.
func identity(text string) string {
	if id, err := ParseID(text); err == nil {
		return id
	}
	return text
}

// identityOf reads an IUpdateIdentity that a property holds.
func identityOf(o com.Object, slot int, name string) (id string, revision int64, err error) {
	i, err := o.Out(slot, name)
	if err != nil {
		return "", 0, err
	}
	defer i.Release()
	text, err := i.Text(identityUpdateID, "IUpdateIdentity.get_UpdateID")
	if err != nil {
		return "", 0, err
	}
	n, err := i.Int(identityRevision, "IUpdateIdentity.get_RevisionNumber")
	return identity(text), int64(n), err
}

// object is an object as an argument of [com.Object.Call]: what the pointer points to is not Go's.
func object(o com.Object) uintptr { return *(*uintptr)(unsafe.Pointer(&o)) }

func (live) Busy(ctx context.Context) (bool, error) {
	return ask(ctx, quickly, "IUpdateInstaller.get_IsBusy", func() (bool, error) {
		return withSession(func(s com.Object) (bool, error) {
			i, err := s.Out(sessionCreateInstaller, "IUpdateSession.CreateUpdateInstaller")
			return made(i, err, func(i com.Object) (bool, error) {
				return i.Bool(installerIsBusy, "IUpdateInstaller.get_IsBusy")
			})
		})
	})
}

func (live) RebootRequired(ctx context.Context) (bool, error) {
	return ask(ctx, quickly, "ISystemInformation.get_RebootRequired", func() (bool, error) {
		s, err := com.Create("SystemInformation", classSystemInformation, interfaceSystemInformation)
		return made(s, err, func(s com.Object) (bool, error) {
			return s.Bool(systemRebootRequired, "ISystemInformation.get_RebootRequired")
		})
	})
}

// maxServices bounds how many services are asked for; a machine has a handful.
const maxServices = 1000

func (live) Services(ctx context.Context) ([]Service, error) {
	return ask(ctx, quickly, "IUpdateServiceManager.get_Services", func() ([]Service, error) {
		m, err := com.Create("UpdateServiceManager", classServiceManager, interfaceServiceManager2)
		return made(m, err, func(m com.Object) ([]Service, error) {
			list, err := m.Out(managerServices, "IUpdateServiceManager.get_Services")
			return made(list, err, servicesOf)
		})
	})
}

func servicesOf(list com.Object) ([]Service, error) {
	n, err := list.Int(fixedCount, "IUpdateServiceCollection.get_Count")
	if err != nil {
		return nil, err
	}
	if n > maxServices {
		return nil, fmt.Errorf("the Windows Update agent has %d services, expected at most %d", n, maxServices)
	}
	var services []Service
	for i := range n {
		item, err := list.Out(fixedItem, "IUpdateServiceCollection.get_Item", uintptr(i))
		s, err := made(item, err, serviceOf)
		if err != nil {
			return nil, err
		}
		services = append(services, s)
	}
	return services, nil
}

func serviceOf(o com.Object) (s Service, err error) {
	if s.ID, err = o.Text(serviceID, "IUpdateService.get_ServiceID"); err != nil {
		return s, err
	}
	s.ID = identity(s.ID)
	if s.Name, err = o.Text(serviceName, "IUpdateService.get_Name"); err != nil {
		return s, err
	}
	if s.Managed, err = o.Bool(serviceManaged, "IUpdateService.get_IsManaged"); err != nil {
		return s, err
	}
	if s.Windows, err = o.Bool(serviceWindows, "IUpdateService.get_OffersWindowsUpdates"); err != nil {
		return s, err
	}
	// The URL is not there for every service.
	s.URL, _ = o.Text(serviceURL, "IUpdateService.get_ServiceUrl")
	two, err := o.Query("IUpdateService2", interfaceService2)
	s.DefaultAU, err = made(two, err, func(two com.Object) (bool, error) {
		return two.Bool(serviceDefaultAU, "IUpdateService2.get_IsDefaultAUService")
	})
	return s, err
}
