//go:build linux

package asterisk_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"tollgate"
	"tollgate/test/asterisk/lab"
)

// warned is a call whose account is nearly empty while it lasts: the caller hears
// a beep, and neither is the call disturbed nor is the beep one.
func warned(h *house) error {
	p := h.with("warned", 14, map[string]any{"low_credit": seconds(8)}, "1018")
	if err := h.ends("1018", "*8*"+away(18), away(18), p, 14); err != nil {
		return err
	}
	journal, err := os.ReadFile(h.f.CELFile())
	if err != nil || !strings.Contains(string(journal), "Local/s@tollgate-beep") {
		return fmt.Errorf("nothing beeped: %w", err)
	}
	for _, c := range h.cdrs(h.f.Name) {
		if !strings.HasPrefix(c.Dialed, "0044") && !strings.HasPrefix(c.Dialed, "99") && c.Dialed != "112" {
			return fmt.Errorf("no call of anybody: %+v", c)
		}
	}
	return nil
}

// deflected is a call that a phone sends outside (302): it pays.
func deflected(h *house) error {
	p := h.with("deflects", 6, nil, "1014")
	h.f.Plan("1014", lab.Answer{Status: 302, Forward: "*8*" + away(40)})
	return h.ends("1015", "1014", away(40), p, 6)
}

// transferredInCall is a call that the phone which made it, and pays, hands to
// another.
func transferredInCall(h *house) error {
	p := h.with("transfers", 8, nil, "1016")
	go func() {
		time.Sleep(2500 * time.Millisecond)
		for _, c := range h.f.Phone("1016").Calls() {
			if err := c.Transfer(h.t.Context(), "1017"); err != nil {
				h.t.Error(err)
			}
		}
	}()
	if err := h.ends("1016", "*8*"+away(41), away(41), p, 8); err != nil {
		return err
	}
	if _, err := h.f.Phone("1017").Answered(h.t.Context()); err != nil {
		return err
	}
	return nil
}

// callingCard is a session by keys: a wrong PIN, two calls, of which the caller
// ends the first and the value of the card the second.
func callingCard(h *house) error {
	var issued struct {
		Items []struct {
			ID          tollgate.ID
			Number, PIN string
		}
	}
	h.ask(http.MethodPost, "/cards", map[string]any{
		"enterprise": h.company.String(), "name": h.f.Name, "count": 1, "amount": seconds(12), "currency": "EUR",
	}, &issued)
	if len(issued.Items) != 1 {
		return fmt.Errorf("issued %+v", issued)
	}
	card := issued.Items[0]
	c, err := h.f.Phone("1013").Call(h.t.Context(), "888")
	if err != nil {
		return err
	}
	defer c.Hangup()
	press := func(keys ...string) error {
		for _, k := range keys {
			time.Sleep(700 * time.Millisecond) // what is said before
			if err := c.Press(h.t.Context(), k); err != nil {
				return err
			}
		}
		return nil
	}
	if err := press("1", card.Number+"#", card.PIN+"1#", card.Number+"#", card.PIN+"#", away(30)+"#"); err != nil {
		return err
	}
	time.Sleep(3 * time.Second)
	if err := press("**"); err != nil {
		return err
	}
	first, err := h.leg(away(30))
	if err != nil {
		return err
	}
	if err := press(away(31) + "#"); err != nil {
		return err
	}
	second, err := h.leg(away(31))
	if err != nil {
		return err
	}
	select {
	case <-c.Ended():
		return errors.New("the caller was hung up with the call")
	default:
	}
	left, err := purse{h.gate, card.ID}.settles()
	if total := first + second; err != nil || total > 12*time.Second || total < 10*time.Second || left != 0 {
		return fmt.Errorf("talked %v and %v on a card for 12 s, left are %v seconds: %w", first, second, left, err)
	}
	return nil
}
