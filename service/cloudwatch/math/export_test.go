package math

// LeavePoints has the expressions of a sheet make n data points more at most.
func (s *Sheet) LeavePoints(n int) { s.made = maxMade - n }
