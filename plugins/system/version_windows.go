package system

import "golang.org/x/sys/windows"

// thisKernel is the version that runs.
func thisKernel() (kernel, error) {
	v := windows.RtlGetVersion()
	return kernel{v.MajorVersion, v.MinorVersion, v.BuildNumber}, nil
}
