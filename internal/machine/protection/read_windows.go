package protection

import (
	"errors"
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/rectify-project/rectify/internal/machine/elevation"
)

// Types of entries (ACE types) beside those that the windows package names.
const (
	accessAllowedCallback     = 0x9
	accessDeniedObject        = 0x6
	accessDeniedCallback      = 0xa
	accessDeniedCallbackObjct = 0xc
)

// Read reads the security of a file or folder; of a link, that of what it leads to.
func Read(path string) (Security, error) {
	descriptor, err := windows.GetNamedSecurityInfo(path, windows.SE_FILE_OBJECT, windows.OWNER_SECURITY_INFORMATION|windows.DACL_SECURITY_INFORMATION)
	if err != nil {
		return Security{}, &os.PathError{Op: "read the security of", Path: path, Err: err}
	}
	s, err := read(descriptor)
	if err != nil {
		return Security{}, &os.PathError{Op: "read the security of", Path: path, Err: err}
	}
	return s, nil
}

func read(descriptor *windows.SECURITY_DESCRIPTOR) (Security, error) {
	var s Security
	owner, _, err := descriptor.Owner()
	if err != nil {
		return s, err
	}
	if owner != nil {
		s.Owner = owner.String()
	}
	control, _, err := descriptor.Control()
	if err != nil {
		return s, err
	}
	s.Protected = control&windows.SE_DACL_PROTECTED != 0
	list, _, err := descriptor.DACL()
	if errors.Is(err, windows.ERROR_OBJECT_NOT_FOUND) || err == nil && list == nil {
		s.Open = true
		return s, nil
	}
	if err != nil {
		return s, err
	}
	for i := range uint32(list.AceCount) {
		var ace *windows.ACCESS_ALLOWED_ACE
		if err := windows.GetAce(list, i, &ace); err != nil {
			return s, os.NewSyscallError("GetAce", err)
		}
		s.Entries = append(s.Entries, entry(ace))
	}
	return s, nil
}

func entry(ace *windows.ACCESS_ALLOWED_ACE) Entry {
	e := Entry{Mask: uint32(ace.Mask), InheritOnly: ace.Header.AceFlags&windows.INHERIT_ONLY_ACE != 0}
	switch ace.Header.AceType {
	case windows.ACCESS_ALLOWED_ACE_TYPE, accessAllowedCallback:
		e.Effect = Allow
	case windows.ACCESS_DENIED_ACE_TYPE, accessDeniedCallback:
		e.Effect = Deny
	case accessDeniedObject, accessDeniedCallbackObjct:
		e.Effect, e.Who = Deny, "somebody"
		return e
	default:
		e.Effect, e.Who = Opaque, fmt.Sprintf("an entry of type %d", ace.Header.AceType)
		return e
	}
	e.Who = (*windows.SID)(unsafe.Pointer(&ace.SidStart)).String()
	return e
}

// Circle is for whom a folder is made: administrators and the system; and for this account too where it has not the rights of
// an administrator, and can guard nothing from itself.
func Circle() ([]string, error) {
	standing, err := elevation.Read()
	if err != nil {
		return nil, err
	}
	circle := []string{Administrators, System}
	if !standing.Elevated && !standing.System {
		circle = append(circle, standing.Account)
	}
	return circle, nil
}

// Exclusive reads who may do what with a folder, and says why it is not for its [Circle] alone.
func Exclusive(path string) error {
	circle, err := Circle()
	if err != nil {
		return err
	}
	s, err := Read(path)
	if err != nil {
		return err
	}
	return s.Exclusive(circle...)
}

// MakeFolder makes a folder for its [Circle] alone, with all that will be in it; there is no moment without this. A folder that
// is there already gives [fs.ErrExist]. Whether it is so in the end is for [Exclusive] to say.
func MakeFolder(path string) error {
	circle, err := Circle()
	if err != nil {
		return err
	}
	list := "D:P"
	for _, who := range circle {
		list += "(A;OICI;FA;;;" + who + ")"
	}
	err = makeFolder(path, "O:"+circle[0]+list)
	if errors.Is(err, windows.ERROR_INVALID_OWNER) { // only an elevated process may give to administrators
		err = makeFolder(path, list)
	}
	if err != nil {
		return &os.PathError{Op: "mkdir", Path: path, Err: err}
	}
	return nil
}

func makeFolder(path, sddl string) error {
	descriptor, err := windows.SecurityDescriptorFromString(sddl)
	if err != nil {
		return fmt.Errorf("the security descriptor %s: %w", sddl, err)
	}
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return err
	}
	attributes := windows.SecurityAttributes{SecurityDescriptor: descriptor}
	attributes.Length = uint32(unsafe.Sizeof(attributes))
	return windows.CreateDirectory(name, &attributes)
}
