package apigateway

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"

	"github.com/runnel/runnel/service/apigateway/patch"
	"github.com/runnel/runnel/service/apigateway/refuse"
	"github.com/runnel/runnel/store"
)

// anyMethod answers for the methods that a resource does not have itself.
const anyMethod = "ANY"

// verbs are the methods that a resource can have.
func verbs() []string {
	return []string{"GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "HEAD", anyMethod}
}

// methodRef names a method as operations do.
type methodRef struct{ api, resource, verb *string }

// method reads a method and its resource, or says what is not there.
func (s *Service) method(tx *store.Tx, ref methodRef) (*types.Resource, *types.Method, error) {
	r, err := s.resource(tx, ref.api, ref.resource)
	if err != nil {
		return nil, nil, err
	}
	m, ok := r.ResourceMethods[aws.ToString(ref.verb)]
	if !ok {
		return nil, nil, errNoMethod()
	}
	return r, &m, nil
}

// changeMethod runs change on a method and stores what it leaves.
func changeMethod[T any](ctx context.Context, s *Service, ref methodRef, change func(*store.Tx, *types.Resource, *types.Method) (*T, error)) (*T, error) {
	return update(ctx, s, func(tx *store.Tx) (*T, error) {
		r, m, err := s.method(tx, ref)
		if err != nil {
			return nil, err
		}
		out, err := change(tx, r, m)
		r.ResourceMethods[*ref.verb] = *m
		saveResource(tx, definitionOf(*ref.api), r)
		return out, err
	})
}

// PutMethod implements the operation of that name.
func (s *Service) PutMethod(ctx context.Context, in *apigateway.PutMethodInput) (*types.Method, error) {
	m := &types.Method{
		HttpMethod: in.HttpMethod, AuthorizationType: in.AuthorizationType, ApiKeyRequired: &in.ApiKeyRequired,
		AuthorizationScopes: in.AuthorizationScopes, AuthorizerId: in.AuthorizerId, OperationName: in.OperationName,
		RequestModels: in.RequestModels, RequestParameters: in.RequestParameters, RequestValidatorId: in.RequestValidatorId,
	}
	return update(ctx, s, func(tx *store.Tx) (*types.Method, error) {
		r, err := s.resource(tx, in.RestApiId, in.ResourceId)
		if err != nil {
			return nil, err
		}
		if _, ok := r.ResourceMethods[*m.HttpMethod]; ok {
			return nil, errConflict("Method already exists for this resource")
		}
		if err := checkMethod(tx, definitionOf(*in.RestApiId), m); err != nil {
			return nil, err
		}
		put(&r.ResourceMethods, *m.HttpMethod, *m)
		saveResource(tx, definitionOf(*in.RestApiId), r)
		return m, nil
	})
}

// checkMethod refuses a method that is not valid or not supported.
func checkMethod(tx *store.Tx, definition store.Key, m *types.Method) error {
	if !slices.Contains(verbs(), aws.ToString(m.HttpMethod)) {
		return refuse.BadRequest("Invalid HttpMethod specified. Valid options are %s", strings.Join(verbs(), ","))
	}
	switch kind := aws.ToString(m.AuthorizationType); kind {
	case "NONE":
	case "AWS_IAM":
		return refuse.NotSupported("Authorization type AWS_IAM")
	case "CUSTOM", "COGNITO_USER_POOLS":
		return refuse.BadRequest("Invalid authorizer ID specified. Setting the authorization type to CUSTOM or COGNITO_USER_POOLS requires a valid authorizer.")
	default:
		return refuse.BadRequest("Invalid authorization type specified: %s", kind)
	}
	for name := range m.RequestParameters {
		if !requestParameter.MatchString(name) {
			return errMapping(name)
		}
	}
	for _, model := range m.RequestModels {
		if !knownModel(tx, definition, model) {
			return refuse.BadRequest("Invalid model identifier specified: %s", model)
		}
	}
	if m.RequestValidatorId != nil && !tx.Has(validatorsIn(definition).Str(*m.RequestValidatorId)) {
		return refuse.BadRequest("Invalid Request Validator identifier specified")
	}
	return nil
}

// Names of parameters, as mapping expressions have them.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/request-response-data-mappings.html
var (
	requestParameter  = regexp.MustCompile(`^method\.request\.(path|querystring|header|multivaluequerystring|multivalueheader)\.[^\s]+$`)
	responseParameter = regexp.MustCompile(`^method\.response\.header\.[a-zA-Z0-9._$-]+$`)
)

// GetMethod implements the operation of that name.
func (s *Service) GetMethod(ctx context.Context, in *apigateway.GetMethodInput) (*types.Method, error) {
	return view(ctx, s, func(tx *store.Tx) (*types.Method, error) {
		_, m, err := s.method(tx, methodRef{in.RestApiId, in.ResourceId, in.HttpMethod})
		return m, err
	})
}

// UpdateMethod implements the operation of that name.
func (s *Service) UpdateMethod(ctx context.Context, in *apigateway.UpdateMethodInput) (*types.Method, error) {
	ref := methodRef{in.RestApiId, in.ResourceId, in.HttpMethod}
	return changeMethod(ctx, s, ref, func(tx *store.Tx, _ *types.Resource, m *types.Method) (*types.Method, error) {
		if err := patch.Apply(methodChanges(), m, in.PatchOperations); err != nil {
			return nil, err
		}
		return m, checkMethod(tx, definitionOf(*in.RestApiId), m)
	})
}

func methodChanges() []patch.Change[types.Method] {
	return []patch.Change[types.Method]{
		patch.Text("/authorizationType", func(m *types.Method) **string { return &m.AuthorizationType }),
		patch.Text("/authorizerId", func(m *types.Method) **string { return &m.AuthorizerId }),
		patch.Text("/operationName", func(m *types.Method) **string { return &m.OperationName }),
		patch.Text("/requestValidatorId", func(m *types.Method) **string { return &m.RequestValidatorId }),
		patch.Flag("/apiKeyRequired", func(m *types.Method) *bool {
			if m.ApiKeyRequired == nil {
				m.ApiKeyRequired = new(bool)
			}
			return m.ApiKeyRequired
		}),
		patch.Entries("/requestModels", func(m *types.Method) *map[string]string { return &m.RequestModels }),
		patch.Flags("/requestParameters", func(m *types.Method) *map[string]bool { return &m.RequestParameters }),
	}
}

// DeleteMethod implements the operation of that name.
func (s *Service) DeleteMethod(ctx context.Context, in *apigateway.DeleteMethodInput) (*apigateway.DeleteMethodOutput, error) {
	return nil, s.st.Update(ctx, func(tx *store.Tx) error {
		r, _, err := s.method(tx, methodRef{in.RestApiId, in.ResourceId, in.HttpMethod})
		if err != nil {
			return err
		}
		delete(r.ResourceMethods, *in.HttpMethod)
		saveResource(tx, definitionOf(*in.RestApiId), r)
		return nil
	})
}

var statusCode = regexp.MustCompile(`^[1-5]\d\d$`)

// PutMethodResponse implements the operation of that name.
func (s *Service) PutMethodResponse(ctx context.Context, in *apigateway.PutMethodResponseInput) (*types.MethodResponse, error) {
	ref := methodRef{in.RestApiId, in.ResourceId, in.HttpMethod}
	return changeMethod(ctx, s, ref, func(tx *store.Tx, _ *types.Resource, m *types.Method) (*types.MethodResponse, error) {
		if _, ok := m.MethodResponses[*in.StatusCode]; ok {
			return nil, errConflict("Response already exists for this resource")
		}
		r := types.MethodResponse{StatusCode: in.StatusCode, ResponseModels: in.ResponseModels, ResponseParameters: in.ResponseParameters}
		put(&m.MethodResponses, *in.StatusCode, r)
		return &r, checkMethodResponse(tx, definitionOf(*in.RestApiId), &r)
	})
}

func checkMethodResponse(tx *store.Tx, definition store.Key, r *types.MethodResponse) error {
	if !statusCode.MatchString(*r.StatusCode) {
		return refuse.BadRequest("Invalid status code specified")
	}
	for name := range r.ResponseParameters {
		if !responseParameter.MatchString(name) {
			return errMapping(name)
		}
	}
	for _, model := range r.ResponseModels {
		if !knownModel(tx, definition, model) {
			return refuse.BadRequest("Invalid model identifier specified: %s", model)
		}
	}
	return nil
}

// GetMethodResponse implements the operation of that name.
func (s *Service) GetMethodResponse(ctx context.Context, in *apigateway.GetMethodResponseInput) (*types.MethodResponse, error) {
	return view(ctx, s, func(tx *store.Tx) (*types.MethodResponse, error) {
		_, m, err := s.method(tx, methodRef{in.RestApiId, in.ResourceId, in.HttpMethod})
		if err != nil {
			return nil, err
		}
		return methodResponse(m, in.StatusCode)
	})
}

func methodResponse(m *types.Method, status *string) (*types.MethodResponse, error) {
	r, ok := m.MethodResponses[aws.ToString(status)]
	if !ok {
		return nil, errNoStatus()
	}
	return &r, nil
}

// UpdateMethodResponse implements the operation of that name.
func (s *Service) UpdateMethodResponse(ctx context.Context, in *apigateway.UpdateMethodResponseInput) (*types.MethodResponse, error) {
	ref := methodRef{in.RestApiId, in.ResourceId, in.HttpMethod}
	return changeMethod(ctx, s, ref, func(tx *store.Tx, _ *types.Resource, m *types.Method) (*types.MethodResponse, error) {
		r, err := methodResponse(m, in.StatusCode)
		if err != nil {
			return nil, err
		}
		err = patch.Apply([]patch.Change[types.MethodResponse]{
			patch.Entries("/responseModels", func(r *types.MethodResponse) *map[string]string { return &r.ResponseModels }),
			patch.Flags("/responseParameters", func(r *types.MethodResponse) *map[string]bool { return &r.ResponseParameters }),
		}, r, in.PatchOperations)
		if err != nil {
			return nil, err
		}
		m.MethodResponses[*in.StatusCode] = *r
		return r, checkMethodResponse(tx, definitionOf(*in.RestApiId), r)
	})
}

// DeleteMethodResponse implements the operation of that name.
func (s *Service) DeleteMethodResponse(ctx context.Context, in *apigateway.DeleteMethodResponseInput) (*apigateway.DeleteMethodResponseOutput, error) {
	ref := methodRef{in.RestApiId, in.ResourceId, in.HttpMethod}
	return changeMethod(ctx, s, ref, func(_ *store.Tx, _ *types.Resource, m *types.Method) (*apigateway.DeleteMethodResponseOutput, error) {
		if _, err := methodResponse(m, in.StatusCode); err != nil {
			return nil, err
		}
		delete(m.MethodResponses, *in.StatusCode)
		return &apigateway.DeleteMethodResponseOutput{}, nil
	})
}
