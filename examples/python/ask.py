"""A question to the shop's agent with the package openai, and its spoken answer:

    pip install -r examples/python/requirements.txt
    python examples/python/ask.py "Where is my order W10002?"

The words are printed, and the voice is written to answer.wav. PARLEY_URL is the agent,
http://127.0.0.1:8080; PARLEY_KEY a key or a token, where the agent asks for one.
"""

import base64
import os
import sys
import wave

from openai import OpenAI


def ask(question: str, path: str) -> str:
    url = os.environ.get("PARLEY_URL", "http://127.0.0.1:8080")
    client = OpenAI(base_url=url + "/v1", api_key=os.environ.get("PARLEY_KEY", "none"))
    with client.realtime.connect(model="parley") as connection, wave.open(path, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)  # bytes
        file.setframerate(24000)
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": question}]}
        connection.conversation.item.create(item=item)
        connection.response.create()
        answer = ""
        for event in connection:
            if event.type == "error":
                raise SystemExit(event.error.message)
            if event.type == "response.output_audio.delta":
                file.writeframes(base64.b64decode(event.delta))
            if event.type == "response.output_audio_transcript.done":
                answer = event.transcript
            if event.type == "response.done":
                return answer
    raise SystemExit("the connection ended before the answer did")


if __name__ == "__main__":
    print(ask(" ".join(sys.argv[1:]) or "What can you do?", "answer.wav"))
