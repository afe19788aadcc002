package redrive

import "testing"

const target = "arn:aws:sqs:us-east-1:000000000000:dead.fifo"

func TestParse(t *testing.T) {
	for _, test := range []struct {
		text  string
		count uint64 // 0: it is refused
	}{
		{`{"deadLetterTargetArn":"` + target + `","maxReceiveCount":"3"}`, 3},
		{`{"deadLetterTargetArn":"` + target + `","maxReceiveCount":1000}`, 1000},
		{`{"deadLetterTargetArn":"` + target + `","maxReceiveCount":1001}`, 0},
		{`{"deadLetterTargetArn":"` + target + `","maxReceiveCount":0}`, 0},
		{`{"deadLetterTargetArn":"` + target + `","maxReceiveCount":1.5}`, 0},
		{`{"deadLetterTargetArn":"` + target + `","maxReceiveCount":true}`, 0},
		{`{"deadLetterTargetArn":"` + target + `","maxReceiveCount":1,"more":1}`, 0},
		{`{"deadLetterTargetArn":"` + target + `"}`, 0},
		{`{"maxReceiveCount":1}`, 0},
		{`{"deadLetterTargetArn":"arn:aws:sns:us-east-1:000000000000:t","maxReceiveCount":1}`, 0},
		{`{"deadLetterTargetArn":7,"maxReceiveCount":1}`, 0},
		{`[]`, 0}, {`null`, 0}, {`{`, 0},
	} {
		p, err := Parse(test.text)
		switch {
		case test.count == 0 && err == nil:
			t.Errorf("%s is read as %+v", test.text, p)
		case test.count > 0 && (err != nil || p.MaxReceive != test.count || p.Queue != "dead.fifo"):
			t.Errorf("%s: %+v, %v", test.text, p, err)
		}
	}
	if p, err := Parse(""); p != nil || err != nil {
		t.Errorf("none: %+v, %v", p, err)
	}
}

func TestAllow(t *testing.T) {
	for _, test := range []struct {
		text     string
		ok, a, b bool // it is read; what it lets in
	}{
		{``, true, true, true},
		{`{"redrivePermission":"allowAll"}`, true, true, true},
		{`{"redrivePermission":"denyAll"}`, true, false, false},
		{`{"redrivePermission":"byQueue","sourceQueueArns":["a"]}`, true, true, false},
		{`{"redrivePermission":"byQueue"}`, false, false, false},
		{`{"redrivePermission":"byQueue","sourceQueueArns":["1","2","3","4","5","6","7","8","9","10","11"]}`, false, false, false},
		{`{"redrivePermission":"denyAll","sourceQueueArns":["a"]}`, false, false, false},
		{`{"redrivePermission":"some"}`, false, false, false},
		{`{}`, false, false, false}, {`[]`, false, false, false},
	} {
		p, err := ParseAllow(test.text)
		if (err == nil) != test.ok {
			t.Errorf("%s: %v", test.text, err)
		} else if test.ok && (p.Allows("a") != test.a || p.Allows("b") != test.b) {
			t.Errorf("%s lets in %v %v", test.text, p.Allows("a"), p.Allows("b"))
		}
	}
}
