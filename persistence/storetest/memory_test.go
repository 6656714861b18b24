package storetest

import (
	"testing"

	"entrepot/persistence"
)

func TestMemory(t *testing.T) {
	Run(t, func(*testing.T) persistence.Store { return NewMemory() })
}
