//go:build !linux && !windows

package disk

import "golang.org/x/sys/unix"

// blockSize is the unit of the counts of blocks, in bytes.
func blockSize(s *unix.Statfs_t) uint64 { return uint64(s.Bsize) }

// typeName is what the system calls the file system: apfs, ntfs, zfs.
func typeName(s *unix.Statfs_t) string { return unix.ByteSliceToString(s.Fstypename[:]) }
