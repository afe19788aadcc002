package apigateway

import (
	"context"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"

	"github.com/runnel/runnel/service/apigateway/patch"
	"github.com/runnel/runnel/service/apigateway/refuse"
	"github.com/runnel/runnel/store"
)

// CreateDeployment copies the API's definition, and points a stage at the copy
// if one is named, which is made where there is none.
func (s *Service) CreateDeployment(ctx context.Context, in *apigateway.CreateDeploymentInput) (*types.Deployment, error) {
	switch {
	case in.CanarySettings != nil:
		return nil, refuse.NotSupported("canarySettings")
	case aws.ToBool(in.CacheClusterEnabled) || in.CacheClusterSize != "":
		return nil, refuse.NotSupported("A cache cluster")
	}
	return update(ctx, s, func(tx *store.Tx) (*types.Deployment, error) {
		a, err := s.api(tx, in.RestApiId)
		if err != nil {
			return nil, err
		}
		d, err := s.deploy(tx, a, in.Description)
		if err != nil || aws.ToString(in.StageName) == "" {
			return d, err
		}
		return d, s.promote(tx, in, d)
	})
}

// deploy stores a deployment of the API as it is.
func (s *Service) deploy(tx *store.Tx, a *types.RestApi, description *string) (*types.Deployment, error) {
	summary, err := summarize(all[types.Resource](tx, resourcesIn(definitionOf(*a.Id))))
	if err != nil {
		return nil, err
	}
	d := &types.Deployment{
		Id: aws.String(newID(6)), Description: description,
		CreatedDate: aws.Time(tx.Now()), ApiSummary: summary,
	}
	to := copyOf(*a.Id, *d.Id)
	copyRows(tx, definitionOf(*a.Id), to)
	tx.PutJSON(to.Str("api"), a)
	tx.PutJSON(deploymentsOf(*a.Id).Str(*d.Id), d)
	return bareDeployment(d, nil), nil
}

// summarize lists the methods of an API that can be deployed.
func summarize(resources []*types.Resource) (map[string]map[string]types.MethodSnapshot, error) {
	summary := make(map[string]map[string]types.MethodSnapshot)
	for _, r := range resources {
		for _, verb := range slices.Sorted(maps.Keys(r.ResourceMethods)) {
			m := r.ResourceMethods[verb]
			if m.MethodIntegration == nil {
				return nil, refuse.BadRequest("No integration defined for method")
			}
			if summary[*r.Path] == nil {
				summary[*r.Path] = make(map[string]types.MethodSnapshot)
			}
			summary[*r.Path][verb] = types.MethodSnapshot{
				ApiKeyRequired: aws.ToBool(m.ApiKeyRequired), AuthorizationType: m.AuthorizationType,
			}
		}
	}
	if len(summary) == 0 {
		return nil, refuse.BadRequest("The REST API doesn't contain any methods")
	}
	return summary, nil
}

// promote points the stage that a deployment names at it.
func (s *Service) promote(tx *store.Tx, in *apigateway.CreateDeploymentInput, d *types.Deployment) error {
	st, err := s.stage(tx, in.RestApiId, in.StageName)
	if err != nil {
		st = &types.Stage{StageName: in.StageName, CreatedDate: aws.Time(tx.Now()), Description: in.StageDescription}
	}
	st.DeploymentId = d.Id
	if in.TracingEnabled != nil {
		st.TracingEnabled = *in.TracingEnabled
	}
	for name, value := range in.Variables {
		put(&st.Variables, name, value)
	}
	return s.saveStage(tx, *in.RestApiId, st)
}

// bareDeployment leaves out the summary of methods unless it is asked for.
func bareDeployment(d *types.Deployment, embed []string) *types.Deployment {
	if slices.Contains(embed, "apisummary") {
		return d
	}
	c := *d
	c.ApiSummary = nil
	return &c
}

func (s *Service) deployment(tx *store.Tx, api, id *string) (*types.Deployment, error) {
	if _, err := s.api(tx, api); err != nil {
		return nil, err
	}
	d, ok := get[types.Deployment](tx, deploymentsOf(*api).Str(aws.ToString(id)))
	if !ok {
		return nil, errNoDeployment()
	}
	return d, nil
}

// GetDeployment implements the operation of that name.
func (s *Service) GetDeployment(ctx context.Context, in *apigateway.GetDeploymentInput) (*types.Deployment, error) {
	return view(ctx, s, func(tx *store.Tx) (*types.Deployment, error) {
		d, err := s.deployment(tx, in.RestApiId, in.DeploymentId)
		if err != nil {
			return nil, err
		}
		return bareDeployment(d, in.Embed), nil
	})
}

// GetDeployments implements the operation of that name.
func (s *Service) GetDeployments(ctx context.Context, in *apigateway.GetDeploymentsInput) (*apigateway.GetDeploymentsOutput, error) {
	return view(ctx, s, func(tx *store.Tx) (*apigateway.GetDeploymentsOutput, error) {
		a, err := s.api(tx, in.RestApiId)
		if err != nil {
			return nil, err
		}
		out := &apigateway.GetDeploymentsOutput{}
		out.Items, out.Position = page[types.Deployment](tx, deploymentsOf(*a.Id), in.Position, in.Limit)
		for i := range out.Items {
			out.Items[i].ApiSummary = nil
		}
		return out, nil
	})
}

// UpdateDeployment implements the operation of that name.
func (s *Service) UpdateDeployment(ctx context.Context, in *apigateway.UpdateDeploymentInput) (*types.Deployment, error) {
	return update(ctx, s, func(tx *store.Tx) (*types.Deployment, error) {
		d, err := s.deployment(tx, in.RestApiId, in.DeploymentId)
		if err != nil {
			return nil, err
		}
		err = patch.Apply([]patch.Change[types.Deployment]{
			patch.Text("/description", func(d *types.Deployment) **string { return &d.Description }),
		}, d, in.PatchOperations)
		tx.PutJSON(deploymentsOf(*in.RestApiId).Str(*d.Id), d)
		return bareDeployment(d, nil), err
	})
}

// DeleteDeployment implements the operation of that name.
func (s *Service) DeleteDeployment(ctx context.Context, in *apigateway.DeleteDeploymentInput) (*apigateway.DeleteDeploymentOutput, error) {
	return nil, s.st.Update(ctx, func(tx *store.Tx) error {
		d, err := s.deployment(tx, in.RestApiId, in.DeploymentId)
		if err != nil {
			return err
		}
		for _, st := range all[types.Stage](tx, stagesOf(*in.RestApiId)) {
			if *st.DeploymentId == *d.Id {
				return refuse.BadRequest("Active stages pointing to this deployment must be moved or deleted")
			}
		}
		tx.Delete(deploymentsOf(*in.RestApiId).Str(*d.Id))
		tx.DeleteRange(store.Prefix(copyOf(*in.RestApiId, *d.Id)))
		return nil
	})
}
