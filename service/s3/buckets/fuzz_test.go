package buckets

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// FuzzGrants: a header of grants is refused, or names whom there is.
func FuzzGrants(f *testing.F) {
	for _, s := range []string{`uri="` + allUsers + `"`, `id=me, id="me"`, `emailAddress="a@b"`, `id`, `,`, `=`, `uri="`, ``} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, header string) {
		list, err := asking{read: aws.String(header)}.acl("me")
		for _, g := range list {
			if err == nil && g.ID != "me" && g.URI != allUsers && g.URI != authenticatedUsers && g.URI != logDelivery {
				t.Errorf("%q grants something to %+v", header, g)
			}
		}
		publicPolicy(header)
	})
}
