// Package opus is the Opus codec (RFC 6716) of a call.
//
// Two implementations share the work. What is heard first, for voice activity,
// is decoded by github.com/pion/opus, which is plain Go and ready at once. What
// is spoken, and what is recorded for recognition, goes through libopus compiled
// to WebAssembly, because only libopus encodes, conceals lost packets and reads
// in-band FEC. The wasm file is "simd.wasm" of the npm package @evan/opus 1.0.3;
// it runs in wazero, so neither cgo nor a shared library is needed.
//
// # Sharing
//
// A WebAssembly instance has its own memory and runs one call at a time. An
// Opus encoder or decoder is only a block of 18 to 44 kB in that memory, so many
// conversations share few instances: see [Library]. A call into an instance
// takes tens of microseconds, and none of them allocates on the Go heap.
//
// # Settings
//
// Speech is encoded with the low-delay (CELT) mode at 40 kb/s, complexity 1,
// without prediction between packets. On 20 s of read English at 24 kHz that
// costs an eighth of libopus's default (52 against 392 µs a packet), is nearer
// to the original (16.3 against 13.3 dB, log-mel distance 0.86 against 1.37 dB)
// and 4 ms sooner. Complexity 0 saves another 10 µs and is rejected: it has no
// short blocks, so plosives smear backwards by 2.5 ms (5 dB more error just
// before an onset). Packets do not depend on each other, which costs 0.1 dB and
// means that a lost packet, or a packet of [audio.Codec].Silence put between
// two, disturbs nothing after it. This mode has no in-band FEC; see
// [Encoder.ExpectLoss].
package opus
