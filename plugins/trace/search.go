package trace

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/rectify-project/rectify/internal/machine/files"
	"github.com/rectify-project/rectify/internal/machine/newest"
	"github.com/rectify-project/rectify/internal/machine/period"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/schema"
)

// Bounds of one search.
const (
	maxPatterns = 64
	maxFiles    = 5000 // that are read
	maxListed   = 1000 // that the answer lists
	maxText     = 1000 // bytes of an event in the answer
	maxCapture  = 256  // bytes of one capture
)

// SearchInput is the input of trace.search.
type SearchInput struct {
	Files      []schema.TargetPath      `json:"files" jsonschema_description:"Paths of traces; wildcards are allowed in file and folder names"`
	Patterns   map[string]schema.Regexp `json:"patterns" jsonschema_description:"Regular expressions (RE2) by name; each is matched against the text of single events, such as *Name* -> [field] : value;"`
	Windows    []sdk.Window             `json:"windows,omitzero" jsonschema_description:"Only events from these spans of time count. An empty list means that there is nothing to look at"`
	Since      *schema.Span             `json:"since,omitempty" jsonschema_description:"Only events that are not older than this count, from the target's own time back"`
	MaxMatches int                      `json:"max_matches,omitempty" jsonschema:"minimum=1,maximum=200,default=50" jsonschema_description:"How many matches of each pattern are listed, the newest ones; the counts are exact all the same"`
}

// SearchOutput is the answer of trace.search.
type SearchOutput struct {
	Patterns  map[string]Hits `json:"patterns" jsonschema_extras:"x-keys-from=patterns" jsonschema_description:"What each pattern found"`
	Events    int             `json:"events" jsonschema_extras:"x-grows=true" jsonschema_description:"Events with text in the time that counts"`
	Undecoded int             `json:"undecoded" jsonschema_extras:"x-grows=true" jsonschema_description:"Events in the time that counts whose text the trace does not hold; any of them may be one that was looked for"`
	Files     []File          `json:"files" jsonschema_description:"The traces that were read, at most 1000 of them"`
}

// Hits is what one pattern found.
type Hits struct {
	Count   int        `json:"count" jsonschema_extras:"x-counts=matches" jsonschema_description:"Events that match"`
	First   *time.Time `json:"first,omitempty" jsonschema_description:"Time of the oldest of them"`
	Last    *time.Time `json:"last,omitempty" jsonschema_description:"Time of the newest of them"`
	Cut     bool       `json:"cut,omitempty" jsonschema_description:"Whether there are more matches than are listed"`
	Matches []Match    `json:"matches" jsonschema_description:"The newest of them, oldest first"`
}

// Match is one event.
type Match struct {
	File     string            `json:"file" jsonschema_description:"The trace"`
	Offset   int64             `json:"offset" jsonschema_description:"Where the event, or the packed buffer that holds it, begins in the file"`
	Time     *time.Time        `json:"time,omitempty" jsonschema_description:"When it was logged"`
	Provider string            `json:"provider,omitempty" jsonschema_description:"Name of its provider, else its GUID"`
	Event    string            `json:"event,omitempty" jsonschema_description:"Name of the event"`
	Text     string            `json:"text" jsonschema_description:"The event in one line, at most 1000 bytes of it"`
	Captures map[string]string `json:"captures,omitempty" jsonschema_description:"What the named groups of the pattern matched"`

	Evidence sdk.Evidence `json:"-"`
}

// File is a trace that was read.
type File struct {
	Path    string       `json:"path" jsonschema_description:"The trace"`
	Size    schema.Bytes `json:"size" jsonschema_description:"Its size"`
	Events  int          `json:"events" jsonschema_description:"Records in it"`
	First   *time.Time   `json:"first,omitempty" jsonschema_description:"When its session began, or its first event was logged"`
	Last    *time.Time   `json:"last,omitempty" jsonschema_description:"Time of its newest event"`
	Problem string       `json:"problem,omitempty" jsonschema_description:"What of it could not be read"`
}

const searchDoc = `Reads event traces (.etl) and matches patterns against the text of their events. TraceLogging events carry their
names and types, and become text as "*Name* -> [field] : value; [field] : value;", or "Name: message" where a message is
all that they have. WPP messages and manifest events do not hold their text; they are counted as undecoded.

The answer is partial when events in the time that counts could not be decoded, because any of them may be one that was
looked for; when a trace is damaged, cut off, or its session lost events; and when the oldest trace in a folder is
younger than the start of a window. A trace that was never closed, as that of a machine which lost its power, is fine.
When no file is there at all, the fact is not known.

On a running Windows the newest trace of a folder may still be written to: where it was not closed the answer is partial about what came
after its newest event. A trace that another program has open for itself alone cannot be read; the answer is partial then too.`

func searchProbe() sdk.Probe {
	return sdk.NewProbe(sdk.ProbeManifest{
		Name:    "search",
		Summary: "Events of traces that match patterns, in windows of time",
		Doc:     searchDoc,
		Targets: []sdk.TargetKind{sdk.Live, sdk.Offline},
		Needs:   sdk.Needs{Platforms: []string{"windows"}},
		Healthy: json.RawMessage(`{"patterns":{"*":{"count":0,"matches":[]}},"events":1000,"undecoded":0,"files":[]}`),
	}, search)
}

func search(ctx context.Context, call *sdk.Call, in SearchInput) (sdk.Reading[SearchOutput], error) {
	var none sdk.Reading[SearchOutput]
	s, empty, err := newSearcher(in, call.Target.Now())
	if err != nil {
		return none, err
	}
	if empty {
		return sdk.Observed(s.answer()), nil
	}
	paths, problems, err := files.Find(call.Target, in.Files, maxFiles)
	if err != nil {
		return none, err
	}
	s.target, s.problems = call.Target, problems
	for i, path := range paths {
		call.Progress(sdk.Progress{Done: int64(i), Total: int64(len(paths)), Unit: "files", Note: path})
		if err := s.file(ctx, path); err != nil {
			return none, err
		}
	}
	if s.read == 0 {
		return none, sdk.Errorf(sdk.Unavailable, "none of the traces can be read: %s", &s.problems).
			WithHint("give copies of the traces that can be read")
	}
	r := sdk.Observed(s.answer())
	r.Partial, r.Covers, r.Settle = s.missed()
	return r, nil
}

func newSearcher(in SearchInput, now time.Time) (s *searcher, empty bool, err error) {
	if len(in.Files) == 0 {
		return nil, false, sdk.Errorf(sdk.InvalidInput, "no file is given; expected at least one path").WithPath("/files")
	}
	if n := len(in.Patterns); n == 0 || n > maxPatterns {
		return nil, false, sdk.Errorf(sdk.InvalidInput, "%d patterns are given; expected 1 to %d", n, maxPatterns).WithPath("/patterns")
	}
	s = &searcher{folders: map[string]time.Time{}, latest: map[string]latest{}}
	keep := in.MaxMatches
	if keep == 0 {
		keep = 50
	}
	for name, expr := range in.Patterns {
		re, err := regexp.Compile(string(expr))
		if err != nil {
			at := "/patterns/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
			return nil, false, sdk.Errorf(sdk.InvalidInput, "pattern %q: %v", name, err).WithPath(at)
		}
		s.patterns = append(s.patterns, &pattern{name: name, re: re, matches: newest.New(keep, func(m Match) time.Time { return m.Evidence.Time })})
	}
	slices.SortFunc(s.patterns, func(a, b *pattern) int { return strings.Compare(a.name, b.name) })
	s.times, empty, err = period.New(in.Windows, in.Since, now)
	return s, empty, err
}
