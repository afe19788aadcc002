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

// aliasRef reads the names of a function and of an alias of it.
func (s *Service) aliasRef(functionName, alias *string) (ref, error) {
	name, err := s.unqualified(functionName)
	if err != nil {
		return ref{}, err
	}
	var v fault.Constraints
	a := aws.ToString(alias)
	switch {
	case alias == nil:
		v.Missing("name")
	case len(a) > 128:
		v.Fail("name", a, fault.MustBeShort, 128)
	case !aliasRegexp.MatchString(a) || numberRegexp.MatchString(a):
		v.Fail("name", a, fault.MustMatch, aliasPattern)
	}
	return ref{name, a}, v.Err()
}

// CreateAlias names a version.
func (s *Service) CreateAlias(ctx context.Context, in *lambda.CreateAliasInput) (*types.AliasConfiguration, error) {
	r, err := s.aliasRef(in.FunctionName, in.Name)
	if err != nil {
		return nil, err
	}
	var v fault.Constraints
	v.Longest("description", in.Description, maxDescription)
	if in.FunctionVersion == nil {
		v.Missing("functionVersion")
	}
	if err := v.Err(); err != nil {
		return nil, err
	}
	a := &types.AliasConfiguration{
		AliasArn: aws.String(s.arn(r)), Name: in.Name, Description: aws.String(aws.ToString(in.Description)),
		FunctionVersion: in.FunctionVersion, RoutingConfig: in.RoutingConfig,
	}
	err = s.st.Update(ctx, func(tx *store.Tx) error {
		if _, err := s.getFunction(tx, r.Name); err != nil {
			return err
		}
		if tx.Has(aliasKey(r.Name, r.Qualifier)) {
			return fault.Conflict("Alias already exists: %s", s.arn(r))
		}
		return s.putAlias(tx, r, a)
	})
	return a, err
}

// putAlias checks what an alias leads to and writes it.
func (s *Service) putAlias(tx *store.Tx, r ref, a *types.AliasConfiguration) error {
	version := aws.ToString(a.FunctionVersion)
	if err := s.checkAliasVersion(tx, r.Name, version); err != nil {
		return err
	}
	if a.RoutingConfig != nil && len(a.RoutingConfig.AdditionalVersionWeights) == 0 {
		a.RoutingConfig = nil
	}
	if a.RoutingConfig != nil {
		if version == latest {
			return fault.Invalid("$LATEST is not supported for an alias pointing to more than 1 version")
		}
		if len(a.RoutingConfig.AdditionalVersionWeights) > 1 {
			return fault.Invalid("Number of items in AdditionalVersionWeights cannot be greater than 1")
		}
		for v, weight := range a.RoutingConfig.AdditionalVersionWeights {
			if err := s.checkAliasRoute(tx, r.Name, version, v, weight); err != nil {
				return err
			}
		}
	}
	a.RevisionId = aws.String(event.NewID())
	tx.PutJSON(aliasKey(r.Name, r.Qualifier), a)
	s.touch(tx, r.Name)
	return nil
}

func (s *Service) checkAliasVersion(tx *store.Tx, name, version string) error {
	n, ok := parseVersion(version)
	if !ok {
		var v fault.Constraints
		v.Fail("functionVersion", version, fault.MustMatch, `(\$LATEST|[0-9]+)`)
		return v.Err()
	}
	if !tx.Has(versionKey(name, n)) {
		return fault.FunctionNotFound(s.arn(ref{name, version}))
	}
	return nil
}

func (s *Service) checkAliasRoute(tx *store.Tx, name, version, other string, weight float64) error {
	switch {
	case other == latest:
		return fault.Invalid("$LATEST is not supported for an alias pointing to more than 1 version")
	case other == version:
		return fault.Invalid("Invalid function version %s. Function version %s is already included in routing configuration.", other, other)
	case weight < 0 || weight > 1:
		var v fault.Constraints
		v.Fail("routingConfig.additionalVersionWeights", weight, "Member must have value less than or equal to 1")
		return v.Err()
	}
	return s.checkAliasVersion(tx, name, other)
}

// GetAlias returns an alias.
func (s *Service) GetAlias(ctx context.Context, in *lambda.GetAliasInput) (*types.AliasConfiguration, error) {
	r, err := s.aliasRef(in.FunctionName, in.Name)
	if err != nil {
		return nil, err
	}
	a := new(types.AliasConfiguration)
	err = s.st.View(ctx, func(tx *store.Tx) error { return s.getAlias(tx, r, a) })
	return a, err
}

func (s *Service) getAlias(tx *store.Tx, r ref, a *types.AliasConfiguration) error {
	if _, err := s.getFunction(tx, r.Name); err != nil {
		return err
	}
	if !tx.GetJSON(aliasKey(r.Name, r.Qualifier), a) {
		return fault.AliasNotFound(s.arn(r))
	}
	return nil
}

// UpdateAlias changes what the request says.
func (s *Service) UpdateAlias(ctx context.Context, in *lambda.UpdateAliasInput) (*types.AliasConfiguration, error) {
	r, err := s.aliasRef(in.FunctionName, in.Name)
	if err != nil {
		return nil, err
	}
	var v fault.Constraints
	v.Longest("description", in.Description, maxDescription)
	if err := v.Err(); err != nil {
		return nil, err
	}
	a := new(types.AliasConfiguration)
	err = s.st.Update(ctx, func(tx *store.Tx) error {
		if err := s.getAlias(tx, r, a); err != nil {
			return err
		}
		if in.RevisionId != nil && *in.RevisionId != aws.ToString(a.RevisionId) {
			return fault.Revision("GetFunction/GetAlias")
		}
		set(&a.Description, in.Description)
		set(&a.FunctionVersion, in.FunctionVersion)
		set(&a.RoutingConfig, in.RoutingConfig)
		return s.putAlias(tx, r, a)
	})
	return a, err
}

// DeleteAlias removes an alias; one that is not there is no error.
func (s *Service) DeleteAlias(ctx context.Context, in *lambda.DeleteAliasInput) (*lambda.DeleteAliasOutput, error) {
	r, err := s.aliasRef(in.FunctionName, in.Name)
	if err != nil {
		return nil, err
	}
	return nil, s.st.Update(ctx, func(tx *store.Tx) error {
		if _, err := s.getFunction(tx, r.Name); err != nil {
			return err
		}
		tx.Delete(aliasKey(r.Name, r.Qualifier))
		tx.Delete(policyKey(r))
		tx.Delete(asyncConfigKey(r))
		s.touch(tx, r.Name)
		return nil
	})
}

// ListAliases lists the aliases of a function, or of one of its versions.
func (s *Service) ListAliases(ctx context.Context, in *lambda.ListAliasesInput) (*lambda.ListAliasesOutput, error) {
	name, err := s.unqualified(in.FunctionName)
	if err != nil {
		return nil, err
	}
	p, err := newPage(new(fault.Constraints), in.Marker, in.MaxItems, 10000)
	if err != nil {
		return nil, err
	}
	out := &lambda.ListAliasesOutput{Aliases: []types.AliasConfiguration{}}
	err = s.st.View(ctx, func(tx *store.Tx) error {
		if _, err := s.getFunction(tx, name); err != nil {
			return err
		}
		out.NextMarker, err = listRows(tx, p, key("alias", name), func(_ store.Key, a *types.AliasConfiguration) bool {
			if in.FunctionVersion != nil && !aliasUses(a, *in.FunctionVersion) {
				return false
			}
			out.Aliases = append(out.Aliases, *a)
			return true
		})
		return err
	})
	return out, err
}
