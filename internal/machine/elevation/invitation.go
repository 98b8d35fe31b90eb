package elevation

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Streams are what the elevated process reads and writes. A stream that is a console is shared; what comes from any other is
// relayed, Out and Err at the same time.
type Streams struct {
	In       io.Reader // nil: nothing to read
	Out, Err io.Writer
}

// hidden is the first argument of an elevated process: who started it, and the name that their pipes have.
const hidden = "--elevated-by="

// invitation is what the first argument says.
type invitation struct {
	process uint32
	name    string // random, 32 hex digits
}

func newInvitation() invitation {
	name := make([]byte, 16)
	_, _ = rand.Read(name) // never fails
	return invitation{uint32(os.Getpid()), hex.EncodeToString(name)}
}

func (i invitation) argument() string { return fmt.Sprintf("%s%d-%s", hidden, i.process, i.name) }

func (i invitation) pipe(what string) string { return `\\.\pipe\rectify-` + i.name + "-" + what }

// invited reads the first argument. It is false when there is none such.
func invited(args []string) (i invitation, rest []string, is bool, err error) {
	if len(args) == 0 || !strings.HasPrefix(args[0], hidden) {
		return invitation{}, args, false, nil
	}
	process, name, _ := strings.Cut(strings.TrimPrefix(args[0], hidden), "-")
	id, err := strconv.ParseUint(process, 10, 32)
	raw, bad := hex.DecodeString(name)
	if err != nil || bad != nil || len(raw) != 16 {
		return invitation{}, args, true, fmt.Errorf("%q is not for people: rectify gives it to itself when it is started again as administrator", args[0])
	}
	return invitation{uint32(id), name}, args[1:], true, nil
}

// The pipes between the two sides.
const (
	control = "control" // says the greeting; its end asks the elevated side to stop
	input   = "in"
	output  = "out"
	failure = "err"
)

// greeting is what the elevated side is told first.
type greeting struct {
	Args        []string `json:"args"` // must be those of the command line, which the person who consented was shown
	Folder      string   `json:"folder"`
	Environment []string `json:"environment"`
	Console     []string `json:"console"` // the streams that are one
}

// maxGreeting bounds the greeting, in bytes: a command line and an environment of Windows are shorter than 32 Ki characters
// each, of which JSON may make six bytes.
const maxGreeting = 1 << 20

func readGreeting(from io.Reader) (greeting, error) {
	var g greeting
	d := json.NewDecoder(io.LimitReader(from, maxGreeting))
	d.DisallowUnknownFields()
	return g, d.Decode(&g)
}

// handedOn are the variables that cross: those that are about this program and how it prints. Others could make an elevated
// process load what somebody without its rights has written.
func handedOn(environment []string) []string {
	var out []string
	for _, kv := range environment {
		name, _, _ := strings.Cut(kv, "=")
		if name = strings.ToUpper(name); strings.HasPrefix(name, "RECTIFY_") || name == "NO_COLOR" {
			out = append(out, kv)
		}
	}
	return out
}

// accept makes sure that the command line is the one that was meant.
func (g greeting) accept(args []string) error {
	if !slices.Equal(g.Args, args) {
		return fmt.Errorf("the command line %q is not the one that was asked for, %q", args, g.Args)
	}
	return nil
}
