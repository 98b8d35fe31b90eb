package file

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/plugintest"
	"github.com/rectify-project/rectify/sdk/schema"
	"github.com/rectify-project/rectify/sdk/target"
)

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func TestCopy(t *testing.T) {
	big := strings.Repeat("0123456789abcdef", 80_000) // more than one part
	disk := []string{"Windows/a.log = text", "Windows/empty = ", "Windows/big = " + big, "Temp/same = text", "Windows/link -> a.log"}
	for name, c := range map[string]struct {
		input CopyInput
		noop  bool
		text  string
		to    schema.TargetPath // the output's; empty: the input's
	}{
		"file":           {input: CopyInput{Path: `C:\Windows\a.log`, To: `C:\Temp\b.log`}, text: "text"},
		"beside":         {input: CopyInput{Path: `C:\Windows\a.log`, To: `C:\Windows\b.log`}, text: "text"},
		"to-the-root":    {input: CopyInput{Path: `C:\Windows\a.log`, To: `C:\b.log`}, text: "text"},
		"empty":          {input: CopyInput{Path: `C:\Windows\empty`, To: `C:\Temp\b`}},
		"big":            {input: CopyInput{Path: `C:\Windows\big`, To: `C:\Temp\b`}, text: big},
		"digest":         {input: CopyInput{Path: `C:\Windows\a.log`, To: `C:\Temp\b`, Sha256: strings.ToUpper(digest("text"))}, text: "text"},
		"any-case":       {input: CopyInput{Path: `%windir%\A.LOG`, To: `c:\TEMP\b`}, text: "text", to: `C:\Temp\b`},
		"from-a-link":    {input: CopyInput{Path: `C:\Windows\link`, To: `C:\Temp\b`}, text: "text"},
		"long-name":      {input: CopyInput{Path: `C:\Windows\a.log`, To: schema.TargetPath(`C:\Temp\` + strings.Repeat("b", 255))}, text: "text"},
		"there-already":  {input: CopyInput{Path: `C:\Windows\a.log`, To: `C:\Temp\same`}, text: "text", noop: true},
		"there-any-case": {input: CopyInput{Path: `C:\Windows\a.log`, To: `C:\Temp\SAME`}, text: "text", noop: true, to: `C:\Temp\same`},
		"onto-itself":    {input: CopyInput{Path: `C:\Windows\a.log`, To: `C:\Windows\a.log`}, text: "text", noop: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			skipLink(t, name)
			scene := func(t testing.TB) plugintest.Scene {
				return plugintest.Scene{Target: layOut(t, disk...), Input: c.input}
			}
			keepsPromises(t, name, plugintest.ActionCase{Action: "copy", Scene: scene, NoOp: c.noop})

			d := prepared(t, "copy", layOut(t, disk...), c.input)
			before := listing(t, d.on.Root)
			got := apply[CopyOutput](d)
			if want := (CopyOutput{To: cmpOr(c.to, c.input.To), Size: schema.Bytes(len(c.text)), Sha256: digest(c.text)}); got != want {
				t.Errorf("output %+v, want %+v", got, want)
			}
			on, err := target.Open(d.on)
			if err != nil {
				t.Fatal(err)
			}
			defer on.Close()
			if info, err := on.Stat(string(c.input.To)); err != nil || info.Size() != int64(len(c.text)) {
				t.Errorf("the copy: %v, %v", info, err)
			}
			if added := len(listing(t, d.on.Root)) - len(before); added != 1 && !c.noop {
				t.Errorf("%d new files and folders, want 1", added)
			}
			if undo[CopyOutput](d); !slices.Equal(listing(t, d.on.Root), before) {
				t.Errorf("undone: %q", listing(t, d.on.Root))
			}
		})
	}
}

func TestCopyRefuses(t *testing.T) {
	disk := layOut(t, "w/a = text", "w/b = other", "w/c/x", "way -> w", "w/link -> nowhere", "Temp/")
	for name, c := range map[string]struct {
		input CopyInput
		code  sdk.ErrorCode
		at    string
		words string
	}{
		"to-exists":         {CopyInput{Path: `C:\w\a`, To: `C:\w\b`}, sdk.InvalidInput, "/to", `C:\w\b exists already and is something else`},
		"to-exists-in-case": {CopyInput{Path: `C:\w\a`, To: `C:\w\B`}, sdk.InvalidInput, "/to", "nothing is replaced"},
		"to-a-folder":       {CopyInput{Path: `C:\w\a`, To: `C:\w\c`}, sdk.InvalidInput, "/to", "something else"},
		"to-a-link":         {CopyInput{Path: `C:\w\a`, To: `C:\w\link`}, sdk.InvalidInput, "/to", "something else"},
		"to-no-folder":      {CopyInput{Path: `C:\w\a`, To: `C:\none\b`}, sdk.NotFound, "/to", "make the folder first"},
		"through-a-link":    {CopyInput{Path: `C:\w\a`, To: `C:\way\x`}, sdk.Unavailable, "/to", "is a link"},
		"to-a-device":       {CopyInput{Path: `C:\w\a`, To: `C:\w\con.txt`}, sdk.InvalidInput, "/to", "device"},
		"to-a-dot-behind":   {CopyInput{Path: `C:\w\a`, To: `C:\w\x.`}, sdk.InvalidInput, "/to", "dot"},
		"to-another-drive":  {CopyInput{Path: `C:\w\a`, To: `D:\x`}, sdk.InvalidInput, "/to", "another drive"},
		"to-the-drive":      {CopyInput{Path: `C:\w\a`, To: `C:\`}, sdk.InvalidInput, "/to", "drive"},
		"to-upwards":        {CopyInput{Path: `C:\w\a`, To: `C:\w\..\x`}, sdk.InvalidInput, "/to", "leads out"},
		"source-missing":    {CopyInput{Path: `C:\w\none`, To: `C:\w\x`}, sdk.NotFound, "/path", `C:\w\none`},
		"source-a-folder":   {CopyInput{Path: `C:\w\c`, To: `C:\w\x`}, sdk.Unavailable, "/path", "not a regular file"},
		"source-upwards":    {CopyInput{Path: `C:\..\x`, To: `C:\w\x`}, sdk.InvalidInput, "/path", "leads out"},
		"digest":            {CopyInput{Path: `C:\w\a`, To: `C:\w\x`, Sha256: digest("other")}, sdk.InvalidInput, "/sha256", "has the digest " + digest("text") + ", expected " + digest("other")},
		"no-digest":         {CopyInput{Path: `C:\w\a`, To: `C:\w\x`, Sha256: "abc"}, sdk.InvalidInput, "/sha256", "abc"},
	} {
		t.Run(name, func(t *testing.T) {
			skipLink(t, name)
			refused(t, "copy", disk, c.input, c.code, c.at, c.words)
		})
	}
}

func TestCopyMeanwhile(t *testing.T) {
	start := func(t *testing.T) (*done, string) {
		d := prepared(t, "copy", layOut(t, "w/a = text", "t/"), CopyInput{Path: `C:\w\a`, To: `C:\t\b`})
		var token copyToken
		if err := json.Unmarshal(d.token, &token); err != nil {
			t.Fatal(err)
		}
		return d, "t/" + token.part()
	}
	t.Run("source-changes", func(t *testing.T) {
		d, _ := start(t)
		d.write("w/a", "longer than it was")
		d.applyFails(sdk.Unavailable, `C:\w\a was changed since this was planned`)
		d.assess(sdk.StateBefore, "")
	})
	t.Run("source-goes", func(t *testing.T) {
		d, _ := start(t)
		d.write("w/a", "")
		d.applyFails(sdk.NotFound, `C:\w\a`)
	})
	t.Run("source-goes-afterwards", func(t *testing.T) {
		d, _ := start(t)
		out := apply[CopyOutput](d)
		d.write("w/a", "")
		if again := apply[CopyOutput](d); again != out {
			t.Errorf("applied again: %+v, want %+v", again, out)
		}
		undo[CopyOutput](d)
		if got := listing(t, d.on.Root); !slices.Equal(got, []string{"t/", "w/"}) {
			t.Errorf("undone: %q", got)
		}
	})
	t.Run("somebody-else-makes-the-same", func(t *testing.T) {
		d, _ := start(t)
		d.write("t/B", "text")
		d.assess(sdk.StateOther, "was made by somebody else")
		d.applyFails(sdk.Unavailable, "was made by somebody else")
		undo[CopyOutput](d)
		if got := listing(t, d.on.Root); !slices.Contains(got, "t/B = text") {
			t.Errorf("undo has deleted what it had not made: %q", got)
		}
	})
	t.Run("somebody-else-makes-the-same-after-undo", func(t *testing.T) {
		d, _ := start(t)
		apply[CopyOutput](d)
		undo[CopyOutput](d)
		d.write("t/b", "text")
		d.assess(sdk.StateOther, "was made by somebody else")
		undo[CopyOutput](d)
		if got := listing(t, d.on.Root); !slices.Contains(got, "t/b = text") {
			t.Errorf("undo has deleted what it had not made: %q", got)
		}
	})
	t.Run("copy-changes", func(t *testing.T) {
		d, _ := start(t)
		apply[CopyOutput](d)
		d.write("t/b", "TEXT")
		d.assess(sdk.StateOther, `C:\t\b was changed since it was copied`)
		d.undoFails(sdk.Unavailable, "was changed since it was copied")
		d.applyFails(sdk.Unavailable, "was changed since it was copied")
	})
	t.Run("copy-is-a-folder-now", func(t *testing.T) {
		d, _ := start(t)
		apply[CopyOutput](d)
		d.write("t/b", "")
		d.write("t/b/x", "1")
		d.assess(sdk.StateOther, "is a folder now")
		d.undoFails(sdk.Unavailable, "is a folder now")
	})
	t.Run("copy-is-deleted", func(t *testing.T) {
		d, _ := start(t)
		apply[CopyOutput](d)
		d.write("t/b", "")
		d.assess(sdk.StateBefore, "")
		undo[CopyOutput](d)
	})
	t.Run("folder-goes", func(t *testing.T) {
		d, _ := start(t)
		apply[CopyOutput](d)
		d.write("t", "")
		d.assess(sdk.StateOther, `the folder C:\t is gone`)
		undo[CopyOutput](d)
	})
	t.Run("crash-of-another-run", func(t *testing.T) {
		d, part := start(t)
		d.write(part, "te")
		d.assess(sdk.StateBefore, "")
		apply[CopyOutput](d)
		if got := listing(t, d.on.Root); !slices.Equal(got, []string{"t/", "t/b = text", "w/", "w/a = text"}) {
			t.Errorf("applied: %q", got)
		}
	})
	t.Run("part-is-a-folder", func(t *testing.T) {
		d, part := start(t)
		d.write(part+"/x", "somebody's")
		d.applyFails(sdk.Unavailable, "a file was expected")
	})
}

// A call that is given up leaves nothing behind, at whatever part of the file it ends.
func TestCopyIsGivenUp(t *testing.T) {
	spec := layOut(t, "w/a = "+strings.Repeat("x", 5<<20))
	before := listing(t, spec.Root)
	for stop := range 6 {
		d := prepared(t, "copy", spec, CopyInput{Path: `C:\w\a`, To: `C:\b`})
		on, err := target.Open(spec)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		calls := 0
		call := &sdk.Call{Target: on, Report: func(sdk.Progress) {
			if calls == stop {
				cancel()
			}
			calls++
		}}
		_, err = copyFile(mover{}).Apply(ctx, call, json.RawMessage(`{"path":"C:\\w\\a","to":"C:\\b"}`), d.token, d.state)
		cancel()
		if !errors.Is(err, context.Canceled) && sdk.AsError(err).Code != sdk.Canceled {
			t.Errorf("stopped at progress %d: %v", stop, err)
		}
		if err := on.Close(); err != nil {
			t.Error(err)
		}
		if after := listing(t, spec.Root); !slices.Equal(after, before) {
			t.Fatalf("stopped at progress %d: %d files and folders, want %d", stop, len(after), len(before))
		}
		d.assess(sdk.StateBefore, "")
	}
}

// A record that is damaged is told, and nothing is deleted by guess.
func TestDamagedRecord(t *testing.T) {
	d := prepared(t, "copy", layOut(t, "w/a = text"), CopyInput{Path: `C:\w\a`, To: `C:\b`})
	apply[CopyOutput](d)
	if err := os.WriteFile(filepath.Join(d.state, copyRecord), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	d.undoFails(sdk.Unavailable, "what was kept in the state directory cannot be read")
}

// A state directory that cannot be written to keeps the change from beginning.
func TestNoRecordNoChange(t *testing.T) {
	d := prepared(t, "copy", layOut(t, "w/a = text"), CopyInput{Path: `C:\w\a`, To: `C:\b`})
	d.state = filepath.Join(d.state, "none")
	d.applyFails(sdk.Unavailable, "so nothing more is changed")
}
