package com

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/windows"
)

// The Task Scheduler is a class that every Windows has, Wine too.
var (
	classScheduler = windows.GUID{Data1: 0x0f87369f, Data2: 0xa4e5, Data3: 0x4cfc, Data4: [8]byte{0xbd, 0x3e, 0x73, 0xe6, 0x15, 0x45, 0x72, 0xdd}}
	ifaceService   = windows.GUID{Data1: 0x2faba4c7, Data2: 0x4da9, Data3: 0x4013, Data4: [8]byte{0x96, 0x97, 0x20, 0xcc, 0x3f, 0xd4, 0x0f, 0x85}}
	ifaceUnknown   = windows.GUID{Data4: [8]byte{0xc0, 0, 0, 0, 0, 0, 0, 0x46}}
	nobodys        = windows.GUID{Data1: 0x1badcafe, Data2: 1, Data3: 2, Data4: [8]byte{3}}
)

func TestObjects(t *testing.T) {
	err := Run(func() error {
		service, err := Create("TaskScheduler", classScheduler, ifaceService)
		if err != nil {
			return err
		}
		defer service.Release()
		unknown, err := service.Query("IUnknown", ifaceUnknown)
		if err != nil {
			return err
		}
		defer unknown.Release()
		if connected, err := service.Bool(11, "ITaskService.get_Connected"); err != nil || connected {
			t.Errorf("connected before it was: %v, %v", connected, err)
		}
		if err := connect(service); err != nil {
			return err
		}
		if connected, err := service.Bool(11, "ITaskService.get_Connected"); err != nil || !connected {
			t.Errorf("connected: %v, %v", connected, err)
		}
		path, err := NewBSTR(`\`)
		if err != nil {
			return err
		}
		defer path.Free()
		root, err := service.Out(7, "ITaskService.GetFolder", path.Arg())
		if err != nil {
			return err
		}
		defer root.Release()
		if name, err := root.Text(8, "ITaskFolder.get_Path"); err != nil || name != `\` {
			t.Errorf("path of the root %q, %v", name, err)
		}
		if version, err := Get[uint32](service, 15, "ITaskService.get_HighestVersion"); err != nil || version < 0x10002 {
			t.Errorf("version %#x, %v", version, err)
		}
		if _, err := service.Query("nothing", nobodys); !hasCode(err, NoInterface) {
			t.Errorf("an interface that it does not have: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func connect(service Object) error {
	var server, user, domain, password Variant
	defer server.Clear()
	defer user.Clear()
	defer domain.Clear()
	defer password.Clear()
	return service.Call(10, "ITaskService.Connect", server.Arg(), user.Arg(), domain.Arg(), password.Arg())
}

func hasCode(err error, want any) bool {
	code, ok := CodeOf(err)
	return ok && code == want
}

func TestWhatIsNotThere(t *testing.T) {
	if err := Run(func() error {
		_, err := Create("Nobody", nobodys, ifaceUnknown)
		return err
	}); !hasCode(err, NotRegistered) || !strings.Contains(err.Error(), "CoCreateInstance Nobody: 0x80040154 (REGDB_E_CLASSNOTREG)") {
		t.Errorf("a class that is not registered: %v", err)
	}
	var none Object
	none.Release()
	if err := none.Call(7, "INothing.Do"); err == nil || !strings.Contains(err.Error(), "INothing.Do: there is no object") {
		t.Errorf("no object: %v", err)
	}
	// Outside of the apartment there are no objects. (A thread that never entered one may still be in it implicitly, once
	// another thread has: so this says only that there is no panic.)
	if o, err := Create("TaskScheduler", classScheduler, ifaceService); err == nil {
		o.Release()
	}
}

func TestEveryCallHasAThreadOfItsOwn(t *testing.T) {
	type pair struct{ outer, inner uint32 }
	got, err := Do(t.Context(), func() (pair, error) {
		inner, err := Do(t.Context(), func() (uint32, error) { return windows.GetCurrentThreadId(), nil })
		return pair{windows.GetCurrentThreadId(), inner}, err
	})
	if err != nil || got.outer == got.inner {
		t.Errorf("threads %+v, %v", got, err)
	}
}

func TestCallsThatDoNotEndWell(t *testing.T) {
	fault := errors.New("its own")
	if err := Run(func() error { return fault }); !errors.Is(err, fault) {
		t.Errorf("an error: %v", err)
	}
	if err := Run(func() error { panic("why not") }); err == nil || !strings.Contains(err.Error(), "why not") {
		t.Errorf("a panic: %v", err)
	}
	if err := Run(func() error { runtime.Goexit(); return nil }); !errors.Is(err, errAborted) {
		t.Errorf("a goroutine that ends: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	release := make(chan struct{})
	defer close(release)
	_, err := Do(ctx, func() (int, error) {
		cancel()
		<-release
		return 1, nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("a call that hangs: %v", err)
	}
	if _, err := Do(ctx, func() (int, error) { t.Error("called though the context had ended"); return 0, nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("a context that has ended: %v", err)
	}
}

func TestStrings(t *testing.T) {
	for name, s := range map[string]string{"empty": "", "plain": "abc", "beyond-the-plane": "ü 😀 \u4e2d", "quotes": `"a" \b\`} {
		t.Run(name, func(t *testing.T) {
			b, err := NewBSTR(s)
			if err != nil {
				t.Fatal(err)
			}
			defer b.Free()
			if b.Arg() == 0 || b.String() != s {
				t.Errorf("got %q, want %q", b.String(), s)
			}
		})
	}
	if _, err := NewBSTR("a\x00b"); err == nil || !strings.Contains(err.Error(), `"a\x00b" holds a NUL`) {
		t.Errorf("with a NUL: %v", err)
	}
	if _, err := NewText("a\x00b"); err == nil {
		t.Error("a variant with a NUL")
	}
	var none BSTR
	none.Free()
	if none.String() != "" {
		t.Error("no string has text")
	}
}

func TestVariants(t *testing.T) {
	if size := unsafe.Sizeof(Variant{}); size != 24 {
		t.Fatalf("a variant has %d bytes, want 24", size)
	}
	text, err := NewText("x")
	if err != nil {
		t.Fatal(err)
	}
	for name, v := range map[string]*Variant{"empty": new(Variant), "number": NewInt(-1), "text": text} {
		t.Run(name, func(t *testing.T) {
			if v.Arg() != uintptr(unsafe.Pointer(v)) {
				t.Error("the argument is not its address")
			}
			v.Clear()
			if v.Type != VTEmpty {
				t.Errorf("cleared it has type %d", v.Type)
			}
		})
	}
	if NewInt(-1).Value != 0xFFFFFFFF || BoolArg(true) != 0xFFFF || BoolArg(false) != 0 {
		t.Error("numbers and truth values are not written as COM has them")
	}
}

// TestStacksThatMove has the answers of calls put down while the stacks of their goroutines grow.
func TestStacksThatMove(t *testing.T) {
	err := Run(func() error {
		service, err := Create("TaskScheduler", classScheduler, ifaceService)
		if err != nil {
			return err
		}
		defer service.Release()
		if err := connect(service); err != nil {
			return err
		}
		for depth := range 200 {
			if v, err := deep(depth, service); err != nil || v < 0x10002 {
				t.Errorf("at depth %d: version %#x, %v", depth, v, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func deep(depth int, service Object) (uint32, error) {
	var room [64]byte
	if depth > 0 {
		v, err := deep(depth-1, service)
		room[depth%64] = byte(v)
		return v + uint32(room[depth%64])*0, err
	}
	return Get[uint32](service, 15, "ITaskService.get_HighestVersion")
}
