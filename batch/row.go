package batch

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// Row is one line of a sheet, split into its fields.
type Row struct {
	layout *layout
	line   int
	raw    []byte
	fields [][]byte // as written, quotes and all
	buffer []byte   // values that had to be unquoted
}

// Line is the number of the line in the file; the header is line 1.
func (r *Row) Line() int { return r.line }

// Field is the value of the form's column, without quotes and surrounding
// spaces, nil if the file does not have the column. It is valid until the next row.
func (r *Row) Field(column int) []byte {
	if i := r.layout.place[column]; i >= 0 && i < len(r.fields) {
		return r.value(i)
	}
	return nil
}

// Text is Field as a string of its own.
func (r *Row) Text(column int) string { return string(r.Field(column)) }

// AppendRaw appends the form's column to dst as it is written in the file,
// with its quotes; it stays correct under the same separator only.
func (r *Row) AppendRaw(dst []byte, column int) []byte {
	if i := r.layout.place[column]; i >= 0 && i < len(r.fields) {
		return append(dst, r.fields[i]...)
	}
	return dst
}

// AppendExtra appends each column that the form does not know to dst as it is
// written in the file, with a separator before it.
func (r *Row) AppendExtra(dst []byte) []byte {
	for _, i := range r.layout.extra {
		dst = append(dst, r.layout.separator)
		if i < len(r.fields) {
			dst = append(dst, r.fields[i]...)
		}
	}
	return dst
}

// Reject refuses the row because of one column.
func (r *Row) Reject(column int, format string, args ...any) *Reject {
	return &Reject{
		Line: r.line, Column: r.layout.form.Columns[column],
		Value: shorten(r.Field(column)), Reason: fmt.Sprintf(format, args...),
	}
}

// broken refuses the line as a whole.
func (r *Row) broken(format string, args ...any) *Reject {
	return &Reject{Line: r.line, Value: shorten(r.raw), Reason: fmt.Sprintf(format, args...)}
}

// rejectsMax is how many lines of a file are named that is refused as a whole: millions
// would take more memory than the file.
const rejectsMax = 10_000

// unread says that nothing below the row was read.
func (r *Row) unread() Reject {
	return Reject{Line: r.line + 1, Reason: fmt.Sprintf("%d lines are wrong: the rest was not read", rejectsMax)}
}

func shorten(value []byte) string {
	if len(value) > shownBytes {
		value = value[:shownBytes]
	}
	return string(bytes.ToValidUTF8(value, []byte("?")))
}

// check finds what splitting alone does not.
func (r *Row) check(clean bool) *Reject {
	if len(r.fields) != len(r.layout.header) {
		return r.broken("has %d fields, the header has %d", len(r.fields), len(r.layout.header))
	}
	if !clean && bytes.IndexByte(r.raw, 0) >= 0 {
		return r.broken("contains a zero byte")
	}
	if !clean && !utf8.Valid(r.raw) {
		return r.broken("is not UTF-8")
	}
	return nil
}

// split cuts the line at its separators. Without quotes this is the hot path
// of every import: no copy, no allocation.
func (r *Row) split(line []byte, quotes bool) *Reject {
	r.raw, r.fields, r.buffer = line, r.fields[:0], r.buffer[:0]
	if quotes && bytes.IndexByte(line, '"') >= 0 {
		return r.splitQuoted(line)
	}
	separator := r.layout.separator
	for len(r.fields) < MaxColumns {
		i := bytes.IndexByte(line, separator)
		if i < 0 {
			r.fields = append(r.fields, line)
			return nil
		}
		r.fields = append(r.fields, line[:i])
		line = line[i+1:]
	}
	return r.broken("has more than %d fields", MaxColumns)
}

// splitQuoted cuts a line in which some field is quoted. A quote inside an
// unquoted field stands for itself.
func (r *Row) splitQuoted(line []byte) *Reject {
	for len(r.fields) < MaxColumns {
		start := len(line) - len(bytes.TrimLeft(line, " \t"))
		end := start
		if start < len(line) && line[start] == '"' {
			if end = closingQuote(line, start); end < 0 {
				return r.broken("field %d: the quote is not closed on this line", len(r.fields)+1)
			}
			end++
		}
		i := bytes.IndexByte(line[end:], r.layout.separator)
		after := line[end:]
		if i >= 0 {
			after = after[:i]
		}
		if end > start && len(bytes.TrimSpace(after)) > 0 {
			return r.broken("field %d: text after the closing quote", len(r.fields)+1)
		}
		if i < 0 {
			r.fields = append(r.fields, line)
			return nil
		}
		r.fields = append(r.fields, line[:end+i])
		line = line[end+i+1:]
	}
	return r.broken("has more than %d fields", MaxColumns)
}

// closingQuote finds the quote that ends the field opened at start, -1 if none does.
func closingQuote(line []byte, start int) int {
	for i := start + 1; i < len(line); i++ {
		if line[i] != '"' {
			continue
		}
		if i+1 < len(line) && line[i+1] == '"' {
			i++
			continue
		}
		return i
	}
	return -1
}

// value is field i without quotes, spaces around it and the mark that keeps a
// spreadsheet from taking it for a formula.
func (r *Row) value(i int) []byte {
	v := bytes.Trim(r.fields[i], " \t")
	if len(v) >= 2 && v[0] == '"' && v[len(v)-1] == '"' {
		v = v[1 : len(v)-1]
		if bytes.IndexByte(v, '"') >= 0 {
			from := len(r.buffer)
			for j := 0; j < len(v); j++ {
				r.buffer = append(r.buffer, v[j])
				if v[j] == '"' {
					j++ // the second of a pair
				}
			}
			v = r.buffer[from:len(r.buffer):len(r.buffer)]
		}
	}
	if len(v) > 1 && v[0] == '\'' && formula(v) {
		v = v[1:]
	}
	return v
}

// formula reports whether a spreadsheet would calculate v, or would if the
// marks before it were gone. What Mark adds, value takes off again.
func formula[T []byte | string](v T) bool {
	for i := range len(v) {
		switch v[i] {
		case '\'':
		case '=', '+', '-', '@', '\t', '\r':
			return true
		default:
			return false
		}
	}
	return false
}
