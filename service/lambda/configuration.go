package lambda

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/runnel/runnel/service/lambda/fault"
)

// Limits of https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html.
const (
	maxTimeout     = 900 // seconds
	minMemory      = 128 // MB
	maxMemory      = 10240
	minEphemeral   = 512 // MB
	maxEphemeral   = 10240
	maxEnvironment = 4 << 10 // bytes
	maxHandler     = 128
	maxDescription = 256
)

const (
	handlerPattern  = `[^\s]+`
	rolePattern     = `arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+`
	envPattern      = `[a-zA-Z]([a-zA-Z0-9_])+`
	logGroupPattern = `[\.\-_/#A-Za-z0-9]+`
)

var (
	handlerRegexp  = regexp.MustCompile(`^[^\s]+$`)
	roleRegexp     = regexp.MustCompile(`^arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+$`)
	envRegexp      = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_]+$`)
	logGroupRegexp = regexp.MustCompile(`^[.\-_/#A-Za-z0-9]+$`)
)

// reservedEnvironment are the variables that Lambda sets itself and a function
// may not.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
var reservedEnvironment = []string{
	"_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV",
	"AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION",
	"AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME",
	"AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
	"AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR",
}

// configure is the configuration of a new function: what the request says, and
// AWS's defaults.
func (s *Service) configure(in *lambda.CreateFunctionInput) (*types.FunctionConfiguration, error) {
	if err := unsupported(in); err != nil {
		return nil, err
	}
	c := &types.FunctionConfiguration{
		Architectures:    []types.Architecture{types.ArchitectureX8664},
		EphemeralStorage: &types.EphemeralStorage{Size: aws.Int32(minEphemeral)},
		MemorySize:       aws.Int32(minMemory),
		PackageType:      types.PackageTypeZip,
		SnapStart: &types.SnapStartResponse{ApplyOn: types.SnapStartApplyOnNone,
			OptimizationStatus: types.SnapStartOptimizationStatusOff},
		Timeout:       aws.Int32(3),
		TracingConfig: &types.TracingConfigResponse{Mode: types.TracingModePassThrough},
		Description:   aws.String(""),
	}
	if len(in.Architectures) > 0 {
		c.Architectures = in.Architectures
	}
	err := s.reconfigure(c, &lambda.UpdateFunctionConfigurationInput{
		FunctionName: in.FunctionName, DeadLetterConfig: in.DeadLetterConfig, Description: in.Description,
		Environment: in.Environment, EphemeralStorage: in.EphemeralStorage, Handler: in.Handler,
		LoggingConfig: in.LoggingConfig, MemorySize: in.MemorySize, Role: in.Role, Runtime: in.Runtime,
		Timeout: in.Timeout, TracingConfig: in.TracingConfig,
	}, func(v *fault.Constraints) {
		if in.Role == nil {
			v.Missing("role")
		}
		if in.Code == nil {
			v.Missing("code")
		}
		checkArchitectures(v, in.Architectures)
	})
	if err != nil {
		return nil, err
	}
	if in.Runtime == "" {
		return nil, fault.Invalid("Runtime is mandatory for functions created with deployment packages.")
	}
	if aws.ToString(in.Handler) == "" {
		return nil, fault.Invalid("Handler is mandatory for functions created with deployment packages.")
	}
	return c, nil
}

// unsupported refuses what AWS has and Runnel has not.
func unsupported(in *lambda.CreateFunctionInput) error {
	if in.Code != nil && in.Code.ImageUri != nil || in.PackageType == types.PackageTypeImage || in.ImageConfig != nil {
		return fault.NotSupported("A function from a container image (PackageType Image)")
	}
	switch {
	case in.Code != nil && in.Code.SourceKMSKeyArn != nil:
		return fault.NotSupported("Code.SourceKMSKeyArn")
	case in.Code != nil && in.Code.S3ObjectVersion != nil:
		return fault.NotSupported("Code.S3ObjectVersion")
	case in.CodeSigningConfigArn != nil:
		return fault.NotSupported("CodeSigningConfigArn")
	case in.CapacityProviderConfig != nil:
		return fault.NotSupported("CapacityProviderConfig")
	case in.DurableConfig != nil:
		return fault.NotSupported("DurableConfig")
	case in.TenancyConfig != nil:
		return fault.NotSupported("TenancyConfig")
	case in.PublishTo != "":
		return fault.NotSupported("PublishTo")
	}
	return unsupportedConfiguration(&lambda.UpdateFunctionConfigurationInput{
		FileSystemConfigs: in.FileSystemConfigs, KMSKeyArn: in.KMSKeyArn, Layers: in.Layers,
		SnapStart: in.SnapStart, VpcConfig: in.VpcConfig, LoggingConfig: in.LoggingConfig,
	})
}

func unsupportedConfiguration(in *lambda.UpdateFunctionConfigurationInput) error {
	switch {
	case len(in.Layers) > 0:
		return fault.NotSupported("Layers")
	case len(in.FileSystemConfigs) > 0:
		return fault.NotSupported("FileSystemConfigs")
	case in.VpcConfig != nil && len(in.VpcConfig.SubnetIds)+len(in.VpcConfig.SecurityGroupIds) > 0:
		return fault.NotSupported("VpcConfig")
	case in.SnapStart != nil && in.SnapStart.ApplyOn == types.SnapStartApplyOnPublishedVersions:
		return fault.NotSupported("SnapStart")
	case aws.ToString(in.KMSKeyArn) != "":
		return fault.NotSupported("KMSKeyArn")
	case in.ImageConfig != nil:
		return fault.NotSupported("ImageConfig")
	case in.CapacityProviderConfig != nil:
		return fault.NotSupported("CapacityProviderConfig")
	case in.DurableConfig != nil:
		return fault.NotSupported("DurableConfig")
	case in.LoggingConfig != nil && in.LoggingConfig.LogFormat == types.LogFormatJson:
		return fault.NotSupported("LoggingConfig.LogFormat JSON")
	case in.LoggingConfig != nil && (in.LoggingConfig.ApplicationLogLevel != "" || in.LoggingConfig.SystemLogLevel != ""):
		return fault.NotSupported("LoggingConfig with log levels, which belong to LogFormat JSON,")
	}
	return nil
}

// reconfigure changes in c what the request says; more are checks of members
// that are not in it.
func (s *Service) reconfigure(c *types.FunctionConfiguration, in *lambda.UpdateFunctionConfigurationInput, more ...func(*fault.Constraints)) error {
	if err := unsupportedConfiguration(in); err != nil {
		return err
	}
	var v fault.Constraints
	checkConfiguration(&v, in)
	for _, f := range more {
		f(&v)
	}
	if err := v.Err(); err != nil {
		return err
	}
	if m := aws.ToInt32(in.MemorySize); m > maxMemory {
		return fault.Invalid("'MemorySize' value failed to satisfy constraint: "+fault.MustBeMax, maxMemory)
	}
	if err := checkEnvironment(in.Environment); err != nil {
		return err
	}
	if in.Runtime != "" {
		if err := s.checkRuntime(in.Runtime); err != nil {
			return err
		}
		c.Runtime = in.Runtime
	}
	apply(c, in)
	return nil
}

func checkConfiguration(v *fault.Constraints, in *lambda.UpdateFunctionConfigurationInput) {
	v.Within("timeout", in.Timeout, 1, maxTimeout)
	v.Within("memorySize", in.MemorySize, minMemory, 32768)
	v.Longest("description", in.Description, maxDescription)
	v.Longest("handler", in.Handler, maxHandler)
	if h := aws.ToString(in.Handler); h != "" && !handlerRegexp.MatchString(h) {
		v.Fail("handler", h, fault.MustMatch, handlerPattern)
	}
	if in.Role != nil && !roleRegexp.MatchString(*in.Role) {
		v.Fail("role", *in.Role, fault.MustMatch, rolePattern)
	}
	if in.EphemeralStorage != nil {
		v.Within("ephemeralStorage.size", in.EphemeralStorage.Size, minEphemeral, maxEphemeral)
	}
	if in.TracingConfig != nil && !slices.Contains(in.TracingConfig.Mode.Values(), in.TracingConfig.Mode) {
		v.Fail("tracingConfig.mode", in.TracingConfig.Mode, fault.MustBeEnum, "Active, PassThrough")
	}
	if in.LoggingConfig != nil && in.LoggingConfig.LogGroup != nil {
		group := *in.LoggingConfig.LogGroup
		v.Longest("loggingConfig.logGroup", &group, 512)
		if !logGroupRegexp.MatchString(group) {
			v.Fail("loggingConfig.logGroup", group, fault.MustMatch, logGroupPattern)
		}
	}
}

func checkArchitectures(v *fault.Constraints, list []types.Architecture) {
	for _, a := range list {
		if !slices.Contains(a.Values(), a) {
			v.Fail("architectures", "["+string(a)+"]", "Member must satisfy constraint: ["+fault.MustBeEnum+"]", "x86_64, arm64")
		}
	}
}

// checkRuntime refuses names that AWS does not know with AWS's text, and
// runtimes that cannot run here with what to do about it.
func (s *Service) checkRuntime(r types.Runtime) error {
	if !slices.Contains(r.Values(), r) {
		known := make([]string, len(r.Values()))
		for i, k := range r.Values() {
			known[i] = string(k)
		}
		return fault.Invalid("Value %s at 'runtime' failed to satisfy constraint: "+fault.MustBeEnum+" or be a valid ARN", r, strings.Join(known, ", "))
	}
	if err := s.exec.Available(string(r)); err != nil {
		return fault.Invalid("%v", err)
	}
	return nil
}

func checkEnvironment(env *types.Environment) error {
	if env == nil {
		return nil
	}
	var v fault.Constraints
	var reserved []string
	for name, value := range env.Variables {
		switch {
		case slices.Contains(reservedEnvironment, name):
			reserved = append(reserved, name)
		case !envRegexp.MatchString(name):
			v.Fail("environment.variables", "{"+name+"="+value+"}", "Map keys must satisfy constraint: ["+fault.MustMatch+"]", envPattern)
		}
	}
	if len(reserved) > 0 {
		slices.Sort(reserved)
		return fault.Invalid("Lambda was unable to configure your environment variables because the environment variables you have provided "+
			"contains reserved keys that are currently not supported for modification. Reserved keys used in this request: %s", strings.Join(reserved, ", "))
	}
	if err := v.Err(); err != nil {
		return err
	}
	// AWS measures the JSON that it stores.
	b, err := json.Marshal(env.Variables)
	if err == nil && len(b) > maxEnvironment {
		shown := string(b)
		if utf8.RuneCountInString(shown) > 1024 {
			shown = string([]rune(shown)[:1024])
		}
		return fault.Invalid("Lambda was unable to configure your environment variables because the environment variables you have provided "+
			"exceeded the 4KB limit. String measured: %s", shown)
	}
	return nil
}

// apply copies the members that are there.
func apply(c *types.FunctionConfiguration, in *lambda.UpdateFunctionConfigurationInput) {
	set(&c.Description, in.Description)
	set(&c.Handler, in.Handler)
	set(&c.MemorySize, in.MemorySize)
	set(&c.Role, in.Role)
	set(&c.Timeout, in.Timeout)
	if in.Environment != nil {
		c.Environment = nil
		if len(in.Environment.Variables) > 0 {
			c.Environment = &types.EnvironmentResponse{Variables: in.Environment.Variables}
		}
	}
	if in.EphemeralStorage != nil && in.EphemeralStorage.Size != nil {
		c.EphemeralStorage = in.EphemeralStorage
	}
	if in.TracingConfig != nil {
		c.TracingConfig = &types.TracingConfigResponse{Mode: in.TracingConfig.Mode}
	}
	if in.DeadLetterConfig != nil {
		c.DeadLetterConfig = nil
		if aws.ToString(in.DeadLetterConfig.TargetArn) != "" {
			c.DeadLetterConfig = in.DeadLetterConfig
		}
	}
	if in.LoggingConfig != nil && in.LoggingConfig.LogGroup != nil {
		c.LoggingConfig = &types.LoggingConfig{LogFormat: types.LogFormatText, LogGroup: in.LoggingConfig.LogGroup}
	}
}

// set copies a member that is there.
func set[T any](to **T, from *T) {
	if from != nil {
		*to = from
	}
}
