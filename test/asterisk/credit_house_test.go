//go:build linux

package asterisk_test

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"tollgate"
	"tollgate/test/asterisk/lab"
)

// zoneMidnight is a time zone of our own: it is midnight there soon after the
// test began, and at that instant its clocks go forward by an hour.
const zoneMidnight = "Lab/Midnight"

// untilMidnight is when, after the start.
const untilMidnight = 50 * time.Second

// zones writes the zone and returns the directory that it is in.
func zones(t *testing.T, dir string) string {
	t.Helper()
	midnight := time.Now().Add(untilMidnight).Truncate(time.Second)
	day := midnight.UTC().Truncate(24 * time.Hour).Add(24 * time.Hour)
	before := int32(day.Sub(midnight.UTC()) / time.Second)
	b := append([]byte("TZif"), make([]byte, 16)...) // version 1 (RFC 8536, section 3)
	for _, count := range []uint32{0, 0, 0, 1, 2, 4} {
		b = binary.BigEndian.AppendUint32(b, count)
	}
	b = binary.BigEndian.AppendUint32(b, uint32(midnight.Unix()))
	b = append(b, 1)
	b = append(binary.BigEndian.AppendUint32(b, uint32(before)), 0, 0)
	b = append(binary.BigEndian.AppendUint32(b, uint32(before+3600)), 1, 0)
	b = append(b, "LAB\x00"...)
	path := filepath.Join(dir, "zones", zoneMidnight)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "zones")
}

// freeAddress is an address on which nothing listens now.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// perSecond is what a second costs in the trials of credit.
const perSecond = 16_670

// rates makes the tariff by the second and a company without limit.
func (g *gate) rates() (company tollgate.ID) {
	g.t.Helper()
	g.ask(http.MethodPost, "/tariffs", map[string]any{
		"name": "seconds", "currency": "EUR", "timezone": "Europe/London", "per": 1, "decimals": 6,
		"default":          map[string]any{"price": "0.01667", "first_interval": "1", "next_interval": "1"},
		"default_customer": true,
	}, nil)
	var made made
	g.ask(http.MethodPost, "/accounts", map[string]any{
		"kind": "enterprise", "mode": "postpaid", "name": "Credit", "currency": "EUR", "timezone": "Europe/London",
	}, &made)
	return made.ID
}

// controlled has an Asterisk followed and its calls controlled, by the rules.
func (g *gate) controlled(l *lab.Lab, ami string, rules ...map[string]any) *followed {
	g.t.Helper()
	g.ask(http.MethodPost, "/devices", map[string]any{
		"name": l.Name, "kind": "asterisk", "timezone": "UTC", "enabled": true, "control": true,
		"plan":  map[string]any{"country": "GB", "private_codes": []string{"*7*"}, "extension_digits_max": 4},
		"rules": rules,
		"asterisk": map[string]any{
			"address": ami, "username": l.Username, "secret": l.Secret,
			"trunks": []string{lab.Trunk}, "cel_file": l.CELFile(),
		},
	}, nil)
	f := &followed{Lab: l}
	f.connected(g.t)
	return f
}

// purse is an account of a trial.
type purse struct {
	g  *gate
	id tollgate.ID
}

// user makes an account for extensions, with credit for so many seconds.
func (g *gate) user(
	f *followed, company tollgate.ID, name string, seconds int, more map[string]any, extensions ...string,
) purse {
	g.t.Helper()
	words := map[string]any{
		"kind": "user", "mode": "prepaid", "name": f.Name + " " + name, "currency": "EUR", "timezone": "Europe/London",
		"parent": company.String(), "enterprise": company.String(),
	}
	for key, value := range more {
		words[key] = value
	}
	var account made
	g.ask(http.MethodPost, "/accounts", words, &account)
	p := purse{g, account.ID}
	if seconds > 0 && words["mode"] == "prepaid" {
		p.recharge(seconds)
	}
	for _, number := range extensions {
		g.ask(http.MethodPut, "/devices/"+f.Name+"/extensions/"+url.PathEscape(number), map[string]any{
			"account": account.ID.String(),
		}, nil)
	}
	return p
}

func seconds(n int) string { return tollgate.FormatMicro(int64(n) * perSecond) }

func (p purse) recharge(n int) {
	p.g.t.Helper()
	p.g.ask(http.MethodPost, "/accounts/"+p.id.String()+"/transfers", map[string]any{
		"kind": "recharge", "amount": seconds(n),
	}, nil)
}

// standing is what an account says of itself.
type standing struct{ Balance, Reserved, Used string }

func (p purse) standing() (s standing) {
	p.g.t.Helper()
	p.g.ask(http.MethodGet, "/accounts/"+p.id.String(), nil, &s)
	return s
}

// settles waits until nothing is held on the account, and returns what is left,
// or used, in seconds of talk.
func (p purse) settles() (left float64, err error) {
	for deadline := time.Now().Add(15 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		s := p.standing()
		reserved, _ := tollgate.ParseMicro(s.Reserved)
		if reserved == 0 {
			of := s.Balance
			if used, _ := tollgate.ParseMicro(s.Used); used != 0 {
				of = s.Used
			}
			micro, err := tollgate.ParseMicro(of)
			return float64(micro) / perSecond, err
		}
		if time.Now().After(deadline) {
			return 0, fmt.Errorf("still held: %+v", s)
		}
	}
}
