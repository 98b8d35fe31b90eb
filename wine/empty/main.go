// Empty does nothing: how long Wine takes to start it is how long it takes to start any program of Go.
package main

func main() {}
