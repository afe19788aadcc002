package apigateway

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"

	"github.com/runnel/runnel/service/apigateway/patch"
	"github.com/runnel/runnel/service/apigateway/refuse"
	"github.com/runnel/runnel/service/apigateway/route"
	"github.com/runnel/runnel/store"
)

// saveResource stores a resource in a definition, and finds it by its parent.
func saveResource(tx *store.Tx, definition store.Key, r *types.Resource) {
	tx.PutJSON(resourcesIn(definition).Str(*r.Id), r)
	if r.ParentId != nil {
		tx.Set(childrenIn(definition).Str(*r.ParentId).Str(*r.PathPart), []byte(*r.Id))
	}
}

// child is the id of the resource below parent that has the path part.
func child(tx *store.Tx, definition store.Key, parent, part string) (string, bool) {
	id, ok := tx.Get(childrenIn(definition).Str(parent).Str(part))
	return string(id), ok
}

// resource reads a resource of an API, or errNoResource.
func (s *Service) resource(tx *store.Tx, api, id *string) (*types.Resource, error) {
	if _, err := s.api(tx, api); err != nil {
		return nil, err
	}
	r, ok := get[types.Resource](tx, resourcesIn(definitionOf(*api)).Str(aws.ToString(id)))
	if !ok {
		return nil, errNoResource()
	}
	return r, nil
}

var pathPart = regexp.MustCompile(`^(\{[a-zA-Z0-9._:$-]+\+?\}|[a-zA-Z0-9._:$-]+)$`)

// newResource adds a resource below parent.
func newResource(tx *store.Tx, definition store.Key, parent *types.Resource, part string) (*types.Resource, error) {
	if err := checkPart(tx, definition, parent, part, ""); err != nil {
		return nil, err
	}
	r := &types.Resource{
		Id: aws.String(newID(6)), ParentId: parent.Id, PathPart: &part,
		Path: aws.String(strings.TrimSuffix(*parent.Path, "/") + "/" + part),
	}
	saveResource(tx, definition, r)
	return r, nil
}

// checkPart refuses a path part that cannot be, or not beside its siblings,
// of which self is the part's own resource.
func checkPart(tx *store.Tx, definition store.Key, parent *types.Resource, part, self string) error {
	if !pathPart.MatchString(part) {
		return refuse.BadRequest("Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path variable and curly braces at the beginning and the end.")
	}
	if route.IsGreedy(aws.ToString(parent.PathPart)) {
		return refuse.BadRequest("Cannot create a child of a resource with a greedy path variable: %s", *parent.PathPart)
	}
	siblings := childrenIn(definition).Str(*parent.Id)
	if id, ok := tx.Get(siblings.Str(part)); ok && string(id) != self {
		return errConflict("Another resource with the same parent already has this name: %s", part)
	}
	if !route.IsVariable(part) {
		return nil
	}
	for k, id := range tx.Scan(store.Prefix(siblings.StrPrefix("{"))) {
		if string(id) != self {
			return refuse.BadRequest("A sibling (%s) of this resource already has a variable path part -- only one is allowed", k.Parts(siblings).Str())
		}
	}
	return nil
}

// CreateResource implements the operation of that name.
func (s *Service) CreateResource(ctx context.Context, in *apigateway.CreateResourceInput) (*types.Resource, error) {
	return update(ctx, s, func(tx *store.Tx) (*types.Resource, error) {
		parent, err := s.resource(tx, in.RestApiId, in.ParentId)
		if err != nil {
			return nil, err
		}
		return newResource(tx, definitionOf(*in.RestApiId), parent, aws.ToString(in.PathPart))
	})
}

// GetResource implements the operation of that name.
func (s *Service) GetResource(ctx context.Context, in *apigateway.GetResourceInput) (*types.Resource, error) {
	return view(ctx, s, func(tx *store.Tx) (*types.Resource, error) {
		r, err := s.resource(tx, in.RestApiId, in.ResourceId)
		if err == nil {
			bareMethods(r, in.Embed)
		}
		return r, err
	})
}

// GetResources implements the operation of that name.
func (s *Service) GetResources(ctx context.Context, in *apigateway.GetResourcesInput) (*apigateway.GetResourcesOutput, error) {
	out := &apigateway.GetResourcesOutput{}
	return out, s.st.View(ctx, func(tx *store.Tx) error {
		a, err := s.api(tx, in.RestApiId)
		if err != nil {
			return err
		}
		out.Items, out.Position = page[types.Resource](tx, resourcesIn(definitionOf(*a.Id)), in.Position, in.Limit)
		for i := range out.Items {
			bareMethods(&out.Items[i], in.Embed)
		}
		return nil
	})
}

// bareMethods leaves the names of a resource's methods, and no more unless it
// is asked for them.
func bareMethods(r *types.Resource, embed []string) {
	if slices.Contains(embed, "methods") {
		return
	}
	for name := range r.ResourceMethods {
		r.ResourceMethods[name] = types.Method{}
	}
}

// UpdateResource renames a resource or moves it to another parent, and with it
// all that is below.
func (s *Service) UpdateResource(ctx context.Context, in *apigateway.UpdateResourceInput) (*types.Resource, error) {
	return update(ctx, s, func(tx *store.Tx) (*types.Resource, error) {
		r, err := s.resource(tx, in.RestApiId, in.ResourceId)
		if err != nil {
			return nil, err
		}
		if r.ParentId == nil {
			return nil, refuse.BadRequest("Root resource cannot be updated.")
		}
		was := childrenIn(definitionOf(*in.RestApiId)).Str(*r.ParentId).Str(*r.PathPart)
		err = patch.Apply([]patch.Change[types.Resource]{
			patch.Text("/pathPart", func(r *types.Resource) **string { return &r.PathPart }),
			patch.Text("/parentId", func(r *types.Resource) **string { return &r.ParentId }),
		}, r, in.PatchOperations)
		if err != nil {
			return nil, err
		}
		tx.Delete(was)
		return r, s.move(tx, in.RestApiId, r)
	})
}

// move puts a resource where its ParentId and PathPart say.
func (s *Service) move(tx *store.Tx, api *string, r *types.Resource) error {
	parent, err := s.resource(tx, api, r.ParentId)
	if err != nil {
		return err
	}
	if parent.Path != nil && (*parent.Id == *r.Id || strings.HasPrefix(*parent.Path+"/", *r.Path+"/")) {
		return refuse.BadRequest("Cannot move a resource below itself")
	}
	definition := definitionOf(*api)
	if err := checkPart(tx, definition, parent, aws.ToString(r.PathPart), *r.Id); err != nil {
		return err
	}
	return repath(tx, definition, parent, r)
}

// repath gives a resource and all below it the paths that follow from parent.
func repath(tx *store.Tx, definition store.Key, parent, r *types.Resource) error {
	r.Path = aws.String(strings.TrimSuffix(*parent.Path, "/") + "/" + *r.PathPart)
	saveResource(tx, definition, r)
	for _, id := range tx.Scan(store.Prefix(childrenIn(definition).Str(*r.Id))) {
		below, ok := get[types.Resource](tx, resourcesIn(definition).Str(string(id)))
		if !ok {
			continue
		}
		if route.IsGreedy(*r.PathPart) {
			return refuse.BadRequest("Cannot create a child of a resource with a greedy path variable: %s", *r.PathPart)
		}
		if err := repath(tx, definition, r, below); err != nil {
			return err
		}
	}
	return nil
}

// DeleteResource removes a resource with all that is below.
func (s *Service) DeleteResource(ctx context.Context, in *apigateway.DeleteResourceInput) (*apigateway.DeleteResourceOutput, error) {
	return nil, s.st.Update(ctx, func(tx *store.Tx) error {
		r, err := s.resource(tx, in.RestApiId, in.ResourceId)
		if err != nil {
			return err
		}
		if r.ParentId == nil {
			return refuse.BadRequest("Root resource cannot be deleted.")
		}
		deleteResource(tx, definitionOf(*in.RestApiId), r)
		return nil
	})
}

func deleteResource(tx *store.Tx, definition store.Key, r *types.Resource) {
	below := store.Prefix(childrenIn(definition).Str(*r.Id))
	for _, id := range tx.Scan(below) {
		if c, ok := get[types.Resource](tx, resourcesIn(definition).Str(string(id))); ok {
			deleteResource(tx, definition, c)
		}
	}
	tx.DeleteRange(below)
	tx.Delete(resourcesIn(definition).Str(*r.Id))
	tx.Delete(childrenIn(definition).Str(*r.ParentId).Str(*r.PathPart))
}
