package diagnose

import (
	"cmp"
	"slices"
	"time"

	"github.com/rectify-project/rectify/sdk/hresult"
)

// Other is a failure that the playbook saw and is not about, in one line for each code.
type Other struct {
	Code   hresult.Code
	Count  int
	Title  string // of the newest
	Newest time.Time
}

// others groups the failures that `applies.others` lists by their code, most frequent first.
func (e *Environment) others() []Other {
	if e.playbook.Others == nil {
		return nil
	}
	data, _, ok := e.playbook.Others.Eval(e.ctx, e.Value).Value.Canonical()
	records, _ := data.([]any)
	if !ok {
		return nil
	}
	byCode := map[hresult.Code]*Other{}
	for _, r := range records {
		record, _ := r.(map[string]any)
		code, ok := record["code"].(hresult.Code)
		if !ok {
			continue
		}
		o := byCode[code]
		if o == nil {
			o = &Other{Code: code}
			byCode[code] = o
		}
		o.Count++
		if at, _ := record["ended"].(time.Time); !at.Before(o.Newest) {
			o.Newest = at
			o.Title, _ = record["title"].(string)
		}
	}
	var out []Other
	for _, o := range byCode {
		out = append(out, *o)
	}
	slices.SortFunc(out, func(a, b Other) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), b.Newest.Compare(a.Newest), cmp.Compare(a.Code, b.Code))
	})
	return out
}
