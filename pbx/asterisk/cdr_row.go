package asterisk

import (
	"errors"
	"strings"
	"time"

	"tollgate"
	"tollgate/pbx/asterisk/cel"
)

// cdrRow is one line of Master.csv as cdr_csv writes it with loguniqueid and
// loguserfield. Its seconds and its payer are wrong for most calls that were
// transferred or forwarded, so it only fills gaps where nothing better is.
type cdrRow struct {
	account, src, dst, channel, dstChannel string
	lastData, disposition, uniqueID        string
	private                                bool
	sequence                               int
	start, answer, end                     time.Time
}

// The columns of Master.csv: 16 always, then uniqueid and userfield, then with
// newcdrcolumns peeraccount, linkedid and sequence.
const (
	cdrColumns    = 18
	cdrColumnsNew = 21
)

var errNotCDR = errors.New("not a line of a CDR file with uniqueid and userfield")

func parseCDRRow(line []byte, location *time.Location) (cdrRow, error) {
	f := cel.Split(string(line))
	if len(f) != cdrColumns && len(f) != cdrColumnsNew {
		return cdrRow{}, errNotCDR
	}
	row := cdrRow{
		account: f[0], src: f[1], dst: f[2], channel: f[5], dstChannel: f[6], lastData: f[8],
		disposition: f[14], uniqueID: f[16], private: isPrivateMark(f[17]),
	}
	var errStart, errEnd error
	row.start, errStart = parseCDRTime(f[9], location)
	row.end, errEnd = parseCDRTime(f[11], location)
	if errStart != nil || errEnd != nil || row.uniqueID == "" || row.channel == "" {
		return cdrRow{}, errNotCDR
	}
	if answer, err := parseCDRTime(f[10], location); err == nil && row.disposition == "ANSWERED" {
		row.answer = answer
	}
	if len(f) == cdrColumnsNew && isDigits(f[20]) && len(f[20]) < 10 {
		row.sequence = int(number(f[20]))
	}
	return row, nil
}

func parseCDRTime(text string, location *time.Location) (time.Time, error) {
	t, err := time.ParseInLocation("2006-01-02 15:04:05", text, location)
	return t.UTC(), err
}

// leg is what a line says of a call on a trunk; ok is false if it was on none.
func (r *cdrRow) leg(trunks *trunks) (leg Leg, ok bool) {
	targets := dialTargets(r.lastData)
	leg = Leg{
		UniqueID: r.uniqueID, Channel: r.dstChannel, Source: tollgate.SourceCDR, Sequence: r.sequence,
		Caller: r.src, Dialed: r.dst, AccountCode: r.account, Private: r.private,
		Start: r.start, Answer: r.answer, End: r.end, Cause: causeOf(r.disposition),
	}
	for i := range targets {
		if targets[i].fits(r.dstChannel) {
			leg.Trunk, leg.Dialed = trunks.dialled(r.dstChannel, targets[i].text), targets[i].Number
			break
		}
	}
	if leg.Trunk == "" && trunks.is(r.dstChannel) {
		leg.Trunk = trunks.name(r.dstChannel)
	}
	if !isLocal(r.channel) && !trunks.is(r.channel) {
		leg.Originator = endpointOf(r.channel)
		leg.Extension = leg.Originator
	}
	return leg, leg.Trunk != ""
}

// causeOf makes a cause of a disposition, as near as it allows (Q.850).
func causeOf(disposition string) tollgate.Cause {
	switch strings.ToUpper(disposition) {
	case "ANSWERED":
		return 16 // normal clearing
	case "BUSY":
		return 17
	case "NO ANSWER":
		return 19
	case "CONGESTION":
		return 34
	}
	return 0
}
