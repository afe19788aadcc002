package cloudwatch

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/wire"
)

// dashboardSpace has a dashboard by name.
var dashboardSpace = store.K("cloudwatch", "dashboard")

const listDashboards = 1000 // a page

// dashboard is kept and given back. Nobody draws it.
type dashboard struct {
	Body     string
	Modified time.Time
}

var dashboardName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,255}$`)

func (f *faults) dashboardName(name *string, parameter string) {
	if aws.ToString(name) == "" {
		f.required(parameter)
	} else if !dashboardName.MatchString(*name) {
		f.value(*name, parameter)
	}
}

func (s *Service) dashboardARN(name string) *string {
	return aws.String("arn:aws:cloudwatch::" + s.cfg.Account + ":dashboard/" + name)
}

// PutDashboard makes a dashboard, or replaces one. Of the body no more is
// checked than that it is a JSON object.
func (s *Service) PutDashboard(ctx context.Context, in *api.PutDashboardInput) (*api.PutDashboardOutput, error) {
	var f faults
	f.dashboardName(in.DashboardName, "DashboardName")
	if aws.ToString(in.DashboardBody) == "" {
		f.required("DashboardBody")
	}
	if len(in.Tags) > 0 {
		f.add(codeValue, "The parameter Tags is not supported by Runnel for dashboards: leave it out.")
	}
	if err := f.err(); err != nil {
		return nil, err
	}
	var body map[string]json.RawMessage
	if err := json.Unmarshal([]byte(*in.DashboardBody), &body); err != nil || body == nil {
		return nil, wire.Errorf("DashboardInvalidInputError", "The field DashboardBody must be a valid JSON object")
	}
	return &api.PutDashboardOutput{DashboardValidationMessages: []types.DashboardValidationMessage{}},
		s.store.Update(ctx, func(tx *store.Tx) error {
			tx.PutJSON(dashboardSpace.Str(*in.DashboardName), dashboard{*in.DashboardBody, tx.Now()})
			return nil
		})
}

// GetDashboard gives a dashboard back as it was put.
func (s *Service) GetDashboard(ctx context.Context, in *api.GetDashboardInput) (*api.GetDashboardOutput, error) {
	var f faults
	f.dashboardName(in.DashboardName, "DashboardName")
	if err := f.err(); err != nil {
		return nil, err
	}
	var d dashboard
	err := s.store.View(ctx, func(tx *store.Tx) error {
		if !tx.GetJSON(dashboardSpace.Str(*in.DashboardName), &d) {
			return errNoDashboard(*in.DashboardName)
		}
		return nil
	})
	return &api.GetDashboardOutput{DashboardName: in.DashboardName, DashboardArn: s.dashboardARN(*in.DashboardName), DashboardBody: &d.Body}, err
}

// ListDashboards lists dashboards by name.
func (s *Service) ListDashboards(ctx context.Context, in *api.ListDashboardsInput) (*api.ListDashboardsOutput, error) {
	out := &api.ListDashboardsOutput{DashboardEntries: []types.DashboardEntry{}}
	err := s.store.View(ctx, func(tx *store.Tx) error {
		r := store.Prefix(dashboardSpace.StrPrefix(aws.ToString(in.DashboardNamePrefix)))
		if in.NextToken != nil {
			r = r.After(dashboardSpace.Str(*in.NextToken))
		}
		for k, row := range tx.Scan(r) {
			if n := len(out.DashboardEntries); n == listDashboards {
				out.NextToken = out.DashboardEntries[n-1].DashboardName
				return nil
			}
			var d dashboard
			if err := json.Unmarshal(row, &d); err != nil {
				return fmt.Errorf("row %q: %w", k, err)
			}
			name := k.Parts(dashboardSpace).Str()
			out.DashboardEntries = append(out.DashboardEntries, types.DashboardEntry{DashboardName: &name,
				DashboardArn: s.dashboardARN(name), LastModified: &d.Modified, Size: aws.Int64(int64(len(d.Body)))})
		}
		return nil
	})
	return out, err
}

// DeleteDashboards deletes all of the dashboards, or none if one is not there.
func (s *Service) DeleteDashboards(ctx context.Context, in *api.DeleteDashboardsInput) (*api.DeleteDashboardsOutput, error) {
	var f faults
	if len(in.DashboardNames) == 0 {
		f.required("DashboardNames")
	}
	for i := range in.DashboardNames {
		f.dashboardName(&in.DashboardNames[i], fmt.Sprintf("DashboardNames.member.%d", i+1))
	}
	if err := f.err(); err != nil {
		return nil, err
	}
	return &api.DeleteDashboardsOutput{}, s.store.Update(ctx, func(tx *store.Tx) error {
		for _, name := range in.DashboardNames {
			k := dashboardSpace.Str(name)
			if !tx.Has(k) {
				return errNoDashboard(name)
			}
			tx.Delete(k)
		}
		return nil
	})
}

func errNoDashboard(name string) error {
	return &types.DashboardNotFoundError{Message: aws.String("Dashboard " + name + " does not exist")}
}
