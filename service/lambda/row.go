package lambda

import (
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/runnel/runnel/service/lambda/async"
	"github.com/runnel/runnel/service/lambda/fault"
	"github.com/runnel/runnel/store"
)

// The key space of the service. All rows but those of invocations are few and
// are JSON; see package async for the others.
//
//	function NAME                functionRow
//	version NAME number          versionRow; 0 is $LATEST
//	alias NAME ALIAS             types.AliasConfiguration
//	policy NAME qualifier        permission.Row
//	async-config NAME qualifier  types.FunctionEventInvokeConfig
//	mapping UUID                 mappingRow
//	async ready|late|body NAME   invocations that wait
func key(parts ...string) store.Key { return store.K(append([]string{"lambda"}, parts...)...) }

func functionKey(name string) store.Key          { return key("function", name) }
func versionsOf(name string) store.Key           { return key("version", name) }
func versionKey(name string, n uint64) store.Key { return versionsOf(name).Uint(n) }
func aliasKey(name, alias string) store.Key      { return key("alias", name, alias) }
func policyKey(r ref) store.Key                  { return key("policy", r.Name, r.Qualifier) }
func asyncConfigKey(r ref) store.Key             { return key("async-config", r.Name, orLatest(r.Qualifier)) }
func mappingKey(uuid string) store.Key           { return key("mapping", uuid) }

// ofFunction are the prefixes of all that goes with a function.
func ofFunction(name string) []store.Key {
	own := []store.Key{versionsOf(name), key("alias", name), key("policy", name), key("async-config", name)}
	return append(own, async.Of(name)...)
}

// functionRow is what belongs to a function and to none of its versions.
type functionRow struct {
	Created   time.Time
	Published uint64 // the number of the last version
	// PublishedRevision is the revision of $LATEST that the last version was
	// made from: it is not published twice.
	PublishedRevision string
	Reserved          *int32
	Tags              map[string]string
}

// versionRow is a version: its configuration as AWS shows it, and its code.
type versionRow struct {
	Config types.FunctionConfiguration
	Code   store.BlobID
}

func orLatest(q string) string {
	if q == "" {
		return latest
	}
	return q
}

// getFunction reads a function's row.
func (s *Service) getFunction(tx *store.Tx, name string) (functionRow, error) {
	var row functionRow
	if !tx.GetJSON(functionKey(name), &row) {
		return row, fault.FunctionNotFound(s.arn(ref{Name: name}))
	}
	return row, nil
}

// getVersion reads the version that r names: $LATEST, a number, or an alias.
func (s *Service) getVersion(tx *store.Tx, r ref) (versionRow, error) {
	var row versionRow
	n, ok := s.number(tx, r)
	if !ok || !tx.GetJSON(versionKey(r.Name, n), &row) {
		return row, fault.FunctionNotFound(s.arn(r))
	}
	return row, nil
}

// number is the number of the version that r names, as far as one can tell
// without looking at it.
func (s *Service) number(tx *store.Tx, r ref) (uint64, bool) {
	version := orLatest(r.Qualifier)
	var alias types.AliasConfiguration
	if version != latest && !numberRegexp.MatchString(version) {
		if !tx.GetJSON(aliasKey(r.Name, version), &alias) {
			return 0, false
		}
		version = aws.ToString(alias.FunctionVersion)
	}
	return parseVersion(version)
}

func parseVersion(version string) (uint64, bool) {
	if version == latest {
		return 0, true
	}
	n, err := strconv.ParseUint(version, 10, 64)
	return n, err == nil && n > 0
}

// putVersion writes a version; whoever runs or feeds the function learns of it.
func (s *Service) putVersion(tx *store.Tx, name string, n uint64, row versionRow) {
	tx.PutJSON(versionKey(name, n), row)
	s.touch(tx, name)
}

// touch makes what is cached of the function be read again, once tx is durable.
func (s *Service) touch(tx *store.Tx, name string) {
	tx.OnCommit(func() { s.cache.forget(name) })
	tx.Wake(functionTopic(name))
}

// functionTopic is woken when anything about a function changes.
func functionTopic(name string) string { return "lambda/function/" + name }
