package dism

import (
	"context"
	"errors"
	"io/fs"

	"github.com/rectify-project/rectify/internal/artefact/cab"
	"github.com/rectify-project/rectify/internal/machine/command"
	"github.com/rectify-project/rectify/internal/machine/servicing"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/target"
)

// coded gives an error of files and programs its code.
func coded(err error) error {
	var known *sdk.Error
	switch {
	case errors.As(err, &known), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, command.ErrNotWindows), errors.Is(err, target.ErrNotWindows):
		return sdk.Errorf(sdk.Unsupported, "%v", err)
	case errors.Is(err, fs.ErrNotExist):
		return sdk.Errorf(sdk.NotFound, "%v", err)
	case errors.Is(err, fs.ErrPermission):
		return sdk.Errorf(sdk.AccessDenied, "%v", err).WithHint("run as an administrator")
	case errors.Is(err, servicing.ErrBusy):
		return sdk.Errorf(sdk.Unavailable, "%v", err).WithHint("wait for the other run to end")
	}
	return sdk.Errorf(sdk.Unavailable, "%v", err)
}

// unreadable is the error of a package file.
func unreadable(path string, err error) error {
	const unpack = "unpack it with file.expand, and add the .cab in it"
	switch {
	case errors.Is(err, cab.ErrNotCabinet):
		return sdk.Errorf(sdk.Unsupported, "%s is no cabinet, so that it cannot be told which package it is; the newest .msu files are images", path).WithHint("get the .cab of the update from the Microsoft Update Catalog").WithPath("/path")
	case errors.Is(err, servicing.ErrNoIdentity):
		return sdk.Errorf(sdk.InvalidInput, "%s: %v", path, err).WithHint(unpack).WithPath("/path")
	}
	e := sdk.AsError(coded(err))
	return e.WithPath("/path")
}

// tokenVersion is that of the tokens of all actions here.
const tokenVersion = 1

// readable refuses a token that an action here cannot have made.
func readable(version int, whole bool) error {
	if version != tokenVersion || !whole {
		return sdk.Errorf(sdk.InvalidInput, "the token has version %d or is not whole; expected version %d, made by this action", version, tokenVersion)
	}
	return nil
}

// changed is the error where somebody else has changed something since.
func changed(format string, args ...any) error {
	return sdk.Errorf(sdk.Unavailable, format, args...).WithHint("look at it, and begin anew")
}
