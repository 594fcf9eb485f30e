package tollgate

import "time"

// AccountKind is what an account stands for.
type AccountKind string

// The kinds. A house account is the other side of every transfer: it belongs
// to an enterprise, takes what calls earn and gives what recharges add.
const (
	KindEnterprise AccountKind = "enterprise"
	KindUser       AccountKind = "user"
	KindGateway    AccountKind = "gateway"
	KindCard       AccountKind = "card"
	KindHouse      AccountKind = "house"
)

// Mode is how an account pays.
type Mode string

// The modes. ModeParent has no money of its own: the nearest parent that has pays.
const (
	ModePrepaid  Mode = "prepaid"
	ModePostpaid Mode = "postpaid"
	ModeQuota    Mode = "quota"
	ModeParent   Mode = "parent"
)

// Period is a recurring span of local time.
type Period string

// The periods.
const (
	Never   Period = "never"
	Hourly  Period = "hour"
	Daily   Period = "day"
	Weekly  Period = "week"
	Monthly Period = "month"
)

// Account is who pays. Money fields are micro-units of Currency.
type Account struct {
	Enterprise  ID          `json:"enterprise"` // an enterprise account's own ID
	ID          ID          `json:"id"`
	Parent      ID          `json:"parent"` // 0: none
	Kind        AccountKind `json:"kind"`
	Mode        Mode        `json:"mode"`
	Name        string      `json:"name"`
	Code        string      `json:"code"` // account code calls carry; empty: none
	Currency    Currency    `json:"currency"`
	Tariff      ID          `json:"tariff"` // customer tariff; 0: the enterprise's, then the default
	Timezone    string      `json:"timezone"`
	Balance     int64       `json:"balance"`      // sum of its transfers
	Reserved    int64       `json:"reserved"`     // sum of its open reservations
	CreditLimit int64       `json:"credit_limit"` // how far below zero the balance may go
	Allowance   int64       `json:"allowance"`    // quota mode: what may be used in a period
	Used        int64       `json:"used"`         // quota mode: what was used in this period
	Reset       Period      `json:"reset"`        // quota mode: when used returns to 0, in the account's zone
	WeekStart   int         `json:"week_start"`   // first day of the week for Reset, 0 Sunday to 6 Saturday
	PeriodStart time.Time   `json:"period_start"` // quota mode: when used last returned to 0; zero: never
	Frozen      bool        `json:"frozen"`
	Bills       Billing     `json:"bills"`      // which of the user's calls are billed
	Business    BusinessPay `json:"business"`   // who pays the user's business calls
	LowCredit   int64       `json:"low_credit"` // warn when less than this is available; 0: never
	Created     time.Time   `json:"created"`
}

// Billing says which calls of a user are billed: priced, charged, and handed to
// the accounting.
type Billing string

// The choices. All is the usual one.
const (
	BillAll      Billing = "all"
	BillPrivate  Billing = "private"  // only private calls
	BillBusiness Billing = "business" // only business calls
)

// BusinessPay says whose money pays a user's business calls. Private calls are
// always paid by the user's own account.
type BusinessPay string

// The choices. The user's own account pays unless told otherwise.
const (
	BusinessOwn        BusinessPay = "own"
	BusinessEnterprise BusinessPay = "enterprise"
)

// Limited reports whether the account can run out of credit: a postpaid
// account without a credit limit cannot, and one without money of its own is
// limited by its parents.
func (a *Account) Limited() bool {
	return a.Mode == ModePrepaid || a.Mode == ModeQuota || a.Mode == ModePostpaid && a.CreditLimit > 0
}

// Available is what the account can still spend, in micro-units. It means
// nothing for an account that is not Limited.
func (a *Account) Available() int64 {
	if a.Mode == ModeQuota {
		return a.Allowance - a.Used - a.Reserved
	}
	return a.Balance - a.Reserved + a.CreditLimit
}

// TransferKind is why money moved.
type TransferKind string

// The kinds of transfer. A correction or reversal is always a new transfer.
const (
	TransferCharge     TransferKind = "charge"
	TransferRecharge   TransferKind = "recharge"
	TransferCorrection TransferKind = "correction"
	TransferReversal   TransferKind = "reversal"
)

// Transfer is one immutable double-entry row: Amount leaves Debit and enters Credit.
type Transfer struct {
	Enterprise ID           `json:"enterprise"`
	ID         ID           `json:"id"`
	Debit      ID           `json:"debit"`
	Credit     ID           `json:"credit"`
	Amount     int64        `json:"amount"` // micro-units, greater than 0
	Currency   Currency     `json:"currency"`
	Kind       TransferKind `json:"kind"`
	CDR        ID           `json:"cdr"` // the call it settles; 0: none
	Note       string       `json:"note"`
	By         string       `json:"by"`  // the person or token; empty: the system
	Key        string       `json:"key"` // idempotency key of the request; empty: none
	At         time.Time    `json:"at"`
}
