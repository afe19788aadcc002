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

// What stages and their variables may be called and hold.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-stages.html
var (
	stageName     = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,128}$`)
	variableName  = regexp.MustCompile(`^[a-zA-Z0-9_]{1,64}$`)
	variableValue = regexp.MustCompile(`^[A-Za-z0-9\-._~:/?#&=,]{0,512}$`)
)

func (s *Service) stage(tx *store.Tx, api, name *string) (*types.Stage, error) {
	if _, err := s.api(tx, api); err != nil {
		return nil, err
	}
	st, ok := get[types.Stage](tx, stagesOf(*api).Str(aws.ToString(name)))
	if !ok {
		return nil, errNoStage()
	}
	return st, nil
}

// saveStage checks a stage and stores it.
func (s *Service) saveStage(tx *store.Tx, api string, st *types.Stage) error {
	if !stageName.MatchString(aws.ToString(st.StageName)) {
		return refuse.BadRequest("Stage name only allows a-zA-Z0-9_-")
	}
	if !tx.Has(deploymentsOf(api).Str(aws.ToString(st.DeploymentId))) {
		return refuse.BadRequest("Deployment id does not exist")
	}
	for name, value := range st.Variables {
		if !variableName.MatchString(name) {
			return refuse.BadRequest("Invalid stage variable name: %s. Please use alphanumeric characters and underscores.", name)
		}
		if !variableValue.MatchString(value) {
			return refuse.BadRequest("Stage variable value %s for %s does not match the pattern [A-Za-z0-9-._~:/?#&=,]+", value, name)
		}
	}
	st.LastUpdatedDate = aws.Time(tx.Now())
	st.CacheClusterStatus = types.CacheClusterStatusNotAvailable
	if st.MethodSettings == nil {
		st.MethodSettings = map[string]types.MethodSetting{}
	}
	tx.PutJSON(stagesOf(api).Str(*st.StageName), st)
	s.changed(tx, api)
	return nil
}

// CreateStage implements the operation of that name.
func (s *Service) CreateStage(ctx context.Context, in *apigateway.CreateStageInput) (*types.Stage, error) {
	switch {
	case in.CanarySettings != nil:
		return nil, refuse.NotSupported("canarySettings")
	case in.CacheClusterEnabled || in.CacheClusterSize != "":
		return nil, refuse.NotSupported("A cache cluster")
	case in.DocumentationVersion != nil:
		return nil, refuse.NotSupported("documentationVersion")
	}
	return update(ctx, s, func(tx *store.Tx) (*types.Stage, error) {
		_, err := s.stage(tx, in.RestApiId, in.StageName)
		if err == nil {
			return nil, errConflict("Stage already exists")
		}
		if _, err := s.api(tx, in.RestApiId); err != nil {
			return nil, err
		}
		st := &types.Stage{
			StageName: in.StageName, DeploymentId: in.DeploymentId, Description: in.Description,
			TracingEnabled: in.TracingEnabled, Variables: in.Variables, Tags: in.Tags, CreatedDate: aws.Time(tx.Now()),
		}
		return st, s.saveStage(tx, *in.RestApiId, st)
	})
}

// GetStage implements the operation of that name.
func (s *Service) GetStage(ctx context.Context, in *apigateway.GetStageInput) (*types.Stage, error) {
	return view(ctx, s, func(tx *store.Tx) (*types.Stage, error) { return s.stage(tx, in.RestApiId, in.StageName) })
}

// GetStages implements the operation of that name.
func (s *Service) GetStages(ctx context.Context, in *apigateway.GetStagesInput) (*apigateway.GetStagesOutput, error) {
	return view(ctx, s, func(tx *store.Tx) (*apigateway.GetStagesOutput, error) {
		if _, err := s.api(tx, in.RestApiId); err != nil {
			return nil, err
		}
		out := &apigateway.GetStagesOutput{Item: []types.Stage{}}
		for _, st := range all[types.Stage](tx, stagesOf(*in.RestApiId)) {
			if in.DeploymentId == nil || *in.DeploymentId == *st.DeploymentId {
				out.Item = append(out.Item, *st)
			}
		}
		return out, nil
	})
}

// UpdateStage implements the operation of that name.
func (s *Service) UpdateStage(ctx context.Context, in *apigateway.UpdateStageInput) (*types.Stage, error) {
	return update(ctx, s, func(tx *store.Tx) (*types.Stage, error) {
		st, err := s.stage(tx, in.RestApiId, in.StageName)
		if err != nil {
			return nil, err
		}
		var rest []types.PatchOperation
		for _, op := range in.PatchOperations {
			is, err := changeSetting(st, op)
			switch path := aws.ToString(op.Path); {
			case err != nil:
				return nil, err
			case is:
			case !unsupported(path):
				rest = append(rest, op)
			case !turnsOff(op):
				return nil, refuse.NotSupported("The stage setting " + path)
			}
		}
		if err := patch.Apply(stageChanges(), st, rest); err != nil {
			return nil, err
		}
		return st, s.saveStage(tx, *in.RestApiId, st)
	})
}

func stageChanges() []patch.Change[types.Stage] {
	return []patch.Change[types.Stage]{
		patch.Text("/deploymentId", func(st *types.Stage) **string { return &st.DeploymentId }),
		patch.Text("/description", func(st *types.Stage) **string { return &st.Description }),
		patch.Flag("/tracingEnabled", func(st *types.Stage) *bool { return &st.TracingEnabled }),
		patch.Entries("/variables", func(st *types.Stage) *map[string]string { return &st.Variables }),
	}
}

// unsupportedSettings are the paths, as far as they need be looked at, of what
// a stage has on AWS alone; see methodsetting.go for those of methods.
var unsupportedSettings = []string{
	"/accessLogSettings", "/cacheClusterEnabled", "/cacheClusterSize", "/canarySettings", "/clientCertificateId",
	"/documentationVersion", "/logging/", "/metrics/", "/throttling/", "/caching/",
}

// unsupported reports whether a path is that of such a setting.
func unsupported(path string) bool {
	return slices.ContainsFunc(unsupportedSettings, func(p string) bool {
		return strings.HasPrefix(path, p) || strings.HasSuffix(p, "/") && strings.Contains(path, p)
	})
}

// turnsOff reports whether an operation leaves a setting that is not supported
// as it is, which is off.
func turnsOff(op types.PatchOperation) bool {
	return op.Op == types.OpRemove || slices.Contains([]string{"", "false", "OFF", "-1"}, aws.ToString(op.Value))
}

// DeleteStage implements the operation of that name.
func (s *Service) DeleteStage(ctx context.Context, in *apigateway.DeleteStageInput) (*apigateway.DeleteStageOutput, error) {
	return nil, s.st.Update(ctx, func(tx *store.Tx) error {
		st, err := s.stage(tx, in.RestApiId, in.StageName)
		if err != nil {
			return err
		}
		tx.Delete(stagesOf(*in.RestApiId).Str(*st.StageName))
		s.changed(tx, *in.RestApiId)
		return nil
	})
}
