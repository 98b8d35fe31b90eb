//go:build !windows

package elevation

import (
	"context"
	"errors"
	"os"
)

var errNotWindows = errors.New("rights are asked for so on a running Windows only")

// Read gives an error: only a running Windows has such standings.
func Read() (Standing, error) { return Standing{}, errNotWindows }

// Relaunch gives an error: only a running Windows starts a program so.
func Relaunch(context.Context, []string, Streams) (int, error) { return 0, errNotWindows }

// Join gives the arguments back: nothing starts a program so but a running Windows.
func Join(args []string) (*Session, []string, error) { return nil, args, nil }

// Session is the elevated side; there is none here.
type Session struct{}

// Interrupts gives nothing.
func (*Session) Interrupts() <-chan os.Signal { return nil }
