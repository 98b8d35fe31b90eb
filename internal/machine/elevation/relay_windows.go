package elevation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/windows"
)

// relay is the unelevated side of the pipes.
type relay struct {
	invitation invitation
	pipes      map[string]windows.Handle // those that no goroutine has taken over yet
	streams    Streams

	stop chan struct{}         // closed when the process has ended
	ends map[string]chan error // of what is greeted and read, what came of it
}

// written are the pipes that this side writes, the others it reads.
var written = map[string]bool{control: true, input: true, output: false, failure: false}

func newRelay(i invitation, account string) (*relay, error) {
	r := &relay{invitation: i, pipes: map[string]windows.Handle{}, stop: make(chan struct{}), ends: map[string]chan error{}}
	for name, write := range written {
		pipe, err := serve(i.pipe(name), write, account)
		if err != nil {
			r.close()
			return nil, err
		}
		r.pipes[name] = pipe
	}
	return r, nil
}

func (r *relay) close() {
	for _, pipe := range r.pipes {
		_ = windows.CloseHandle(pipe) // nobody came
	}
}

// take notes the streams, and gives the names of those that are consoles.
func (r *relay) take(s Streams) []string {
	r.streams = s
	var consoles []string
	for name, stream := range map[string]any{input: s.In, output: s.Out, failure: s.Err} {
		if f, ok := stream.(*os.File); ok && isConsole(f) {
			consoles = append(consoles, name)
		}
	}
	return consoles
}

func isConsole(f *os.File) bool {
	var mode uint32
	return f != nil && windows.GetConsoleMode(windows.Handle(f.Fd()), &mode) == nil
}

// begin greets the process, and relays until it ends. Also a stream that is a console has a pipe: the process takes it where it
// cannot reach the console.
func (r *relay) begin(ctx context.Context, process uint32, g greeting) {
	for name, do := range map[string]func(*os.File) error{
		control: func(f *os.File) error { return r.greet(ctx, f, g) },
		output:  func(f *os.File) error { return relayed(r.streams.Out, f) },
		failure: func(f *os.File) error { return relayed(r.streams.Err, f) },
		// It is left to itself at the end: a reader cannot be called back, and the process need not read everything.
		input: func(f *os.File) error { _ = relayed(f, r.streams.In); return nil },
	} {
		pipe := r.pipes[name]
		delete(r.pipes, name)
		end := make(chan error, 1)
		if name != input {
			r.ends[name] = end
		}
		go func() {
			f := os.NewFile(uintptr(pipe), r.invitation.pipe(name))
			defer f.Close()
			err := awaitClient(pipe, process)
			if err == nil {
				err = do(f)
			}
			end <- err
		}()
	}
}

// greet says what the process must know first, and keeps the pipe open until it is to stop.
func (r *relay) greet(ctx context.Context, f *os.File, g greeting) error {
	if err := json.NewEncoder(f).Encode(g); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
	case <-r.stop:
	}
	return nil
}

func relayed(to io.Writer, from io.Reader) error {
	if from == nil {
		return nil
	}
	if to == nil {
		to = io.Discard
	}
	_, err := io.Copy(to, from)
	return err
}

// lastWords is how long what the process has said may take to arrive, once it has ended.
const lastWords = 10 * time.Second

// finish waits for what the process has said.
func (r *relay) finish() error {
	close(r.stop)
	for name, write := range written {
		// A pipe to which the process never came waits still: it is shown that nobody will. The others are taken.
		if f, err := open(r.invitation.pipe(name), uint32(os.Getpid()), !write); err == nil {
			_ = f.Close() // it was opened to be seen
		}
	}
	late := time.After(lastWords)
	var errs []error
	for _, end := range r.ends {
		select {
		case err := <-end:
			if !errors.Is(err, errNobody) {
				errs = append(errs, err)
			}
		case <-late:
			return errors.Join(append(errs, fmt.Errorf("not everything arrived within %s", lastWords))...)
		}
	}
	return errors.Join(errs...)
}
