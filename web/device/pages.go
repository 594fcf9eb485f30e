// Package device is the pages of telephone systems and of what belongs to one.
package device

import "tollgate/web/frame"

// Pages answers the requests; web lists which, and for whom.
type Pages struct{ *frame.Site }
