package agent

import (
	"context"
	"fmt"

	"github.com/rectify-project/rectify/internal/machine/com"
)

// maxUpdates bounds how many updates of a search are read.
const maxUpdates = 2000

func (live) Search(ctx context.Context, q Query) (Found, error) {
	limit := searchOffline
	if q.Online {
		limit = searchOnline
	}
	return ask(ctx, limit, "IUpdateSearcher.Search", func() (Found, error) {
		return withSession(func(s com.Object) (Found, error) {
			return search(s, q, func(_ com.Object, f Found) (Found, error) { return f, nil })
		})
	})
}

// search searches, and hands on what it found: the IUpdateCollection, of which item i is update i of Found.
func search[T any](s com.Object, q Query, use func(updates com.Object, f Found) (T, error)) (T, error) {
	searcher, err := s.Out(sessionCreateSearcher, "IUpdateSession.CreateUpdateSearcher")
	return made(searcher, err, func(searcher com.Object) (T, error) {
		var nothing T
		if err := searcher.Call(searcherPutOnline, "IUpdateSearcher.put_Online", com.BoolArg(q.Online)); err != nil {
			return nothing, err
		}
		criteria, err := com.NewBSTR(q.Criteria)
		if err != nil {
			return nothing, err
		}
		defer criteria.Free()
		result, err := searcher.Out(searcherSearch, "IUpdateSearcher.Search", criteria.Arg())
		return made(result, err, func(result com.Object) (T, error) {
			how, err := result.Int(foundResultCode, "ISearchResult.get_ResultCode")
			if err != nil {
				return nothing, err
			}
			f := Found{Result: Result(how)}
			if f.Warnings, err = warningsOf(result); err != nil {
				return nothing, err
			}
			updates, err := result.Out(foundUpdates, "ISearchResult.get_Updates")
			return made(updates, err, func(updates com.Object) (T, error) {
				if err := f.read(updates); err != nil {
					return nothing, err
				}
				return use(updates, f)
			})
		})
	})
}

func (f *Found) read(updates com.Object) error {
	n, err := updates.Int(listCount, "IUpdateCollection.get_Count")
	if err != nil {
		return err
	}
	f.Cut = n > maxUpdates
	for i := range min(n, maxUpdates) {
		item, err := updates.Out(listItem, "IUpdateCollection.get_Item", uintptr(i))
		u, err := made(item, err, updateOf)
		if err != nil {
			return err
		}
		f.Updates = append(f.Updates, u)
	}
	return nil
}

// maxWarnings bounds how many warnings of a search are told.
const maxWarnings = 20

func warningsOf(result com.Object) ([]string, error) {
	list, err := result.Out(foundWarnings, "ISearchResult.get_Warnings")
	return made(list, err, func(list com.Object) ([]string, error) {
		n, err := list.Int(fixedCount, "IUpdateExceptionCollection.get_Count")
		if err != nil {
			return nil, err
		}
		var warnings []string
		for i := range min(n, maxWarnings) {
			item, err := list.Out(fixedItem, "IUpdateExceptionCollection.get_Item", uintptr(i))
			w, err := made(item, err, func(w com.Object) (string, error) {
				c, err := code(w, exceptionHResult, "IUpdateException.get_HResult")
				text, _ := w.Text(exceptionMessage, "IUpdateException.get_Message") // the code tells more
				return fmt.Sprintf("%s %s", c, text), err
			})
			if err != nil {
				return nil, err
			}
			warnings = append(warnings, w)
		}
		return warnings, nil
	})
}

func updateOf(o com.Object) (u Update, err error) {
	if u.ID, u.Revision, err = identityOf(o, updateIdentity, "IUpdate.get_Identity"); err != nil {
		return u, err
	}
	if u.Title, err = o.Text(updateTitle, "IUpdate.get_Title"); err != nil {
		return u, err
	}
	for _, flag := range []struct {
		to   *bool
		slot int
		name string
	}{
		{&u.Installed, updateIsInstalled, "IUpdate.get_IsInstalled"},
		{&u.Hidden, updateIsHidden, "IUpdate.get_IsHidden"},
		{&u.Downloaded, updateIsDownloaded, "IUpdate.get_IsDownloaded"},
		{&u.EulaAccepted, updateEulaAccepted, "IUpdate.get_EulaAccepted"},
	} {
		if *flag.to, err = o.Bool(flag.slot, flag.name); err != nil {
			return u, err
		}
	}
	two, err := o.Query("IUpdate2", interfaceUpdate2)
	if u.RebootRequired, err = made(two, err, func(two com.Object) (bool, error) {
		return two.Bool(updateRebootRequired, "IUpdate2.get_RebootRequired")
	}); err != nil {
		return u, err
	}
	u.MaxSize, _ = whole(o, updateMaxSize, "IUpdate.get_MaxDownloadSize") // for people to see
	u.KBs, err = kbsOf(o)
	return u, err
}

// maxKBs bounds how many numbers of articles an update has; most have one.
const maxKBs = 100

func kbsOf(o com.Object) ([]string, error) {
	list, err := o.Out(updateKBArticleIDs, "IUpdate.get_KBArticleIDs")
	return made(list, err, func(list com.Object) ([]string, error) {
		n, err := list.Int(listCount, "IStringCollection.get_Count")
		if err != nil {
			return nil, err
		}
		var kbs []string
		for i := range min(n, maxKBs) {
			number, err := list.Text(listItem, "IStringCollection.get_Item", uintptr(i))
			if err != nil {
				return nil, err
			}
			kbs = append(kbs, "KB"+number)
		}
		return kbs, nil
	})
}
