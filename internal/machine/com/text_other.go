//go:build !windows

package com

import "github.com/rectify-project/rectify/sdk/hresult"

// systemText is what the system has to say of a code: nothing, where it is not Windows.
func systemText(hresult.Code) string { return "" }
