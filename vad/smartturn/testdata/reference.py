"""Makes reference.json: features and judgements of real recordings.

Needs the onnxruntime and numpy packages, the unpacked wheel of pipecat-ai 1.14.0
on PYTHONPATH (its feature extraction and smart-turn-v3.2-cpu.onnx), and
beckett.wav and two_cities.wav of the moonshine-voice package 0.0.48:

    python reference.py FOLDER_OF_RECORDINGS > reference.json

Recordings at 48 kHz are brought to 16 kHz by the mean of each three samples,
rounded down, which both sides can do alike. Features are a sample of the 80 x 800
table: every 7th row of every 37th column.
"""
import hashlib
import importlib.util
import json
import os
import sys
import wave

import numpy as np
import onnxruntime

package = None
for root in sys.path:
    candidate = os.path.join(root, "pipecat", "audio", "turn", "smart_turn")
    if os.path.isdir(candidate):
        package = candidate
        break
# Loaded by itself: the package around it would want all of Pipecat's needs.
spec = importlib.util.spec_from_file_location("features", os.path.join(package, "_whisper_features.py"))
extraction = importlib.util.module_from_spec(spec)
spec.loader.exec_module(extraction)
model = os.path.join(package, "data", "smart-turn-v3.2-cpu.onnx")

options = onnxruntime.SessionOptions()
options.inter_op_num_threads = 1
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"], sess_options=options)


def load(name):
    with wave.open(os.path.join(sys.argv[1], name)) as w:
        pcm = np.frombuffer(w.readframes(w.getnframes()), np.int16)
        if w.getframerate() == 48000:
            pcm = pcm[: len(pcm) // 3 * 3].astype(np.int64).reshape(-1, 3).sum(axis=1) // 3
        return pcm.astype(np.int16)


recordings = {n: load(n) for n in ("beckett.wav", "two_cities.wav")}
# Recording, first and last sample, samples of silence put behind.
clips = [
    ("beckett.wav", 0, 159414, 0),
    ("beckett.wav", 0, 37001, 3200),
    ("beckett.wav", 4000, 60000, 0),
    ("beckett.wav", 80000, 96000, 4000),
    ("two_cities.wav", 0, 16000, 0),
    ("two_cities.wav", 0, 48000, 3200),
    ("two_cities.wav", 16000, 200000, 0),
    ("two_cities.wav", 300000, 340000, 1600),
    ("two_cities.wav", 340000, 468000, 0),
    ("two_cities.wav", 500000, 500160, 0),
    ("two_cities.wav", 0, 0, 0),
]
out = []
for name, start, end, silence in clips:
    pcm = np.concatenate([recordings[name][start:end], np.zeros(silence, np.int16)])
    x = pcm.astype(np.float32) / 32768
    x = x[-128000:] if len(x) > 128000 else np.pad(x, (128000 - len(x), 0))
    features = extraction.compute_whisper_log_mel_features(x, do_normalize=True)
    probability = session.run(None, {"input_features": features[None]})[0][0].item()
    out.append({
        "recording": name, "start": start, "end": end, "silence": silence,
        "probability": round(probability, 6),
        "features": [[round(float(v), 5) for v in row] for row in features[::7, ::37]],
    })
json.dump({
    "made_by": "reference.py, onnxruntime " + onnxruntime.__version__,
    "model_sha256": hashlib.sha256(open(model, "rb").read()).hexdigest(),
    "clips": out,
}, sys.stdout, separators=(",", ":"))
