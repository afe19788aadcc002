package apigateway

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"

	"github.com/runnel/runnel/service/apigateway/patch"
	"github.com/runnel/runnel/service/apigateway/refuse"
	"github.com/runnel/runnel/store"
)

// gatewayStatus is the status of each kind of answer that the gateway makes by
// itself; the two defaults have none of their own.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
func gatewayStatus(kind types.GatewayResponseType) string {
	switch kind {
	case types.GatewayResponseTypeApiConfigurationError, types.GatewayResponseTypeAuthorizerConfigurationError,
		types.GatewayResponseTypeAuthorizerFailure:
		return "500"
	case types.GatewayResponseTypeIntegrationFailure, types.GatewayResponseTypeIntegrationTimeout:
		return "504"
	case types.GatewayResponseTypeBadRequestBody, types.GatewayResponseTypeBadRequestParameters:
		return "400"
	case types.GatewayResponseTypeResourceNotFound:
		return "404"
	case types.GatewayResponseTypeUnauthorized:
		return "401"
	case types.GatewayResponseTypeQuotaExceeded, types.GatewayResponseTypeThrottled:
		return "429"
	case types.GatewayResponseTypeRequestTooLarge:
		return "413"
	case types.GatewayResponseTypeUnsupportedMediaType:
		return "415"
	case types.GatewayResponseTypeDefault4xx, types.GatewayResponseTypeDefault5xx:
		return ""
	}
	return "403"
}

const defaultTemplate = `{"message":$context.error.messageString}`

// defaultResponse is what an API answers that did not say otherwise.
func defaultResponse(kind types.GatewayResponseType) *types.GatewayResponse {
	r := &types.GatewayResponse{
		ResponseType: kind, DefaultResponse: true,
		ResponseParameters: map[string]string{},
		ResponseTemplates:  map[string]string{"application/json": defaultTemplate},
	}
	if status := gatewayStatus(kind); status != "" {
		r.StatusCode = &status
	}
	return r
}

var gatewayParameter = regexp.MustCompile(`^gatewayresponse\.header\.[a-zA-Z0-9._$-]+$`)

func checkGatewayResponse(r *types.GatewayResponse) error {
	if err := refuse.Enum(r.ResponseType, "responseType", r.ResponseType.Values()); err != nil {
		return err
	}
	if r.StatusCode != nil && !statusCode.MatchString(*r.StatusCode) {
		return refuse.BadRequest("Invalid status code specified")
	}
	for name, value := range r.ResponseParameters {
		if !gatewayParameter.MatchString(name) {
			return errMapping(name)
		}
		if _, ok := literal(value); ok {
			continue
		}
		if !slices.ContainsFunc([]string{"method.request.header.", "method.request.querystring.", "method.request.path.", "context.", "stageVariables."},
			func(p string) bool { return strings.HasPrefix(value, p) }) {
			return errMapping(value)
		}
	}
	return nil
}

// PutGatewayResponse implements the operation of that name.
func (s *Service) PutGatewayResponse(ctx context.Context, in *apigateway.PutGatewayResponseInput) (*types.GatewayResponse, error) {
	r := &types.GatewayResponse{
		ResponseType: in.ResponseType, StatusCode: in.StatusCode,
		ResponseParameters: in.ResponseParameters, ResponseTemplates: in.ResponseTemplates,
	}
	if err := completeGatewayResponse(r); err != nil {
		return nil, err
	}
	return update(ctx, s, func(tx *store.Tx) (*types.GatewayResponse, error) {
		if _, err := s.api(tx, in.RestApiId); err != nil {
			return nil, err
		}
		tx.PutJSON(responsesIn(definitionOf(*in.RestApiId)).Str(string(r.ResponseType)), r)
		return r, nil
	})
}

func completeGatewayResponse(r *types.GatewayResponse) error {
	d := defaultResponse(r.ResponseType)
	if r.StatusCode == nil {
		r.StatusCode = d.StatusCode
	}
	if r.ResponseTemplates == nil {
		r.ResponseTemplates = d.ResponseTemplates
	}
	if r.ResponseParameters == nil {
		r.ResponseParameters = d.ResponseParameters
	}
	r.DefaultResponse = false
	return checkGatewayResponse(r)
}

func (s *Service) gatewayResponse(tx *store.Tx, api *string, kind types.GatewayResponseType) (*types.GatewayResponse, error) {
	if err := refuse.Enum(kind, "responseType", kind.Values()); err != nil {
		return nil, err
	}
	if _, err := s.api(tx, api); err != nil {
		return nil, err
	}
	if r, ok := get[types.GatewayResponse](tx, responsesIn(definitionOf(*api)).Str(string(kind))); ok {
		return r, nil
	}
	return defaultResponse(kind), nil
}

// GetGatewayResponse implements the operation of that name.
func (s *Service) GetGatewayResponse(ctx context.Context, in *apigateway.GetGatewayResponseInput) (*types.GatewayResponse, error) {
	return view(ctx, s, func(tx *store.Tx) (*types.GatewayResponse, error) {
		return s.gatewayResponse(tx, in.RestApiId, in.ResponseType)
	})
}

// GetGatewayResponses lists all kinds on one page, the API's own and the
// defaults, as API Gateway does.
func (s *Service) GetGatewayResponses(ctx context.Context, in *apigateway.GetGatewayResponsesInput) (*apigateway.GetGatewayResponsesOutput, error) {
	return view(ctx, s, func(tx *store.Tx) (*apigateway.GetGatewayResponsesOutput, error) {
		out := &apigateway.GetGatewayResponsesOutput{}
		for _, kind := range types.GatewayResponseType("").Values() {
			r, err := s.gatewayResponse(tx, in.RestApiId, kind)
			if err != nil {
				return nil, err
			}
			out.Items = append(out.Items, *r)
		}
		return out, nil
	})
}

// UpdateGatewayResponse implements the operation of that name.
func (s *Service) UpdateGatewayResponse(ctx context.Context, in *apigateway.UpdateGatewayResponseInput) (*types.GatewayResponse, error) {
	return update(ctx, s, func(tx *store.Tx) (*types.GatewayResponse, error) {
		r, err := s.gatewayResponse(tx, in.RestApiId, in.ResponseType)
		if err != nil {
			return nil, err
		}
		err = patch.Apply([]patch.Change[types.GatewayResponse]{
			patch.Text("/statusCode", func(r *types.GatewayResponse) **string { return &r.StatusCode }),
			patch.Entries("/responseParameters", func(r *types.GatewayResponse) *map[string]string { return &r.ResponseParameters }),
			patch.Entries("/responseTemplates", func(r *types.GatewayResponse) *map[string]string { return &r.ResponseTemplates }),
		}, r, in.PatchOperations)
		if err != nil {
			return nil, err
		}
		r.DefaultResponse = false
		tx.PutJSON(responsesIn(definitionOf(*in.RestApiId)).Str(string(r.ResponseType)), r)
		return r, checkGatewayResponse(r)
	})
}

// DeleteGatewayResponse brings back the default.
func (s *Service) DeleteGatewayResponse(ctx context.Context, in *apigateway.DeleteGatewayResponseInput) (*apigateway.DeleteGatewayResponseOutput, error) {
	return nil, s.st.Update(ctx, func(tx *store.Tx) error {
		r, err := s.gatewayResponse(tx, in.RestApiId, in.ResponseType)
		if err == nil && r.DefaultResponse {
			err = errNotFound("Gateway response type not defined on api")
		}
		if err == nil {
			tx.Delete(responsesIn(definitionOf(*in.RestApiId)).Str(string(r.ResponseType)))
		}
		return err
	})
}
