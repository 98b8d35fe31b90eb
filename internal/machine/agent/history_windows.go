package agent

import (
	"context"
	"time"

	"github.com/rectify-project/rectify/internal/machine/com"
)

func (live) History(ctx context.Context, max int) (History, error) {
	return ask(ctx, quickly, "IUpdateSearcher.QueryHistory", func() (History, error) {
		return withSession(func(s com.Object) (History, error) {
			searcher, err := s.Out(sessionCreateSearcher, "IUpdateSession.CreateUpdateSearcher")
			return made(searcher, err, func(searcher com.Object) (History, error) { return historyOf(ctx, searcher, max) })
		})
	})
}

func historyOf(ctx context.Context, searcher com.Object, max int) (History, error) {
	total, err := searcher.Int(searcherHistoryCount, "IUpdateSearcher.GetTotalHistoryCount")
	h := History{Total: int(total)}
	n := min(h.Total, max)
	if err != nil || n <= 0 { // of none the agent says that the index is wrong
		return h, err
	}
	list, err := searcher.Out(searcherQueryHistory, "IUpdateSearcher.QueryHistory", 0, uintptr(n))
	return made(list, err, func(list com.Object) (History, error) {
		count, err := list.Int(fixedCount, "IUpdateHistoryEntryCollection.get_Count")
		if err != nil {
			return h, err
		}
		for i := range min(int(count), n) {
			if err := ctx.Err(); err != nil {
				return h, err
			}
			item, err := list.Out(fixedItem, "IUpdateHistoryEntryCollection.get_Item", uintptr(i))
			e, err := made(item, err, entryOf)
			if err != nil { // the agent has been seen to keep entries that it cannot give
				if h.Unreadable++; h.Why == "" {
					h.Why = known(err).Error()
				}
				continue
			}
			h.Entries = append(h.Entries, e)
		}
		return h, nil
	})
}

func entryOf(o com.Object) (e Entry, err error) {
	operation, err := o.Int(entryOperation, "IUpdateHistoryEntry.get_Operation")
	if err != nil {
		return e, err
	}
	result, err := o.Int(entryResultCode, "IUpdateHistoryEntry.get_ResultCode")
	if err != nil {
		return e, err
	}
	e.Operation, e.Result = Operation(operation), Result(result)
	if e.Code, err = code(o, entryHResult, "IUpdateHistoryEntry.get_HResult"); err != nil {
		return e, err
	}
	if e.Time, err = o.Date(entryDate, "IUpdateHistoryEntry.get_Date", time.UTC); err != nil {
		return e, err
	}
	if e.Title, err = o.Text(entryTitle, "IUpdateHistoryEntry.get_Title"); err != nil {
		return e, err
	}
	// Entries of old agents lack some of these.
	e.UpdateID, e.Revision, _ = identityOf(o, entryIdentity, "IUpdateHistoryEntry.get_UpdateIdentity")
	e.Unmapped, _ = code(o, entryUnmapped, "IUpdateHistoryEntry.get_UnmappedResultCode")
	e.Client, _ = o.Text(entryClient, "IUpdateHistoryEntry.get_ClientApplicationID")
	e.ServiceID, _ = o.Text(entryServiceID, "IUpdateHistoryEntry.get_ServiceID")
	e.ServiceID = identity(e.ServiceID)
	return e, nil
}
