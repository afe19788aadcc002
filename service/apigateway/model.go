package apigateway

import (
	"context"
	"encoding/json"
	"regexp"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"

	"github.com/runnel/runnel/service/apigateway/patch"
	"github.com/runnel/runnel/service/apigateway/refuse"
	"github.com/runnel/runnel/store"
)

// builtinModels are those that every API has.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/models-mappings-models.html
func builtinModel(name string) *types.Model {
	switch name {
	case "Empty":
		return &types.Model{
			Id: aws.String("empty0"), Name: aws.String("Empty"), ContentType: aws.String("application/json"),
			Description: aws.String("This is a default empty schema model"),
			Schema:      aws.String("{\n  \"$schema\": \"http://json-schema.org/draft-04/schema#\",\n  \"title\" : \"Empty Schema\",\n  \"type\" : \"object\"\n}"),
		}
	case "Error":
		return &types.Model{
			Id: aws.String("error0"), Name: aws.String("Error"), ContentType: aws.String("application/json"),
			Description: aws.String("This is a default error schema model"),
			Schema:      aws.String("{\n  \"$schema\" : \"http://json-schema.org/draft-04/schema#\",\n  \"title\" : \"Error Schema\",\n  \"type\" : \"object\",\n  \"properties\" : {\n    \"message\" : { \"type\" : \"string\" }\n  }\n}"),
		}
	}
	return nil
}

var modelName = regexp.MustCompile(`^[a-zA-Z0-9]+$`)

func knownModel(tx *store.Tx, definition store.Key, name string) bool {
	return builtinModel(name) != nil || tx.Has(modelsIn(definition).Str(name))
}

func (s *Service) model(tx *store.Tx, api, name *string) (*types.Model, error) {
	if _, err := s.api(tx, api); err != nil {
		return nil, err
	}
	if m, ok := get[types.Model](tx, modelsIn(definitionOf(*api)).Str(aws.ToString(name))); ok {
		return m, nil
	}
	if m := builtinModel(aws.ToString(name)); m != nil {
		return m, nil
	}
	return nil, errNoModel(aws.ToString(name))
}

// CreateModel implements the operation of that name.
func (s *Service) CreateModel(ctx context.Context, in *apigateway.CreateModelInput) (*types.Model, error) {
	m := &types.Model{
		Id: aws.String(newID(6)), Name: in.Name, ContentType: in.ContentType,
		Description: in.Description, Schema: in.Schema,
	}
	if err := checkModel(m); err != nil {
		return nil, err
	}
	return update(ctx, s, func(tx *store.Tx) (*types.Model, error) {
		if _, err := s.api(tx, in.RestApiId); err != nil {
			return nil, err
		}
		if knownModel(tx, definitionOf(*in.RestApiId), *m.Name) {
			return nil, errConflict("Model name already exists for this REST API")
		}
		tx.PutJSON(modelsIn(definitionOf(*in.RestApiId)).Str(*m.Name), m)
		return m, nil
	})
}

func checkModel(m *types.Model) error {
	switch {
	case !modelName.MatchString(aws.ToString(m.Name)):
		return refuse.BadRequest("Model name must be alphanumeric: %s", aws.ToString(m.Name))
	case aws.ToString(m.ContentType) == "":
		return refuse.BadRequest("No content type specified")
	case m.Schema != nil && !json.Valid([]byte(*m.Schema)):
		return refuse.BadRequest("Invalid model specified: Validation Result: warnings : [], errors : [Invalid model schema specified]")
	}
	return nil
}

// GetModel implements the operation of that name.
func (s *Service) GetModel(ctx context.Context, in *apigateway.GetModelInput) (*types.Model, error) {
	if in.Flatten {
		return nil, refuse.NotSupported("flatten")
	}
	return view(ctx, s, func(tx *store.Tx) (*types.Model, error) { return s.model(tx, in.RestApiId, in.ModelName) })
}

// GetModels lists the models that an API was given; the two that every API has
// come by name only.
func (s *Service) GetModels(ctx context.Context, in *apigateway.GetModelsInput) (*apigateway.GetModelsOutput, error) {
	return view(ctx, s, func(tx *store.Tx) (*apigateway.GetModelsOutput, error) {
		if _, err := s.api(tx, in.RestApiId); err != nil {
			return nil, err
		}
		out := &apigateway.GetModelsOutput{}
		out.Items, out.Position = page[types.Model](tx, modelsIn(definitionOf(*in.RestApiId)), in.Position, in.Limit)
		return out, nil
	})
}

// UpdateModel implements the operation of that name.
func (s *Service) UpdateModel(ctx context.Context, in *apigateway.UpdateModelInput) (*types.Model, error) {
	return update(ctx, s, func(tx *store.Tx) (*types.Model, error) {
		m, err := s.model(tx, in.RestApiId, in.ModelName)
		if err != nil {
			return nil, err
		}
		err = patch.Apply([]patch.Change[types.Model]{
			patch.Text("/description", func(m *types.Model) **string { return &m.Description }),
			patch.Text("/schema", func(m *types.Model) **string { return &m.Schema }),
		}, m, in.PatchOperations)
		if err != nil {
			return nil, err
		}
		tx.PutJSON(modelsIn(definitionOf(*in.RestApiId)).Str(*m.Name), m)
		return m, checkModel(m)
	})
}

// DeleteModel implements the operation of that name.
func (s *Service) DeleteModel(ctx context.Context, in *apigateway.DeleteModelInput) (*apigateway.DeleteModelOutput, error) {
	return nil, s.st.Update(ctx, func(tx *store.Tx) error {
		m, err := s.model(tx, in.RestApiId, in.ModelName)
		if err != nil {
			return err
		}
		for _, r := range all[types.Resource](tx, resourcesIn(definitionOf(*in.RestApiId))) {
			if usesModel(r, *m.Name) {
				return errConflict("Cannot delete model '%s', is referenced in method request or response of resource: %s", *m.Name, *r.Path)
			}
		}
		tx.Delete(modelsIn(definitionOf(*in.RestApiId)).Str(*m.Name))
		return nil
	})
}

func usesModel(r *types.Resource, name string) bool {
	for _, m := range r.ResourceMethods {
		for _, used := range m.RequestModels {
			if used == name {
				return true
			}
		}
		for _, response := range m.MethodResponses {
			for _, used := range response.ResponseModels {
				if used == name {
					return true
				}
			}
		}
	}
	return false
}
