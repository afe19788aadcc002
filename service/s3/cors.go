package s3

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// maxCORSRules is the limit of rules
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/ManageCorsUsing.html).
const maxCORSRules = 100

// PutBucketCors sets which origins browsers may use the bucket from.
func (s *Service) PutBucketCors(ctx context.Context, in *s3.PutBucketCorsInput) (*s3.PutBucketCorsOutput, error) {
	c := in.CORSConfiguration
	if c == nil || len(c.CORSRules) == 0 || len(c.CORSRules) > maxCORSRules {
		return nil, malformedXML()
	}
	for _, r := range c.CORSRules {
		if err := checkCORSRule(r); err != nil {
			return nil, err
		}
	}
	return &s3.PutBucketCorsOutput{}, s.putConfig(ctx, in.Bucket, configCORS, c.CORSRules)
}

func checkCORSRule(r types.CORSRule) error {
	if len(r.AllowedMethods) == 0 || len(r.AllowedOrigins) == 0 {
		return malformedXML()
	}
	for _, m := range r.AllowedMethods {
		if !slices.Contains([]string{"GET", "PUT", "HEAD", "POST", "DELETE"}, m) {
			return invalidRequest("Found unsupported HTTP method in CORS config. Unsupported method is " + m)
		}
	}
	for _, o := range r.AllowedOrigins {
		if strings.Count(o, "*") > 1 {
			return invalidRequest(`AllowedOrigin "` + o + `" can not have more than one wildcard.`)
		}
	}
	for _, h := range r.AllowedHeaders {
		if strings.Count(h, "*") > 1 {
			return invalidRequest(`AllowedHeader "` + h + `" can not have more than one wildcard.`)
		}
	}
	for _, h := range r.ExposeHeaders {
		if strings.Contains(h, "*") {
			return invalidRequest(`ExposeHeader "` + h + `" contains wildcard. We currently do not support wildcard for ExposeHeader.`)
		}
	}
	return nil
}

// GetBucketCors gives the rules.
func (s *Service) GetBucketCors(ctx context.Context, in *s3.GetBucketCorsInput) (*s3.GetBucketCorsOutput, error) {
	var rules []types.CORSRule
	found, err := s.getConfig(ctx, in.Bucket, configCORS, &rules)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, fail("NoSuchCORSConfiguration", "The CORS configuration does not exist", "BucketName", *in.Bucket)
	}
	return &s3.GetBucketCorsOutput{CORSRules: rules}, nil
}

// DeleteBucketCors removes the rules.
func (s *Service) DeleteBucketCors(ctx context.Context, in *s3.DeleteBucketCorsInput) (*s3.DeleteBucketCorsOutput, error) {
	return &s3.DeleteBucketCorsOutput{}, s.deleteConfig(ctx, in.Bucket, configCORS)
}

// preflightInput is the question that a browser asks before a request.
type preflightInput struct {
	Bucket, Key    *string
	Origin         *string
	RequestMethod  *string
	RequestHeaders *string
}

// preflightOutput is the answer.
type preflightOutput struct {
	AllowOrigin      *string
	AllowMethods     *string
	AllowHeaders     *string
	ExposeHeaders    *string
	AllowCredentials *string
	MaxAge           *string
	Vary             *string
}

// Preflight answers the OPTIONS request of a browser by the bucket's CORS rules
// (https://docs.aws.amazon.com/AmazonS3/latest/API/RESTOPTIONSobject.html).
func (s *Service) Preflight(ctx context.Context, in *preflightInput) (*preflightOutput, error) {
	origin, method := deref(in.Origin), deref(in.RequestMethod)
	switch {
	case origin == "":
		return nil, fail("BadRequest", "Insufficient information. Origin request header needed.")
	case method == "":
		return nil, fail("BadRequest", "Invalid Access-Control-Request-Method: null")
	}
	var rules []types.CORSRule
	found, err := s.getConfig(ctx, in.Bucket, configCORS, &rules)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, forbidden("CORSResponse: CORS is not enabled for this bucket.", method)
	}
	var asked []string
	for h := range strings.SplitSeq(deref(in.RequestHeaders), ",") {
		if h = strings.ToLower(strings.TrimSpace(h)); h != "" {
			asked = append(asked, h)
		}
	}
	for _, r := range rules {
		if corsAllows(r, origin, method, asked) {
			return corsAnswer(r, origin, asked), nil
		}
	}
	return nil, forbidden("CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.", method)
}

func forbidden(message, method string) error {
	return fail("AccessForbidden", message, "Method", method, "ResourceType", "OBJECT")
}

func corsAllows(r types.CORSRule, origin, method string, headers []string) bool {
	if !slices.Contains(r.AllowedMethods, method) ||
		!slices.ContainsFunc(r.AllowedOrigins, func(o string) bool { return wildcard(o, origin) }) {
		return false
	}
	for _, h := range headers {
		if !slices.ContainsFunc(r.AllowedHeaders, func(a string) bool { return wildcard(strings.ToLower(a), h) }) {
			return false
		}
	}
	return true
}

func corsAnswer(r types.CORSRule, origin string, headers []string) *preflightOutput {
	methods, credentials, vary := strings.Join(r.AllowedMethods, ", "), "true", "Origin, Access-Control-Request-Headers, Access-Control-Request-Method"
	out := &preflightOutput{
		AllowOrigin: &origin, AllowMethods: &methods, AllowCredentials: &credentials, Vary: &vary,
		AllowHeaders: orNil(strings.Join(headers, ", ")), ExposeHeaders: orNil(strings.Join(r.ExposeHeaders, ", ")),
	}
	if slices.Contains(r.AllowedOrigins, "*") {
		any := "*"
		out.AllowOrigin, out.AllowCredentials = &any, nil
	}
	if r.MaxAgeSeconds != nil {
		out.MaxAge = orNil(strconv.Itoa(int(*r.MaxAgeSeconds)))
	}
	return out
}

// wildcard reports whether s matches a pattern with at most one *.
func wildcard(pattern, s string) bool {
	before, after, ok := strings.Cut(pattern, "*")
	if !ok {
		return pattern == s
	}
	return len(s) >= len(before)+len(after) && strings.HasPrefix(s, before) && strings.HasSuffix(s, after)
}
