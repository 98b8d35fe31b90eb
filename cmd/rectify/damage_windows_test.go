package main

// unixDamages are those that only file systems of Unix know: there are none here.
func unixDamages() []damage { return nil }

// hostilePipes are pipes, which wait for ever when they are opened: those of Windows are in no folder.
func hostilePipes() map[string]hostileFile { return nil }
