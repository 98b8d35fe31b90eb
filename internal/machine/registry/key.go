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
	path string
	from source
	node node
}

// source is what a key comes from.
type source struct {
	hive  string // SOFTWARE
	file  string // of a disk: C:\Windows\System32\config\SOFTWARE
	dirty string
}

// node is a key of a hive on a disk, or of a running system. An error of isAbsent says that something is not there.
type node interface {
	written() time.Time
	open(path string) (node, error)
	subkeys() ([]string, error)
	entries() ([]Entry, error)
	value(name string) (Value, error)
}

// hiveNode is a key of a hive on a disk.
type hiveNode struct{ key *hive.Key }

func (n hiveNode) written() time.Time { return n.key.Written() }

func (n hiveNode) open(path string) (node, error) {
	k, err := n.key.Open(path)
	return hiveNode{k}, err
}

func (n hiveNode) subkeys() ([]string, error) { return n.key.Subkeys() }

func (n hiveNode) entries() ([]Entry, error) {
	values, err := n.key.Values()
	var entries []Entry
	for _, v := range values {
		entries = append(entries, Entry{v.Name, v.Type, v.Size})
	}
	return entries, err
}

func (n hiveNode) value(name string) (Value, error) {
	v, err := n.key.Value(name)
	if err != nil {
		return Value{}, err
	}
	data, err := v.Bytes()
	return Value{v.Name, v.Type, data}, err
}

// Path is the full path, with the control set that CurrentControlSet stood for.
func (k *Key) Path() string { return k.path }

// Name is the last part of the path.
func (k *Key) Name() string { return k.path[strings.LastIndexByte(k.path, '\\')+1:] }

// Written is when the key or one of its values last changed; zero if that is not recorded.
func (k *Key) Written() time.Time { return k.node.written() }

// Dirty says why the hive may be stale; "" where it is whole, as that of a running Windows always is.
func (k *Key) Dirty() string { return k.from.dirty }

// Open opens a key below. The error wraps [ErrNoKey], or is a [*HiveError] or [*SystemError].
func (k *Key) Open(path string) (*Key, error) {
	path = strings.Trim(path, `\`)
	full := k.path + `\` + path
	sub, err := k.node.open(path)
	if err != nil {
		return nil, k.failed(full, ErrNoKey, err)
	}
	return &Key{full, k.from, sub}, nil
}

// failed tells what is not there from what cannot be read.
func (k *Key) failed(what string, absent, err error) error {
	if isAbsent(err) {
		if errors.Is(err, ErrNoKey) { // a key that was open can be gone by now
			absent = ErrNoKey
		}
		return fmt.Errorf("%s: %w", what, absent)
	}
	return k.unreadable(err)
}

func (k *Key) unreadable(err error) error {
	if k.from.file == "" {
		return err
	}
	return &HiveError{k.from.hive, k.from.file, err}
}

// Subkeys gives the names of the keys below. With an error come those that could be read.
func (k *Key) Subkeys() ([]string, error) {
	names, err := k.node.subkeys()
	if err != nil {
		err = k.unreadable(err)
	}
	return names, err
}

// Values gives all values, without their data. With an error come those that could be read.
func (k *Key) Values() ([]Entry, error) {
	entries, err := k.node.entries()
	if err != nil {
		err = k.unreadable(err)
	}
	return entries, err
}

// Stored gives a value as it is stored; "" names the default value. The error wraps [ErrNoValue] ([ErrNoKey] where a running
// Windows has deleted the key meanwhile), or is a [*HiveError] or [*SystemError].
func (k *Key) Stored(name string) (Value, error) {
	v, err := k.node.value(name)
	if err != nil {
		return v, k.failed(k.path+" → "+name, ErrNoValue, err)
	}
	return v, nil
}

// Value gives a value's data by its type: string, []string, uint32, uint64 or []byte. The error is as that of
// [Key.Stored]; data that are not of their type are an error as well.
func (k *Key) Value(name string) (any, error) {
	v, err := k.Stored(name)
	if err != nil {
		return nil, err
	}
	data, err := v.Decode()
	if err != nil {
		return nil, k.unreadable(fmt.Errorf("%s → %s: %w", k.path, name, err))
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
	e := sdk.Evidence{File: k.from.file, Key: k.path, Value: value, Time: k.Written()}
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
