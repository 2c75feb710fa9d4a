"""A participant of a group call that shares no code with ours: aiortc, driven by JSON lines on stdin and stdout.

Sends one tone and one colour; finds the tones and the mean colours in what it receives. Every line in is `{"id", "cmd", ...}`, every line out
`{"id", "value"}` or `{"id", "error"}`.
"""

import asyncio
import fractions
import json
import math
import sys
import traceback

from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import AudioFrame, VideoFrame

RATE = 48_000
SAMPLES = RATE // 50
WIDTH, HEIGHT, FPS = 320, 240, 15


class Paced(MediaStreamTrack):
    """Waits until the next frame is due."""

    def __init__(self, interval):
        super().__init__()
        self.interval, self.count, self.began = interval, 0, None

    async def due(self):
        loop = asyncio.get_event_loop()
        self.began = self.began or loop.time()
        wait = self.began + self.count * self.interval - loop.time()
        if wait > 0:
            await asyncio.sleep(wait)
        self.count += 1
        return self.count - 1


class Tone(Paced):
    kind = "audio"

    def __init__(self, hz):
        super().__init__(SAMPLES / RATE)
        self.hz = hz

    async def recv(self):
        at = await self.due() * SAMPLES
        frame = AudioFrame(format="s16", layout="mono", samples=SAMPLES)
        wave = (int(8_000 * math.sin(2 * math.pi * self.hz * (at + n) / RATE)) for n in range(SAMPLES))
        frame.planes[0].update(b"".join(sample.to_bytes(2, "little", signed=True) for sample in wave))
        frame.pts, frame.sample_rate, frame.time_base = at, RATE, fractions.Fraction(1, RATE)
        return frame


class Colour(Paced):
    kind = "video"

    def __init__(self, rgb):
        super().__init__(1 / FPS)
        self.rgb = bytes(rgb)

    async def recv(self):
        at = await self.due()
        frame = VideoFrame(WIDTH, HEIGHT, "rgb24")
        plane = frame.planes[0]
        plane.update((self.rgb * (plane.line_size // 3)).ljust(plane.line_size, b"\0") * HEIGHT)
        frame = frame.reformat(format="yuv420p")
        frame.pts, frame.time_base = at * (90_000 // FPS), fractions.Fraction(1, 90_000)
        return frame


class Received:
    """The latest of what one track brought."""

    def __init__(self, track):
        self.track, self.frames, self.sound, self.picture = track, 0, [], None
        self.task = asyncio.ensure_future(self.take())

    async def take(self):
        try:
            while True:
                frame = await self.track.recv()
                self.frames += 1
                if self.track.kind == "video":
                    self.picture = frame
                    continue
                data, step = bytes(frame.planes[0]), 2 * len(frame.layout.channels)
                self.rate = frame.sample_rate
                self.sound += [int.from_bytes(data[n : n + 2], "little", signed=True) for n in range(0, frame.samples * step, step)]
                del self.sound[: -self.rate]
        except MediaStreamError:
            pass

    def tones(self, among):
        """The amplitude of each of the tones."""
        if len(self.sound) < 4_800:
            return {}
        found = {}
        for hz in among:
            turn = 2 * math.cos(2 * math.pi * hz / self.rate)
            last = before = 0.0
            for sample in self.sound:
                last, before = sample + turn * last - before, last
            power = last * last + before * before - turn * last * before
            found[hz] = round(2 * math.sqrt(max(power, 0)) / len(self.sound))
        return found

    def colour(self):
        if self.picture is None:
            return None
        small = self.picture.reformat(width=16, height=16, format="rgb24")
        plane = small.planes[0]
        data = bytes(plane)
        pixels = [data[row * plane.line_size + 3 * n :][:3] for row in range(16) for n in range(16)]
        return [round(sum(pixel[channel] for pixel in pixels) / len(pixels)) for channel in range(3)]


class Peer:
    def __init__(self):
        self.connection, self.received = None, []

    async def offer(self, hz, colour):
        self.connection = RTCPeerConnection()
        self.connection.on("track", lambda track: self.received.append(Received(track)))
        for track in (Tone(hz), Colour(colour)):
            self.connection.addTransceiver(track, direction="sendonly")
        await self.connection.setLocalDescription(await self.connection.createOffer())
        mids = {each.kind: each.mid for each in self.connection.getTransceivers()}
        return {"sdp": self.connection.localDescription.sdp, "mids": mids}

    async def take_answer(self, sdp):
        await self.connection.setRemoteDescription(RTCSessionDescription(sdp, "answer"))

    async def answer(self, sdp):
        await self.connection.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
        await self.connection.setLocalDescription(await self.connection.createAnswer())
        return {"sdp": self.connection.localDescription.sdp}

    async def perceive(self, among):
        """What comes within the next half second."""
        for each in self.received:
            each.sound, each.picture = [], None
        await asyncio.sleep(0.5)
        sound = [each.tones(among) for each in self.received if each.track.kind == "audio"]
        pictures = [each.colour() for each in self.received if each.track.kind == "video"]
        return {"state": self.connection.connectionState, "tones": sound, "colours": [each for each in pictures if each]}

    async def close(self):
        if self.connection:
            await self.connection.close()


async def main():
    peer = Peer()
    lines = asyncio.StreamReader(limit=1 << 20)
    await asyncio.get_event_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := await lines.readline():
        asked = json.loads(line)
        number, command = asked.pop("id"), asked.pop("cmd")
        try:
            said = {"id": number, "value": await getattr(peer, command)(**asked)}
        except Exception:
            said = {"id": number, "error": traceback.format_exc()}
        print(json.dumps(said), flush=True)


asyncio.run(main())
