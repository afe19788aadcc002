package template

// ParameterValues checks parameter values against the Parameters section of a
// tree whose transforms are yet to be applied, and fills in the defaults.
func ParameterValues(tree map[string]any, given map[string]string) (map[string]string, error) {
	t := &Template{}
	if err := t.loadParameters(tree); err != nil {
		return nil, err
	}
	return t.Values(given)
}

// Declared reads the Parameters section of a tree.
func Declared(tree map[string]any) (map[string]*Parameter, error) {
	t := &Template{}
	err := t.loadParameters(tree)
	return t.Parameters, err
}
