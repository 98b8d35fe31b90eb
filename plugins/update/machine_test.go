package update

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/rectify-project/rectify/internal/forge/disk"
	"github.com/rectify-project/rectify/internal/forge/evtx"
	"github.com/rectify-project/rectify/internal/forge/hive"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/target"
)

const (
	softwareHive = "Windows/System32/config/SOFTWARE"
	setupLog     = "Windows/System32/winevt/Logs/Setup.evtx"
)

func software(t *testing.T, build func(root *hive.Key)) []byte {
	t.Helper()
	root := &hive.Key{}
	root.At(`Microsoft\Windows\CurrentVersion\Component Based Servicing\Packages`)
	root.At(`Microsoft\Windows NT\CurrentVersion`).Set(hive.String("CurrentBuildNumber", "22621"), hive.DWord("UBR", 2792))
	if build != nil {
		build(root)
	}
	return disk.Hive(t, root)
}

func TestSource(t *testing.T) {
	const group = `Policies\Microsoft\Windows\WindowsUpdate`
	server := hive.String("WUServer", "http://wsus:8530")
	on := hive.DWord("UseWUServer", 1)
	tests := map[string]struct {
		build func(*hive.Key)
		wsus  bool
		kind  string
		url   string
	}{
		"no-policy":          {nil, false, "windows_update", ""},
		"wsus":               {func(k *hive.Key) { k.At(group).Set(server); k.At(group + `\AU`).Set(on) }, true, "wsus", "http://wsus:8530"},
		"server-not-used":    {func(k *hive.Key) { k.At(group).Set(server); k.At(group + `\AU`).Set(hive.DWord("UseWUServer", 0)) }, false, "windows_update", ""},
		"server-without-use": {func(k *hive.Key) { k.At(group).Set(server) }, false, "windows_update", ""},
		"use-without-server": {func(k *hive.Key) { k.At(group + `\AU`).Set(on) }, false, "windows_update", ""},
		"mdm": {func(k *hive.Key) {
			k.At(`Microsoft\PolicyManager\current\device\Update`).Set(hive.String("UpdateServiceUrl", "https://m"))
		}, true, "mdm", "https://m"},
		"quality-from-update": {func(k *hive.Key) {
			k.At(group).Set(server, hive.DWord(classes+"QualityUpdates", 0))
			k.At(group + `\AU`).Set(on)
		}, false, "mixed", "http://wsus:8530"},
		"features-elsewhere": {func(k *hive.Key) {
			k.At(group).Set(server, hive.DWord(classes+"FeatureUpdates", 0), hive.DWord(classes+"QualityUpdates", 1))
			k.At(group + `\AU`).Set(on)
		}, true, "mixed", "http://wsus:8530"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			out, answer, err := disk.Observe[SourceOutput](t, Plugin(), "source", disk.New(t, noon, map[string][]byte{softwareHive: software(t, test.build)}), `{}`)
			if err != nil || out.WSUS != test.wsus || out.Kind != test.kind || out.Server != test.url || answer.Partial != "" {
				t.Errorf("%v, partial %q: %s", err, answer.Partial, answer.Value)
			}
			if len(answer.Evidence) != len(out.Policies) {
				t.Errorf("%d policies, evidence %+v", len(out.Policies), answer.Evidence)
			}
		})
	}
	if _, _, err := disk.Observe[SourceOutput](t, Plugin(), "source", disk.New(t, noon, nil), `{}`); err == nil || sdk.AsError(err).Code != sdk.Unavailable {
		t.Errorf("without a hive the source is not known: %v", err)
	}
}

func TestInstalled(t *testing.T) {
	packaged := func(state uint32) func(*hive.Key) {
		return func(k *hive.Key) {
			k.At(`Microsoft\Windows\CurrentVersion\Component Based Servicing\Packages\Package_2_for_KB5034441~31bf3856ad364e35~amd64~~10.0.1.2`).Set(hive.DWord("CurrentState", state))
		}
	}
	success, failure := event(19, 30, guidA, title, 0), event(20, 20, guidA, title, 0x8024001E)
	failureLater := event(20, 40, guidA, title, 0x8024001E)
	builds := "2023-11 Cumulative Update Preview (KB5034441) (22621.%d)"
	tests := map[string]struct {
		events []evtx.Event
		hive   []byte
		title  string
		want   string
	}{
		"logged":                {[]evtx.Event{failure, success}, software(t, nil), "", "true exact"},
		"failed-since":          {[]evtx.Event{success, failureLater}, software(t, nil), "", "false"},
		"failed":                {[]evtx.Event{failure}, software(t, nil), "", "false"},
		"failed-but-packaged":   {[]evtx.Event{failure}, software(t, packaged(0x70)), "", "true exact"},
		"superseded":            {[]evtx.Event{failure}, software(t, packaged(0x50)), "", "true superseded"},
		"staged":                {[]evtx.Event{failure}, software(t, packaged(0x40)), "", "false"},
		"install-pending":       {nil, software(t, packaged(0x60)), "", "false"},
		"build-reached":         {[]evtx.Event{failure}, software(t, nil), fmt.Sprintf(builds, 2792), "true exact"},
		"build-passed":          {[]evtx.Event{failure}, software(t, nil), fmt.Sprintf(builds, 2000), "true superseded"},
		"build-not-reached":     {[]evtx.Event{failure}, software(t, nil), fmt.Sprintf(builds, 3000), "false"},
		"never-heard-of":        {nil, software(t, nil), "", "unknown"},
		"no-hive":               {[]evtx.Event{failure}, nil, "", "unknown"},
		"no-hive-but-logged":    {[]evtx.Event{success}, nil, "", "true exact"},
		"damaged-hive":          {[]evtx.Event{failure}, []byte("regf"), "", "unknown"},
		"another-update-logged": {[]evtx.Event{event(19, 30, guidB, title, 0)}, software(t, nil), "", "unknown"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			files := map[string][]byte{systemLog: disk.Log(t, append([]evtx.Event{first}, test.events...)...)}
			if test.hive != nil {
				files[softwareHive] = test.hive
			}
			input := fmt.Sprintf(`{"updates":[{"update_guid":"%s","kb":"KB5034441","title":%q,"revision":200}]}`, guidA, test.title)
			out, answer, err := disk.Observe[InstalledOutput](t, Plugin(), "installed", disk.New(t, noon, files), input)
			if err != nil || len(out.Updates) != 1 {
				t.Fatal(err, string(answer.Value))
			}
			u, got := out.Updates[0], "unknown"
			if u.Installed != nil {
				got = strings.TrimSpace(fmt.Sprint(*u.Installed, " ", u.How))
				if out.All == nil || *out.All != *u.Installed || len(answer.Evidence) == 0 {
					t.Errorf("all %v, evidence %v", out.All, answer.Evidence)
				}
			} else if out.All != nil || answer.Missing["/all"] == "" || answer.Missing["/updates/0/installed"] == "" {
				t.Errorf("missing %v: %s", answer.Missing, answer.Value)
			}
			if got != test.want || u.Why == "" {
				t.Errorf("%s, want %s: %s", got, test.want, answer.Value)
			}
		})
	}
	out, _, err := disk.Observe[InstalledOutput](t, Plugin(), "installed", disk.New(t, noon, nil), `{"updates":[]}`)
	if err != nil || out.All == nil || !*out.All {
		t.Errorf("no updates: %+v, %v", out, err)
	}
	two := fmt.Sprintf(`{"updates":[{"update_guid":"%s"},{"update_guid":"%s"}]}`, guidA, guidB)
	machine := disk.New(t, noon, map[string][]byte{systemLog: disk.Log(t, first, failure), softwareHive: software(t, nil)})
	if out, answer, err := disk.Observe[InstalledOutput](t, Plugin(), "installed", machine, two); err != nil || out.All == nil || *out.All || answer.Missing["/updates/1/installed"] == "" {
		t.Errorf("one is known to be missing: %v, %s", err, answer.Value)
	}
	if _, _, err := disk.Observe[InstalledOutput](t, Plugin(), "installed", disk.New(t, noon, nil), two); err == nil || sdk.AsError(err).Code != sdk.Unavailable {
		t.Errorf("an empty disk: %v", err)
	}
}

func TestHistory(t *testing.T) {
	changed := evtx.Event{Provider: "Microsoft-Windows-Servicing", ID: 3, Time: moment(5), Channel: "Setup", UserData: &evtx.UserData{
		Root: "CbsPackageChangeState", Namespace: "http://manifests.microsoft.com/win/2004/08/windows/setup_provider",
		Fields: []evtx.Field{{Name: "PackageIdentifier", Value: "KB5034441"}, {Name: "ErrorCode", Value: "0x800f0821"}}}}
	begin := evtx.Event{Provider: "Other", ID: 1, Time: moment(-60 * 24 * 60), Channel: "Setup"}
	files := map[string][]byte{
		setupLog:      disk.Log(t, begin, changed),
		reportingFile: reporting(t, reported(101, -60*24*60, guidB, 0, "x"), reported(183, 3, guidA, 0, "Installation Successful: x: "+title)),
	}
	out, answer, err := disk.Observe[HistoryOutput](t, Plugin(), "history", disk.New(t, moment(60), files), `{"since":"30d"}`)
	if err != nil || answer.Partial != "" || out.Count != 2 || len(out.Sources) != 2 {
		t.Fatalf("%v, partial %q: %s", err, answer.Partial, answer.Value)
	}
	if a, b := out.Entries[0], out.Entries[1]; a.Result != "succeeded" || a.KB != "KB5034441" || a.UpdateGUID != guidA ||
		b.Result != "failed" || b.Code.String() != "0x800F0821" || b.KB != "KB5034441" {
		t.Errorf("entries %s", answer.Value)
	}
	delete(files, reportingFile)
	if _, answer, err = disk.Observe[HistoryOutput](t, Plugin(), "history", disk.New(t, moment(60), files), `{}`); err != nil || answer.Partial == "" {
		t.Errorf("half of it: %v, %q", err, answer.Partial)
	}
	if _, _, err = disk.Observe[HistoryOutput](t, Plugin(), "history", disk.New(t, noon, nil), `{}`); err == nil || sdk.AsError(err).Code != sdk.Unavailable {
		t.Errorf("none: %v", err)
	}
}

func TestReach(t *testing.T) {
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := asked.Add(1)
		switch {
		case r.URL.Path == "/down", r.URL.Path == "/flaky" && n%2 == 1:
			w.WriteHeader(http.StatusServiceUnavailable)
		case r.URL.Path == "/refuses":
			w.WriteHeader(http.StatusForbidden)
		case r.URL.Path == "/moved":
			http.Redirect(w, r, "/down", http.StatusFound)
		case r.URL.Path == "/password":
			w.WriteHeader(http.StatusProxyAuthRequired)
		}
	}))
	defer server.Close()
	secure := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer secure.Close()
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	machine, err := target.Open(target.Spec{Kind: target.Live})
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		url    string
		ok     bool
		failed int
	}{
		"answers":           {server.URL + "/", true, 0},
		"refuses":           {server.URL + "/refuses", true, 0},
		"moved":             {server.URL + "/moved", true, 0},
		"comes-and-goes":    {server.URL + "/flaky", true, 2},
		"out-of-order":      {server.URL + "/down", false, 3},
		"proxy-password":    {server.URL + "/password", false, 3},
		"nobody-listens":    {closed.URL, false, 3},
		"unknown-authority": {secure.URL, true, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			asked.Store(0)
			out, answer, err := disk.Observe[ReachOutput](t, Plugin(), "reach", machine, `{"attempts":3,"timeout":"5s","pause":"0s","urls":["`+test.url+`"]}`)
			if err != nil || out.OK != test.ok || out.Failed != test.failed || len(out.Tries) != 3 || len(answer.Evidence) != 3 {
				t.Errorf("%v: %s", err, answer.Value)
			}
			for _, try := range out.Tries {
				if !try.OK && try.Error == "" {
					t.Errorf("a try failed without a reason: %+v", try)
				}
			}
		})
	}
	for name, input := range map[string]string{
		"no-address":  `{"attempts":1,"timeout":"1s","urls":["wsus:8530"]}`,
		"no-attempts": `{"attempts":0,"timeout":"1s","urls":["http://x"]}`,
		"no-time":     `{"attempts":1,"timeout":"0s","urls":["http://x"]}`,
	} {
		if _, _, err := disk.Observe[ReachOutput](t, Plugin(), "reach", machine, input); err == nil || sdk.AsError(err).Code != sdk.InvalidInput || sdk.AsError(err).Path == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBusy(t *testing.T) {
	out, _, err := disk.Observe[BusyOutput](t, Plugin(), "busy", disk.New(t, noon, nil), `{}`)
	if err != nil || out.Busy {
		t.Errorf("a disk is not busy: %+v, %v", out, err)
	}
}
