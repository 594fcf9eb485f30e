package web

// formPage is a page that is one form.
type formPage struct {
	page
	Back *link
	Lead string
	Form *form
}
