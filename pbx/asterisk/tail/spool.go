package tail

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"tollgate"
)

const (
	rotateSize = 64 << 20       // bytes after which a file is renamed and another begun
	oldKeep    = 24 * time.Hour // how long a renamed file is kept at least: no running call needs older rows
	fileMax    = 4 << 30        // bytes of a file that cannot be renamed because the one before is too young
	chunk      = 64 << 10       // bytes looked at together for the end of the last whole line
	oldSuffix  = ".1"
)

// Spool keeps the event journals that telephone systems push, in files that File
// follows like those Asterisk writes itself: a directory with two files for each
// device at most. It is safe for concurrent use.
type Spool struct {
	dir        string
	now        func() time.Time
	rotateSize int64
	mu         sync.Mutex
}

// NewSpool returns the spool in a directory, which is made with the first journal.
func NewSpool(dir string, now func() time.Time) *Spool {
	return &Spool{dir: dir, now: now, rotateSize: rotateSize}
}

// Path is the file of a device, whether it is there or not.
func (s *Spool) Path(device tollgate.ID) string {
	return filepath.Join(s.dir, device.String()+".csv")
}

// Has reports whether anything of a device was ever kept.
func (s *Spool) Has(device tollgate.ID) bool {
	_, err := os.Stat(s.Path(device))
	_, errOld := os.Stat(s.Path(device) + oldSuffix)
	return err == nil || errOld == nil
}

// Append keeps rows of a device, which survive whatever happens once it returned
// nil; else none of them is kept. Sent twice in a row they are kept once. The
// error is CodeInvalid for what does not end in a whole line, else CodeUnavailable.
func (s *Spool) Append(device tollgate.ID, rows []byte) error {
	if len(rows) == 0 || rows[len(rows)-1] != '\n' {
		return tollgate.Errorf(tollgate.CodeInvalid, "the last line is not whole: nothing was kept; send whole lines")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.add(s.Path(device), rows); err != nil {
		return tollgate.Errorf(tollgate.CodeUnavailable, "keeping rows of a journal: %v", err)
	}
	return nil
}

func (s *Spool) add(path string, rows []byte) error {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	file, size, err := openSpool(path)
	if err != nil {
		return err
	}
	defer func() { file.Close() }()
	if again, err := endsWith(file, size, rows); again || err != nil {
		return err
	}
	if size > s.rotateSize && s.retire(path) {
		file.Close()
		if file, size, err = openSpool(path); err != nil {
			return err
		}
	}
	if size+int64(len(rows)) > fileMax {
		return fmt.Errorf("%s is full", path)
	}
	_, err = file.WriteAt(rows, size)
	if err = errors.Join(err, file.Sync()); err != nil {
		return errors.Join(err, file.Truncate(size))
	}
	if size == 0 {
		return syncDir(s.dir)
	}
	return nil
}

// retire renames a file unless the one renamed before is still too young to go.
func (s *Spool) retire(path string) bool {
	old, err := os.Stat(path + oldSuffix)
	if err == nil && s.now().Sub(old.ModTime()) < oldKeep {
		return false
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false
	}
	// Its age counts from now on, so that a reader has a day for it.
	return os.Chtimes(path, s.now(), s.now()) == nil && os.Rename(path, path+oldSuffix) == nil
}

// openSpool opens a file and takes off the half line that a crash may have left.
func openSpool(path string) (file *os.File, size int64, err error) {
	if file, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return nil, 0, err
	}
	if size, err = whole(file); err == nil {
		err = file.Truncate(size)
	}
	if err != nil {
		file.Close()
		return nil, 0, err
	}
	return file, size, nil
}

// whole returns where the last whole line of a file ends.
func whole(file *os.File) (int64, error) {
	end, err := file.Seek(0, io.SeekEnd)
	buffer := make([]byte, chunk)
	for end > 0 && err == nil {
		part := buffer[:min(end, chunk)]
		if _, err = file.ReadAt(part, end-int64(len(part))); err != nil {
			break
		}
		if at := bytes.LastIndexByte(part, '\n'); at >= 0 {
			return end - int64(len(part)) + int64(at) + 1, nil
		}
		end -= int64(len(part))
	}
	return end, err
}

// endsWith reports whether a file of a size ends with rows: their sender did not
// hear that they arrived.
func endsWith(file *os.File, size int64, rows []byte) (bool, error) {
	if size < int64(len(rows)) {
		return false, nil
	}
	end := make([]byte, len(rows))
	_, err := file.ReadAt(end, size-int64(len(rows)))
	return bytes.Equal(end, rows), err
}

// syncDir makes a new name in a directory survive a crash of the machine.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
