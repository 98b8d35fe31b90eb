//go:build !windows

package power

// Live is this machine; here, nothing that works.
func Live() Machine { return nowhere{} }

type nowhere struct{}

func (nowhere) Boot() (Boot, error)   { return Boot{}, ErrNotWindows }
func (nowhere) Restart(Request) error { return ErrNotWindows }
func (nowhere) Abort() (bool, error)  { return false, ErrNotWindows }

// Tell shows a message; not here.
func Tell(string, string) (int, error) { return 0, ErrNotWindows }
