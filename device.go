package tollgate

import "time"

// DeviceKind says which connector serves a device.
type DeviceKind string

// The kinds of device.
const (
	DeviceAsterisk DeviceKind = "asterisk" // followed over its manager interface
	DevicePush     DeviceKind = "push"     // pushes its records over HTTP, or is imported from files
)

// ForwardPays says who pays a forwarded or transferred call.
type ForwardPays string

// The choices. The originator caused the outside call, so it pays unless told otherwise.
const (
	OriginatorPays ForwardPays = "originator"
	ExtensionPays  ForwardPays = "extension"
)

// Device is a PBX or gateway that reports calls.
type Device struct {
	ID             ID          `json:"id"`
	Enterprise     ID          `json:"enterprise"` // whose it is; 0: shared by all enterprises
	Name           string      `json:"name"`       // unique; used in paths and files
	Kind           DeviceKind  `json:"kind"`
	Timezone       string      `json:"timezone"` // of times without a zone
	Plan           DialingPlan `json:"plan"`
	DefaultAccount ID          `json:"default_account"` // pays what no other rule places; 0: nobody
	Asterisk       AMISettings `json:"asterisk,omitzero"`
	ForwardPayer   ForwardPays `json:"forward_payer"` // who pays a call that an extension sent on to the outside
	Account        string      `json:"account"`       // docking: what the device calls itself when it pushes
	Enabled        bool        `json:"enabled"`
	// Control says that calls of the device need credit: they are authorised, renewed
	// and cut. Without it calls are charged when they are over.
	Control bool       `json:"control"`
	Rules   []CallRule `json:"rules,omitzero"` // tried in order
}

// PermissionPrivateCall lets a user mark calls as private by key code.
const PermissionPrivateCall = "private_call"

// Permit gives a permission over a device to a user's account, or to a group of them.
type Permit struct {
	Permission string `json:"permission"` // PermissionPrivateCall
	Device     ID     `json:"device"`
	Account    ID     `json:"account"` // 0: the group
	Group      ID     `json:"group"`   // 0: the account
}

// Group is a named set of accounts of one enterprise.
type Group struct {
	Enterprise ID     `json:"enterprise"`
	ID         ID     `json:"id"`
	Name       string `json:"name"`
	Members    []ID   `json:"members"`
}

// AMISettings is how an Asterisk is followed.
type AMISettings struct {
	Address  string   `json:"address"`  // host:port of the manager interface
	TLS      bool     `json:"tls"`      // speak TLS from the first byte
	Username string   `json:"username"` //
	Secret   string   `json:"secret"`   // never shown again once stored
	Trunks   []string `json:"trunks"`   // channel prefixes of trunk endpoints: PJSIP/provider
	CELFile  string   `json:"cel_file"` // path of its CEL CSV journal; empty: none
	CDRFile  string   `json:"cdr_file"` // path of its CDR CSV file, where there is no journal
	Warning  string   `json:"warning"`  // sound that tells a caller that his credit is nearly used; empty: a beep
}

// Extension maps a number on a device to the account that pays for it.
type Extension struct {
	Device  ID     `json:"device"`
	Number  string `json:"number"`
	Account ID     `json:"account"`
	Name    string `json:"name"`
}

// Trunk maps a line into the public network to its operator and, for gateway billing, to an account.
type Trunk struct {
	Device   ID     `json:"device"`
	Name     string `json:"name"`
	Operator ID     `json:"operator"` // 0: none, the call has no cost side
	Account  ID     `json:"account"`  // 0: none
}

// Operator is a carrier: what a call costs us.
type Operator struct {
	ID     ID     `json:"id"`
	Name   string `json:"name"`
	Tariff ID     `json:"tariff"` // 0: none
}

// DeviceStatus is how the connector of a device is doing.
type DeviceStatus struct {
	Device     ID        `json:"device"`
	Connected  bool      `json:"connected"`
	Problem    string    `json:"problem"`     // why it is not, or what was odd last; empty: nothing
	Version    string    `json:"version"`     // what the device says it runs, such as Asterisk 22.10.1
	Calls      int       `json:"calls"`       // legs in progress
	Records    int64     `json:"records"`     // reported since the start
	LastRecord time.Time `json:"last_record"` // zero: none since the start
}
