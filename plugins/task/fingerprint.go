package task

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/rectify-project/rectify/internal/artefact/taskxml"
)

// fingerprint is a digest of a definition: of everything in it but whether the task is enabled, and how the text is laid
// out. The definition must be one that package taskxml reads, which refuses what is not well formed, or too deep.
func fingerprint(text string) (string, error) {
	in := xml.NewDecoder(strings.NewReader(text))
	in.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil } // the declaration says UTF-16 of decoded text
	sum := sha256.New()
	var at []string // the elements that are open
	var run strings.Builder
	for {
		token, err := in.Token()
		if err == io.EOF {
			return hex.EncodeToString(sum.Sum(nil)), nil
		}
		if err != nil {
			return "", err
		}
		switch token := token.(type) {
		case xml.CharData:
			run.Write(token)
			continue
		case xml.StartElement:
			at = append(at, token.Name.Local)
			if !flag(at) {
				flush(sum, &run)
				attributes := []string{}
				for _, a := range token.Attr {
					if a.Name.Space != "xmlns" && a.Name.Local != "xmlns" {
						attributes = append(attributes, fmt.Sprintf("%q=%q", a.Name.Local, a.Value))
					}
				}
				slices.Sort(attributes)
				fmt.Fprintf(sum, "<%q %q %s>", token.Name.Space, token.Name.Local, strings.Join(attributes, " "))
			}
		case xml.EndElement:
			if flag(at) {
				run.Reset()
			} else {
				flush(sum, &run)
				fmt.Fprint(sum, "</>")
			}
			at = at[:len(at)-1]
		}
	}
}

// flag knows the element that says whether a task is enabled.
func flag(at []string) bool { return slices.Equal(at, []string{"Task", "Settings", "Enabled"}) }

// flush adds text, unless it only lays out elements.
func flush(to io.Writer, run *strings.Builder) {
	if s := strings.TrimSpace(run.String()); s != "" {
		fmt.Fprintf(to, "%q", s)
	}
	run.Reset()
}

// does is a digest of what a task does, when and as whom. Unlike the fingerprint it stays the same when the Task Scheduler
// writes the definition anew, in another order or with defaults spelled out, as it may when the task is switched. It stands
// in tokens: another way to make it is another version of these.
func does(d *taskxml.Definition) string {
	words := []string{user(d), d.Principal.RunLevel, command(d)}
	for _, a := range d.Actions {
		words = append(words, a.WorkingDirectory)
	}
	for _, tr := range d.Triggers {
		words = append(words, describe(tr))
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%q", words))
	return hex.EncodeToString(sum[:])
}
