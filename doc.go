// Package entrepot holds the words of the business and no machinery: errors and
// their codes, the caller of a command, money, identifiers and pages. It imports
// the standard library only, so every other package may import it.
//
// The map of the repository, in the direction of imports:
//
//	entrepot      these words
//	events        every public event, its envelope, the topology of exchange and queues
//	persistence   the Store contract and the committer; mongostore and sqlitestore pass one suite
//	grains        the one host of every grain, and a folder for each kind of grain
//	search        products found by text, filters and facets, in the memory of a member
//	blob          where images and imported files are kept
//	http/edge     middleware;  http/api  one route file a service
//	actors        reactions to events and to time
//	cluster       membership, placement and calls between members
//	cmd/entrepot  the service table and the wiring
package entrepot
