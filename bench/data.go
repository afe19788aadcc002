package main

import (
	"fmt"
	"io"
	"strconv"
	"time"
)

// firstReading is the time of the first row; each row after it is one second
// later, so that all are items of their own.
var firstReading = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC).Unix()

const header = "timestamp,location,source,local_dest,local_avg,remote_dest,remote_avg\n"

// csv reads as a file of rows in the shape of system 5. Nothing of it is kept.
type csv struct {
	rows, next int
	pending    []byte
}

func newCSV(rows int) *csv { return &csv{rows: rows, pending: []byte(header)} }

func (c *csv) Read(p []byte) (n int, err error) {
	for n < len(p) {
		if len(c.pending) == 0 {
			if c.next == c.rows {
				return n, io.EOF
			}
			c.pending = row(c.pending[:0], c.next)
			c.next++
		}
		m := copy(p[n:], c.pending)
		c.pending, n = c.pending[m:], n+m
	}
	return n, nil
}

func row(b []byte, i int) []byte {
	b = strconv.AppendInt(b, firstReading+int64(i), 10)
	return fmt.Appendf(b, ",location-%02d,%s,router-%d,%d.%02d,device-%d,%d.%02d\n",
		i%7, [2]string{"wired", "wireless"}[i%2], i%3, i%9, i%100, i%5, i%19, i%97)
}

// keyOf is the key of row i in the table.
func keyOf(i int) (date, clock string) {
	t := time.Unix(firstReading+int64(i), 0).UTC()
	return t.Format("2006-01-02"), t.Format("15:04:05")
}
