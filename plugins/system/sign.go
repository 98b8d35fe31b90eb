package system

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/rectify-project/rectify/internal/machine/registry"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/target"
)

// keyExists looks for a key that is there only while a restart is due.
func keyExists(path string) func(*registry.Registry) (*PendingSignal, error) {
	return func(r *registry.Registry) (*PendingSignal, error) {
		k, err := r.Key(path)
		if registry.Absent(err) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		return &PendingSignal{Detail: k.Path() + " exists", Evidence: k.Evidence("")}, nil
	}
}

// keyFilled looks for a key that stays behind empty.
func keyFilled(path string) func(*registry.Registry) (*PendingSignal, error) {
	return func(r *registry.Registry) (*PendingSignal, error) {
		k, err := r.Key(path)
		if registry.Absent(err) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		keys, err := k.Subkeys()
		if len(keys) == 0 && err == nil {
			values, err := k.Values()
			if len(values) == 0 {
				return nil, err
			}
		}
		if err != nil && len(keys) == 0 {
			return nil, err
		}
		return &PendingSignal{Detail: fmt.Sprintf("%s holds %d keys", k.Path(), len(keys)), Evidence: k.Evidence("")}, nil
	}
}

// valueSet looks for a number other than zero.
func valueSet(path, value string) func(*registry.Registry) (*PendingSignal, error) {
	return func(r *registry.Registry) (*PendingSignal, error) {
		k, err := r.Key(path)
		n := uint64(0)
		if err == nil {
			n, err = k.Number(value)
		}
		if registry.Absent(err) || err == nil && n == 0 {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		return &PendingSignal{Detail: fmt.Sprintf("%s is %d", value, n), Evidence: k.Evidence(value)}, nil
	}
}

func fileRenames(r *registry.Registry) (*PendingSignal, error) {
	k, err := r.Key(sessionKey)
	if err != nil {
		return nil, err // a Windows without this key does not start
	}
	for _, value := range []string{"PendingFileRenameOperations", "PendingFileRenameOperations2"} {
		data, err := k.Value(value)
		if registry.Absent(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		names, ok := data.([]string) // pairs: from, to; an empty "to" deletes
		if !ok {
			return nil, fmt.Errorf("%s → %s holds a %T, expected a list", k.Path(), value, data)
		}
		if strings.Join(names, "") == "" {
			continue
		}
		return &PendingSignal{Detail: fmt.Sprintf("%d files are to be renamed or deleted", (len(names)+1)/2), Evidence: k.Evidence(value)}, nil
	}
	return nil, nil
}

// computerRename compares the name that is to come with the one in force. The latter is not kept on the disk by every
// Windows; without it there is nothing to compare.
func computerRename(r *registry.Registry) (*PendingSignal, error) {
	var names [2]string
	var k *registry.Key
	for i, sub := range []string{"ActiveComputerName", "ComputerName"} {
		var err error
		if k, err = r.Key(namesKey + `\` + sub); err == nil {
			names[i], err = k.Text("ComputerName")
		}
		if registry.Absent(err) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
	}
	if strings.EqualFold(names[0], names[1]) {
		return nil, nil
	}
	return &PendingSignal{Detail: fmt.Sprintf("the computer %s is to be called %s", names[0], names[1]), Evidence: k.Evidence("ComputerName")}, nil
}

func domainJoin(r *registry.Registry) (*PendingSignal, error) {
	k, err := r.Key(netlogonKey)
	if registry.Absent(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var unread error
	for _, name := range []string{"JoinDomain", "AvoidSpnSet"} {
		sub, err := k.Open(name)
		if err == nil {
			return &PendingSignal{Detail: sub.Path() + " exists", Evidence: sub.Evidence("")}, nil
		}
		_, noValue := k.Value(name)
		if noValue == nil {
			return &PendingSignal{Detail: name + " is set", Evidence: k.Evidence(name)}, nil
		}
		for _, err := range []error{err, noValue} {
			if !registry.Absent(err) {
				unread = errors.Join(unread, err)
			}
		}
	}
	return nil, unread
}

// pendingFile looks for the list of operations that servicing has put off until the next start.
func pendingFile(t *target.Target) (*PendingSignal, error) {
	info, err := t.Stat(pendingXML)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	}
	file := t.Display(pendingXML)
	return &PendingSignal{
		Detail:   fmt.Sprintf("%s exists (%d bytes)", file, info.Size()),
		Evidence: sdk.Evidence{File: file, Time: info.ModTime().UTC(), Text: "pending.xml exists"},
	}, nil
}
