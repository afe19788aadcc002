package cloudformation

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	cfn "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/runnel/runnel/service/cloudformation/template"
	"github.com/runnel/runnel/store"
)

// GetTemplate gives the template of a stack or a change set, as it was given or
// as its transforms left it.
func (s *Service) GetTemplate(ctx context.Context, in *cfn.GetTemplateInput) (*cfn.GetTemplateOutput, error) {
	var row templateRow
	err := s.store.View(ctx, func(tx *store.Tx) error {
		if in.ChangeSetName != nil {
			c, err := findChangeSet(tx, aws.ToString(in.StackName), *in.ChangeSetName)
			if err == nil {
				row = c.Template
			}
			return err
		}
		st, ok := find(tx, aws.ToString(in.StackName))
		if !ok {
			return noStack(aws.ToString(in.StackName))
		}
		row = templateOf(tx, st.UUID, st.settings.Template)
		return nil
	})
	if err != nil {
		return nil, err
	}
	out := &cfn.GetTemplateOutput{TemplateBody: &row.Body,
		StagesAvailable: []types.TemplateStage{types.TemplateStageOriginal, types.TemplateStageProcessed}}
	if in.TemplateStage == types.TemplateStageProcessed {
		tree, err := template.Parse(row.Body)
		if err != nil {
			return nil, refusal(err)
		}
		if macros, err := template.Transforms(tree); err == nil && len(macros) > 0 {
			out.TemplateBody = &row.Processed
		}
	}
	return out, nil
}

// summary is what can be said of a template without values for its parameters.
type summary struct {
	*template.Template
	tree   map[string]any
	macros []string
}

// summarize reads a template whose parameters may have no values. The transforms
// see defaults, and the empty text where there is none.
func (s *Service) summarize(body string) (*summary, error) {
	tree, err := template.Parse(body)
	if err != nil {
		return nil, refusal(err)
	}
	declared, err := template.Declared(tree)
	if err != nil {
		return nil, refusal(err)
	}
	values := map[string]string{}
	for name, p := range declared {
		if p.Default != nil {
			values[name] = *p.Default
		} else {
			values[name] = ""
		}
	}
	out := &summary{tree: tree}
	processed, macros, err := transform(tree, values)
	if err != nil {
		return nil, refusal(err)
	}
	out.macros = macros
	if out.Template, err = template.Load(processed); err != nil {
		return nil, refusal(err)
	}
	if err := s.checkTypes(out.Template); err != nil {
		return nil, err
	}
	return out, refusal(out.CheckReferences())
}

// ValidateTemplate checks a template as far as it can without parameters.
func (s *Service) ValidateTemplate(ctx context.Context, in *cfn.ValidateTemplateInput) (*cfn.ValidateTemplateOutput, error) {
	body, err := s.body(ctx, in.TemplateBody, in.TemplateURL)
	if err != nil {
		return nil, err
	}
	t, err := s.summarize(body)
	if err != nil {
		return nil, err
	}
	out := &cfn.ValidateTemplateOutput{DeclaredTransforms: t.macros, Parameters: []types.TemplateParameter{}}
	optional(&out.Description, t.Description)
	for _, name := range template.Keys(t.Parameters) {
		p := t.Parameters[name]
		d := types.TemplateParameter{ParameterKey: aws.String(name), DefaultValue: p.Default, NoEcho: aws.Bool(p.NoEcho)}
		optional(&d.Description, p.Description)
		out.Parameters = append(out.Parameters, d)
	}
	need, because := s.capabilities(t.Resources)
	out.Capabilities = capabilities(need)
	optional(&out.CapabilitiesReason, because)
	return out, nil
}

// GetTemplateSummary tells what a template declares.
func (s *Service) GetTemplateSummary(ctx context.Context, in *cfn.GetTemplateSummaryInput) (*cfn.GetTemplateSummaryOutput, error) {
	var body string
	var err error
	if in.StackName != nil {
		st, ok, lookupErr := s.lookup(ctx, *in.StackName)
		if lookupErr != nil {
			return nil, lookupErr
		}
		if !ok || !st.live() {
			return nil, noStack(*in.StackName)
		}
		body, err = s.aimedBody(ctx, st, target{previous: true})
	} else {
		body, err = s.body(ctx, in.TemplateBody, in.TemplateURL)
	}
	if err != nil {
		return nil, err
	}
	t, err := s.summarize(body)
	if err != nil {
		return nil, err
	}
	return s.summaryOf(t)
}

func (s *Service) summaryOf(t *summary) (*cfn.GetTemplateSummaryOutput, error) {
	out := &cfn.GetTemplateSummaryOutput{DeclaredTransforms: t.macros, Parameters: []types.ParameterDeclaration{}}
	optional(&out.Description, t.Description)
	if version, ok := t.tree["AWSTemplateFormatVersion"].(string); ok {
		out.Version = &version
	}
	if t.Metadata != nil {
		text, err := template.JSON(t.Metadata)
		if err != nil {
			return nil, err
		}
		out.Metadata = &text
	}
	for _, name := range template.Keys(t.Parameters) {
		p := t.Parameters[name]
		d := types.ParameterDeclaration{ParameterKey: aws.String(name), ParameterType: aws.String(p.Type),
			DefaultValue: p.Default, NoEcho: aws.Bool(p.NoEcho), ParameterConstraints: &types.ParameterConstraints{AllowedValues: p.AllowedValues}}
		optional(&d.Description, p.Description)
		out.Parameters = append(out.Parameters, d)
	}
	declared, _ := t.tree["Resources"].(map[string]any)
	for _, v := range declared {
		r, _ := v.(map[string]any)
		if kind, ok := r["Type"].(string); ok && !slices.Contains(out.ResourceTypes, kind) {
			out.ResourceTypes = append(out.ResourceTypes, kind)
		}
	}
	slices.Sort(out.ResourceTypes)
	need, because := s.capabilities(t.Resources)
	out.Capabilities = capabilities(need)
	optional(&out.CapabilitiesReason, because)
	return out, nil
}
