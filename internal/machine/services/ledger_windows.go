package services

import (
	"errors"
	"fmt"
	"syscall"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
)

var procRegFlushKey = windows.NewLazySystemDLL("advapi32.dll").NewProc("RegFlushKey")

// registryLedger is the ledger in the registry.
type registryLedger struct{}

var _ Ledger = registryLedger{}

func (registryLedger) Entries() (Entries, error) {
	all, err := registry.OpenKey(registry.LOCAL_MACHINE, ledgerKey, registry.ENUMERATE_SUB_KEYS)
	if errors.Is(err, registry.ErrNotExist) {
		return Entries{}, nil
	}
	if err != nil {
		return nil, ledgerFailed("RegOpenKeyEx", "", err)
	}
	defer all.Close()
	names, err := all.ReadSubKeyNames(-1)
	if err != nil {
		return nil, ledgerFailed("RegEnumKeyEx", "", err)
	}
	entries := Entries{}
	for _, name := range names {
		e, err := readEntry(name)
		if errors.Is(err, registry.ErrNotExist) { // the key was made, and a crash came before the entry
			continue
		}
		if err != nil {
			return nil, ledgerFailed("RegQueryValueEx", name, err)
		}
		entries[name] = e
	}
	return entries, nil
}

func readEntry(name string) (Entry, error) {
	k, err := registry.OpenKey(registry.LOCAL_MACHINE, ledgerKey+`\`+name, registry.QUERY_VALUE)
	if err != nil {
		return Entry{}, err
	}
	defer k.Close()
	s, _, err := k.GetStringValue(ledgerValue)
	if err != nil {
		return Entry{}, err
	}
	return DecodeEntry(s)
}

func (registryLedger) Write(name string, e Entry) error {
	if err := CheckName(name); err != nil {
		return err
	}
	s, err := e.Encode()
	if err != nil {
		return err
	}
	k, _, err := registry.CreateKey(registry.LOCAL_MACHINE, ledgerKey+`\`+name, registry.SET_VALUE|registry.QUERY_VALUE)
	if err != nil {
		return ledgerFailed("RegCreateKeyEx", name, err)
	}
	defer k.Close()
	if err := k.SetStringValue(ledgerValue, s); err != nil {
		return ledgerFailed("RegSetValueEx", name, err)
	}
	if err := flush(k); err != nil {
		return ledgerFailed("RegFlushKey", name, err)
	}
	if is, _, err := k.GetStringValue(ledgerValue); err != nil || is != s {
		return ledgerFailed("RegSetValueEx", name, fmt.Errorf("the entry reads back as %.300q, %v", is, err))
	}
	return nil
}

func (registryLedger) Delete(name string) error {
	if err := CheckName(name); err != nil {
		return err
	}
	all, err := registry.OpenKey(registry.LOCAL_MACHINE, ledgerKey, registry.QUERY_VALUE|registry.ENUMERATE_SUB_KEYS)
	if errors.Is(err, registry.ErrNotExist) {
		return nil
	}
	if err != nil {
		return ledgerFailed("RegOpenKeyEx", name, err)
	}
	defer all.Close()
	if err := registry.DeleteKey(all, name); err != nil && !errors.Is(err, registry.ErrNotExist) {
		return ledgerFailed("RegDeleteKey", name, err)
	}
	if err := flush(all); err != nil {
		return ledgerFailed("RegFlushKey", name, err)
	}
	return nil
}

// flush returns when the key is on the disk.
func flush(k registry.Key) error {
	if r, _, _ := procRegFlushKey.Call(uintptr(k)); r != 0 {
		return syscall.Errno(r)
	}
	return nil
}

func ledgerFailed(call, name string, err error) error {
	key := `HKLM\` + ledgerKey
	if name != "" {
		key += `\` + name
	}
	e := &Error{Call: call, Err: fmt.Errorf("what is owed to services is kept in %s: %w", key, err)}
	if errors.Is(err, windows.ERROR_ACCESS_DENIED) {
		e.Kind = ErrDenied
	}
	return e
}
