package rehearse

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
)

// The JUnit form that continuous integration services read: a suite a file, a case a test. A file with errors is a case of
// its own that could not be run.
type (
	junitSuites struct {
		XMLName xml.Name     `xml:"testsuites"`
		Suites  []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string       `xml:"classname,attr"`
		Name    string       `xml:"name,attr"`
		File    string       `xml:"file,attr"`
		Line    int          `xml:"line,attr,omitempty"`
		Failure *junitDetail `xml:"failure"`
		Error   *junitDetail `xml:"error"`
	}
	junitDetail struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// JUnit writes results as JUnit XML.
func JUnit(w io.Writer, files []*File) error {
	var all junitSuites
	for _, f := range files {
		s := junitSuite{Name: f.File}
		if f.Problems.HasErrors() {
			s.add(junitCase{Name: "the file and its playbook", Error: problemDetail(f)})
		}
		for _, t := range f.Tests {
			s.add(junitTest(f, t))
		}
		all.Suites = append(all.Suites, s)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func (s *junitSuite) add(c junitCase) {
	c.File = s.Name
	c.Class = strings.TrimSuffix(s.Name, suffix)
	s.Tests++
	switch {
	case c.Failure != nil:
		s.Failures++
	case c.Error != nil:
		s.Errors++
	}
	s.Cases = append(s.Cases, c)
}

func problemDetail(f *File) *junitDetail {
	d := &junitDetail{Message: f.Problems[0].String()}
	for _, p := range f.Problems {
		d.Text += p.String() + "\n"
	}
	return d
}

func junitTest(f *File, t Test) junitCase {
	c := junitCase{Name: t.Name, Line: t.Span.Start.Line}
	switch {
	case t.Problems.HasErrors():
		c.Error = problemDetail(&File{Problems: t.Problems})
	case t.Status == Failed:
		var text strings.Builder
		for _, m := range t.Mismatches {
			mismatch(&text, f.File, m)
		}
		message := t.Mismatches[0].String()
		if more := len(t.Mismatches) - 1; more > 0 {
			message += fmt.Sprintf(", and %d more", more)
		}
		c.Failure = &junitDetail{message, text.String()}
	}
	return c
}
