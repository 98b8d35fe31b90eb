// Rectify diagnoses a Windows machine, its disk or a recorded bundle with playbooks made of troubleshooting articles,
// repairs it after them, and can take everything back.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"github.com/rectify-project/rectify/internal/machine/elevation"
)

func main() {
	ctx, cancel := context.WithCancel(context.Background())
	session, args, err := elevation.Join(os.Args[1:]) // takes the streams over where this process was started for its rights
	if err != nil {
		fmt.Fprintf(os.Stderr, "rectify: %v\n", err)
		os.Exit(exitApproval)
	}
	local := make(chan os.Signal, 2)
	signal.Notify(local, os.Interrupt)
	var interrupts <-chan os.Signal = local
	if session != nil {
		interrupts = session.Interrupts()
	}
	p := program{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, stop: newStop(cancel), rights: hostRights()}
	go func() {
		for range interrupts {
			p.stop.interrupt()
		}
	}()
	code := p.main(ctx, args)
	cancel()
	os.Exit(code)
}
