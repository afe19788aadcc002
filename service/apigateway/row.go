package apigateway

import (
	"bytes"
	"context"
	"crypto/rand"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"

	"github.com/runnel/runnel/store"
)

// Rows are the SDK's types as JSON. What a deployment copies is under one
// prefix, the definition:
//
//	api ID                            types.RestApi
//	in API definition resource ID     types.Resource, with its methods
//	in API definition child ID PART   id of the resource below ID
//	in API definition model NAME      types.Model
//	in API definition validator ID    types.RequestValidator
//	in API definition response TYPE   types.GatewayResponse
//	in API deployment ID              types.Deployment
//	in API copy ID ...                the definition as it was deployed, and
//	                                  "api", the types.RestApi of that time
//	in API stage NAME                 types.Stage

func apis() store.Key                         { return store.K("apigateway", "api") }
func inAPI(api string) store.Key              { return store.K("apigateway", "in", api) }
func definitionOf(api string) store.Key       { return inAPI(api).Str("definition") }
func deploymentsOf(api string) store.Key      { return inAPI(api).Str("deployment") }
func copyOf(api, deployment string) store.Key { return inAPI(api).Str("copy").Str(deployment) }
func stagesOf(api string) store.Key           { return inAPI(api).Str("stage") }
func accountKey() store.Key                   { return store.K("apigateway", "account") }

func resourcesIn(definition store.Key) store.Key  { return definition.Str("resource") }
func childrenIn(definition store.Key) store.Key   { return definition.Str("child") }
func modelsIn(definition store.Key) store.Key     { return definition.Str("model") }
func validatorsIn(definition store.Key) store.Key { return definition.Str("validator") }
func responsesIn(definition store.Key) store.Key  { return definition.Str("response") }

// get reads a row.
func get[T any](tx *store.Tx, key store.Key) (*T, bool) {
	v := new(T)
	return v, tx.GetJSON(key, v)
}

// all reads the rows under a prefix.
func all[T any](tx *store.Tx, prefix store.Key) []*T {
	var rows []*T
	for k := range tx.Scan(store.Prefix(prefix)) {
		if v, ok := get[T](tx, k); ok {
			rows = append(rows, v)
		}
	}
	return rows
}

// Sizes of pages.
// https://docs.aws.amazon.com/apigateway/latest/api/API_GetRestApis.html
const (
	defaultPage = 25
	maxPage     = 500
)

// page reads the rows of a page and the position of the next, which is the
// last part of the last row's key.
func page[T any](tx *store.Tx, prefix store.Key, position *string, limit *int32) ([]T, *string) {
	size := int(aws.ToInt32(limit))
	if size <= 0 {
		size = defaultPage
	}
	size = min(size, maxPage)
	r := store.Prefix(prefix)
	if aws.ToString(position) != "" {
		r = r.After(prefix.Str(*position))
	}
	rows, last := []T{}, ""
	for k := range tx.Scan(r) {
		if len(rows) == size {
			return rows, &last
		}
		v, _ := get[T](tx, k)
		rows, last = append(rows, *v), k.Parts(prefix).Str()
	}
	return rows, nil
}

// copyRows copies what is under one prefix to another.
func copyRows(tx *store.Tx, from, to store.Key) {
	for k, v := range tx.Scan(store.Prefix(from)) {
		rest, _ := bytes.CutPrefix(k, from)
		tx.Set(to.Raw(rest), v)
	}
}

// newID is an identifier as API Gateway makes them: lower-case letters and
// digits, ten for an API and six for what is in it.
func newID(length int) string {
	const alphabet = "abcdefghijklmnopqrstuvwxyz0123456789"
	b := make([]byte, length)
	rand.Read(b)
	for i := range b {
		b[i] = alphabet[int(b[i])%len(alphabet)]
	}
	return string(b)
}

// api reads an API's row, or errNoAPI.
func (s *Service) api(tx *store.Tx, id *string) (*types.RestApi, error) {
	a, ok := get[types.RestApi](tx, apis().Str(aws.ToString(id)))
	if !ok {
		return nil, s.errNoAPI(aws.ToString(id))
	}
	return a, nil
}

// changed has the data plane read anew what an API's stages serve.
func (s *Service) changed(tx *store.Tx, api string) {
	tx.OnCommit(func() { s.cache.forget(api) })
}

// view is [store.Store.View] for a fn that has a result.
func view[T any](ctx context.Context, s *Service, fn func(*store.Tx) (*T, error)) (*T, error) {
	return result(func(f func(*store.Tx) error) error { return s.st.View(ctx, f) }, fn)
}

// update is [store.Store.Update] for a fn that has a result.
func update[T any](ctx context.Context, s *Service, fn func(*store.Tx) (*T, error)) (*T, error) {
	return result(func(f func(*store.Tx) error) error { return s.st.Update(ctx, f) }, fn)
}

func result[T any](run func(func(*store.Tx) error) error, fn func(*store.Tx) (*T, error)) (*T, error) {
	var out *T
	err := run(func(tx *store.Tx) (err error) {
		out, err = fn(tx)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func put[K comparable, V any](m *map[K]V, k K, v V) {
	if *m == nil {
		*m = make(map[K]V)
	}
	(*m)[k] = v
}
