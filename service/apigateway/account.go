package apigateway

import (
	"context"
	"maps"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"

	"github.com/runnel/runnel/service/apigateway/patch"
	"github.com/runnel/runnel/service/apigateway/refuse"
	"github.com/runnel/runnel/store"
)

// account is the account's settings, of which one can be changed. The limits
// are those that AWS gives every account; nothing is throttled here.
type account struct {
	ApiKeyVersion     *string
	CloudwatchRoleArn *string
	Features          []string
	ThrottleSettings  *types.ThrottleSettings
}

func readAccount(tx *store.Tx) *account {
	a, _ := get[account](tx, accountKey())
	a.ApiKeyVersion = aws.String("4")
	a.Features = []string{"UsagePlans"}
	a.ThrottleSettings = &types.ThrottleSettings{BurstLimit: 5000, RateLimit: 10000}
	return a
}

// GetAccount implements the operation of that name.
func (s *Service) GetAccount(ctx context.Context, _ *apigateway.GetAccountInput) (*account, error) {
	return view(ctx, s, func(tx *store.Tx) (*account, error) { return readAccount(tx), nil })
}

// UpdateAccount implements the operation of that name.
func (s *Service) UpdateAccount(ctx context.Context, in *apigateway.UpdateAccountInput) (*account, error) {
	return update(ctx, s, func(tx *store.Tx) (*account, error) {
		a := readAccount(tx)
		err := patch.Apply([]patch.Change[account]{
			patch.Text("/cloudwatchRoleArn", func(a *account) **string { return &a.CloudwatchRoleArn }),
		}, a, in.PatchOperations)
		if role := aws.ToString(a.CloudwatchRoleArn); err == nil && role != "" {
			if r, bad := arn.Parse(role); bad != nil || r.Service != "iam" {
				err = refuse.BadRequest("The role ARN does not have required permissions configured. Please grant trust permission for API Gateway and add the required role policy.")
			}
		}
		tx.PutJSON(accountKey(), a)
		return a, err
	})
}

// tags are the tags of what an ARN names, an API or a stage, and a function
// that stores them: arn:aws:apigateway:REGION::/restapis/ID[/stages/NAME].
func (s *Service) tags(tx *store.Tx, resource *string) (tags map[string]string, save func(), err error) {
	a, err := arn.Parse(aws.ToString(resource))
	parts := strings.Split(strings.TrimPrefix(a.Resource, "/"), "/")
	switch {
	case err != nil || a.Service != "apigateway":
		return nil, nil, refuse.BadRequest("Invalid ARN specified in the request")
	case len(parts) == 2 && parts[0] == "restapis":
		api, err := s.api(tx, &parts[1])
		if err != nil {
			return nil, nil, err
		}
		return ensure(&api.Tags), func() { tx.PutJSON(apis().Str(*api.Id), api) }, nil
	case len(parts) == 4 && parts[0] == "restapis" && parts[2] == "stages":
		st, err := s.stage(tx, &parts[1], &parts[3])
		if err != nil {
			return nil, nil, err
		}
		return ensure(&st.Tags), func() { tx.PutJSON(stagesOf(parts[1]).Str(*st.StageName), st) }, nil
	}
	return nil, nil, errNotFound("Invalid resource ARN specified: " + aws.ToString(resource))
}

func ensure(m *map[string]string) map[string]string {
	if *m == nil {
		*m = make(map[string]string)
	}
	return *m
}

// maxTags is how many tags an API or a stage may have.
const maxTags = 50

// TagResource implements the operation of that name.
func (s *Service) TagResource(ctx context.Context, in *apigateway.TagResourceInput) (*apigateway.TagResourceOutput, error) {
	return nil, s.st.Update(ctx, func(tx *store.Tx) error {
		tags, save, err := s.tags(tx, in.ResourceArn)
		if err != nil {
			return err
		}
		maps.Copy(tags, in.Tags)
		if len(tags) > maxTags {
			return refuse.BadRequest("The number of tags exceeds the limit of %d", maxTags)
		}
		save()
		return nil
	})
}

// UntagResource implements the operation of that name.
func (s *Service) UntagResource(ctx context.Context, in *apigateway.UntagResourceInput) (*apigateway.UntagResourceOutput, error) {
	return nil, s.st.Update(ctx, func(tx *store.Tx) error {
		tags, save, err := s.tags(tx, in.ResourceArn)
		if err != nil {
			return err
		}
		for _, k := range in.TagKeys {
			delete(tags, k)
		}
		save()
		return nil
	})
}

// GetTags implements the operation of that name.
func (s *Service) GetTags(ctx context.Context, in *apigateway.GetTagsInput) (*apigateway.GetTagsOutput, error) {
	return view(ctx, s, func(tx *store.Tx) (*apigateway.GetTagsOutput, error) {
		tags, _, err := s.tags(tx, in.ResourceArn)
		return &apigateway.GetTagsOutput{Tags: tags}, err
	})
}
