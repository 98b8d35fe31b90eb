package tasks

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sys/windows"

	"github.com/rectify-project/rectify/internal/machine/com"
)

func live() System { return taskschd{} }

// taskschd is the Task Scheduler through Task Scheduler 2.0 (taskschd.h).
type taskschd struct{}

const (
	enumHidden     = 0x1 // TASK_ENUM_HIDDEN
	createOrUpdate = 0x6 // TASK_CREATE_OR_UPDATE
	serviceAccount = 5   // TASK_LOGON_SERVICE_ACCOUNT
)

// administratorsOnly is the access list of tasks that run as SYSTEM: it and administrators alone have access.
const administratorsOnly = "D:P(A;;FA;;;SY)(A;;FA;;;BA)"

// inRoot calls do with the root folder.
func inRoot[T any](ctx context.Context, do func(root folder) (T, error)) (T, error) {
	t, err := com.Do(ctx, func() (T, error) {
		var none T
		root, err := openRoot()
		if err != nil {
			return none, err
		}
		defer root.Release()
		return do(root)
	})
	return t, classified(err)
}

func (taskschd) Task(ctx context.Context, path string) (Task, error) {
	return inRoot(ctx, func(root folder) (Task, error) {
		t, err := root.task(path)
		if err != nil {
			return Task{}, err
		}
		defer t.Release()
		return t.read()
	})
}

func (taskschd) SetEnabled(ctx context.Context, path string, enabled bool) error {
	return inTask(ctx, path, func(t task) error { return t.setEnabled(enabled) })
}

func (taskschd) Run(ctx context.Context, path string) error {
	return inTask(ctx, path, func(t task) error { return t.run() })
}

func inTask(ctx context.Context, path string, do func(task) error) error {
	_, err := inRoot(ctx, func(root folder) (struct{}, error) {
		t, err := root.task(path)
		if err != nil {
			return struct{}{}, err
		}
		defer t.Release()
		return struct{}{}, do(t)
	})
	return err
}

func (taskschd) Register(ctx context.Context, path, xml string) error {
	_, err := inRoot(ctx, func(root folder) (struct{}, error) { return struct{}{}, root.register(path, xml) })
	return err
}

func (taskschd) Delete(ctx context.Context, path string) error {
	_, err := inRoot(ctx, func(root folder) (struct{}, error) { return struct{}{}, root.delete(path) })
	return err
}

// The bounds of a list; Windows has some 300 tasks in 5 levels.
const (
	maxTasks = 20_000
	maxDepth = 16
)

func (taskschd) List(ctx context.Context) (Listing, error) {
	l, err := inRoot(ctx, func(root folder) (Listing, error) {
		w := walk{ctx: ctx}
		err := w.folder(root, `\`, 0)
		return w.Listing, err
	})
	if err != nil {
		return Listing{}, err
	}
	slices.SortFunc(l.Tasks, func(a, b Task) int { return strings.Compare(a.Path, b.Path) })
	l.Limited = !windows.GetCurrentProcessToken().IsElevated()
	return l, nil
}

type walk struct {
	Listing
	ctx context.Context // of List: the walk is one call
}

func (w *walk) unread(path string, isFolder bool, err error) {
	w.Unread = append(w.Unread, Unread{path, isFolder, classified(err)})
}

// folder reads a folder with those in it. Of the root nothing is left to be read when it cannot be.
func (w *walk) folder(f folder, path string, depth int) error {
	err := f.tasks(func(t task, err error) error {
		if err != nil {
			w.unread(path, true, err)
			return w.more()
		}
		read, err := t.read()
		if err != nil {
			w.unread(cmp.Or(read.Path, path), read.Path == "", err)
		} else {
			w.Tasks = append(w.Tasks, read)
		}
		return w.more()
	})
	if err == nil {
		err = f.folders(func(sub folder, err error) error {
			if err != nil {
				w.unread(path, true, err)
				return w.more()
			}
			at, err := sub.path()
			switch {
			case err != nil:
				w.unread(path, true, err)
			case depth >= maxDepth:
				w.unread(at, true, fmt.Errorf("folders of tasks more than %d levels deep are not looked into", maxDepth))
			default:
				return w.folder(sub, at, depth+1)
			}
			return w.more()
		})
	}
	if err != nil && depth > 0 && w.more() == nil {
		w.unread(path, true, err)
		return nil
	}
	return err
}

var errTooMany = errors.New("there are more than 20000 tasks and folders that cannot be read")

// more says whether the walk goes on.
func (w *walk) more() error {
	if len(w.Tasks)+len(w.Unread) > maxTasks {
		return errTooMany
	}
	return w.ctx.Err()
}
