// Package crash proves that a remediation cannot be lost: its test runs a plan on a machine in a folder, kills rectify, its
// plugin or both with SIGKILL, at every record of the journal and at random instants, goes on or takes back, and
// compares the machine with the one that nobody killed. `make crash` runs it at length.
package crash
