package search

// frequency is how many documents have a value of a dimension.
type frequency struct {
	n  int32
	id uint32
}

// frequent are the most frequent values of a dimension, in their order; at equal
// numbers as they are written. Of an attribute that is by its name first, because
// the byte between name and value is the lowest there is.
type frequent struct {
	of   *dimension
	list []frequency
}

// most is an empty list in memory of the query, of which only one is made at a time.
func (v *view) most(of *dimension) *frequent {
	if v.frequent == nil {
		v.frequent = make([]frequency, 0, MaxCounts+1)
	}
	return &frequent{of, v.frequent[:0]}
}

func (m *frequent) before(a, b frequency) bool {
	if a.n != b.n {
		return a.n > b.n
	}
	return m.of.values[a.id] < m.of.values[b.id]
}

// takes reports whether a value has a place among the most frequent ones.
func (m *frequent) takes(f frequency) bool {
	return f.n > 0 && (len(m.list) < MaxCounts || m.before(f, m.list[MaxCounts-1]))
}

// take puts a value in its place, if it has one.
func (m *frequent) take(f frequency) {
	if !m.takes(f) {
		return
	}
	if len(m.list) < MaxCounts {
		m.list = append(m.list, f)
	}
	i := len(m.list) - 1
	for ; i > 0 && m.before(f, m.list[i-1]); i-- {
		m.list[i] = m.list[i-1]
	}
	m.list[i] = f
}

func (m *frequent) counts() []Count {
	if len(m.list) == 0 {
		return nil
	}
	out := make([]Count, len(m.list))
	for i, f := range m.list {
		out[i] = Count{Value: m.of.values[f.id], Count: int(f.n)}
	}
	return out
}
