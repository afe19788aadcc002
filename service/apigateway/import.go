package apigateway

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"

	"github.com/runnel/runnel/service/apigateway/openapi"
	"github.com/runnel/runnel/service/apigateway/refuse"
	"github.com/runnel/runnel/service/apigateway/route"
	"github.com/runnel/runnel/store"
)

// ImportRestApi makes an API from an OpenAPI document.
func (s *Service) ImportRestApi(ctx context.Context, in *apigateway.ImportRestApiInput) (*types.RestApi, error) {
	def, err := readBody(in.Body, in.Parameters, in.FailOnWarnings)
	if err != nil {
		return nil, err
	}
	a := def.API
	if err := complete(&a); err != nil {
		return nil, err
	}
	return update(ctx, s, func(tx *store.Tx) (*types.RestApi, error) {
		s.insert(tx, &a)
		if err := apply(tx, &a, def); err != nil {
			return nil, err
		}
		a.Warnings = def.Warnings
		return &a, nil
	})
}

// PutRestApi makes an API as an OpenAPI document has it (overwrite), or adds
// the document to it (merge). Paths that stay keep the ids of their resources.
func (s *Service) PutRestApi(ctx context.Context, in *apigateway.PutRestApiInput) (*types.RestApi, error) {
	mode := in.Mode
	if mode == "" {
		mode = types.PutModeMerge
	}
	if err := refuse.Enum(mode, "mode", mode.Values()); err != nil {
		return nil, err
	}
	def, err := readBody(in.Body, in.Parameters, in.FailOnWarnings)
	if err != nil {
		return nil, err
	}
	return update(ctx, s, func(tx *store.Tx) (*types.RestApi, error) {
		a, err := s.api(tx, in.RestApiId)
		if err != nil {
			return nil, err
		}
		if mode == types.PutModeOverwrite {
			prune(tx, definitionOf(*a.Id), def)
		}
		merge(a, &def.API, mode)
		if err := check(a); err != nil {
			return nil, err
		}
		if err := apply(tx, a, def); err != nil {
			return nil, err
		}
		tx.PutJSON(apis().Str(*a.Id), a)
		s.changed(tx, *a.Id)
		a.Warnings = def.Warnings
		return a, nil
	})
}

func readBody(body []byte, parameters map[string]string, failOnWarnings bool) (*openapi.Definition, error) {
	if len(body) == 0 {
		return nil, refuse.BadRequest("Body cannot be empty")
	}
	def, err := openapi.Read(body, parameters)
	if err == nil && failOnWarnings && len(def.Warnings) > 0 {
		err = refuse.BadRequest("Warnings found during import:\n\t%s", strings.Join(def.Warnings, "\n\t"))
	}
	return def, err
}

// merge puts the settings that a document has in the API's.
func merge(a, from *types.RestApi, mode types.PutMode) {
	a.Name, a.Version = from.Name, from.Version
	if from.Description != nil || mode == types.PutModeOverwrite {
		a.Description = from.Description
	}
	if from.Policy != nil {
		a.Policy = from.Policy
	}
	if from.ApiKeySource != "" {
		a.ApiKeySource = from.ApiKeySource
	}
	if from.EndpointConfiguration != nil {
		a.EndpointConfiguration.Types = from.EndpointConfiguration.Types
	}
	if from.DisableExecuteApiEndpoint {
		a.DisableExecuteApiEndpoint = true
	}
	if mode == types.PutModeOverwrite && from.BinaryMediaTypes != nil {
		a.BinaryMediaTypes = nil
	}
	for _, t := range from.BinaryMediaTypes {
		if !slices.Contains(a.BinaryMediaTypes, t) {
			a.BinaryMediaTypes = append(a.BinaryMediaTypes, t)
		}
	}
}

// prune removes what an API has and a document does not: resources of other
// paths, all methods, models, validators and gateway responses.
func prune(tx *store.Tx, definition store.Key, def *openapi.Definition) {
	wanted := map[string]bool{"/": true}
	for path := range def.Paths {
		at := ""
		for _, part := range route.Segments(path) {
			at += "/" + part
			wanted[at] = true
		}
	}
	for _, r := range all[types.Resource](tx, resourcesIn(definition)) {
		if !wanted[*r.Path] {
			deleteResource(tx, definition, r)
			continue
		}
		r.ResourceMethods = nil
		saveResource(tx, definition, r)
	}
	tx.DeleteRange(store.Prefix(modelsIn(definition)))
	tx.DeleteRange(store.Prefix(validatorsIn(definition)))
	tx.DeleteRange(store.Prefix(responsesIn(definition)))
}

// importer stores a definition and gathers what cannot be stored.
type importer struct {
	tx         *store.Tx
	definition store.Key
	root       *types.Resource
	validators map[string]string // name to id
	problems   []string
}

// apply adds a definition to an API. All that is wrong is in the error.
func apply(tx *store.Tx, a *types.RestApi, def *openapi.Definition) error {
	im := &importer{tx: tx, definition: definitionOf(*a.Id), validators: map[string]string{}}
	im.root, _ = get[types.Resource](tx, resourcesIn(im.definition).Str(*a.RootResourceId))
	for _, m := range def.Models {
		m.Id = aws.String(newID(6))
		im.problem(checkModel(&m), "Unable to create model '%s'", *m.Name)
		tx.PutJSON(modelsIn(im.definition).Str(*m.Name), m)
	}
	for _, r := range def.Responses {
		im.problem(completeGatewayResponse(&r), "Unable to put gateway response '%s'", r.ResponseType)
		tx.PutJSON(responsesIn(im.definition).Str(string(r.ResponseType)), r)
	}
	im.putValidators(def.Validators)
	for _, path := range slices.Sorted(maps.Keys(def.Paths)) {
		im.put(path, def.Paths[path])
	}
	if im.problems != nil {
		return refuse.BadRequest("Errors found during import:\n\t%s", strings.Join(im.problems, "\n\t"))
	}
	return nil
}

// putValidators stores validators; one that has the name already keeps its id.
func (im *importer) putValidators(validators []types.RequestValidator) {
	for _, v := range all[types.RequestValidator](im.tx, validatorsIn(im.definition)) {
		im.validators[aws.ToString(v.Name)] = *v.Id
	}
	for _, v := range validators {
		im.problem(checkValidator(&v), "Unable to create request validator '%s'", *v.Name)
		v.Id = aws.String(newID(6))
		if id, ok := im.validators[*v.Name]; ok {
			v.Id = &id
		}
		im.validators[*v.Name] = *v.Id
		im.tx.PutJSON(validatorsIn(im.definition).Str(*v.Id), v)
	}
}

func (im *importer) problem(err error, format string, args ...any) {
	if err != nil {
		im.problems = append(im.problems, fmt.Sprintf(format, args...)+": "+messageOf(err))
	}
}

// put stores a path's methods.
func (im *importer) put(path string, methods map[string]types.Method) {
	r, err := im.resource(path)
	if err != nil {
		im.problem(err, "Unable to create resource at path '%s'", path)
		return
	}
	for _, verb := range slices.Sorted(maps.Keys(methods)) {
		m := methods[verb]
		im.problem(im.check(&m), "Unable to put method '%s' on resource at path '%s'", verb, *r.Path)
		if i := m.MethodIntegration; i != nil {
			im.problem(completeIntegration(i, r), "Unable to put integration on '%s' for resource at path '%s'", verb, *r.Path)
			for _, status := range slices.Sorted(maps.Keys(i.IntegrationResponses)) {
				answer := i.IntegrationResponses[status]
				im.problem(checkAnswers(&m, i, &answer), "Unable to put integration response on '%s' for resource at path '%s'", verb, *r.Path)
			}
		}
		put(&r.ResourceMethods, verb, m)
	}
	saveResource(im.tx, im.definition, r)
}

// check is checkMethod, after the validator's name has become its id.
func (im *importer) check(m *types.Method) error {
	if m.RequestValidatorId != nil {
		if id, ok := im.validators[*m.RequestValidatorId]; ok {
			m.RequestValidatorId = &id
		}
	}
	for _, r := range m.MethodResponses {
		if err := checkMethodResponse(im.tx, im.definition, &r); err != nil {
			return err
		}
	}
	return checkMethod(im.tx, im.definition, m)
}

// resource is the one at a path, which is made with those above it where
// there is none.
func (im *importer) resource(path string) (*types.Resource, error) {
	r := im.root
	for _, part := range route.Segments(path) {
		if id, ok := child(im.tx, im.definition, *r.Id, part); ok {
			r, _ = get[types.Resource](im.tx, resourcesIn(im.definition).Str(id))
			continue
		}
		below, err := newResource(im.tx, im.definition, r, part)
		if err != nil {
			return nil, err
		}
		r = below
	}
	return r, nil
}

// messageOf is the text of an error of AWS's.
func messageOf(err error) string {
	if e, ok := err.(interface{ ErrorMessage() string }); ok {
		return e.ErrorMessage()
	}
	return err.Error()
}
