package logs_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/smithy-go"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/service/logs"
	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/store/storetest"
	"github.com/runnel/runnel/wire"
	"github.com/runnel/runnel/wire/wiretest"
)

var ctx = context.Background()

func start(t testing.TB, st *store.Store) (*logs.Service, *cloudwatchlogs.Client) {
	s := logs.New(st, logs.Config{Account: "000000000000", Region: "us-east-1"})
	mux := wire.NewMux(wire.Config{Account: "000000000000", Region: "us-east-1"})
	mux.Handle(s.API())
	return s, cloudwatchlogs.NewFromConfig(wiretest.Config(t, mux))
}

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func wantCode(t testing.TB, err error, code, text string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code || !strings.Contains(api.ErrorMessage(), text) {
		t.Errorf("err = %v, want %s: %s", err, code, text)
	}
}

func newStream(t testing.TB, c *cloudwatchlogs.Client, group, stream string) {
	t.Helper()
	c.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &group})
	must[*cloudwatchlogs.CreateLogStreamOutput](t)(c.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: &group, LogStreamName: &stream}))
}

func put(t testing.TB, c *cloudwatchlogs.Client, group, stream string, first time.Time, texts ...string) *cloudwatchlogs.PutLogEventsOutput {
	t.Helper()
	in := &cloudwatchlogs.PutLogEventsInput{LogGroupName: &group, LogStreamName: &stream}
	for i, text := range texts {
		in.LogEvents = append(in.LogEvents, types.InputLogEvent{Message: &text, Timestamp: aws.Int64(first.UnixMilli() + int64(i))})
	}
	return must[*cloudwatchlogs.PutLogEventsOutput](t)(c.PutLogEvents(ctx, in))
}

func TestGetLogEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, c := start(t, storetest.Open(t))
		newStream(t, c, "g", "a")
		newStream(t, c, "g", "b")
		put(t, c, "g", "a", time.Now(), "1", "2", "3", "4", "5")
		put(t, c, "g", "b", time.Now(), "other")

		read := func(in *cloudwatchlogs.GetLogEventsInput) (texts string, out *cloudwatchlogs.GetLogEventsOutput) {
			in.LogGroupName, in.LogStreamName, in.Limit = aws.String("g"), aws.String("a"), aws.Int32(2)
			out = must[*cloudwatchlogs.GetLogEventsOutput](t)(c.GetLogEvents(ctx, in))
			for _, e := range out.Events {
				texts += *e.Message
			}
			return texts, out
		}
		var pages []string
		texts, out := read(&cloudwatchlogs.GetLogEventsInput{StartFromHead: aws.Bool(true)})
		for texts != "" {
			pages = append(pages, texts)
			token := out.NextForwardToken
			texts, out = read(&cloudwatchlogs.GetLogEventsInput{NextToken: token})
			if texts == "" && *out.NextForwardToken != *token {
				t.Errorf("at the end the token changes from %s to %s", *token, *out.NextForwardToken)
			}
		}
		if want := []string{"12", "34", "5"}; !slices.Equal(pages, want) {
			t.Errorf("forward: %v, want %v", pages, want)
		}
		tail, out := read(&cloudwatchlogs.GetLogEventsInput{})
		before, _ := read(&cloudwatchlogs.GetLogEventsInput{NextToken: out.NextBackwardToken})
		if tail+before != "4523" {
			t.Errorf("backward: %s, then %s", tail, before)
		}
	})
}

func TestFilterLogEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, c := start(t, storetest.Open(t))
		newStream(t, c, "g", "a")
		newStream(t, c, "g", "b")
		now := time.Now()
		put(t, c, "g", "b", now, "b1 ERROR", "b2")
		put(t, c, "g", "a", now.Add(time.Second), "a1", "a2 ERROR")
		for name, in := range map[string]*cloudwatchlogs.FilterLogEventsInput{
			"b1 ERROR,b2,a1,a2 ERROR": {},
			"b1 ERROR,a2 ERROR":       {FilterPattern: aws.String("ERROR")},
			"a1,a2 ERROR":             {LogStreamNamePrefix: aws.String("a")},
			"b1 ERROR":                {LogStreamNames: []string{"b"}, FilterPattern: aws.String("ERROR")},
			"b2,a1":                   {StartTime: aws.Int64(now.UnixMilli() + 1), EndTime: aws.Int64(now.UnixMilli() + 1000)},
		} {
			in.LogGroupName, in.Limit = aws.String("g"), aws.Int32(1)
			var got []string
			for pages := cloudwatchlogs.NewFilterLogEventsPaginator(c, in); pages.HasMorePages(); {
				for _, e := range must[*cloudwatchlogs.FilterLogEventsOutput](t)(pages.NextPage(ctx)).Events {
					got = append(got, *e.Message)
				}
			}
			if g := strings.Join(got, ","); g != name {
				t.Errorf("%s, want %s", g, name)
			}
		}
	})
}

func TestGroupsAndStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, c := start(t, storetest.Open(t))
		for i := range 60 {
			newStream(t, c, fmt.Sprintf("/aws/lambda/f%02d", i), "s")
		}
		newStream(t, c, "other", "s")
		n := 0
		for pages := cloudwatchlogs.NewDescribeLogGroupsPaginator(c, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: aws.String("/aws/")}); pages.HasMorePages(); {
			n += len(must[*cloudwatchlogs.DescribeLogGroupsOutput](t)(pages.NextPage(ctx)).LogGroups)
		}
		if n != 60 {
			t.Errorf("%d groups, want 60", n)
		}
		newStream(t, c, "other", "newest")
		put(t, c, "other", "s", time.Now(), "x")
		put(t, c, "other", "newest", time.Now().Add(time.Minute), "x")
		out := must[*cloudwatchlogs.DescribeLogStreamsOutput](t)(c.DescribeLogStreams(ctx, &cloudwatchlogs.DescribeLogStreamsInput{
			LogGroupName: aws.String("other"), OrderBy: types.OrderByLastEventTime, Descending: aws.Bool(true), Limit: aws.Int32(1)}))
		if *out.LogStreams[0].LogStreamName != "newest" || out.NextToken == nil {
			t.Errorf("first by time: %s, token %v", *out.LogStreams[0].LogStreamName, out.NextToken)
		}
		must[*cloudwatchlogs.DeleteLogStreamOutput](t)(c.DeleteLogStream(ctx, &cloudwatchlogs.DeleteLogStreamInput{LogGroupName: aws.String("other"), LogStreamName: aws.String("newest")}))
		left := must[*cloudwatchlogs.FilterLogEventsOutput](t)(c.FilterLogEvents(ctx, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("other")}))
		if len(left.Events) != 1 {
			t.Errorf("%d events after their stream went, want 1", len(left.Events))
		}
		must[*cloudwatchlogs.DeleteLogGroupOutput](t)(c.DeleteLogGroup(ctx, &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: aws.String("other")}))
		newStream(t, c, "other", "s")
		if out := must[*cloudwatchlogs.FilterLogEventsOutput](t)(c.FilterLogEvents(ctx, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("other")})); len(out.Events) != 0 {
			t.Errorf("%d events outlived their group", len(out.Events))
		}
	})
}

// TestStreamPages reads all streams page by page, in each order, while one that
// was shown goes.
func TestStreamPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for order, want := range map[types.OrderBy]string{types.OrderByLogStreamName: "abcde", types.OrderByLastEventTime: "ecadb"} {
			for _, descending := range []bool{false, true} {
				_, c := start(t, storetest.Open(t))
				for i, name := range []string{"e", "c", "a", "d", "b"} {
					newStream(t, c, "g", name)
					put(t, c, "g", name, time.Now().Add(time.Duration(i)*time.Second), "x")
				}
				in := &cloudwatchlogs.DescribeLogStreamsInput{LogGroupName: aws.String("g"), OrderBy: order, Descending: &descending, Limit: aws.Int32(2)}
				got := ""
				for pages := cloudwatchlogs.NewDescribeLogStreamsPaginator(c, in); pages.HasMorePages(); {
					for _, s := range must[*cloudwatchlogs.DescribeLogStreamsOutput](t)(pages.NextPage(ctx)).LogStreams {
						got += *s.LogStreamName
					}
					if len(got) == 2 {
						must[*cloudwatchlogs.DeleteLogStreamOutput](t)(c.DeleteLogStream(ctx, &cloudwatchlogs.DeleteLogStreamInput{LogGroupName: aws.String("g"), LogStreamName: aws.String(got[1:])}))
					}
				}
				wanted := []byte(want)
				if descending {
					slices.Reverse(wanted)
				}
				if got != string(wanted) {
					t.Errorf("by %s, descending %v: %s, want %s", order, descending, got, wanted)
				}
			}
		}
	})
}

func TestDescribeLogGroupsFilters(t *testing.T) {
	_, c := start(t, storetest.Open(t))
	for name, class := range map[string]types.LogGroupClass{"DataLogs": "", "datalogs": "", "rare/DataLogs": types.LogGroupClassInfrequentAccess} {
		must[*cloudwatchlogs.CreateLogGroupOutput](t)(c.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &name, LogGroupClass: class}))
	}
	for want, in := range map[string]*cloudwatchlogs.DescribeLogGroupsInput{
		"DataLogs,datalogs,rare/DataLogs": {},
		"DataLogs,rare/DataLogs":          {LogGroupNamePattern: aws.String("DataLogs")},
		"rare/DataLogs":                   {LogGroupClass: types.LogGroupClassInfrequentAccess},
		"DataLogs,datalogs":               {LogGroupIdentifiers: []string{"datalogs", "arn:aws:logs:us-east-1:000000000000:log-group:DataLogs"}},
	} {
		var got []string
		for _, g := range must[*cloudwatchlogs.DescribeLogGroupsOutput](t)(c.DescribeLogGroups(ctx, in)).LogGroups {
			got = append(got, *g.LogGroupName)
		}
		if g := strings.Join(got, ","); g != want {
			t.Errorf("%s, want %s", g, want)
		}
	}
}

// TestTimesPastAllKeys reads up to times that are later than keys can tell.
func TestTimesPastAllKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, c := start(t, storetest.Open(t))
		newStream(t, c, "g", "s")
		put(t, c, "g", "s", time.Now(), "x")
		for _, end := range []int64{253402300799999, math.MaxInt64} {
			begin := aws.Int64(math.MinInt64)
			events := must[*cloudwatchlogs.FilterLogEventsOutput](t)(c.FilterLogEvents(ctx, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("g"), StartTime: begin, EndTime: &end})).Events
			of := must[*cloudwatchlogs.GetLogEventsOutput](t)(c.GetLogEvents(ctx, &cloudwatchlogs.GetLogEventsInput{LogGroupName: aws.String("g"), LogStreamName: aws.String("s"), StartTime: begin, EndTime: &end})).Events
			if len(events) != 1 || len(of) != 1 {
				t.Errorf("up to %d: %d events of the group and %d of the stream, want 1", end, len(events), len(of))
			}
		}
	})
}

func TestTags(t *testing.T) {
	_, c := start(t, storetest.Open(t))
	newStream(t, c, "g", "s")
	arn := aws.String("arn:aws:logs:us-east-1:000000000000:log-group:g")
	must[*cloudwatchlogs.TagResourceOutput](t)(c.TagResource(ctx, &cloudwatchlogs.TagResourceInput{ResourceArn: arn, Tags: map[string]string{"a": "1", "b": "2"}}))
	must[*cloudwatchlogs.UntagResourceOutput](t)(c.UntagResource(ctx, &cloudwatchlogs.UntagResourceInput{ResourceArn: arn, TagKeys: []string{"a"}}))
	out := must[*cloudwatchlogs.ListTagsForResourceOutput](t)(c.ListTagsForResource(ctx, &cloudwatchlogs.ListTagsForResourceInput{ResourceArn: arn}))
	if len(out.Tags) != 1 || out.Tags["b"] != "2" {
		t.Errorf("tags = %v", out.Tags)
	}
}

func TestRefusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := start(t, storetest.Open(t))
		newStream(t, c, "g", "s")
		group, stream := aws.String("g"), aws.String("s")
		_, err := c.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: group})
		wantCode(t, err, "ResourceAlreadyExistsException", "The specified log group already exists")
		_, err = c.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: group, LogStreamName: stream})
		wantCode(t, err, "ResourceAlreadyExistsException", "The specified log stream already exists")
		_, err = c.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("a b")})
		wantCode(t, err, "InvalidParameterException", "logGroupName")
		_, err = c.GetLogEvents(ctx, &cloudwatchlogs.GetLogEventsInput{LogGroupName: aws.String("no"), LogStreamName: stream})
		wantCode(t, err, "ResourceNotFoundException", "The specified log group does not exist.")
		_, err = c.GetLogEvents(ctx, &cloudwatchlogs.GetLogEventsInput{LogGroupName: group, LogStreamName: aws.String("no")})
		wantCode(t, err, "ResourceNotFoundException", "The specified log stream does not exist.")
		_, err = c.GetLogEvents(ctx, &cloudwatchlogs.GetLogEventsInput{LogGroupName: group, LogStreamName: stream, NextToken: aws.String("x")})
		wantCode(t, err, "InvalidParameterException", "nextToken is invalid")
		_, err = c.PutRetentionPolicy(ctx, &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: group, RetentionInDays: aws.Int32(2)})
		wantCode(t, err, "InvalidParameterException", "retentionInDays")
		_, err = c.DescribeLogStreams(ctx, &cloudwatchlogs.DescribeLogStreamsInput{LogGroupName: group, NextToken: aws.String("x")})
		wantCode(t, err, "InvalidParameterException", "nextToken is invalid")
		_, err = c.DescribeLogStreams(ctx, &cloudwatchlogs.DescribeLogStreamsInput{LogGroupName: group, OrderBy: "Size"})
		wantCode(t, err, "InvalidParameterException", "orderBy")
		_, err = c.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("h"), LogGroupClass: "CHEAP"})
		wantCode(t, err, "InvalidParameterException", "logGroupClass")
		_, err = c.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("h"), DeletionProtectionEnabled: aws.Bool(true)})
		wantCode(t, err, "InvalidParameterException", "not supported")
		tags := map[string]string{}
		for i := range 51 {
			tags[fmt.Sprint(i)] = "v"
		}
		_, err = c.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("h"), Tags: tags})
		wantCode(t, err, "InvalidParameterException", "at most 50 tags")
		_, err = c.TagLogGroup(ctx, &cloudwatchlogs.TagLogGroupInput{LogGroupName: group, Tags: tags})
		wantCode(t, err, "InvalidParameterException", "at most 50 tags")
		_, err = c.FilterLogEvents(ctx, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: group, FilterPattern: aws.String("{ $.a")})
		wantCode(t, err, "InvalidParameterException", "Invalid filter pattern")

		now := time.Now().UnixMilli()
		bad := func(code, text string, events ...types.InputLogEvent) {
			t.Helper()
			_, err := c.PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{LogGroupName: group, LogStreamName: stream, LogEvents: events})
			wantCode(t, err, code, text)
		}
		at := func(ms int64, text string) types.InputLogEvent {
			return types.InputLogEvent{Timestamp: &ms, Message: &text}
		}
		bad("InvalidParameterException", "chronological order", at(now, "a"), at(now-1, "b"))
		bad("InvalidParameterException", "24 hours", at(now-25*3600e3, "a"), at(now, "b"))
		bad("InvalidParameterException", "logEvents.1.member.message", at(now, ""))
		_, err = s.PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{LogGroupName: group, LogStreamName: stream, LogEvents: []types.InputLogEvent{{Message: aws.String("x")}}})
		wantCode(t, err, "InvalidParameterException", "logEvents.1.member.timestamp") // which the client does not send
		bad("InvalidParameterException", "exceeds limit of 1048576", at(now, strings.Repeat("x", 1<<20)))
		out := put(t, c, "g", "s", time.Now().Add(-15*24*time.Hour), "too old")
		if out.RejectedLogEventsInfo == nil || aws.ToInt32(out.RejectedLogEventsInfo.TooOldLogEventEndIndex) != 1 {
			t.Errorf("too old: %+v", out.RejectedLogEventsInfo)
		}
	})
}

func TestRetention(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, c := start(t, storetest.Open(t))
		newStream(t, c, "g", "s")
		must[*cloudwatchlogs.PutRetentionPolicyOutput](t)(c.PutRetentionPolicy(ctx, &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: aws.String("g"), RetentionInDays: aws.Int32(1)}))
		put(t, c, "g", "s", time.Now(), "old")
		time.Sleep(20 * time.Hour) // the bubble's time
		put(t, c, "g", "s", time.Now(), "new")
		time.Sleep(6 * time.Hour)
		out := must[*cloudwatchlogs.GetLogEventsOutput](t)(c.GetLogEvents(ctx, &cloudwatchlogs.GetLogEventsInput{LogGroupName: aws.String("g"), LogStreamName: aws.String("s")}))
		if len(out.Events) != 1 || *out.Events[0].Message != "new" {
			t.Errorf("%d events after a day, want the new one alone", len(out.Events))
		}
	})
}

func TestPowerCut(t *testing.T) {
	for seed := range uint64(10) {
		disk := storetest.NewDisk()
		st, _ := disk.Open(t)
		s, c := start(t, st)
		newStream(t, c, "g", "s")
		put(t, c, "g", "s", time.Now(), "put")
		err := st.Update(ctx, s.Append("made", "by append", []event.LogLine{{Time: st.Clock().Now(), Text: "appended"}}))
		if err != nil {
			t.Fatal(err)
		}
		after, _ := disk.PowerCut(seed).Open(t)
		_, c = start(t, after)
		for group, want := range map[string]string{"g": "put", "made": "appended"} {
			out := must[*cloudwatchlogs.FilterLogEventsOutput](t)(c.FilterLogEvents(ctx, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &group}))
			if len(out.Events) != 1 || *out.Events[0].Message != want {
				t.Errorf("seed %d: %s: %v", seed, group, out.Events)
			}
		}
	}
}
