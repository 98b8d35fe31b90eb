package agent_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/rectify-project/rectify/internal/machine/agent"
	"github.com/rectify-project/rectify/internal/machine/agent/fakeagent"
	"github.com/rectify-project/rectify/internal/verification/conformtest"
	"github.com/rectify-project/rectify/sdk/hresult"
)

const guid = "6b0e1c1e-37a5-4c5a-9f0e-0d6a0f1b2c3d"

func recorded() fakeagent.State {
	return fakeagent.State{
		History: []fakeagent.Entry{
			{Operation: 1, ResultCode: 4, HResult: -2145124322, Date: 45292.5, UpdateID: guid, RevisionNumber: 200,
				Title: "2024-01 Cumulative Update (KB5034441)", UnmappedResultCode: 0, ClientApplicationID: "UpdateOrchestrator", ServiceID: "8b24b027-1dee-babb-9a95-3517dfb9c552"},
			{Operation: 1, ResultCode: 2, Date: 45291.25, UpdateID: "7c1f2d2f-48b6-4d6b-8a1f-1e7b1a2c3d4e", RevisionNumber: 1, Title: "Defender", ClientApplicationID: "MoUpdateOrchestrator"},
		},
		Updates: []fakeagent.Update{{UpdateID: guid, RevisionNumber: 200, Title: "2024-01 Cumulative Update (KB5034441)", KBArticleIDs: []string{"5034441"}, MaxSize: 700 << 20}},
		Services: []fakeagent.Service{
			{ServiceID: "8b24b027-1dee-babb-9a95-3517dfb9c552", Name: "DCat Flighting Prod"},
			{ServiceID: "9482f4b4-e343-43b6-b170-9a65bc822c77", Name: "Windows Update", OffersWindowsUpdates: true, IsDefaultAUService: true},
		},
	}
}

func TestConformance(t *testing.T) {
	fake, err := fakeagent.New(t.TempDir(), recorded())
	if err != nil {
		t.Fatal(err)
	}
	conformtest.RunFake(t, agent.Suite(fake), nil)
}

func TestConformanceOfAnAgentThatIsNotImplemented(t *testing.T) {
	fake, err := fakeagent.New(t.TempDir(), fakeagent.State{Refuses: map[string]int32{"*": -2147467263}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range agent.Suite(fake).Checks {
		if f := c.Try(t.Context()); f.Outcome != "missing" || !strings.Contains(f.Detail, "0x80004001") {
			t.Errorf("%s: %+v", c.Name, f)
		}
	}
}

func TestErrorsThatCallersBranchOn(t *testing.T) {
	for code, want := range map[hresult.Code]error{
		0x80004001: agent.ErrNotImplemented, 0x80040154: agent.ErrNotImplemented, 0x800401F3: agent.ErrNotImplemented,
		0x80070005: agent.ErrAccessDenied, 0x80070422: agent.ErrDisabled,
	} {
		err := error(&agent.Error{Op: "X.Y", Code: code})
		for _, other := range []error{agent.ErrNotImplemented, agent.ErrAccessDenied, agent.ErrDisabled} {
			if errors.Is(err, other) != (other == want) {
				t.Errorf("%v is %v: %t", err, other, errors.Is(err, other))
			}
		}
		if !strings.Contains(err.Error(), code.String()) {
			t.Errorf("%v does not name its code", err)
		}
	}
}

func TestIdentities(t *testing.T) {
	for text, ok := range map[string]bool{
		guid: true, "{" + strings.ToUpper(guid) + "}": true, "": false, "{" + guid: false, "{": false, guid + "}": false, guid + "'": false,
		"x' or 'a'='a": false, strings.Repeat("a", 36): false,
	} {
		id, err := agent.ParseID(text)
		if (err == nil) != ok || ok && id != guid {
			t.Errorf("%q: %q, %v", text, id, err)
		}
		if criteria, err := agent.Exactly(text); (err == nil) != ok || strings.Count(criteria, guid) != 4*map[bool]int{true: 1}[ok] {
			t.Errorf("%q: %q, %v", text, criteria, err)
		}
	}
}

func TestNewest(t *testing.T) {
	updates := []agent.Update{{ID: "a", Revision: 1}, {ID: guid, Revision: 200}, {ID: guid, Revision: 201}, {ID: guid, Revision: 7}}
	if u, ok := agent.Newest(updates, guid); !ok || u.Revision != 201 {
		t.Errorf("%+v, %t", u, ok)
	}
	if _, ok := agent.Newest(updates, "b"); ok {
		t.Error("found what is not there")
	}
}

func FuzzExactly(f *testing.F) {
	for _, seed := range []string{guid, "{" + guid + "}", "", "{", "}", "{}", "x' or 'a'='a", strings.ToUpper(guid)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		criteria, err := agent.Exactly(text)
		if err != nil {
			return
		}
		id, err := agent.ParseID(text)
		if err != nil || len(id) != len(guid) || strings.Count(criteria, "'") != 8 || strings.Count(criteria, id) != 4 {
			t.Errorf("%q: %q", text, criteria)
		}
	})
}
