package restorepoint

import (
	"context"
	"fmt"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/rectify-project/rectify/internal/machine/com"
)

var (
	wbemLocatorClass = windows.GUID{Data1: 0x4590f811, Data2: 0x1d3a, Data3: 0x11d0, Data4: [8]byte{0x89, 0x1f, 0x00, 0xaa, 0x00, 0x4b, 0x2e, 0x24}}
	wbemLocator      = windows.GUID{Data1: 0xdc12a687, Data2: 0x737f, Data3: 0x11cf, Data4: [8]byte{0x88, 0x4d, 0x00, 0xaa, 0x00, 0x4b, 0x2e, 0x24}}
)

// Slots of the interfaces of WMI.
const (
	connectServer = 3  // IWbemLocator
	execQuery     = 20 // IWbemServices
	next          = 4  // IEnumWbemClassObject
	get           = 4  // IWbemClassObject
)

// mostPoints bounds a list; Windows keeps some dozen.
const mostPoints = 10_000

// longestList is how long WMI has to list them.
const longestList = time.Minute

// List implements [Store]: the instances of the class SystemRestore of WMI.
func (system) List(ctx context.Context) ([]Point, error) {
	if procSRSetRestorePointW.Find() != nil {
		return nil, ErrNone
	}
	bounded, cancel := context.WithTimeout(ctx, longestList)
	defer cancel()
	points, err := com.Do(bounded, func() ([]Point, error) { return list(bounded) })
	if code, is := com.CodeOf(err); is {
		switch code {
		case 0x80041003, 0x80070005: // WBEM_E_ACCESS_DENIED, E_ACCESSDENIED
			err = fmt.Errorf("%w: %w", ErrDenied, err)
		case 0x80041010, 0x8004100e: // WBEM_E_INVALID_CLASS, WBEM_E_INVALID_NAMESPACE: servers
			err = fmt.Errorf("%w: %w", ErrNone, err)
		}
	}
	if err != nil && ctx.Err() == nil && bounded.Err() != nil {
		err = fmt.Errorf("the restore points cannot be listed: WMI has not answered within %s", longestList)
	}
	return points, err
}

func list(ctx context.Context) ([]Point, error) {
	locator, err := com.Create("WbemLocator", wbemLocatorClass, wbemLocator)
	if err != nil {
		return nil, err
	}
	defer locator.Release()
	space, err := com.NewBSTR(`root\default`)
	if err != nil {
		return nil, err
	}
	defer space.Free()
	services, err := locator.Out(connectServer, "IWbemLocator.ConnectServer", space.Arg(), 0, 0, 0, 0, 0, 0)
	if err != nil {
		return nil, err
	}
	defer services.Release()
	if err := actAsCaller(services); err != nil {
		return nil, err
	}
	language, err := com.NewBSTR("WQL")
	if err != nil {
		return nil, err
	}
	defer language.Free()
	query, err := com.NewBSTR("SELECT SequenceNumber, Description, CreationTime FROM SystemRestore")
	if err != nil {
		return nil, err
	}
	defer query.Free()
	const forwardOnly, returnImmediately = 0x20, 0x10
	found, err := services.Out(execQuery, "IWbemServices.ExecQuery", language.Arg(), query.Arg(), forwardOnly|returnImmediately, 0)
	if err != nil {
		return nil, err
	}
	defer found.Release()
	if err := actAsCaller(found); err != nil {
		return nil, err
	}
	return walk(ctx, found)
}

// actAsCaller lets WMI act with the rights of this process; without it System Restore refuses.
func actAsCaller(o com.Object) error {
	const ntlm, packet, impersonate = 10, 4, 3
	pointer := *(*uintptr)(unsafe.Pointer(&o)) // an object is its pointer; COM keeps it where it is
	r, _, _ := procCoSetProxyBlanket.Call(pointer, ntlm, 0, 0, packet, impersonate, 0, 0)
	const noProxy = 0x80004002 // E_NOINTERFACE: the object is in this process
	if code := uint32(r); code&0x80000000 != 0 && code != noProxy {
		return fmt.Errorf("CoSetProxyBlanket: 0x%08X", code)
	}
	return nil
}

func walk(ctx context.Context, found com.Object) ([]Point, error) {
	points := []Point{}
	for len(points) < mostPoints {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		const forever = 0xffffffff // a wait that is over early cannot be told from the end
		var object com.Object
		var n uint32
		if err := found.Call(next, "IEnumWbemClassObject.Next", forever, 1, uintptr(unsafe.Pointer(&object)), uintptr(unsafe.Pointer(&n))); err != nil {
			return nil, err
		}
		if n == 0 || object.Nil() {
			return points, nil
		}
		p, err := pointOf(object)
		object.Release()
		if err != nil {
			return nil, err
		}
		points = append(points, p)
	}
	return nil, fmt.Errorf("there are more than %d restore points", mostPoints)
}

func pointOf(object com.Object) (Point, error) {
	var p Point
	err := property(object, "SequenceNumber", func(v *com.Variant) error {
		if v.Type != com.VTI4 {
			return fmt.Errorf("the number of a restore point is of type %d, expected %d", v.Type, com.VTI4)
		}
		p.Sequence = int64(uint32(v.Value))
		return nil
	})
	if err != nil {
		return p, err
	}
	text := func(to *string) func(*com.Variant) error {
		return func(v *com.Variant) error {
			if v.Type == com.VTBSTR { // else it has none
				*to = com.BSTR(v.Value).String()
			}
			return nil
		}
	}
	var created string
	err = property(object, "CreationTime", text(&created))
	p.Created = moment(created)
	if err != nil {
		return p, err
	}
	return p, property(object, "Description", text(&p.Description))
}

func property(object com.Object, name string, read func(*com.Variant) error) error {
	units, err := windows.UTF16FromString(name)
	if err != nil {
		return err
	}
	v := &com.Variant{}
	defer v.Clear()
	if err := object.Call(get, "IWbemClassObject.Get "+name, uintptr(unsafe.Pointer(&units[0])), 0, v.Arg(), 0, 0); err != nil {
		return err
	}
	return read(v)
}
