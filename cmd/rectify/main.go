// Rectify diagnoses a Windows machine, its disk or a recorded bundle with playbooks made of troubleshooting articles.
package main

import (
	"context"
	"os"
	"os/signal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := program{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr}.main(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}
