package update

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/hresult"
	"github.com/rectify-project/rectify/sdk/target"
)

// reportingLog is what the Windows Update agent keeps for its server: one event a line, in UTF-16 with a byte order
// mark (or in UTF-8), twelve columns divided by tabs:
//
//	{id}  2024-01-10 03:01:40:420+0100  1  182  101  {update}  200  80070643  caller  Failure  Content Install  message
//
// namely the event's own id, local time with offset, namespace, number, category, update, revision, result in
// hexadecimal, who asked, outcome, operation, and a message in the language of the machine that ends with the title.
const reportingLog = `%SystemRoot%\SoftwareDistribution\ReportingEvents.log`

// reportingKinds are the numbers of the events that end an attempt.
var reportingKinds = map[string]kind{
	"182": installFailed, "183": installed, "190": installed,
	"161": downloadFailed,
	"148": scanFailed, "147": scanned,
}

// maxReportingLine bounds a line, in bytes of UTF-8; a message has a few titles at most.
const maxReportingLine = 64 << 10

// reportingCoverage is what was seen of the log, whatever its lines are about.
type reportingCoverage struct {
	oldest   time.Time // zero where no line has a time
	unread   int       // lines that are none of this log
	firstBad int
}

// lost says what the log cannot tell of the time from from on; empty where nothing is missing.
func (c reportingCoverage) lost(from time.Time) string {
	switch {
	case c.unread > 0:
		return fmt.Sprintf("%d lines of ReportingEvents.log cannot be read, the first is line %d", c.unread, c.firstBad)
	case c.oldest.IsZero():
		return "ReportingEvents.log is empty"
	case c.oldest.After(from) && !from.IsZero():
		return fmt.Sprintf("ReportingEvents.log begins at %s, after the start of the time asked for, %s", c.oldest.Format(time.RFC3339), from.Format(time.RFC3339))
	}
	return ""
}

// reportingSteps calls add for each end of an attempt that the update history has, from from on.
func reportingSteps(ctx context.Context, t *target.Target, from time.Time, add func(step)) (reportingCoverage, error) {
	f, err := t.Open(reportingLog)
	if err != nil {
		return reportingCoverage{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return reportingCoverage{}, err
	}
	return readReporting(ctx, io.NewSectionReader(f, 0, info.Size()), t.Display(reportingLog), from, add)
}

func readReporting(ctx context.Context, r io.Reader, file string, from time.Time, add func(step)) (cov reportingCoverage, err error) {
	decoded := transform.NewReader(r, unicode.BOMOverride(unicode.UTF8.NewDecoder()))
	lines := bufio.NewReaderSize(decoded, maxReportingLine)
	for number := 1; ; number++ {
		if number%1024 == 0 && ctx.Err() != nil {
			return cov, ctx.Err()
		}
		slice, err := lines.ReadSlice('\n')
		line := string(slice)
		for long := err; errors.Is(long, bufio.ErrBufferFull); {
			_, long = lines.ReadSlice('\n') // the rest of a line that is no event
		}
		s, at, ok := reportingStep(strings.TrimRight(line, "\r\n"))
		switch {
		case strings.TrimSpace(line) == "":
		case at.IsZero():
			if cov.unread++; cov.unread == 1 {
				cov.firstBad = number
			}
		case cov.oldest.IsZero() || at.Before(cov.oldest):
			cov.oldest = at
		}
		if ok && !at.Before(from) {
			s.evidence = sdk.Evidence{File: file, Line: number, Time: at, Text: strings.ReplaceAll(strings.TrimSpace(line), "\t", " ")}
			add(s)
		}
		if errors.Is(err, io.EOF) {
			return cov, nil
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return cov, err
		}
	}
}

// reportingStep reads one line; false for other events. The time is zero for what is no line of this log.
func reportingStep(line string) (s step, at time.Time, ok bool) {
	columns := strings.SplitN(line, "\t", 12)
	if len(columns) < 11 {
		return step{}, time.Time{}, false
	}
	k, known := reportingKinds[columns[3]]
	stamp := columns[1]
	if i := strings.LastIndexByte(stamp, ':'); i > 0 {
		stamp = stamp[:i] + "." + stamp[i+1:]
	}
	at, err := time.Parse("2006-01-02 15:04:05.000-0700", stamp)
	if err != nil {
		return step{}, time.Time{}, false
	}
	at = at.UTC()
	if !known {
		return step{}, at, false
	}
	s = step{kind: k, time: at, guid: identity(columns[5]), source: sourceHistory}
	if n, err := strconv.ParseInt(columns[6], 10, 64); err == nil && s.guid != "" {
		s.revision = &n
	}
	if n, err := strconv.ParseUint(columns[7], 16, 32); err == nil && k.failed() {
		code := hresult.Code(n)
		s.code = &code
	}
	if len(columns) == 12 && k != scanned && k != scanFailed {
		message := strings.TrimSpace(columns[11])
		s.title = strings.TrimSuffix(message[strings.LastIndex(message, ": ")+1:], ".")
		s.title = strings.TrimSpace(s.title)
	}
	return s, at, true
}
