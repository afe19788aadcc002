package runnel_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// terraformTime is how long applying, changing and destroying may take: the
// provider itself waits 25 seconds for each change of a queue.
const terraformTime = 12 * time.Minute

// terraform is Terraform in a folder of its own.
type terraform struct {
	*rig
	dir string
}

func newTerraform(t *testing.T, main string) *terraform {
	if _, err := exec.LookPath("terraform"); err != nil {
		t.Skip("terraform is not installed")
	}
	if end, ok := t.Deadline(); testing.Short() || ok && time.Until(end) < terraformTime {
		t.Skipf("Terraform takes minutes: go test -run TestTerraform -timeout %v", 2*terraformTime)
	}
	tf := &terraform{start(t), t.TempDir()}
	config := must(os.ReadFile(main))(t)
	for name, body := range map[string][]byte{
		"main.tf":      config,
		"function.zip": zipOf(t, map[string]string{"bootstrap": "#!runnel\n"}),
	} {
		if err := os.WriteFile(filepath.Join(tf.dir, name), body, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := tf.command("init").CombinedOutput(); err != nil {
		t.Skipf("Terraform cannot get its AWS provider; TF_CLI_CONFIG_FILE may name a mirror: %s", out)
	}
	return tf
}

func (tf *terraform) command(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(tf.Context(), "terraform", append(args, "-no-color", "-input=false")...)
	cmd.Dir = tf.dir
	cmd.Env = append(os.Environ(), "TF_VAR_endpoint="+tf.endpoint, "AWS_ENDPOINT_URL="+tf.endpoint, "AWS_REGION=us-east-1",
		"AWS_ACCESS_KEY_ID=runnel", "AWS_SECRET_ACCESS_KEY=runnel", "TF_IN_AUTOMATION=1", "CHECKPOINT_DISABLE=1", "AWS_EC2_METADATA_DISABLED=true")
	return cmd
}

// run runs a command and gives its last words.
func (tf *terraform) run(args ...string) string {
	tf.Helper()
	out, err := tf.command(args...).CombinedOutput()
	if err != nil {
		tf.Fatalf("terraform %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return lines[len(lines)-1]
}

// settled checks that a plan has nothing to do: all that the provider reads back
// is what it wrote.
func (tf *terraform) settled(vars ...string) {
	tf.Helper()
	tf.run(append([]string{"plan", "-detailed-exitcode"}, vars...)...)
}

// TestTerraform builds the resources of testdata/terraform with the real AWS
// provider, lets data flow, changes them and destroys them.
func TestTerraform(t *testing.T) {
	t.Parallel()
	tf := newTerraform(t, "testdata/terraform/main.tf")
	tf.run("apply", "-auto-approve")
	tf.settled()

	const bucket = "sns-sqs-upload-bucket"
	for _, key := range []string{"in/a.txt", "in/a.csv", "in/a.parquet"} {
		tf.put(bucket, key, "a,b\n1,2\n")
	}
	queue := must(tf.sqs.GetQueueUrl(tf.Context(), &sqs.GetQueueUrlInput{QueueName: aws.String("sns-sqs-upload")}))(t).QueueUrl
	if m := tf.receive(*queue); !strings.Contains(*m.Body, `"key":"in/a.csv"`) {
		t.Errorf("the queue got %s", *m.Body)
	}
	tf.awaitLogged("convert", `"REPORT RequestId"`, 2) // of the topic, and of the rule
	tf.awaitDepth(*queue, "0", "1")

	change := []string{"-var=team=loading", "-var=acl=private"}
	tf.run(append([]string{"apply", "-auto-approve"}, change...)...)
	tf.settled(change...)

	tf.run(append([]string{"destroy", "-auto-approve"}, change...)...)
	tf.nothingLeft()
}

// TestTerraformPipeline does the same with the pipeline's own main.tf.
func TestTerraformPipeline(t *testing.T) {
	t.Parallel()
	tf := newTerraform(t, "pipelines/csv-fanout/main.tf")
	vars := []string{"-var=local=true", "-var=function_zip=function.zip"}
	tf.run(append([]string{"apply", "-auto-approve"}, vars...)...)
	tf.settled(vars...)

	const bucket = "runnel-csv-fanout-uploads"
	tf.put(bucket, "in/a.csv", "a;b\n1;2\n")
	url := func(name string) string {
		return *must(tf.sqs.GetQueueUrl(tf.Context(), &sqs.GetQueueUrlInput{QueueName: &name}))(t).QueueUrl
	}
	if m := tf.receive(url("csv-fanout")); *m.Body != `{"a":"1","b":"2"}` {
		t.Errorf("the queue got %s", *m.Body)
	}
	if m := tf.receive(url("csv-fanout-notices")); !strings.Contains(*m.Body, "in/a.csv") {
		t.Errorf("the queue of notices got %s", *m.Body)
	}

	vars = append(vars, "-var=output=document", `-var=columns=["a"]`)
	tf.run(append([]string{"apply", "-auto-approve"}, vars...)...)
	tf.settled(vars...)
	tf.put(bucket, "in/b.csv", "a;b\n1;2\n")
	if m := tf.receive(url("csv-fanout")); !strings.Contains(*m.Body, `"rows":[{"a":"1","b":"2"}]`) {
		t.Errorf("the queue got %s", *m.Body)
	}
	tf.run(append([]string{"destroy", "-auto-approve"}, vars...)...)
	tf.nothingLeft()
}

func (tf *terraform) nothingLeft() {
	tf.Helper()
	ctx := tf.Context()
	left := map[string]int{
		"buckets":   len(must(tf.s3.ListBuckets(ctx, &s3.ListBucketsInput{}))(tf).Buckets),
		"queues":    len(must(tf.sqs.ListQueues(ctx, &sqs.ListQueuesInput{}))(tf).QueueUrls),
		"functions": len(must(tf.lambda.ListFunctions(ctx, &lambda.ListFunctionsInput{}))(tf).Functions),
		"mappings":  len(must(tf.lambda.ListEventSourceMappings(ctx, &lambda.ListEventSourceMappingsInput{}))(tf).EventSourceMappings),
		"roles":     len(must(tf.iam.ListRoles(ctx, &iam.ListRolesInput{}))(tf).Roles),
		"tables":    len(must(tf.table.ListTables(ctx, &dynamodb.ListTablesInput{}))(tf).TableNames),
		"topics":    len(must(sns.NewFromConfig(tf.aws).ListTopics(ctx, &sns.ListTopicsInput{}))(tf).Topics),
	}
	for what, n := range left {
		if n > 0 {
			tf.Errorf("%d %s are left", n, what)
		}
	}
}

// asked calls an operation for nothing but its error code.
func asked[In, Out, Opt any](f func(context.Context, *In, ...Opt) (*Out, error), in *In) func(context.Context) string {
	return func(ctx context.Context) string {
		_, err := f(ctx, in)
		if err != nil && code(err) == "" {
			return err.Error()
		}
		return code(err)
	}
}

// TestWhatProvidersRead makes the calls by which Terraform's AWS provider reads
// back what it made, of resources that have nothing beside their names. A code is
// the answer of AWS where there is nothing; "" is an answer that says so. Source:
// the API reference of each operation, 2026-11-20.
func TestWhatProvidersRead(t *testing.T) {
	t.Parallel()
	r := start(t)
	bucket, function, role, table := aws.String("bare"), aws.String("echo"), aws.String("bare"), aws.String("bare")
	must(r.s3.CreateBucket(r.Context(), &s3.CreateBucketInput{Bucket: bucket}))(t)
	r.misbehave(*function, r.role(*role))
	must(r.table.CreateTable(r.Context(), &dynamodb.CreateTableInput{
		TableName: table, BillingMode: dynamodbtypes.BillingModePayPerRequest,
		AttributeDefinitions: []dynamodbtypes.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: "S"}},
		KeySchema:            []dynamodbtypes.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: "HASH"}},
	}))(t)
	topics := sns.NewFromConfig(r.aws)
	topic := must(topics.CreateTopic(r.Context(), &sns.CreateTopicInput{Name: aws.String("bare")}))(t).TopicArn
	queue := must(r.sqs.CreateQueue(r.Context(), &sqs.CreateQueueInput{QueueName: aws.String("bare")}))(t).QueueUrl
	const here = "us-east-1:000000000000:"
	for name, c := range map[string]struct {
		ask  func(context.Context) string
		want string
	}{
		"GetBucketVersioning":                {asked(r.s3.GetBucketVersioning, &s3.GetBucketVersioningInput{Bucket: bucket}), ""},
		"GetBucketAcl":                       {asked(r.s3.GetBucketAcl, &s3.GetBucketAclInput{Bucket: bucket}), ""},
		"GetBucketPolicy":                    {asked(r.s3.GetBucketPolicy, &s3.GetBucketPolicyInput{Bucket: bucket}), "NoSuchBucketPolicy"},
		"GetBucketCors":                      {asked(r.s3.GetBucketCors, &s3.GetBucketCorsInput{Bucket: bucket}), "NoSuchCORSConfiguration"},
		"GetBucketWebsite":                   {asked(r.s3.GetBucketWebsite, &s3.GetBucketWebsiteInput{Bucket: bucket}), "NoSuchWebsiteConfiguration"},
		"GetBucketLogging":                   {asked(r.s3.GetBucketLogging, &s3.GetBucketLoggingInput{Bucket: bucket}), ""},
		"GetBucketLifecycleConfiguration":    {asked(r.s3.GetBucketLifecycleConfiguration, &s3.GetBucketLifecycleConfigurationInput{Bucket: bucket}), "NoSuchLifecycleConfiguration"},
		"GetBucketReplication":               {asked(r.s3.GetBucketReplication, &s3.GetBucketReplicationInput{Bucket: bucket}), "ReplicationConfigurationNotFoundError"},
		"GetBucketEncryption":                {asked(r.s3.GetBucketEncryption, &s3.GetBucketEncryptionInput{Bucket: bucket}), ""},
		"GetObjectLockConfiguration":         {asked(r.s3.GetObjectLockConfiguration, &s3.GetObjectLockConfigurationInput{Bucket: bucket}), "ObjectLockConfigurationNotFoundError"},
		"GetBucketRequestPayment":            {asked(r.s3.GetBucketRequestPayment, &s3.GetBucketRequestPaymentInput{Bucket: bucket}), ""},
		"GetBucketAccelerateConfiguration":   {asked(r.s3.GetBucketAccelerateConfiguration, &s3.GetBucketAccelerateConfigurationInput{Bucket: bucket}), ""},
		"GetBucketTagging":                   {asked(r.s3.GetBucketTagging, &s3.GetBucketTaggingInput{Bucket: bucket}), "NoSuchTagSet"},
		"GetPublicAccessBlock":               {asked(r.s3.GetPublicAccessBlock, &s3.GetPublicAccessBlockInput{Bucket: bucket}), ""},
		"GetBucketOwnershipControls":         {asked(r.s3.GetBucketOwnershipControls, &s3.GetBucketOwnershipControlsInput{Bucket: bucket}), ""},
		"GetBucketNotificationConfiguration": {asked(r.s3.GetBucketNotificationConfiguration, &s3.GetBucketNotificationConfigurationInput{Bucket: bucket}), ""},
		"GetBucketLocation":                  {asked(r.s3.GetBucketLocation, &s3.GetBucketLocationInput{Bucket: bucket}), ""},

		"GetFunction":                  {asked(r.lambda.GetFunction, &lambda.GetFunctionInput{FunctionName: function}), ""},
		"GetFunctionCodeSigningConfig": {asked(r.lambda.GetFunctionCodeSigningConfig, &lambda.GetFunctionCodeSigningConfigInput{FunctionName: function}), ""},
		"ListVersionsByFunction":       {asked(r.lambda.ListVersionsByFunction, &lambda.ListVersionsByFunctionInput{FunctionName: function}), ""},
		"GetFunctionConcurrency":       {asked(r.lambda.GetFunctionConcurrency, &lambda.GetFunctionConcurrencyInput{FunctionName: function}), ""},
		"GetPolicy":                    {asked(r.lambda.GetPolicy, &lambda.GetPolicyInput{FunctionName: function}), "ResourceNotFoundException"},
		"GetFunctionEventInvokeConfig": {asked(r.lambda.GetFunctionEventInvokeConfig, &lambda.GetFunctionEventInvokeConfigInput{FunctionName: function}), "ResourceNotFoundException"},
		"ListTags":                     {asked(r.lambda.ListTags, &lambda.ListTagsInput{Resource: aws.String("arn:aws:lambda:" + here + "function:echo")}), ""},

		"GetRole":                     {asked(r.iam.GetRole, &iam.GetRoleInput{RoleName: role}), ""},
		"ListRolePolicies":            {asked(r.iam.ListRolePolicies, &iam.ListRolePoliciesInput{RoleName: role}), ""},
		"ListAttachedRolePolicies":    {asked(r.iam.ListAttachedRolePolicies, &iam.ListAttachedRolePoliciesInput{RoleName: role}), ""},
		"ListInstanceProfilesForRole": {asked(r.iam.ListInstanceProfilesForRole, &iam.ListInstanceProfilesForRoleInput{RoleName: role}), ""},
		"ListRoleTags":                {asked(r.iam.ListRoleTags, &iam.ListRoleTagsInput{RoleName: role}), ""},
		"GetRolePolicy":               {asked(r.iam.GetRolePolicy, &iam.GetRolePolicyInput{RoleName: role, PolicyName: aws.String("absent")}), "NoSuchEntity"},

		"GetTopicAttributes":  {asked(topics.GetTopicAttributes, &sns.GetTopicAttributesInput{TopicArn: topic}), ""},
		"ListTagsForResource": {asked(topics.ListTagsForResource, &sns.ListTagsForResourceInput{ResourceArn: topic}), ""},
		"GetQueueAttributes":  {asked(r.sqs.GetQueueAttributes, &sqs.GetQueueAttributesInput{QueueUrl: queue, AttributeNames: []sqstypes.QueueAttributeName{"All"}}), ""},
		"ListQueueTags":       {asked(r.sqs.ListQueueTags, &sqs.ListQueueTagsInput{QueueUrl: queue}), ""},

		"DescribeContinuousBackups": {asked(r.table.DescribeContinuousBackups, &dynamodb.DescribeContinuousBackupsInput{TableName: table}), ""},
		"DescribeTimeToLive":        {asked(r.table.DescribeTimeToLive, &dynamodb.DescribeTimeToLiveInput{TableName: table}), ""},
		"ListTagsOfResource":        {asked(r.table.ListTagsOfResource, &dynamodb.ListTagsOfResourceInput{ResourceArn: aws.String("arn:aws:dynamodb:" + here + "table/bare")}), ""},
	} {
		if got := c.ask(r.Context()); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
