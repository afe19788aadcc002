package logs

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/runnel/runnel/store"
)

// logGroup is a log group's row.
type logGroup struct {
	Name      string
	Created   int64 // milliseconds since 1970
	Retention int32 // days; 0 is for ever
	Tags      map[string]string
	Class     types.LogGroupClass
	KMSKey    string `json:",omitempty"`
}

func groups() store.Key              { return store.K("logs", "group") }
func groupKey(name string) store.Key { return groups().Str(name) }

var groupName = regexp.MustCompile(`^[.\-_/#A-Za-z0-9]{1,512}$`)

// loadGroup returns the group, or errNoGroup.
func loadGroup(tx *store.Tx, name string) (*logGroup, error) {
	g := new(logGroup)
	if !tx.GetJSON(groupKey(name), g) {
		return nil, errNoGroup()
	}
	return g, nil
}

func (g *logGroup) save(tx *store.Tx) { tx.PutJSON(groupKey(g.Name), g) }

// arn is the group's ARN, without the ":*" that stands for its streams.
func (s *Service) arn(g *logGroup) string {
	return fmt.Sprintf("arn:aws:logs:%s:%s:log-group:%s", s.cfg.Region, s.cfg.Account, g.Name)
}

// nameOf takes a group's name from a name or an ARN, of which operations
// accept either.
func nameOf(name, identifier *string) (string, error) {
	if name != nil && identifier != nil {
		return "", errParameter("LogGroupName and LogGroupIdentifier cannot be provided together.")
	}
	n := aws.ToString(name) + aws.ToString(identifier)
	if strings.HasPrefix(n, "arn:") {
		n = groupOfARN(n)
	}
	if !groupName.MatchString(n) {
		return "", errConstraint(n, "logGroupName", `Member must satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+`)
	}
	return n, nil
}

// namesOf takes the names of groups from names and ARNs.
func namesOf(identifiers []string) (names []string, err error) {
	for _, id := range identifiers {
		n, err := nameOf(&id, nil)
		if err != nil {
			return nil, err
		}
		names = append(names, n)
	}
	return names, nil
}

func groupOfARN(arn string) string {
	_, n, _ := strings.Cut(arn, ":log-group:")
	n, _, _ = strings.Cut(n, ":")
	return n
}

// CreateLogGroup implements the operation of that name.
func (s *Service) CreateLogGroup(ctx context.Context, in *cloudwatchlogs.CreateLogGroupInput) (*cloudwatchlogs.CreateLogGroupOutput, error) {
	name, err := nameOf(in.LogGroupName, nil)
	if err != nil {
		return nil, err
	}
	if err := checkNewGroup(in); err != nil {
		return nil, err
	}
	return nil, s.st.Update(ctx, func(tx *store.Tx) error {
		if tx.Has(groupKey(name)) {
			return errGroupExists()
		}
		g := newGroup(tx, name)
		g.Tags, g.KMSKey = in.Tags, aws.ToString(in.KmsKeyId)
		g.Class = cmp.Or(in.LogGroupClass, g.Class)
		g.save(tx)
		return nil
	})
}

func checkNewGroup(in *cloudwatchlogs.CreateLogGroupInput) error {
	switch {
	case aws.ToBool(in.DeletionProtectionEnabled):
		return errParameter("deletionProtectionEnabled is not supported by Runnel")
	case len(in.Tags) > maxTags:
		return errTooManyTags()
	}
	return checkClass(in.LogGroupClass)
}

func checkClass(c types.LogGroupClass) error {
	if c != "" && !slices.Contains(c.Values(), c) {
		return errConstraint(c, "logGroupClass", fmt.Sprintf("Member must satisfy enum value set: %v", c.Values()))
	}
	return nil
}

func newGroup(tx *store.Tx, name string) *logGroup {
	return &logGroup{Name: name, Created: tx.Now().UnixMilli(), Class: types.LogGroupClassStandard}
}

// DeleteLogGroup implements the operation of that name.
func (s *Service) DeleteLogGroup(ctx context.Context, in *cloudwatchlogs.DeleteLogGroupInput) (*cloudwatchlogs.DeleteLogGroupOutput, error) {
	name, err := nameOf(in.LogGroupName, nil)
	if err != nil {
		return nil, err
	}
	return nil, s.st.Update(ctx, func(tx *store.Tx) error {
		if _, err := loadGroup(tx, name); err != nil {
			return err
		}
		tx.Delete(groupKey(name))
		tx.DeleteRange(store.Prefix(streamsOf(name)))
		tx.DeleteRange(store.Prefix(eventsOf(name)))
		tx.DeleteRange(store.Prefix(indexOf(name)))
		tx.ClearTimer(retentionTimer, name)
		return nil
	})
}

// DescribeLogGroups implements the operation of that name.
func (s *Service) DescribeLogGroups(ctx context.Context, in *cloudwatchlogs.DescribeLogGroupsInput) (*cloudwatchlogs.DescribeLogGroupsOutput, error) {
	limit, err := pageSize(in.Limit, 50)
	if err != nil {
		return nil, err
	}
	if in.LogGroupNamePrefix != nil && in.LogGroupNamePattern != nil {
		return nil, errParameter("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")
	}
	if err := checkClass(in.LogGroupClass); err != nil {
		return nil, err
	}
	named, err := namesOf(in.LogGroupIdentifiers)
	if err != nil {
		return nil, err
	}
	asked := func(g *logGroup) bool {
		return strings.Contains(g.Name, aws.ToString(in.LogGroupNamePattern)) &&
			(in.LogGroupClass == "" || in.LogGroupClass == g.Class) && (named == nil || slices.Contains(named, g.Name))
	}
	out := &cloudwatchlogs.DescribeLogGroupsOutput{LogGroups: []types.LogGroup{}}
	r := store.Prefix(groups().StrPrefix(aws.ToString(in.LogGroupNamePrefix)))
	if in.NextToken != nil {
		r = r.After(groupKey(*in.NextToken))
	}
	return out, s.st.View(ctx, func(tx *store.Tx) error {
		for k := range tx.Scan(r) {
			var g logGroup
			tx.GetJSON(k, &g)
			if !asked(&g) {
				continue
			}
			if len(out.LogGroups) == limit {
				out.NextToken = out.LogGroups[limit-1].LogGroupName
				return nil
			}
			out.LogGroups = append(out.LogGroups, s.describe(&g))
		}
		return nil
	})
}

func (s *Service) describe(g *logGroup) types.LogGroup {
	d := types.LogGroup{
		LogGroupName:      &g.Name,
		LogGroupArn:       aws.String(s.arn(g)),
		Arn:               aws.String(s.arn(g) + ":*"),
		CreationTime:      &g.Created,
		LogGroupClass:     g.Class,
		MetricFilterCount: aws.Int32(0),
		StoredBytes:       aws.Int64(0),
	}
	if g.Retention > 0 {
		d.RetentionInDays = &g.Retention
	}
	if g.KMSKey != "" {
		d.KmsKeyId = &g.KMSKey
	}
	return d
}

// pageSize is the number of rows asked for, at most and by default most.
func pageSize(limit *int32, most int) (int, error) {
	if limit == nil {
		return most, nil
	}
	if *limit < 1 || int(*limit) > most {
		return 0, errConstraint(*limit, "limit", fmt.Sprintf("Member must have value between 1 and %d", most))
	}
	return int(*limit), nil
}

// retentionDays are the periods that PutRetentionPolicy takes.
var retentionDays = []int32{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}

// retentionTimer is the kind of timer that removes a group's old events.
const retentionTimer = "logs.retention"

// retentionEvery is how often it does.
const retentionEvery = time.Hour

// PutRetentionPolicy implements the operation of that name.
func (s *Service) PutRetentionPolicy(ctx context.Context, in *cloudwatchlogs.PutRetentionPolicyInput) (*cloudwatchlogs.PutRetentionPolicyOutput, error) {
	days := aws.ToInt32(in.RetentionInDays)
	if !slices.Contains(retentionDays, days) {
		return nil, errConstraint(days, "retentionInDays", fmt.Sprintf("Member must satisfy enum value set: %v", retentionDays))
	}
	return nil, s.updateGroup(ctx, in.LogGroupName, func(tx *store.Tx, g *logGroup) error {
		g.Retention = days
		tx.SetTimer(retentionTimer, g.Name, tx.Now().Add(retentionEvery))
		return nil
	})
}

// DeleteRetentionPolicy implements the operation of that name.
func (s *Service) DeleteRetentionPolicy(ctx context.Context, in *cloudwatchlogs.DeleteRetentionPolicyInput) (*cloudwatchlogs.DeleteRetentionPolicyOutput, error) {
	return nil, s.updateGroup(ctx, in.LogGroupName, func(tx *store.Tx, g *logGroup) error {
		g.Retention = 0
		tx.ClearTimer(retentionTimer, g.Name)
		return nil
	})
}

func (s *Service) updateGroup(ctx context.Context, name *string, change func(*store.Tx, *logGroup) error) error {
	n, err := nameOf(name, nil)
	if err != nil {
		return err
	}
	return s.st.Update(ctx, func(tx *store.Tx) error {
		g, err := loadGroup(tx, n)
		if err != nil {
			return err
		}
		if err := change(tx, g); err != nil {
			return err
		}
		g.save(tx)
		return nil
	})
}

// expire removes what is older than the group keeps. Ranges are removed whole,
// so its cost grows with the group's streams and not with their events.
func (s *Service) expire(_ context.Context, tx *store.Tx, name string) error {
	g := new(logGroup)
	if !tx.GetJSON(groupKey(name), g) || g.Retention == 0 {
		return nil
	}
	cutoff := tx.Now().AddDate(0, 0, -int(g.Retention))
	tx.DeleteRange(store.Range{From: eventsOf(name), To: eventsOf(name).Time(cutoff)})
	for k := range tx.Scan(store.Prefix(streamsOf(name))) {
		stream := indexOf(name).Str(k.Parts(streamsOf(name)).Str())
		tx.DeleteRange(store.Range{From: stream, To: stream.Time(cutoff)})
	}
	tx.SetTimer(retentionTimer, name, tx.Now().Add(retentionEvery))
	return nil
}
