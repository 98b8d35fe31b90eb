package registry

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/rectify-project/rectify/internal/forge/disk"
	"github.com/rectify-project/rectify/internal/forge/hive"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/plugintest"
	"github.com/rectify-project/rectify/sdk/target"
)

func TestConform(t *testing.T) { plugintest.Conform(t, Plugin()) }

const policy = `HKLM\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate`

func offline(t *testing.T, opts hive.Options, edit func([]byte) []byte) target.Spec {
	t.Helper()
	root := &hive.Key{}
	root.At(`Policies\Microsoft\Windows\WindowsUpdate`).Set(
		hive.String("WUServer", "http://wsus:8530"), hive.DWord("Flags", 0x80000001), hive.QWord("Huge", 1<<63),
		hive.Strings("Names", "a", "b"), hive.Binary("Bytes", []byte{1, 0xab}), hive.String("", "default"))
	root.At(`Policies\Microsoft\Windows\WindowsUpdate\AU`).Set(hive.DWord("UseWUServer", 1))
	opts.Name = "SOFTWARE"
	data, err := hive.Bytes(root, opts)
	if err != nil {
		t.Fatal(err)
	}
	if edit != nil {
		data = edit(data)
	}
	files := map[string][]byte{}
	if data != nil {
		files["Windows/System32/config/SOFTWARE"] = data
	}
	return target.Spec{Kind: target.Offline, Root: disk.Write(t, files)}
}

func TestRead(t *testing.T) {
	spec := offline(t, hive.Options{}, nil)
	tests := map[string]struct {
		key   string
		value *string
		want  string // the answer without key and time
	}{
		"text":            {policy, new("WUServer"), `{"exists":true,"type":"text","text":"http://wsus:8530"}`},
		"in-another-case": {strings.ToLower(policy), new("wuserver"), `{"exists":true,"type":"text","text":"http://wsus:8530"}`},
		"default-value":   {policy, new(""), `{"exists":true,"type":"text","text":"default"}`},
		"number":          {policy, new("Flags"), `{"exists":true,"type":"number","text":"2147483649","number":2147483649}`},
		"beyond-an-int64": {policy, new("Huge"), `{"exists":true,"type":"number","text":"9223372036854775808"}`},
		"list":            {policy, new("Names"), `{"exists":true,"type":"list","text":"a\nb","list":["a","b"]}`},
		"binary":          {policy, new("Bytes"), `{"exists":true,"type":"binary","text":"01ab"}`},
		"no-such-value":   {policy, new("Nothing"), `{"exists":false}`},
		"no-such-key":     {policy + `\Nothing`, nil, `{"exists":false}`},
		"key":             {policy, nil, `{"exists":true,"values":["","Bytes","Flags","Huge","Names","WUServer"],"keys":["AU"]}`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			a, err := plugintest.Serve(t, Plugin()).Observe("read", spec, ReadInput{test.key, test.value})
			if err != nil {
				t.Fatal(err)
			}
			var out ReadOutput
			if err := json.Unmarshal(a.Value, &out); err != nil {
				t.Fatal(err)
			}
			if out.Exists && !strings.EqualFold(out.Key, test.key) {
				t.Errorf("key %q, want %q", out.Key, test.key)
			}
			out.Key, out.When = "", nil
			got, err := json.Marshal(out)
			if err != nil {
				t.Fatal(err)
			}
			if s := strings.Replace(string(got), `"key":"",`, "", 1); s != test.want || a.Partial != "" {
				t.Errorf("got %s, partial %q; want %s", s, a.Partial, test.want)
			}
			if out.Exists && (len(a.Evidence) != 1 || a.Evidence[0].Key == "") {
				t.Errorf("evidence: %+v", a.Evidence)
			}
		})
	}
}

func TestReadUnknowns(t *testing.T) {
	tests := map[string]struct {
		spec target.Spec
		key  string
		code sdk.ErrorCode
	}{
		"hive-is-missing":    {offline(t, hive.Options{}, func([]byte) []byte { return nil }), policy, sdk.Unavailable},
		"hive-is-no-hive":    {offline(t, hive.Options{}, func([]byte) []byte { return []byte("text") }), policy, sdk.Unavailable},
		"hive-is-cut-off":    {offline(t, hive.Options{}, func(b []byte) []byte { return b[:4096+64] }), policy, sdk.Unavailable},
		"path-without-a-top": {offline(t, hive.Options{}, nil), `SOFTWARE\x`, sdk.InvalidInput},
		"not-a-hive-of-file": {offline(t, hive.Options{}, nil), `HKLM\HARDWARE\x`, sdk.InvalidInput},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := plugintest.Serve(t, Plugin()).Observe("read", test.spec, ReadInput{Key: test.key})
			if err == nil || sdk.AsError(err).Code != test.code {
				t.Errorf("got %v, want %s", err, test.code)
			}
		})
	}
}

func TestDirtyHiveIsPartial(t *testing.T) {
	spec := offline(t, hive.Options{Dirty: true}, nil)
	a, err := plugintest.Serve(t, Plugin()).Observe("read", spec, ReadInput{Key: policy, Value: new("WUServer")})
	if err != nil {
		t.Fatal(err)
	}
	if a.Partial == "" || a.Settle == "" {
		t.Errorf("partial %q, settle %q", a.Partial, a.Settle)
	}
}
