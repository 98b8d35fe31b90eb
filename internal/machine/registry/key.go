package registry

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/rectify-project/rectify/internal/artefact/hive"
	"github.com/rectify-project/rectify/sdk"
)

// Key is an open key.
type Key struct {
	path  string
	hive  string
	file  string
	dirty string
	key   *hive.Key
}

// Path is the full path, with the control set that CurrentControlSet stood for.
func (k *Key) Path() string { return k.path }

// Name is the last part of the path.
func (k *Key) Name() string { return k.path[strings.LastIndexByte(k.path, '\\')+1:] }

// Written is when the key or one of its values last changed; zero if that is not recorded.
func (k *Key) Written() time.Time { return k.key.Written() }

// Dirty says why the hive may be stale; "" where it is whole.
func (k *Key) Dirty() string { return k.dirty }

// Open opens a key below. The error wraps [ErrNoKey], or is a [*HiveError].
func (k *Key) Open(path string) (*Key, error) {
	path = strings.Trim(path, `\`)
	full := k.path + `\` + path
	sub, err := k.key.Open(path)
	if err != nil {
		return nil, k.failed(full, ErrNoKey, err)
	}
	return &Key{full, k.hive, k.file, k.dirty, sub}, nil
}

// failed tells what is not there from what cannot be read.
func (k *Key) failed(what string, absent, err error) error {
	if errors.Is(err, hive.ErrNotExist) {
		return fmt.Errorf("%s: %w", what, absent)
	}
	return &HiveError{k.hive, k.file, err}
}

// Subkeys gives the names of the keys below. With an error come those that could be read.
func (k *Key) Subkeys() ([]string, error) {
	names, err := k.key.Subkeys()
	if err != nil {
		err = &HiveError{k.hive, k.file, err}
	}
	return names, err
}

// Values gives all values. With an error come those that could be read.
func (k *Key) Values() ([]hive.Value, error) {
	values, err := k.key.Values()
	if err != nil {
		err = &HiveError{k.hive, k.file, err}
	}
	return values, err
}

// Value gives a value's data by its type: string, []string, uint32, uint64 or []byte; "" names the default value. The
// error wraps [ErrNoValue], or is a [*HiveError].
func (k *Key) Value(name string) (any, error) {
	v, err := k.key.Value(name)
	if err != nil {
		return nil, k.failed(k.path+" → "+name, ErrNoValue, err)
	}
	data, err := v.Data()
	if err != nil {
		return nil, &HiveError{k.hive, k.file, fmt.Errorf("%s → %s: %w", k.path, name, err)}
	}
	return data, nil
}

// Text gives a value that holds text.
func (k *Key) Text(name string) (string, error) {
	data, err := k.Value(name)
	if err != nil {
		return "", err
	}
	s, ok := data.(string)
	if !ok {
		return "", fmt.Errorf("%s → %s holds a %T, expected text", k.path, name, data)
	}
	return s, nil
}

// Number gives a value that holds a DWORD or QWORD.
func (k *Key) Number(name string) (uint64, error) {
	data, err := k.Value(name)
	if err != nil {
		return 0, err
	}
	switch n := data.(type) {
	case uint32:
		return uint64(n), nil
	case uint64:
		return n, nil
	}
	return 0, fmt.Errorf("%s → %s holds a %T, expected a number", k.path, name, data)
}

// maxShown bounds the data of a value that evidence shows.
const maxShown = 300

// Evidence is the place of a value, with what it holds; the key itself where value is "".
func (k *Key) Evidence(value string) sdk.Evidence {
	e := sdk.Evidence{File: k.file, Key: k.path, Value: value, Time: k.Written()}
	if value == "" {
		e.Text = k.path + " exists"
		return e
	}
	if data, err := k.Value(value); err == nil {
		e.Text = value + " = " + show(data)
	}
	return e
}

func show(data any) string {
	s := ""
	switch d := data.(type) {
	case uint32:
		s = fmt.Sprintf("%d (0x%x)", d, d)
	case uint64:
		s = fmt.Sprintf("%d (0x%x)", d, d)
	case []string:
		s = strings.Join(d, "; ")
	case []byte:
		s = fmt.Sprintf("% x", d[:min(len(d), maxShown/3)])
	default:
		s = fmt.Sprint(d)
	}
	if len(s) > maxShown {
		s = strings.ToValidUTF8(s[:maxShown], "") + "…"
	}
	return s
}
