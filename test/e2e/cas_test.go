//go:build !nocas

package e2e

// nocas: the stores leave the compare-and-set's filter out.
const nocas = false
