package tasks

import (
	"fmt"
	"time"

	"golang.org/x/sys/windows"

	"github.com/rectify-project/rectify/internal/machine/com"
)

var (
	classTaskScheduler = windows.GUID{Data1: 0x0f87369f, Data2: 0xa4e5, Data3: 0x4cfc, Data4: [8]byte{0xbd, 0x3e, 0x73, 0xe6, 0x15, 0x45, 0x72, 0xdd}}
	ifaceTaskService   = windows.GUID{Data1: 0x2faba4c7, Data2: 0x4da9, Data3: 0x4013, Data4: [8]byte{0x96, 0x97, 0x20, 0xcc, 0x3f, 0xd4, 0x0f, 0x85}}
)

// The slots of the vtables, as taskschd.h has them; all of these interfaces derive from IDispatch.
const (
	serviceGetFolder = 7
	serviceConnect   = 10

	folderGetPath      = 8
	folderGetFolders   = 10
	folderGetTask      = 13
	folderGetTasks     = 14
	folderDeleteTask   = 15
	folderRegisterTask = 16

	collectionGetCount = 7
	collectionGetItem  = 8

	taskGetPath           = 8
	taskGetState          = 9
	taskGetEnabled        = 10
	taskPutEnabled        = 11
	taskRun               = 12
	taskGetLastRunTime    = 15
	taskGetLastTaskResult = 16
	taskGetXML            = 20
)

// folder is an ITaskFolder.
type folder struct{ com.Object }

// task is an IRegisteredTask.
type task struct{ com.Object }

// openRoot connects to the Task Scheduler of this machine, as whoever this process runs as.
func openRoot() (folder, error) {
	service, err := com.Create("TaskScheduler", classTaskScheduler, ifaceTaskService)
	if err != nil {
		return folder{}, err
	}
	defer service.Release()
	var server, user, domain, password com.Variant
	err = service.Call(serviceConnect, "ITaskService.Connect", server.Arg(), user.Arg(), domain.Arg(), password.Arg())
	for _, v := range []*com.Variant{&server, &user, &domain, &password} {
		v.Clear()
	}
	if err != nil {
		return folder{}, err
	}
	path, err := com.NewBSTR(`\`)
	if err != nil {
		return folder{}, err
	}
	defer path.Free()
	root, err := service.Out(serviceGetFolder, "ITaskService.GetFolder", path.Arg())
	return folder{root}, err
}

func (f folder) path() (string, error) { return f.Text(folderGetPath, "ITaskFolder.get_Path") }

func (f folder) task(path string) (task, error) {
	name, err := com.NewBSTR(path)
	if err != nil {
		return task{}, err
	}
	defer name.Free()
	t, err := f.Out(folderGetTask, "ITaskFolder.GetTask", name.Arg())
	return task{t}, err
}

// tasks visits the tasks in a folder, hidden ones too. One that cannot be got is visited with the error.
func (f folder) tasks(visit func(task, error) error) error {
	all, err := f.Out(folderGetTasks, "ITaskFolder.GetTasks", enumHidden)
	if err != nil {
		return err
	}
	defer all.Release()
	return items(all, "IRegisteredTaskCollection", func(o com.Object, err error) error { return visit(task{o}, err) })
}

// folders visits the folders in a folder.
func (f folder) folders(visit func(folder, error) error) error {
	all, err := f.Out(folderGetFolders, "ITaskFolder.GetFolders", 0)
	if err != nil {
		return err
	}
	defer all.Release()
	return items(all, "ITaskFolderCollection", func(o com.Object, err error) error { return visit(folder{o}, err) })
}

// items visits the members of a collection, which are counted from 1, and gives each back.
func items(all com.Object, kind string, visit func(com.Object, error) error) error {
	n, err := all.Int(collectionGetCount, kind+".get_Count")
	if err != nil {
		return err
	}
	for i := int32(1); i <= n; i++ {
		index := com.NewInt(i)
		item, err := all.Out(collectionGetItem, kind+".get_Item", index.Arg())
		index.Clear()
		err = visit(item, err)
		item.Release()
		if err != nil {
			return err
		}
	}
	return nil
}

func (f folder) register(path, xml string) error {
	name, err := com.NewBSTR(path)
	if err != nil {
		return err
	}
	defer name.Free()
	text, err := com.NewBSTR(xml)
	if err != nil {
		return err
	}
	defer text.Free()
	access, err := com.NewText(administratorsOnly)
	if err != nil {
		return err
	}
	defer access.Clear()
	var user, password com.Variant // the user is the one of the definition, by SID: names of accounts are translated
	defer user.Clear()
	defer password.Clear()
	t, err := f.Out(folderRegisterTask, "ITaskFolder.RegisterTask",
		name.Arg(), text.Arg(), createOrUpdate, user.Arg(), password.Arg(), serviceAccount, access.Arg())
	t.Release()
	return err
}

func (f folder) delete(path string) error {
	name, err := com.NewBSTR(path)
	if err != nil {
		return err
	}
	defer name.Free()
	return f.Call(folderDeleteTask, "ITaskFolder.DeleteTask", name.Arg(), 0)
}

// read reads what is to be known of a task. With an error the path may be known.
func (t task) read() (Task, error) {
	var r Task
	var err error
	if r.Path, err = t.Text(taskGetPath, "IRegisteredTask.get_Path"); err != nil {
		return r, err
	}
	if r.Enabled, err = t.Bool(taskGetEnabled, "IRegisteredTask.get_Enabled"); err != nil {
		return r, err
	}
	if r.XML, err = t.Text(taskGetXML, "IRegisteredTask.get_Xml"); err != nil {
		return r, err
	}
	state, err := t.Int(taskGetState, "IRegisteredTask.get_State")
	if err == nil {
		r.State, err = stateOf(state)
	}
	if err == nil {
		r.Last, err = t.last()
	}
	if err != nil {
		r.Unsaid = classified(err)
	}
	return r, nil
}

func stateOf(n int32) (State, error) {
	states := []State{Unknown, Disabled, Queued, Ready, Running}
	if n < 0 || int(n) >= len(states) {
		return Unknown, fmt.Errorf("IRegisteredTask.get_State: %d is no state that is known", n)
	}
	return states[n], nil
}

const hasNotRun = 0x00041303 // SCHED_S_TASK_HAS_NOT_RUN

// last reads the last run; nil when there was none. Windows gives its time as this machine's local time.
func (t task) last() (*Run, error) {
	result, err := t.Int(taskGetLastTaskResult, "IRegisteredTask.get_LastTaskResult")
	if err != nil {
		return nil, err
	}
	at, err := t.Date(taskGetLastRunTime, "IRegisteredTask.get_LastRunTime", time.Local)
	if err != nil || at.IsZero() || uint32(result) == hasNotRun {
		return nil, err
	}
	return &Run{at, uint32(result)}, nil
}

func (t task) setEnabled(enabled bool) error {
	return t.Call(taskPutEnabled, "IRegisteredTask.put_Enabled", com.BoolArg(enabled))
}

func (t task) run() error {
	var params com.Variant
	defer params.Clear()
	running, err := t.Out(taskRun, "IRegisteredTask.Run", params.Arg())
	running.Release()
	return err
}
