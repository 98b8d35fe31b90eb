package execute

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/engine/diagnose"
	"github.com/rectify-project/rectify/engine/fact"
	"github.com/rectify-project/rectify/engine/journal"
	"github.com/rectify-project/rectify/engine/plan"
	"github.com/rectify-project/rectify/engine/playbook"
	"github.com/rectify-project/rectify/sdk/target"
)

var start = time.Date(2026, 1, 16, 11, 0, 0, 0, time.UTC)

// checked is a playbook over the world with these steps, and what follows them.
func checked(t testing.TB, steps string) *check.Playbook {
	t.Helper()
	if !strings.Contains(steps, "\nverify:") {
		steps += "\nverify: {fixed: 'cured.value == \"yes\"', pending: 'pending.value == \"yes\"'}\n"
	}
	source := `rectify: v1
id: test/world
title: The world is sick
summary: It is.
codes: [0x8024001E]
probes:
  sick: {uses: w.read, with: {name: sick}}
  maybe: {uses: w.read, with: {name: maybe}}
  cured: {uses: w.read, with: {name: cured}}
  pending: {uses: w.read, with: {name: pending}}
  hand: {uses: w.read, with: {name: hand}}
  noted: {uses: w.read, with: {name: noted}}
  m2: {uses: w.read, with: {name: m2}}
  indexer: {uses: w.service, with: {name: indexer}}
  updater: {uses: w.service, with: {name: updater}}
  tasks: {uses: w.list, with: {name: task/}}
applies:
  when: sick.value == "yes"
causes:
  bad: {title: It is bad, when: 'sick.value == "yes"'}
  perhaps: {title: Perhaps, when: 'maybe.value == "yes"', suspect: 'not maybe.there'}
  never: {title: Never, when: 'sick.value == "no"'}
steps:
` + steps + `
escalate:
  say: Call somebody.
`
	doc, list := playbook.Parse("p.yaml", []byte(source))
	if list.HasErrors() {
		t.Fatal(list)
	}
	p, list := check.Check(doc, check.NewPluginCatalog(plugin()))
	if list.HasErrors() {
		t.Fatalf("%v\n%s", list, source)
	}
	return p
}

// records are a log in memory. What is kept is what a file would hold.
type records struct {
	list  []journal.Record
	point func(string)
	// refuse gives the error of an append; nil for none.
	refuse func(kind journal.Kind, step string) error
}

func (l *records) Append(kind journal.Kind, step string, data any) error {
	l.point("before " + string(kind) + " " + step)
	written, err := plainJSON(data)
	if err != nil {
		return err
	}
	if l.refuse != nil {
		if err := l.refuse(kind, step); err != nil {
			return err
		}
	}
	l.list = append(l.list, journal.Record{Sequence: int64(len(l.list) + 1), Time: start, Kind: kind, Step: step, Data: written})
	l.point("after " + string(kind) + " " + step)
	return nil
}

func (l *records) StateDir(name string) (string, error) {
	if l.refuse != nil {
		if err := l.refuse("state dir", name); err != nil {
			return "", err
		}
	}
	return name, nil
}

func (l *records) of(kinds ...journal.Kind) []journal.Record {
	return slices.DeleteFunc(slices.Clone(l.list), func(rec journal.Record) bool { return !slices.Contains(kinds, rec.Kind) })
}

// String tells the records in short, for failures.
func (l *records) String() string {
	var out strings.Builder
	for _, rec := range l.list {
		data := string(rec.Data)
		if len(data) > 160 {
			data = data[:160] + "…"
		}
		if rec.Kind == journal.Started || rec.Kind == journal.Rebound {
			data = ""
		}
		fmt.Fprintf(&out, "  %-10s %-24s %s\n", rec.Kind, rec.Step, data)
	}
	return out.String()
}

// clock is a time that waiting moves on.
type clock struct {
	now    time.Time
	waited func(time.Duration) // may be nil
}

func (c *clock) Now() time.Time { return c.now }

func (c *clock) Wait(_ context.Context, d time.Duration) {
	c.now = c.now.Add(d)
	if c.waited != nil {
		c.waited(d)
	}
}

// operator approves and answers everything, unless it is told otherwise.
type operator struct {
	approve func(plan.Unit) Decision
	answer  func(s *plan.Step, problem string) Reply
	failed  func(s *plan.Step, f journal.Failure) Choice
	asked   []string // keys of what was approved
}

func (o *operator) Approve(_ context.Context, u plan.Unit) (Approval, error) {
	o.asked = append(o.asked, u.Step.Key)
	d := Yes
	if o.approve != nil {
		d = o.approve(u)
	}
	return Approval{d, "test"}, nil
}

func (o *operator) Answer(_ context.Context, s *plan.Step, problem string) (Reply, error) {
	if o.answer != nil {
		return o.answer(s, problem), nil
	}
	return Reply{problem == "", "yes", "test"}, nil
}

func (o *operator) Failed(_ context.Context, s *plan.Step, f journal.Failure) (Choice, error) {
	if o.failed != nil {
		return o.failed(s, f), nil
	}
	return Leave, nil
}

// scene is a world with a playbook, and what its run has written.
type scene struct {
	t        testing.TB
	playbook *check.Playbook
	world    *world
	log      *records
	clock    *clock
	operator *operator
	stop     chan struct{}
	events   []string
	choice   plan.Choice
	assumed  diagnose.Assumptions
	kind     target.Kind
	known    map[string]*diagnose.Result // by the world

	plan  *plan.Plan
	hands *hands
	run   *Run // of the last process
}

func newScene(t testing.TB, steps string) *scene {
	t.Helper()
	return sceneOf(t, checked(t, steps))
}

func sceneOf(t testing.TB, p *check.Playbook) *scene {
	s := &scene{t: t, playbook: p, world: newWorld(), log: &records{point: func(string) {}}, clock: &clock{now: start}, operator: &operator{}, stop: make(chan struct{}), kind: target.Live, known: map[string]*diagnose.Result{}}
	s.hands = newHands(s.world)
	return s
}

// diagnose concludes from the world as it is.
func (s *scene) diagnose(ctx context.Context, w *world) *plan.Builder {
	p := s.playbook
	r := s.known[string(w.json())]
	if r == nil {
		w = w.clone()
		r = diagnose.Run(ctx, p, w, map[string]any{}, start, s.assumed)
		if r.Outcome == diagnose.Seen || r.Outcome == diagnose.Unclear {
			fact.Gather(ctx, p, plan.Needed(p), r.Facts, r.Environment.Value, w)
		}
		s.known[string(w.json())] = r
	}
	return &plan.Builder{Playbook: p, Result: r, Target: s.kind, Choice: s.choice}
}

// look diagnoses the world as it is, and plans.
func (s *scene) look(ctx context.Context, by *hands) (*plan.Builder, *plan.Plan) {
	p := s.playbook
	b := s.diagnose(ctx, by.world)
	b.Preparer = by
	out := b.Build(ctx, "stamp")
	out.Playbook, out.Target = plan.Playbook{ID: p.ID, SHA256: "x"}, plan.Target{Identity: "world"}
	out.Seal(p, b.Result, map[string]any{})
	return b, out
}

// begin writes down that a run begins.
func (s *scene) begin() {
	s.t.Helper()
	_, s.plan = s.look(s.t.Context(), newHands(s.world.clone()))
	written, err := json.Marshal(s.plan) // with escapes for HTML, as the facade writes it
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.log.Append(journal.Started, "", journal.Start{Playbook: "test/world", Plan: written, Facts: s.world.json()}); err != nil {
		s.t.Fatal(err)
	}
}

// recorded reads the plan back that the run goes by, and the world that it rests on, as a new process does.
func (s *scene) recorded() (p *plan.Plan, diagnosed *world) {
	var last, known journal.Start
	for _, rec := range s.log.list {
		if rec.Kind == journal.Started || rec.Kind == journal.Rebound {
			if last = read[journal.Start](rec); last.Facts != nil {
				known = last
			}
		}
	}
	return read[*plan.Plan](journal.Record{Data: last.Plan}), read[*world](journal.Record{Data: known.Facts})
}

// config is what a process needs that carries the run out or goes on with it.
func (s *scene) config() Config {
	p, diagnosed := s.recorded()
	b := s.diagnose(s.t.Context(), diagnosed)
	b.Preparer = s.hands
	return Config{
		Playbook: s.playbook, Plan: p, Builder: b, Hands: s.hands, Observer: s.world, Operator: s.operator, Log: s.log, Clock: s.clock,
		History: slices.Clone(s.log.list), Started: start, Stop: s.stop, Replan: s.replan, Tell: s.tell,
	}
}

func (s *scene) replan(ctx context.Context) (Replanned, error) {
	b, p := s.look(ctx, s.hands)
	return Replanned{Builder: b, Plan: p, Facts: s.world.json()}, nil
}

func (s *scene) tell(e Event) {
	key := ""
	if e.Step != nil {
		key = e.Step.Key
	}
	s.events = append(s.events, strings.TrimSpace(fmt.Sprintf("%s %s %s", e.Kind, key, e.Text)))
}

// said says whether an event was told that holds a text.
func (s *scene) said(text string) int {
	n := 0
	for _, e := range s.events {
		if strings.Contains(e, text) {
			n++
		}
	}
	return n
}

// goes carries the plan out, or goes on with it.
func (s *scene) goes(ctx context.Context) (Result, error) {
	s.t.Helper()
	if len(s.log.list) == 0 {
		s.begin()
	}
	s.run = New(s.config())
	return s.run.Go(ctx)
}

func (s *scene) must(ctx context.Context) Result {
	s.t.Helper()
	result, err := s.goes(ctx)
	if err != nil {
		s.t.Fatalf("%v\n%s", err, s.log)
	}
	return result
}

// undo takes the run back, or steps of it.
func (s *scene) undo(ctx context.Context, steps ...string) (UndoResult, error) {
	p, _ := s.recorded()
	return Undo(ctx, UndoConfig{Hands: s.hands, Log: s.log, Records: slices.Clone(s.log.list), Plan: p, Steps: steps, Stop: s.stop, Tell: s.tell})
}

// taken takes the run back and makes sure that the world is as it was.
func (s *scene) taken(before *world) {
	s.t.Helper()
	result, err := s.undo(s.t.Context())
	if err != nil && !errors.Is(err, ErrNothing) || result.Stop != nil {
		s.t.Fatalf("%v %+v\n%s", err, result, s.log)
	}
	s.same("after undo", before)
}

func (s *scene) same(what string, want *world) {
	s.t.Helper()
	if got, want := s.world.String(), want.String(); got != want {
		s.t.Errorf("%s the world is\n%s\nwant\n%s\n%s", what, got, want, s.log)
	}
}
