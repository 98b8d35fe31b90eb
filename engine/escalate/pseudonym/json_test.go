package pseudonym_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/rectify-project/rectify/engine/escalate/pseudonym"
)

func redactJSON(t *testing.T, doc string, lines bool) string {
	t.Helper()
	l := known()
	if err := l.JSON([]byte(doc)); err != nil {
		t.Fatal(err)
	}
	out, err := l.Book().JSON([]byte(doc), lines)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestJSON(t *testing.T) {
	for name, c := range map[string]struct{ doc, want string }{
		"fields":            {`{"user":"hschmidt","computer":"pc0815","domain":"FIRMA","n":1.50}`, `{"user":"user-1","computer":"machine-1","domain":"domain-1","n":1.50}`},
		"fields-spelt":      {`{"user_name":"hschmidt","SubjectUserName":"b.lang","Computer":"pc0815","TargetDomainName":"FIRMA","WorkstationName":"k7x"}`, `{"user_name":"user-1","SubjectUserName":"user-2","Computer":"machine-1","TargetDomainName":"domain-1","WorkstationName":"machine-2"}`},
		"learnt":            {`[{"user":"FIRMA\\hschmidt"},{"text":"hschmidt of firma on C:\\Users\\hschmidt.FIRMA\\x"}]`, `[{"user":"domain-1\\user-1"},{"text":"user-1 of domain-1 on C:\\Users\\user-2\\x"}]`},
		"nested-name":       {`{"users":[{"name":"hschmidt"}],"server":{"name":"pc0815"},"service":{"name":"wuauserv"}}`, `{"users":[{"name":"user-1"}],"server":{"name":"machine-1"},"service":{"name":"wuauserv"}}`},
		"list":              {`{"hosts":["pc0815","10.1.2.3","download.windowsupdate.com","x.firma.de:8080"]}`, `{"hosts":["machine-1","ipv4-1","download.windowsupdate.com","machine-2.domain-1:8080"]}`},
		"everyday-words":    {`{"user":"admin","host":"server","account":"LocalSystem","owner":"unknown","text":"the admin of the server"}`, `{"user":"user-1","host":"machine-1","account":"LocalSystem","owner":"unknown","text":"the admin of the server"}`},
		"short":             {`{"user":"al","computer":"x1","text":"al x1"}`, `{"user":"user-1","computer":"machine-1","text":"al x1"}`},
		"keys":              {`{"jdoe":1,"C:\\Users\\hschmidt\\x":{"hschmidt":2}}`, `{"user-1":1,"C:\\Users\\user-2\\x":{"user-2":2}}`},
		"accounts":          {`{"user":"NT AUTHORITY\\SYSTEM","author":"Microsoft Corporation","owner":"S-1-5-18","by":"terminal"}`, `{"user":"NT AUTHORITY\\SYSTEM","author":"Microsoft Corporation","owner":"S-1-5-18","by":"terminal"}`},
		"authors":           {`[{"author":"FIRMA\\hschmidt"},{"author":"$(@%SystemRoot%\\x.dll,-100)"},{"author":"blang"}]`, `[{"author":"domain-1\\user-1"},{"author":"$(@%SystemRoot%\\x.dll,-100)"},{"author":"user-2"}]`},
		"mail-user":         {`{"user":"h.schmidt@firma.de","text":"h.schmidt"}`, `{"user":"email-1","text":"user-1"}`},
		"proxies":           {`{"proxy":"http=proxy7:8080;https=proxy8","bypass":["*.firma.de","<local>","10.*"],"script_url":"http://wpad.firma.de/wpad.dat"}`, `{"proxy":"http=machine-1:8080;https=machine-2","bypass":["*.domain-1","<local>","10.*"],"script_url":"http://machine-3.domain-1/wpad.dat"}`},
		"target":            {`{"target":{"kind":"offline","name":"pc0815"},"t":"disk pc0815, /mnt/pc0815"}`, `{"target":{"kind":"offline","name":"machine-1"},"t":"disk machine-1, /mnt/machine-1"}`},
		"target-folder":     {`{"target":{"kind":"offline","name":"/mnt/disk"},"t":"the disk"}`, `{"target":{"kind":"offline","name":"/mnt/disk"},"t":"the disk"}`},
		"target-bundle":     {`{"target":{"name":"bundles/pc0815.json"}}`, `{"target":{"name":"bundles/machine-1.json"}}`},
		"times-stay":        {`{"user":"16T11","at":"2026-01-16T11:00:00Z","text":"2026 16T11"}`, `{"user":"user-1","at":"2026-01-16T11:00:00Z","text":"2026 user-1"}`},
		"numbers-stay":      {`[12345678901234567890, 1e400, -0.0, true, null]`, `[12345678901234567890,1e400,-0.0,true,null]`},
		"escapes":           {`{"t":"jdoe \u003cx\u003e \"\\\n\u0007\ud83d\ude00","u":"\u003cx\u003e"}`, `{"t":"user-1 <x> \"\\\n\u0007😀","u":"\u003cx\u003e"}`},
		"half-a-surrogate":  {`["\ud800 jdoe"]`, "[\"\uFFFD user-1\"]"},
		"version":           {`{"version":"1.2.3.4","plugin_version":"1.0.0.7","address":"1.2.3.4"}`, `{"version":"1.2.3.4","plugin_version":"1.0.0.7","address":"ipv4-1"}`},
		"password":          {`{"password":"Tiger7","text":"password=Tiger7"}`, `{"password":"secret-1","text":"password=secret-1"}`},
		"registry":          {`{"value":"ComputerName","text":"ComputerName = pc 0815"}`, `{"value":"ComputerName","text":"ComputerName = pc 0815"}`},
		"registry-owner":    {`{"text":"RegisteredOwner = Hans Schmidt"}`, `{"text":"RegisteredOwner = user-1"}`},
		"scalar":            {` "jdoe" `, `"user-1"`},
		"empty-containers":  {`{"a":{ },"b":[ ]}`, `{"a":{},"b":[]}`},
		"not-the-enclosing": {`{"user":{"sid":"S-1-5-18","enabled":"yes"},"host":{"port":"8080","state":"up-and-running"}}`, `{"user":{"sid":"S-1-5-18","enabled":"yes"},"host":{"port":"8080","state":"up-and-running"}}`},
	} {
		t.Run(name, func(t *testing.T) {
			got := redactJSON(t, c.doc, false)
			if got != c.want {
				t.Errorf("\n got %s\nwant %s", got, c.want)
			}
			if again := redactJSON(t, got, false); again != got {
				t.Errorf("a second time gives %s", again)
			}
			var a, b any
			lines := redactJSON(t, c.doc, true)
			if json.Unmarshal([]byte(got), &a) != nil || json.Unmarshal([]byte(lines), &b) != nil {
				if name != "numbers-stay" { // one of them is too large for Go
					t.Errorf("not JSON: %s\n%s", got, lines)
				}
			}
		})
	}
}

func TestJSONInLines(t *testing.T) {
	doc := `{"a":{"b":[1,{"c":[]},"x"],"e":{}},"d":[[[[[[[[[1,2]]]]]]]]]}`
	want := `{
 "a": {
  "b": [
   1,
   {
    "c": []
   },
   "x"
  ],
  "e": {}
 },
 "d": [
  [
   [
    [
     [
      [
       [[[1,2]]]
      ]
     ]
    ]
   ]
  ]
 ]
}`
	got, err := pseudonym.CopyJSON([]byte(doc), true)
	if err != nil || string(got) != want {
		t.Errorf("got\n%s, %v\nwant\n%s", got, err, want)
	}
	if again, err := pseudonym.CopyJSON(got, true); err != nil || string(again) != want {
		t.Errorf("a second time gives\n%s, %v", again, err)
	}
	if deep, err := pseudonym.CopyJSON([]byte(strings.Repeat("[", 9000)+strings.Repeat("]", 9000)), true); err != nil || len(deep) > 19_000 {
		t.Errorf("deep nesting takes %d bytes, %v", len(deep), err)
	}
}

func TestNotJSON(t *testing.T) {
	for name, c := range map[string]struct{ doc, want string }{
		"empty":     {"", "it is empty, not a JSON document"},
		"cut":       {`{"a":`, "it is not a JSON document: unexpected end of JSON input"},
		"two":       {`{} {}`, "it is not a JSON document: invalid character '{' after top-level value"},
		"too-deep":  {strings.Repeat("[", 20_000), "it is not a JSON document: invalid character '[' exceeded max depth"},
		"not-quite": {`{'a':1}`, `it is not a JSON document: invalid character '\'' looking for beginning of object key string`},
	} {
		t.Run(name, func(t *testing.T) {
			if err := known().JSON([]byte(c.doc)); err == nil || err.Error() != c.want {
				t.Errorf("learning: %v, want %s", err, c.want)
			}
			if _, err := known().Book().JSON([]byte(c.doc), false); err == nil || err.Error() != c.want {
				t.Errorf("replacing: %v, want %s", err, c.want)
			}
		})
	}
}
