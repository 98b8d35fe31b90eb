package journal

import (
	"bytes"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os/user"
	"sync"
	"time"
)

// Run is a run that holds its target and appends to the journal. It is safe for concurrent use.
type Run struct {
	store *Store
	id    string
	lock  *lock

	mu  sync.Mutex
	err error // of the first append that failed, or that the run is closed
}

// errTaken is a run id that is there already.
var errTaken = errors.New("there is a run with this id already")

// Begin begins a run: it takes the target, makes sure that no earlier run has left it half changed, and appends the
// first record. A target that is held gives a [BusyError], one that was left half changed an [UnfinishedError], a state folder
// that is not protected an [UnprotectedError].
func (s *Store) Begin(start Start) (*Run, error) {
	if start.Target.Identity == "" {
		return nil, errors.New("a run cannot begin: its target has no identity, so nothing could keep another run away from it")
	}
	if err := s.guard(); err != nil {
		return nil, err
	}
	start.Unprotected = ""
	if s.exposed != nil {
		start.Unprotected = s.exposed.Reason
	}
	for tries := 1; ; tries++ {
		r, err := s.begin(start)
		if errors.Is(err, errTaken) && tries < 10 {
			continue
		}
		return r, err
	}
}

func (s *Store) begin(start Start) (*Run, error) {
	id, err := newID(s.now())
	if err != nil {
		return nil, err
	}
	r, err := s.hold(start.Target.Identity, id, start.Who.User)
	if err != nil {
		return nil, err
	}
	left, err := s.Unfinished(start.Target.Identity)
	if err == nil && len(left) > 0 {
		err = &UnfinishedError{Run: left[0]}
	}
	if err == nil {
		err = r.Append(Started, "", start)
	}
	if err == nil {
		// What the run rests on may have taken all the room that there was.
		if err = s.reserve(); err != nil {
			_ = r.Append(Stopped, "", Stop{Reason: "failed", Text: err.Error()}) // it may fit yet; nothing was changed
		}
	}
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// Continue takes the target of a run again, to resume the run or to take it back. The id may be anything that
// [Store.Find] accepts. A target that is held gives a [BusyError], a state folder that is not protected an
// [UnprotectedError].
func (s *Store) Continue(id string) (*Run, error) {
	if err := s.guard(); err != nil {
		return nil, err
	}
	sum, err := s.Find(id)
	if err != nil {
		return nil, err
	}
	who := ""
	if u, err := user.Current(); err == nil {
		who = u.Username
	}
	r, err := s.hold(sum.Target.Identity, sum.ID, who)
	if err != nil {
		return nil, err
	}
	if err := s.reserve(); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

func (s *Store) hold(identity, id, who string) (*Run, error) {
	if s.db == nil {
		return nil, fmt.Errorf("the journal %s was opened to be read only", s.path())
	}
	l, err := s.lockFile(lockName(identity), id, who, lockTries)
	if err != nil {
		return nil, err
	}
	return &Run{store: s, id: id, lock: l}, nil
}

// ID is the run's id.
func (r *Run) ID() string { return r.id }

// Append appends a record. It is on the disk when Append returns; data is the payload that stands beside the kind,
// step the key of the step's instance or empty. After an append that failed every later one fails with the same error,
// and the run must not go on: what happens next would not be known. The record of a failed append is not in the journal,
// save when the disk failed in the last moment: then it may turn up later.
func (r *Run) Append(kind Kind, step string, data any) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		r.err = r.store.append(r.id, kind, step, data)
	}
	return r.err
}

func (s *Store) append(run string, kind Kind, step string, data any) error {
	doing := fmt.Sprintf("append the record %s of run %s", kind, run)
	raw, err := encode(data)
	if err != nil {
		return s.fault(doing, err)
	}
	err = s.write(func(tx *sql.Tx) error {
		last, err := readHead(tx)
		if err != nil {
			return err
		}
		if kind == Started {
			var taken bool
			if err := tx.QueryRow("SELECT EXISTS (SELECT 1 FROM record WHERE run = ?)", run).Scan(&taken); err != nil {
				return err
			}
			if taken {
				return errTaken
			}
		}
		r := row{sequence: last.sequence + 1, run: run, time: s.now().UTC().Format(time.RFC3339Nano), kind: string(kind), step: step, data: raw}
		r.digest = r.chained(last.digest)
		if _, err := tx.Exec("INSERT INTO record (sequence, run, time, kind, step, digest, data) VALUES (?, ?, ?, ?, ?, ?, ?)",
			r.sequence, r.run, r.time, r.kind, r.step, r.digest, r.data); err != nil {
			return err
		}
		_, err = tx.Exec("UPDATE head SET sequence = ?, digest = ?", r.sequence, r.digest)
		return err
	})
	return s.fault(doing, err)
}

// encode writes a payload as one line of JSON. The characters of HTML are left as they are: what plugins gave must come
// back to them as it was.
func encode(data any) ([]byte, error) {
	if data == nil {
		return []byte{}, nil
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	err := e.Encode(data)
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), err
}

// Records gives the records of the run so far; see [Store.Records].
func (r *Run) Records() ([]Record, error) { return r.store.Records(r.id) }

// Close lets go of the target. It does not end the run: that is a record.
func (r *Run) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		r.err = fmt.Errorf("run %s is closed", r.id)
	}
	if r.lock == nil {
		return nil
	}
	l := r.lock
	r.lock = nil
	return l.release()
}

// letters make the random part of a run's id: without vowels, so that they spell nothing, and without those that look
// alike.
const letters = "bcdfghjkmnpqrstvwxz"

// newID makes the id of a run, "20261122-2118-kfwz": the minute in UTC, and letters that make it the only one.
func newID(now time.Time) (string, error) {
	random := make([]byte, 4)
	if _, err := rand.Read(random); err != nil {
		return "", err
	}
	for i, b := range random {
		random[i] = letters[int(b)%len(letters)]
	}
	return now.UTC().Format("20060102-1504-") + string(random), nil
}
