// Package agent is the Windows Update Agent of a running Windows: what it has done, what it offers, and how it is told to
// install one update. It speaks to the agent through COM (wuapi.dll); see [Live].
//
// Nothing that the agent says is a proof of what it did: after an installation, search for the update again.
package agent

import (
	"context"
	"time"

	"github.com/rectify-project/rectify/sdk/hresult"
)

// Records are what the agent knows.
type Records interface {
	// History gives the newest entries of the update history, at most max of them, newest first. It changes nothing.
	History(ctx context.Context, max int) (History, error)
	// Search asks which updates match. Offline it gives what the last scan found; online the agent asks its source,
	// which can take many minutes.
	Search(ctx context.Context, q Query) (Found, error)
}

// Installer installs.
type Installer interface {
	// Install downloads and installs exactly the update with this identity, and accepts its licence terms. It finds it
	// among what the last scan found, or else online. Until the installation begins it honours the context; from then on
	// it waits for the end, whatever becomes of the context. Progress is told from one goroutine.
	//
	// The error says why nothing was begun: [ErrNotOffered], [ErrBusy], [ErrRestartFirst], an [*Error]. How a download or
	// an installation that was begun ended is said by the Installation, which is no more than what the agent says.
	Install(ctx context.Context, id string, progress func(Progress)) (Installation, error)
	// Busy says whether the agent installs or removes an update now.
	Busy(ctx context.Context) (bool, error)
	// RebootRequired says whether an installation waits for a restart.
	RebootRequired(ctx context.Context) (bool, error)
}

// Sources are the services that updates come from.
type Sources interface {
	// Services are those that the agent knows: Windows Update, Microsoft Update, a WSUS server.
	Services(ctx context.Context) ([]Service, error)
}

// Agent is the whole of it.
type Agent interface {
	Records
	Installer
	Sources
}

// Operation is what was done with an update (UpdateOperation of wuapi.idl).
type Operation int32

// The operations.
const (
	Installing   Operation = 1 // uoInstallation
	Uninstalling Operation = 2 // uoUninstallation
)

// Result is how an operation ended (OperationResultCode of wuapi.idl).
type Result int32

// The results.
const (
	NotStarted          Result = 0
	InProgress          Result = 1
	Succeeded           Result = 2
	SucceededWithErrors Result = 3
	Failed              Result = 4
	Aborted             Result = 5
)

var resultNames = map[Result]string{
	NotStarted: "not started", InProgress: "in progress", Succeeded: "succeeded",
	SucceededWithErrors: "succeeded with errors", Failed: "failed", Aborted: "aborted",
}

func (r Result) String() string {
	if name, ok := resultNames[r]; ok {
		return name
	}
	return "an unknown result"
}

// OK says whether it did what it was to do.
func (r Result) OK() bool { return r == Succeeded || r == SucceededWithErrors }

// History is the update history.
type History struct {
	Entries []Entry // newest first
	Total   int     // so many does the agent have
	// Unreadable counts entries that the agent would not give, and Why has the first reason.
	Unreadable int
	Why        string
}

// Entry is one entry of the update history. As JSON its numbers are those of wuapi.idl.
type Entry struct {
	Time      time.Time    `json:"time"` // UTC
	Operation Operation    `json:"operation"`
	Result    Result       `json:"result_code"`
	Code      hresult.Code `json:"hresult"`              // of the agent; 0 where all went well
	Unmapped  hresult.Code `json:"unmapped_result_code"` // of the installer, before the agent made its own code of it
	UpdateID  string       `json:"update_id,omitempty"`  // lower case, without braces; empty where the entry has none
	Revision  int64        `json:"revision,omitempty"`
	Title     string       `json:"title"`
	Client    string       `json:"client_application_id,omitempty"` // who asked for it: "UpdateOrchestrator", "Rectify"
	ServiceID string       `json:"service_id,omitempty"`            // of the source: [Service.ID]
}

// Query is what is searched for.
type Query struct {
	Criteria string // in the agent's own language; see [Offered] and [Exactly]
	Online   bool
}

// Offered are the criteria of updates that could be installed and are not hidden.
const Offered = "IsInstalled=0 and IsHidden=0"

// Found is what a search gave.
type Found struct {
	Result   Result // [SucceededWithErrors] where not everything could be searched
	Updates  []Update
	Warnings []string // why not everything could be searched
	Cut      bool     // there are more updates than are listed
}

// Update is an update that the agent knows.
type Update struct {
	ID             string // lower case, without braces
	Revision       int64
	Title          string   // in the language of the machine
	KBs            []string // "KB5034441"
	Installed      bool
	Hidden         bool
	Downloaded     bool
	RebootRequired bool // it is installed when the machine has restarted
	EulaAccepted   bool
	MaxSize        int64 // bytes to download at most; 0 where the agent does not say
}

// Phase is what an installation is at.
type Phase string

// The phases.
const (
	PhaseSearch   Phase = "search"
	PhaseDownload Phase = "download"
	PhaseInstall  Phase = "install"
)

// Progress is how far an installation is.
type Progress struct {
	Phase   Phase
	Percent int    // of the phase
	Note    string // what happened: "the licence terms are accepted"; empty where only the percentage moved
}

// Installation is what the agent says of an installation.
type Installation struct {
	Update         Update // as it was found
	Already        bool   // it was installed before, or waits for a restart; nothing was done
	EulaAccepted   bool   // the licence terms were accepted for it
	Phase          Phase  // the last phase that was begun
	Result         Result // of that phase
	Code           hresult.Code
	RebootRequired bool
}

// Service is a source of updates.
type Service struct {
	ID        string // lower case, without braces
	Name      string
	URL       string // empty where the agent does not say
	Managed   bool   // a WSUS server
	DefaultAU bool   // automatic updates come from it
	Windows   bool   // it offers updates of Windows
}
