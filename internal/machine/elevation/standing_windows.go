package elevation

import (
	"errors"
	"os"
	"unsafe"

	"golang.org/x/sys/windows"
)

// Read reads the standing of this process. An error says that it is not known, never that it is low.
func Read() (Standing, error) {
	token := windows.GetCurrentProcessToken()
	account, err := token.GetTokenUser()
	if err != nil {
		return Standing{}, os.NewSyscallError("GetTokenInformation(TokenUser)", err)
	}
	s := Standing{System: account.User.Sid.IsWellKnown(windows.WinLocalSystemSid), Account: account.User.Sid.String()}
	if s.Elevated, err = elevated(token); err != nil {
		return Standing{}, err
	}
	if s.Remote, err = member(0, windows.WinNetworkSid); err != nil {
		return Standing{}, err
	}
	if s.Administrator, err = administrator(token); err != nil {
		return Standing{}, err
	}
	return s, nil
}

// elevated asks for TokenElevation. [windows.Token.IsElevated] gives false for an error.
func elevated(token windows.Token) (bool, error) {
	var is, n uint32
	err := windows.GetTokenInformation(token, windows.TokenElevation, (*byte)(unsafe.Pointer(&is)), uint32(unsafe.Sizeof(is)), &n)
	return is != 0, os.NewSyscallError("GetTokenInformation(TokenElevation)", err)
}

// elevationLimited is TokenElevationTypeLimited: the token has a full one that stands behind it.
const elevationLimited = 3

func elevationType(token windows.Token) (uint32, error) {
	var kind, n uint32
	err := windows.GetTokenInformation(token, windows.TokenElevationType, (*byte)(unsafe.Pointer(&kind)), uint32(unsafe.Sizeof(kind)), &n)
	return kind, os.NewSyscallError("GetTokenInformation(TokenElevationType)", err)
}

func administrator(token windows.Token) (bool, error) {
	is, err := member(0, windows.WinBuiltinAdministratorsSid)
	if is || err != nil {
		return is, err
	}
	kind, err := elevationType(token)
	if err != nil || kind != elevationLimited {
		return false, err
	}
	full, err := token.GetLinkedToken()
	if err != nil {
		return false, os.NewSyscallError("GetTokenInformation(TokenLinkedToken)", err)
	}
	defer full.Close()
	return member(full, windows.WinBuiltinAdministratorsSid)
}

// member says whether a group is enabled in an impersonation token; 0 stands for that of this process.
func member(token windows.Token, group windows.WELL_KNOWN_SID_TYPE) (bool, error) {
	sid, err := windows.CreateWellKnownSid(group)
	if err != nil {
		return false, os.NewSyscallError("CreateWellKnownSid", err)
	}
	is, err := token.IsMember(sid)
	if errors.Is(err, windows.ERROR_NO_IMPERSONATION_TOKEN) {
		return false, errors.New("CheckTokenMembership: the linked token cannot be asked for its groups")
	}
	return is, os.NewSyscallError("CheckTokenMembership", err)
}
