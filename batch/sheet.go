package batch

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"unicode/utf8"

	"tollgate"
)

// The limits of a sheet.
const (
	MaxLine    = 1 << 20 // bytes of one line; a longer line is rejected, not read into memory
	MaxColumns = 256     // fields of one line
	blockBytes = 256 << 10
	shownBytes = 80 // of a rejected value
)

// Form says which columns a kind of sheet has.
type Form struct {
	Columns  []string // lower case; a Row's fields are asked for by their place here
	Required []string // those of them that the header must name
	Extra    bool     // other columns are passed through instead of refused
}

// Sheet reads a CSV file as a stream. The first line names the columns, in any
// order, in any case. The separator is the comma or, if the header uses it, the
// semicolon. A UTF-8 byte order mark is skipped. Fields may be quoted as RFC
// 4180 §2 says, with one restriction: a line break inside quotes is not
// allowed, so that one line is always one record and one garbage line with a
// stray quote cannot swallow the good lines below it. Empty lines are skipped.
//
//	const ( extensionNumber = iota; extensionName )
//	form := batch.Form{Columns: []string{"number", "name"}, Required: []string{"number"}}
//	sheet, err := batch.NewSheet(file, form)     // err names wrong columns
//	for row, reject := range sheet.Rows() {
//		if reject == nil && len(row.Field(extensionNumber)) == 0 {
//			reject = row.Reject(extensionNumber, "is missing")
//		}
//		if reject != nil {
//			rejects = append(rejects, *reject)
//			continue
//		}
//		use(row.Text(extensionNumber), row.Text(extensionName))
//	}
//	err = sheet.Err()                            // reading failed half way
type Sheet struct {
	reader io.Reader
	layout layout
	rest   []byte // read, but not yet handed out; begins at the start of a line
	line   int    // number of the line that rest begins with
	eof    bool
	err    error
}

// layout is a header line, compiled.
type layout struct {
	separator byte
	form      Form
	header    []string // as in the file, lower case
	place     []int    // column of the form → field of the line, -1: not in the file
	extra     []int    // fields that the form does not know
}

// Reject names a line that was not taken and why.
type Reject struct {
	Line   int    `json:"line"`
	Column string `json:"column"` // empty: the line as a whole
	Value  string `json:"value"`  // shortened
	Reason string `json:"reason"`
}

// String prints the Reject for people: line 7, prefix "+49": write digits only.
func (r Reject) String() string {
	if r.Column == "" {
		return fmt.Sprintf("line %d: %s", r.Line, r.Reason)
	}
	return fmt.Sprintf("line %d, %s %q: %s", r.Line, r.Column, r.Value, r.Reason)
}

// NewSheet reads the header line. It fails with CodeInvalid if the header does
// not fit the form, naming what is wrong and the columns there are.
func NewSheet(r io.Reader, form Form) (*Sheet, error) {
	s := &Sheet{reader: r, line: 1}
	var first Block
	if !s.Fill(&first) {
		if s.err != nil {
			return nil, s.err
		}
		return nil, invalid(form, "line 1: the file is empty")
	}
	if first.tooLong {
		return nil, invalid(form, "line 1: the header is longer than %d bytes", MaxLine)
	}
	header, below, _ := bytes.Cut(first.data, []byte("\n"))
	s.rest = append(bytes.Clone(below), s.rest...)
	s.line = 2
	if bytes.HasPrefix(header, []byte("\xff\xfe")) || bytes.HasPrefix(header, []byte("\xfe\xff")) {
		return nil, invalid(form, "line 1: the file is UTF-16; save it as UTF-8")
	}
	return s, s.layout.compile(bytes.TrimPrefix(header, []byte("\ufeff")), form)
}

func invalid(form Form, format string, args ...any) error {
	return tollgate.Errorf(tollgate.CodeInvalid, "%s; columns are %s",
		fmt.Sprintf(format, args...), strings.Join(form.Columns, ", "))
}

func (l *layout) compile(line []byte, form Form) error {
	l.separator, l.form = ',', form
	if bytes.Count(line, []byte(";")) > bytes.Count(line, []byte(",")) {
		l.separator = ';'
	}
	row := Row{layout: l, line: 1}
	if reject := row.split(trimEnding(line), true); reject != nil {
		return invalid(form, "%s", reject)
	}
	l.place = slices.Repeat([]int{-1}, len(form.Columns))
	for i := range row.fields {
		name := strings.ToLower(string(row.value(i)))
		if name == "" {
			return invalid(form, "line 1: column %d has no name", i+1)
		}
		if j := slices.Index(l.header, name); j >= 0 {
			return invalid(form, "line 1: column %q is there twice", name)
		}
		l.header = append(l.header, name)
		if j := slices.Index(form.Columns, name); j >= 0 {
			l.place[j] = i
		} else if l.extra = append(l.extra, i); !form.Extra {
			return invalid(form, "line 1: unknown column %q", name)
		}
	}
	for _, name := range form.Required {
		if !slices.Contains(l.header, name) {
			return invalid(form, "line 1: column %q is missing", name)
		}
	}
	return nil
}

// Separator is the comma or the semicolon, as the header uses it.
func (s *Sheet) Separator() byte { return s.layout.separator }

// Extra names the columns beside those of the form, in the order of the file.
func (s *Sheet) Extra() []string {
	names := make([]string, len(s.layout.extra))
	for i, field := range s.layout.extra {
		names[i] = s.layout.header[field]
	}
	return names
}

// Err is what ended the reading early, nil at the end of the file.
func (s *Sheet) Err() error { return s.err }

// Rows walks the lines: each one as a row that is valid until the next, and,
// if it could not be split as the header says, the reason.
func (s *Sheet) Rows() iter.Seq2[*Row, *Reject] {
	return func(yield func(*Row, *Reject) bool) {
		var block Block
		for s.Fill(&block) {
			for row, reject := range block.Rows() {
				if !yield(row, reject) {
					return
				}
			}
		}
	}
}

// Fill reads the next run of whole lines into b, reusing its memory, and
// reports whether there was one. Blocks may be worked on at the same time.
func (s *Sheet) Fill(b *Block) bool {
	b.layout, b.line, b.tooLong = &s.layout, s.line, false
	b.data = append(b.data[:0], s.rest...)
	s.rest = s.rest[:0]
	for {
		if end := bytes.LastIndexByte(b.data, '\n') + 1; end > 0 {
			s.rest = append(s.rest, b.data[end:]...)
			b.data = b.data[:end]
			s.line += bytes.Count(b.data, []byte("\n"))
			return true
		}
		if s.eof {
			s.line++
			return len(b.data) > 0 && s.err == nil
		}
		if len(b.data) > MaxLine {
			s.skipLine(b)
			return true
		}
		b.data = s.read(slices.Grow(b.data, max(blockBytes-len(b.data), blockBytes/8)))
	}
}

// skipLine drops a line that is too long, keeping only its beginning.
func (s *Sheet) skipLine(b *Block) {
	b.tooLong = true
	s.line++
	buffer := b.data[shownBytes:shownBytes:cap(b.data)]
	b.data = b.data[:shownBytes]
	for !s.eof {
		buffer = s.read(buffer[:0])
		if _, below, found := bytes.Cut(buffer, []byte("\n")); found {
			s.rest = append(s.rest, below...)
			return
		}
	}
}

// read appends what one read gives to buffer, which must have room.
func (s *Sheet) read(buffer []byte) []byte {
	n, err := s.reader.Read(buffer[len(buffer):cap(buffer)])
	if err != nil {
		s.eof = true
		if !errors.Is(err, io.EOF) {
			s.err = fmt.Errorf("reading line %d: %w", s.line, err)
		}
	}
	return buffer[:len(buffer)+n]
}

// Block is a run of whole lines.
type Block struct {
	layout  *layout
	line    int // number of the first line
	data    []byte
	tooLong bool // data is the beginning of one line that is too long
	row     Row
}

// Rows walks the lines of the block as Sheet.Rows does.
func (b *Block) Rows() iter.Seq2[*Row, *Reject] {
	return func(yield func(*Row, *Reject) bool) {
		b.row = Row{layout: b.layout, line: b.line, fields: b.row.fields, buffer: b.row.buffer}
		if b.tooLong {
			b.row.fields, b.row.raw = b.row.fields[:0], b.data
			yield(&b.row, b.row.broken("longer than %d bytes", MaxLine))
			return
		}
		plain := bytes.IndexByte(b.data, '"') < 0
		clean := bytes.IndexByte(b.data, 0) < 0 && utf8.Valid(b.data)
		for data := b.data; len(data) > 0; b.row.line++ {
			var line []byte
			if end := bytes.IndexByte(data, '\n'); end >= 0 {
				line, data = data[:end], data[end+1:]
			} else {
				line, data = data, nil
			}
			line = trimEnding(line)
			if len(line) == 0 {
				continue
			}
			reject := b.row.split(line, !plain)
			if reject == nil {
				reject = b.row.check(clean)
			}
			if !yield(&b.row, reject) {
				return
			}
		}
	}
}

func trimEnding(line []byte) []byte { return bytes.TrimRight(line, "\r \t") }
