package engine

import (
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"tollgate"

	"github.com/jackc/pgx/v5"
)

// copyChunk is how much of a COPY is put together before it goes to the server.
const copyChunk = 64 << 10

// copyHead opens a COPY stream: signature, no flags, no header extension
// (PostgreSQL manual, COPY, "Binary Format").
const copyHead = "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00"

// copyRows is a COPY stream in the making. The driver's own CopyFrom takes
// every value as an interface; writing the few types here costs no allocation.
type copyRows struct {
	buf     []byte
	sent    int // of buf
	next, n int
	columns int
	write   func(i int, w RowWriter)
}

func (c *copyRows) ID(v tollgate.ID) { c.Int(int64(v)) }

func (c *copyRows) Int(v int64) {
	c.buf = binary.BigEndian.AppendUint32(c.buf, 8)
	c.buf = binary.BigEndian.AppendUint64(c.buf, uint64(v))
}

func (c *copyRows) Text(v string) {
	v = CleanText(v)
	c.buf = binary.BigEndian.AppendUint32(c.buf, uint32(len(v)))
	c.buf = append(c.buf, v...)
}

// CleanText makes text that PostgreSQL takes: UTF-8 without zero bytes. What a
// device sent must not stop a batch.
func CleanText(v string) string {
	if utf8.ValidString(v) && strings.IndexByte(v, 0) < 0 {
		return v
	}
	return strings.ReplaceAll(strings.ToValidUTF8(v, "\ufffd"), "\x00", "\ufffd")
}

func (c *copyRows) Bool(v bool) {
	c.buf = binary.BigEndian.AppendUint32(c.buf, 1)
	if v {
		c.buf = append(c.buf, 1)
	} else {
		c.buf = append(c.buf, 0)
	}
}

func (c *copyRows) Null() { c.buf = append(c.buf, 0xff, 0xff, 0xff, 0xff) }

// Read puts rows together as the driver asks for them.
func (c *copyRows) Read(p []byte) (int, error) {
	if c.sent == len(c.buf) {
		c.buf, c.sent = c.buf[:0], 0
		if c.next > c.n {
			return 0, io.EOF
		}
		if c.next == 0 {
			c.buf = append(c.buf, copyHead...)
		}
		for c.next < c.n && len(c.buf) < copyChunk {
			c.buf = binary.BigEndian.AppendUint16(c.buf, uint16(c.columns))
			c.write(c.next, c)
			c.next++
		}
		if c.next == c.n {
			c.buf = append(c.buf, 0xff, 0xff) // the stream's trailer
			c.next++
		}
	}
	n := copy(p, c.buf[c.sent:])
	c.sent += n
	return n, nil
}

// copyIn writes n rows by COPY.
func (t *Tx) copyIn(into Table, n int, write func(i int, w RowWriter)) error {
	if err := t.catchUp(); err != nil {
		return err
	}
	text := fmt.Sprintf("COPY %s (%s) FROM STDIN (FORMAT binary)",
		into.Name, strings.Join(into.Columns, ", "))
	rows := &copyRows{
		buf: make([]byte, 0, copyChunk+4<<10), n: n, columns: len(into.Columns), write: write,
	}
	return t.pgx(func(c *pgx.Conn) error {
		_, err := c.PgConn().CopyFrom(t.ctx, rows, text)
		return err
	})
}
