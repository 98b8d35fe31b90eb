package agent

import (
	"context"
	"errors"

	"github.com/rectify-project/rectify/internal/machine/conformance"
)

// API of COM that every question to the agent uses.
var sessionAPI = []string{"ole32!CoInitializeEx", "ole32!CoCreateInstance", "IUpdateSession.put_ClientApplicationID"}

var searchAPI = append([]string{
	"IUpdateSession.CreateUpdateSearcher", "IUpdateSearcher.put_Online", "IUpdateSearcher.Search",
	"ISearchResult.get_ResultCode", "ISearchResult.get_Warnings", "ISearchResult.get_Updates",
	"IUpdateCollection.get_Count", "IUpdateCollection.get_Item", "IUpdate.get_Identity", "IUpdate.get_Title",
	"IUpdate.get_IsInstalled", "IUpdate.get_IsHidden", "IUpdate.get_IsDownloaded", "IUpdate.get_EulaAccepted",
	"IUpdate.get_MaxDownloadSize", "IUpdate.get_KBArticleIDs", "IUpdate2.get_RebootRequired",
	"IUpdateIdentity.get_UpdateID", "IUpdateIdentity.get_RevisionNumber", "oleaut32!SysAllocStringLen", "oleaut32!SysFreeString",
}, sessionAPI...)

// nobody is the identity of an update that does not exist.
const nobody = "00000000-0000-4000-8000-000000000000"

// Suite tries what is relied upon of an agent. Without Changes it asks for nothing online.
func Suite(a Agent) conformance.Suite {
	return conformance.Suite{Name: "windows update agent", Checks: []conformance.Check{
		{
			Name: "the history says what was done, when, and how it ended",
			API: append([]string{
				"IUpdateSession.CreateUpdateSearcher", "IUpdateSearcher.GetTotalHistoryCount", "IUpdateSearcher.QueryHistory",
				"IUpdateHistoryEntryCollection.get_Count", "IUpdateHistoryEntryCollection.get_Item",
				"IUpdateHistoryEntry.get_Operation", "IUpdateHistoryEntry.get_ResultCode", "IUpdateHistoryEntry.get_HResult",
				"IUpdateHistoryEntry.get_Date", "IUpdateHistoryEntry.get_Title", "IUpdateHistoryEntry.get_UpdateIdentity",
				"IUpdateHistoryEntry.get_UnmappedResultCode", "IUpdateHistoryEntry.get_ClientApplicationID", "IUpdateHistoryEntry.get_ServiceID",
			}, sessionAPI...),
			Serves: []string{"update.history", "update.save_history"},
			Run:    func(ctx context.Context) error { return checkHistory(ctx, a) },
		},
		{
			Name:   "a search among what the last scan found ends, and its updates have identities",
			API:    searchAPI,
			Serves: []string{"update.search"},
			Run: func(ctx context.Context) error {
				found, err := a.Search(ctx, Query{Criteria: Offered})
				if err != nil {
					return verdict(err)
				}
				return checkOffered(found)
			},
		},
		{
			Name:   "an update that does not exist is not found by its identity",
			API:    searchAPI,
			Serves: []string{"update.install"},
			Run: func(ctx context.Context) error {
				criteria, err := Exactly(nobody)
				if err != nil {
					return err
				}
				found, err := a.Search(ctx, Query{Criteria: criteria})
				if err != nil {
					return verdict(err)
				}
				if !found.Result.OK() || len(found.Updates) > 0 {
					return conformance.Differs("the search %s and found %d updates", found.Result, len(found.Updates))
				}
				return nil
			},
		},
		{
			Name:   "the installer says whether it is busy",
			API:    append([]string{"IUpdateSession.CreateUpdateInstaller", "IUpdateInstaller.get_IsBusy"}, sessionAPI...),
			Serves: []string{"update.busy", "update.install"},
			Run: func(ctx context.Context) error {
				_, err := a.Busy(ctx)
				return verdict(err)
			},
		},
		{
			Name:   "the agent says whether an installation waits for a restart",
			API:    []string{"ole32!CoCreateInstance", "ISystemInformation.get_RebootRequired"},
			Serves: []string{"update.install"},
			Run: func(ctx context.Context) error {
				_, err := a.RebootRequired(ctx)
				return verdict(err)
			},
		},
		{
			Name: "automatic updates come from one of the services",
			API: []string{"ole32!CoCreateInstance", "IUpdateServiceManager.get_Services", "IUpdateServiceCollection.get_Count",
				"IUpdateServiceCollection.get_Item", "IUpdateService.get_ServiceID", "IUpdateService.get_Name", "IUpdateService.get_IsManaged",
				"IUpdateService.get_OffersWindowsUpdates", "IUpdateService.get_ServiceUrl", "IUpdateService2.get_IsDefaultAUService"},
			Run: func(ctx context.Context) error { return checkServices(ctx, a) },
		},
		{
			Name:    "an update that is not offered is not installed",
			API:     searchAPI,
			Serves:  []string{"update.install"},
			Changes: true, // it asks online
			Run: func(ctx context.Context) error {
				if _, err := a.Install(ctx, nobody, func(Progress) {}); !errors.Is(err, ErrNotOffered) {
					if err == nil {
						return conformance.Differs("an update that does not exist was installed")
					}
					return verdict(err)
				}
				return nil
			},
		},
		{
			Name: "an update that was installed reads back as installed",
			API: append([]string{"IUpdateCollection.Add", "IUpdate.AcceptEula", "IUpdateSession.CreateUpdateDownloader",
				"IUpdateDownloader.put_Updates", "IUpdateDownloader.BeginDownload", "IUpdateDownloader.EndDownload",
				"IDownloadJob.get_IsCompleted", "IDownloadJob.GetProgress", "IDownloadJob.CleanUp", "IDownloadResult.GetUpdateResult",
				"IUpdateSession.CreateUpdateInstaller", "IUpdateInstaller.put_Updates", "IUpdateInstaller2.put_ForceQuiet",
				"IUpdateInstaller.get_RebootRequiredBeforeInstallation", "IUpdateInstaller.BeginInstall", "IUpdateInstaller.EndInstall",
				"IInstallationJob.get_IsCompleted", "IInstallationJob.GetProgress", "IInstallationJob.CleanUp", "IInstallationResult.GetUpdateResult",
			}, searchAPI...),
			Serves:  []string{"update.install"},
			Changes: true,
			Run:     func(ctx context.Context) error { return checkInstall(ctx, a) },
		},
	}}
}

// verdict says what an error of the agent is for a check.
func verdict(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrNotImplemented):
		return conformance.Missing("%w", err)
	case errors.Is(err, ErrAccessDenied), errors.Is(err, ErrDisabled), errors.Is(err, ErrNotWindows):
		return conformance.Inapplicable("%w", err)
	}
	return conformance.Differs("%w", err)
}

func checkHistory(ctx context.Context, a Agent) error {
	const some = 20
	h, err := a.History(ctx, some)
	if err != nil {
		return verdict(err)
	}
	if len(h.Entries)+h.Unreadable != min(h.Total, some) {
		return conformance.Differs("of %d entries, at most %d asked for, %d came and %d could not be read", h.Total, some, len(h.Entries), h.Unreadable)
	}
	for i, e := range h.Entries {
		_, known := resultNames[e.Result]
		if e.Time.IsZero() || e.Title == "" || !known || e.Operation != Installing && e.Operation != Uninstalling {
			return conformance.Differs("an entry that cannot be understood: %+v", e)
		}
		if i > 0 && e.Time.After(h.Entries[i-1].Time) {
			return conformance.Differs("entry %d is newer than the one before it", i)
		}
	}
	return nil
}

func checkOffered(found Found) error {
	if _, known := resultNames[found.Result]; !known || found.Result < Succeeded {
		return conformance.Differs("the search ended, and %s", found.Result)
	}
	for _, u := range found.Updates {
		if _, err := ParseID(u.ID); err != nil || u.Title == "" || u.Installed || u.Hidden {
			return conformance.Differs("not what was searched for: %+v", u)
		}
	}
	return nil
}

func checkServices(ctx context.Context, a Agent) error {
	services, err := a.Services(ctx)
	if err != nil {
		return verdict(err)
	}
	defaults := 0
	for _, s := range services {
		if _, err := ParseID(s.ID); err != nil {
			return conformance.Differs("%w", err)
		}
		if s.DefaultAU {
			defaults++
		}
	}
	if defaults != 1 {
		return conformance.Differs("of %d services %d are the default", len(services), defaults)
	}
	return nil
}

func checkInstall(ctx context.Context, a Agent) error {
	found, err := a.Search(ctx, Query{Criteria: Offered})
	if err != nil {
		return verdict(err)
	}
	if len(found.Updates) == 0 {
		return conformance.Inapplicable("no update is offered")
	}
	id := found.Updates[0].ID
	done, err := a.Install(ctx, id, func(Progress) {})
	if err != nil {
		return verdict(err)
	}
	if done.Update.ID != id || done.Phase != PhaseInstall || !done.Result.OK() {
		return conformance.Differs("installing %s: %+v", id, done)
	}
	criteria, err := Exactly(id)
	if err != nil {
		return err
	}
	found, err = a.Search(ctx, Query{Criteria: criteria})
	if err != nil {
		return verdict(err)
	}
	if u, ok := Newest(found.Updates, id); !ok || !u.Installed && !u.RebootRequired {
		return conformance.Differs("after its installation the update reads back as %+v", u)
	}
	again, err := a.Install(ctx, id, func(Progress) {})
	if err != nil {
		return verdict(err)
	}
	if !again.Already {
		return conformance.Differs("what is installed was installed again: %+v", again)
	}
	return nil
}
