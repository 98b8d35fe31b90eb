package disk

import "golang.org/x/sys/unix"

// blockSize is the unit of the counts of blocks, in bytes: the fragment, see statfs(2).
func blockSize(s *unix.Statfs_t) uint64 {
	if s.Frsize > 0 {
		return uint64(s.Frsize)
	}
	return uint64(s.Bsize)
}

// typeName names the file systems that a copy of a disk lies on; others have no name here.
func typeName(s *unix.Statfs_t) string {
	const zfs = 0x2fc12fc1
	switch uint32(s.Type) { // signed or not, and of 32 bits or 64, as the processor has it
	case unix.EXT4_SUPER_MAGIC:
		return "ext4"
	case unix.BTRFS_SUPER_MAGIC:
		return "btrfs"
	case unix.XFS_SUPER_MAGIC:
		return "xfs"
	case unix.F2FS_SUPER_MAGIC:
		return "f2fs"
	case zfs:
		return "zfs"
	case unix.TMPFS_MAGIC:
		return "tmpfs"
	case unix.RAMFS_MAGIC:
		return "ramfs"
	case unix.OVERLAYFS_SUPER_MAGIC:
		return "overlay"
	case unix.SQUASHFS_MAGIC:
		return "squashfs"
	}
	return ""
}
