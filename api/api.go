// Package api is the HTTP interface for programs: JSON under /api/v1 with its
// OpenAPI 3.1 document, a reference for people, health and metrics. Errors are
// problem details (RFC 9457). Ids are text and money is a decimal number in
// text, so that no reader turns them into binary fractions; times are RFC 3339.
package api

import (
	"context"
	"log/slog"
	"net/http"
	"reflect"
	"strings"
	"time"

	"tollgate"
	"tollgate/access"
	"tollgate/charging"
	"tollgate/ledger"
	"tollgate/store"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// Options is what the API is handed. What says nil, and Version, is not required.
type Options struct {
	Store   *store.DB
	Book    *ledger.Book
	Office  *charging.Office
	Access  *access.Gate
	Devices func() []tollgate.DeviceStatus // how the connectors are doing; nil: there are none
	// Journal keeps rows that a device pushes of its event journal; nil: there is no place for them.
	Journal func(ctx context.Context, device tollgate.ID, rows []byte) error
	Parts   func() []Part                               // what else runs, for health; nil: nothing
	Calls   tollgate.Charger                            // live calls; nil: the Office
	Live    func(owner tollgate.ID) []tollgate.LiveCall // calls in progress; nil: the Office's
	// Cancel ends a call in progress: see tollgate.Canceler; nil: nobody can.
	Cancel  func(ctx context.Context, call tollgate.CallID, cause tollgate.Cause) error
	Now     func() time.Time
	Log     *slog.Logger // nil: silent
	Version string
}

// server is the API with what it needs.
type server struct {
	Options
	huma    huma.API
	mux     *http.ServeMux
	metrics *metrics
	order   []string // ids of the operations as they were registered
	// Large bodies are let in through these.
	deliveries, sheets *access.Turnstile
}

const (
	prefix         = "/api/v1"
	docsPath       = "/api/docs"
	contentJSON    = "application/json"
	contentCSV     = "text/csv"
	contentProblem = "application/problem+json"
	unknownPattern = "/"
)

// Paths lists the patterns under which New's handler is to be mounted.
func Paths() []string { return []string{"/api/", "/healthz", "/metrics"} }

// New returns the API as one handler. It fails only for a fault in the program.
func New(o Options) (http.Handler, error) {
	s, err := newServer(o)
	if err != nil {
		return nil, err
	}
	return s, nil
}

func newServer(o Options) (*server, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Devices == nil {
		o.Devices = func() []tollgate.DeviceStatus { return nil }
	}
	if o.Calls == nil {
		o.Calls = o.Office
	}
	if o.Live == nil {
		o.Live = o.Office.Live
	}
	s := &server{
		Options: o, mux: http.NewServeMux(), deliveries: access.NewTurnstile(deliveriesMax, deliveriesOfOne),
		sheets: access.NewTurnstile(sheetsMax, sheetsOfOne),
	}
	s.metrics = newMetrics(s)
	s.huma = humago.New(s.mux, description(o.Version))
	s.huma.UseMiddleware(s.guard)
	s.routes()
	return s, s.documents()
}

// routes is the whole API.
func (s *server) routes() {
	const (
		read, house   = access.ReadCalls, access.ReadHouse
		change, terms = access.Change, access.SetTerms
	)
	route(s, "GET /cdrs", read, "list-cdrs", "List finished calls", s.listCDRs,
		about("Calls that started last come first. Cost and margin are there for who may read the house."))
	route(s, "GET /cdrs/{id}", read, "get-cdr", "Get a finished call, its price explained", s.getCDR)

	route(s, "GET /accounts", read, "list-accounts", "List accounts", s.listAccounts)
	route(s, "POST /accounts", terms, "create-account", "Create an account", s.createAccount, created)
	route(s, "GET /accounts/{id}", read, "get-account", "Get an account", s.getAccount)
	route(s, "PUT /accounts/{id}", terms, "update-account", "Change an account", s.updateAccount,
		about("What is not said gets its default, except balance and usage: they follow from transfers and calls."))
	route(s, "POST /accounts/{id}/freeze", change, "freeze-account", "Freeze an account", s.freezeAccount,
		about("It places no calls until it is unfrozen. An enterprise is frozen by the house alone."))
	route(s, "POST /accounts/{id}/unfreeze", change, "unfreeze-account", "Unfreeze an account", s.unfreezeAccount)
	route(s, "GET /accounts/{id}/transfers", read, "list-transfers", "List an account's transfers", s.listTransfers)
	route(s, "POST /accounts/{id}/transfers", terms, "create-transfer", "Recharge or correct an account",
		s.createTransfer, created, about("Sent again with the same Idempotency-Key it answers with the first transfer"+
			" and books nothing; with another content it is a conflict."))

	route(s, "GET /tariffs", house, "list-tariffs", "List tariffs", s.listTariffs)
	route(s, "POST /tariffs", terms, "create-tariff", "Create a tariff", s.createTariff, created)
	route(s, "GET /tariffs/{id}", house, "get-tariff", "Get a tariff", s.getTariff)
	route(s, "PUT /tariffs/{id}", terms, "update-tariff", "Change a tariff", s.updateTariff,
		about("Calls keep the prices they have."))
	route(s, "DELETE /tariffs/{id}", terms, "delete-tariff", "Delete a tariff", s.deleteTariff,
		about("Refused while an account, an operator or a call rule has it."))
	route(s, "GET /tariffs/{id}/decks", house, "list-decks", "List the decks of a tariff", s.listDecks)
	route(s, "PUT /tariffs/{id}/decks", terms, "put-deck", "Store a deck of rates", s.putDeck,
		takes[[]Rate](sheetBytesMax), about("Replaces the deck that is in force from the same instant, or adds one."+
			" Nothing is stored if one rate is wrong; each is named. With dry_run nothing is stored at all."))
	route(s, "DELETE /tariffs/{id}/decks/{deck}", terms, "delete-deck", "Delete a deck", s.deleteDeck)
	route(s, "GET /tariffs/{id}/decks/{deck}/rates", house, "list-rates", "List the rates of a deck", s.listRates,
		gives[page[Rate]], about("As CSV it is the whole deck, else page by page."))

	route(s, "POST /price", read, "price", "Say what a call would cost, and why", s.price, tag("Tariffs"))
	s.moreRoutes()
}

// moreRoutes is the rest of it: devices, what surrounds them, and the door.
func (s *server) moreRoutes() {
	const (
		read, house, push = access.ReadCalls, access.ReadHouse, access.PushCalls
		change, terms     = access.Change, access.SetTerms
		administer        = access.Administer
	)
	route(s, "GET /devices", house, "list-devices", "List devices", s.listDevices)
	route(s, "POST /devices", terms, "create-device", "Create a device", s.createDevice, created)
	route(s, "GET /devices/{device}", house, "get-device", "Get a device", s.getDevice,
		about("Its secrets are never shown."))
	route(s, "PUT /devices/{device}", terms, "update-device", "Change a device", s.updateDevice,
		about("Secrets that are not said stay as they are."))
	route(s, "POST /devices/{device}/records", push, "push-records", "Deliver finished calls", s.pushRecords,
		takes[[]RecordForm](recordBytesMax), orDevice, about("One call or a list of at most 10,000, or CSV with the"+
			" same columns. A call delivered before changes nothing, so send again what was not answered. A call that"+
			" cannot be understood waits in quarantine; one that cannot be read is rejected and the others go on."))
	route(s, "POST /devices/{device}/journal", push, "push-journal", "Deliver rows of an Asterisk's event journal",
		s.pushJournal, takesJournal, orDevice, about("Whole lines of the CEL file, in their order, as an alternative to"+
			" cel_file. All of them are kept or none. Send again what was not answered: calls are charged once."))
	route(s, "GET /devices/{device}/extensions", read, "list-extensions", "List a device's extensions", s.listExtensions)
	route(s, "PUT /devices/{device}/extensions/{number}", change, "put-extension", "Map an extension to an account",
		s.putExtension)
	route(s, "DELETE /devices/{device}/extensions/{number}", change, "delete-extension", "Delete an extension",
		s.deleteExtension)
	route(s, "GET /devices/{device}/trunks", house, "list-trunks", "List a device's trunks", s.listTrunks)
	route(s, "PUT /devices/{device}/trunks/{trunk}", terms, "put-trunk", "Map a trunk to its operator", s.putTrunk,
		about("A slash in the trunk's name is written %2F."))
	route(s, "DELETE /devices/{device}/trunks/{trunk}", terms, "delete-trunk", "Delete a trunk", s.deleteTrunk)

	s.liveRoutes()
	route(s, "GET /operators", house, "list-operators", "List operators", s.listOperators)
	route(s, "POST /operators", terms, "create-operator", "Create an operator", s.createOperator, created)
	route(s, "PUT /operators/{id}", terms, "update-operator", "Change an operator", s.updateOperator)
	route(s, "DELETE /operators/{id}", terms, "delete-operator", "Delete an operator", s.deleteOperator,
		about("Refused while a trunk leads to it."))
	route(s, "GET /exchange-rates", house, "list-exchange-rates", "List exchange rates", s.listExchangeRates)
	route(s, "PUT /exchange-rates", terms, "put-exchange-rate", "Store an exchange rate", s.putExchangeRate,
		about("Replaces the one of the same currencies and instant. Calls keep the margins they have."))
	route(s, "GET /attribution", house, "list-attribution", "List the own number attribution", s.listAttribution,
		gives[list[Attribution]])
	route(s, "PUT /attribution", terms, "put-attribution", "Replace the own number attribution", s.putAttribution,
		takes[[]Attribution](sheetBytesMax), about("Nothing is stored if one line is wrong; each is named."))
	route(s, "GET /quarantine", house, "list-quarantine", "List calls that could not be understood", s.listQuarantine)
	route(s, "POST /quarantine/replay", terms, "replay-quarantine", "Settle quarantined calls again", s.replayQuarantine,
		about("As if they had just arrived: after what was wrong has been mended."))

	route(s, "GET /tokens", administer, "list-tokens", "List tokens", s.listTokens)
	route(s, "POST /tokens", administer, "create-token", "Create a token", s.createToken, created,
		about("The answer shows the token, this once."))
	route(s, "DELETE /tokens/{id}", administer, "revoke-token", "Revoke a token", s.revokeToken)
	route(s, "GET /health", house, "health", "Say what runs", s.health)
	s.unlisted()
}

// liveRoutes is calls in progress, what decides about them, and cards.
func (s *server) liveRoutes() {
	const (
		read, house, push = access.ReadCalls, access.ReadHouse, access.PushCalls
		change, terms     = access.Change, access.SetTerms
	)
	route(s, "POST /devices/{device}/decide", house, "decide-call", "Say what would become of a call, and why",
		s.decideCall, about("As POST /calls would answer; nothing is held."))
	route(s, "GET /devices/{device}/permits", read, "list-permits", "List who has a permission over a device",
		s.listPermits)
	route(s, "PUT /devices/{device}/permits", change, "put-permit", "Give a permission over a device", s.putPermit)
	route(s, "DELETE /devices/{device}/permits", change, "delete-permit", "Take a permission over a device away",
		s.deletePermit)

	route(s, "GET /calls", read, "list-calls", "List calls in progress", s.listCalls,
		about("Those that were authorised and are not over, oldest first."))
	route(s, "POST /calls", push, "authorize-call", "Ask whether a call may be placed", s.authorizeCall, orDevice,
		about("A refusal is an answer: 200 with allowed false. An error means that nobody could decide: do what the"+
			" device does when Tollgate is down. Ask again with the same id as often as needed: money is held once."))
	route(s, "PUT /calls/{id}/answer", push, "answer-call", "Say that the called party answered", s.answerCall,
		orDevice, about("From here talk time counts. It may come late, or again. "+orPost))
	route(s, "PUT /calls/{id}/renew", push, "renew-call", "Ask for more talk time", s.renewCall, orDevice,
		about("404 where nothing is known of the call: authorise it. "+orPost))
	route(s, "PUT /calls/{id}/finish", push, "finish-call", "Deliver the finished call", s.finishCall, orDevice,
		takes[RecordForm](bodyBytesMax), about("As POST /devices/{device}/records; unique_id may be left out. It is"+
			" charged once however often it is delivered, and what was held for it is released. "+orPost))
	route(s, "DELETE /calls/{id}", change, "cancel-call", "Hang up a call in progress", s.cancelCall,
		about("Answers when the call has ended. 409 where its device does not end calls at our word."))

	route(s, "GET /cards", read, "list-cards", "List calling cards", s.listCards,
		about("To block a card, freeze its account."))
	route(s, "POST /cards", terms, "issue-cards", "Issue a batch of calling cards", s.issueCards,
		gives[list[issuedCard]], slow, about("The answer shows the PINs, this once; as CSV it is a sheet for the printer."+
			" Each card is a prepaid account with the amount on it. If it is interrupted, ask for the same again: no card"+
			" is made or filled twice. A batch that was answered is not answered again: 409."))
	route(s, "POST /cards/{id}/unlock", change, "unlock-card", "End the lock of a card after wrong PINs", s.unlockCard)
	route(s, "GET /card-batches", read, "list-card-batches", "List batches of calling cards", s.listCardBatches,
		tag("Calling cards"))

	route(s, "GET /groups", read, "list-groups", "List groups of accounts", s.listGroups)
	route(s, "POST /groups", change, "create-group", "Create a group", s.createGroup, created, long)
	route(s, "PUT /groups/{id}", change, "update-group", "Change a group", s.updateGroup, long)
	route(s, "DELETE /groups/{id}", change, "delete-group", "Delete a group and its permissions", s.deleteGroup)

	route(s, "GET /accounts/{id}/reservations", read, "list-reservations", "List what is held for calls in progress",
		s.listReservations)
	route(s, "POST /accounts/{id}/used", terms, "correct-used", "Correct what was used of a quota", s.correctUsed,
		about("Added to it, and logged; sent again with the same Idempotency-Key it changes nothing."))
	route(s, "GET /refusals", read, "list-refusals", "List calls that were refused", s.listRefusals,
		tag("Calls in progress"), about("The last 1,000 since the process began that was asked for them, newest first."))
	route(s, "GET /alerts", read, "list-alerts", "List alerts", s.listAlerts)
}

// unlisted is what is served beside the API.
func (s *server) unlisted() {
	for _, step := range []string{"answer", "renew", "finish"} {
		s.mux.HandleFunc("POST "+prefix+"/calls/{id}/"+step, s.put)
	}
	s.mux.HandleFunc("GET /healthz", s.healthz)
	s.mux.Handle("GET /metrics", s.guarded(access.ReadHouse, s.metrics.handler()))
	s.mux.HandleFunc(unknownPattern, s.unknown)
}

// description is what the OpenAPI document says of the whole.
func description(version string) huma.Config {
	config := huma.DefaultConfig("Tollgate API", version)
	config.CreateHooks = nil // no $schema links in answers
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = "", "", ""
	config.Transformers = []huma.Transformer{translate}
	config.Info.Description = strings.Join([]string{
		"Everything that Tollgate knows of calls, accounts and prices, for programs.",
		"Send a token with each request: Authorization: Bearer tg_… An administrator makes one with" +
			" tollgate token add NAME. A token of one enterprise sees the rows of that enterprise alone.",
		"Ids are text. Money is a decimal number in text beside its currency, never a binary fraction." +
			" Times are RFC 3339. Lists come page by page: send next as cursor to read on.",
		"Errors are problem details (RFC 9457, application/problem+json) with a code: invalid, unauthenticated," +
			" forbidden, not_found, conflict, no_credit, frozen, unavailable or internal.",
	}, "\n\n")
	config.Components.Schemas.RegisterTypeAlias(reflect.TypeFor[tollgate.ID](), reflect.TypeFor[id]())
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		schemeToken:  {Type: "http", Scheme: "bearer", Description: "A token made with tollgate token add."},
		schemeDevice: {Type: "http", Scheme: "basic", Description: "The docking account and password of a device."},
	}
	for _, h := range headings() {
		config.Tags = append(config.Tags, &huma.Tag{Name: h.name, Description: h.about})
	}
	return config
}

// heading is a part of the API: the first word of its paths, and what it is about.
type heading struct{ word, name, about string }

// headings lists the parts in the order in which they are read.
func headings() []heading {
	return []heading{
		{"cdrs", "Calls", "Finished calls, one for each billable leg, with what they are sold for and what they cost."},
		{"calls", "Calls in progress", "Credit control for whatever can make a request: ask before it dials, say when" +
			" it is answered, ask for more, deliver the finished call."},
		{"cards", "Calling cards", "Prepaid accounts that a number and a PIN open."},
		{"accounts", "Accounts", "Who pays: enterprises, users, gateways and cards, and the transfers between them."},
		{"tariffs", "Tariffs", "What calls cost: tariffs, their dated decks of rates, and a simulator."},
		{"devices", "Devices", "The telephone systems that report calls, their extensions and trunks."},
		{"groups", "Groups", "Accounts that get permissions together."},
		{"alerts", "Alerts", "What somebody should look at."},
		{"operators", "Operators", "The carriers: what calls cost us."},
		{"exchange-rates", "Exchange rates", "Between the currencies of customers and operators, for margins."},
		{"attribution", "Number attribution", "The own table of what a prefix is; it beats the built-in one."},
		{"quarantine", "Quarantine", "Reported calls that could not be understood. Nothing is dropped."},
		{"tokens", "Tokens", "Who may use this API."},
		{"health", "Health", "What runs."},
	}
}
