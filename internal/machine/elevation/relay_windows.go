package elevation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/windows"
)

// relay is the unelevated side of the pipes.
type relay struct {
	invitation invitation
	pipes      map[string]*os.File
	streams    Streams
	consoles   []string // the streams that are one

	stop chan struct{} // closed when the process has ended
	came chan error    // whether it came to all pipes
	ends [3]chan error // what came of greeting it, and of what it says
}

func newRelay(i invitation, account string) (*relay, error) {
	r := &relay{invitation: i, pipes: map[string]*os.File{}, stop: make(chan struct{}), came: make(chan error, 1)}
	for end := range r.ends {
		r.ends[end] = make(chan error, 1)
	}
	for _, name := range pipes {
		pipe, err := serve(i.pipe(name), written(name), account)
		if err != nil {
			r.close()
			return nil, err
		}
		r.pipes[name] = os.NewFile(uintptr(pipe), i.pipe(name))
	}
	return r, nil
}

// close closes the pipes of a process that never began.
func (r *relay) close() {
	for _, pipe := range r.pipes {
		_ = pipe.Close() // nobody came
	}
}

// take notes the streams.
func (r *relay) take(s Streams) {
	r.streams = s
	for name, stream := range map[string]any{input: s.In, output: s.Out, failure: s.Err} {
		if f, ok := stream.(*os.File); ok && isConsole(f) {
			r.consoles = append(r.consoles, name)
		}
	}
}

func isConsole(f *os.File) bool {
	var mode uint32
	return f != nil && windows.GetConsoleMode(windows.Handle(f.Fd()), &mode) == nil
}

// begin greets the process when it has come to all pipes, and relays until it ends. Also an output that is a console has a pipe:
// the process takes it where it cannot reach the console.
func (r *relay) begin(ctx context.Context, process uint32, g greeting) {
	go func() {
		err := r.await(process)
		r.came <- err
		if err != nil {
			r.close()
			return
		}
		// It is left to itself at the end: a reader cannot be called back, and the process need not read everything. The lines
		// of a console are for the process itself.
		go r.use(input, func(f *os.File) error {
			if slices.Contains(r.consoles, input) {
				return nil
			}
			return relayed(f, r.streams.In)
		}, make(chan error, 1))
		go r.use(output, func(f *os.File) error { return relayed(r.streams.Out, f) }, r.ends[0])
		go r.use(failure, func(f *os.File) error { return relayed(r.streams.Err, f) }, r.ends[1])
		r.use(control, func(f *os.File) error { return r.greet(ctx, f, g) }, r.ends[2])
	}()
}

// await waits until the process has come to each pipe. It does nothing before it is greeted, so that it cannot have ended
// meanwhile with something said.
func (r *relay) await(process uint32) error {
	for _, name := range pipes {
		if err := awaitClient(windows.Handle(r.pipes[name].Fd()), process); err != nil {
			return err
		}
	}
	return nil
}

func (r *relay) use(name string, do func(*os.File) error, end chan<- error) {
	pipe := r.pipes[name]
	end <- errors.Join(do(pipe), pipe.Close())
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
	for _, name := range pipes {
		// Where the process never came its pipes are waited at still: it is shown that nobody will. The others are taken.
		if f, err := open(r.invitation.pipe(name), uint32(os.Getpid()), !written(name)); err == nil {
			_ = f.Close() // it was opened to be seen
		}
	}
	if err := <-r.came; err != nil {
		return err
	}
	late := time.After(lastWords)
	var errs []error
	for _, end := range r.ends {
		select {
		case err := <-end:
			errs = append(errs, err)
		case <-late:
			return errors.Join(append(errs, fmt.Errorf("not everything arrived within %s", lastWords))...)
		}
	}
	return errors.Join(errs...)
}
