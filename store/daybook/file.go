package daybook

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"

	"tollgate"
	"tollgate/store"
	"tollgate/store/internal/engine"
)

// The file is blocks of 4 KiB, the first of which says whose daybook it is. An
// entry begins a block: magic, checksum, number, length, body. What has been posted
// is written over, because that is twice as fast as making a file longer. So entries
// lie in no order, and one that is found counts by its number.
const (
	blockBytes = 4096
	headBytes  = 8 + 4 + 8 + 4
	// growBytes is by how much the file is made longer.
	growBytes = 16 << 20
	// lockTries is how often, every 20 ms, a file is tried that another process keeps:
	// it may only be posting what a third one left.
	lockTries = 250
)

const (
	fileMagic  = "daybook1"
	entryMagic = "dayentry"
)

// file is a daybook in a file.
type file struct {
	*os.File
	db     *store.DB
	locked bool
	volume int64
	step   int64  // growBytes; tests lower it
	size   int64  // up to where the file is made
	next   int64  // where the next entry goes, if it fits
	room   []byte // for an entry in the making

	mu   sync.Mutex
	kept []extent // entries that are not posted, by number
}

// extent is where an entry lies.
type extent struct{ seq, from, until int64 }

// fileName is the file beside an SQLite database.
func fileName(db *store.DB) string { return db.Path() + ".daybook" }

// openFile opens the daybook beside an SQLite database, and makes it if need be.
func openFile(_ context.Context, db *store.DB) (medium, error) {
	opened, err := os.OpenFile(fileName(db), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, engine.Unavailable(err, "opening the daybook")
	}
	return &file{File: opened, db: db, step: growBytes, next: blockBytes}, nil
}

// fileLeft reports whether there is a file that no process keeps.
func fileLeft(db *store.DB) (bool, error) {
	opened, err := os.Open(fileName(db))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, engine.Unavailable(err, "opening the daybook")
	}
	defer opened.Close() // which unlocks it
	err = syscall.Flock(int(opened.Fd()), syscall.LOCK_SH|syscall.LOCK_NB)
	if err != nil && !errors.Is(err, syscall.EWOULDBLOCK) {
		return false, engine.Unavailable(err, "looking who keeps the daybook")
	}
	return err == nil, nil
}

// own keeps others off the file for as long as the process lasts.
func (f *file) own(ctx context.Context) (bool, error) {
	if f.locked {
		return true, nil
	}
	for try := range lockTries {
		if try > 0 {
			select {
			case <-time.After(20 * time.Millisecond):
			case <-ctx.Done():
				return false, ctx.Err()
			}
		}
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if errors.Is(err, syscall.EWOULDBLOCK) {
			continue
		}
		if err != nil {
			return false, engine.Unavailable(err, "locking the daybook")
		}
		err = f.begin(ctx)
		f.locked = err == nil
		return f.locked, err
	}
	return false, nil
}

// disown keeps the file all the same: no other process waits for it.
func (f *file) disown(context.Context) error { return nil }

func (f *file) mark() int64 { return f.volume }

// begin finds out whose daybook the file is. One that holds nothing yet becomes
// that of these tables.
func (f *file) begin(ctx context.Context) error {
	stat, err := f.Stat()
	if err != nil {
		return engine.Unavailable(err, "opening the daybook")
	}
	f.size = stat.Size()
	if f.volume, err = volumeOf(ctx, f.db); err != nil {
		return err
	}
	head := make([]byte, blockBytes)
	if _, err := f.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return engine.Unavailable(err, "reading the daybook")
	}
	switch volume, whose := readHead(head); {
	case whose && volume == f.volume:
		return nil
	case f.size > blockBytes:
		return tollgate.Errorf(tollgate.CodeConflict,
			"the daybook %s does not belong to the database beside it: put the one back that does, or move it away",
			f.Name())
	}
	f.volume = int64(f.db.NewID())
	if err := setVolume(ctx, f.db, f.volume); err != nil {
		return err
	}
	// A file that is longer has a head, whenever the power fails.
	if _, err = f.WriteAt(headOf(f.volume), 0); err == nil {
		err = f.Sync()
	}
	if err != nil {
		return engine.Unavailable(err, "making the daybook")
	}
	return f.grow()
}

func headOf(volume int64) []byte {
	b := append(make([]byte, 0, blockBytes), fileMagic...)
	b = binary.LittleEndian.AppendUint64(b, uint64(volume))
	b = binary.LittleEndian.AppendUint32(b, checksum(volume, b))
	return b[:blockBytes]
}

func readHead(b []byte) (volume int64, ok bool) {
	volume = int64(binary.LittleEndian.Uint64(b[len(fileMagic):]))
	n := len(fileMagic) + 8
	return volume, string(b[:len(fileMagic)]) == fileMagic &&
		binary.LittleEndian.Uint32(b[n:]) == checksum(volume, b[:n])
}

// checksum is of bytes in a volume: what an older file left in a block does not count.
func checksum(volume int64, b []byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli)
	seed := binary.LittleEndian.AppendUint64(nil, uint64(volume))
	return crc32.Update(crc32.Checksum(seed, table), table, b)
}

// grow makes the file longer by zeros: space that is only promised costs as much
// when it is written as a longer file does.
func (f *file) grow() error {
	from := max(f.size, blockBytes)
	zeros := make([]byte, f.step)
	if _, err := f.WriteAt(zeros, from); err != nil {
		return engine.Unavailable(err, "making room in the daybook")
	}
	if err := f.Sync(); err != nil {
		return engine.Unavailable(err, "making room in the daybook")
	}
	f.size = from + f.step
	return nil
}

func (f *file) write(_ context.Context, seq int64, body []byte) error {
	n := extentBytes(body)
	from := f.place(n)
	for from+n > f.size {
		if err := f.grow(); err != nil {
			return err
		}
	}
	b := f.room[:0]
	b = append(b, entryMagic...)
	b = append(b, 0, 0, 0, 0)
	b = binary.LittleEndian.AppendUint64(b, uint64(seq))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(body)))
	b = append(b, body...)
	binary.LittleEndian.PutUint32(b[len(entryMagic):], checksum(f.volume, b[len(entryMagic)+4:]))
	f.room = b
	if _, err := f.WriteAt(b, from); err != nil {
		return engine.Unavailable(err, "writing into the daybook")
	}
	if err := syncFile(f.File); err != nil {
		return engine.Unavailable(err, "writing into the daybook")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.kept = append(f.kept, extent{seq, from, from + n})
	f.next = from + n
	return nil
}

// extentBytes is how much of the file an entry takes.
func extentBytes(body []byte) int64 {
	return int64(headBytes+len(body)+blockBytes-1) / blockBytes * blockBytes
}

// place finds n bytes that no entry needs which is not posted: behind the newest
// as far as the file is made, else wherever there is room. Only if there is none
// does the file become longer.
func (f *file) place(n int64) (from int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	taken := func(e extent) bool { return e.from < f.next+n && f.next < e.until }
	if f.next+n <= f.size && !slices.ContainsFunc(f.kept, taken) {
		return f.next
	}
	inFile := func(a, b extent) int { return cmp.Compare(a.from, b.from) }
	from = blockBytes
	for _, e := range slices.SortedFunc(slices.Values(f.kept), inFile) {
		if from+n <= e.from {
			break
		}
		from = e.until
	}
	return from
}

// Posted lets go of the entries that the tables have.
func (f *file) Posted(seq int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.kept = slices.DeleteFunc(f.kept, func(e extent) bool { return e.seq <= seq })
}

// Wanted is never true: a server has its data directory alone, and what other
// programs do beside it holds no money.
func (f *file) Wanted(context.Context) (bool, error) { return false, nil }

// unposted finds the entries in the file. What was not written to its end is not
// there, for nobody was told that it is.
func (f *file) unposted(_ context.Context, after int64, fn func(int64, []byte) error) error {
	var found []extent
	for from := int64(blockBytes); from < f.size; {
		seq, body, err := f.read(from)
		if err != nil {
			return err
		}
		until := from + extentBytes(body) // what looks like an entry inside of one is none
		if seq > after {
			found = append(found, extent{seq, from, until})
		}
		from = until
	}
	slices.SortFunc(found, func(a, b extent) int { return cmp.Compare(a.seq, b.seq) })
	// One whose writing failed was written again.
	found = slices.CompactFunc(found, func(a, b extent) bool { return a.seq == b.seq })
	f.mu.Lock()
	f.kept = slices.Clone(found)
	f.mu.Unlock()
	for _, e := range found {
		seq, body, err := f.read(e.from)
		if err == nil {
			err = fn(seq, body)
		}
		if err != nil {
			return err
		}
		f.next = e.until
	}
	return nil
}

// read returns the entry that begins at a block; seq is 0 if none does.
func (f *file) read(from int64) (seq int64, body []byte, err error) {
	head := make([]byte, headBytes)
	n, err := f.ReadAt(head, from)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, nil, engine.Unavailable(err, "reading the daybook")
	}
	if n < headBytes || string(head[:len(entryMagic)]) != entryMagic {
		return 0, nil, nil
	}
	sum := binary.LittleEndian.Uint32(head[8:])
	seq = int64(binary.LittleEndian.Uint64(head[12:]))
	length := int64(binary.LittleEndian.Uint32(head[20:]))
	if length > EntryBytesMax || from+headBytes+length > f.size {
		return 0, nil, nil
	}
	b := make([]byte, 12+length)
	if _, err := f.ReadAt(b, from+12); err != nil {
		return 0, nil, engine.Unavailable(err, "reading the daybook")
	}
	if checksum(f.volume, b) != sum {
		return 0, nil, nil
	}
	return seq, b[12:], nil
}

func volumeOf(ctx context.Context, db *store.DB) (volume int64, err error) {
	err = db.Snapshot(ctx, func(q engine.Querier) error {
		return q.QueryRowContext(ctx, "SELECT volume FROM daybook_mark").Scan(&volume)
	})
	return volume, engine.Failed(err, "reading whose the daybook is")
}

func setVolume(ctx context.Context, db *store.DB, volume int64) error {
	return db.Write(ctx, func(t *engine.Tx) error {
		_, err := t.Exec("UPDATE daybook_mark SET volume = $1", volume)
		return engine.Failed(err, "saying whose the daybook is")
	})
}
