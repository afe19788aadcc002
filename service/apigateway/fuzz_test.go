package apigateway

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	"pgregory.net/rapid"

	"github.com/runnel/runnel/service/apigateway/openapi"
	"github.com/runnel/runnel/service/apigateway/route"
	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/store/storetest"
)

// TestImportAnything imports documents of random paths and parts of methods:
// each is refused with an error of AWS's, or leaves an API of which every
// resource is found by its path.
func TestImportAnything(t *testing.T) {
	st := storetest.Open(t)
	s := New(st, Config{Account: "123456789012", Region: "us-east-1"})
	rapid.Check(t, func(t *rapid.T) {
		paths := map[string]any{}
		for _, p := range rapid.SliceOfN(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "{v}", "{w}", "{g+}", "", "x y"}), 0, 3), 0, 5).Draw(t, "paths") {
			paths["/"+strings.Join(p, "/")] = map[string]any{"get": map[string]any{
				"parameters":                      []any{map[string]any{"in": rapid.SampledFrom([]string{"query", "header", "?"}).Draw(t, "in"), "name": rapid.SampledFrom([]string{"n", ""}).Draw(t, "name")}},
				"responses":                       map[string]any{rapid.SampledFrom([]string{"200", "default", "2XX"}).Draw(t, "status"): nil},
				"x-amazon-apigateway-integration": map[string]any{"type": rapid.SampledFrom([]string{"mock", "aws", ""}).Draw(t, "type")},
			}}
		}
		body, _ := json.Marshal(map[string]any{"swagger": "2.0", "info": map[string]any{"title": "x"}, "paths": paths})
		def, err := openapi.Read(body, nil)
		if err == nil {
			a := def.API
			err = complete(&a)
			if err == nil {
				err = st.Update(context.Background(), func(tx *store.Tx) error {
					s.insert(tx, &a)
					if err := apply(tx, &a, def); err != nil {
						return err
					}
					checkTree(t, tx, &a)
					_, err := s.deploy(tx, &a, nil)
					return err
				})
			}
		}
		var bad *types.BadRequestException
		if err != nil && !errors.As(err, &bad) {
			t.Errorf("%T: %v", err, err)
		}
	})
}

// checkTree finds every resource by its path from the root.
func checkTree(t *rapid.T, tx *store.Tx, a *types.RestApi) {
	definition := definitionOf(*a.Id)
	for _, r := range all[types.Resource](tx, resourcesIn(definition)) {
		id := *a.RootResourceId
		for _, part := range route.Segments(*r.Path) {
			id, _ = child(tx, definition, id, part)
		}
		if id != *r.Id {
			t.Errorf("%s leads to %q", *r.Path, id)
		}
	}
}

// FuzzEvent makes events of requests: they are JSON, and a route never fails.
func FuzzEvent(f *testing.F) {
	f.Add("/a/b%20c", "x=1&x=%zz&&=", "text/plain;", []byte("body"))
	f.Add("", "", ",;", []byte{0xff, 0})
	s := &Service{st: storetest.Open(f), cfg: Config{Account: "123456789012", Region: "us-east-1"}}
	f.Fuzz(func(t *testing.T, path, query, kind string, body []byte) {
		r := &Request{APIID: "a", Stage: "s", Method: "GET", RawPath: path, RawQuery: query, Body: body, Host: path, Header: http.Header{"Content-Type": {kind}}}
		x := s.newExchange(r)
		x.served = &served{api: &types.RestApi{BinaryMediaTypes: []string{"image/*"}}, stage: &types.Stage{}, routes: route.New(resourcesAt("/{proxy+}", "/"))}
		if err := x.route(); err != nil {
			t.Skip()
		}
		id := "id"
		x.resource.Id = &id
		payload, err := x.event()
		if err != nil || !json.Valid(payload) {
			t.Errorf("%v: %s", err, payload)
		}
	})
}

func resourcesAt(paths ...string) (list []*types.Resource) {
	for _, p := range paths {
		part := p[strings.LastIndexByte(p, '/')+1:]
		list = append(list, &types.Resource{Path: &p, PathPart: &part, ResourceMethods: map[string]types.Method{"GET": {}}})
	}
	return list
}
