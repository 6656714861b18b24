package grains

// Sweep passivates what is idle now, as the host's own loop does every few seconds.
func (h *Host) Sweep() { h.sweep() }
