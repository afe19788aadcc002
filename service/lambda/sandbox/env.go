package sandbox

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// environment is what Lambda sets for a process:
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime.
// The variables of the function come between: they override what AWS calls
// unreserved, and not the rest.
//
// The SDKs find the host user's ~/.aws even without HOME; the two files at the
// end of the unreserved ones keep them from it.
func (x *Executor) environment(f *Function, c *command, p *process, cred Credentials) []string {
	dir := p.cmd.Dir
	env := map[string]string{
		"PATH":                        joinPath(c.path, "/usr/local/bin", "/usr/bin", "/bin", "/opt/bin"),
		"LD_LIBRARY_PATH":             joinPath(dir, dir+"/lib", "/opt/lib"),
		"LANG":                        "en_US.UTF-8",
		"TZ":                          ":UTC",
		"TMPDIR":                      p.tmp,
		"AWS_ENDPOINT_URL":            x.cfg.Endpoint,
		"AWS_XRAY_CONTEXT_MISSING":    "LOG_ERROR",
		"AWS_CONFIG_FILE":             "/dev/null",
		"AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
	}
	for _, kv := range c.env {
		k, v, _ := strings.Cut(kv, "=")
		env[k] = v
	}
	maps.Copy(env, f.Env)
	maps.Copy(env, map[string]string{
		"_HANDLER":                        f.Handler,
		"AWS_REGION":                      x.cfg.Region,
		"AWS_DEFAULT_REGION":              x.cfg.Region,
		"AWS_LAMBDA_FUNCTION_NAME":        f.Name,
		"AWS_LAMBDA_FUNCTION_VERSION":     f.version(),
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": strconv.Itoa(f.memoryMB()),
		"AWS_LAMBDA_INITIALIZATION_TYPE":  "on-demand",
		"AWS_LAMBDA_LOG_FORMAT":           "Text",
		"AWS_LAMBDA_LOG_GROUP_NAME":       f.logGroup(),
		"AWS_LAMBDA_LOG_STREAM_NAME":      p.log.stream,
		"AWS_LAMBDA_RUNTIME_API":          p.api.addr(),
		"LAMBDA_TASK_ROOT":                dir,
		"LAMBDA_RUNTIME_DIR":              c.runtimeDir,
		"AWS_ACCESS_KEY_ID":               cred.AccessKeyID,
		"AWS_SECRET_ACCESS_KEY":           cred.SecretAccessKey,
		"AWS_SESSION_TOKEN":               cred.SessionToken,
		"AWS_EXECUTION_ENV":               executionEnv(f.Runtime),
	})
	list := make([]string, 0, len(env))
	for _, k := range slices.Sorted(maps.Keys(env)) {
		if v := env[k]; v != "" || hasKey(f.Env, k) {
			list = append(list, k+"="+v)
		}
	}
	return list
}

func hasKey(m map[string]string, k string) bool { _, ok := m[k]; return ok }

// executionEnv is empty for the OS-only runtimes, where Lambda does not set it.
func executionEnv(runtime string) string {
	if familyOf(runtime) == familyBootstrap {
		return ""
	}
	return "AWS_Lambda_" + runtime
}

func joinPath(dirs ...string) string {
	dirs = slices.DeleteFunc(dirs, func(d string) bool { return d == "" })
	return strings.Join(dirs, ":")
}
