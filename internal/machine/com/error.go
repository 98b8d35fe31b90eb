package com

import (
	"errors"
	"fmt"

	"github.com/rectify-project/rectify/sdk/hresult"
)

// Error is an HRESULT that a method returned.
type Error struct {
	Method string // "ITaskService.Connect"
	Code   hresult.Code
}

func (e *Error) Error() string {
	text := e.Code.Symbol()
	if text == "" {
		text = name(e.Code)
	}
	if text == "" {
		text = systemText(e.Code)
	}
	if text == "" {
		return fmt.Sprintf("%s: %s", e.Method, e.Code)
	}
	return fmt.Sprintf("%s: %s (%s)", e.Method, e.Code, text)
}

// CodeOf finds the HRESULT that an error holds; false when it holds none.
func CodeOf(err error) (hresult.Code, bool) {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code, true
	}
	return 0, false
}

// The codes of COM itself that callers tell apart ([MS-ERREF] 2.1.1, winerror.h).
const (
	NotImplemented  hresult.Code = 0x80004001 // E_NOTIMPL
	NoInterface     hresult.Code = 0x80004002 // E_NOINTERFACE
	AccessDenied    hresult.Code = 0x80070005 // E_ACCESSDENIED
	NotRegistered   hresult.Code = 0x80040154 // REGDB_E_CLASSNOTREG
	InvalidClass    hresult.Code = 0x800401F3 // CO_E_CLASSSTRING
	NoServer        hresult.Code = 0x800706BA // RPC_S_SERVER_UNAVAILABLE: the service behind the object does not run
	NoEndpoint      hresult.Code = 0x800706D9 // EPT_S_NOT_REGISTERED: it does not listen
	CallFailed      hresult.Code = 0x800706BE // RPC_S_CALL_FAILED: it ended during the call
	Disconnected    hresult.Code = 0x80010108 // RPC_E_DISCONNECTED: it was started anew since
	NoMember        hresult.Code = 0x80020003 // DISP_E_MEMBERNOTFOUND
	ServiceDisabled hresult.Code = 0x80070422 // ERROR_SERVICE_DISABLED
	ServiceStopped  hresult.Code = 0x80070426 // ERROR_SERVICE_NOT_ACTIVE
)

// name is the symbol of a code that the tables of package hresult do not have.
func name(c hresult.Code) string {
	switch c {
	case NotRegistered:
		return "REGDB_E_CLASSNOTREG"
	case InvalidClass:
		return "CO_E_CLASSSTRING"
	case NoServer:
		return "RPC_S_SERVER_UNAVAILABLE"
	case NoEndpoint:
		return "EPT_S_NOT_REGISTERED"
	case CallFailed:
		return "RPC_S_CALL_FAILED"
	case Disconnected:
		return "RPC_E_DISCONNECTED"
	case NoMember:
		return "DISP_E_MEMBERNOTFOUND"
	case ServiceDisabled:
		return "ERROR_SERVICE_DISABLED"
	case ServiceStopped:
		return "ERROR_SERVICE_NOT_ACTIVE"
	}
	return ""
}
