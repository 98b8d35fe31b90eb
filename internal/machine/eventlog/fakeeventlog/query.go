package fakeeventlog

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// system is what queries are about.
type system struct {
	id     uint64
	record uint64
	time   time.Time
}

var (
	idElement     = regexp.MustCompile(`<EventID[^>]*>(\d+)</EventID>`)
	recordElement = regexp.MustCompile(`<EventRecordID>(\d+)</EventRecordID>`)
	timeAttribute = regexp.MustCompile(`<TimeCreated SystemTime=['"]([^'"]+)['"]/>`)
)

// systemOf looks into the XML of an event by other means than those under test.
func systemOf(xml string) system {
	var s system
	xml, _, _ = strings.Cut(xml, "</System>")
	if m := idElement.FindStringSubmatch(xml); m != nil {
		s.id, _ = strconv.ParseUint(m[1], 10, 64)
	}
	if m := recordElement.FindStringSubmatch(xml); m != nil {
		s.record, _ = strconv.ParseUint(m[1], 10, 64)
	}
	if m := timeAttribute.FindStringSubmatch(xml); m != nil {
		s.time, _ = time.Parse(time.RFC3339Nano, m[1])
	}
	return s
}

// maxTerms is how many comparisons an expression may have.
const maxTerms = 20

var (
	whole      = regexp.MustCompile(`^\*\[System\[(.+)\]\]$`)
	timeTerm   = regexp.MustCompile(`^TimeCreated\[(.+)\]$`)
	timeBound  = regexp.MustCompile(`^@SystemTime(>=|<=)'(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)'$`)
	comparison = regexp.MustCompile(`^(EventID|EventRecordID)(=|>)(\d+)$`)
)

// parse makes a function of the expressions that package eventlog writes, and refuses all others.
func parse(xpath string) (func(system) bool, error) {
	if xpath == "*" {
		return func(system) bool { return true }, nil
	}
	m := whole.FindStringSubmatch(xpath)
	if m == nil {
		return nil, fmt.Errorf("%q is not understood", xpath)
	}
	count := 0
	var all []func(system) bool
	for _, term := range split(m[1]) {
		var any []func(system) bool
		inner := strings.TrimSuffix(strings.TrimPrefix(term, "("), ")")
		for _, part := range strings.Split(inner, " or ") {
			f, n, err := one(part)
			if err != nil {
				return nil, err
			}
			count += n
			any = append(any, f)
		}
		all = append(all, func(s system) bool {
			for _, f := range any {
				if f(s) {
					return true
				}
			}
			return false
		})
	}
	if count > maxTerms {
		return nil, fmt.Errorf("%d terms are too many", count)
	}
	return func(s system) bool {
		for _, f := range all {
			if !f(s) {
				return false
			}
		}
		return true
	}, nil
}

// split divides terms at " and " outside of brackets.
func split(s string) []string {
	var list []string
	depth, from := 0, 0
	for i := range s {
		switch s[i] {
		case '[':
			depth++
		case ']':
			depth--
		case ' ':
			if depth == 0 && strings.HasPrefix(s[i:], " and ") {
				list = append(list, s[from:i])
				from = i + len(" and ")
			}
		}
	}
	return append(list, s[from:])
}

func one(term string) (f func(system) bool, terms int, err error) {
	if m := comparison.FindStringSubmatch(term); m != nil {
		n, err := strconv.ParseUint(m[3], 10, 32)
		if err != nil {
			return nil, 0, err
		}
		return func(s system) bool {
			v := s.id
			if m[1] == "EventRecordID" {
				v = s.record
			}
			return m[2] == "=" && v == n || m[2] == ">" && v > n
		}, 1, nil
	}
	m := timeTerm.FindStringSubmatch(term)
	if m == nil {
		return nil, 0, fmt.Errorf("%q is not understood", term)
	}
	var bounds []func(time.Time) bool
	for _, part := range strings.Split(m[1], " and ") {
		b := timeBound.FindStringSubmatch(part)
		if b == nil {
			return nil, 0, fmt.Errorf("%q is not understood", part)
		}
		at, err := time.Parse("2006-01-02T15:04:05.000Z", b[2])
		if err != nil {
			return nil, 0, err
		}
		if b[1] == ">=" {
			bounds = append(bounds, func(t time.Time) bool { return !t.Before(at) })
		} else {
			bounds = append(bounds, func(t time.Time) bool { return !t.After(at) })
		}
	}
	return func(s system) bool {
		for _, b := range bounds {
			if !b(s.time) {
				return false
			}
		}
		return true
	}, len(bounds), nil
}
