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
type accessKeys map[string]accessKey

type accessKey struct{ id, secret, token string }

// readAccessKeys reads an AWS shared credentials file: the keys of all its
// profiles may be used.
func readAccessKeys(file string) (accessKeys, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	keys := make(accessKeys)
	var profile accessKey
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		name, value, _ := strings.Cut(line, "=")
		switch value = strings.TrimSpace(value); strings.TrimSpace(name) {
		case "aws_access_key_id":
			profile.id = value
		case "aws_secret_access_key":
			profile.secret = value
		case "aws_session_token":
			profile.token = value
		}
		if strings.HasPrefix(line, "[") {
			if err := keys.add(profile); err != nil {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
			profile = accessKey{}
		}
	}
	if err := errors.Join(lines.Err(), keys.add(profile)); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("%s: no aws_access_key_id and aws_secret_access_key in it", file)
	}
	return keys, nil
}

// add takes a profile's key, if it has one.
func (k accessKeys) add(profile accessKey) error {
	switch {
	case profile.id == "" && profile.secret == "":
		return nil
	case profile.id == "":
		return errors.New("aws_secret_access_key without an aws_access_key_id in its profile")
	case profile.secret == "":
		return errors.New("aws_access_key_id without an aws_secret_access_key in its profile")
	}
	k[profile.id] = profile
	return nil
}

// keyring knows the operator's keys and those that the runtime gave out.
type keyring struct {
	own     accessKeys
	account string
	issued  wire.Credentials
}

// Lookup implements [wire.Credentials].
func (k keyring) Lookup(ctx context.Context, id string) (secret, token string, p wire.Principal, err error) {
	if own, ok := k.own[id]; ok {
		return own.secret, own.token, rootOf(k.account), nil
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
