package cloudwatch_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
)

func TestDashboards(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		put := func(name, body string) string {
			_, err := fx.PutDashboard(ctx, &api.PutDashboardInput{DashboardName: &name, DashboardBody: &body})
			return message(err)
		}
		names := func(prefix string) string {
			out, err := fx.ListDashboards(ctx, &api.ListDashboardsInput{DashboardNamePrefix: &prefix})
			if err != nil {
				t.Fatal(err)
			}
			all := ""
			for _, e := range out.DashboardEntries {
				all += *e.DashboardName + " "
			}
			return all
		}
		equal(t, "put", put("ops", `{"widgets": []}`)+put("ops-2", "{}")+put("dev", "{}"), "")
		equal(t, "no JSON", put("x", "{"), "InvalidParameterInput: The field DashboardBody must be a valid JSON object")
		equal(t, "a list", put("x", "[]"), "InvalidParameterInput: The field DashboardBody must be a valid JSON object")
		equal(t, "name", put("a b", "{}"), "InvalidParameterValue: The value a b for parameter DashboardName is invalid.")
		equal(t, "list", names("")+"/ "+names("ops"), "dev ops ops-2 / ops ops-2 ")
		got, err := fx.GetDashboard(ctx, &api.GetDashboardInput{DashboardName: aws.String("ops")})
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "get", *got.DashboardBody+*got.DashboardArn, `{"widgets": []}arn:aws:cloudwatch::000000000000:dashboard/ops`)
		_, err = fx.DeleteDashboards(ctx, &api.DeleteDashboardsInput{DashboardNames: []string{"ops", "none"}})
		equal(t, "delete none", message(err), "ResourceNotFound: Dashboard none does not exist")
		_, err = fx.DeleteDashboards(ctx, &api.DeleteDashboardsInput{DashboardNames: []string{"ops", "ops-2"}})
		equal(t, "delete", message(err)+names(""), "dev ")
	})
}
