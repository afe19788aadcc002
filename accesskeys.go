package runnel

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/runnel/runnel/wire"
)

// accessKeys are the operator's own access keys, by their ids. Each stands
// for the account's root.
type accessKeys map[string]string

// readAccessKeys reads an AWS shared credentials file: the keys of all its
// profiles may be used.
func readAccessKeys(file string) (accessKeys, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	keys, id := make(accessKeys), ""
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		name, value, _ := strings.Cut(strings.TrimSpace(lines.Text()), "=")
		switch value = strings.TrimSpace(value); strings.TrimSpace(name) {
		case "aws_access_key_id":
			id = value
		case "aws_secret_access_key":
			if id == "" || value == "" {
				return nil, fmt.Errorf("%s: aws_secret_access_key without an aws_access_key_id before it", file)
			}
			keys[id], id = value, ""
		}
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("%s: no aws_access_key_id and aws_secret_access_key in it", file)
	}
	return keys, nil
}

// keyring knows the operator's keys and those that the runtime gave out.
type keyring struct {
	own     accessKeys
	account string
	issued  wire.Credentials
}

// Lookup implements [wire.Credentials].
func (k keyring) Lookup(ctx context.Context, id string) (secret, token string, p wire.Principal, err error) {
	if secret, ok := k.own[id]; ok {
		return secret, "", rootOf(k.account), nil
	}
	if k.issued == nil {
		return "", "", wire.Principal{}, wire.ErrUnknownKey
	}
	return k.issued.Lookup(ctx, id)
}

// rootOf is the root of an account.
func rootOf(account string) wire.Principal {
	return wire.Principal{ARN: "arn:aws:iam::" + account + ":root", Account: account, UserID: account}
}

// errOpen says why a runtime that others can reach does not start.
var errOpen = errors.New("refusing to listen where other machines can reach it without access keys: give --credentials FILE (an AWS shared credentials file), or listen on 127.0.0.1")
