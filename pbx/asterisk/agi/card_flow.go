package agi

import (
	"strings"
	"time"

	"tollgate"
)

// The limits of a calling card session.
const (
	maxTries     = 3  // wrong cards, or numbers in a row that lead nowhere
	maxCardCalls = 50 // in one session
	maxCardKeys  = 24
	maxPINKeys   = 12
	maxDialKeys  = 24
)

// flow is what a caller with a calling card is led through: language, card, PIN,
// balance, number, time, call, next number. It is pure: each method takes what
// has happened and returns what to do next.
type flow struct {
	languages []string
	asked     question
	tries     int
	calls     int
	number    string // of the card
	card      Card
}

// question is what the pressed keys will mean.
type question int

const (
	askLanguage question = iota
	askCard
	askPIN
	askDial
)

// task is what to do next.
type task int

const (
	taskCollect   task = iota // speak, and collect up to keys keys
	taskOpen                  // open the card with number and pin
	taskAuthorize             // ask whether number may be called
	taskDial                  // speak, and dial number
	taskLeave                 // speak, and hang up
)

// step is one task with all that it needs.
type step struct {
	do     task
	say    []word
	keys   int
	number string
	pin    string
}

// word is one thing that is said: a sound, a number in the caller's language, or
// nothing but a change of the language.
type word struct {
	sound    string
	number   int64 // if there is no sound
	language string
}

// begin asks for the language, unless there is only one.
func (f *flow) begin() step {
	if len(f.languages) < 2 {
		return f.languageChosen(0)
	}
	f.asked = askLanguage
	var say []word
	for i, language := range f.languages {
		say = append(say, word{language: language}, word{sound: "vm-press"}, word{number: int64(i + 1)})
	}
	return step{do: taskCollect, say: say, keys: 1}
}

func (f *flow) languageChosen(n int) step {
	var say []word
	if n < len(f.languages) {
		say = append(say, word{language: f.languages[n]})
	}
	return f.askForCard(say)
}

func (f *flow) askForCard(say []word) step {
	f.asked = askCard
	return step{do: taskCollect, keys: maxCardKeys, say: append(say,
		word{sound: "your"}, word{sound: "number"}, word{sound: "astcc-followed-by-the-pound-key"})}
}

func (f *flow) askForNumber(say []word) step {
	f.asked = askDial
	return step{do: taskCollect, keys: maxDialKeys, say: append(say,
		word{sound: "vm-enter-num-to-call"}, word{sound: "astcc-followed-by-the-pound-key"})}
}

// pressed takes the keys that were asked for. A star among them means: let me
// start again.
func (f *flow) pressed(keys string) step {
	again := keys == "" || strings.Contains(keys, "*")
	switch f.asked {
	case askLanguage:
		// Whoever knows no better gets the first.
		n := 0
		if len(keys) == 1 && keys[0] >= '1' && int(keys[0]-'0') <= len(f.languages) {
			n = int(keys[0] - '1')
		}
		return f.languageChosen(n)
	case askCard:
		if again {
			return f.retry(f.askForCard, "vm-incorrect")
		}
		f.number, f.asked = keys, askPIN
		return step{do: taskCollect, keys: maxPINKeys, say: []word{{sound: "confbridge-pin"}}}
	case askPIN:
		if again {
			return f.retry(f.askForCard, "vm-incorrect")
		}
		return step{do: taskOpen, number: f.number, pin: keys}
	default:
		if again {
			return f.retry(f.askForNumber, "privacy-incorrect")
		}
		return step{do: taskAuthorize, number: keys}
	}
}

// retry asks again, a few times in a row.
func (f *flow) retry(ask func([]word) step, sound string) step {
	if f.tries++; f.tries >= maxTries {
		return leave(sound)
	}
	return ask([]word{{sound: sound}})
}

// leave says something and goodbye.
func leave(sounds ...string) step {
	var say []word
	for _, sound := range append(sounds, "vm-goodbye") {
		say = append(say, word{sound: sound})
	}
	return step{do: taskLeave, say: say}
}

// opened takes what became of the card.
func (f *flow) opened(card Card, err error) step {
	switch tollgate.CodeOf(err) {
	case "":
		f.card, f.tries = card, 0
		return f.askForNumber(balance(card.Left))
	case tollgate.CodeUnauthenticated, tollgate.CodeInvalid:
		return f.retry(f.askForCard, "vm-incorrect")
	case tollgate.CodeNoCredit:
		return step{do: taskLeave, say: append(noMinutes(), word{sound: "vm-goodbye"})}
	case tollgate.CodeForbidden, tollgate.CodeFrozen:
		if f.tries > 0 { // it was locked just now
			return leave("confbridge-pin-bad") // "too many invalid personal identification numbers"
		}
		return leave("im-sorry", refusalOf(tollgate.CodeForbidden).sound)
	default:
		return leave("please-try-call-later")
	}
}

// decided takes whether the number may be called.
func (f *flow) decided(number string, grant tollgate.Grant, err error) step {
	switch {
	case err != nil:
		return leave("please-try-call-later")
	case grant.Allowed:
		f.tries = 0
		return step{do: taskDial, number: number, say: affords(grant)}
	case grant.Code == tollgate.CodeFrozen:
		return leave("im-sorry", refusalOf(grant.Code).sound)
	case grant.Then.Kind == tollgate.ActionAnnounce && grant.Then.Sound != "":
		return f.retry(f.askForNumber, grant.Then.Sound)
	case grant.Code == tollgate.CodeNoCredit:
		if f.tries++; f.tries >= maxTries {
			return step{do: taskLeave, say: append(noMinutes(), word{sound: "vm-goodbye"})}
		}
		return f.askForNumber(noMinutes()) // another number may be cheaper
	default:
		return f.retry(f.askForNumber, refusalOf(grant.Code).sound)
	}
}

// ended takes how a call ended, in the words of DIALSTATUS. The caller is still
// there.
func (f *flow) ended(status string) step {
	if f.calls++; f.calls >= maxCardCalls {
		return leave()
	}
	switch status {
	case "ANSWER", "CANCEL": // by the other side, by the timer, or by the caller's own **
		return f.askForNumber(nil)
	case "BUSY", "NOANSWER":
		return f.askForNumber([]word{{sound: "number-not-answering"}})
	default:
		return f.askForNumber([]word{{sound: "cannot-complete-as-dialed"}})
	}
}

func noMinutes() []word {
	return []word{{sound: "im-sorry"}, {sound: "vm-youhave"}, {number: 0}, {sound: "minutes"}}
}

// balance says an amount: whole units with the currency, then hundredths.
func balance(left tollgate.Money) []word {
	hundredths := max(left.Micro, 0) / (tollgate.MicroPerUnit / 100)
	say := []word{{sound: "vm-youhave"}, {number: hundredths / 100}, {sound: currency(left.Currency)}}
	if rest := hundredths % 100; rest > 0 {
		say = append(say, word{sound: "vm-and"}, word{number: rest})
	}
	return say
}

// currency is the sound with its name. Asterisk has only dollars; the others are
// the house's own recordings, and nothing is heard where there is none.
func currency(c tollgate.Currency) string {
	if c == "USD" {
		return "digits/dollars"
	}
	return "tollgate/" + strings.ToLower(string(c))
}

// affords says for how long the money lasts, if it is worth saying.
func affords(grant tollgate.Grant) []word {
	const tell = 24 * time.Hour // that much and more means: enough
	d := grant.Affords
	switch {
	case grant.Unlimited || d >= tell || d <= 0:
		return nil
	case d < time.Minute:
		return []word{{sound: "vm-youhave"}, {number: int64(d / time.Second)}, {sound: "seconds"}}
	case d < 2*time.Minute:
		return []word{{sound: "vm-youhave"}, {number: 1}, {sound: "minute"}}
	}
	return []word{{sound: "vm-youhave"}, {number: int64(d / time.Minute)}, {sound: "minutes"}}
}
