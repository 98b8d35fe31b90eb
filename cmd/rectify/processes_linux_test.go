package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// processesOf lists the processes that have a folder for temporary files, with their command lines. Plugins are given
// that of their host.
func processesOf(temp string) []string {
	var found []string
	files, _ := filepath.Glob("/proc/[0-9]*/environ") // the pattern is a good one
	for _, file := range files {
		env, err := os.ReadFile(file)
		if err != nil || !bytes.Contains(append([]byte{0}, env...), []byte("\x00TMPDIR="+temp+"\x00")) {
			continue // another user's, or it has ended
		}
		dir := filepath.Dir(file)
		line, _ := os.ReadFile(filepath.Join(dir, "cmdline")) // for the message alone
		found = append(found, filepath.Base(dir)+" "+strings.ReplaceAll(string(line), "\x00", " "))
	}
	return found
}

// peaks gives the most memory that each process of a run has had so far, in KiB, by its command line.
func peaks(temp string) map[string]int {
	out := map[string]int{}
	for _, p := range processesOf(temp) {
		pid, line, _ := strings.Cut(p, " ")
		status, err := os.ReadFile(filepath.Join("/proc", pid, "status"))
		_, peak, has := bytes.Cut(status, []byte("VmHWM:"))
		var kib int
		if err != nil || !has { // it has ended
			continue
		}
		if _, err := fmt.Sscan(string(peak), &kib); err == nil {
			out[line] = max(out[line], kib)
		}
	}
	return out
}
