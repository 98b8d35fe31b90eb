package log

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rectify-project/rectify/internal/artefact/cbs"
	"github.com/rectify-project/rectify/internal/machine/files"
	"github.com/rectify-project/rectify/sdk"
)

// folder is what the logs of one folder cover together: logs are rotated within their folder.
type folder struct {
	path        string
	first, last time.Time
	current     bool // a log with times is among them that is not a rotated or packed one
}

func folderOf(path string) string {
	path, _, _ = strings.Cut(path, " → ")
	if i := strings.LastIndexByte(path, '\\'); i >= 0 {
		return path[:i]
	}
	return path
}

func (d *folder) add(f File) {
	if f.First != nil && (d.first.IsZero() || f.First.Before(d.first)) {
		d.first = *f.First
	}
	if f.Last != nil && f.Last.After(d.last) {
		d.last = *f.Last
	}
	d.current = d.current || f.Last != nil && !rotated(f.Path)
}

// rotated says whether a log is no longer written to, by its name.
func rotated(path string) bool {
	path, _, packed := strings.Cut(path, " → ")
	name := strings.ToLower(path[strings.LastIndexByte(path, '\\')+1:])
	if packed || strings.HasPrefix(name, "cbspersist_") {
		return true
	}
	for _, end := range []string{".bak", ".old", ".log.1"} {
		if strings.HasSuffix(name, end) {
			return true
		}
	}
	return false
}

// missed says what the answer may lack, what time it covers nevertheless, and what would settle it.
func (f *findings) missed(now time.Time) (reason string, covers *sdk.Window, settle string) {
	all := f.problems.Clone()
	if !all.Empty() {
		settle = "give whole copies of the logs that cannot be read"
	}
	if f.question.times != nil {
		covers = f.uncovered(&all, now)
		if covers != nil {
			settle = "an older or newer log: a CbsPersist file from a backup or a shadow copy"
		}
		if f.unplaced > 0 {
			all.Add(fmt.Sprintf("%d lines match whose time is not known well enough to tell whether they count (%s)", f.unplaced, f.zoneDoubt()))
			settle = "the time zone of the disk: the SYSTEM hive in Windows\\System32\\config"
		}
	}
	if f.cutSteps {
		all.Add(fmt.Sprintf("more than %d lines match the patterns of the sequence; it was looked for among the newest of them", maxSteps))
	}
	if all.Empty() {
		return "", nil, ""
	}
	return all.String(), covers, settle
}

func (f *findings) zoneDoubt() string {
	if !f.local {
		return "they have none"
	}
	if f.weakest == cbs.Unknown && f.zoneless != nil {
		return "the log has no moments in UTC, and the time zone of the disk is not known: " + f.zoneless.Error()
	}
	return "near an hour at which clocks are turned, or far from the moments in UTC that the log has"
}

// uncovered adds to reasons what of the time asked for lies before the oldest line, or behind the newest line where the
// log that would tell is missing.
func (f *findings) uncovered(reasons *files.Problems, now time.Time) *sdk.Window {
	asked := f.question.times.Hull()
	from, to := asked.From, asked.To
	if to.IsZero() {
		to = now
	}
	var covers *sdk.Window
	limit := func() *sdk.Window {
		if covers == nil {
			covers = &sdk.Window{}
		}
		return covers
	}
	for _, d := range f.sortedFolders() {
		switch {
		case d.first.IsZero():
			reasons.Add(fmt.Sprintf("no line of the logs in %s has a time, so that it is not known which time they cover", d.path))
			continue
		case !from.IsZero() && d.first.After(from):
			reasons.Add(fmt.Sprintf("the logs in %s begin at %s, after the start of the time asked for, %s",
				d.path, d.first.Format(time.RFC3339), from.Format(time.RFC3339)))
			if w := limit(); d.first.After(w.From) {
				w.From = d.first
			}
		}
		if !d.current && d.last.Before(to) {
			reasons.Add(fmt.Sprintf("the logs in %s end at %s, before the end of the time asked for, %s, and the log that is written to is not among them, or has no line with a time",
				d.path, d.last.Format(time.RFC3339), to.Format(time.RFC3339)))
			if w := limit(); w.To.IsZero() || d.last.Before(w.To) {
				w.To = d.last
			}
		}
	}
	return covers
}

func (f *findings) sortedFolders() []*folder {
	var list []*folder
	for _, d := range f.folders {
		list = append(list, d)
	}
	slices.SortFunc(list, func(a, b *folder) int { return strings.Compare(a.path, b.path) })
	return list
}
