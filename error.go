package tollgate

import (
	"errors"
	"fmt"
)

// ErrorCode says what kind of failure an error is; each door translates it.
type ErrorCode string

// The nine codes.
const (
	CodeInvalid         ErrorCode = "invalid"         // the request is wrong; the message names place and remedy
	CodeUnauthenticated ErrorCode = "unauthenticated" // nobody, or a wrong password
	CodeForbidden       ErrorCode = "forbidden"       // somebody, but not allowed
	CodeNotFound        ErrorCode = "not_found"       // no such row, or not in the caller's enterprise
	CodeConflict        ErrorCode = "conflict"        // exists already, or changed meanwhile
	CodeNoCredit        ErrorCode = "no_credit"       // the account cannot pay
	CodeFrozen          ErrorCode = "frozen"          // the account places no calls
	CodeUnavailable     ErrorCode = "unavailable"     // try again later
	CodeInternal        ErrorCode = "internal"        // a fault of ours; the message is not shown to callers
)

// Error is the one error type that crosses rooms.
type Error struct {
	Code    ErrorCode
	Message string // for people: what is wrong, where, and what to do
	Err     error  // what caused it, or nil
}

// Errorf makes an Error; %w in the format keeps the cause.
func Errorf(code ErrorCode, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Code: code, Message: err.Error(), Err: errors.Unwrap(err)}
}

// Error returns the message.
func (e *Error) Error() string { return e.Message }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// CodeOf returns the code of err, CodeInternal where err carries none, and ""
// for a nil error.
func CodeOf(err error) ErrorCode {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return CodeInternal
}
