package servicing

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/rectify-project/rectify/internal/machine/command"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/hresult"
)

// SilentError says that DISM returned without having said anything that it says: it did nothing, as on a system that only has
// a program of its name.
type SilentError struct {
	Command string
	Code    uint32
	Output  string
}

func (e *SilentError) Error() string {
	said := "said nothing"
	if text := strings.TrimSpace(e.Output); text != "" {
		said = fmt.Sprintf("said %.100q", text)
	}
	return fmt.Sprintf("dism %s returned %d and %s: it has not answered", e.Command, e.Code, said)
}

// Failure is an error that DISM reported.
type Failure struct {
	Command string
	Code    hresult.Code // a Win32 error as its HRESULT: 0x800702E4 for 740
	Message string       // DISM's own, in English
}

func (e *Failure) Error() string {
	s := fmt.Sprintf("dism %s failed with %s", e.Command, e.Code)
	if name := e.Code.Symbol(); name != "" {
		s += " (" + name + ")"
	}
	if e.Message != "" {
		s += ": " + e.Message
	}
	return s
}

// Denied says whether it takes an administrator.
func (e *Failure) Denied() bool { return e.Code == 0x800702e4 || e.Code == 0x80070005 } // ERROR_ELEVATION_REQUIRED, ERROR_ACCESS_DENIED

// NotApplicable says whether a package is for another Windows, or is not needed by this one.
func (e *Failure) NotApplicable() bool { return e.Code == 0x800f081e } // CBS_E_NOT_APPLICABLE

// Exit codes that are no errors.
const (
	exitRestartBegun  = 1641 // ERROR_SUCCESS_REBOOT_INITIATED
	exitRestartNeeded = 3010 // ERROR_SUCCESS_REBOOT_REQUIRED
)

// NeedsRestart says whether an exit code asks for a restart.
func NeedsRestart(code uint32) bool { return code == exitRestartBegun || code == exitRestartNeeded }

// Judge says how a change ended by what DISM returned and said: nil, a [*SilentError] or a [*Failure].
func Judge(c Change, r command.Result) error { return judge("/"+string(c.Kind), r) }

// judge wants the banner, and a code that is no error. Codes of servicing come as 0x800F…, others of Windows as small numbers.
func judge(name string, r command.Result) error {
	if !strings.Contains(r.Output, banner) {
		return &SilentError{name, r.Code, r.Output}
	}
	if r.Code == 0 || NeedsRestart(r.Code) {
		return nil
	}
	code := hresult.Code(r.Code)
	if r.Code < 0x10000 {
		code = hresult.Code(0x80070000 | r.Code)
	}
	return &Failure{name, code, message(r.Output)}
}

var errorLine = regexp.MustCompile(`(?m)^Error: (?:0x[0-9a-fA-F]+|[0-9]+)[ \t]*$`)

// message is the paragraph behind "Error: 740".
func message(output string) string {
	at := errorLine.FindStringIndex(output)
	if at == nil {
		return ""
	}
	text := strings.TrimLeft(output[at[1]:], "\n \t")
	text, _, _ = strings.Cut(text, "\n\n")
	text = strings.Join(strings.Fields(text), " ")
	return strings.TrimSuffix(strings.ToValidUTF8(text[:min(len(text), 300)], ""), ".")
}

// Explain gives an error of DISM its code; nil where err is none.
func Explain(err error) *sdk.Error {
	if silent, is := errors.AsType[*SilentError](err); is {
		return sdk.Errorf(sdk.Unsupported, "%v", silent).WithHint("is this Windows, and whole? run dism /online /get-packages by hand")
	}
	if format, is := errors.AsType[*FormatError](err); is {
		return sdk.Errorf(sdk.Unavailable, "%v", format).WithHint("run dism /english by hand and look at what it prints")
	}
	if failed, is := errors.AsType[*Failure](err); is {
		return failed.explain()
	}
	return nil
}

// hints say what to do about codes whose names do not.
var hints = map[hresult.Code]string{
	0x800f081f: "name a source that has the files: an install.wim of the same build, or a sound machine's Windows folder",
	0x800f0906: "the files could not be downloaded: mend the connection to Windows Update, or name a source",
	0x800f0907: "a policy forbids the download: name a source",
	0x800f0954: "this machine asks WSUS, which has no such files: name a source",
	0x800f082f: "another servicing operation is at work or waits for a restart: restart, then try again",
	0x800f0806: "an earlier change waits for a restart: restart, then try again",
	0x800f0823: "a newer servicing stack is needed: install that first",
	0x800f0825: "the package is permanent: it cannot be removed",
	0x800f0922: "see the end of dism.log and CBS.log: a step of the installation failed, often for lack of space in the reserved partition",
	0x80070bc9: "an earlier change waits for a restart: restart, then try again",
	0x800704c7: "it was canceled",
}

func (e *Failure) explain() *sdk.Error {
	const unknownOption = 0x80070057 // ERROR_INVALID_PARAMETER, 87
	switch {
	case e.Denied():
		return sdk.Errorf(sdk.AccessDenied, "%v", e).WithHint("run as an administrator")
	case e.Code == unknownOption:
		return sdk.Errorf(sdk.Unsupported, "%v", e)
	}
	out := sdk.Errorf(sdk.Unavailable, "%v", e)
	if hint := hints[e.Code]; hint != "" {
		out = out.WithHint("%s", hint)
	}
	return out
}
