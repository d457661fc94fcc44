package label

// The bounds of a word.
const (
	longestWord    = 24 // letters; longer ones are tokens
	longestNumeric = 12 // letters and the one or two digits at their end: oauth2, mp3
	shortestHash   = 6  // hexadecimal digits with letters and numbers among them
	mixedCase      = 8  // from this length on a mixture of cases is looked at
	unspoken       = 6  // so many consonants in a row are no word
)

// wordHolder is the placeholder for a run of letters and digits; "": it is a word and stays. Numbers, and with them all that
// could be part of an account or telephone number, never stay: a word keeps two digits at most.
func wordHolder(w []byte) string {
	digits, hex := 0, true
	for _, c := range w {
		k := classes[c]
		digits += int(k & digit)
		hex = hex && k&(digit|hexLetter) != 0
	}
	switch {
	case digits == 0 && isSpoken(w, longestWord):
		return ""
	case digits == len(w):
		if len(w) == 8 && isDate(w[:4], w[4:6], w[6:]) {
			return dateHolder
		}
		return idHolder
	case digits > 0 && hex && len(w) >= shortestHash:
		return hashHolder
	case digits > 0 && (isNumbered(w, digits) || isNumeronym(w) || isPrerelease(w)):
		return ""
	}
	return idHolder
}

// isSpoken says whether letters could be a word, an abbreviation or camelCase rather than a random token.
func isSpoken(w []byte, longest int) bool {
	if len(w) > longest {
		return false
	}
	switches, run := 0, 0
	before := class(0)
	for i, c := range w {
		k := classes[c]
		if i > 0 && (k^before)&upper != 0 {
			switches++
		}
		before = k
		if k&vowel != 0 {
			run = 0
		} else if run++; run >= unspoken {
			return false
		}
	}
	return len(w) < mixedCase || 3*switches <= len(w)
}

// isNumbered knows words that end in one or two digits: v2, oauth2, mp3.
func isNumbered(w []byte, digits int) bool {
	letters := w[:len(w)-digits]
	return digits <= 2 && isLetters(letters) && len(w) <= longestNumeric && isSpoken(letters, longestNumeric)
}

// isNumeronym knows k8s, i18n, b2b: letter, one or two digits, letter.
func isNumeronym(w []byte) bool {
	n := len(w)
	return (n == 3 || n == 4) && isLetter(w[0]) && isDigit(w[1]) && isDigit(w[n-2]) && isLetter(w[n-1])
}

// isPrerelease knows v1beta1, as in the API of Kubernetes.
func isPrerelease(w []byte) bool {
	if len(w) < 3 || w[0]|0x20 != 'v' || !isDigit(w[1]) {
		return false
	}
	end := len(w)
	for end > len(w)-2 && isDigit(w[end-1]) {
		end--
	}
	switch string(w[2:end]) {
	case "alpha", "beta", "rc":
		return end < len(w)
	}
	return false
}

func isLetters(w []byte) bool {
	for _, c := range w {
		if !isLetter(c) {
			return false
		}
	}
	return len(w) > 0
}
