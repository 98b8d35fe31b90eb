package log

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rectify-project/rectify/internal/artefact/scan"
	"github.com/rectify-project/rectify/internal/machine/files"
	"github.com/rectify-project/rectify/internal/machine/period"
	"github.com/rectify-project/rectify/internal/machine/zone"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/schema"
)

// Bounds of one search.
const (
	maxPatterns = 64
	maxFiles    = 5000 // that are read
	maxListed   = 1000 // that the answer lists
	maxText     = 1000 // bytes of a line in the answer
	maxCapture  = 256  // bytes of one capture
)

// SearchInput is the input of log.search.
type SearchInput struct {
	Files      []schema.TargetPath      `json:"files" jsonschema_description:"Paths of logs; wildcards are allowed in file and folder names. Cabinets, zip and gzip files are looked into"`
	Patterns   map[string]schema.Regexp `json:"patterns" jsonschema_description:"Regular expressions (RE2) by name; each is matched against single lines"`
	Format     string                   `json:"format,omitempty" jsonschema:"enum=auto,enum=cbs,enum=windowsupdate,enum=plain,default=auto" jsonschema_description:"How lines begin: cbs (CBS.log, dism.log), windowsupdate (WindowsUpdate.log), plain (no time, or ISO 8601 with a zone), auto (whatever fits)"`
	Windows    []sdk.Window             `json:"windows,omitzero" jsonschema_description:"Only lines from these spans of time count. An empty list means that there is nothing to look at"`
	Since      *schema.Span             `json:"since,omitempty" jsonschema_description:"Only lines that are not older than this count, from the target's own time back"`
	Sequence   *Sequence                `json:"sequence,omitempty" jsonschema_description:"Lines that must follow one another"`
	MaxMatches int                      `json:"max_matches,omitempty" jsonschema:"minimum=1,maximum=200,default=50" jsonschema_description:"How many matches of each pattern are listed, the newest ones; the counts are exact all the same"`
}

// Sequence asks for lines that follow one another.
type Sequence struct {
	Patterns []string    `json:"patterns" jsonschema_description:"Names of patterns in the order in which their lines must come"`
	Within   schema.Span `json:"within" jsonschema_description:"The time from the first to the last of them, at most"`
}

// SearchOutput is the answer of log.search.
type SearchOutput struct {
	Patterns map[string]Hits `json:"patterns" jsonschema_extras:"x-keys-from=patterns" jsonschema_description:"What each pattern found"`
	Sequence *Runs           `json:"sequence,omitempty" jsonschema_description:"What the sequence found, where one was asked for"`
	Files    []File          `json:"files" jsonschema_description:"The logs that were looked at, at most 1000 of them"`
	TimeZone string          `json:"time_zone,omitempty" jsonschema:"enum=anchors in the log,enum=the disk's time zone,enum=unknown: treated as UTC" jsonschema_description:"What local times were turned into UTC by; the weakest of all logs. Absent where no line had a local time"`
}

// Hits is what one pattern found.
type Hits struct {
	Count   int        `json:"count" jsonschema_extras:"x-counts=matches" jsonschema_description:"Lines that match"`
	First   *time.Time `json:"first,omitempty" jsonschema_description:"Time of the oldest of them"`
	Last    *time.Time `json:"last,omitempty" jsonschema_description:"Time of the newest of them"`
	Cut     bool       `json:"cut,omitempty" jsonschema_description:"Whether there are more matches than are listed"`
	Matches []Match    `json:"matches" jsonschema_description:"The newest of them, oldest first"`
}

// Match is one line.
type Match struct {
	File     string            `json:"file" jsonschema_description:"The log; of a packed one also the file in it, behind an arrow"`
	Line     int64             `json:"line" jsonschema_description:"Line number from 1"`
	Time     *time.Time        `json:"time,omitempty" jsonschema_description:"When the line was written; that of the line above where it has no time of its own"`
	Text     string            `json:"text" jsonschema_description:"The line, at most 1000 bytes of it"`
	Captures map[string]string `json:"captures,omitempty" jsonschema_description:"What the named groups of the pattern matched"`

	Evidence sdk.Evidence `json:"-"`
}

// File is a log that was looked at.
type File struct {
	Path    string       `json:"path" jsonschema_description:"The log; of a packed one also the file in it, behind an arrow"`
	Size    schema.Bytes `json:"size" jsonschema_description:"Bytes, unpacked"`
	Lines   *int64       `json:"lines,omitempty" jsonschema_description:"Lines in it; absent where it need not be read whole, because its times lie outside of what was asked for"`
	First   *time.Time   `json:"first,omitempty" jsonschema_description:"Time of its first line"`
	Last    *time.Time   `json:"last,omitempty" jsonschema_description:"Time of its last line"`
	Problem string       `json:"problem,omitempty" jsonschema_description:"Why not all of it could be read"`
}

const searchDoc = `Reads text logs in any encoding that Windows writes, line by line: plain, or packed in cabinets (CbsPersist_*.cab),
zip and gzip files. All patterns are searched for in one pass; of a log of any size only little is held in memory.

Local times become UTC by the moments in UTC that servicing logs hold themselves, else by the time zone of the disk. A
line that cannot be placed in time, while only some time counts, is not counted; the answer is then partial.

The answer is partial when a log could not be read whole; when the oldest line in a folder of logs is younger than the
start of a window; when the newest log of a folder is missing (only rotated or packed ones are there) and ends before
the window does; and when lines that match could not be placed in time. A log that is quiet at its end is complete:
nothing happened. When no file is there at all, the fact is not known.

On a running Windows a log that another program has open for itself alone cannot be read; the answer is partial then too.`

func searchProbe() sdk.Probe {
	return sdk.NewProbe(sdk.ProbeManifest{
		Name:    "search",
		Summary: "Lines of text logs that match patterns, in windows of time",
		Doc:     searchDoc,
		Targets: []sdk.TargetKind{sdk.Live, sdk.Offline},
		Needs:   sdk.Needs{Platforms: []string{"windows"}},
		Healthy: json.RawMessage(`{"patterns":{"*":{"count":0,"matches":[]}},"files":[]}`),
	}, search)
}

func search(ctx context.Context, call *sdk.Call, in SearchInput) (sdk.Reading[SearchOutput], error) {
	var none sdk.Reading[SearchOutput]
	q, err := newQuestion(in, call.Target.Now())
	if err != nil {
		return none, err
	}
	f := newFindings(q)
	if q.empty {
		return sdk.Observed(f.answer()), nil
	}
	paths, problems, err := files.Find(call.Target, in.Files, maxFiles)
	if err != nil {
		return none, err
	}
	f.problems = problems
	s := &searcher{question: q, findings: f, target: call.Target}
	s.zone, f.zoneless = zone.Of(call.Target)
	for i, path := range paths {
		call.Progress(sdk.Progress{Done: int64(i), Total: int64(len(paths)), Unit: "files", Note: path})
		if err := s.file(ctx, path); err != nil {
			return none, err
		}
	}
	if f.read == 0 {
		return none, sdk.Errorf(sdk.Unavailable, "none of the logs can be read: %s", &f.problems).
			WithHint("give a copy of the logs that can be read")
	}
	r := sdk.Observed(f.answer())
	r.Partial, r.Covers, r.Settle = f.missed(call.Target.Now())
	return r, nil
}

// question is a search that was checked and compiled.
type question struct {
	names   []string      // of the patterns, sorted
	bare    *scan.Matcher // of the patterns
	matcher *scan.Matcher // of the patterns, and of the moments in UTC of servicing logs
	stamp   func() *stamper
	times   period.Times
	empty   bool // there is nothing to look at
	keep    int
	steps   []int // indexes into names
	within  time.Duration
}

// anchors is the index of the pattern that the search itself adds, behind those of the caller.
func (q *question) anchors() int { return len(q.names) }

func newQuestion(in SearchInput, now time.Time) (*question, error) {
	if len(in.Files) == 0 {
		return nil, sdk.Errorf(sdk.InvalidInput, "no file is given; expected at least one path").WithPath("/files")
	}
	if n := len(in.Patterns); n == 0 || n > maxPatterns {
		return nil, sdk.Errorf(sdk.InvalidInput, "%d patterns are given; expected 1 to %d", n, maxPatterns).WithPath("/patterns")
	}
	q := &question{keep: in.MaxMatches}
	if q.keep == 0 {
		q.keep = 50
	}
	for name := range in.Patterns {
		q.names = append(q.names, name)
	}
	slices.Sort(q.names)
	patterns := make([]scan.Pattern, 0, len(q.names)+1)
	for _, name := range q.names {
		patterns = append(patterns, scan.Pattern{Name: name, Expr: string(in.Patterns[name])})
	}
	var err error
	if q.bare, err = compile(patterns); err != nil {
		return nil, err
	}
	q.matcher = q.bare
	if in.Format == "" || in.Format == "auto" || in.Format == "cbs" {
		if q.matcher, err = compile(append(patterns, anchorPattern)); err != nil {
			return nil, err
		}
	}
	if q.stamp, err = stamperFor(in.Format); err != nil {
		return nil, err
	}
	if q.times, q.empty, err = period.New(in.Windows, in.Since, now); err != nil {
		return nil, err
	}
	return q, q.sequence(in.Sequence)
}

func compile(patterns []scan.Pattern) (*scan.Matcher, error) {
	m, err := scan.Compile(patterns)
	var wrong *scan.PatternError
	if errors.As(err, &wrong) {
		return nil, sdk.Errorf(sdk.InvalidInput, "%v", err).WithPath("/patterns/" + pointer(wrong.Name))
	}
	if err != nil {
		return nil, fmt.Errorf("compile the patterns: %w", err)
	}
	return m, nil
}

// pointer escapes a key for a JSON pointer (RFC 6901).
func pointer(key string) string { return strings.NewReplacer("~", "~0", "/", "~1").Replace(key) }

func (q *question) sequence(s *Sequence) error {
	if s == nil {
		return nil
	}
	if len(s.Patterns) < 2 {
		return sdk.Errorf(sdk.InvalidInput, "a sequence has at least two patterns").WithPath("/sequence/patterns")
	}
	if s.Within <= 0 {
		return sdk.Errorf(sdk.InvalidInput, "a sequence needs a time that it may take, such as 30m").WithPath("/sequence/within")
	}
	for i, name := range s.Patterns {
		at, ok := slices.BinarySearch(q.names, name)
		if !ok {
			return sdk.Errorf(sdk.InvalidInput, "%q is no pattern of this search; known are %s", name, strings.Join(q.names, ", ")).
				WithPath(fmt.Sprintf("/sequence/patterns/%d", i))
		}
		q.steps = append(q.steps, at)
	}
	q.within = time.Duration(s.Within)
	return nil
}
