package main

import "golang.org/x/sys/unix"

// idlePriority leaves a thread the processor only while nobody else wants it: a
// thread of any other that wakes takes its place at once, which a mere niceness
// does not promise. Threads that it makes inherit that.
func idlePriority(thread int) {
	_ = unix.SchedSetAttr(thread, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_IDLE}, 0) // a thread may have ended
}
