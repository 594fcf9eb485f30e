package charging

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"tollgate"
)

// keptTextBytes is room for what is kept of nearly every call.
const keptTextBytes = 640

// text is what is kept of a call with its reservation, for reload: the JSON of its
// fields, written by hand, because the encoder of the standard library would cost
// more than all that is decided about the call. Fields that are zero are left out,
// and the variables, which rules have read.
func (c *keptCall) text() ([]byte, error) {
	b := make([]byte, 0, keptTextBytes)
	b, err := appendAttempt(b, &c.Attempt)
	if err != nil {
		return nil, err
	}
	b = appendNumber(b, &c.Number)
	b = appendID(b, `,"payer":`, c.Payer)
	b = appendText(b, `,"paid_by":`, string(c.PaidBy))
	b = appendID(b, `,"purse":`, c.Purse)
	b = appendID(b, `,"quota":`, c.Quota)
	b = appendVerdict(b, &c.Verdict)
	b = appendID(b, `,"tariff":`, c.Tariff)
	b = appendText(b, `,"currency":`, string(c.Currency))
	b = appendChain(b, c.Chain)
	b = appendFlag(b, `,"watched":`, c.Watched)
	b = appendFlag(b, `,"heard":`, c.Heard)
	if b, err = appendInstant(b, `,"answered":`, c.Answered); err != nil {
		return nil, err
	}
	b = appendInt(b, `,"granted":`, int64(c.Granted))
	b = appendInt(b, `,"held":`, c.Held)
	b = appendFlag(b, `,"unlimited":`, c.Unlimited)
	b = appendFlag(b, `,"final":`, c.Final)
	return object(b, 0), nil
}

// object makes one of the fields from a place on, each of which begins with a comma.
func object(b []byte, from int) []byte {
	if len(b) == from {
		b = append(b, ',')
	}
	b[from] = '{'
	return append(b, '}')
}

func appendAttempt(b []byte, a *tollgate.Attempt) ([]byte, error) {
	b = append(b, `,"attempt":`...)
	from := len(b)
	b = append(b, `,"call":`...)
	call := len(b)
	b = appendID(b, `,"device":`, a.Call.Device)
	b = appendText(b, `,"unique_id":`, a.Call.UniqueID)
	b = appendInt(b, `,"leg":`, int64(a.Call.Leg))
	b = object(b, call)
	b = appendText(b, `,"extension":`, a.Extension)
	b = appendText(b, `,"originator":`, a.Originator)
	b = appendText(b, `,"caller":`, a.Caller)
	b = appendText(b, `,"dialed":`, a.Dialed)
	b = appendFlag(b, `,"sent":`, a.Sent)
	b = appendText(b, `,"trunk":`, a.Trunk)
	b = appendText(b, `,"account_code":`, a.AccountCode)
	b = appendFlag(b, `,"private":`, a.Private)
	b = appendID(b, `,"card":`, a.Card)
	b, err := appendInstant(b, `,"at":`, a.At)
	return object(b, from), err
}

func appendNumber(b []byte, n *tollgate.Number) []byte {
	b = append(b, `,"number":`...)
	from := len(b)
	b = appendText(b, `,"raw":`, n.Raw)
	b = appendText(b, `,"e164":`, n.E164)
	b = appendText(b, `,"class":`, string(n.Class))
	b = appendText(b, `,"country":`, n.Country)
	b = appendText(b, `,"destination":`, n.Destination)
	b = appendFlag(b, `,"private":`, n.Private)
	b = appendText(b, `,"project":`, n.Project)
	return object(b, from)
}

func appendVerdict(b []byte, v *verdict) []byte {
	if *v == (verdict{}) {
		return b
	}
	b = append(b, `,"verdict":`...)
	from := len(b)
	b = appendText(b, `,"rule":`, v.Rule)
	b = appendID(b, `,"tariff":`, v.Tariff)
	b = appendFlag(b, `,"rated":`, v.Rated)
	b = appendFlag(b, `,"unbilled":`, v.Unbilled)
	b = appendAction(b, `,"no_credit":`, &v.NoCredit)
	b = appendAction(b, `,"exhausted":`, &v.Exhausted)
	return object(b, from)
}

func appendAction(b []byte, key string, a *tollgate.Action) []byte {
	if *a == (tollgate.Action{}) {
		return b
	}
	b = append(b, key...)
	from := len(b)
	b = appendText(b, `,"kind":`, string(a.Kind))
	b = appendInt(b, `,"cause":`, int64(a.Cause))
	b = appendText(b, `,"target":`, a.Target)
	b = appendText(b, `,"sound":`, a.Sound)
	return object(b, from)
}

func appendChain(b []byte, ids []tollgate.ID) []byte {
	if len(ids) == 0 {
		return b
	}
	b = append(b, `,"chain":[`...)
	for _, id := range ids {
		b = append(appendQuotedID(b, id), ',')
	}
	b[len(b)-1] = ']'
	return b
}

func appendID(b []byte, key string, id tollgate.ID) []byte {
	if id == 0 {
		return b
	}
	return appendQuotedID(append(b, key...), id)
}

// appendQuotedID appends an ID as a string, as it is everywhere in JSON.
func appendQuotedID(b []byte, id tollgate.ID) []byte {
	return append(strconv.AppendInt(append(b, '"'), int64(id), 10), '"')
}

func appendInt(b []byte, key string, v int64) []byte {
	if v == 0 {
		return b
	}
	return strconv.AppendInt(append(b, key...), v, 10)
}

func appendFlag(b []byte, key string, v bool) []byte {
	if !v {
		return b
	}
	return append(append(b, key...), "true"...)
}

func appendInstant(b []byte, key string, at time.Time) ([]byte, error) {
	if at.IsZero() {
		return b, nil
	}
	b, err := at.AppendText(append(append(b, key...), '"'))
	if err != nil {
		return b, fmt.Errorf("the instant %s cannot be kept with a call: %w", at, err)
	}
	return append(b, '"'), nil
}

func appendText(b []byte, key, v string) []byte {
	if v == "" {
		return b
	}
	b = append(b, key...)
	for i := range len(v) {
		if c := v[i]; c < ' ' || c == '"' || c == '\\' || c >= 0x7f {
			quoted, err := json.Marshal(v) // replaces what is not UTF-8
			if err != nil {
				panic(err) // a string always has a JSON form
			}
			return append(b, quoted...)
		}
	}
	b = append(b, '"')
	b = append(b, v...)
	return append(b, '"')
}
