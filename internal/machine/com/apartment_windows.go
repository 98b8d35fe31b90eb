package com

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"syscall"

	"golang.org/x/sys/windows"
)

// Run calls do on a thread of its own that has entered the multithreaded apartment, and waits for it. Objects that do makes
// must be released before it returns, and used by no other goroutine. A panic in do is an error.
func Run(do func() error) error {
	done := start(func() (struct{}, error) { return struct{}{}, do() })
	return (<-done).err
}

// Do is Run for calls that may hang, with an answer: it gives up when the context ends. The call is not ended by that, for
// nothing can end it: it keeps its thread, its answer is dropped, and what it was to change may still be changed. So do shares
// no variables with whoever calls Do.
func Do[T any](ctx context.Context, do func() (T, error)) (T, error) {
	var none T
	if err := ctx.Err(); err != nil {
		return none, err
	}
	select {
	case answer := <-start(do):
		return answer.value, answer.err
	case <-ctx.Done():
		return none, ctx.Err()
	}
}

type outcome[T any] struct {
	value T
	err   error
}

var errAborted = errors.New("the call on a thread of COM ended without an answer")

func start[T any](do func() (T, error)) <-chan outcome[T] {
	done := make(chan outcome[T], 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine, and whatever COM has left on it
		answer := outcome[T]{err: errAborted}
		defer func() {
			if p := recover(); p != nil {
				answer.err = fmt.Errorf("panic on a thread of COM: %v\n%s", p, debug.Stack())
			}
			done <- answer
		}()
		const alreadyEntered = syscall.Errno(1) // S_FALSE; to be left as often as it was entered
		if err := windows.CoInitializeEx(0, windows.COINIT_MULTITHREADED); err != nil && !errors.Is(err, alreadyEntered) {
			answer.err = fmt.Errorf("CoInitializeEx: %w", err)
			return
		}
		defer windows.CoUninitialize()
		answer.value, answer.err = do()
	}()
	return done
}
