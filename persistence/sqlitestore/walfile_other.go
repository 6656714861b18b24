//go:build !linux

package sqlitestore

// registerLogVFS has a layer for Linux only, see walfile_linux.go: elsewhere
// SQLite's own file system is used.
func registerLogVFS() (query string, err error) { return "", nil }
