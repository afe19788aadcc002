package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
)

// answers are what the server that does nothing says, by the operation's name:
// answers that the SDK's clients accept.
var answers = map[string]string{
	"SendMessage":    `{"MessageId":"0"}`,
	"ReceiveMessage": `{"Messages":[{"MessageId":"0","ReceiptHandle":"r","Body":"message number 1","MD5OfBody":"bfcda6d661f77d3d59cf91e19c1b8bee"}]}`,
	"DeleteMessage":  `{}`,
	"PutItem":        `{}`,
	"GetItem":        `{"Item":{"date":{"S":"2025-01-1"},"time":{"S":"00:1"}}}`,
	"Query":          `{"Count":0,"Items":[],"ScannedCount":0}`,
}

// publishAnswer is what Publish says, in the query protocol.
const publishAnswer = `<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>0</MessageId></PublishResult></PublishResponse>`

// nothing reads a request and answers at once: the limit of what a server in
// Go can do for this client.
func nothing(w http.ResponseWriter, r *http.Request) {
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return
	}
	_, op, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	switch {
	case r.Header.Get("Content-Type") == "application/x-www-form-urlencoded":
		w.Header().Set("Content-Type", "text/xml")
		io.WriteString(w, publishAnswer)
	case op != "":
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		io.WriteString(w, answers[op])
	case r.Method == http.MethodGet && r.URL.Path != "/":
		w.Header().Set("Content-Length", strconv.Itoa(len(fourKiB)))
		w.Write(fourKiB)
	}
}

// serveNothing is the program of the peer. Its address is its second argument,
// or a free one.
func serveNothing() {
	address := "127.0.0.1:0"
	if len(os.Args) > 2 {
		address = os.Args[2]
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("serving on http://%s, nothing\nready\n", l.Addr())
	log.Fatal(http.Serve(l, http.HandlerFunc(nothing)))
}
