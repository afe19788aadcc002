package apigateway

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"

	"github.com/runnel/runnel/event/policy"
	"github.com/runnel/runnel/service/apigateway/patch"
	"github.com/runnel/runnel/service/apigateway/refuse"
	"github.com/runnel/runnel/store"
)

// CreateRestApi makes an API that has a root resource and no methods, or a
// copy of another.
func (s *Service) CreateRestApi(ctx context.Context, in *apigateway.CreateRestApiInput) (*types.RestApi, error) {
	switch {
	case in.EndpointAccessMode != "":
		return nil, refuse.NotSupported("endpointAccessMode")
	case in.SecurityPolicy != "":
		return nil, refuse.NotSupported("securityPolicy")
	}
	a := &types.RestApi{
		Name: in.Name, Description: in.Description, Version: in.Version, Policy: in.Policy, Tags: in.Tags,
		ApiKeySource: in.ApiKeySource, BinaryMediaTypes: in.BinaryMediaTypes,
		DisableExecuteApiEndpoint: in.DisableExecuteApiEndpoint,
		EndpointConfiguration:     in.EndpointConfiguration,
		MinimumCompressionSize:    in.MinimumCompressionSize,
	}
	if err := complete(a); err != nil {
		return nil, err
	}
	return update(ctx, s, func(tx *store.Tx) (*types.RestApi, error) {
		if in.CloneFrom != nil {
			return a, s.clone(tx, a, in.CloneFrom)
		}
		s.insert(tx, a)
		return a, nil
	})
}

// complete fills in the defaults of an API and refuses what cannot be.
func complete(a *types.RestApi) error {
	if aws.ToString(a.Name) == "" {
		return refuse.BadRequest("API name cannot be blank")
	}
	if a.ApiKeySource == "" {
		a.ApiKeySource = types.ApiKeySourceTypeHeader
	}
	if a.EndpointConfiguration == nil || len(a.EndpointConfiguration.Types) == 0 {
		a.EndpointConfiguration = &types.EndpointConfiguration{Types: []types.EndpointType{types.EndpointTypeEdge}}
	}
	if a.EndpointConfiguration.IpAddressType == "" {
		a.EndpointConfiguration.IpAddressType = types.IpAddressTypeIpv4
	}
	if a.Tags == nil {
		a.Tags = map[string]string{}
	}
	return check(a)
}

// check refuses an API's settings that are not valid or not supported.
func check(a *types.RestApi) error {
	if aws.ToString(a.Name) == "" {
		return refuse.BadRequest("API name cannot be blank")
	}
	for i, t := range a.BinaryMediaTypes {
		a.BinaryMediaTypes[i] = strings.ReplaceAll(t, "~1", "/") // as templates write them
	}
	if err := refuse.Enum(a.ApiKeySource, "apiKeySource", a.ApiKeySource.Values()); err != nil {
		return err
	}
	for _, t := range a.EndpointConfiguration.Types {
		if err := refuse.Enum(t, "endpointConfiguration.types", t.Values()); err != nil {
			return err
		}
		if t == types.EndpointTypePrivate {
			return refuse.NotSupported("Endpoint type PRIVATE")
		}
	}
	switch {
	case a.MinimumCompressionSize != nil:
		return refuse.NotSupported("minimumCompressionSize")
	case a.ApiKeySource == types.ApiKeySourceTypeAuthorizer:
		return refuse.NotSupported("API key source AUTHORIZER")
	case len(a.EndpointConfiguration.Types) != 1:
		return refuse.BadRequest("Cannot specify more than one endpoint type")
	case len(a.EndpointConfiguration.VpcEndpointIds) > 0:
		return refuse.BadRequest("VPCEndpoints can only be specified with PRIVATE apis.")
	}
	return checkPolicy(a.Policy)
}

func checkPolicy(document *string) error {
	if aws.ToString(document) == "" {
		return nil
	}
	d, err := policy.Parse(*document)
	if err != nil {
		return refuse.BadRequest("Invalid policy document. Please check the policy syntax and ensure that Principals are valid.")
	}
	for _, st := range d.Statements {
		for _, c := range st.Condition {
			if strings.HasPrefix(c.Operator, "IpAddress") || strings.HasPrefix(c.Operator, "NotIpAddress") || strings.HasPrefix(c.Operator, "Date") {
				return refuse.NotSupported("Condition operator " + c.Operator + " in a resource policy")
			}
		}
	}
	return nil
}

// insert stores a new API and its root resource.
func (s *Service) insert(tx *store.Tx, a *types.RestApi) {
	s.identify(tx, a)
	root := types.Resource{Id: aws.String(newID(10)), Path: aws.String("/")}
	a.RootResourceId = root.Id
	saveResource(tx, definitionOf(*a.Id), &root)
	tx.PutJSON(apis().Str(*a.Id), a)
}

func (s *Service) identify(tx *store.Tx, a *types.RestApi) {
	id := newID(10)
	for tx.Has(apis().Str(id)) {
		id = newID(10)
	}
	a.Id, a.CreatedDate = &id, aws.Time(tx.Now())
}

// clone stores a as a new API that is defined as another is.
func (s *Service) clone(tx *store.Tx, a *types.RestApi, from *string) error {
	b, err := s.api(tx, from)
	if err != nil {
		return err
	}
	s.identify(tx, a)
	a.RootResourceId = b.RootResourceId
	if a.BinaryMediaTypes == nil {
		a.BinaryMediaTypes = b.BinaryMediaTypes
	}
	copyRows(tx, definitionOf(*b.Id), definitionOf(*a.Id))
	tx.PutJSON(apis().Str(*a.Id), a)
	return nil
}

// GetRestApi implements the operation of that name.
func (s *Service) GetRestApi(ctx context.Context, in *apigateway.GetRestApiInput) (*types.RestApi, error) {
	return view(ctx, s, func(tx *store.Tx) (*types.RestApi, error) { return s.api(tx, in.RestApiId) })
}

// GetRestApis implements the operation of that name.
func (s *Service) GetRestApis(ctx context.Context, in *apigateway.GetRestApisInput) (*apigateway.GetRestApisOutput, error) {
	out := &apigateway.GetRestApisOutput{}
	return out, s.st.View(ctx, func(tx *store.Tx) error {
		out.Items, out.Position = page[types.RestApi](tx, apis(), in.Position, in.Limit)
		return nil
	})
}

// UpdateRestApi implements the operation of that name.
func (s *Service) UpdateRestApi(ctx context.Context, in *apigateway.UpdateRestApiInput) (*types.RestApi, error) {
	return update(ctx, s, func(tx *store.Tx) (*types.RestApi, error) {
		a, err := s.api(tx, in.RestApiId)
		if err != nil {
			return nil, err
		}
		if err := patch.Apply(apiChanges(), a, in.PatchOperations); err != nil {
			return nil, err
		}
		tx.PutJSON(apis().Str(*a.Id), a)
		s.changed(tx, *a.Id)
		return a, check(a)
	})
}

func apiChanges() []patch.Change[types.RestApi] {
	return []patch.Change[types.RestApi]{
		patch.Text("/name", func(a *types.RestApi) **string { return &a.Name }),
		patch.Text("/description", func(a *types.RestApi) **string { return &a.Description }),
		patch.Text("/version", func(a *types.RestApi) **string { return &a.Version }),
		patch.Text("/policy", func(a *types.RestApi) **string { return &a.Policy }),
		patch.Enum("/apiKeySource", func(a *types.RestApi) *types.ApiKeySourceType { return &a.ApiKeySource }, types.ApiKeySourceType("").Values()),
		patch.Flag("/disableExecuteApiEndpoint", func(a *types.RestApi) *bool { return &a.DisableExecuteApiEndpoint }),
		patch.Members("/binaryMediaTypes", func(a *types.RestApi) *[]string { return &a.BinaryMediaTypes }),
		patch.Member("/binaryMediaTypes/*", func(a *types.RestApi, was, now string) error {
			if i := slices.Index(a.BinaryMediaTypes, was); i >= 0 {
				a.BinaryMediaTypes[i] = now
			}
			return nil
		}),
		patch.Member("/minimumCompressionSize", func(a *types.RestApi, _, value string) error {
			if value == "" || value == "null" {
				return nil
			}
			return refuse.NotSupported("minimumCompressionSize")
		}),
		patch.Member("/endpointConfiguration/types/*", func(a *types.RestApi, was, now string) error {
			if i := slices.Index(a.EndpointConfiguration.Types, types.EndpointType(was)); i >= 0 {
				a.EndpointConfiguration.Types[i] = types.EndpointType(now)
			}
			return nil
		}),
		patch.Enum("/endpointConfiguration/ipAddressType", func(a *types.RestApi) *types.IpAddressType {
			return &a.EndpointConfiguration.IpAddressType
		}, types.IpAddressType("").Values()),
	}
}

// DeleteRestApi removes the API with its deployments and stages.
func (s *Service) DeleteRestApi(ctx context.Context, in *apigateway.DeleteRestApiInput) (*apigateway.DeleteRestApiOutput, error) {
	return nil, s.st.Update(ctx, func(tx *store.Tx) error {
		a, err := s.api(tx, in.RestApiId)
		if err != nil {
			return err
		}
		tx.Delete(apis().Str(*a.Id))
		tx.DeleteRange(store.Prefix(inAPI(*a.Id)))
		s.changed(tx, *a.Id)
		return nil
	})
}
