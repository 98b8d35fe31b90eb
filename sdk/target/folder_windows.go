package target

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strconv"
	"unsafe"

	"golang.org/x/sys/windows"
)

// renameInformation is FILE_RENAME_INFORMATION; the name follows without a terminator.
type renameInformation struct {
	replaceIfExists uint8
	rootDirectory   windows.Handle
	fileNameLength  uint32 // bytes
	fileName        [1]uint16
}

// renameNoReplace renames by the folder's handle, as MoveFileEx would by path without MOVEFILE_REPLACE_EXISTING and with
// MOVEFILE_WRITE_THROUGH. Names below a handle have no MAX_PATH, and no link can get in between.
func (f *Folder) renameNoReplace(from, to string) error {
	h, err := openEntry(f.dir, from, windows.DELETE)
	if err != nil {
		return err
	}
	defer windows.CloseHandle(h)
	name, err := windows.UTF16FromString(to)
	if err != nil {
		return err
	}
	name = name[:len(name)-1]
	var layout renameInformation
	buffer := make([]byte, int(unsafe.Sizeof(layout))+2*len(name))
	info := (*renameInformation)(unsafe.Pointer(&buffer[0]))
	info.rootDirectory = windows.Handle(f.dir.Fd())
	info.fileNameLength = uint32(2 * len(name))
	copy(unsafe.Slice(&info.fileName[0], len(name)), name)
	var status windows.IO_STATUS_BLOCK
	err = errno(windows.NtSetInformationFile(h, &status, &buffer[0], uint32(len(buffer)), windows.FileRenameInformation))
	if errors.Is(err, windows.ERROR_ACCESS_DENIED) {
		return fmt.Errorf("%w, or something in it is (%w)", ErrInUse, err) // the answer to both is the same
	}
	return err
}

func identify(dir *os.File, name string, _ fs.FileInfo) (id string, born int64) {
	h, err := openEntry(dir, name, windows.FILE_READ_ATTRIBUTES)
	if err != nil {
		return "", 0
	}
	defer windows.CloseHandle(h)
	var info windows.ByHandleFileInformation
	if err := windows.GetFileInformationByHandle(h, &info); err != nil {
		return "", 0
	}
	number := uint64(info.FileIndexHigh)<<32 | uint64(info.FileIndexLow)
	if number == 0 {
		return "", 0
	}
	if info.CreationTime == info.LastWriteTime { // what file systems say that keep no time of birth, some of servers
		return strconv.FormatUint(number, 10), 0
	}
	return strconv.FormatUint(number, 10), info.CreationTime.Nanoseconds() / 1e3
}

// lstatHeld tells of what os.Root cannot, because it opens it for reading: what a process holds without sharing, what may
// not be read. To look at it takes less.
func (r rootTree) lstatHeld(name string, err error) (fs.FileInfo, bool) {
	if !inUse(err) && !errors.Is(err, fs.ErrPermission) {
		return nil, false
	}
	dir, err := r.folder(path.Dir(name))
	if err != nil {
		return nil, false
	}
	defer dir.Close()
	h, err := openEntry(dir, path.Base(name), windows.FILE_READ_ATTRIBUTES)
	if err != nil {
		return nil, false
	}
	f := os.NewFile(uintptr(h), name)
	defer f.Close()
	info, err := f.Stat()
	return info, err == nil
}

// openEntry opens what has a name in a folder, a link itself.
func openEntry(dir *os.File, name string, access uint32) (windows.Handle, error) {
	object, err := windows.NewNTUnicodeString(name)
	if err != nil {
		return windows.InvalidHandle, err
	}
	attributes := &windows.OBJECT_ATTRIBUTES{
		RootDirectory: windows.Handle(dir.Fd()),
		ObjectName:    object,
		Attributes:    windows.OBJ_CASE_INSENSITIVE,
	}
	attributes.Length = uint32(unsafe.Sizeof(*attributes))
	var h windows.Handle
	var status windows.IO_STATUS_BLOCK
	err = windows.NtCreateFile(&h, access|windows.SYNCHRONIZE, attributes, &status, nil, 0,
		windows.FILE_SHARE_READ|windows.FILE_SHARE_WRITE|windows.FILE_SHARE_DELETE, windows.FILE_OPEN,
		windows.FILE_OPEN_REPARSE_POINT|windows.FILE_OPEN_FOR_BACKUP_INTENT|windows.FILE_SYNCHRONOUS_IO_NONALERT|windows.FILE_WRITE_THROUGH, 0, 0)
	return h, errno(err)
}

// errno makes the error that the os package would give of a status of the kernel.
func errno(err error) error {
	var status windows.NTStatus
	if errors.As(err, &status) {
		return status.Errno()
	}
	return err
}

// syncFolder has nothing to do: NTFS keeps a journal of names, and the rename was written through.
func syncFolder(*os.File) error { return nil }

func inUse(err error) bool {
	return errors.Is(err, windows.ERROR_SHARING_VIOLATION) || errors.Is(err, windows.ERROR_LOCK_VIOLATION)
}
