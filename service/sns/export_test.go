package sns

// FirstWarning reports whether a warning is the first about a subscription.
func FirstWarning() func(about string) bool {
	var w warnings
	return func(about string) bool { return w.first(about, missing) }
}
