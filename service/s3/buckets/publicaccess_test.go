package buckets

import "testing"

// TestPublicPolicy: the meaning of "public" in
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html,
// 2026-11-20.
func TestPublicPolicy(t *testing.T) {
	for statement, want := range map[string]bool{
		`"Effect":"Allow","Principal":"*"`:                                                               true,
		`"Effect":"Allow","Principal":{"AWS":["*"]}`:                                                     true,
		`"Effect":"Allow","NotPrincipal":{"AWS":"arn:aws:iam::000000000000:root"}`:                       true,
		`"Effect":"Deny","Principal":"*"`:                                                                false,
		`"Effect":"Allow","Principal":{"AWS":"000000000000"}`:                                            false,
		`"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"}`:                                   false,
		`"Effect":"Allow","Principal":"*","Condition":{"StringEquals":{"aws:SourceVpc":"vpc-91237329"}}`: false,
		`"Effect":"Allow","Principal":"*","Condition":{"StringLike":{"aws:SourceVpc":"vpc-*"}}`:          true,
		`"Effect":"Allow","Principal":"*","Condition":{"StringEquals":{"aws:UserId":"${aws:x}"}}`:        true,
		`"Effect":"Allow","Principal":"*","Condition":{"StringNotEquals":{"aws:SourceVpc":"vpc-1"}}`:     true,
		`"Effect":"Allow","Principal":"*","Condition":{"StringEquals":{"aws:Referer":"a"}}`:              true,
		`"Effect":"Allow","Principal":"*","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}`:       false,
		`"Effect":"Allow","Principal":"*","Condition":{"IpAddress":{"aws:SourceIp":"10.1.2.3"}}`:         false,
		`"Effect":"Allow","Principal":"*","Condition":{"IpAddress":{"aws:SourceIp":"0.0.0.0/1"}}`:        true,
		`"Effect":"Allow","Principal":"*","Condition":{"IpAddress":{"aws:SourceIp":"2001::/16"}}`:        true,
		`"Effect":"Allow","Principal":"*","Condition":{"IpAddress":{"aws:SourceIp":"somewhere"}}`:        true,
		`"Effect":"Perhaps","Principal":"*"`:                                                             false,
	} {
		policy := `{"Version":"2012-10-17","Statement":[{"Action":"s3:*","Resource":"*",` + statement + `}]}`
		if got := publicPolicy(policy); got != want {
			t.Errorf("%s: public is %v", statement, got)
		}
	}
}
