package com

import (
	"strings"
	"syscall"

	"github.com/rectify-project/rectify/sdk/hresult"
)

// systemText is what the system has to say of a code, in its own language.
func systemText(c hresult.Code) string { return strings.TrimRight(syscall.Errno(c).Error(), ". ") }
