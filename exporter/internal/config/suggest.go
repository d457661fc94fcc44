package config

import (
	"slices"
	"strings"
)

// suggest says which of the known words was probably meant, or lists them.
func suggest(word string, known []string) string {
	if len(known) == 0 {
		return "leave it out"
	}
	best, least := "", 0
	for _, k := range known {
		if d := distance(strings.ToLower(word), strings.ToLower(k)); best == "" || d < least {
			best, least = k, d
		}
	}
	if least <= max(1, len(best)/3) {
		return "did you mean " + quote(best) + "?"
	}
	return "write one of " + list(known)
}

// list joins words, sorted.
func list(words []string) string { return strings.Join(slices.Sorted(slices.Values(words)), ", ") }

// distance is the number of single letters to change, add, drop or swap with their neighbour to make b of a. Words far
// longer than a key are not compared.
func distance(a, b string) int {
	if len(a) > maxQuoted {
		return len(a)
	}
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			same := 1
			if a[i-1] == b[j-1] {
				same = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+same)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
