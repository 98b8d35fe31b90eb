package servicing

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/rectify-project/rectify/internal/artefact/cab"
)

// Identity names a package: name~token~arch~language~version.
type Identity struct {
	Name, Token, Arch, Language, Version string
}

func (i Identity) String() string {
	return strings.Join([]string{i.Name, i.Token, i.Arch, i.Language, i.Version}, "~")
}

// sameIdentity compares as Windows does.
func sameIdentity(a, b string) bool { return strings.EqualFold(a, b) }

var identityForm = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,200}~[0-9A-Fa-f]{16}~[A-Za-z0-9_]{0,16}~[A-Za-z0-9-]{0,32}~[0-9]+(\.[0-9]+){1,5}$`)

// ParseIdentity reads an identity in full: no wildcards, nothing left out.
func ParseIdentity(s string) (Identity, error) {
	if !identityForm.MatchString(s) {
		return Identity{}, fmt.Errorf("%q is not the identity of a package: expected name~token~arch~language~version, as in Package_for_KB5000802~31bf3856ad364e35~amd64~~19041.867.1.8", s)
	}
	p := strings.Split(s, "~")
	return Identity{p[0], p[1], p[2], p[3], p[4]}, nil
}

var kb = regexp.MustCompile(`(?i)KB[0-9]{6,8}`)

// KB is the number of the article that an identity names, as in KB5000802; empty where it names none.
func KB(identity string) string { return strings.ToUpper(kb.FindString(identity)) }

// Candidate is what the file of a package says of it.
type Candidate struct {
	Identity string
	// Permanent says that it cannot be removed again: a servicing stack, or a package that says so itself.
	Permanent bool
}

// maxDescription bounds a description in a package, in bytes; those of cumulative updates have some MiB.
const maxDescription = 64 << 20

// ErrNoIdentity is a file that does not say which package it is.
var ErrNoIdentity = errors.New("it does not say which package it is")

// errFound ends the reading of a cabinet early.
var errFound = errors.New("found")

// Inspect reads which package a file holds: a .cab by its update.mum, an .msu, which is a cabinet of cabinets, by the answer
// file in it. The error wraps [ErrNoIdentity] where the file is a cabinet without either, and one of package cab where it is none.
func Inspect(ctx context.Context, r io.ReaderAt, size int64) (Candidate, error) {
	cabinet, err := cab.Open(r, size)
	if err != nil {
		return Candidate{}, err
	}
	var found []Candidate
	stack := false
	for _, f := range cabinet.Files() {
		stack = stack || strings.Contains(strings.ToLower(f.Name), "_microsoft-windows-servicingstack_")
	}
	err = cabinet.Extract(ctx, func(f cab.File, content io.Reader) error {
		name := strings.ToLower(f.Name)
		switch {
		case name == "update.mum":
			c, err := readManifest(content)
			if err != nil {
				return err
			}
			found = []Candidate{c}
			return errFound
		case strings.HasSuffix(name, ".xml") && !strings.ContainsAny(name, `\/`):
			c, err := readAnswers(content)
			found = append(found, c...)
			return err
		}
		return nil
	})
	switch {
	case err != nil && !errors.Is(err, errFound):
		return Candidate{}, err
	case len(found) == 0:
		return Candidate{}, ErrNoIdentity
	case len(found) > 1:
		return Candidate{}, fmt.Errorf("%w: it holds %d packages (%s, %s, …)", ErrNoIdentity, len(found), found[0].Identity, found[1].Identity)
	}
	c := found[0]
	c.Permanent = c.Permanent || stack || strings.Contains(strings.ToLower(c.Identity), "servicingstack")
	return c, nil
}

// assemblyIdentity is as in the assembly manifests of Windows.
type assemblyIdentity struct {
	Name     string `xml:"name,attr"`
	Version  string `xml:"version,attr"`
	Arch     string `xml:"processorArchitecture,attr"`
	Language string `xml:"language,attr"`
	Token    string `xml:"publicKeyToken,attr"`
}

func (a assemblyIdentity) candidate() (Candidate, error) {
	language := a.Language
	if strings.EqualFold(language, "neutral") || language == "*" {
		language = ""
	}
	identity := Identity{a.Name, a.Token, a.Arch, language, a.Version}.String()
	if _, err := ParseIdentity(identity); err != nil {
		return Candidate{}, fmt.Errorf("%w: %w", ErrNoIdentity, err)
	}
	return Candidate{Identity: identity}, nil
}

// readManifest reads update.mum.
func readManifest(r io.Reader) (Candidate, error) {
	var m struct {
		XMLName  xml.Name         `xml:"assembly"`
		Identity assemblyIdentity `xml:"assemblyIdentity"`
		Package  struct {
			Permanence string `xml:"permanence,attr"`
		} `xml:"package"`
	}
	if err := decodeXML(r, &m); err != nil {
		return Candidate{}, fmt.Errorf("%w: update.mum: %w", ErrNoIdentity, err)
	}
	c, err := m.Identity.candidate()
	c.Permanent = strings.EqualFold(m.Package.Permanence, "permanent")
	return c, err
}

// readAnswers reads the answer file of an .msu; other documents say nothing.
func readAnswers(r io.Reader) ([]Candidate, error) {
	var a struct {
		XMLName  xml.Name `xml:"unattend"`
		Packages []struct {
			Action   string           `xml:"action,attr"`
			Identity assemblyIdentity `xml:"assemblyIdentity"`
		} `xml:"servicing>package"`
	}
	if err := decodeXML(r, &a); err != nil {
		return nil, nil
	}
	var all []Candidate
	for _, p := range a.Packages {
		c, err := p.Identity.candidate()
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

func decodeXML(r io.Reader, v any) error {
	d := xml.NewDecoder(io.LimitReader(r, maxDescription))
	d.CharsetReader = func(charset string, input io.Reader) (io.Reader, error) {
		if strings.EqualFold(charset, "utf-8") || strings.EqualFold(charset, "us-ascii") {
			return input, nil
		}
		return nil, fmt.Errorf("encoding %q, expected UTF-8", charset)
	}
	return d.Decode(v)
}
