package ucware

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"

	"tollgate"
	"tollgate/access"
	"tollgate/store/outbox"
)

// callsMax is how many calls one request marks.
const callsMax = 1_000_000

// pageRows is how many rows are in memory at a time.
const pageRows = 1_000

// row is one call as getAllUnbilled returns it.
type row struct {
	ID           int64  `json:"id"`
	UniqueID     string `json:"uniqueid"`
	Extension    string `json:"extension"`
	Originator   string `json:"originator"`
	DialedNumber string `json:"dialedNumber"`
	Timestamp    int64  `json:"timestamp"`
	Duration     int64  `json:"duration"`
	Private      bool   `json:"private"`
}

// billing is the class api-admin-Billing.
func (s *server) billing() class {
	return class{
		name: "api-admin-Billing", paths: []string{"admin/billing"},
		summary: "Connections into the public network, for an accounting of your own.",
		about: []string{
			"Every answered call to an external number leaves a row as soon as it has ended. Internal and inbound calls leave" +
				" none, nor do calls that selective billing leaves out.",
			"The work is done in four steps: fetch what is unpaid with getAllUnbilled, process it in your application, mark" +
				" exactly what you processed with markCallsRetrieved, and delete what is paid with prune. A call that ends" +
				" meanwhile is not touched: it is in the next list. Any step may be repeated after an interruption.",
			"The rows are an outbox beside the archive of calls. Marking and deleting them never changes a call, a price or" +
				" a balance in Tollgate.",
		},
		methods: []method{s.getAllUnbilled(), s.markCallsRetrieved(), s.prune(), s.purge()},
	}
}

const sampleRow = `{"id":2,"uniqueid":"1547391782.318","extension":"103","originator":"102",` +
	`"dialedNumber":"00491701234567","timestamp":1547391782,"duration":30,"private":false}`

func (s *server) getAllUnbilled() method {
	return method{
		name: "getAllUnbilled", summary: "Get every unpaid connection.",
		about: []string{
			"Without parameters the list is complete, however long it is: it is written while it is read, so that a million" +
				" rows need no memory here. If it breaks off, the body is not valid JSON: fetch again.",
			"With limit, ask again with the id of the last row as cursor until a list is shorter than the limit.",
			"The numbers of private calls are shown in full to tokens of the house, and with X for the last four digits to" +
				" tokens of one enterprise.",
		},
		may: access.ReadCalls,
		params: []param{
			{"limit", "integer, optional", "at most so many rows, 1 or more"},
			{"cursor", "integer, optional", "only rows with a greater id"},
		},
		returns: "A list of rows ordered by id: id (integer, never given twice), uniqueid (the telephone system's unique" +
			" id of the call; behind # the number of the leg, where it has one), extension (who started the call)," +
			" originator (whose line put it into the public network, by forwarding or transferring it), dialedNumber" +
			" (the external number without key codes and route prefixes), timestamp (when the call started, in seconds" +
			" since 1970-01-01 00:00 UTC), duration (talk time in whole seconds, what was begun of one left out)," +
			" private (marked by key code).",
		examples: []example{
			{"Everything", `[]`, "[" + sampleRow + "]"},
			{"Page by page", `{"limit":1000,"cursor":1}`, "[" + sampleRow + "]"},
		},
		run: func(ctx context.Context, c *call) (any, error) {
			limit, err := c.integer(0, "limit", -1)
			if err != nil {
				return nil, err
			}
			after, err := c.integer(1, "cursor", 0)
			if err != nil {
				return nil, err
			}
			if limit == 0 || limit < -1 {
				return nil, faultf(codeParams, "limit: want 1 or more")
			}
			return s.unpaid(ctx, c, after, limit)
		},
	}
}

// unpaid returns the rows as a stream. The first page is read at once, so that
// what fails at all fails before anything is written.
func (s *server) unpaid(ctx context.Context, c *call, after, limit int64) (stream, error) {
	next := func() ([]outbox.Row, error) {
		n := int64(pageRows)
		if limit >= 0 {
			n = min(n, limit)
		}
		if n == 0 {
			return nil, nil
		}
		page, err := outbox.Unpaid(ctx, s.Store, c.who.Scope(), after, int(n))
		if len(page) > 0 {
			after = page[len(page)-1].ID
		}
		if limit >= 0 {
			limit -= int64(len(page))
		}
		return page, err
	}
	page, err := next()
	if err != nil {
		return nil, err
	}
	masked := !c.who.May(access.ReadHouse)
	return func(w io.Writer) error {
		separator := "["
		for ; len(page) > 0; page, err = next() {
			c.page()
			if separator, err = writeRows(w, page, separator, masked); err != nil {
				return err
			}
		}
		if err != nil {
			return err
		}
		if separator == "[" {
			_, err = io.WriteString(w, "[]")
		} else {
			_, err = io.WriteString(w, "]")
		}
		return err
	}, nil
}

// writeRows writes rows, each after the separator, and returns the next one.
func writeRows(w io.Writer, page []outbox.Row, separator string, masked bool) (string, error) {
	for _, r := range page {
		if masked && r.Private {
			r.DialedNumber = tollgate.Number{Raw: r.DialedNumber}.Masked()
		}
		text, err := json.Marshal(row(r))
		if err != nil {
			return "", err
		}
		if _, err := io.WriteString(w, separator); err != nil {
			return "", err
		}
		if _, err := w.Write(text); err != nil {
			return "", err
		}
		separator = ","
	}
	return separator, nil
}

func (s *server) markCallsRetrieved() method {
	return method{
		name: "markCallsRetrieved", summary: "Mark connections as paid.",
		about: []string{
			"They disappear from getAllUnbilled and wait for prune. A number names a call by its id, text by its uniqueid;" +
				" give them as one list or one after the other.",
			"If one of the calls does not exist, none is marked, and the error names it. Marking calls again that are marked" +
				" already is no error, so that a request whose answer was lost can be sent again.",
		},
		may:      access.Change,
		variadic: true,
		params: []param{
			{"ids", "list of integers and texts", fmt.Sprintf("the calls, at most %d", callsMax)},
		},
		returns: "The number of calls that are marked by this request: those that were not before.",
		examples: []example{
			{"By id", `[[2,3]]`, `2`},
			{"By uniqueid, one after the other", `["1547391782.318","1547391790.322"]`, `2`},
			{"Named", `{"ids":[2]}`, `1`},
		},
		faults: []fault{{
			codeParams, "a call does not exist: nothing is marked", map[string]any{"unknown": []any{99}, "count": 1},
		}},
		run: func(ctx context.Context, c *call) (any, error) {
			ids, names, err := callsOf(c.args[0])
			if err != nil {
				return nil, err
			}
			return outbox.Mark(ctx, s.Store, c.who.Scope(), c.who.Actor(), s.Now(), ids, names)
		},
	}
}

// callsOf reads which calls are meant: a list, or a list that is alone in a list.
func callsOf(raw json.RawMessage) (ids []int64, names []string, err error) {
	if raw == nil {
		return nil, nil, nil
	}
	if raw[0] != '[' {
		return nil, nil, faultf(codeParams, "ids: want a list")
	}
	if inner, err := elements(raw, 1); err == nil && len(inner) == 1 && inner[0][0] == '[' {
		raw = inner[0]
	}
	err = walk(raw, callsMax, func(dec *json.Decoder) error {
		value, err := dec.Token()
		if err != nil {
			return err
		}
		switch v := value.(type) {
		case json.Number:
			id, err := strconv.ParseInt(v.String(), 10, 64)
			if err != nil {
				return fmt.Errorf("%.40q is no id", v)
			}
			ids = append(ids, id)
		case string:
			names = append(names, v)
		default:
			return errors.New("want ids as numbers and uniqueids as text, in one list or one after the other")
		}
		return nil
	})
	if err != nil {
		return nil, nil, faultf(codeParams, "ids: %v", err)
	}
	return ids, names, nil
}

func (s *server) prune() method {
	return method{
		name: "prune", summary: "Delete the paid connections.",
		about:    []string{"Unpaid connections stay. The archive of calls and the accounts are not touched."},
		may:      access.Change,
		returns:  "The number of rows deleted.",
		examples: []example{{"", `[]`, `1`}},
		run: func(ctx context.Context, c *call) (any, error) {
			return outbox.Prune(ctx, s.Store, c.who.Scope(), c.who.Actor())
		},
	}
}

func (s *server) purge() method {
	return method{
		name: "purge", summary: "Delete all connections, paid or not.",
		about: []string{
			"What was not fetched is lost to your accounting, though not to Tollgate: the archive of calls and the accounts" +
				" are not touched. A call that ends while this runs stays.",
		},
		may:      access.Change,
		returns:  "The number of rows deleted.",
		examples: []example{{"", `[]`, `2`}},
		run: func(ctx context.Context, c *call) (any, error) {
			return outbox.Purge(ctx, s.Store, c.who.Scope(), c.who.Actor())
		},
	}
}

// integer reads an argument; it is otherwise when it was not given.
func (c *call) integer(i int, name string, otherwise int64) (int64, error) {
	if c.args[i] == nil {
		return otherwise, nil
	}
	v, err := strconv.ParseInt(string(c.args[i]), 10, 64)
	if err != nil || v < 0 {
		return 0, faultf(codeParams, "%s: want a whole number of at least 0", name)
	}
	return v, nil
}
