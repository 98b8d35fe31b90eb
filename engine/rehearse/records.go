package rehearse

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/rectify-project/rectify/engine/execute"
	"github.com/rectify-project/rectify/engine/journal"
	"github.com/rectify-project/rectify/engine/plan"
)

// records is a journal in memory. What is kept is what a file would hold: data as JSON.
type records struct {
	clock execute.Clock
	list  []journal.Record
}

var _ execute.Log = (*records)(nil)

// Append adds a record.
func (r *records) Append(kind journal.Kind, step string, data any) error {
	written, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("a record %q cannot be written: %w", kind, err)
	}
	r.list = append(r.list, journal.Record{Sequence: int64(len(r.list) + 1), Run: "rehearsal", Time: r.clock.Now(), Kind: kind, Step: step, Data: written})
	return nil
}

// StateDir gives no folder: what simulated actions remember is in memory.
func (r *records) StateDir(string) (string, error) { return "", nil }

// plan reads the plan back that the run goes by, as a start after a restart does.
func (r *records) plan() (*plan.Plan, error) {
	var p *plan.Plan
	for _, rec := range r.list {
		if rec.Kind != journal.Started && rec.Kind != journal.Rebound {
			continue
		}
		var start journal.Start
		if err := json.Unmarshal(rec.Data, &start); err != nil {
			return nil, err
		}
		p = &plan.Plan{}
		if err := json.Unmarshal(start.Plan, p); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// dataOf gives the data of a record, which [records.Append] has written.
func dataOf[T any](rec journal.Record) T {
	var v T
	_ = json.Unmarshal(rec.Data, &v)
	return v
}

// closed says whether the last `finally` of a group ran after all of the group had worked.
func (r *records) closed(group string) bool {
	complete := false
	for _, rec := range r.list {
		if rec.Kind == journal.Closed && rec.Step == group {
			complete = dataOf[journal.Group](rec).Reason == ""
		}
	}
	return complete
}

// doing gives the id of the step whose effect is about to begin, or has begun last.
func (r *records) doing() string {
	for _, rec := range slices.Backward(r.list) {
		if rec.Kind == journal.Intended {
			return idOf(rec.Step)
		}
	}
	return ""
}

// idOf gives the id of a step of the playbook by the key of an instance: "task" of "each_host[2]/task[1]".
func idOf(key string) string {
	id := key[strings.LastIndexByte(key, '/')+1:]
	id, _, _ = strings.Cut(id, "[")
	return id
}
