package entrepot

// What the people of a company may do, by its standing.
const (
	StandingFull     = "full"      // what their roles allow
	StandingReadOnly = "read_only" // read; and nobody orders
	StandingClosed   = "closed"    // nothing
)
