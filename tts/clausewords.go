package tts

// set makes a set of words.
func set(words ...string) map[string]bool {
	m := make(map[string]bool, len(words))
	for _, w := range words {
		m[w] = true
	}
	return m
}

// These tables are read only. Words are in lower case and without the full stop.
var (
	// numbered are short for a word when a number follows and else words that may
	// end a sentence ("No. 5", "No.").
	numbered = set("no", "nos", "fig", "figs", "art", "pp", "vol", "ch", "sec", "nr", "num", "rp", "ext", "tel", "tgl", "nomor")

	// titles are followed by a name or more of the same sentence.
	titles = set("mr", "mrs", "ms", "mx", "dr", "prof", "st", "rev", "hon", "gen", "sgt", "capt", "lt", "col",
		"messrs", "vs", "e.g", "i.e", "cf", "ca", "approx", "est", "incl", "excl", "max", "min",
		"jan", "feb", "apr", "jun", "jul", "aug", "sept", "oct", "nov", "dec",
		"mon", "tue", "tues", "wed", "thu", "thur", "thurs", "fri",
		"jl", "bpk", "sdr", "drs", "tp", "ts", "ths", "pgs")

	// shortened may end a sentence; it does when a capital letter follows.
	shortened = set("etc", "inc", "ltd", "co", "corp", "dept", "ave", "blvd", "rd", "apt", "jr", "sr", "al",
		"a.m", "p.m", "am", "pm", "u.s", "u.k", "dll", "dsb", "v.v")

	// joining words begin a clause.
	joining = set("and", "but", "or", "so", "because", "which", "who", "where", "when", "while", "if", "unless",
		"until", "although", "though", "then", "that", "after", "before", "since", "whether", "however",
		"dan", "tetapi", "tapi", "karena", "yang", "jika", "kalau", "sehingga", "atau",
		"và", "nhưng", "vì", "nếu", "mà", "hoặc", "thì")

	// leaning words belong to what follows them, so no clause ends with one.
	leaning = set("a", "an", "the", "of", "to", "in", "on", "at", "by", "for", "from", "with", "as", "into", "about",
		"your", "my", "our", "his", "her", "its", "their", "this", "these", "those", "no", "not", "very",
		"is", "are", "was", "were", "be", "been", "has", "have", "had", "will", "would", "can", "could", "should",
		"may", "might", "must", "do", "does", "did", "and", "or", "but", "so", "which", "who", "that", "if", "than",
		"i", "you", "we", "he", "she", "they", "it", "i'm", "it's", "we're", "you're", "i'll", "we'll", "there", "order",
		"di", "ke", "dari", "untuk", "dengan", "yang", "dan", "của", "và", "cho", "với", "các", "những")
)
