// Package yamltree reads YAML files that people write into structs. A wrong key or
// value is an error that names file, line, column and what would be right, and all
// of them are told at once.
//
// The structs are the whole truth: what a key is called, what it may hold and what
// it means stands in their tags, from which the reader, the checks and the JSON
// Schema are all made.
//
//	yaml     the key
//	doc      what it means, for people
//	enum     the values it may have
//	min, max the bounds of a number or a duration
//	engine   the engines that have the key; for the others it is an error
//	need     the engines for which it must be given ("*" for always)
//	check    the shape of a text, by a name that [Options].Complain knows
//
// The tree is read by our own code: the library's decoder stops at the first error,
// expands aliases without a bound, and takes a number for a duration.
package yamltree
