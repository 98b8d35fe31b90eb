// Rectify diagnoses a Windows machine, its disk or a recorded bundle with playbooks made of troubleshooting articles,
// repairs it after them, and can take everything back.
package main

import (
	"context"
	"os"
	"os/signal"
)

func main() {
	ctx, cancel := context.WithCancel(context.Background())
	interrupts := make(chan os.Signal, 2)
	signal.Notify(interrupts, os.Interrupt)
	p := program{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, stop: newStop(cancel)}
	go func() {
		for range interrupts {
			p.stop.interrupt()
		}
	}()
	code := p.main(ctx, os.Args[1:])
	cancel()
	os.Exit(code)
}
