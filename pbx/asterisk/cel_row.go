package asterisk

import (
	"encoding/json"
	"errors"
	"strings"
	"time"

	"tollgate/pbx/asterisk/ami"
)

// celRow is one event of the CEL journal as cel_custom writes it.
type celRow struct {
	event, callerID, rdnis, exten, channel, app, appData string
	account, uniqueID, linkedID, userfield, userEvent    string
	at                                                   time.Time
	extra                                                celExtra
}

// celExtra is what the JSON of the last column may say.
type celExtra struct {
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
	celColumns     = 20
	celPeerAccount = 14 // where the longer line has the peer's account code
)

var errNotCEL = errors.New("not a row of a CEL journal")

// parseCELRow reads one line of a CEL journal. Times without a zone are local
// to location.
func parseCELRow(line []byte, location *time.Location) (celRow, error) {
	f := splitCSV(string(line))
	if len(f) == celColumns+1 {
		f = append(f[:celPeerAccount:celPeerAccount], f[celPeerAccount+1:]...)
	}
	if len(f) != celColumns {
		return celRow{}, errNotCEL
	}
	at, ok := ami.ParseEpoch(f[1])
	if !ok {
		var err error
		if at, err = time.ParseInLocation("2006-01-02 15:04:05", f[1], location); err != nil {
			return celRow{}, errNotCEL
		}
		at = at.UTC()
	}
	row := celRow{
		event: f[0], at: at, callerID: f[3], rdnis: f[5], exten: f[7], channel: f[9],
		app: f[10], appData: f[11], account: f[13], uniqueID: f[14], linkedID: f[15], userfield: f[17], userEvent: f[18],
	}
	if row.channel == "" || row.uniqueID == "" {
		return celRow{}, errNotCEL
	}
	if strings.HasPrefix(f[19], "{") {
		// Extra that is not what it should be only loses what it would have said.
		_ = json.Unmarshal([]byte(f[19]), &row.extra)
	}
	return row, nil
}

// IsCEL reports whether a line is a row of a CEL journal.
func IsCEL(line []byte) bool {
	_, err := parseCELRow(line, time.UTC)
	return err == nil
}

// splitCSV splits one line of comma-separated values; a quoted field doubles
// its quotes. It never fails: stray quotes are kept as they are.
func splitCSV(line string) []string {
	fields := make([]string, 0, celColumns+1)
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
