package search

// frequency is the number of documents with a value of a dimension.
type frequency struct {
	n  int32
	id uint32
}

// frequent collects the most frequent values of a dimension in order; values with equal numbers are
// sorted as written. For attributes the name counts first, because the byte between name and value
// is the lowest possible.
type frequent struct {
	dimension *dimension
	list      []frequency
}

// newFrequent returns an empty list in the query's memory. Only one list can be in use at a time.
func (v *view) newFrequent(of *dimension) *frequent {
	if v.frequent == nil {
		v.frequent = make([]frequency, 0, MaxCounts+1)
	}
	return &frequent{of, v.frequent[:0]}
}

func (m *frequent) before(a, b frequency) bool {
	if a.n != b.n {
		return a.n > b.n
	}
	return m.dimension.values[a.id] < m.dimension.values[b.id]
}

// takes reports whether a value is among the most frequent ones so far.
func (m *frequent) takes(f frequency) bool {
	return f.n > 0 && (len(m.list) < MaxCounts || m.before(f, m.list[MaxCounts-1]))
}

// take inserts a value if it is among the most frequent ones so far.
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
		out[i] = Count{Value: m.dimension.values[f.id], Count: int(f.n)}
	}
	return out
}
