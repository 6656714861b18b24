// Package actors holds the shared parts of the services' event consumers, and the waker.
// The reactions themselves are in actors/<service>; each of those packages gives the service
// table its inboxes.
//
// A broker delivers every event at least once, so each reaction is idempotent: it is either a
// command whose id derives from the event's id, or the insert of a row whose _id does.
package actors
