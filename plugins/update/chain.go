package update

import (
	"slices"
	"time"

	"github.com/rectify-project/rectify/internal/machine/newest"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/hresult"
)

// kind is what a step of an update was.
type kind int

const (
	downloadStarted kind = iota
	downloaded
	downloadFailed
	installStarted
	installed
	installFailed
	scanned
	scanFailed
)

func (k kind) failed() bool { return k == downloadFailed || k == installFailed || k == scanFailed }

// step is one event in the life of an update, wherever it was logged.
type step struct {
	kind     kind
	time     time.Time
	guid     string
	revision *int64
	title    string
	code     *hresult.Code // of a failure; nil where the log has none that can be read
	source   string
	evidence sdk.Evidence
}

// maxSteps bounds how many steps of one log are held; a machine logs some thousands a year.
const maxSteps = 20_000

func newSteps() *newest.List[step] {
	return newest.New(maxSteps, func(s step) time.Time { return s.time })
}

// The phases of an attempt.
const (
	phaseScan     = "scan"
	phaseDownload = "download"
	phaseInstall  = "install"
	phaseUnknown  = "unknown"
)

// The sources of an attempt.
const (
	sourceEvents  = "events"
	sourceHistory = "history"
)

// sameEnd is how far apart two logs may note the same end of an attempt.
const sameEnd = 5 * time.Minute

// maxEvidence bounds how many steps of one attempt are cited: its end, and the first steps before it.
const maxEvidence = 8

// progress is what is known of an update's attempt that has not ended.
type progress struct {
	download, install time.Time
	evidence          []sdk.Evidence
	last              *Attempt // the attempt before, which another log may note again
}

// chain makes attempts of steps: each end of an update belongs to the starts before it. The attempts are in the order
// of their ends.
func chain(steps []step) []*Attempt {
	slices.SortStableFunc(steps, func(a, b step) int { return a.time.Compare(b.time) })
	var found []*Attempt
	updates := map[string]*progress{}
	for i := range steps {
		s := &steps[i]
		which := s.guid
		if which == "" {
			which = s.title
		}
		p := updates[which]
		if p == nil {
			p = &progress{}
			updates[which] = p
		}
		switch s.kind {
		case downloadStarted:
			*p = progress{download: s.time, evidence: []sdk.Evidence{s.evidence}, last: p.last}
		case installStarted:
			p.install = s.time
			p.evidence = cite(p.evidence, s)
		case downloaded:
			p.evidence = cite(p.evidence, s)
		case scanned, scanFailed:
			found = append(found, p.scan(s))
		default:
			if a := p.end(s); a != nil {
				found = append(found, a)
			}
		}
	}
	return found
}

func cite(evidence []sdk.Evidence, s *step) []sdk.Evidence {
	if len(evidence) == maxEvidence {
		return evidence
	}
	return append(evidence, s.evidence)
}

func (p *progress) scan(s *step) *Attempt {
	return &Attempt{Phase: phaseScan, Code: s.code, Started: s.time.Add(-assumedDuration), StartedAssumed: true, Ended: s.time,
		Source: s.source, Evidence: []sdk.Evidence{s.evidence}, succeeded: s.kind == scanned}
}

// end makes an attempt of its end; nil where the end was noted before.
func (p *progress) end(s *step) *Attempt {
	if p.last != nil && p.download.IsZero() && p.install.IsZero() && s.time.Sub(p.last.Ended) <= sameEnd && p.last.sameResult(s) {
		p.last.Evidence = cite(p.last.Evidence, s)
		if s.kind == downloadFailed {
			p.last.Phase = phaseDownload
		}
		return nil
	}
	a := &Attempt{
		Title: s.title, KB: kbOf(s.title), UpdateGUID: s.guid, Revision: s.revision, Code: s.code,
		Ended: s.time, Source: s.source, Evidence: append([]sdk.Evidence{s.evidence}, p.evidence...),
		succeeded: s.kind == installed,
	}
	a.Phase, a.Started = p.begun(s)
	if a.Started.IsZero() {
		a.Started, a.StartedAssumed = s.time.Add(-assumedDuration), true
	}
	*p = progress{last: a}
	return a
}

func (a *Attempt) sameResult(s *step) bool {
	if s.kind == installed || a.succeeded {
		return s.kind == installed && a.succeeded
	}
	return a.Code == nil && s.code == nil || a.Code != nil && s.code != nil && *a.Code == *s.code
}

// begun tells the phase that an attempt ended in, and when that began; the zero time where no log says.
func (p *progress) begun(s *step) (phase string, started time.Time) {
	switch {
	case s.kind == downloadFailed:
		return phaseDownload, p.download
	case s.kind == installed:
		if p.install.IsZero() {
			return phaseInstall, p.download
		}
		return phaseInstall, p.install
	case !p.install.IsZero():
		return phaseInstall, p.install
	case !p.download.IsZero():
		return phaseDownload, p.download
	case s.code != nil && downloadCode(*s.code):
		return phaseDownload, time.Time{}
	}
	return phaseUnknown, time.Time{}
}

// downloadCode says whether a code comes from downloading alone: from the download manager (WU_E_DM_…, 0x80246xxx) or
// from Delivery Optimization (DO_E_…, 0x80D0xxxx).
func downloadCode(c hresult.Code) bool {
	return c>>12 == 0x80246 || c>>16 == 0x80D0
}
