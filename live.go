package tollgate

import "time"

// Attempt asks whether a call may be placed. It is what a telephone system
// knows before it dials.
type Attempt struct {
	Call        CallID            `json:"call"`               // names the call for Answer, Renew and Advise
	Extension   string            `json:"extension"`          // who starts the call
	Originator  string            `json:"originator"`         // whose line puts it into the public network
	Caller      string            `json:"caller"`             // calling number as shown
	Dialed      string            `json:"dialed"`             // called number as the device writes it
	Sent        bool              `json:"sent,omitzero"`      // Dialed is what a trunk was given, not what was dialled
	Trunk       string            `json:"trunk"`              // line into the public network; empty: not chosen yet
	AccountCode string            `json:"account_code"`       //
	Private     bool              `json:"private"`            //
	Card        ID                `json:"card"`               // the card account whose PIN was checked; 0: no card
	Variables   map[string]string `json:"variables,omitzero"` // of the channel, for the device's call rules
	At          time.Time         `json:"at"`
}

// Grant answers an Attempt and each renewal.
type Grant struct {
	Call    CallID `json:"call"`
	Allowed bool   `json:"allowed"`
	// Unlimited is talk without end: an emergency call, or one whose account has
	// no limit. The switch needs no timer.
	Unlimited bool `json:"unlimited"`
	// For is the talk time held so far, from the answer: all slices together. The
	// switch must end the call there by itself if it hears nothing more.
	For time.Duration `json:"for"`
	// RenewAt is the talk time at which to ask again. It is less than For, unless
	// Final.
	RenewAt time.Duration `json:"renew_at"`
	// Final says that the money ends at For: Then is to be done there.
	Final bool `json:"final"`
	// Then is what to do now when refused, and at the end of For when allowed.
	Then Action `json:"then"`
	// Affords is for how long the money would last if no other call spent it,
	// at most 24 h; a caller may be told.
	Affords time.Duration `json:"affords"`
	// Left is what can still be spent beyond what is held, for a caller to be told.
	Left Money `json:"left"`
	// Warn says that the caller is to be told now that the credit is nearly used;
	// once in a call.
	Warn bool `json:"warn"`
	// Code and Reason say why it is refused: no_credit, frozen, forbidden, invalid.
	Code   ErrorCode `json:"code"`
	Reason string    `json:"reason"`
}

// ActionKind is what to do with a call that has no credit.
type ActionKind string

// The actions. Alert leaves the call alone and only raises an alert.
const (
	ActionHangup   ActionKind = "hangup"
	ActionTransfer ActionKind = "transfer" // to an extension
	ActionAnnounce ActionKind = "announce" // play a sound, then hang up
	ActionAlert    ActionKind = "alert"
)

// Action is what to do when no credit is available. The zero Action hangs up
// with cause 21 before the call, with 16 in it.
type Action struct {
	Kind   ActionKind `json:"kind"`
	Cause  Cause      `json:"cause,omitzero"`  // hang up: Q.850; 0: the usual one
	Target string     `json:"target,omitzero"` // transfer: EXTENSION or EXTENSION@CONTEXT
	Sound  string     `json:"sound,omitzero"`  // announce: a sound file of the switch, without its ending
}

// Condition wants a variable to match a regular expression (RE2 syntax).
type Condition struct {
	Variable string `json:"variable"` // empty: destination_number
	Pattern  string `json:"pattern"`  // unanchored unless it says ^ and $
}

// CallRule decides about the calls of a device whose conditions all hold. Rules are
// tried in their order; the first that fits counts.
type CallRule struct {
	Name       string      `json:"name"`
	Conditions []Condition `json:"conditions"` // none: every call
	Tariff     ID          `json:"tariff"`     // rate group; 0: the account's own
	// Charge says that an account is charged. Without it the call is rated only.
	Charge bool `json:"charge"`
	// Account is the account code to charge, with ${variable} and $1 for groups of
	// the first condition; empty: whoever pays otherwise.
	Account   string `json:"account"`
	NoCredit  Action `json:"no_credit"` // when there is none at the start
	Exhausted Action `json:"exhausted"` // when it ends in the call
}

// AOCForm is how the network states a charge.
type AOCForm string

// The forms of an advice of charge (ETSI EN 300 182-1, clause 5).
const (
	AOCUnits    AOCForm = "units"
	AOCCurrency AOCForm = "currency"
	AOCFree     AOCForm = "free"
)

// AOC is an advice of charge from the network: what the call costs so far, or
// in all when End.
type AOC struct {
	Form     AOCForm   `json:"form"`
	Units    int64     `json:"units"`    // charging units so far
	Micro    int64     `json:"micro"`    // millionths of Currency so far
	Currency Currency  `json:"currency"` //
	End      bool      `json:"end"`      // AOC-E
	At       time.Time `json:"at"`
}

// AlertKind is what an alert is about.
type AlertKind string

// The kinds of alert.
const (
	AlertLowCredit  AlertKind = "low_credit"  // an account is nearly empty
	AlertNoCredit   AlertKind = "no_credit"   // a call went on although the credit has ended, as the rule says
	AlertCutFailed  AlertKind = "cut_failed"  // a call could not be ended
	AlertOrphan     AlertKind = "orphan"      // money was held for a call that nobody reported
	AlertNotPrivate AlertKind = "not_private" // a private call without the permission was billed as business
	AlertDuplicate  AlertKind = "duplicate"   // another call was reported under the id of one that is in the books
)

// Alert is what somebody should look at.
type Alert struct {
	Enterprise ID        `json:"enterprise"` // 0: the house's
	ID         ID        `json:"id"`
	Kind       AlertKind `json:"kind"`
	Account    ID        `json:"account"` // 0: none
	Call       CallID    `json:"call,omitzero"`
	Text       string    `json:"text"`
	At         time.Time `json:"at"`
}

// LiveCall is a call in progress as people see it.
type LiveCall struct {
	Enterprise  ID            `json:"enterprise"`
	ID          ID            `json:"id"`
	Call        CallID        `json:"call"`
	Extension   string        `json:"extension"`
	Originator  string        `json:"originator"`
	Caller      string        `json:"caller"`
	Number      Number        `json:"number"`
	Trunk       string        `json:"trunk"`
	Payer       ID            `json:"payer"`
	PaidBy      PayerRule     `json:"paid_by"`
	Tariff      ID            `json:"tariff"` // of the customer's side; 0: none
	Rule        string        `json:"rule"`   // the call rule that fitted; empty: none
	Started     time.Time     `json:"started"`
	Answered    time.Time     `json:"answered"`  // zero: it rings
	Granted     time.Duration `json:"granted"`   // talk time held so far
	Affords     time.Duration `json:"affords"`   // talk time that the money lasts for, when last asked; 0: without end
	Unlimited   bool          `json:"unlimited"` //
	Final       bool          `json:"final"`     // the money ends at Granted
	Currency    Currency      `json:"currency"`  // of the amounts below
	Reserved    int64         `json:"reserved"`  // micro-units
	Price       int64         `json:"price"`     // micro-units so far
	Left        int64         `json:"left"`      // micro-units that can be spent yet, what is held and not talked with them
	Advice      *AOC          `json:"advice,omitzero"`
	Cancellable bool          `json:"cancellable"` // its device can end it
}
