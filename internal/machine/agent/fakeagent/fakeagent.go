// Package fakeagent is a Windows Update Agent of tests, which lives in a file. It holds what the agent gives as the agent
// gives it: numbers for results, signed HRESULTs, OLE dates, identities without braces.
package fakeagent

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rectify-project/rectify/internal/machine/agent"
	"github.com/rectify-project/rectify/internal/machine/com"
	"github.com/rectify-project/rectify/sdk/hresult"
)

// Entry is an IUpdateHistoryEntry.
type Entry struct {
	Operation           int
	ResultCode          int
	HResult             int32
	Date                float64
	UpdateID            string
	RevisionNumber      int
	Title               string
	UnmappedResultCode  int32
	ClientApplicationID string
	ServiceID           string
}

// Update is an IUpdate2, and how the agent behaves when it is told to install it.
type Update struct {
	UpdateID       string
	RevisionNumber int
	Title          string
	KBArticleIDs   []string // "5034441"
	IsInstalled    bool
	IsHidden       bool
	IsDownloaded   bool
	RebootRequired bool
	EulaAccepted   bool
	MaxSize        int64

	// OnlineOnly says that the last scan has not found it.
	OnlineOnly bool
	// Download and Install are what the agent says of them; without one it succeeds.
	Download, Install *Outcome
	// Lies says that the agent says so and does nothing.
	Lies bool
	// NeedsRestart says that it is installed after a restart only.
	NeedsRestart bool
}

// Outcome is an IInstallationResult.
type Outcome struct {
	ResultCode     int
	HResult        int32
	RebootRequired bool
}

// Service is an IUpdateService2.
type Service struct {
	ServiceID            string
	Name                 string
	IsManaged            bool
	OffersWindowsUpdates bool
	IsDefaultAUService   bool
}

// State is everything that the agent knows.
type State struct {
	History        []Entry // newest first
	Broken         int     // so many more entries cannot be read
	Updates        []Update
	Warnings       []string // of each search, which then succeeds with errors
	Services       []Service
	IsBusy         bool
	RebootRequired bool
	RestartFirst   bool
	// Refuses are the methods that fail, with their codes: "IUpdateSearcher.Search". A star stands for all.
	Refuses map[string]int32
	// Installs counts how often the agent was told to install.
	Installs int
}

// Agent is a fake agent.
type Agent struct{ file string }

var _ agent.Agent = Agent{}

// New makes an agent that lives in the file agent.json of a folder.
func New(dir string, s State) (Agent, error) {
	a := Agent{filepath.Join(dir, "agent.json")}
	return a, a.write(s)
}

// In is the agent that lives in a folder already.
func In(dir string) Agent { return Agent{filepath.Join(dir, "agent.json")} }

// State is what the agent knows now.
func (a Agent) State() (State, error) {
	var s State
	text, err := os.ReadFile(a.file)
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	return s, err
}

func (a Agent) write(s State) error {
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(a.file, text, 0o600)
}

// Set changes what the agent knows.
func (a Agent) Set(change func(*State)) error {
	s, err := a.State()
	if err != nil {
		return err
	}
	change(&s)
	return a.write(s)
}

// open gives the state, unless one of the methods refuses.
func (a Agent) open(ctx context.Context, methods ...string) (State, error) {
	s, err := a.State()
	if err != nil {
		return s, err
	}
	for _, m := range append([]string{"*"}, methods...) {
		if code, ok := s.Refuses[m]; ok {
			return s, &agent.Error{Op: strings.ReplaceAll(m, "*", methods[0]), Code: hresult.Code(uint32(code))}
		}
	}
	return s, ctx.Err()
}

// History implements [agent.Records].
func (a Agent) History(ctx context.Context, max int) (agent.History, error) {
	s, err := a.open(ctx, "IUpdateSearcher.QueryHistory")
	h := agent.History{Total: len(s.History) + s.Broken}
	if err != nil {
		return agent.History{}, err
	}
	for _, e := range s.History[:min(max, len(s.History))] {
		t, _ := com.FromDate(e.Date, time.UTC)
		h.Entries = append(h.Entries, agent.Entry{
			Time: t, Operation: agent.Operation(e.Operation), Result: agent.Result(e.ResultCode),
			Code: hresult.Code(uint32(e.HResult)), Unmapped: hresult.Code(uint32(e.UnmappedResultCode)),
			UpdateID: e.UpdateID, Revision: int64(e.RevisionNumber), Title: e.Title, Client: e.ClientApplicationID, ServiceID: e.ServiceID,
		})
	}
	if h.Unreadable = min(max-len(h.Entries), s.Broken); h.Unreadable > 0 {
		h.Why = (&agent.Error{Op: "IUpdateHistoryEntryCollection.get_Item", Code: 0x80004005}).Error()
	}
	return h, nil
}

// Search implements [agent.Records]. It understands the criteria that package agent makes.
func (a Agent) Search(ctx context.Context, q agent.Query) (agent.Found, error) {
	s, err := a.open(ctx, "IUpdateSearcher.Search")
	if err != nil {
		return agent.Found{}, err
	}
	f := agent.Found{Result: agent.Succeeded, Warnings: s.Warnings}
	if len(s.Warnings) > 0 {
		f.Result = agent.SucceededWithErrors
	}
	for _, u := range s.Updates {
		if (q.Online || !u.OnlineOnly) && matches(u, q.Criteria) {
			f.Updates = append(f.Updates, u.seen())
		}
	}
	return f, nil
}

func matches(u Update, criteria string) bool {
	if criteria == agent.Offered {
		return !u.IsInstalled && !u.IsHidden
	}
	exactly, err := agent.Exactly(u.UpdateID)
	return err == nil && criteria == exactly
}

func (u Update) seen() agent.Update {
	out := agent.Update{
		ID: u.UpdateID, Revision: int64(u.RevisionNumber), Title: u.Title, Installed: u.IsInstalled, Hidden: u.IsHidden, Downloaded: u.IsDownloaded,
		RebootRequired: u.RebootRequired, EulaAccepted: u.EulaAccepted, MaxSize: u.MaxSize,
	}
	for _, number := range u.KBArticleIDs {
		out.KBs = append(out.KBs, "KB"+number)
	}
	return out
}

// Busy implements [agent.Installer].
func (a Agent) Busy(ctx context.Context) (bool, error) {
	s, err := a.open(ctx, "IUpdateInstaller.get_IsBusy")
	return s.IsBusy, err
}

// RebootRequired implements [agent.Installer].
func (a Agent) RebootRequired(ctx context.Context) (bool, error) {
	s, err := a.open(ctx, "ISystemInformation.get_RebootRequired")
	return s.RebootRequired, err
}

// Services implements [agent.Sources].
func (a Agent) Services(ctx context.Context) ([]agent.Service, error) {
	s, err := a.open(ctx, "IUpdateServiceManager.get_Services")
	var list []agent.Service
	for _, x := range s.Services {
		list = append(list, agent.Service{ID: x.ServiceID, Name: x.Name, Managed: x.IsManaged, Windows: x.OffersWindowsUpdates, DefaultAU: x.IsDefaultAUService})
	}
	return list, err
}
