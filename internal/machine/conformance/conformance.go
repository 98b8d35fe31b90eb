// Package conformance says how a system behaves where plugins rely on it. A [Check] tries one thing that a plugin takes for
// granted of Windows: that a start type reads back as it was set, that a query of an event channel gives events. The same
// checks run against the fakes of the tests, so that a fake cannot be kinder than the system it stands for; against a
// Windows that the tests have; and, those that change nothing, by `rectify doctor` against the machine of whoever asks.
package conformance

import (
	"context"
	"errors"
	"fmt"
)

// Check tries one thing.
type Check struct {
	// Name says what is taken for granted: "a start type is read back as it was set". It is unique among the checks of
	// a suite.
	Name string
	// API are the functions of the system that it calls: "advapi32!ChangeServiceConfigW", "ITaskService.GetFolder".
	API []string
	// Serves are the functions of plugins that rest on it: "service.configure".
	Serves []string
	// Changes says that it changes the system: it is for fakes and for machines of tests, never for a machine that somebody
	// needs.
	Changes bool
	// Deadly says that the process may die of it where the system lacks a function: it is run in a process of its own.
	Deadly bool
	// Run gives nil where the system does as is taken for granted, and else [Differs], [Missing] or [Inapplicable]; any
	// other error counts as a difference.
	Run func(ctx context.Context) error
}

// Suite is the checks of one store of the machine.
type Suite struct {
	Name   string // "services"
	Checks []Check
}

// Outcome is what a check found.
type Outcome string

// The outcomes.
const (
	Works     Outcome = "works"
	Different Outcome = "differs"        // it answers, and otherwise than is relied upon
	Absent    Outcome = "missing"        // the system does not have it, or does not carry it out
	Unasked   Outcome = "not applicable" // what it is about is not on this machine, or the rights are missing
)

type verdict struct {
	outcome Outcome
	err     error
}

func (v *verdict) Error() string { return v.err.Error() }
func (v *verdict) Unwrap() error { return v.err }

// Differs says that the system answers, and otherwise than is relied upon.
func Differs(format string, args ...any) error {
	return &verdict{Different, fmt.Errorf(format, args...)}
}

// Missing says that the system lacks a function or does not carry it out.
func Missing(format string, args ...any) error { return &verdict{Absent, fmt.Errorf(format, args...)} }

// Inapplicable says why there is nothing to try.
func Inapplicable(format string, args ...any) error {
	return &verdict{Unasked, fmt.Errorf(format, args...)}
}

// Finding is what a check found.
type Finding struct {
	Outcome Outcome `json:"outcome"`
	Detail  string  `json:"detail,omitempty"` // the exact error; empty where it works
}

// Try runs a check. A panic is a difference.
func (c Check) Try(ctx context.Context) (f Finding) {
	defer func() {
		if p := recover(); p != nil {
			f = Finding{Different, fmt.Sprintf("panic: %v", p)}
		}
	}()
	err := c.Run(ctx)
	if err == nil {
		return Finding{Outcome: Works}
	}
	f = Finding{Different, err.Error()}
	if v, ok := errors.AsType[*verdict](err); ok {
		f.Outcome = v.outcome
	}
	return f
}
