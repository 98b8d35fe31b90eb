// Package cbs knows the lines of CBS.log and dism.log and what their times mean.
//
// A line is "2023-05-17 08:24:08, Info                  CBS    message": local time without a zone, a level padded to 22
// columns, a component padded to 7 (or blank), the message. Lines without a time stamp go on with the message above.
package cbs

import (
	"strings"
	"time"
)

// Line is one line of the log.
type Line struct {
	Time      time.Time // wall clock of the machine, with UTC as its location for want of a better
	Level     string    // Info, Warning, Error, Perf
	Component string    // CBS, CSI, DPX, DISM and so on; empty where the line has none
	Message   string
}

const (
	stampLen      = len("2006-01-02 15:04:05")
	messageColumn = 50
)

// byteOrderMark may stand before the first line of a log that was cut out of its file by hand.
const byteOrderMark = "\xef\xbb\xbf"

// Parse reads a line without its line end; false if it has no time stamp of its own.
func Parse(line string) (Line, bool) {
	line = strings.TrimPrefix(line, byteOrderMark)
	t, ok := wallClock(line)
	if !ok {
		return Line{}, false
	}
	rest := line[stampLen:]
	level, rest, ok := strings.Cut(strings.TrimPrefix(rest, ", "), " ")
	l := Line{Time: t, Level: level}
	if !ok || level == "" {
		return l, level != ""
	}
	text := strings.TrimLeft(rest, " ")
	if column := len(line) - len(text); column < messageColumn {
		l.Component, text, _ = strings.Cut(text, " ")
	}
	l.Message = strings.TrimSpace(text)
	return l, true
}

// Stamp reads the time stamp that a line begins with: the local wall clock, with UTC as its location.
func Stamp(line []byte) (time.Time, bool) {
	if len(line) > 2 && line[0] == byteOrderMark[0] && line[1] == byteOrderMark[1] && line[2] == byteOrderMark[2] {
		line = line[3:]
	}
	return wallClock(line)
}

// wallClock reads "2006-01-02 15:04:05, ".
func wallClock[T string | []byte](s T) (time.Time, bool) {
	if len(s) < stampLen+2 || s[4] != '-' || s[7] != '-' || s[10] != ' ' || s[13] != ':' || s[16] != ':' || s[19] != ',' || s[20] != ' ' {
		return time.Time{}, false
	}
	var f fields[T]
	f.s, f.ok = s, true
	return f.date(f.number(0, 4), f.number(5, 7), f.number(8, 10), f.number(11, 13), f.number(14, 16), f.number(17, 19), 0)
}

// fields reads numbers at known places; ok turns false at the first that is none.
type fields[T string | []byte] struct {
	s  T
	ok bool
}

func (f *fields[T]) number(from, to int) int {
	n := 0
	for i := from; i < to; i++ {
		c := f.s[i] - '0'
		if c > 9 {
			f.ok = false
			return 0
		}
		n = 10*n + int(c)
	}
	return n
}

func (f *fields[T]) date(year, month, day, hour, minute, second, nano int) (time.Time, bool) {
	if !f.ok || year < 1970 || month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, false
	}
	t := time.Date(year, time.Month(month), day, hour, minute, second, nano, time.UTC)
	return t, t.Day() == day
}
