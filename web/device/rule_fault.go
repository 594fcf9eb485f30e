package device

import (
	"errors"
	"regexp/syntax"
	"strings"
)

// patternFault says where a regular expression is wrong and how to mend it.
func patternFault(err error) string {
	fault, ok := errors.AsType[*syntax.Error](err)
	if !ok {
		return "This is no regular expression: " + err.Error() + "."
	}
	where := "At “" + fault.Expr + "”: "
	switch fault.Code {
	case syntax.ErrMissingParen, syntax.ErrUnexpectedParen:
		return where + "a parenthesis has no partner. Add it, or write \\( or \\) for the character itself."
	case syntax.ErrMissingBracket:
		return where + "a bracket is not closed. Add ], or write \\[ for the character itself."
	case syntax.ErrMissingRepeatArgument, syntax.ErrInvalidRepeatOp:
		return where + "nothing stands before it that could be repeated. Write \\" +
			strings.TrimLeft(fault.Expr, `\`) + " for the character itself."
	case syntax.ErrTrailingBackslash:
		return "At the end: a lone backslash. Write \\\\ for the character itself."
	case syntax.ErrInvalidEscape:
		return where + "unknown after a backslash. Use \\d for a digit, \\. for a dot; " +
			"look-ahead and back-references do not exist."
	case syntax.ErrInvalidPerlOp:
		return where + "look-ahead and look-behind do not exist. Say it with another rule above this one."
	case syntax.ErrInvalidRepeatSize:
		return where + "repeat at most 1,000 times, the smaller number first."
	case syntax.ErrInvalidCharRange:
		return where + "the range runs backwards. Write the smaller character first."
	default:
		return where + fault.Code.String() + "."
	}
}
