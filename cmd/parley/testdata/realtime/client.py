"""Talks to a server with the realtime client of the PyPI package openai.

python client.py URL QUESTION: a file of 16-bit samples at 24 kHz.
"""

import asyncio
import base64
import sys

from openai import AsyncOpenAI


async def main(url: str, question: str) -> None:
    client = AsyncOpenAI(api_key="none", base_url=url + "/v1")
    async with client.realtime.connect(model="gpt-realtime") as connection:
        # Push to talk: the client says when it has finished, and asks for the answer.
        await connection.session.update(session={"type": "realtime", "audio": {"input": {"turn_detection": None}}})
        with open(question, "rb") as file:
            sound = file.read()
        for at in range(0, len(sound), 4800):
            await connection.input_audio_buffer.append(audio=base64.b64encode(sound[at : at + 4800]).decode())
        await connection.input_audio_buffer.commit()
        await connection.response.create()
        heard = 0
        async for event in connection:
            if event.type == "error":
                raise SystemExit(event.error.message)
            if event.type == "response.output_audio.delta":
                heard += len(base64.b64decode(event.delta))
            if event.type == "conversation.item.input_audio_transcription.completed":
                print("understood:", event.transcript)
            if event.type == "response.output_audio_transcript.done":
                print("answered:", event.transcript)
            if event.type == "response.done":
                if event.response.status != "completed" or heard < 48_000:
                    raise SystemExit(f"{event.response.status}, {heard} bytes")
                return


asyncio.run(asyncio.wait_for(main(*sys.argv[1:]), 40))
