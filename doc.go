// Package entrepot holds the vocabulary of the business: errors and their codes, the caller of a
// command, money, identifiers and pages. It contains no machinery and imports only the standard
// library, so every other package may import it. Start reading with [Caller] and [Error].
// The map of the repository, in the direction of imports:
//
//	entrepot      the vocabulary
//	events        every public event, its envelope, the exchange and the queues
//	persistence   the Store contract and the committer; mongostore and sqlitestore pass one test suite
//	grains        the one host of all grains, and a folder for each kind of grain
//	search        product search by text, filters and facets, held in memory
//	blob          storage of images and import files
//	http/edge     middleware;  http/api  one route file per service
//	actors        reactions to events and to time
//	cluster       membership, placement and calls between members
//	cmd/entrepot  the service table and the wiring
package entrepot
