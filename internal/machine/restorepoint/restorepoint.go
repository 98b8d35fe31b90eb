// Package restorepoint makes and lists the restore points of System Restore.
package restorepoint

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/rectify-project/rectify/sdk"
)

// Store is System Restore.
type Store interface {
	// List lists the restore points that there are, in no order.
	List(ctx context.Context) ([]Point, error)
	// Create asks for a restore point and gives the number that Windows reports. It may report success and have made none:
	// see [Made]. The error wraps [ErrOff] or [ErrNone], or is an [*Error].
	Create(ctx context.Context, description string) (sequence int64, err error)
}

// Point is one restore point.
type Point struct {
	Sequence    int64
	Description string
	Created     time.Time // zero where Windows does not tell
}

// Errors that callers branch on.
var (
	ErrOff        = errors.New("on this machine System Restore is off")
	ErrDenied     = errors.New("this account may not ask for restore points")
	ErrNone       = errors.New("this Windows has no System Restore")
	ErrNotWindows = errors.New("this needs a running Windows")
)

// Error is another status of System Restore.
type Error struct {
	Call   string
	Status uint32 // a Win32 error
}

func (e *Error) Error() string { return fmt.Sprintf("%s failed with %d", e.Call, e.Status) }

// MaxDescription is how long a description may be, in UTF-16 units.
const MaxDescription = 255

// CheckDescription says what is wrong with a description.
func CheckDescription(s string) error {
	if n := len(utf16.Encode([]rune(s))); strings.TrimSpace(s) == "" || n > MaxDescription {
		return fmt.Errorf("a description of %d characters: expected 1 to %d", n, MaxDescription)
	}
	if i := strings.IndexFunc(s, func(c rune) bool { return c < ' ' }); i >= 0 {
		return fmt.Errorf("the description %q holds a control character", s)
	}
	return nil
}

// Newest is the highest number of a list; 0: the list is empty. Numbers only rise.
func Newest(points []Point) int64 {
	newest := int64(0)
	for _, p := range points {
		newest = max(newest, p.Sequence)
	}
	return newest
}

// Made finds the point with a description that is newer than a number; nil: none was made. Windows makes none, and reports success,
// where another one is younger than 24 hours.
func Made(points []Point, after int64, description string) *Point {
	for i, p := range points {
		if p.Sequence > after && p.Description == description {
			return &points[i]
		}
	}
	return nil
}

// Explain gives an error of this package its code.
func Explain(err error) error {
	var known *sdk.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return known
	case errors.Is(err, ErrNone), errors.Is(err, ErrNotWindows):
		return sdk.Errorf(sdk.Unsupported, "%v", err).WithHint("make a backup, or a snapshot of the virtual machine, instead")
	case errors.Is(err, ErrOff):
		return sdk.Errorf(sdk.Unavailable, "%v", err).WithHint("switch it on for the system drive: System Protection")
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	}
	if e, is := errors.AsType[*Error](err); errors.Is(err, ErrDenied) || is && e.Status == 5 {
		return sdk.Errorf(sdk.AccessDenied, "%v", err).WithHint("run as an administrator")
	}
	return sdk.Errorf(sdk.Unavailable, "%v", err)
}

// moment reads a DATETIME of CIM: 20260110093000.000000-000, the zone in minutes.
func moment(s string) time.Time {
	if len(s) != 25 || s[14] != '.' || s[21] != '+' && s[21] != '-' {
		return time.Time{}
	}
	t, err := time.Parse("20060102150405", s[:14])
	minutes, bad := strconv.Atoi(s[21:])
	if err != nil || bad != nil {
		return time.Time{}
	}
	return t.Add(-time.Duration(minutes) * time.Minute).UTC()
}
