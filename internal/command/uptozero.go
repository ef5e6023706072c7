package command

// UpToZero is what C code sees of a word: the bytes before its first zero byte.
// Valkey's error texts quote no more of a client's word, and its parsers of
// numbers and patterns read no further.
func UpToZero[Word ~string | ~[]byte](word Word) Word {
	for i := range len(word) {
		if word[i] == 0 {
			return word[:i]
		}
	}
	return word
}
