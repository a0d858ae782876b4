"""Makes probabilities.json: what the official model says about a real recording.

Needs the onnxruntime and numpy packages, silero_vad_16k_op15.onnx of the
silero-vad package 6.2.3 and beckett.wav of the moonshine-voice package 0.0.48:

    python probabilities.py silero_vad_16k_op15.onnx beckett.wav > probabilities.json

The calls are those of OnnxWrapper in that package's utils_vad.py, without torch:
each window of 512 samples follows the last 64 samples of the window before, and
the state goes from call to call.
"""
import hashlib
import json
import sys
import wave

import numpy as np
import onnxruntime

model, recording = sys.argv[1:3]
options = onnxruntime.SessionOptions()
options.inter_op_num_threads = 1
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"], sess_options=options)

with wave.open(recording) as w:
    assert (w.getframerate(), w.getnchannels(), w.getsampwidth()) == (16000, 1, 2)
    pcm = np.frombuffer(w.readframes(w.getnframes()), np.int16)

state = np.zeros((2, 1, 128), np.float32)
context = np.zeros((1, 64), np.float32)
probabilities = []
for i in range(0, len(pcm) - 511, 512):
    x = (pcm[i:i + 512] / np.float32(32768))[None]
    x = np.concatenate([context, x], axis=1)
    out, state = session.run(None, {"input": x, "state": state, "sr": np.array(16000, np.int64)})
    context = x[:, -64:]
    probabilities.append(float(out[0, 0]))

json.dump({
    "made_by": "probabilities.py, onnxruntime " + onnxruntime.__version__,
    "model_sha256": hashlib.sha256(open(model, "rb").read()).hexdigest(),
    "recording": "beckett.wav",
    "recording_sha256": hashlib.sha256(open(recording, "rb").read()).hexdigest(),
    "probabilities": [round(p, 8) for p in probabilities],
}, sys.stdout, indent=0)
