// Package tail follows a text file that another program appends to and rotates,
// line by line, over renames, truncation and restarts of either program.
package tail

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const (
	piecesMax     = 32       // rotated files remembered
	printMax      = 4 << 10  // bytes of the first line that tell files apart
	firstReadBack = 16 << 20 // how far back to look for running calls when a file is followed for the first time
	linesMax      = 20_000   // lines taken in at a time
)

// File is a file that grows and is rotated, by renaming or by truncating. It is
// known by its first line, which must carry something of its own such as a time:
// that survives a restart and a rename, and tells a truncated file from the old.
//
// Positions count bytes over all files since the first was opened. A File is not
// safe for concurrent use.
type File struct {
	path  string
	file  *os.File
	lines Lines
	files []piece // followed so far, the current one last
}

// piece is one of the files that were rotated.
type piece struct {
	print string
	base  int64 // position of its first byte
}

// New returns a File that nothing is read of yet; path need not exist.
func New(path string) *File { return &File{path: path} }

// Path returns the path of the file that is appended to now.
func (t *File) Path() string { return t.path }

// Opened reports whether there is a file to read.
func (t *File) Opened() bool { return t.file != nil }

// Place is where in which file to go on reading. It outlives the process.
type Place struct {
	Print  string `json:"print"`
	Offset int64  `json:"offset"`
}

// Resume opens the file that a place names, under the path or under the name it
// was rotated to, and returns whether it was found.
func (t *File) Resume(p Place) bool {
	for _, name := range t.siblings() {
		if p.Print != "" && t.open(name) == nil && t.files[0].print == p.Print && t.size() >= p.Offset {
			t.seek(p.Offset)
			return true
		}
		t.Close()
	}
	return false
}

// Fresh opens the file for the first time ever, some way before its end.
func (t *File) Fresh() error {
	if err := t.open(t.path); err != nil {
		return err
	}
	if back := t.size() - firstReadBack; back > 0 {
		t.seek(back)
		_, _, err := t.lines.Next() // the rest of a line
		return err
	}
	return nil
}

// siblings lists the files a place may be in: rotated ones, oldest first, then
// the current one. Compressed ones cannot be read on.
func (t *File) siblings() []string {
	entries, err := os.ReadDir(filepath.Dir(t.path))
	if err != nil {
		return nil
	}
	type sibling struct {
		name string
		info fs.FileInfo
	}
	var found []sibling
	base := filepath.Base(t.path)
	for _, e := range entries {
		name := e.Name()
		if !strings.HasPrefix(name, base) || isCompressed(name) {
			continue
		}
		info, err := os.Stat(filepath.Join(filepath.Dir(t.path), name)) // the path itself may be a link
		if err == nil && info.Mode().IsRegular() {
			found = append(found, sibling{filepath.Join(filepath.Dir(t.path), name), info})
		}
	}
	slices.SortStableFunc(found, func(a, b sibling) int {
		if (a.name == t.path) != (b.name == t.path) {
			return cmp.Compare(boolInt(a.name == t.path), boolInt(b.name == t.path))
		}
		return a.info.ModTime().Compare(b.info.ModTime())
	})
	names := make([]string, len(found))
	for i, s := range found {
		names[i] = s.name
	}
	return names
}

func isCompressed(name string) bool {
	return slices.Contains([]string{".gz", ".bz2", ".xz", ".zst", ".lz4"}, filepath.Ext(name))
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (t *File) open(name string) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	if info, err := file.Stat(); err == nil && info.IsDir() {
		file.Close()
		return fmt.Errorf("%s is a directory", name)
	}
	t.begin(file)
	return nil
}

// begin goes on with another file, whose first byte follows the last of the one before.
func (t *File) begin(file *os.File) {
	base := int64(0)
	if len(t.files) > 0 {
		base = t.Position()
	}
	t.closeFile()
	t.file = file
	t.files = append(t.files[max(0, len(t.files)-piecesMax+1):], piece{print: fingerprint(file), base: base})
	t.seek(0)
}

func (t *File) closeFile() {
	if t.file != nil {
		t.file.Close()
		t.file = nil
	}
}

// Close closes what is open; the File can be opened again.
func (t *File) Close() {
	t.closeFile()
	t.files = nil
}

func (t *File) size() int64 {
	info, err := t.file.Stat()
	if err != nil {
		return 0
	}
	return info.Size()
}

// seek reads on from an offset in the current file.
func (t *File) seek(offset int64) {
	t.lines = Lines{read: offset}
	t.rewind()
}

// rewind forgets what was read beyond the last whole line.
func (t *File) rewind() {
	section := io.NewSectionReader(t.file, t.lines.read, 1<<62-t.lines.read)
	if t.lines.buffer == nil {
		t.lines.buffer = bufio.NewReaderSize(section, LineMax)
		return
	}
	t.lines.buffer.Reset(section)
}

// Position is where the next line begins.
func (t *File) Position() int64 { return t.files[len(t.files)-1].base + t.lines.read }

// Place turns a position into what can be saved.
func (t *File) Place(position int64) Place {
	for _, f := range slices.Backward(t.files) {
		if position >= f.base {
			return Place{Print: f.print, Offset: position - f.base}
		}
	}
	return Place{}
}

// Poll hands out whole lines that were added, at most linesMax, and goes on
// to the next file after a rotation. more says that there may be more at once.
func (t *File) Poll(each func(line []byte, position int64) error) (long uint64, more bool, err error) {
	if t.file == nil {
		err := t.open(t.path)
		if errors.Is(err, fs.ErrNotExist) {
			return 0, false, nil // Asterisk writes the file with its first event
		}
		if err != nil {
			return 0, false, fmt.Errorf("opening: %w", err) // which names the file
		}
	}
	next, err := t.rotated()
	if err != nil {
		return 0, false, err
	}
	t.rewind()
	for range linesMax {
		at := t.Position()
		line, skipped, err := t.lines.Next()
		long += skipped
		if errors.Is(err, io.EOF) {
			if next != nil {
				t.begin(next)
			}
			return long, next != nil, nil
		}
		if err != nil {
			return long, false, fmt.Errorf("reading %s: %w", t.path, err)
		}
		if err := each(line, at); err != nil {
			return long, false, err
		}
	}
	if next != nil {
		next.Close()
	}
	return long, true, nil
}

// rotated returns the file to go on with if there is another than the one being
// read: the oldest that is younger, so that none is left out.
func (t *File) rotated() (*os.File, error) {
	current := &t.files[len(t.files)-1]
	if current.print == "" {
		current.print = fingerprint(t.file)
	}
	if file, err := os.Open(t.path); err == nil {
		same := t.isCurrent(file)
		file.Close()
		if same {
			return nil, nil
		}
	}
	names := t.siblings()
	for i, name := range names {
		file, err := os.Open(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("opening %s: %w", name, err)
		}
		if !t.isCurrent(file) && !t.isCopy(file) {
			file.Close()
			continue
		}
		t.file.Close()
		t.file = file // a copy made before a truncation holds what was not read yet
		if i+1 == len(names) {
			return nil, nil
		}
		return os.Open(names[i+1])
	}
	next, err := os.Open(t.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // between rename and the next event
	}
	return next, err
}

// isCopy reports whether a file begins as the one being read did and holds all
// that was read of it.
func (t *File) isCopy(file *os.File) bool {
	info, err := file.Stat()
	current := t.files[len(t.files)-1]
	return err == nil && current.print != "" && info.Size() >= t.lines.read && fingerprint(file) == current.print
}

// isCurrent reports whether a file is the one being read.
func (t *File) isCurrent(file *os.File) bool {
	current := t.files[len(t.files)-1]
	a, errA := file.Stat()
	b, errB := t.file.Stat()
	if errA != nil || errB != nil || !os.SameFile(a, b) {
		return false
	}
	return a.Size() >= t.lines.read && (current.print == "" || fingerprint(file) == current.print)
}

// fingerprint tells a file by its first line; empty while that is not whole.
func fingerprint(file *os.File) string {
	head := make([]byte, printMax)
	n, err := file.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return ""
	}
	line, _, whole := bytes.Cut(head[:n], []byte("\n"))
	if !whole && n < printMax {
		return ""
	}
	sum := sha256.Sum256(line)
	return hex.EncodeToString(sum[:12])
}
