package agi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"tollgate"
)

const (
	anyKey       = "0123456789*#"
	soundTime    = time.Minute     // the longest sound
	keyTime      = 8 * time.Second // for the first key, and between two
	ringSeconds  = 60              // until a call is given up
	callTime     = 25 * time.Hour  // the longest call
	maxLanguages = 9               // each has its key
)

// caller is somebody with a calling card, on the phone.
type caller struct {
	*session
	server   *Server
	dialling string // how to dial: PJSIP/%s@provider
	attempt  tollgate.Attempt
	attempts int    // of this channel
	timer    string // of the call that was authorised last
}

// card leads a caller with a calling card, until one of both hangs up. The
// arguments of AGI() are how to dial, such as PJSIP/%s@provider (or else the
// variable TOLLGATE_TRUNK says it), and the trunk for call rules.
func (s *Server) card(ctx context.Context, c *session, device *tollgate.Device, want script) error {
	who := caller{session: c, server: s}
	var err error
	if who.attempt, err = c.attempt(device); err != nil {
		return err
	}
	who.attempt.Call.Device, who.attempt.Trunk = device.ID, c.env["agi_arg_2"]
	if err := who.settings(); err != nil {
		return err
	}
	languages := strings.Split(cmp.Or(want.query.Get("languages"), "en,de"), ",")
	f := &flow{languages: languages[:min(len(languages), maxLanguages)]}
	for next := f.begin(); ; {
		key, err := who.speak(next.say)
		if err != nil {
			return err
		}
		if next.do == taskLeave {
			_, err := who.do("HANGUP")
			return err
		}
		if next, err = who.follow(ctx, f, next, key); err != nil {
			return err
		}
	}
}

// settings reads how to dial, and how many attempts the channel has made.
func (c *caller) settings() error {
	text, err := c.evaluate("${TOLLGATE_ATTEMPT}" + separator + "${TOLLGATE_TRUNK}")
	if err != nil {
		return err
	}
	attempts, trunk, _ := strings.Cut(text, separator)
	c.attempts, _ = strconv.Atoi(attempts) // none yet
	c.dialling = cmp.Or(c.env["agi_arg_1"], trunk)
	if strings.Count(c.dialling, "%") != 1 || !strings.Contains(c.dialling, "%s") {
		return tollgate.Errorf(tollgate.CodeInvalid,
			"%.80q does not say how to dial: want AGI(agi://…/card,PJSIP/%%s@provider)", c.dialling)
	}
	// Two stars end a call, and the caller is asked for the next number.
	return c.set("FEATUREMAP(disconnect)", "**")
}

// follow does what a step asks for, and returns the next step. Key was pressed
// while it was spoken.
func (c *caller) follow(ctx context.Context, f *flow, now step, key string) (step, error) {
	switch now.do {
	case taskCollect:
		keys, err := c.collect(key, now.keys)
		return f.pressed(keys), err
	case taskOpen:
		card, err := c.open(ctx, now)
		if c.gone {
			return step{}, errGone
		}
		return f.opened(card, err), nil
	case taskAuthorize:
		if at := f.card.Expires; !at.IsZero() && !c.server.Now().Before(at) { // since it was opened, many calls ago
			return leave("im-sorry", refusalOf(tollgate.CodeForbidden).sound), nil
		}
		grant, err := c.authorise(ctx, f.card.Account, now.number)
		if errors.Is(err, errGone) {
			return step{}, err
		}
		return f.decided(now.number, grant, err), nil
	default:
		status, err := c.dial(now.number)
		return f.ended(status), err
	}
}

// speak says words until a key is pressed, which it returns.
func (c *caller) speak(words []word) (key string, err error) {
	for _, w := range words {
		var a answer
		switch {
		case w.language != "":
			err = c.set("CHANNEL(language)", w.language)
		case w.sound != "":
			a, err = c.wait(soundTime, "STREAM FILE", w.sound, anyKey)
		default:
			a, err = c.wait(soundTime, "SAY NUMBER", strconv.FormatInt(w.number, 10), anyKey)
		}
		if err != nil {
			return "", err
		}
		// -1 is a sound that is missing, or a caller who has gone: the next command tells.
		if code, err := strconv.Atoi(a.result); err == nil && code > 0 && strings.ContainsRune(anyKey, rune(code)) {
			return string(rune(code)), nil
		}
	}
	return "", nil
}

// collect returns the keys up to # or to a pause, of which the first may have
// been pressed before.
func (c *caller) collect(key string, most int) (string, error) {
	if key == "#" || len(key) >= most {
		return strings.TrimSuffix(key, "#"), nil
	}
	most -= len(key)
	a, err := c.wait(time.Duration(most+1)*keyTime, "GET DATA", "", strconv.FormatInt(keyTime.Milliseconds(), 10),
		strconv.Itoa(most))
	if err != nil {
		return "", err
	}
	if a.result == "-1" {
		return "", errGone
	}
	return key + a.result, nil
}

// open opens the card.
func (c *caller) open(ctx context.Context, now step) (Card, error) {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(c.server.Decide, DefaultDecide))
	defer cancel()
	card, err := c.server.Cards.Open(ctx, now.number, now.pin, c.attempt.Call.Device)
	if tollgate.CodeOf(err) == tollgate.CodeInternal || tollgate.CodeOf(err) == tollgate.CodeUnavailable {
		c.server.log().Warn("a calling card could not be opened", "channel", c.env["agi_channel"], "error", err)
	}
	return card, err
}

// authorise asks whether the card may call the number, as a new attempt.
func (c *caller) authorise(ctx context.Context, card tollgate.ID, number string) (tollgate.Grant, error) {
	c.attempts++
	if err := c.set("TOLLGATE_ATTEMPT", strconv.Itoa(c.attempts)); err != nil {
		return tollgate.Grant{}, err
	}
	a := &c.attempt
	a.Call.UniqueID = c.env["agi_uniqueid"] + "#" + strconv.Itoa(c.attempts)
	a.Card, a.Dialed, a.At = card, number, c.server.Now()
	grant, err := c.server.decide(ctx, *a)
	if err != nil {
		c.server.log().Warn("a call with a calling card was not decided", "error", err)
	}
	c.timer = c.server.timer(grant)
	return grant, err
}

// dial places the call that was authorised, and returns how it ended.
func (c *caller) dial(number string) (status string, err error) {
	if err := c.name(c.attempt.Call.UniqueID); err != nil {
		return "", err
	}
	options := "gH" // the caller stays when the other side hangs up, and may end the call
	if c.timer != "" {
		options += answerOption(c.timer)
	}
	to := strings.Replace(c.dialling, "%s", number, 1)
	if _, err := c.wait(callTime, "EXEC Dial", fmt.Sprintf("%s,%d,%s", to, ringSeconds, options)); err != nil {
		return "", err
	}
	if c.gone {
		return "", errGone
	}
	return c.evaluate("${DIALSTATUS}")
}
