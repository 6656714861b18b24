package sqlitestore

import (
	"encoding/binary"
	"errors"
	"sync"
	"syscall"
	"unsafe"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// SQLite writes a commit's frames one by one, header and page each with a system
// call of its own (wal.c, walWriteOneFrame), and this build of it syncs with
// fsync, which also writes the file's new time of change: where the file system
// has a journal, that all databases share, through that. So the log is written
// through a layer over SQLite's file system (https://sqlite.org/vfs.html): frames
// gather until the one that commits, or a sync, or anything but a write, then go
// out as one, and a sync is fdatasync, which leaves times alone and is what
// SQLite uses wherever it was told that there is one.
//
// Nobody misses what waits: frames before the committing one are not looked for
// by other connections, and the writer's own reads of them flush first.

// logVFS is the layer's name in a connection's address.
const logVFS = "entrepot-log"

const (
	frameHeader = 24 // https://sqlite.org/fileformat2.html#the_write_ahead_log
	// maxGathered bounds what waits; a longer transaction's frames go out in pieces.
	maxGathered = 256 << 10
)

// logFile is one connection's handle of a write-ahead log.
type logFile struct {
	gathered []byte
	offset   int64 // where gathered goes
	commits  bool  // the last frame header ends a transaction
	known    bool  // it was synced once by SQLite itself, which then syncs its folder
}

var (
	registerOnce sync.Once
	errRegister  error
	below        uintptr // SQLite's own file system
	mains, logs  methods
	logFiles     sync.Map // the handle's address → *logFile
)

// methods are what can be done with one kind of file: SQLite's own, and the same
// with this file's functions.
type methods struct {
	once         sync.Once
	below, above uintptr
}

// registerLogVFS makes the layer known to SQLite, once.
func registerLogVFS() (query string, err error) {
	registerOnce.Do(func() {
		tls := libc.NewTLS()
		defer tls.Close()
		errRegister = register(tls)
	})
	return "&vfs=" + logVFS, errRegister
}

func register(tls *libc.TLS) error {
	if below = lib.Xsqlite3_vfs_find(tls, 0); below == 0 {
		return errors.New("sqlitestore: SQLite has no file system")
	}
	name, err := libc.CString(logVFS)
	if err != nil {
		return err
	}
	layer := reserve[lib.Tsqlite3_vfs](tls)
	mains.above, logs.above = reserve[lib.Tsqlite3_io_methods](tls), reserve[lib.Tsqlite3_io_methods](tls)
	if layer == 0 || mains.above == 0 || logs.above == 0 {
		return errors.New("sqlitestore: no memory")
	}
	v := at[lib.Tsqlite3_vfs](layer)
	*v = *at[lib.Tsqlite3_vfs](below)
	v.FpNext, v.FzName, v.FxOpen = 0, name, pointer(logOpen)
	if rc := lib.Xsqlite3_vfs_register(tls, layer, 0); rc != lib.SQLITE_OK {
		return errors.New("sqlitestore: the log's file system was refused")
	}
	return nil
}

// reserve takes room for a T in SQLite's memory, for ever; 0: there is none.
func reserve[T any](tls *libc.TLS) uintptr {
	return libc.Xmalloc(tls, libc.Tsize_t(unsafe.Sizeof(*new(T))))
}

// at is what lies at an address of SQLite's memory, which the collector does not move or free.
func at[T any](p uintptr) *T { return *(**T)(unsafe.Pointer(&p)) } //nolint:gosec // SQLite's memory has no other way in

// pointer is a function as SQLite's translation calls it: the address of its value.
// Functions of a package have one that stays.
func pointer[F any](f F) uintptr { return *(*uintptr)(unsafe.Pointer(&f)) } //nolint:gosec // as at

// function is the reverse.
func function[F any](p uintptr) F { return *(*F)(unsafe.Pointer(&p)) } //nolint:gosec // as at

type (
	openFunc  = func(tls *libc.TLS, vfs, name, file uintptr, flags int32, out uintptr) int32
	moveFunc  = func(tls *libc.TLS, file, data uintptr, n int32, offset int64) int32
	fileFunc  = func(tls *libc.TLS, file uintptr) int32
	flagFunc  = func(tls *libc.TLS, file uintptr, flags int32) int32
	placeFunc = func(tls *libc.TLS, file uintptr, size int64) int32
	sizeFunc  = func(tls *libc.TLS, file, size uintptr) int32
	askFunc   = func(tls *libc.TLS, file uintptr, op int32, arg uintptr) int32
)

func logOpen(tls *libc.TLS, _, name, file uintptr, flags int32, out uintptr) int32 {
	rc := function[openFunc](at[lib.Tsqlite3_vfs](below).FxOpen)(tls, below, name, file, flags, out)
	switch {
	case rc != lib.SQLITE_OK:
	case flags&lib.SQLITE_OPEN_MAIN_DB != 0:
		mains.replace(file, func(m *lib.Tsqlite3_io_methods) { m.FxFileControl = pointer(mainControl) })
	case flags&lib.SQLITE_OPEN_WAL != 0:
		if logs.replace(file, func(m *lib.Tsqlite3_io_methods) {
			m.FxClose, m.FxRead, m.FxWrite = pointer(logClose), pointer(logRead), pointer(logWrite)
			m.FxTruncate, m.FxSync, m.FxFileSize = pointer(logTruncate), pointer(logSync), pointer(logSize)
		}) {
			logFiles.Store(file, &logFile{})
		}
	}
	return rc
}

// replace gives a file this layer's methods. One with another way of locking than
// the first of its kind keeps its own.
func (m *methods) replace(file uintptr, change func(*lib.Tsqlite3_io_methods)) bool {
	current := at[uintptr](file) // a file begins with its methods
	m.once.Do(func() {
		m.below = *current
		above := at[lib.Tsqlite3_io_methods](m.above)
		*above = *at[lib.Tsqlite3_io_methods](m.below)
		change(above)
	})
	if *current != m.below {
		return false
	}
	*current = m.above
	return true
}

// mainControl lets what a checkpoint has written go to the disk when it is done
// with writing, which tells this. SQLite syncs it only when no frame has been
// added meanwhile, so under load all of it with the writer held, see
// checkpointer. This is no more than an early start: that sync decides, and
// learns of a failure that happens here, as sync_file_range consumes none.
func mainControl(tls *libc.TLS, file uintptr, op int32, arg uintptr) int32 {
	if op == lib.SQLITE_FCNTL_CKPT_DONE {
		const waitBefore, start, waitAfter = 1, 2, 4 // sync_file_range(2)
		_ = syscall.SyncFileRange(int(at[lib.TunixFile](file).Fh), 0, 0, waitBefore|start|waitAfter)
	}
	return function[askFunc](at[lib.Tsqlite3_io_methods](mains.below).FxFileControl)(tls, file, op, arg)
}

func logOf(file uintptr) *logFile {
	f, _ := logFiles.Load(file)
	return f.(*logFile)
}

// flushed is the handle after what it gathered has gone out.
func flushed(file uintptr) (*logFile, *lib.Tsqlite3_io_methods, int32) {
	f := logOf(file)
	return f, at[lib.Tsqlite3_io_methods](logs.below), f.flush(file)
}

// flush writes what was gathered. What cannot be written is forgotten: its
// transaction fails with the answer. SQLite's own write is of less than 128 KiB
// and sums up errors the same way (os_unix.c, unixWrite).
func (f *logFile) flush(file uintptr) int32 {
	rest, offset := f.gathered, f.offset
	f.gathered = f.gathered[:0]
	for fd := int(at[lib.TunixFile](file).Fh); len(rest) > 0; {
		n, err := syscall.Pwrite(fd, rest, offset)
		switch {
		case n > 0:
			rest, offset = rest[n:], offset+int64(n)
		case err == nil || errors.Is(err, syscall.ENOSPC):
			return lib.SQLITE_FULL
		case !errors.Is(err, syscall.EINTR):
			return lib.SQLITE_IOERR | 3<<8 // SQLITE_IOERR_WRITE
		}
	}
	return lib.SQLITE_OK
}

func logWrite(_ *libc.TLS, file, data uintptr, n int32, offset int64) int32 {
	f := logOf(file)
	if offset != f.offset+int64(len(f.gathered)) || len(f.gathered)+int(n) > maxGathered {
		if rc := f.flush(file); rc != lib.SQLITE_OK {
			return rc
		}
	}
	if len(f.gathered) == 0 {
		f.offset = offset
	}
	b := unsafe.Slice(at[byte](data), n) //nolint:gosec // as at: what SQLite wants written
	f.gathered = append(f.gathered, b...)
	switch {
	case n == frameHeader:
		f.commits = binary.BigEndian.Uint32(b[4:]) != 0 // the database's size after the commit
	case f.commits:
		return f.flush(file)
	}
	return lib.SQLITE_OK
}

func logSync(tls *libc.TLS, file uintptr, flags int32) int32 {
	f, m, rc := flushed(file)
	switch {
	case rc != lib.SQLITE_OK:
		return rc
	case !f.known:
		rc = function[flagFunc](m.FxSync)(tls, file, flags)
		f.known = rc == lib.SQLITE_OK
		return rc
	}
	fd := int(at[lib.TunixFile](file).Fh)
	for {
		switch err := syscall.Fdatasync(fd); {
		case err == nil:
			return lib.SQLITE_OK
		case !errors.Is(err, syscall.EINTR):
			return lib.SQLITE_IOERR | 4<<8 // SQLITE_IOERR_FSYNC
		}
	}
}

func logRead(tls *libc.TLS, file, data uintptr, n int32, offset int64) int32 {
	_, m, rc := flushed(file)
	if rc != lib.SQLITE_OK {
		return rc
	}
	return function[moveFunc](m.FxRead)(tls, file, data, n, offset)
}

func logTruncate(tls *libc.TLS, file uintptr, size int64) int32 {
	_, m, rc := flushed(file)
	if rc != lib.SQLITE_OK {
		return rc
	}
	return function[placeFunc](m.FxTruncate)(tls, file, size)
}

func logSize(tls *libc.TLS, file, size uintptr) int32 {
	_, m, rc := flushed(file)
	if rc != lib.SQLITE_OK {
		return rc
	}
	return function[sizeFunc](m.FxFileSize)(tls, file, size)
}

// logClose closes even what could not be flushed: a transaction that nobody finished.
func logClose(tls *libc.TLS, file uintptr) int32 {
	_, m, _ := flushed(file)
	logFiles.Delete(file)
	*at[uintptr](file) = logs.below
	return function[fileFunc](m.FxClose)(tls, file)
}
