package host

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-plugin/runner"
)

// waitDelay is how long a process that has ended may keep its output open through a process of its own.
const waitDelay = 300 * time.Millisecond

// child is the process of a plugin and all that it starts. It takes the place of go-plugin's own runner, which passes
// the host's stdin on, leaves grandchildren behind, and hangs on one that holds stderr.
type child struct {
	name        string
	cmd         *exec.Cmd
	tree        tree
	credentials []byte // the first line of its stdin
	stdin       io.WriteCloser

	hello     *io.PipeReader // the first line of its stdout, all that go-plugin reads
	helloSend *io.PipeWriter
	first     string // that line; valid when exited or helloSeen is closed
	helloSeen chan struct{}

	words   lastWords
	started chan struct{}
	exited  chan struct{}
	state   string      // how it ended; valid when exited is closed
	killed  atomic.Bool // by the host, before it ended by itself
	dir     string      // go-plugin's private folder for the socket
	temp    string      // the plugin's own folder for temporary files; empty where it has none
}

var _ runner.Runner = (*child)(nil)

func newChild(name string, cmd *exec.Cmd, credentials []byte, log *talk, outlives bool) *child {
	c := &child{name: name, cmd: cmd, credentials: credentials, started: make(chan struct{}), exited: make(chan struct{}), helloSeen: make(chan struct{})}
	log.words = &c.words
	c.hello, c.helloSend = io.Pipe()
	c.tree.prepare(cmd, outlives)
	stderr := &lineWriter{emit: log.line}
	stdout := &lineWriter{emit: c.said(log)}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	cmd.WaitDelay = waitDelay
	return c
}

// said hands the first line on; what is printed later is talk.
func (c *child) said(log *talk) func(string) {
	return func(line string) {
		select {
		case <-c.helloSeen:
			log.line(line)
			return
		default:
		}
		c.first = line
		close(c.helloSeen)
		go func() {
			_, _ = io.WriteString(c.helloSend, line[:min(len(line), maxHello)]+"\n") // fails only when go-plugin has given up
			_ = c.helloSend.Close()
		}()
	}
}

const maxHello = 8 << 10

const notStarted = "not started"

// Start starts the process. Nothing that can fail is done before: go-plugin would leave its folder behind.
func (c *child) Start(context.Context) error {
	defer close(c.started)
	stdin, err := c.cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := c.cmd.Start(); err != nil {
		c.state = notStarted
		close(c.exited)
		_ = c.helloSend.Close()
		return err
	}
	adopted := c.tree.adopt(c.cmd.Process)
	c.stdin = stdin
	go c.wait()
	if adopted != nil {
		c.kill()
		return fmt.Errorf("the process cannot be held together: %w", adopted)
	}
	go func() { _, _ = stdin.Write(c.credentials) }() // fails only when the process has ended, which is seen elsewhere
	return nil
}

func (c *child) wait() {
	err := c.cmd.Wait()
	// The process has ended; what it left running has not.
	c.tree.kill()
	c.tree.close()
	c.cmd.Stdout.(*lineWriter).end()
	c.cmd.Stderr.(*lineWriter).end()
	c.state = c.cmd.ProcessState.String()
	if err != nil && c.cmd.ProcessState == nil {
		c.state = err.Error()
	}
	close(c.exited) // before go-plugin learns of it below, and kills what has ended by itself
	select {
	case <-c.helloSeen:
	default:
		_ = c.helloSend.Close()
	}
}

func (c *child) Wait(context.Context) error { <-c.exited; return nil }

// Kill ends the process and all that it has started.
func (c *child) Kill(context.Context) error {
	<-c.started
	c.kill()
	return nil
}

func (c *child) kill() {
	select {
	case <-c.exited:
	default:
		c.killed.Store(true)
		c.tree.kill()
		_ = c.cmd.Process.Kill() // ends with an error when it has ended already
	}
}

func (c *child) Stdout() io.ReadCloser { return c.hello }

// Stderr gives go-plugin nothing to read: its parser of log lines panics on a field of the wrong type.
func (c *child) Stderr() io.ReadCloser { return io.NopCloser(strings.NewReader("")) }

func (c *child) Name() string { return c.name }

// ID is never empty: go-plugin's clean-up does nothing for an empty one.
func (c *child) ID() string {
	if c.cmd.Process == nil {
		return c.name
	}
	return strconv.Itoa(c.cmd.Process.Pid)
}

func (c *child) Diagnose(context.Context) string { return "" }

func (c *child) PluginToHost(network, address string) (string, string, error) {
	return network, address, nil
}

func (c *child) HostToPlugin(network, address string) (string, string, error) {
	return network, address, nil
}

// ended says whether the process ends within a time.
func (c *child) ended(within time.Duration) bool {
	select {
	case <-c.exited:
		return true
	case <-time.After(within):
		return false
	}
}
