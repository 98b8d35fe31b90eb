package journal

import "fmt"

// Option changes how a journal is opened.
type Option func(*Store)

// AcceptUnprotected lets runs begin and go on though the state folder is not for administrators alone, which only Windows can
// tell. The first record of each such run says so.
func AcceptUnprotected() Option { return func(s *Store) { s.accepts = true } }

// UnprotectedError says that a run cannot begin or go on: others than administrators and the system may read or change the
// state folder. What takes changes back lies in it, and is carried out with the rights of an administrator.
type UnprotectedError struct {
	Dir    string
	Reason string // "it takes over from the folder above who may do what"
	Remedy string // a command that protects it
}

func (e *UnprotectedError) Error() string {
	return fmt.Sprintf("the state folder %s is not protected: %s; others could read or change what takes a run back: have a look at what is in it, then run %s, or name another state folder with --state, or accept it with --accept-unprotected-state",
		e.Dir, e.Reason, e.Remedy)
}

// Unprotected says why the state folder is not for administrators and the system alone, also where that was accepted. It is
// nil where it is, in a store that only reads, and where the system has no such lists: there nobody else may write it, or the
// store would not have been opened.
func (s *Store) Unprotected() *UnprotectedError { return s.exposed }

// guard refuses a run in a folder that is not protected, unless that was accepted.
func (s *Store) guard() error {
	if s.exposed != nil && !s.accepts {
		return s.exposed
	}
	return nil
}
