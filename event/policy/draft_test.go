package policy

import "testing"

// TestDraft adds statements and takes them out; those that nobody asked for stay
// as they are written, and all that is written is a policy.
func TestDraft(t *testing.T) {
	const (
		own    = `{"Sid":"own","Effect":"Deny","Principal":"*","Action":"sqs:*","Condition":{"StringLike":{"a:b":"<&>"}}}`
		shared = `{"Sid":"l","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:root"},"Action":"SQS:SendMessage","Resource":"` + queue + `"}`
		both   = `{"Sid":"l","Effect":"Allow","Principal":{"AWS":["arn:aws:iam::111111111111:root","arn:aws:iam::222222222222:root"]},` +
			`"Action":["SQS:SendMessage","SQS:*"],"Resource":"` + queue + `"}`
	)
	one, two := []string{"111111111111"}, []string{"111111111111", "222222222222"}
	for _, tt := range []struct {
		name, text        string
		accounts, actions []string
		want, after       string
	}{
		{"nothing", ``, one, []string{"SQS:SendMessage"}, `{"Statement":[` + shared + `]}`, ``},
		{"a statement without a list", `{"Version":"2012-10-17","Id":"i","Statement":` + own + `}`, one, []string{"SQS:SendMessage"},
			`{"Version":"2012-10-17","Id":"i","Statement":[` + own + `,` + shared + `]}`, `{"Version":"2012-10-17","Id":"i","Statement":[` + own + `]}`},
		{"lists", `{"Statement":[` + own + `]}`, two, []string{"SQS:SendMessage", "SQS:*"},
			`{"Statement":[` + own + `,` + both + `]}`, `{"Statement":[` + own + `]}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d, err := Edit(tt.text)
			if err != nil || d.Has("l") || d.Remove("l") {
				t.Fatalf("%v, %+v", err, d)
			}
			d.Share("l", queue, tt.accounts, tt.actions)
			got := d.Text()
			if _, err := Parse(got); err != nil || got != tt.want {
				t.Errorf("%v in\n%s\nwant\n%s", err, got, tt.want)
			}
			if d, err = Edit(got); err != nil || !d.Has("l") || !d.Remove("l") || d.Text() != tt.after {
				t.Errorf("%v, %+v, left %s\nwant %s", err, d, d.Text(), tt.after)
			}
		})
	}
	var d Draft
	d.Share("\xff", queue, one, one)
	if _, err := Parse(d.Text()); err != nil {
		t.Errorf("a name that is no UTF-8: %v", err)
	}
	if _, err := Edit(`{"Statement":`); err == nil {
		t.Error("a document that is cut short is edited")
	}
}
