package ledger

import (
	"cmp"
	"encoding/binary"
	"errors"
	"time"

	"tollgate"
	"tollgate/store"
	"tollgate/store/daybook"

	"github.com/klauspost/compress/s2"
)

// code writes the fields of an entry of the daybook one after the other, or reads
// them: a field is named once, so that what is written can be read.
type code struct {
	b     []byte
	reads bool
	err   error // of reading
}

// codeVersion is of the fields, their order and how they are packed. Whoever changes
// them counts it up, and reads what a server of the version before may have left.
const (
	codeVersion = 2
	codePlain   = 1 // the same fields, not compressed
)

var (
	errCut   = errors.New("it ends too early")
	errLong  = errors.New("it does not end where it should")
	errOther = errors.New("another version of this program wrote it: start that once, and end it in order")
)

// roomMax is how large the room for an entry is that is used again.
const roomMax = 4 << 20

// packer makes entries of the daybook, one after the other in the same room.
type packer struct{ plain, packed []byte }

// entry is a draft as an entry of the daybook, nil if it is too large for one: the
// version, and what the fields say, compressed to a sixth. So there is less to write
// before anybody is answered.
func (p *packer) entry(d *draft) []byte {
	if cap(p.plain) > roomMax {
		*p = packer{}
	}
	c := code{b: p.plain[:0]}
	d.code(&c)
	if p.plain = c.b; len(c.b) > daybook.EntryBytesMax {
		return nil
	}
	p.packed = s2.Encode(p.packed[:cap(p.packed)], c.b)
	body := binary.AppendVarint(make([]byte, 0, binary.MaxVarintLen64+len(p.packed)), codeVersion)
	if body = append(body, p.packed...); len(body) > daybook.EntryBytesMax { // what cannot be compressed becomes longer
		return nil
	}
	return body
}

// readEntry reads what a packer made.
func readEntry(body []byte) (*draft, error) {
	c := code{b: body, reads: true}
	var version int
	switch number(&c, &version); version {
	case codePlain:
	case codeVersion:
		c.unpack()
	default:
		c.err = cmp.Or(c.err, errOther)
	}
	d := new(draft)
	if c.err == nil {
		d.code(&c)
	}
	if c.err == nil && len(c.b) > 0 {
		c.err = errLong
	}
	return d, c.err
}

func (c *code) unpack() {
	n, err := s2.DecodedLen(c.b)
	if err == nil && n > daybook.EntryBytesMax {
		err = errLong
	}
	if err == nil {
		c.b, err = s2.Decode(nil, c.b)
	}
	c.err = err
}

// cut is what is read once something was wrong.
func (c *code) cut() {
	c.b = nil
	if c.err == nil {
		c.err = errCut
	}
}

func number[T ~int | ~int64](c *code, v *T) {
	if !c.reads {
		c.b = binary.AppendVarint(c.b, int64(*v))
		return
	}
	read, n := binary.Varint(c.b)
	if n <= 0 {
		c.cut()
		return
	}
	*v, c.b = T(read), c.b[n:]
}

func text[T ~string | ~[]byte](c *code, v *T) {
	n := len(*v)
	number(c, &n)
	switch {
	case !c.reads:
		c.b = append(c.b, *v...)
	case n < 0 || n > len(c.b):
		c.cut()
	default:
		*v, c.b = T(c.b[:n]), c.b[n:]
	}
}

func flag(c *code, v *bool) {
	var n int
	if *v {
		n = 1
	}
	number(c, &n)
	*v = n != 0
}

// instant is in microseconds, as in the tables; 0 is the zero time.
func instant(c *code, v *time.Time) {
	var micro int64
	if !v.IsZero() {
		micro = v.UnixMicro()
	}
	number(c, &micro)
	if c.reads && micro != 0 {
		*v = time.UnixMicro(micro).UTC()
	}
}

// list is some of a kind; none is nil.
func list[T any](c *code, v *[]T, each func(*code, *T)) {
	n := len(*v)
	number(c, &n)
	if c.reads {
		if n < 0 || n > len(c.b) { // each takes a byte at least
			c.cut()
			return
		}
		if n > 0 {
			*v = make([]T, n)
		}
	}
	for i := range *v {
		each(c, &(*v)[i])
	}
}

func codeCall(c *code, v *tollgate.CallID) {
	number(c, &v.Device)
	text(c, &v.UniqueID)
	number(c, &v.Leg)
}

func codeEntry(c *code, v *store.Entry) {
	if c.reads {
		v.CDR = new(tollgate.CDR)
	}
	codeCDR(c, v.CDR)
	number(c, &v.Purse)
	number(c, &v.Quota)
	text(c, &v.Unposted)
	flag(c, &v.Unlisted)
}

func codeCDR(c *code, v *tollgate.CDR) {
	number(c, &v.Enterprise)
	number(c, &v.ID)
	codeCall(c, &v.Call)
	text(c, &v.Source)
	text(c, &v.Direction)
	text(c, &v.Extension)
	text(c, &v.Originator)
	text(c, &v.Caller)
	codeNumber(c, &v.Number)
	text(c, &v.Trunk)
	text(c, &v.AccountCode)
	instant(c, &v.Start)
	instant(c, &v.Answer)
	instant(c, &v.End)
	number(c, &v.Cause)
	number(c, &v.Payer)
	text(c, &v.PaidBy)
	number(c, &v.Operator)
	codeCharge(c, &v.Customer)
	codeCharge(c, &v.Cost)
	text(c, &v.Exchange)
	known := v.Margin != nil
	flag(c, &known)
	if known {
		if c.reads {
			v.Margin = new(int64)
		}
		number(c, v.Margin)
	}
}

func codeNumber(c *code, v *tollgate.Number) {
	text(c, &v.Raw)
	text(c, &v.Dialed)
	text(c, &v.E164)
	text(c, &v.Class)
	text(c, &v.Country)
	text(c, &v.Destination)
	flag(c, &v.Private)
	text(c, &v.Project)
}

func codeCharge(c *code, v *tollgate.Charge) {
	text(c, &v.Status)
	text(c, &v.Source)
	number(c, &v.Micro)
	text(c, &v.Currency)
	number(c, &v.Seconds)
	number(c, &v.Billed)
	number(c, &v.Tariff)
	number(c, &v.Deck)
	text(c, &v.Rate)
	text(c, &v.RateName)
	text(c, &v.ConnectFee)
	number(c, &v.First)
	number(c, &v.Next)
	text(c, &v.Adjusted)
	text(c, &v.Limit)
	list(c, &v.Spans, func(c *code, s *tollgate.Span) {
		number(c, &s.From)
		number(c, &s.Seconds)
		text(c, &s.Price)
		number(c, &s.Per)
		text(c, &s.Band)
	})
}

func codeTransfer(c *code, v *tollgate.Transfer) {
	number(c, &v.Enterprise)
	number(c, &v.ID)
	number(c, &v.Debit)
	number(c, &v.Credit)
	number(c, &v.Amount)
	text(c, &v.Currency)
	text(c, &v.Kind)
	number(c, &v.CDR)
	text(c, &v.Note)
	text(c, &v.By)
	text(c, &v.Key)
	instant(c, &v.At)
}

func codeDelta(c *code, v *store.Delta) {
	number(c, &v.Enterprise)
	number(c, &v.Account)
	number(c, &v.Balance)
	number(c, &v.Used)
	number(c, &v.Reserved)
	number(c, &v.Cause)
}

func codeHeld(c *code, to **heldChange) {
	if c.reads {
		*to = new(heldChange)
	}
	v := *to
	number(c, &v.Enterprise)
	number(c, &v.ID)
	codeCall(c, &v.Call)
	list(c, &v.Accounts, func(c *code, id *tollgate.ID) { number(c, id) })
	number(c, &v.Amount)
	text(c, &v.Detail)
	instant(c, &v.Until)
	flag(c, &v.gone)
	flag(c, &v.stored)
}
