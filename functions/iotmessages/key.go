package iotmessages

import (
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// The key of an item is the date and the time of its reading, both UTC. The time
// has a fraction of a second where the reading had one.
const (
	dateLayout = "2006-01-02"
	timeLayout = "15:04:05.999999999"
)

// A key is the primary key of an item.
type key struct {
	Date string `json:"date"`
	Time string `json:"time"`
}

// check holds a key to the one form in which it is written. A second form would
// be a second item for the same reading.
func (k key) check() error {
	switch {
	case k.Date == "":
		return refusal("date is missing")
	case k.Time == "":
		return refusal("time is missing")
	}
	if d, err := time.Parse(dateLayout, k.Date); err != nil || d.Format(dateLayout) != k.Date {
		return refusal(fmt.Sprintf("date: %q is not a date written YYYY-MM-DD", abridge(k.Date)))
	}
	if t, err := time.Parse(timeLayout, k.Time); err != nil || t.Format(timeLayout) != k.Time {
		return refusal(fmt.Sprintf("time: %q is not a time written HH:MM:SS", abridge(k.Time)))
	}
	return nil
}

func (k key) attributes() item {
	return item{
		"date": &types.AttributeValueMemberS{Value: k.Date},
		"time": &types.AttributeValueMemberS{Value: k.Time},
	}
}

// key reads and checks the key of an item.
func (i item) key() (key, error) {
	date, err := i.text("date")
	if err != nil {
		return key{}, err
	}
	time, err := i.text("time")
	if err != nil {
		return key{}, err
	}
	k := key{date, time}
	return k, k.check()
}

// text is a string attribute, "" if there is none.
func (i item) text(name string) (string, error) {
	value, ok := i[name]
	if !ok {
		return "", nil
	}
	s, ok := value.(*types.AttributeValueMemberS)
	if !ok {
		return "", refusal(name + " is not a string")
	}
	return s.Value, nil
}

// A refusal is a request that will never succeed as it is, and why.
type refusal string

func (r refusal) Error() string { return string(r) }
