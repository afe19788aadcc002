package lambda

import (
	"context"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/service/lambda/fault"
	"github.com/runnel/runnel/store"
)

// PublishVersion makes a version of $LATEST that does not change any more.
func (s *Service) PublishVersion(ctx context.Context, in *lambda.PublishVersionInput) (*types.FunctionConfiguration, error) {
	name, err := s.unqualified(in.FunctionName)
	if err != nil {
		return nil, err
	}
	if in.PublishTo != "" {
		return nil, fault.NotSupported("PublishTo")
	}
	var v fault.Constraints
	v.Longest("description", in.Description, maxDescription)
	if err := v.Err(); err != nil {
		return nil, err
	}
	var out *types.FunctionConfiguration
	err = s.st.Update(ctx, func(tx *store.Tx) error {
		row, err := s.getVersion(tx, ref{Name: name})
		if err != nil {
			return err
		}
		if in.RevisionId != nil && *in.RevisionId != aws.ToString(row.Config.RevisionId) {
			return fault.Revision("GetFunction/GetAlias")
		}
		if sha := aws.ToString(row.Config.CodeSha256); in.CodeSha256 != nil && *in.CodeSha256 != sha {
			return fault.Invalid("CodeSHA256 (%s) is different from current CodeSHA256 in $LATEST (%s). "+
				"Please try again with the CodeSHA256 in $LATEST.", *in.CodeSha256, sha)
		}
		out, err = s.publish(tx, name, in.Description)
		return err
	})
	return out, err
}

// publish copies $LATEST into a new version, or returns the last one if nothing
// has changed since.
func (s *Service) publish(tx *store.Tx, name string, description *string) (*types.FunctionConfiguration, error) {
	f, err := s.getFunction(tx, name)
	if err != nil {
		return nil, err
	}
	var row versionRow
	if !tx.GetJSON(versionKey(name, 0), &row) {
		return nil, fault.FunctionNotFound(s.arn(ref{Name: name}))
	}
	var last versionRow
	if f.PublishedRevision == aws.ToString(row.Config.RevisionId) && tx.GetJSON(versionKey(name, f.Published), &last) {
		return &last.Config, nil
	}
	f.Published++
	f.PublishedRevision = aws.ToString(row.Config.RevisionId)
	version := strconv.FormatUint(f.Published, 10)
	c := &row.Config
	c.Version = aws.String(version)
	c.FunctionArn = aws.String(s.arn(ref{name, version}))
	c.RevisionId = aws.String(event.NewID())
	set(&c.Description, description)
	tx.Retain(row.Code)
	tx.PutJSON(functionKey(name), f)
	s.putVersion(tx, name, f.Published, row)
	return c, nil
}

// ListVersionsByFunction lists $LATEST and what was published.
func (s *Service) ListVersionsByFunction(ctx context.Context, in *lambda.ListVersionsByFunctionInput) (*lambda.ListVersionsByFunctionOutput, error) {
	name, err := s.unqualified(in.FunctionName)
	if err != nil {
		return nil, err
	}
	p, err := newPage(new(fault.Constraints), in.Marker, in.MaxItems, 10000)
	if err != nil {
		return nil, err
	}
	out := &lambda.ListVersionsByFunctionOutput{Versions: []types.FunctionConfiguration{}}
	err = s.st.View(ctx, func(tx *store.Tx) error {
		if _, err := s.getFunction(tx, name); err != nil {
			return err
		}
		out.NextMarker, err = listRows(tx, p, versionsOf(name), func(_ store.Key, row *versionRow) bool {
			row.Config.FunctionArn = aws.String(s.arn(ref{name, aws.ToString(row.Config.Version)}))
			out.Versions = append(out.Versions, row.Config)
			return true
		})
		return err
	})
	return out, err
}

// deleteVersion removes a version that no alias needs.
func (s *Service) deleteVersion(tx *store.Tx, r ref) error {
	if r.Qualifier == latest {
		return fault.Invalid("$LATEST version cannot be deleted without deleting the function.")
	}
	n, ok := parseVersion(r.Qualifier)
	if !ok {
		return fault.Invalid("Deletion of aliases is not currently supported.")
	}
	row, err := s.getVersion(tx, r)
	if err != nil {
		return err
	}
	var users []string
	_, err = listRows(tx, page{limit: pageSize}, key("alias", r.Name), func(_ store.Key, a *types.AliasConfiguration) bool {
		if !aliasUses(a, r.Qualifier) {
			return false
		}
		users = append(users, aws.ToString(a.Name))
		return true
	})
	if err != nil {
		return err
	}
	if len(users) > 0 {
		slices.Sort(users)
		return fault.Conflict("Unable to delete version because the following aliases reference it: %v", users)
	}
	s.gone(tx, &row)
	tx.Delete(versionKey(r.Name, n))
	tx.Delete(policyKey(r))
	tx.Delete(asyncConfigKey(r))
	s.touch(tx, r.Name)
	return nil
}

func aliasUses(a *types.AliasConfiguration, version string) bool {
	if aws.ToString(a.FunctionVersion) == version {
		return true
	}
	if a.RoutingConfig == nil {
		return false
	}
	_, ok := a.RoutingConfig.AdditionalVersionWeights[version]
	return ok
}
