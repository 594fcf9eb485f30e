// Package cel reads the rows of the event journal that Asterisk's cel_custom writes
// (CEL: channel event logging).
package cel

import (
	"encoding/json"
	"errors"
	"strings"
	"time"

	"tollgate/pbx/asterisk/ami"
)

// Row is one event.
type Row struct {
	// Event is its type; of a user-defined event, User and its name.
	Event, CallerID, RDNIS, Exten, Channel, App, AppData string
	Account, UniqueID, LinkedID, Userfield               string
	At                                                   time.Time
	Extra                                                Extra
}

// User stands before the name of an event that a dialplan made: CELGenUserEvent.
const User = "USER_DEFINED "

// Extra is what the JSON of the last column may say.
type Extra struct {
	HangupCause    int    `json:"hangupcause"`
	BridgeID       string `json:"bridge_id"`
	Transferee     string `json:"transferee_channel_name"`
	TransferTarget string `json:"transfer_target_channel_name"`
	Extension      string `json:"extension"`
	Forward        string `json:"forward"`
	Value          string `json:"extra"` // of a user-defined event
}

// The columns of cel_custom's sample configuration, 20 of them, and with the
// peer's account code after the account code, 21. README.md prints the line.
const (
	columns     = 20
	peerAccount = 14 // where the longer line has the peer's account code
)

var errNotCEL = errors.New("not a row of a CEL journal")

// Parse reads one line of a journal. Times without a zone are local
// to location.
func Parse(line []byte, location *time.Location) (Row, error) {
	f := Split(string(line))
	if len(f) == columns+1 {
		f = append(f[:peerAccount:peerAccount], f[peerAccount+1:]...)
	}
	if len(f) != columns {
		return Row{}, errNotCEL
	}
	at, ok := ami.ParseEpoch(f[1])
	if !ok {
		var err error
		if at, err = time.ParseInLocation("2006-01-02 15:04:05", f[1], location); err != nil {
			return Row{}, errNotCEL
		}
		at = at.UTC()
	}
	row := Row{
		Event: f[0], At: at, CallerID: f[3], RDNIS: f[5], Exten: f[7], Channel: f[9],
		App: f[10], AppData: f[11], Account: f[13], UniqueID: f[14], LinkedID: f[15], Userfield: f[17],
	}
	if f[18] != "" { // the type may read as the name, and the name as another type
		row.Event = User + f[18]
	}
	if row.Channel == "" || row.UniqueID == "" {
		return Row{}, errNotCEL
	}
	if strings.HasPrefix(f[19], "{") {
		// Extra that is not what it should be only loses what it would have said.
		_ = json.Unmarshal([]byte(f[19]), &row.Extra)
	}
	return row, nil
}

// Split splits one line of comma-separated values; a quoted field doubles
// its quotes. It never fails: stray quotes are kept as they are.
func Split(line string) []string {
	fields := make([]string, 0, columns+1)
	for {
		var field string
		if strings.HasPrefix(line, `"`) {
			field, line = quotedField(line[1:])
		}
		rest, tail, more := strings.Cut(line, ",")
		fields = append(fields, field+rest)
		if !more || len(fields) > csvFieldsMax {
			return fields
		}
		line = tail
	}
}

const csvFieldsMax = 200

// quotedField reads up to the closing quote and returns what follows it.
func quotedField(s string) (field, rest string) {
	var b strings.Builder
	for {
		head, tail, closed := strings.Cut(s, `"`)
		b.WriteString(head)
		if !closed || !strings.HasPrefix(tail, `"`) {
			return b.String(), tail
		}
		b.WriteByte('"')
		s = tail[1:]
	}
}
