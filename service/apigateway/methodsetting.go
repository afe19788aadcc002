package apigateway

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"

	"github.com/runnel/runnel/service/apigateway/patch"
	"github.com/runnel/runnel/service/apigateway/refuse"
)

// A stage's settings of a method have paths of the form
// /{resource}/{method}/{setting}, in which the resource has ~1 for its slashes;
// /*/*/{setting} is for all methods that have no settings of their own.
// https://docs.aws.amazon.com/apigateway/latest/api/patch-operations.html
const (
	allMethods     = "*/*"
	metricsSetting = "/metrics/enabled"
)

// settingKey is the key in a stage's MethodSettings that a path stands for,
// {resource}/{method}.
func settingKey(path string) (key string, ok bool) {
	i := strings.LastIndexByte(path, '/')
	if i <= 0 || i == len(path)-1 || path[0] != '/' {
		return "", false
	}
	return keyOf(patch.Unescape(path[1:i]), path[i+1:]), true
}

// keyOf is the key of a method's settings. The resource has no slash in front
// and ~1 for the others, but for the root, which is ~1 itself.
func keyOf(resource, method string) string {
	resource = strings.ReplaceAll(strings.TrimLeft(resource, "/"), "/", "~1")
	if resource == "" {
		resource = "~1"
	}
	return resource + "/" + method
}

// changeSetting applies an operation if it is on a method's settings: whether
// it has detailed metrics, or that it has no settings any longer.
func changeSetting(st *types.Stage, op types.PatchOperation) (is bool, err error) {
	path := aws.ToString(op.Path)
	method, metrics := strings.CutSuffix(path, metricsSetting)
	key, ok := settingKey(method)
	switch {
	case !ok:
		return false, nil
	case metrics && op.Op == types.OpReplace:
		value := strings.ToLower(aws.ToString(op.Value))
		if !slices.Contains([]string{"true", "false"}, value) {
			return true, refuse.BadRequest("Invalid value '%s' specified for '%s'. Must be a boolean", aws.ToString(op.Value), path)
		}
		put(&st.MethodSettings, key, methodSetting(value == "true"))
		return true, nil
	case !metrics && op.Op == types.OpRemove:
		_, is = st.MethodSettings[key]
		delete(st.MethodSettings, key)
	}
	return is, nil
}

// methodSetting is the settings of a method of which metrics are all that can
// be set.
func methodSetting(metrics bool) types.MethodSetting {
	return types.MethodSetting{
		MetricsEnabled: metrics, LoggingLevel: aws.String("OFF"), CacheTtlInSeconds: 300,
		ThrottlingBurstLimit: -1, ThrottlingRateLimit: -1, // those of the account
		RequireAuthorizationForCacheControl:    true,
		UnauthorizedCacheControlHeaderStrategy: types.UnauthorizedCacheControlHeaderStrategySucceedWithResponseHeader,
	}
}

// detailed reports whether the stage has detailed metrics of a method.
func detailed(st *types.Stage, resource, method string) bool {
	if len(st.MethodSettings) == 0 {
		return false
	}
	own, ok := st.MethodSettings[keyOf(resource, method)]
	if !ok {
		own = st.MethodSettings[allMethods]
	}
	return own.MetricsEnabled
}
