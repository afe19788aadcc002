package iotmessages

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/runnel/runnel/transform"
	"github.com/runnel/runnel/transform/csv"
)

// columns are what a file must have, in the order of the sample data.
var columns = []string{"timestamp", "location", "source", "local_dest", "local_avg", "remote_dest", "remote_avg"}

// A reading is a row as the item of a table, in the JSON of the DynamoDB API.
type reading struct {
	Date       text   `json:"date"`
	Time       text   `json:"time"`
	Location   text   `json:"location"`
	Source     text   `json:"source"`
	LocalDest  text   `json:"local_dest"`
	LocalAvg   number `json:"local_avg"`
	RemoteDest text   `json:"remote_dest"`
	RemoteAvg  number `json:"remote_avg"`
}

type (
	text   struct{ S string }
	number struct{ N string }
)

// toReading converts and checks a row. Its error says all that is wrong with
// the row, column by column.
func toReading(row csv.Row) (reading, error) {
	var wrong []string
	field := func(column string, check func(string) (string, error)) string {
		value := strings.TrimSpace(row.Get(column))
		checked, err := check(value)
		if err != nil {
			wrong = append(wrong, fmt.Sprintf("%s: %q is %v", column, abridge(value), err))
		}
		return checked
	}
	var at time.Time
	field("timestamp", func(s string) (_ string, err error) {
		at, err = transform.ParseTime(s)
		return "", err
	})
	r := reading{
		Date:       text{at.Format(dateLayout)},
		Time:       text{at.Format(timeLayout)},
		Location:   text{field("location", plainText)},
		Source:     text{field("source", plainText)},
		LocalDest:  text{field("local_dest", plainText)},
		LocalAvg:   number{field("local_avg", transform.Decimal)},
		RemoteDest: text{field("remote_dest", plainText)},
		RemoteAvg:  number{field("remote_avg", transform.Decimal)},
	}
	if len(wrong) > 0 {
		return reading{}, errors.New(strings.Join(wrong, "; "))
	}
	return r, nil
}

// plainText refuses what no name is made of: nothing, and the characters that a
// queue does not carry (SQS, SendMessage: control characters and U+FFFE, U+FFFF).
func plainText(s string) (string, error) {
	if s == "" {
		return "", errors.New("empty")
	}
	for _, r := range s {
		if unicode.IsControl(r) || r == 0xFFFE || r == 0xFFFF {
			return "", fmt.Errorf("text with the control character %U", r)
		}
	}
	return s, nil
}

// abridge keeps reasons readable; the row itself is beside them.
func abridge(value string) string {
	const most = 40
	if len(value) <= most {
		return value
	}
	return strings.ToValidUTF8(value[:most], "") + "..."
}

// put is the message body that puts the reading into a table. It has at most
// twice the bytes of the row, and a little: < is not written as \u003c.
func (r reading) put(table string) (string, error) {
	body, err := transform.JSON(struct {
		TableName string
		Item      reading
	}{table, r})
	return strings.TrimSuffix(string(body), "\n"), err
}
