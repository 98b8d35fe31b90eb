package task

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"github.com/rectify-project/rectify/internal/artefact/taskxml"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/target"
)

// maxScript is how much of a script is looked at.
const maxScript = 64 << 10

// scriptName finds script files in a command line, in quotes or not.
var scriptName = regexp.MustCompile(`(?i)"([^"]+\.(?:cmd|bat|ps1|vbs))"|'([^']+\.(?:cmd|bat|ps1|vbs))'|([^\s"']+\.(?:cmd|bat|ps1|vbs))(?:\s|$)`)

// telling are words in a script that has to do with updates or restarts.
var telling = regexp.MustCompile(`(?i)\b(wuauserv|bits|usosvc|softwaredistribution|windowsupdate|wuserver|shutdown|restart-computer)\b`)

// scripts is what the script files hold that a task runs.
type scripts struct {
	words    []string // telling ones, in lower case, each once, sorted
	evidence []sdk.Evidence
	unread   []string // script files that could not be read whole, with the reason
}

// lookInto reads the scripts that a task runs, with the line that each telling word was first seen in.
func lookInto(t *target.Target, d *taskxml.Definition) scripts {
	s := scripts{words: []string{}}
	for _, a := range d.Actions {
		if a.Kind != taskxml.Exec {
			continue
		}
		for _, m := range scriptName.FindAllStringSubmatch(a.Command+" "+a.Arguments, 8) {
			name := m[1] + m[2] + m[3]
			if a.WorkingDirectory != "" && !strings.ContainsAny(name, `:\/`) {
				name = strings.Trim(a.WorkingDirectory, `"`) + `\` + name
			}
			s.open(t, name)
		}
	}
	slices.Sort(s.words)
	return s
}

func (s *scripts) open(t *target.Target, name string) {
	f, err := t.Open(name)
	if err != nil { // it is on another drive, say, or relative to a folder that is not known
		s.unread = append(s.unread, name+": "+err.Error())
		return
	}
	defer f.Close()
	limited := &io.LimitedReader{R: f, N: maxScript + 1}
	if err := s.read(limited, t.Display(name)); err != nil {
		s.unread = append(s.unread, name+": "+err.Error())
	}
	if limited.N == 0 {
		s.unread = append(s.unread, fmt.Sprintf("%s: only the first %d KiB of it were looked at", name, maxScript>>10))
	}
}

func (s *scripts) read(r io.Reader, file string) error {
	text := transform.NewReader(r, unicode.BOMOverride(transform.Nop))
	lines := bufio.NewScanner(text)
	lines.Buffer(nil, 4*maxScript)
	for number := 1; lines.Scan(); number++ {
		for _, word := range telling.FindAllString(lines.Text(), -1) {
			word = strings.ToLower(word)
			if slices.Contains(s.words, word) {
				continue
			}
			s.words = append(s.words, word)
			s.evidence = append(s.evidence, sdk.Evidence{File: file, Line: number, Text: strings.TrimSpace(lines.Text())})
		}
	}
	return lines.Err()
}
