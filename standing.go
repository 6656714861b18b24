package entrepot

// Company standings: what the staff of a company may do.
const (
	StandingFull     = "full"      // everything their roles allow
	StandingReadOnly = "read_only" // read only; the company accepts no orders
	StandingClosed   = "closed"    // nothing
)
