package cloudformation

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/runnel/runnel/store"
)

const (
	keySpace     = "cloudformation"
	runningTopic = "cloudformation/running"
)

// stackTopic is woken whenever the status of a stack changes.
func stackTopic(uuid string) string { return "cloudformation/stack/" + uuid }

// The key space. A stack's rows are under the last part of its ARN, which stays
// its own when its name is used again.
func stackKey(uuid string) store.Key              { return store.K(keySpace, "stack", uuid) }
func nameKey(name string) store.Key               { return store.K(keySpace, "name", name) }
func runningKey(uuid string) store.Key            { return store.K(keySpace, "running", uuid) }
func resourcesKey(uuid string) store.Key          { return store.K(keySpace, "resource", uuid) }
func resourceKey(uuid, logical string) store.Key  { return resourcesKey(uuid).Str(logical) }
func eventsKey(uuid string) store.Key             { return store.K(keySpace, "event", uuid) }
func templatesKey(uuid string) store.Key          { return store.K(keySpace, "template", uuid) }
func templateKey(uuid string, n uint64) store.Key { return templatesKey(uuid).Uint(n) }
func changeSetsKey(uuid string) store.Key         { return store.K(keySpace, "changeset", uuid) }
func changeSetKey(uuid, name string) store.Key    { return changeSetsKey(uuid).Str(name) }
func changeSetIDKey(id string) store.Key          { return store.K(keySpace, "changesetid", id) }
func exportsKey() store.Key                       { return store.K(keySpace, "export") }
func exportKey(name string) store.Key             { return exportsKey().Str(name) }
func importsKey(export string) store.Key          { return store.K(keySpace, "import", export) }
func importKey(export, uuid string) store.Key     { return importsKey(export).Str(uuid) }

// tree is a property tree as a row keeps it: numbers stay as written.
type tree map[string]any

// UnmarshalJSON keeps numbers as text.
func (t *tree) UnmarshalJSON(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return d.Decode((*map[string]any)(t))
}

// MarshalJSON writes what UnmarshalJSON reads.
func (t tree) MarshalJSON() ([]byte, error) { return json.Marshal(map[string]any(t)) }

// stack is a stack's row.
type stack struct {
	UUID, ID, Name string // ID is the ARN
	Status, Reason string
	Cause          string // why the last operation was given up
	Created        time.Time
	Updated        time.Time // zero until the first update
	Deleted        time.Time
	settings
	Outputs   []output
	Imports   []string // names of exports
	Protected bool     // termination protection
	Parent    string
	Root      string
	ChangeSet string // id of the change set that was executed last
	Operation *operation
	Failed    *operation // a rollback that failed and may be continued
}

// settings are what a template is deployed with, and what a rollback returns to.
type settings struct {
	Template        uint64 // number of the template's row
	Description     string
	Parameters      map[string]string
	Hidden          []string // parameters with NoEcho
	Capabilities    []string
	Tags            map[string]string
	RoleARN         string
	Notify          []string // ARNs of the topics that are told of events
	DisableRollback bool
	OnFailure       string
	TimeoutMinutes  int32
}

type output struct {
	Key, Value, Description, Export string
}

// templateRow is a template as given and as its transforms left it.
type templateRow struct {
	Body      string
	Processed string // JSON
}

// operation is what is being done to a stack.
type operation struct {
	Serial    uint64 // a resource row with it has been seen to
	Kind      string // CREATE, UPDATE or DELETE
	Phase     string
	Token     string // ClientRequestToken
	Began     time.Time
	Before    settings // for a rollback
	BeforeOut []output
	Retain    []string // DeleteStack RetainResources
	Skip      []string // ContinueUpdateRollback ResourcesToSkip
	Cancelled bool     // give up and roll back
	Delete    bool     // delete the stack once the creation has been given up
}

// The phases of an operation, in the order in which they follow.
const (
	phaseForward  = "forward"  // make what the template says, or delete all
	phaseCleanup  = "cleanup"  // delete what an update left over
	phaseRollback = "rollback" // return to what was
	phaseDiscard  = "discard"  // delete what the failed update made
)

// resourceRow is what is known of a resource.
type resourceRow struct {
	Logical, Type  string
	Name, ID       string // Name is chosen before creation; ID is the physical id
	Status, Reason string
	Changed        time.Time
	Props          tree // as they were last applied
	Attributes     tree
	Metadata       tree
	Needs          []string
	DeletionPolicy string
	ReplacePolicy  string
	Done           uint64       // serial of the operation whose forward step is complete
	Trying         uint64       // serial of the operation whose call may have happened
	Added          uint64       // serial of the operation that added it
	Created        bool         // Create returned
	Replacing      bool         // a new physical resource takes the place of Before
	Before         *resourceRow // as it was before the running operation changed it
	Discard        *resourceRow // a replacement to be deleted after a rollback
}

// stackEvent is one line of the history of a stack.
type stackEvent struct {
	ID, Logical, Physical, Type string
	Status, Reason, Token       string
	Props                       string
	Time                        time.Time
}

// exportRow is an exported output value.
type exportRow struct{ StackID, UUID, Value string }
