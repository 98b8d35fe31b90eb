// Package files finds the files of a target that a question names, and keeps account of what could not be looked at.
package files

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/schema"
	"github.com/rectify-project/rectify/sdk/target"
)

// Find gives the regular files that the patterns match, each once, sorted; of more than limit the last by name. Problems
// has the folders that could not be read. An error is an [*sdk.Error]: a pattern that no target can have, or Unavailable
// where no file is there.
func Find(t *target.Target, patterns []schema.TargetPath, limit int) (paths []string, problems Problems, err error) {
	denied := false
	for i, p := range patterns {
		found, err := t.Glob(string(p))
		var place *fs.PathError
		switch {
		case errors.Is(err, target.ErrNotWindows):
			return nil, problems, sdk.Errorf(sdk.Unsupported, "%v", err)
		case errors.As(err, &place):
			problems.Add(err.Error())
			denied = denied || errors.Is(err, fs.ErrPermission)
		case err != nil:
			return nil, problems, sdk.Errorf(sdk.InvalidInput, "%v", err).WithPath(fmt.Sprintf("/files/%d", i))
		}
		for _, path := range found {
			info, err := t.Stat(path)
			switch {
			case err != nil: // a link that leads out of the disk, or to nothing
				problems.Add(err.Error())
				denied = denied || errors.Is(err, fs.ErrPermission)
			case !info.IsDir():
				paths = append(paths, path)
			}
		}
	}
	slices.Sort(paths)
	paths = slices.Compact(paths)
	switch {
	case len(paths) == 0 && denied:
		err := sdk.Errorf(sdk.AccessDenied, "the files cannot be listed: %s", &problems)
		if t.Kind() == target.Live {
			err = err.WithHint("run as an administrator")
		}
		return nil, problems, err
	case len(paths) == 0 && !problems.Empty():
		return nil, problems, sdk.Errorf(sdk.Unavailable, "no file that matches %s can be read: %s", join(patterns), &problems).
			WithHint("give a copy of the files themselves, on the disk that is looked at")
	case len(paths) == 0:
		return nil, problems, sdk.Errorf(sdk.Unavailable, "no file matches %s", join(patterns)).
			WithHint("this machine has no such file, or it was cleaned up; a backup or a shadow copy may have it")
	case len(paths) > limit:
		problems.Add(fmt.Sprintf("%d files match, only the last %d of them by name were read", len(paths), limit))
		paths = paths[len(paths)-limit:]
	}
	return paths, problems, nil
}

func join(patterns []schema.TargetPath) string {
	var list []string
	for _, p := range patterns {
		list = append(list, string(p))
	}
	return strings.Join(list, ", ")
}

// Problems are reasons why something was not seen. The zero value has none.
type Problems struct {
	list []string
	more bool
}

// maxProblems bounds how many reasons are told.
const maxProblems = 8

// Add adds a reason, unless it is there already.
func (p *Problems) Add(reason string) {
	switch {
	case slices.Contains(p.list, reason):
	case len(p.list) < maxProblems:
		p.list = append(p.list, reason)
	default:
		p.more = true
	}
}

// Clone gives problems that can be added to without changing p.
func (p *Problems) Clone() Problems { return Problems{slices.Clone(p.list), p.more} }

// Empty says that there is no reason.
func (p *Problems) Empty() bool { return len(p.list) == 0 }

func (p *Problems) String() string {
	s := strings.Join(p.list, "; ")
	if p.more {
		s += "; and more like these"
	}
	return s
}
