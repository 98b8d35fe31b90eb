//go:build unix

package main

import "syscall"

// unixDamages are those that only file systems of Unix know.
func unixDamages() []damage {
	return []damage{
		replaced("pipe", func(path string) error { return syscall.Mkfifo(path, 0o644) }),
	}
}

// hostilePipes are pipes, which wait for ever when they are opened.
func hostilePipes() map[string]hostileFile {
	pipe := func(path string) error { return syscall.Mkfifo(path, 0o755) }
	return map[string]hostileFile{
		"lock-is-a-pipe":      {"x.lock", pipe, "explain 0x8024001E --lock DIR/x.lock", exitUnreadable, "is not a file"},
		"playbooks-with-pipe": {"x.yaml", pipe, "diagnose 0x8024001E --playbooks DIR --root DISK", exitUnreadable, "is not a file"},
		"plugins-with-pipe":   {"rectify-plugin-pipe", pipe, "plugins lock --plugins DIR --lock DIR/lock", exitUnreadable, "is not a file"},
		"plugins-list-a-pipe": {"rectify-plugin-pipe", pipe, "plugins list --plugins DIR --lock DIR/lock", exitDone, "is not a file"},
	}
}
