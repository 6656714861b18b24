// Package entrepot holds the vocabulary of the business: errors and their codes, the caller of a
// command, money, identifiers and pages. It contains no machinery and imports only the standard
// library, so every other package may import it. Start reading with [Caller] and [Error].
// The map of the repository, in the direction of imports:
//
//	entrepot      the vocabulary
//	events        every public event, its envelope, the exchange and the queues; two brokers
//	persistence   the Store contract and the committer; two stores, blobs and the product search
//	grains        the one host of all grains; grains/<service>/<kind> is a kind of grain
//	actors        reactions to events and to time; actors/<service>
//	cluster       membership, placement and calls between members
//	http          http/edge is middleware, http/rest the kit of routes, http/api/<service> the routes
//	cmd           cmd/entrepot is the server, cmd/entrepot/services its table, cmd/bench the load program
//	test          the tests of the whole
package entrepot
