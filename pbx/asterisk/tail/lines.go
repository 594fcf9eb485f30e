package tail

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// LineMax is how many bytes a line may have; longer ones are skipped.
const LineMax = 64 << 10

// Lines reads the lines of a file and skips those that are too long.
type Lines struct {
	buffer *bufio.Reader
	read   int64 // bytes consumed up to the end of the last whole line
}

// NewLines reads the lines of r.
func NewLines(r io.Reader) *Lines { return &Lines{buffer: bufio.NewReaderSize(r, LineMax)} }

// Next returns the next line without its end, and how many lines before it were
// too long. At the end of the file it returns what is there of a last line
// together with io.EOF; that part is not counted as read.
func (l *Lines) Next() (line []byte, long uint64, err error) {
	skipped := int64(0)
	for {
		line, err = l.buffer.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			skipped += int64(len(line))
			continue
		case err != nil && skipped > 0:
			return nil, long, err // the end of the long line is not written yet
		case err != nil:
			return bytes.TrimRight(line, "\r\n"), long, err
		case skipped > 0:
			l.read += skipped + int64(len(line))
			skipped = 0
			long++
			continue
		}
		l.read += int64(len(line))
		return bytes.TrimRight(line, "\r\n"), long, nil
	}
}
