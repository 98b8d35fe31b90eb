package host

import (
	"sync"
	"time"

	"google.golang.org/grpc"

	"github.com/rectify-project/rectify/internal/wire"
	"github.com/rectify-project/rectify/sdk"
)

// process is a running plugin.
type process struct {
	child    *child
	conn     *grpc.ClientConn
	client   *wire.Client
	manifest sdk.Manifest

	mu       sync.Mutex
	calls    int  // in flight
	detached int  // of these, calls of actions that must not be cut off whose callers have gone
	retired  bool // takes no more calls; ends with its last one
}

// grace is how long a plugin may take to end by itself when its stdin has ended.
const grace = 500 * time.Millisecond

func (p *process) alive() bool {
	select {
	case <-p.child.exited:
		return false
	default:
		return true
	}
}

// acquire takes part in the process, unless it is retired or dead.
func (p *process) acquire() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.retired || !p.alive() {
		return false
	}
	p.calls++
	return true
}

// release ends a call. It is true when it was the last one of a retired process, which is then to be ended.
func (p *process) release() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls--
	return p.retired && p.calls == 0
}

// retire lets the process end with the calls that it still has. A process that was given up on may still be at work,
// whatever it says.
func (p *process) retire() {
	p.mu.Lock()
	p.retired = true
	p.mu.Unlock()
}

func (p *process) detach() {
	p.mu.Lock()
	p.detached++
	p.mu.Unlock()
}

// end lets the process end by itself, then makes it. An action that must not be cut off is left alone: its process ends
// when it is done, because its stdin has ended.
func (p *process) end() {
	_ = p.child.stdin.Close()
	p.mu.Lock()
	leave := p.detached > 0
	p.mu.Unlock()
	if leave {
		return
	}
	_ = p.conn.Close()
	if !p.child.ended(grace) {
		p.child.kill()
		<-p.child.exited
	}
	p.child.sweep()
}

// tidy waits for the end of the process, however it comes, and removes what is left of it.
func (p *process) tidy() {
	<-p.child.exited
	_ = p.conn.Close()
	p.child.sweep()
}
