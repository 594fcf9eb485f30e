package ucware

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Limits of a request.
const (
	batchMax   = 100 // requests in one batch
	depthMax   = 8   // of arrays and objects in each other
	membersMax = 16  // of an object
	idBytesMax = 256
)

// The error codes of JSON-RPC 2.0 §5.1, and ours in the range it leaves free.
const (
	codeParse           = -32700
	codeRequest         = -32600
	codeMethod          = -32601
	codeParams          = -32602
	codeInternal        = -32603
	codeUnauthenticated = -32000
	codeForbidden       = -32001
	codeUnavailable     = -32002
)

// fault is the error of a request as JSON-RPC 2.0 §5.1 writes it.
type fault struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Data    any    `json:"data,omitempty"`
}

// Error is what the caller reads.
func (f *fault) Error() string { return f.Message }

func faultf(code int, format string, args ...any) *fault {
	return &fault{Code: code, Message: fmt.Sprintf(format, args...)}
}

// request is one request object.
type request struct {
	id     json.RawMessage // nil: a notification, which gets no answer
	method string
	params json.RawMessage // an array, an object, or nil
	wrong  *fault          // why it is none; the id is that of the answer all the same
}

// noID is the id of an answer to what has none that could be read.
const noID = "null"

// parse reads a body: one request, or a batch of them. A fault answers the body
// as a whole.
func parse(body []byte) (requests []request, batch bool, wrong *fault) {
	body = bytes.TrimLeft(body, " \t\r\n")
	if deep(body) {
		return nil, false, faultf(codeRequest, "more than %d arrays and objects in each other", depthMax)
	}
	if !json.Valid(body) {
		return nil, false, faultf(codeParse, "the body is not JSON")
	}
	if body[0] != '[' {
		return []request{read(body)}, false, nil
	}
	items, err := elements(body, batchMax)
	if err != nil {
		return nil, false, faultf(codeRequest, "the batch: %v", err)
	}
	if len(items) == 0 {
		return nil, false, faultf(codeRequest, "the batch is empty")
	}
	for _, item := range items {
		requests = append(requests, read(item))
	}
	return requests, true, nil
}

// deep reports whether arrays and objects are nested too deeply.
func deep(body []byte) bool {
	depth, text := 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case text && c == '\\':
			i++
		case c == '"':
			text = !text
		case text:
		case c == '[' || c == '{':
			if depth++; depth > depthMax {
				return true
			}
		case c == ']' || c == '}':
			depth--
		}
	}
	return false
}

// read reads one request object. Names are compared exactly (JSON-RPC 2.0 §4).
func read(raw json.RawMessage) request {
	r := request{id: json.RawMessage(noID)}
	if raw[0] != '{' {
		r.wrong = faultf(codeRequest, "a request is an object")
		return r
	}
	var id, version, method json.RawMessage
	err := members(raw, func(name string, value json.RawMessage) error {
		switch name {
		case "jsonrpc":
			version = value
		case "method":
			method = value
		case "params":
			r.params = value
		case "id":
			id = value
		}
		return nil
	})
	switch {
	case err != nil:
		r.wrong = faultf(codeRequest, "the request: %v", err)
	case id != nil && !validID(id):
		r.wrong = faultf(codeRequest, "id: want text, a number or null, of at most %d bytes", idBytesMax)
	case string(version) != `"2.0"`:
		r.wrong = faultf(codeRequest, `jsonrpc: want "2.0"`)
	case json.Unmarshal(method, &r.method) != nil || r.method == "":
		r.wrong = faultf(codeRequest, "method: want the name of a method")
	case r.params != nil && r.params[0] != '[' && r.params[0] != '{':
		r.wrong = faultf(codeRequest, "params: want an array or an object")
	default:
		r.id = id
	}
	if r.wrong != nil && id != nil && validID(id) {
		r.id = id
	}
	return r
}

func validID(id json.RawMessage) bool {
	return len(id) <= idBytesMax && (id[0] == '"' || id[0] == '-' || id[0] >= '0' && id[0] <= '9' || string(id) == noID)
}

// elements cuts an array into its elements.
func elements(raw json.RawMessage, most int) (list []json.RawMessage, err error) {
	err = walk(raw, most, func(dec *json.Decoder) error {
		var v json.RawMessage
		err := dec.Decode(&v)
		list = append(list, v)
		return err
	})
	return list, err
}

// members visits the members of an object.
func members(raw json.RawMessage, visit func(name string, value json.RawMessage) error) error {
	return walk(raw, membersMax, func(dec *json.Decoder) error {
		name, err := dec.Token()
		if err != nil {
			return err
		}
		var v json.RawMessage
		if err := dec.Decode(&v); err != nil {
			return err
		}
		return visit(fmt.Sprint(name), v)
	})
}

// walk goes through an array or object whose JSON is known to be right, item by
// item, so that many items cost no more than they are.
func walk(raw json.RawMessage, most int, item func(*json.Decoder) error) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if _, err := dec.Token(); err != nil {
		return err
	}
	for n := 0; dec.More(); n++ {
		if n == most {
			return fmt.Errorf("more than %d items", most)
		}
		if err := item(dec); err != nil {
			return err
		}
	}
	return nil
}

// bind puts the parameters of a request into the order in which the method names
// them; what was not given, or null, is nil. A method with one variadic parameter
// gets all positional ones as it.
func (m *method) bind(params json.RawMessage) ([]json.RawMessage, error) {
	args := make([]json.RawMessage, len(m.params))
	switch {
	case params == nil:
		return args, nil
	case params[0] == '[' && m.variadic:
		args[0] = params
		return args, nil
	case params[0] == '[':
		list, err := elements(params, len(m.params))
		if err != nil {
			return nil, faultf(codeParams, "%s takes at most %d parameters", m.name, len(m.params))
		}
		copy(args, list)
	default:
		err := members(params, func(name string, value json.RawMessage) error {
			for i, p := range m.params {
				if p.name == name {
					args[i] = value
					return nil
				}
			}
			return faultf(codeParams, "%s has no parameter %.40q", m.name, name)
		})
		if wrong, ok := errors.AsType[*fault](err); ok {
			return nil, wrong
		}
		if err != nil {
			return nil, faultf(codeParams, "params: %v", err)
		}
	}
	for i := range args {
		if string(args[i]) == "null" {
			args[i] = nil
		}
	}
	return args, nil
}

// stream is a result that is written while it is made.
type stream func(io.Writer) error

// respond writes the answer to one request. An error means that nobody reads it
// any more, or that a stream broke off.
func respond(w io.Writer, id json.RawMessage, result any, wrong *fault) error {
	head := `{"jsonrpc":"2.0","id":` + strings.ToValidUTF8(string(id), "\ufffd")
	if wrong != nil {
		text, err := json.Marshal(wrong)
		if err != nil {
			return err
		}
		_, err = io.WriteString(w, head+`,"error":`+string(text)+"}")
		return err
	}
	if _, err := io.WriteString(w, head+`,"result":`); err != nil {
		return err
	}
	if write, ok := result.(stream); ok {
		if err := write(w); err != nil {
			return err
		}
	} else {
		text, err := json.Marshal(result)
		if err != nil {
			return err
		}
		if _, err := w.Write(text); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, "}")
	return err
}
