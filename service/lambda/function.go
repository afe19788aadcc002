package lambda

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/service/lambda/fault"
	"github.com/runnel/runnel/store"
)

// timeFormat is LastModified's.
const timeFormat = "2006-01-02T15:04:05.000-0700"

// CreateFunction makes a function with one version, $LATEST.
func (s *Service) CreateFunction(ctx context.Context, in *lambda.CreateFunctionInput) (*types.FunctionConfiguration, error) {
	name, err := s.unqualified(in.FunctionName)
	if err != nil {
		return nil, err
	}
	config, err := s.configure(in)
	if err != nil {
		return nil, err
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	if err := s.checkRole(ctx, in.Role, name); err != nil {
		return nil, err
	}
	pkg, err := s.upload(ctx, in.Code)
	if err != nil {
		return nil, err
	}
	config.FunctionName = aws.String(name)
	config.FunctionArn = aws.String(s.arn(ref{Name: name}))
	config.Version = aws.String(latest)
	if config.LoggingConfig == nil {
		config.LoggingConfig = &types.LoggingConfig{LogFormat: types.LogFormatText, LogGroup: aws.String("/aws/lambda/" + name)}
	}
	err = s.st.Update(ctx, func(tx *store.Tx) error {
		if tx.Has(functionKey(name)) {
			return fault.Conflict("Function already exist: %s", name)
		}
		if err := s.checkDeadLetter(ctx, tx, config); err != nil {
			return err
		}
		tx.PutJSON(functionKey(name), functionRow{Created: tx.Now(), Tags: in.Tags})
		row := versionRow{Config: *config}
		pkg.into(tx, &row)
		s.modified(tx, &row)
		s.putVersion(tx, name, 0, row)
		config = &row.Config
		if in.Publish {
			config, err = s.publish(tx, name, in.Description)
		}
		return err
	})
	if err != nil {
		s.discardRefused(pkg, err)
		return nil, err
	}
	return config, nil
}

// modified stamps a version that was changed.
func (s *Service) modified(tx *store.Tx, row *versionRow) {
	c := &row.Config
	c.LastModified = aws.String(tx.Now().Format(timeFormat))
	c.RevisionId = aws.String(event.NewID())
	c.State = types.StateActive
	c.LastUpdateStatus = types.LastUpdateStatusSuccessful
}

// checkRole asks for the role's credentials, as AWS does before it takes a
// function.
func (s *Service) checkRole(ctx context.Context, role *string, session string) error {
	if s.cfg.Roles == nil || role == nil {
		return nil
	}
	if _, err := s.roles.renew(ctx, *role, session); isMissing(err) {
		return fault.Invalid("The role defined for the function cannot be assumed by Lambda.")
	} else if err != nil {
		return err
	}
	return nil
}

// checkDeadLetter verifies that the dead-letter target is there.
func (s *Service) checkDeadLetter(ctx context.Context, tx *store.Tx, c *types.FunctionConfiguration) error {
	if c.DeadLetterConfig == nil {
		return nil
	}
	target := aws.ToString(c.DeadLetterConfig.TargetArn)
	err := s.cfg.Router.Check(ctx, tx, target, s.sender())
	if isMissing(err) {
		return fault.Invalid("The target %s of DeadLetterConfig cannot be used: %v", target, err)
	}
	return err
}

// GetFunction returns the configuration and where the code is.
func (s *Service) GetFunction(ctx context.Context, in *lambda.GetFunctionInput) (*lambda.GetFunctionOutput, error) {
	r, err := s.ref(in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	var f functionRow
	var v versionRow
	err = s.st.View(ctx, func(tx *store.Tx) (err error) {
		if v, err = s.getVersion(tx, r); err != nil {
			return err
		}
		f, err = s.getFunction(tx, r.Name)
		return err
	})
	if err != nil {
		return nil, err
	}
	location, err := s.codeURL(ctx, &v.Config)
	if err != nil {
		return nil, err
	}
	out := &lambda.GetFunctionOutput{
		Configuration: s.shown(&v.Config, r),
		Code:          &types.FunctionCodeLocation{RepositoryType: aws.String("S3"), Location: &location},
		Tags:          f.Tags,
	}
	if f.Reserved != nil {
		out.Concurrency = &types.Concurrency{ReservedConcurrentExecutions: f.Reserved}
	}
	return out, nil
}

// shown is a configuration as it is shown to who asked for r: with the
// qualifier in the ARN, if there was one.
func (s *Service) shown(c *types.FunctionConfiguration, r ref) *types.FunctionConfiguration {
	if r.Qualifier != "" {
		c.FunctionArn = aws.String(s.arn(r))
	}
	return c
}

// GetFunctionConfiguration returns a version's configuration.
func (s *Service) GetFunctionConfiguration(ctx context.Context, in *lambda.GetFunctionConfigurationInput) (*types.FunctionConfiguration, error) {
	r, err := s.ref(in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	var v versionRow
	err = s.st.View(ctx, func(tx *store.Tx) (err error) { v, err = s.getVersion(tx, r); return })
	if err != nil {
		return nil, err
	}
	return s.shown(&v.Config, r), nil
}

// ListFunctions lists $LATEST of all functions, or all versions.
func (s *Service) ListFunctions(ctx context.Context, in *lambda.ListFunctionsInput) (*lambda.ListFunctionsOutput, error) {
	var v fault.Constraints
	if in.FunctionVersion != "" && in.FunctionVersion != types.FunctionVersionAll {
		v.Fail("functionVersion", in.FunctionVersion, fault.MustBeEnum, "ALL")
	}
	p, err := newPage(&v, in.Marker, in.MaxItems, 10000)
	if err != nil {
		return nil, err
	}
	out := &lambda.ListFunctionsOutput{Functions: []types.FunctionConfiguration{}}
	err = s.st.View(ctx, func(tx *store.Tx) error {
		next, err := listRows(tx, p, key("version"), func(k store.Key, row *versionRow) bool {
			all := in.FunctionVersion == types.FunctionVersionAll
			if !all && aws.ToString(row.Config.Version) != latest {
				return false
			}
			if all {
				row.Config.FunctionArn = aws.String(s.arn(ref{aws.ToString(row.Config.FunctionName), aws.ToString(row.Config.Version)}))
			}
			out.Functions = append(out.Functions, row.Config)
			return true
		})
		out.NextMarker = next
		return err
	})
	return out, err
}

// UpdateFunctionCode replaces the code of $LATEST.
func (s *Service) UpdateFunctionCode(ctx context.Context, in *lambda.UpdateFunctionCodeInput) (*types.FunctionConfiguration, error) {
	name, err := s.unqualified(in.FunctionName)
	if err != nil {
		return nil, err
	}
	code := &types.FunctionCode{ZipFile: in.ZipFile, S3Bucket: in.S3Bucket, S3Key: in.S3Key,
		S3ObjectVersion: in.S3ObjectVersion, ImageUri: in.ImageUri, SourceKMSKeyArn: in.SourceKMSKeyArn}
	if err := unsupported(&lambda.CreateFunctionInput{Code: code, PublishTo: in.PublishTo}); err != nil {
		return nil, err
	}
	var v fault.Constraints
	checkArchitectures(&v, in.Architectures)
	if err := v.Err(); err != nil {
		return nil, err
	}
	if err := s.exists(ctx, name); err != nil {
		return nil, err // before the code is read, which may be long
	}
	pkg, err := s.upload(ctx, code)
	if err != nil {
		return nil, err
	}
	if in.DryRun {
		defer s.discard(pkg)
	}
	row, err := s.update(ctx, name, in.RevisionId, in.DryRun, func(tx *store.Tx, row *versionRow) error {
		if in.DryRun {
			row.Config.CodeSha256, row.Config.CodeSize = aws.String(pkg.sha), pkg.size
			return nil
		}
		if len(in.Architectures) > 0 {
			row.Config.Architectures = in.Architectures
		}
		old := *row
		pkg.into(tx, row)
		s.retireCode(tx, &old)
		return nil
	}, in.Publish)
	if err != nil && !in.DryRun {
		s.discardRefused(pkg, err)
	}
	return row, err
}

// GetFunctionCodeSigningConfig says that there is none, as for a function that
// was made without one.
func (s *Service) GetFunctionCodeSigningConfig(ctx context.Context, in *lambda.GetFunctionCodeSigningConfigInput) (*lambda.GetFunctionCodeSigningConfigOutput, error) {
	name, err := s.unqualified(in.FunctionName)
	if err != nil {
		return nil, err
	}
	return &lambda.GetFunctionCodeSigningConfigOutput{FunctionName: aws.String(name)}, s.exists(ctx, name)
}

func (s *Service) exists(ctx context.Context, name string) error {
	return s.st.View(ctx, func(tx *store.Tx) error { _, err := s.getFunction(tx, name); return err })
}

// UpdateFunctionConfiguration changes the configuration of $LATEST.
func (s *Service) UpdateFunctionConfiguration(ctx context.Context, in *lambda.UpdateFunctionConfigurationInput) (*types.FunctionConfiguration, error) {
	name, err := s.unqualified(in.FunctionName)
	if err != nil {
		return nil, err
	}
	// What does not depend on the function is checked before the transaction.
	if err := s.reconfigure(new(types.FunctionConfiguration), in); err != nil {
		return nil, err
	}
	if err := s.exists(ctx, name); err != nil {
		return nil, err
	}
	if err := s.checkRole(ctx, in.Role, name); err != nil {
		return nil, err
	}
	return s.update(ctx, name, in.RevisionId, false, func(tx *store.Tx, row *versionRow) error {
		if in.Runtime != "" {
			row.Config.Runtime = in.Runtime
		}
		apply(&row.Config, in)
		if in.DeadLetterConfig != nil {
			if err := s.checkDeadLetter(ctx, tx, &row.Config); err != nil {
				return err
			}
		}
		if in.Timeout != nil {
			return s.checkQueues(ctx, tx, name, &row.Config)
		}
		return nil
	}, false)
}

// update changes $LATEST by change, if revision is still what it was, and
// returns the configuration: of the new version, if it is to be published.
func (s *Service) update(ctx context.Context, name string, revision *string, dry bool,
	change func(*store.Tx, *versionRow) error, publish bool) (*types.FunctionConfiguration, error) {
	var out *types.FunctionConfiguration
	err := s.st.Update(ctx, func(tx *store.Tx) error {
		row, err := s.getVersion(tx, ref{Name: name})
		if err != nil {
			return err
		}
		if revision != nil && *revision != aws.ToString(row.Config.RevisionId) {
			return fault.Revision("GetFunction/GetAlias")
		}
		if err := change(tx, &row); err != nil {
			return err
		}
		out = &row.Config
		if dry {
			return nil
		}
		s.modified(tx, &row)
		s.putVersion(tx, name, 0, row)
		s.retire(tx, &row)
		if publish {
			out, err = s.publish(tx, name, nil)
		}
		return err
	})
	return out, err
}

// DeleteFunction removes a function and all that goes with it, or one version.
func (s *Service) DeleteFunction(ctx context.Context, in *lambda.DeleteFunctionInput) (*lambda.DeleteFunctionOutput, error) {
	r, err := s.ref(in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	out := &lambda.DeleteFunctionOutput{StatusCode: 204}
	if r.Qualifier != "" {
		return out, s.st.Update(ctx, func(tx *store.Tx) error { return s.deleteVersion(tx, r) })
	}
	return out, s.st.Update(ctx, func(tx *store.Tx) error {
		if _, err := s.getFunction(tx, r.Name); err != nil {
			return err
		}
		for k := range tx.Scan(store.Prefix(versionsOf(r.Name))) {
			var row versionRow
			if tx.GetJSON(k, &row) {
				s.gone(tx, &row)
			}
		}
		tx.Delete(functionKey(r.Name))
		for _, prefix := range ofFunction(r.Name) {
			tx.DeleteRange(store.Prefix(prefix))
		}
		s.touch(tx, r.Name)
		s.reserve(tx, r.Name)
		return nil
	})
}
