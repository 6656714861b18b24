//go:build !linux

package main

// idlePriority is Linux's own.
func idlePriority(int) {}
