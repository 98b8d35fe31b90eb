package servicing

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/rectify-project/rectify/internal/machine/command"
	"github.com/rectify-project/rectify/sdk/kept"
)

// Job is a change that a worker carries out. It lives in a folder of its own below the state directory of an action, so that
// whoever comes after a crash finds what was ordered, who is at work, and how it ended.
type Job struct{ Folder string }

// The files of a job, in the order in which they come into being.
const (
	orderFile  = "order.json"  // [Order], before the worker is started
	spawnFile  = "worker.txt"  // what the worker itself says
	workerFile = "worker.json" // [Worker], by the worker, before DISM is started and again when it was
	outputFile = "output.txt"  // what DISM writes
	resultFile = "result.json" // [Result], by the worker, when DISM has ended
)

const jobVersion = 1

// Order is what is to be done.
type Order struct {
	Version int    `json:"version"`
	Change  Change `json:"change"`
}

// Worker is who does it.
type Worker struct {
	Version int              `json:"version"`
	Self    command.Process  `json:"self"`
	DISM    *command.Process `json:"dism,omitempty"`
}

// Result is how DISM ended. What it has achieved, the store tells.
type Result struct {
	Version int       `json:"version"`
	Code    uint32    `json:"code"`
	Lost    bool      `json:"lost,omitempty"` // it ended, and nobody saw how: its worker had died
	Error   string    `json:"error,omitempty"`
	Ended   time.Time `json:"ended"`
}

// Jobs lists the jobs of a name below a state directory, oldest first.
func Jobs(stateDir, name string) ([]Job, error) {
	var jobs []Job
	for n := 1; ; n++ {
		j := Job{filepath.Join(stateDir, name+"-"+strconv.Itoa(n))}
		_, err := os.Stat(filepath.Join(j.Folder, orderFile))
		if errors.Is(err, fs.ErrNotExist) {
			return jobs, nil
		}
		if err != nil {
			return nil, err
		}
		jobs = append(jobs, j)
	}
}

// NewJob orders a change, durably. The job's number follows the last one's.
func NewJob(stateDir, name string, c Change) (Job, error) {
	if _, err := c.arguments(); err != nil {
		return Job{}, err
	}
	old, err := Jobs(stateDir, name)
	if err != nil {
		return Job{}, err
	}
	j := Job{filepath.Join(stateDir, name+"-"+strconv.Itoa(len(old)+1))}
	if err := os.Mkdir(j.Folder, 0o700); err != nil && !errors.Is(err, fs.ErrExist) { // a crash has left it without its order
		return Job{}, err
	}
	return j, j.write(orderFile, Order{jobVersion, c})
}

// Order reads what is to be done.
func (j Job) Order() (Order, error) {
	var o Order
	_, err := kept.Read(j.Folder, orderFile, &o)
	if err == nil && o.Version != jobVersion {
		err = fmt.Errorf("the order in %s has version %d, expected %d", j.Folder, o.Version, jobVersion)
	}
	return o, err
}

// Result reads how DISM ended; nil where it has not, or nobody has seen it.
func (j Job) Result() (*Result, error) {
	var r Result
	there, err := kept.Read(j.Folder, resultFile, &r)
	if !there || err != nil {
		return nil, err
	}
	return &r, nil
}

// Worker reads who works on it; nil where nobody has begun.
func (j Job) Worker() (*Worker, error) {
	var w Worker
	there, err := kept.Read(j.Folder, workerFile, &w)
	if !there || err != nil {
		return nil, err
	}
	return &w, nil
}

// AtWork says whether the worker, or the DISM that it started, is still there.
func (j Job) AtWork(running func(command.Process) (bool, error)) (bool, error) {
	if r, err := j.Result(); r != nil || err != nil {
		return false, err
	}
	w, err := j.Worker()
	if w == nil || err != nil {
		return false, err
	}
	at, err := running(w.Self)
	if !at && err == nil && w.DISM != nil {
		at, err = running(*w.DISM)
	}
	return at, err
}

// Output is what DISM has written so far, as far as it is read.
func (j Job) Output() (string, error) {
	text, err := readBounded(filepath.Join(j.Folder, outputFile))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return command.Decode(text), err
}

// Complaint is what the worker itself said, which it does when it cannot begin.
func (j Job) Complaint() string {
	text, err := readBounded(filepath.Join(j.Folder, spawnFile))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(command.Decode(text))
}

// readBounded reads a file up to what a program's output may have.
func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, command.MaxOutput))
}

// write makes a file of the job, or makes it anew, at once and durably.
func (j Job) write(name string, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if err := kept.WriteFile(filepath.Join(j.Folder, name), text); err != nil {
		return err
	}
	return kept.SyncFolder(filepath.Dir(j.Folder))
}
