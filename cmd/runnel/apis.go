package main

import (
	"context"
	"fmt"
	"io"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
)

// printAPIs prints where the stages of all REST APIs answer on this machine:
// the URLs in a stack's outputs are AWS's.
func printAPIs(ctx context.Context, w io.Writer, cfg aws.Config) error {
	gateway := apigateway.NewFromConfig(cfg)
	endpoint, err := url.Parse(aws.ToString(cfg.BaseEndpoint))
	if err != nil {
		return err
	}
	for pages := apigateway.NewGetRestApisPaginator(gateway, nil); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, api := range page.Items {
			stages, err := gateway.GetStages(ctx, &apigateway.GetStagesInput{RestApiId: api.Id})
			if err != nil {
				return err
			}
			for _, stage := range stages.Item {
				fmt.Fprintf(w, "API %s: http://%s.execute-api.localhost:%s/%s/\n", aws.ToString(api.Name), aws.ToString(api.Id), endpoint.Port(), aws.ToString(stage.StageName))
			}
		}
	}
	return nil
}
