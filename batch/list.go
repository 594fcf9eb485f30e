package batch

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"tollgate"
)

// fieldsBytesMax is how many bytes of JSON one call may have.
const fieldsBytesMax = 64 << 10

// ReadList reads a JSON list of at most so many elements and hands each to use,
// which must not keep it. A field that an element does not have is an error, not an empty one. Elements are read one by
// one: a list of millions of empty ones would take a hundred times the memory of its text
// before it could be counted. The error has CodeInvalid if there are too many, and
// CodeInternal if it is no such list.
func ReadList[T any](r io.Reader, most int, use func(*T)) error {
	d := json.NewDecoder(r)
	d.DisallowUnknownFields()
	if begin, err := d.Token(); err != nil {
		return noMore(err)
	} else if begin != json.Delim('[') {
		return errors.New("it does not begin with [")
	}
	var element, empty T
	for i := 0; d.More(); i++ {
		if i == most {
			return tollgate.Errorf(tollgate.CodeInvalid, "more than %d in the list: at most %d at once", most, most)
		}
		element = empty
		if err := d.Decode(&element); err != nil {
			return fmt.Errorf("[%d]: %w", i, noMore(err))
		}
		use(&element)
	}
	if _, err := d.Token(); err != nil {
		return noMore(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("it goes on after the list")
	}
	return nil
}

// noMore says in words that a text ends before it should.
func noMore(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// Fields is a JSON object of plain values, as fields of a sheet by column name: text,
// numbers and truths.
type Fields map[string]string

// UnmarshalJSON reads one object.
func (f *Fields) UnmarshalJSON(text []byte) error {
	if len(text) > fieldsBytesMax {
		return fmt.Errorf("more than %d bytes", fieldsBytesMax)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var values map[string]any
	if err := d.Decode(&values); err != nil {
		return err
	}
	*f = make(Fields, len(values))
	for name, value := range values {
		written, err := plain(value)
		if err != nil {
			return fmt.Errorf("%.40s: %w", name, err)
		}
		(*f)[name] = written
	}
	return nil
}

// plain is the text of a JSON value that is neither list nor object.
func plain(value any) (string, error) {
	switch v := value.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case json.Number:
		return v.String(), nil
	case bool:
		if v {
			return "yes", nil
		}
		return "no", nil
	}
	return "", errors.New("want text, a number or a truth")
}
