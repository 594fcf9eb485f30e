package batch

import (
	"bufio"
	"io"
	"strings"
)

// Writer writes a sheet that Sheet reads back: UTF-8, comma, one line per
// record. A value that a spreadsheet would take for a formula gets a quote mark
// before it (CWE-1236); plain numbers do not need one.
type Writer struct {
	w    *bufio.Writer
	line []byte
}

// NewWriter writes the header line.
func NewWriter(w io.Writer, columns ...string) *Writer {
	writer := &Writer{w: bufio.NewWriter(w)}
	writer.Write(columns...)
	return writer
}

// Write writes one record. A failure is kept for Flush.
func (w *Writer) Write(fields ...string) {
	w.line = w.line[:0]
	for i, field := range fields {
		if i > 0 {
			w.line = append(w.line, ',')
		}
		if formula(field) && !number(field) {
			field = "'" + field
		}
		w.line = AppendField(w.line, ',', field)
	}
	if len(fields) == 1 && fields[0] == "" {
		w.line = append(w.line, `""`...) // an empty line would be skipped
	}
	w.w.Write(append(w.line, '\n')) //nolint:errcheck // bufio keeps the error for Flush
}

// Flush writes what is buffered and returns the first failure.
func (w *Writer) Flush() error { return w.w.Flush() }

// AppendField appends value as one CSV field, quoted where RFC 4180 §2 wants
// it. Line breaks become spaces: a record is one line.
func AppendField(dst []byte, separator byte, value string) []byte {
	spaced := value != strings.Trim(value, " \t")
	if !spaced && strings.IndexByte(value, separator) < 0 && !strings.ContainsAny(value, "\"\r\n") {
		return append(dst, value...)
	}
	dst = append(dst, '"')
	for i := range len(value) {
		switch value[i] {
		case '\r', '\n':
			dst = append(dst, ' ')
		case '"':
			dst = append(dst, `""`...)
		default:
			dst = append(dst, value[i])
		}
	}
	return append(dst, '"')
}

// number reports whether s is digits with at most a minus sign and one point.
func number(s string) bool {
	whole, fraction, dotted := strings.Cut(strings.TrimPrefix(s, "-"), ".")
	digits := func(s string) bool {
		return s != "" && strings.Trim(s, "0123456789") == ""
	}
	return digits(whole) && (!dotted || digits(fraction))
}
