package events

import "strings"

// Match reports whether an AMQP 0-9-1 topic pattern matches a routing key: words are separated by
// dots, * matches exactly one word, # matches zero or more.
func Match(pattern, key string) bool {
	return matchWords(strings.Split(pattern, "."), strings.Split(key, "."))
}

func matchWords(p, k []string) bool {
	for len(p) > 0 {
		if p[0] == "#" {
			for i := range len(k) + 1 {
				if matchWords(p[1:], k[i:]) {
					return true
				}
			}
			return false
		}
		if len(k) == 0 || (p[0] != "*" && p[0] != k[0]) {
			return false
		}
		p, k = p[1:], k[1:]
	}
	return len(k) == 0
}
