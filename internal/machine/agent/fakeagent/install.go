package fakeagent

import (
	"context"
	"slices"

	"github.com/rectify-project/rectify/internal/machine/agent"
	"github.com/rectify-project/rectify/sdk/hresult"
)

// Install implements [agent.Installer].
func (a Agent) Install(ctx context.Context, id string, progress func(agent.Progress)) (agent.Installation, error) {
	var out agent.Installation
	progress(agent.Progress{Phase: agent.PhaseSearch, Note: "searching"})
	s, err := a.open(ctx, "IUpdateSearcher.Search", "IUpdateSession.CreateUpdateInstaller")
	if err != nil {
		return out, err
	}
	at := slices.IndexFunc(s.Updates, func(u Update) bool { return u.UpdateID == id })
	if at < 0 {
		return out, agent.ErrNotOffered
	}
	u := &s.Updates[at]
	out = agent.Installation{Update: u.seen(), Phase: agent.PhaseSearch, Result: agent.Succeeded, RebootRequired: u.RebootRequired}
	if u.IsInstalled || u.RebootRequired {
		out.Already = true
		return out, nil
	}
	out.EulaAccepted, u.EulaAccepted = !u.EulaAccepted, true
	if !u.IsDownloaded {
		progress(agent.Progress{Phase: agent.PhaseDownload, Percent: 50})
		out.Phase = agent.PhaseDownload
		out.Result, out.Code, _ = outcome(u.Download)
		u.IsDownloaded = out.Result.OK()
		if err := a.write(s); err != nil || !u.IsDownloaded {
			return out, err
		}
		progress(agent.Progress{Phase: agent.PhaseDownload, Percent: 100})
	}
	switch {
	case s.IsBusy:
		return out, agent.ErrBusy
	case s.RestartFirst:
		return out, agent.ErrRestartFirst
	}
	progress(agent.Progress{Phase: agent.PhaseInstall, Percent: 0})
	out.Phase = agent.PhaseInstall
	out.Result, out.Code, out.RebootRequired = outcome(u.Install)
	s.Installs++
	if out.Result.OK() && !u.Lies {
		out.RebootRequired = out.RebootRequired || u.NeedsRestart
		u.IsInstalled, u.RebootRequired = !u.NeedsRestart, u.NeedsRestart
		s.RebootRequired = s.RebootRequired || u.NeedsRestart
	}
	if err := a.write(s); err != nil {
		return out, err
	}
	progress(agent.Progress{Phase: agent.PhaseInstall, Percent: 100})
	return out, nil
}

func outcome(o *Outcome) (agent.Result, hresult.Code, bool) {
	if o == nil {
		return agent.Succeeded, 0, false
	}
	return agent.Result(o.ResultCode), hresult.Code(uint32(o.HResult)), o.RebootRequired
}
