package cloudformation

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	cfn "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/runnel/runnel/service/cloudformation/template"
	"github.com/runnel/runnel/store"
)

// imported gives the value of an export.
func (s *Service) imported(name string) (string, error) {
	var row exportRow
	var ok bool
	err := s.store.View(context.Background(), func(tx *store.Tx) error {
		ok = tx.GetJSON(exportKey(name), &row)
		return nil
	})
	if err == nil && !ok {
		err = &template.Error{Message: "No export named " + name + " found."}
	}
	return row.Value, err
}

// importers names the stacks that import an export.
func importers(tx *store.Tx, name string) []string {
	var out []string
	space := importsKey(name)
	for _, value := range tx.Scan(store.Prefix(space)) {
		out = append(out, string(value))
	}
	return out
}

// exportConflict says why a stack cannot have its exports: another stack has one
// of them, or one that others import would change or go. "" if it can.
func exportConflict(tx *store.Tx, st *stack, outputs []output) string {
	now := map[string]string{}
	for _, o := range outputs {
		if o.Export == "" {
			continue
		}
		now[o.Export] = o.Value
		var row exportRow
		if tx.GetJSON(exportKey(o.Export), &row) && row.UUID != st.UUID {
			return "Export with name " + o.Export + " is already exported by stack " + nameOf(row.StackID)
		}
	}
	for _, o := range st.Outputs {
		users := importers(tx, o.Export)
		if o.Export == "" || len(users) == 0 {
			continue
		}
		value, kept := now[o.Export]
		switch {
		case !kept:
			return "Export " + o.Export + " cannot be deleted as it is in use by " + strings.Join(users, ", ")
		case value != o.Value:
			return "Export " + o.Export + " cannot be updated as it is in use by " + strings.Join(users, ", ")
		}
	}
	return ""
}

func nameOf(arn string) string {
	parts := strings.Split(arn, "/")
	if len(parts) < 3 {
		return arn
	}
	return parts[1]
}

// putExports makes the stack's exports those of its outputs.
func putExports(tx *store.Tx, st *stack, outputs []output) {
	for _, o := range st.Outputs {
		if o.Export != "" {
			tx.Delete(exportKey(o.Export))
		}
	}
	for _, o := range outputs {
		if o.Export != "" {
			tx.PutJSON(exportKey(o.Export), exportRow{StackID: st.ID, UUID: st.UUID, Value: o.Value})
		}
	}
}

// putImports makes the stack's imports those named.
func putImports(tx *store.Tx, st *stack, names []string) {
	for _, name := range st.Imports {
		tx.Delete(importKey(name, st.UUID))
	}
	for _, name := range names {
		tx.Set(importKey(name, st.UUID), []byte(st.Name))
	}
	st.Imports = names
}

// exportsInUse says which export keeps a stack from being deleted.
func (w *worker) exportsInUse(ctx context.Context) (why string, err error) {
	err = w.s.store.View(ctx, func(tx *store.Tx) error {
		why = exportConflict(tx, w.st, nil)
		return nil
	})
	return why, err
}

// ListExports lists what stacks export, by name.
func (s *Service) ListExports(ctx context.Context, in *cfn.ListExportsInput) (*cfn.ListExportsOutput, error) {
	out := &cfn.ListExportsOutput{Exports: []types.Export{}}
	err := s.store.View(ctx, func(tx *store.Tx) error {
		space := exportsKey()
		for key := range tx.Scan(store.Prefix(space)) {
			name := key.Parts(space).Str()
			var row exportRow
			if tx.GetJSON(exportKey(name), &row) {
				out.Exports = append(out.Exports, types.Export{ExportingStackId: aws.String(row.StackID),
					Name: aws.String(name), Value: aws.String(row.Value)})
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	out.Exports, out.NextToken, err = page(out.Exports, in.NextToken, pageSize)
	return out, err
}

// ListImports lists the stacks that import an export.
func (s *Service) ListImports(ctx context.Context, in *cfn.ListImportsInput) (*cfn.ListImportsOutput, error) {
	name := aws.ToString(in.ExportName)
	out := &cfn.ListImportsOutput{}
	err := s.store.View(ctx, func(tx *store.Tx) error {
		out.Imports = importers(tx, name)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(out.Imports) == 0 {
		return nil, invalid("Export '%s' is not imported by any stack.", name)
	}
	slices.Sort(out.Imports)
	out.Imports, out.NextToken, err = page(out.Imports, in.NextToken, pageSize)
	return out, err
}
