package intake

import "errors"

// match names the entries as the roster does, and adds who handed in nothing.
func (l *Listing) match(roster string) error {
	return errors.New("read roster: comes with the next change")
}
