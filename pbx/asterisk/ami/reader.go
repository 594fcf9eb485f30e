package ami

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"io"
	"time"
)

// The limits of a Reader whose fields are zero.
const (
	DefaultMaxLine    = 64 << 10
	DefaultMaxFields  = 1_000
	DefaultMaxMessage = 1 << 20
)

const bannerPrefix = "Asterisk Call Manager/"

// Garbage counts what a Reader could not use. None of it ends the stream.
type Garbage struct {
	Lines    uint64 `json:"lines"`    // lines that are not "Key: value"
	Long     uint64 `json:"long"`     // lines over MaxLine, skipped to their end
	Messages uint64 `json:"messages"` // half messages, and messages that are neither event nor answer
	Cut      uint64 `json:"cut"`      // messages over MaxFields or MaxMessage, returned without their tail
}

// Sum is how many pieces of garbage there were.
func (g Garbage) Sum() uint64 { return g.Lines + g.Long + g.Messages + g.Cut }

// Reader reads the messages of a manager connection or of a recording of one.
// Whatever arrives, it holds at most MaxLine + MaxMessage bytes and finds the
// next whole message again.
type Reader struct {
	MaxLine    int              // longest line in bytes; longer ones are skipped; 0: DefaultMaxLine
	MaxFields  int              // most fields kept of a message; 0: DefaultMaxFields
	MaxMessage int              // most bytes kept of a message; 0: DefaultMaxMessage
	Now        func() time.Time // stamps Message.At; nil: the zero time

	greeted func(banner string) // told of each greeting; nil: nobody is

	source io.Reader
	buffer *bufio.Reader
	banner string
	text   []byte   // keys and values of the message being read, one after the other
	marks  []int    // where each key and each value ends in text
	cut    bool     // the message is over a limit
	lead   leadKind // what its first field says
	waste  Garbage
}

// leadKind is what the first line of a message makes of it.
type leadKind int

const (
	leadNone leadKind = iota
	leadEvent
	leadUserEvent // may carry any header, even one named Event
	leadAnswer
	leadOther
)

// NewReader reads messages from r.
func NewReader(r io.Reader) *Reader { return &Reader{source: r} }

// Banner returns the greeting of the newest connection in the stream, such as
// "Asterisk Call Manager/11.0.0", empty if there was none yet.
func (r *Reader) Banner() string { return r.banner }

// Garbage returns what could not be used so far.
func (r *Reader) Garbage() Garbage { return r.waste }

// Next returns the next message. It returns io.EOF at the end of the stream,
// or what the stream failed with; a message that was cut off there is counted
// as garbage.
func (r *Reader) Next() (Message, error) {
	if r.buffer == nil {
		r.MaxLine = max(cmp.Or(r.MaxLine, DefaultMaxLine), 16)
		r.MaxFields = cmp.Or(r.MaxFields, DefaultMaxFields)
		r.MaxMessage = cmp.Or(r.MaxMessage, DefaultMaxMessage)
		r.buffer = bufio.NewReaderSize(r.source, r.MaxLine)
	}
	for {
		line, err := r.line()
		if err != nil {
			if r.lead != leadNone {
				r.waste.Messages++
			}
			r.reset()
			return Message{}, err
		}
		if len(line) > 0 {
			r.add(line)
			continue
		}
		if m, ok := r.take(); ok {
			return m, nil
		}
	}
}

// line returns the next line without its end. Lines over the limit are skipped.
func (r *Reader) line() ([]byte, error) {
	for {
		line, err := r.buffer.ReadSlice('\n')
		if err == nil {
			return bytes.TrimRight(line, "\r\n"), nil
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return nil, err // a last line without an end is half a line
		}
		r.waste.Long++
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = r.buffer.ReadSlice('\n')
		}
		if err != nil {
			return nil, err
		}
	}
}

// add takes one line into the message being read, or sees that a new one begins.
func (r *Reader) add(line []byte) {
	if bytes.HasPrefix(line, []byte(bannerPrefix)) {
		r.restart()
		if r.banner = string(line); r.greeted != nil {
			r.greeted(r.banner)
		}
		return
	}
	key, value, found := bytes.Cut(line, []byte(":"))
	if !found || !validKey(key) {
		r.waste.Lines++
		return
	}
	value = bytes.TrimSpace(value)
	switch string(key) {
	case "Event":
		if r.lead != leadNone && r.lead != leadUserEvent {
			r.restart() // the end of the message before was lost
		}
		r.begin(leadEvent)
		if r.lead == leadEvent && len(r.marks) == 0 && string(value) == "UserEvent" {
			r.lead = leadUserEvent
		}
	case "Response":
		if r.lead == leadOther {
			r.restart()
		}
		r.begin(leadAnswer)
	default:
		r.begin(leadOther)
	}
	if len(r.marks)/2 >= r.MaxFields || len(r.text)+len(key)+len(value) > r.MaxMessage {
		r.cut = true
		return
	}
	r.text = append(r.text, key...)
	r.marks = append(r.marks, len(r.text))
	r.text = append(r.text, value...)
	r.marks = append(r.marks, len(r.text))
}

func (r *Reader) begin(kind leadKind) {
	if r.lead == leadNone {
		r.lead = kind
	}
}

// restart drops a message whose end will never come.
func (r *Reader) restart() {
	if r.lead != leadNone {
		r.waste.Messages++
	}
	r.reset()
}

func (r *Reader) reset() {
	r.text, r.marks, r.cut, r.lead = r.text[:0], r.marks[:0], false, leadNone
}

// take returns the message read so far and makes room for the next.
func (r *Reader) take() (Message, bool) {
	defer r.reset()
	switch {
	case r.lead == leadNone:
		return Message{}, false // an empty line more than needed
	case r.lead == leadOther:
		r.waste.Messages++
		return Message{}, false
	case r.cut:
		r.waste.Cut++
	}
	text := string(r.text)
	m := Message{Fields: make([]Field, len(r.marks)/2)}
	from := 0
	for i := range m.Fields {
		keyEnd, valueEnd := r.marks[2*i], r.marks[2*i+1]
		m.Fields[i] = Field{Key: text[from:keyEnd], Value: text[keyEnd:valueEnd]}
		from = valueEnd
	}
	if r.Now != nil {
		m.At = r.Now()
	}
	return m, true
}

const keyMax = 128 // bytes; the longest key Asterisk writes has about 40

func validKey(key []byte) bool {
	if len(key) == 0 || len(key) > keyMax {
		return false
	}
	for _, b := range key {
		if b <= ' ' || b == 0x7f {
			return false
		}
	}
	return true
}
