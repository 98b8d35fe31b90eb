//go:build !linux && !windows

package engine

// volumeID is not known on this system: a disk counts by its path.
func volumeID(string) (string, bool) { return "", false }

// machineID is not known on this system: a machine counts by its name.
func machineID() string { return "" }
