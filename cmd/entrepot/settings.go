package main

import (
	"fmt"
	"reflect"
	"strings"
)

type setting struct{ field, name, value, help string }

// settings lists every setting with its default and meaning.
func settings() []setting {
	var out []setting
	t := reflect.TypeFor[config]()
	for i := range t.NumField() {
		f := t.Field(i)
		out = append(out, setting{f.Name, f.Tag.Get("env"), f.Tag.Get("envDefault"), f.Tag.Get("help")})
	}
	return out
}

// envExample is the text of .env.example.
func envExample() string {
	var b strings.Builder
	b.WriteString("# Every setting of Entrepôt, with its default. Made by `entrepot settings`; a test keeps it true.\n")
	for _, s := range settings() {
		fmt.Fprintf(&b, "\n# %s\n%s=%s\n", s.help, s.name, s.value)
	}
	return b.String()
}
