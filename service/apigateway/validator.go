package apigateway

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"

	"github.com/runnel/runnel/service/apigateway/patch"
	"github.com/runnel/runnel/service/apigateway/refuse"
	"github.com/runnel/runnel/store"
)

// checkValidator takes validators of parameters; bodies are not validated.
func checkValidator(v *types.RequestValidator) error {
	if v.ValidateRequestBody {
		return refuse.NotSupported("Validation of request bodies (validateRequestBody)")
	}
	return nil
}

func (s *Service) validator(tx *store.Tx, api, id *string) (*types.RequestValidator, error) {
	if _, err := s.api(tx, api); err != nil {
		return nil, err
	}
	v, ok := get[types.RequestValidator](tx, validatorsIn(definitionOf(*api)).Str(aws.ToString(id)))
	if !ok {
		return nil, errNoValidator()
	}
	return v, nil
}

// CreateRequestValidator implements the operation of that name.
func (s *Service) CreateRequestValidator(ctx context.Context, in *apigateway.CreateRequestValidatorInput) (*types.RequestValidator, error) {
	v := &types.RequestValidator{
		Id: aws.String(newID(6)), Name: in.Name,
		ValidateRequestBody: in.ValidateRequestBody, ValidateRequestParameters: in.ValidateRequestParameters,
	}
	return update(ctx, s, func(tx *store.Tx) (*types.RequestValidator, error) {
		if _, err := s.api(tx, in.RestApiId); err != nil {
			return nil, err
		}
		tx.PutJSON(validatorsIn(definitionOf(*in.RestApiId)).Str(*v.Id), v)
		return v, checkValidator(v)
	})
}

// GetRequestValidator implements the operation of that name.
func (s *Service) GetRequestValidator(ctx context.Context, in *apigateway.GetRequestValidatorInput) (*types.RequestValidator, error) {
	return view(ctx, s, func(tx *store.Tx) (*types.RequestValidator, error) {
		return s.validator(tx, in.RestApiId, in.RequestValidatorId)
	})
}

// GetRequestValidators implements the operation of that name.
func (s *Service) GetRequestValidators(ctx context.Context, in *apigateway.GetRequestValidatorsInput) (*apigateway.GetRequestValidatorsOutput, error) {
	return view(ctx, s, func(tx *store.Tx) (*apigateway.GetRequestValidatorsOutput, error) {
		if _, err := s.api(tx, in.RestApiId); err != nil {
			return nil, err
		}
		out := &apigateway.GetRequestValidatorsOutput{}
		out.Items, out.Position = page[types.RequestValidator](tx, validatorsIn(definitionOf(*in.RestApiId)), in.Position, in.Limit)
		return out, nil
	})
}

// UpdateRequestValidator implements the operation of that name.
func (s *Service) UpdateRequestValidator(ctx context.Context, in *apigateway.UpdateRequestValidatorInput) (*types.RequestValidator, error) {
	return update(ctx, s, func(tx *store.Tx) (*types.RequestValidator, error) {
		v, err := s.validator(tx, in.RestApiId, in.RequestValidatorId)
		if err != nil {
			return nil, err
		}
		err = patch.Apply([]patch.Change[types.RequestValidator]{
			patch.Text("/name", func(v *types.RequestValidator) **string { return &v.Name }),
			patch.Flag("/validateRequestBody", func(v *types.RequestValidator) *bool { return &v.ValidateRequestBody }),
			patch.Flag("/validateRequestParameters", func(v *types.RequestValidator) *bool { return &v.ValidateRequestParameters }),
		}, v, in.PatchOperations)
		if err != nil {
			return nil, err
		}
		tx.PutJSON(validatorsIn(definitionOf(*in.RestApiId)).Str(*v.Id), v)
		return v, checkValidator(v)
	})
}

// DeleteRequestValidator implements the operation of that name.
func (s *Service) DeleteRequestValidator(ctx context.Context, in *apigateway.DeleteRequestValidatorInput) (*apigateway.DeleteRequestValidatorOutput, error) {
	return nil, s.st.Update(ctx, func(tx *store.Tx) error {
		v, err := s.validator(tx, in.RestApiId, in.RequestValidatorId)
		if err != nil {
			return err
		}
		for _, r := range all[types.Resource](tx, resourcesIn(definitionOf(*in.RestApiId))) {
			for _, m := range r.ResourceMethods {
				if aws.ToString(m.RequestValidatorId) == *v.Id {
					return errConflict("Cannot delete request validator '%s', is referenced in method of resource: %s", *v.Id, *r.Path)
				}
			}
		}
		tx.Delete(validatorsIn(definitionOf(*in.RestApiId)).Str(*v.Id))
		return nil
	})
}
